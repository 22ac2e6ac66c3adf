package office

import (
	"context"
	"net/url"
	"time"

	"pratu/flows/webhooks"
	"pratu/storage"
)

// WebhookList are all webhooks, the oldest first.
func (s *Service) WebhookList(ctx context.Context, a Actor) ([]*webhooks.Webhook, error) {
	ctx, err := a.enter(ctx, ReadWebhooks)
	if err != nil {
		return nil, err
	}
	list, err := s.Webhooks.List(ctx)
	for _, w := range list {
		a.masks(w)
	}
	return list, err
}

// masks hides what may be a secret from who may not set webhooks up: of an address all but the host, as in the record.
func (a Actor) masks(w *webhooks.Webhook) {
	if a.May(WriteWebhooks) {
		return
	}
	if u, err := url.Parse(w.URL); err == nil {
		w.URL = u.Scheme + "://" + u.Host + "/…"
	}
}

// Webhook is one.
func (s *Service) Webhook(ctx context.Context, a Actor, id string) (*webhooks.Webhook, error) {
	ctx, err := a.enter(ctx, ReadWebhooks)
	if err != nil {
		return nil, err
	}
	w, err := s.Webhooks.Find(ctx, id)
	if err == nil {
		a.masks(w)
	}
	return w, err
}

// CreateWebhook sets one up. Its secret is returned this once.
func (s *Service) CreateWebhook(ctx context.Context, a Actor, in webhooks.Settings) (*webhooks.Webhook, string, error) {
	ctx, err := a.enter(ctx, WriteWebhooks)
	if err != nil {
		return nil, "", err
	}
	return s.Webhooks.Create(ctx, in)
}

// ChangeWebhook applies a change to one that is still the version that was looked at; 0 for any.
func (s *Service) ChangeWebhook(ctx context.Context, a Actor, id string, version storage.Instant, change func(*webhooks.Settings) error) (*webhooks.Webhook, error) {
	ctx, err := a.enter(ctx, WriteWebhooks)
	if err != nil {
		return nil, err
	}
	return s.Webhooks.Update(ctx, id, version, change)
}

// RotateWebhookSecret gives one a new secret, returned this once; the one before signs as well for the overlap.
func (s *Service) RotateWebhookSecret(ctx context.Context, a Actor, id string, overlap time.Duration) (string, error) {
	ctx, err := a.enter(ctx, WriteWebhooks)
	if err != nil {
		return "", err
	}
	return s.Webhooks.RotateSecret(ctx, id, overlap)
}

// DeleteWebhook removes one that is still the version that was looked at; 0 for any.
func (s *Service) DeleteWebhook(ctx context.Context, a Actor, id string, version storage.Instant) error {
	ctx, err := a.enter(ctx, WriteWebhooks)
	if err != nil {
		return err
	}
	return s.Webhooks.Delete(ctx, id, version)
}

// Deliveries are what one was told, the newest first.
func (s *Service) Deliveries(ctx context.Context, a Actor, id string, after webhooks.Cursor, limit int) ([]webhooks.Delivery, webhooks.Cursor, error) {
	ctx, err := a.enter(ctx, ReadWebhooks)
	if err != nil {
		return nil, webhooks.Cursor{}, err
	}
	return s.Webhooks.Deliveries(ctx, id, after, limit)
}

// TestWebhook sends one a message that says nothing.
func (s *Service) TestWebhook(ctx context.Context, a Actor, id string) (webhooks.Delivery, error) {
	ctx, err := a.enter(ctx, WriteWebhooks)
	if err != nil {
		return webhooks.Delivery{}, err
	}
	return s.Webhooks.Test(ctx, id)
}

// ReplayDelivery sends one once more.
func (s *Service) ReplayDelivery(ctx context.Context, a Actor, id, delivery string) error {
	ctx, err := a.enter(ctx, WriteWebhooks)
	if err != nil {
		return err
	}
	return s.Webhooks.Replay(ctx, id, delivery)
}
