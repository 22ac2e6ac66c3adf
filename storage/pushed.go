package storage

import "context"

// PushedRequest is an authorization request that a client pushed (RFC 9126).
type PushedRequest struct {
	ID        string  `db:"id"` // SHA-256 of the request_uri
	ClientID  string  `db:"client_id"`
	Form      string  `db:"form"` // form-encoded, without credentials
	CreatedAt Instant `db:"created_at"`
	ExpiresAt Instant `db:"expires_at"`
}

// CreatePushedRequest writes one.
func (s *Store) CreatePushedRequest(ctx context.Context, p PushedRequest) error {
	_, err := s.exec(ctx, `INSERT INTO pushed_requests (id, client_id, form, created_at, expires_at) VALUES (?, ?, ?, ?, ?)`,
		p.ID, p.ClientID, p.Form, p.CreatedAt, p.ExpiresAt)
	return err
}

// PushedRequest reads one of a client that hasn't expired. Reading doesn't consume it, whoever asks.
func (s *Store) PushedRequest(ctx context.Context, id, clientID string, now Instant) (p PushedRequest, err error) {
	err = s.get(ctx, &p, `SELECT id, client_id, form, created_at, expires_at FROM pushed_requests
		WHERE id = ? AND client_id = ? AND expires_at > ?`, id, clientID, now)
	return p, err
}

// UsePushedRequest consumes one, in the transaction that issues the code: of several at once, all but one get ErrNotFound.
func (s *Store) UsePushedRequest(id string) Write {
	return guard(`DELETE FROM pushed_requests WHERE id = ?`, id)
}

// ExtendPushedRequest keeps one until its interaction ends.
func (s *Store) ExtendPushedRequest(ctx context.Context, id string, until Instant) error {
	_, err := s.exec(ctx, `UPDATE pushed_requests SET expires_at = ? WHERE id = ? AND expires_at < ?`, until, id, until)
	return err
}
