package storage

import (
	"context"
	"strings"
	"time"
)

// Message is something to deliver once its transaction is committed.
type Message struct {
	ID            string  `db:"id"`
	Lane          string  `db:"lane"` // messages of different lanes don't wait for each other
	Kind          string  `db:"kind"`
	Payload       string  `db:"payload"` // sealed
	CreatedAt     Instant `db:"created_at"`
	NextAttemptAt Instant `db:"next_attempt_at"`
	Attempts      int64   `db:"attempts"` // that failed
	LastError     string  `db:"last_error"`
	DeliveredAt   Instant `db:"delivered_at"`
	ParkedAt      Instant `db:"parked_at"` // given up
	ExpiresAt     Instant `db:"expires_at"`
}

// Enqueue writes a message.
func (s *Store) Enqueue(ctx context.Context, m Message) error {
	_, err := s.exec(ctx, `INSERT INTO outbox (id, lane, kind, payload, created_at, next_attempt_at, attempts, last_error,
		delivered_at, parked_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		m.ID, m.Lane, m.Kind, m.Payload, m.CreatedAt, m.NextAttemptAt, m.Attempts, m.LastError, m.DeliveredAt, m.ParkedAt, m.ExpiresAt)
	return err
}

// DueMessages reads messages of a lane whose time has come, the longest waiting first.
func (s *Store) DueMessages(ctx context.Context, lane string, now Instant, limit int) (list []Message, err error) {
	err = s.list(ctx, &list, `SELECT id, lane, kind, payload, created_at, next_attempt_at, attempts, last_error, delivered_at,
		parked_at, expires_at FROM outbox WHERE lane = ? AND delivered_at = 0 AND parked_at = 0 AND next_attempt_at <= ? AND expires_at > ?
		ORDER BY next_attempt_at, id LIMIT ?`, lane, now, now, limit)
	return list, err
}

// MarkDelivered notes a delivery and drops the payload: links and codes are kept no longer than they are needed.
func (s *Store) MarkDelivered(ctx context.Context, id string, now Instant) error {
	_, err := s.exec(ctx, `UPDATE outbox SET delivered_at = ?, payload = '' WHERE id = ? AND delivered_at = 0`, now, id)
	return err
}

// MarkFailed notes a failure and when to try again.
func (s *Store) MarkFailed(ctx context.Context, id string, next Instant, failure string) error {
	_, err := s.exec(ctx, `UPDATE outbox SET attempts = attempts + 1, next_attempt_at = ?, last_error = ?
		WHERE id = ? AND delivered_at = 0 AND parked_at = 0`, next, readable(failure), id)
	return err
}

// Park gives a message up. It stays for an admin to look at.
func (s *Store) Park(ctx context.Context, id string, now Instant, failure string) error {
	_, err := s.exec(ctx, `UPDATE outbox SET attempts = attempts + 1, parked_at = ?, last_error = ?
		WHERE id = ? AND delivered_at = 0 AND parked_at = 0`, now, readable(failure), id)
	return err
}

// Undelivered are the messages that wait or were given up, the newest first, without what they say.
func (s *Store) Undelivered(ctx context.Context, limit int) (list []Message, err error) {
	err = s.list(ctx, &list, `SELECT id, lane, kind, created_at, next_attempt_at, attempts, last_error, parked_at, expires_at FROM outbox
		WHERE delivered_at = 0 AND parked_at = 0 UNION ALL SELECT id, lane, kind, created_at, next_attempt_at, attempts, last_error,
		parked_at, expires_at FROM outbox WHERE parked_at > 0 ORDER BY created_at DESC, id LIMIT ?`, limit)
	return list, err
}

// MessageByID reads a message in whatever state, without what it says; ErrNotFound.
func (s *Store) MessageByID(ctx context.Context, id string) (m Message, err error) {
	err = s.get(ctx, &m, `SELECT id, lane, kind, created_at, next_attempt_at, attempts, last_error, delivered_at, parked_at, expires_at
		FROM outbox WHERE id = ?`, id)
	return m, err
}

// Retry has messages that were given up tried once more: one, or with "" all. It tells how many.
func (s *Store) Retry(ctx context.Context, id string, now Instant) (int64, error) {
	return s.exec(ctx, `UPDATE outbox SET parked_at = 0, next_attempt_at = ? WHERE parked_at > 0 AND expires_at > ? AND (id = ? OR ? = '')`,
		now, now, id, id)
}

// OutboxCounts are how many messages wait and how many were given up.
func (s *Store) OutboxCounts(ctx context.Context) (waiting, parked int64, err error) {
	var counts struct {
		Waiting int64 `db:"waiting"`
		Parked  int64 `db:"parked"`
	}
	err = s.get(ctx, &counts, `SELECT
		(SELECT COUNT(*) FROM outbox WHERE delivered_at = 0 AND parked_at = 0) AS waiting,
		(SELECT COUNT(*) FROM outbox WHERE parked_at > 0) AS parked`)
	return counts.Waiting, counts.Parked, err
}

// AcquireLease takes a lease, or prolongs the holder's own, and tells whether it is the holder's now.
func (s *Store) AcquireLease(ctx context.Context, name, holder string, now Instant, ttl time.Duration) (bool, error) {
	rows, err := s.exec(ctx, `INSERT INTO leases (name, holder, expires_at) VALUES (?, ?, ?)
		ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at
		WHERE leases.holder = excluded.holder OR leases.expires_at <= ?`, name, holder, now.Add(ttl), now)
	return rows == 1, err
}

// ReleaseLease gives a lease back. One that another holder took meanwhile stays.
func (s *Store) ReleaseLease(ctx context.Context, name, holder string) error {
	_, err := s.exec(ctx, `DELETE FROM leases WHERE name = ? AND holder = ?`, name, holder)
	return err
}

// readable makes a foreign server's words storable: a failure that couldn't be written down would be tried for ever.
func readable(text string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(text, "?"), "\x00", "?")
}
