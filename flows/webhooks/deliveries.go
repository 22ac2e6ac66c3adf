package webhooks

import (
	"context"
	"errors"
	"time"

	"pratu/flows/kind"
	"pratu/flows/outbox"
	"pratu/flows/secret"
	"pratu/storage"
)

// Delivery is an event that a webhook was told of, or is to be.
type Delivery struct {
	ID        string    `json:"id"`
	Event     string    `json:"event"`
	State     State     `json:"state"`
	Attempts  int64     `json:"attempts"` // that failed
	LastError string    `json:"last_error,omitempty"`
	CreatedAt time.Time `json:"created_at"`
}

// State is how far a delivery is.
type State string

// States.
const (
	Waiting   State = "waiting"
	Delivered State = "delivered"
	GivenUp   State = "given_up"
)

// Cursor is where a list goes on; zero for its beginning or end.
type Cursor struct {
	At storage.Instant
	ID string
}

// Deliveries reads what a webhook was told, the newest first.
func (s *Service) Deliveries(ctx context.Context, webhookID string, after Cursor, limit int) (list []Delivery, next Cursor, err error) {
	if _, err := s.Find(ctx, webhookID); err != nil {
		return nil, next, err
	}
	if after.At == 0 {
		after.At = storage.At(s.Now()) + 1
	}
	rows, err := s.Store.DeliveriesOf(ctx, webhookID, after.At, after.ID, limit+1)
	if err != nil {
		return nil, next, err
	}
	if len(rows) > limit {
		rows = rows[:limit]
		next = Cursor{rows[limit-1].CreatedAt, rows[limit-1].ID}
	}
	for _, d := range rows {
		list = append(list, delivery(d))
	}
	return list, next, nil
}

func delivery(d storage.WebhookDelivery) Delivery {
	v := Delivery{ID: d.ID, Event: d.Event, State: Waiting, Attempts: d.Attempts, LastError: d.LastError, CreatedAt: d.CreatedAt.Time()}
	switch {
	case d.DeliveredAt > 0:
		v.State, v.LastError = Delivered, ""
	case d.ParkedAt > 0:
		v.State = GivenUp
	}
	return v
}

// testEvent is what a webhook is told by way of trial. It is none of Events: nobody is told of it otherwise.
const testEvent = "webhook.test"

// Test has a message sent that says nothing: signed, tried again and kept as any other.
func (s *Service) Test(ctx context.Context, webhookID string) (sent Delivery, err error) {
	err = s.Store.InTx(ctx, func(ctx context.Context) error {
		w, err := s.Find(ctx, webhookID)
		if err != nil {
			return err
		}
		if w.Disabled {
			return kind.New(kind.Conflict, "webhook.disabled")
		}
		e := event("webhook.tested", w.row, nil)
		e.ID = secret.UUID()
		if err := s.Audit.Append(ctx, e); err != nil {
			return err
		}
		d, err := s.queue(ctx, w, testEvent, e.ID)
		sent = delivery(d)
		return err
	})
	return sent, err
}

// Replay sends a delivery once more, under the same id: who had it already can tell. What still waits is not doubled.
func (s *Service) Replay(ctx context.Context, webhookID, deliveryID string) error {
	err := s.Store.InTx(ctx, func(ctx context.Context) error {
		d, err := s.Store.Delivery(ctx, deliveryID)
		if errors.Is(err, storage.ErrNotFound) || err == nil && d.WebhookID != webhookID {
			return kind.New(kind.NotFound, "webhook.delivery_unknown").WithErr(err)
		}
		if err != nil {
			return err
		}
		w, err := s.Find(ctx, webhookID)
		switch {
		case err != nil:
			return err
		case w.Disabled:
			return kind.New(kind.Conflict, "webhook.disabled")
		case d.DeliveredAt == 0 && d.ParkedAt == 0 && d.NextAttemptAt > 0:
			return kind.New(kind.Conflict, "webhook.waiting")
		}
		message, err := s.Outbox.Put(ctx, Kind, []byte(d.ID))
		if err != nil {
			return err
		}
		if err := s.Store.SendAgain(ctx, d.ID, message, d.MessageID, storage.At(s.Now().Add(outbox.Keep))); err != nil {
			return err
		}
		return s.record(ctx, "webhook.replayed", w.row, map[string]any{"delivery": d.ID})
	})
	if errors.Is(err, storage.ErrConflict) {
		return kind.New(kind.Conflict, "webhook.waiting").WithErr(err)
	}
	return err
}
