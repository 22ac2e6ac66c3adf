package webhooks

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"pratu/flows/audit"
	"pratu/flows/outbox"
	"pratu/flows/secret"
	"pratu/storage"
)

// Kind is the kind of the outbox's messages that are deliveries; Lane is theirs alone, so that an address that doesn't
// answer holds up no mail; Parallel is how many are on their way at a time; AnswerTime is how long one may take.
const (
	Kind       = "webhook"
	Lane       = "webhook"
	Parallel   = 8
	AnswerTime = 10 * time.Second
	MaxAnswer  = 64 << 10
)

// named are the events of the record that are told, and as what.
var named = map[string]string{
	"account.created": "account.created", "account.updated": "account.updated", "contact.preferred": "account.updated",
	"guest.upgraded": "account.updated", "account.disabled": "account.disabled", "account.enabled": "account.enabled",
	"account.deleted": "account.deleted", "account.merged": "account.merged", "account.kept": "account.kept", "account.erased": "account.erased",
	"contact.added": "contact.verified", "contact.removed": "contact.removed", "contact.taken": "contact.removed",
	"signin.succeeded": "signin.succeeded", "player.created": "player.created", "player.banned": "player.banned",
	"player.unbanned": "player.unbanned", "client.created": "client.created", "client.updated": "client.updated",
	"client.deleted": "client.deleted",
}

// Events are the names that a webhook may ask for.
func Events() []string {
	var list []string
	for _, name := range named {
		list = append(list, name)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// Queue is the sealer's Sealed: each row that somebody asked for becomes a message to them.
func (s *Service) Queue(ctx context.Context, rows []storage.AuditEvent) error {
	hooks, err := s.List(ctx)
	if err != nil || len(hooks) == 0 {
		return err
	}
	for _, e := range rows {
		name := named[e.Event]
		if name == "" || e.Outcome != audit.Success {
			continue
		}
		for _, w := range hooks {
			if w.Disabled || e.At < w.row.CreatedAt || !slices.Contains(w.Events, name) {
				continue
			}
			if _, err := s.queue(ctx, w, name, e.ID); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Service) queue(ctx context.Context, w *Webhook, name, auditID string) (d storage.WebhookDelivery, err error) {
	now := s.Now()
	d = storage.WebhookDelivery{
		ID: secret.UUID(), WebhookID: w.ID, Event: name, AuditID: auditID, CreatedAt: storage.At(now), ExpiresAt: storage.At(now.Add(outbox.Keep)),
	}
	if d.MessageID, err = s.Outbox.Put(ctx, Kind, []byte(d.ID)); err != nil {
		return d, err
	}
	return d, s.Store.PutDelivery(ctx, d)
}

// Deliver is the outbox's handler. Any 2xx is a yes; 410 switches the webhook off, as Standard Webhooks has it; everything
// else, a redirect too, is tried again. What the answer says is nobody's business: it may come from where it shouldn't.
func (s *Service) Deliver(ctx context.Context, payload []byte) error {
	d, err := s.Store.Delivery(ctx, string(payload))
	if errors.Is(err, storage.ErrNotFound) {
		return outbox.Permanent(errors.New("the delivery is gone"))
	}
	if err != nil {
		return err
	}
	row, err := s.Store.WebhookByID(ctx, d.WebhookID)
	switch {
	case errors.Is(err, storage.ErrNotFound): // deleted, and what waited with it: nothing failed, and nobody can send it again
		return nil
	case err != nil:
		return err
	case row.DisabledAt > 0:
		return outbox.Permanent(errors.New("the webhook is disabled"))
	}
	if s.resting(row.ID) {
		return errResting
	}
	body, err := s.body(ctx, d)
	if err != nil {
		return err
	}
	headers, err := s.headers(row, d.ID, body)
	if err != nil {
		return err
	}
	begun := s.Now()
	answer, err := s.Outbound.Post(ctx, row.URL, headers, body)
	s.called(row.ID, s.Now().Sub(begun), err)
	switch {
	case err != nil:
		return err
	case answer.Status >= 200 && answer.Status < 300:
		return nil
	case answer.Status == 410:
		_, err := s.Update(audit.Acting(ctx, audit.System, ""), row.ID, row.UpdatedAt, func(in *Settings) error { in.Disabled = true; return nil })
		return outbox.Permanent(errors.Join(errors.New("answered 410: the webhook was disabled"), err))
	}
	return fmt.Errorf("answered %d", answer.Status)
}

// restTime is how long an address isn't called that let us wait. Deliveries go a few at a time: one that doesn't answer would
// hold up those to everybody else. One that answers after slow has so many times as long to itself as it took: it keeps us
// busy for a fifth of the time at most.
const (
	restTime  = 30 * time.Second
	slow      = 2 * time.Second
	slowRests = 4
)

var errResting = errors.New("the address let us wait a moment ago")

func (s *Service) resting(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.Now().Before(s.rests[id])
}

// called notes how a call went.
func (s *Service) called(id string, took time.Duration, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var rest time.Duration
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		rest = restTime
	case took > slow:
		rest = min(slowRests*took, restTime)
	default:
		delete(s.rests, id)
		return
	}
	if s.rests == nil {
		s.rests = map[string]time.Time{}
	}
	s.rests[id] = s.Now().Add(rest)
}

// Message is what is sent.
type Message struct {
	Type      string    `json:"type"`
	Timestamp time.Time `json:"timestamp"` // of the event
	Data      Data      `json:"data"`
}

// Data is whom an event is about: numbers, and contacts only masked. Who wants more asks for it, with rights of their own.
type Data struct {
	SSOID    string `json:"ssoid,omitempty"`
	OID      string `json:"oid,omitempty"`
	ClientID string `json:"client_id,omitempty"` // for players their title
	Contact  string `json:"contact,omitempty"`   // masked
	Reason   string `json:"reason,omitempty"`    // of a ban, which the player is told as well
	From     string `json:"from,omitempty"`      // ssoid of the account that went into another
	Into     string `json:"into,omitempty"`      // and of that one
	By       string `json:"by"`                  // account, client, cli or system
}

// body is made when it is sent, from the record: what was erased meanwhile isn't told.
func (s *Service) body(ctx context.Context, d storage.WebhookDelivery) ([]byte, error) {
	rows, err := s.Store.AuditByIDs(ctx, []string{d.AuditID})
	if err != nil {
		return nil, err
	}
	e, there := rows[d.AuditID]
	if !there {
		return nil, outbox.Permanent(errors.New("the event is older than the record goes back"))
	}
	m := Message{Type: d.Event, Timestamp: e.At.Time(), Data: Data{ClientID: e.ClientID, By: e.ActorKind}}
	var known struct {
		Contact, Reason string
		From, Into      int64
	}
	_ = json.Unmarshal([]byte(e.Details), &known) // without them it says less
	switch noun, _, _ := strings.Cut(d.Event, "."); {
	case noun == "contact":
		m.Data.Contact = known.Contact
	case noun == "player":
		m.Data.Reason = known.Reason
	case d.Event == "account.merged" && known.From > 0:
		m.Data.From, m.Data.Into = strconv.FormatInt(known.From, 10), strconv.FormatInt(known.Into, 10)
	}
	if e.AccountID != "" {
		a, err := s.Store.AccountByID(ctx, e.AccountID)
		if err != nil && !errors.Is(err, storage.ErrNotFound) {
			return nil, err
		}
		if err == nil {
			m.Data.SSOID, m.Data.OID = strconv.FormatInt(a.SSOID, 10), a.OID
		}
	}
	return json.Marshal(m)
}
