// Package webhooks owns the addresses that are told of events: which of them, how a message is signed (Standard Webhooks),
// and what became of it. It hears of events from the sealer of the record, in the transaction that gives a row its place, so
// that no flow has to think of it and no change waits for it. Who may set one up is flows/office's business.
package webhooks

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"pratu/flows/audit"
	"pratu/flows/kind"
	"pratu/flows/outbound"
	"pratu/flows/outbox"
	"pratu/flows/secret"
	"pratu/storage"
)

// Bounds of what an administrator may set up.
const (
	Most           = 20 // webhooks
	MaxOverlap     = 30 * 24 * time.Hour
	maxURL         = 2048
	maxDescription = 200
)

const sealLabel = "webhook"

// Service is the one door to webhooks. All fields are required; Outbound has AnswerTime for its timeout.
type Service struct {
	Store    *storage.Store
	Keyring  *secret.Keyring
	Outbox   *outbox.Outbox // of Lane
	Outbound *outbound.Client
	Audit    *audit.Log
	Now      func() time.Time
	Local    bool // development: plain http too

	mu    sync.Mutex
	rests map[string]time.Time // until when an address isn't called, by webhook
}

// Settings are what an administrator says of a webhook.
type Settings struct {
	URL         string   `json:"url"`
	Events      []string `json:"events"`
	Description string   `json:"description"`
	Disabled    bool     `json:"disabled"`
}

// Webhook is an address that is told of events.
type Webhook struct {
	ID string `json:"id"`
	Settings
	CreatedAt time.Time       `json:"created_at"`
	UpdatedAt storage.Instant `json:"-"` // its version

	row storage.Webhook
}

// List reads all, the oldest first.
func (s *Service) List(ctx context.Context) ([]*Webhook, error) {
	rows, err := s.Store.Webhooks(ctx)
	list := make([]*Webhook, len(rows))
	for i, row := range rows {
		list[i] = webhook(row)
	}
	return list, err
}

// Find reads one, or kind.NotFound "webhook.unknown".
func (s *Service) Find(ctx context.Context, id string) (*Webhook, error) {
	row, err := s.Store.WebhookByID(ctx, id)
	if errors.Is(err, storage.ErrNotFound) {
		return nil, kind.New(kind.NotFound, "webhook.unknown").WithErr(err)
	}
	return webhook(row), err
}

func webhook(row storage.Webhook) *Webhook {
	w := &Webhook{
		ID: row.ID, Settings: Settings{URL: row.URL, Events: []string{}, Description: row.Description, Disabled: row.DisabledAt > 0},
		CreatedAt: row.CreatedAt.Time(), UpdatedAt: row.UpdatedAt, row: row,
	}
	_ = json.Unmarshal([]byte(row.Events), &w.Events) // what can't be read is told nothing
	return w
}

// Create sets one up. Its secret is returned this once.
func (s *Service) Create(ctx context.Context, in Settings) (*Webhook, string, error) {
	if err := s.check(&in); err != nil {
		return nil, "", err
	}
	all, err := s.Store.Webhooks(ctx)
	if err != nil {
		return nil, "", err
	}
	if len(all) >= Most {
		return nil, "", kind.New(kind.Conflict, "webhook.too_many").WithArg("max", Most)
	}
	now, plain := storage.At(s.Now()), newSecret()
	row := storage.Webhook{ID: secret.UUID(), CreatedAt: now, UpdatedAt: now}
	row.Secret = s.Keyring.Seal(sealLabel, []byte(plain), row.ID)
	in.onto(&row, now)
	err = s.Store.InTx(ctx, func(ctx context.Context) error {
		if err := s.Store.CreateWebhook(ctx, row); err != nil {
			return err
		}
		return s.record(ctx, "webhook.created", row, nil)
	})
	return webhook(row), plain, err
}

// Update applies a change to one that is still the version that was looked at; 0 for any.
func (s *Service) Update(ctx context.Context, id string, version storage.Instant, change func(*Settings) error) (*Webhook, error) {
	return s.write(ctx, id, version, "webhook.updated", nil, func(w *Webhook) error {
		in := w.Settings
		if err := change(&in); err != nil {
			return err
		}
		if err := s.check(&in); err != nil {
			return err
		}
		in.onto(&w.row, storage.At(s.Now()))
		return nil
	})
}

// RotateSecret gives one a new secret, returned this once. For the overlap the one before signs as well, so that whoever
// verifies can change at leisure.
func (s *Service) RotateSecret(ctx context.Context, id string, overlap time.Duration) (string, error) {
	if overlap < 0 || overlap > MaxOverlap {
		return "", kind.New(kind.Invalid, "webhook.overlap").WithField("overlap").WithArg("days", int(MaxOverlap/(24*time.Hour)))
	}
	plain := newSecret()
	_, err := s.write(ctx, id, 0, "webhook.secret_rotated", map[string]any{"overlap_seconds": int(overlap / time.Second)}, func(w *Webhook) error {
		w.row.Previous, w.row.PreviousUntil = w.row.Secret, storage.At(s.Now().Add(overlap))
		w.row.Secret = s.Keyring.Seal(sealLabel, []byte(plain), id)
		return nil
	})
	return plain, err
}

func (s *Service) write(ctx context.Context, id string, version storage.Instant, name string, details map[string]any, change func(*Webhook) error) (*Webhook, error) {
	w, err := s.Find(ctx, id)
	if err != nil {
		return nil, err
	}
	seen := w.UpdatedAt
	if version != 0 && version != seen {
		return nil, kind.New(kind.Conflict, "webhook.changed")
	}
	if err := change(w); err != nil {
		return nil, err
	}
	w.row.UpdatedAt = max(storage.At(s.Now()), seen+1)
	err = s.Store.InTx(ctx, func(ctx context.Context) error {
		if err := s.Store.UpdateWebhook(ctx, w.row, seen); err != nil {
			return err
		}
		return s.record(ctx, name, w.row, details)
	})
	return webhook(w.row), changed(err)
}

// Delete removes one. What waits for it isn't sent.
func (s *Service) Delete(ctx context.Context, id string, version storage.Instant) error {
	w, err := s.Find(ctx, id)
	if err != nil {
		return err
	}
	if version != 0 && version != w.UpdatedAt {
		return kind.New(kind.Conflict, "webhook.changed")
	}
	return changed(s.Store.InTx(ctx, func(ctx context.Context) error {
		if err := s.Store.DeleteWebhook(ctx, id, w.UpdatedAt); err != nil {
			return err
		}
		return s.record(ctx, "webhook.deleted", w.row, nil)
	}))
}

func changed(err error) error {
	if errors.Is(err, storage.ErrConflict) {
		return kind.New(kind.Conflict, "webhook.changed").WithErr(err)
	}
	return err
}

func (s *Service) record(ctx context.Context, name string, row storage.Webhook, details map[string]any) error {
	return s.Audit.Append(ctx, event(name, row, details))
}

// event is what is written down of what was done. Of an address only the host: the rest may be a secret.
func event(name string, row storage.Webhook, details map[string]any) audit.Event {
	all := map[string]any{"webhook": row.ID}
	if u, err := url.Parse(row.URL); err == nil {
		all["host"] = u.Host
	}
	for name, value := range details {
		all[name] = value
	}
	return audit.Event{Name: name, ActorKind: audit.CLI, Details: all}
}

// onto writes settings into a row.
func (in Settings) onto(row *storage.Webhook, now storage.Instant) {
	names, _ := json.Marshal(in.Events) // a list of names
	row.URL, row.Events, row.Description = in.URL, string(names), in.Description
	switch {
	case !in.Disabled:
		row.DisabledAt = 0
	case row.DisabledAt == 0:
		row.DisabledAt = now
	}
}

// check judges what an administrator typed. Where the address leads to is judged when it is called.
func (s *Service) check(in *Settings) error {
	in.URL, in.Description = strings.TrimSpace(in.URL), strings.TrimSpace(in.Description)
	u, err := url.Parse(in.URL)
	secure := err == nil && (u.Scheme == "https" || s.Local && u.Scheme == "http")
	if !secure || u.Hostname() == "" || u.User != nil || u.Fragment != "" || len(in.URL) > maxURL || in.URL != audit.Printable(in.URL, maxURL) {
		return kind.New(kind.Invalid, "webhook.url").WithField("url")
	}
	if len(in.Description) > maxDescription || in.Description != audit.Printable(in.Description, maxDescription) {
		return kind.New(kind.Invalid, "webhook.description").WithField("description").WithArg("max", maxDescription)
	}
	in.Events = slices.Compact(slices.Sorted(slices.Values(in.Events)))
	if len(in.Events) == 0 {
		return kind.New(kind.Invalid, "webhook.no_events").WithField("events")
	}
	for _, name := range in.Events {
		if !slices.Contains(Events(), name) {
			return kind.New(kind.Invalid, "webhook.event").WithField("events").WithArg("event", audit.Printable(name, 60))
		}
	}
	return nil
}

// Reseal seals the secrets under the current secret key.
func (s *Service) Reseal(ctx context.Context) error {
	return errors.Join(s.Keyring.Reseal(ctx, s.Store, storage.WebhookSecrets, sealLabel), s.Keyring.Reseal(ctx, s.Store, storage.WebhookPrevious, sealLabel))
}
