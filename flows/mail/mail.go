// Package mail owns what is sent to people by e-mail: which mails exist, what each says, how it leaves. It knows no
// template engine (the renderer is given to it) and no addresses but those handed to it; delivery is the outbox's.
package mail

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"pratu/flows/outbox"
	"pratu/flows/secret"
)

// Kind is the kind of the outbox's messages that are mails.
const Kind = "mail"

// Message is a mail before it is rendered. Data is the struct of its template (see Templates).
type Message struct {
	To       string
	Nobody   bool // it is written and rendered like any other, and then isn't sent: a server that has less to do tells as much
	Template string
	Locale   string // th or en
	Data     any
}

// Renderer turns a template into a subject line, a complete plain text and a self-contained HTML document. The first
// line of a text template is "Subject: …".
type Renderer interface {
	Mail(name, locale string, data any) (subject, text, html string, err error)
}

// Envelope is a rendered mail.
type Envelope struct {
	ID                  string
	From, To            string
	Subject, Text, HTML string
	Locale              string
	Date                time.Time
}

// Sender puts a mail on its way. It returns outbox.Permanent for an address that will never work.
type Sender interface {
	Send(ctx context.Context, e Envelope) error
}

// Service queues and delivers mails.
type Service struct {
	Outbox   *outbox.Outbox
	Renderer Renderer
	Sender   Sender
	From     string // "Pratu <no-reply@id.example.com>"
	Now      func() time.Time
}

// payload is what the outbox keeps, sealed.
type payload struct {
	ID       string          `json:"id"`
	To       string          `json:"to"`
	Nobody   bool            `json:"nobody"`
	Template string          `json:"template"`
	Locale   string          `json:"locale"`
	Data     json.RawMessage `json:"data"`
}

// Queue writes a mail in the caller's transaction. Call Wake after the commit.
func (s *Service) Queue(ctx context.Context, m Message) error {
	_, err := s.Put(ctx, m)
	return err
}

// Put is Queue for who wants to find the mail in the outbox again.
func (s *Service) Put(ctx context.Context, m Message) (id string, err error) {
	if _, known := Templates[m.Template]; !known {
		return "", fmt.Errorf("mail: no template %q", m.Template)
	}
	data, err := json.Marshal(m.Data)
	if err != nil {
		return "", fmt.Errorf("mail %s: %w", m.Template, err)
	}
	// The id is chosen once: a mail that is sent twice because a worker died is the same mail to its reader's program.
	raw, err := json.Marshal(payload{ID: secret.UUID(), To: m.To, Nobody: m.Nobody, Template: m.Template, Locale: m.Locale, Data: data})
	if err != nil {
		return "", fmt.Errorf("mail %s: %w", m.Template, err)
	}
	return s.Outbox.Put(ctx, Kind, evenly(raw))
}

// evenly makes payloads of one size of those of a form: the mail to somebody who has an account already is shorter than the
// one with a code and a link, and sealing and storing it would take less time. White space behind JSON means nothing.
func evenly(raw []byte) []byte {
	const step = 1 << 10
	return append(raw, bytes.Repeat([]byte{' '}, (step-len(raw)%step)%step)...)
}

// Wake lets a queued mail leave now.
func (s *Service) Wake() { s.Outbox.Wake() }

// Deliver is the outbox's handler for mails.
func (s *Service) Deliver(ctx context.Context, raw []byte) error {
	var p payload
	if err := json.Unmarshal(raw, &p); err != nil {
		return outbox.Permanent(errors.New("mail: unreadable payload"))
	}
	template, known := Templates[p.Template]
	if !known {
		return outbox.Permanent(fmt.Errorf("mail: no template %q", p.Template))
	}
	data := template()
	if err := json.Unmarshal(p.Data, data); err != nil {
		return outbox.Permanent(fmt.Errorf("mail %s: unreadable data", p.Template))
	}
	subject, text, html, err := s.Renderer.Mail(p.Template, p.Locale, data)
	if err != nil {
		return fmt.Errorf("mail %s: %w", p.Template, err)
	}
	if p.Nobody {
		return nil
	}
	return s.Sender.Send(ctx, Envelope{
		ID: p.ID, From: s.From, To: p.To, Subject: subject, Text: text, HTML: html, Locale: p.Locale, Date: s.Now(),
	})
}
