// Package sms owns what is sent to people's phones: which texts exist and how they leave. Delivery is the outbox's, words
// are the renderer's. It knows no account.
package sms

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"pratu/flows/outbox"
	"pratu/flows/secret"
)

// Test is the purpose of a text that an administrator sends themselves.
const Test = "test"

// Kind is the kind of the outbox's messages that are texts to phones.
const Kind = "sms"

// Message is a text before it is rendered: a code, what it is for, and where it may be typed. To is E.164.
type Message struct {
	ID      string `json:"id"`
	To      string `json:"to"`
	Nobody  bool   `json:"nobody"` // as in mail.Message
	Locale  string `json:"locale"`
	Purpose string `json:"purpose"` // names the words
	Product string `json:"product"`
	Host    string `json:"host"`  // the last line binds the code to it
	Code    string `json:"code"`  // "" for news without a code
	Spare   string `json:"spare"` // a longer code for whoever gets no more texts today, or ""
}

// Renderer turns a message into its text.
type Renderer interface {
	SMS(m Message) (text string, err error)
}

// Text is what a sender gets.
type Text struct {
	ID   string `json:"id"` // the same whenever the same message is sent again
	To   string `json:"to"`
	Text string `json:"text"`
}

// Sender puts a text on its way. It returns outbox.Permanent for a number that will never work.
type Sender interface {
	Send(ctx context.Context, t Text) error
}

// Service queues and delivers texts.
type Service struct {
	Outbox   *outbox.Outbox
	Renderer Renderer
	Sender   Sender
}

// Queue writes a text in the caller's transaction. Call Wake after the commit.
func (s *Service) Queue(ctx context.Context, m Message) error {
	_, err := s.Put(ctx, m)
	return err
}

// Put is Queue for who wants to find the text in the outbox again.
func (s *Service) Put(ctx context.Context, m Message) (id string, err error) {
	m.ID = secret.UUID()
	raw, err := json.Marshal(m)
	if err != nil {
		return "", fmt.Errorf("sms: %w", err)
	}
	return s.Outbox.Put(ctx, Kind, raw)
}

// Wake lets a queued text leave now.
func (s *Service) Wake() { s.Outbox.Wake() }

// Deliver is the outbox's handler for texts.
func (s *Service) Deliver(ctx context.Context, raw []byte) error {
	var m Message
	if err := json.Unmarshal(raw, &m); err != nil {
		return outbox.Permanent(errors.New("sms: unreadable payload"))
	}
	text, err := s.Renderer.SMS(m)
	if err != nil {
		return fmt.Errorf("sms: %w", err)
	}
	if m.Nobody {
		return nil
	}
	return s.Sender.Send(ctx, Text{ID: m.ID, To: m.To, Text: text})
}
