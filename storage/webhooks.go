package storage

import "context"

// Webhook is an address that is told of events.
type Webhook struct {
	ID            string  `db:"id"`
	URL           string  `db:"url"`
	Events        string  `db:"events"` // JSON list of names
	Description   string  `db:"description"`
	Secret        string  `db:"secret"`         // sealed
	Previous      string  `db:"previous"`       // sealed, or ""
	PreviousUntil Instant `db:"previous_until"` // it signs as well until here
	DisabledAt    Instant `db:"disabled_at"`
	CreatedAt     Instant `db:"created_at"`
	UpdatedAt     Instant `db:"updated_at"`
}

// WebhookDelivery is an event that a webhook is told of, with what became of the message.
type WebhookDelivery struct {
	ID            string  `db:"id"`
	WebhookID     string  `db:"webhook_id"`
	Event         string  `db:"event"`
	AuditID       string  `db:"audit_id"`
	MessageID     string  `db:"message_id"`
	CreatedAt     Instant `db:"created_at"`
	ExpiresAt     Instant `db:"expires_at"`
	Attempts      int64   `db:"attempts"` // that failed
	LastError     string  `db:"last_error"`
	NextAttemptAt Instant `db:"next_attempt_at"`
	DeliveredAt   Instant `db:"delivered_at"`
	ParkedAt      Instant `db:"parked_at"`
}

const (
	webhookColumns  = `id, url, events, description, secret, previous, previous_until, disabled_at, created_at, updated_at`
	deliveryColumns = `d.id, d.webhook_id, d.event, d.audit_id, d.message_id, d.created_at, d.expires_at, COALESCE(m.attempts, 0) AS attempts,
		COALESCE(m.last_error, '') AS last_error, COALESCE(m.next_attempt_at, 0) AS next_attempt_at,
		COALESCE(m.delivered_at, 0) AS delivered_at, COALESCE(m.parked_at, 0) AS parked_at
		FROM webhook_deliveries d LEFT JOIN outbox m ON m.id = d.message_id`
)

// CreateWebhook writes one.
func (s *Store) CreateWebhook(ctx context.Context, w Webhook) error {
	_, err := s.exec(ctx, `INSERT INTO webhooks (`+webhookColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		w.ID, w.URL, w.Events, w.Description, w.Secret, w.Previous, w.PreviousUntil, w.DisabledAt, w.CreatedAt, w.UpdatedAt)
	return err
}

// Webhooks reads all, disabled ones too, the oldest first. They are few: an administrator sets each up.
func (s *Store) Webhooks(ctx context.Context) (list []Webhook, err error) {
	err = s.list(ctx, &list, `SELECT `+webhookColumns+` FROM webhooks ORDER BY created_at, id LIMIT 1000`)
	return list, err
}

// WebhookByID reads one, or ErrNotFound.
func (s *Store) WebhookByID(ctx context.Context, id string) (w Webhook, err error) {
	err = s.get(ctx, &w, `SELECT `+webhookColumns+` FROM webhooks WHERE id = ?`, id)
	return w, err
}

// UpdateWebhook writes what may change of one, if nobody else did since it was read; else ErrConflict.
func (s *Store) UpdateWebhook(ctx context.Context, w Webhook, ifUpdatedAt Instant) error {
	rows, err := s.exec(ctx, `UPDATE webhooks SET url = ?, events = ?, description = ?, secret = ?, previous = ?, previous_until = ?,
		disabled_at = ?, updated_at = ? WHERE id = ? AND updated_at = ?`,
		w.URL, w.Events, w.Description, w.Secret, w.Previous, w.PreviousUntil, w.DisabledAt, w.UpdatedAt, w.ID, ifUpdatedAt)
	if err == nil && rows == 0 {
		return ErrConflict
	}
	return err
}

// DeleteWebhook removes one that is still what was read; else ErrConflict. What it was told is forgotten in its time.
func (s *Store) DeleteWebhook(ctx context.Context, id string, ifUpdatedAt Instant) error {
	rows, err := s.exec(ctx, `DELETE FROM webhooks WHERE id = ? AND updated_at = ?`, id, ifUpdatedAt)
	if err == nil && rows == 0 {
		return ErrConflict
	}
	return err
}

// PutDelivery writes a delivery.
func (s *Store) PutDelivery(ctx context.Context, d WebhookDelivery) error {
	_, err := s.exec(ctx, `INSERT INTO webhook_deliveries (id, webhook_id, event, audit_id, message_id, created_at, expires_at)
		VALUES (?, ?, ?, ?, ?, ?, ?)`, d.ID, d.WebhookID, d.Event, d.AuditID, d.MessageID, d.CreatedAt, d.ExpiresAt)
	return err
}

// Delivery reads one, or ErrNotFound.
func (s *Store) Delivery(ctx context.Context, id string) (d WebhookDelivery, err error) {
	err = s.get(ctx, &d, `SELECT `+deliveryColumns+` WHERE d.id = ?`, id)
	return d, err
}

// DeliveriesOf reads what a webhook was told, the newest first, after the one of an instant and id.
func (s *Store) DeliveriesOf(ctx context.Context, webhookID string, at Instant, id string, limit int) (list []WebhookDelivery, err error) {
	err = s.list(ctx, &list, `SELECT `+deliveryColumns+` WHERE d.webhook_id = ? AND d.created_at <= ? AND (d.created_at < ? OR d.id < ?)
		ORDER BY d.created_at DESC, d.id DESC LIMIT ?`, webhookID, at, at, id, limit)
	return list, err
}

// SendAgain gives a delivery another message, in place of the one that was read; else ErrConflict.
func (s *Store) SendAgain(ctx context.Context, id, messageID, instead string, expiresAt Instant) error {
	rows, err := s.exec(ctx, `UPDATE webhook_deliveries SET message_id = ?, expires_at = ? WHERE id = ? AND message_id = ?`, messageID, expiresAt, id, instead)
	if err == nil && rows == 0 {
		return ErrConflict
	}
	return err
}
