package storage

import "context"

// RegistrationToken is an initial access token (RFC 7591 section 1.2).
type RegistrationToken struct {
	ID        string  `db:"id"`
	Hash      string  `db:"token_hash"` // SHA-256
	Note      string  `db:"note"`
	Uses      int64   `db:"uses"` // how many clients are left
	CreatedAt Instant `db:"created_at"`
	ExpiresAt Instant `db:"expires_at"`
}

const registrationTokenColumns = `id, token_hash, note, uses, created_at, expires_at`

// CreateRegistrationToken writes one.
func (s *Store) CreateRegistrationToken(ctx context.Context, t RegistrationToken) error {
	_, err := s.exec(ctx, `INSERT INTO registration_tokens (`+registrationTokenColumns+`) VALUES (?, ?, ?, ?, ?, ?)`,
		t.ID, t.Hash, t.Note, t.Uses, t.CreatedAt, t.ExpiresAt)
	return err
}

// RegistrationTokens reads all of them, the newest first.
func (s *Store) RegistrationTokens(ctx context.Context) (list []RegistrationToken, err error) {
	err = s.list(ctx, &list, `SELECT `+registrationTokenColumns+` FROM registration_tokens ORDER BY created_at DESC, id DESC LIMIT 1000`)
	return list, err
}

// RegistrationToken reads one that still works.
func (s *Store) RegistrationToken(ctx context.Context, hash string, now Instant) (t RegistrationToken, err error) {
	err = s.get(ctx, &t, `SELECT `+registrationTokenColumns+` FROM registration_tokens WHERE token_hash = ? AND uses > 0 AND expires_at > ?`,
		hash, now)
	return t, err
}

// UseRegistrationToken takes one client from it: when none is left, ErrNotFound.
func (s *Store) UseRegistrationToken(ctx context.Context, id string, now Instant) error {
	return s.guarded(ctx, `UPDATE registration_tokens SET uses = uses - 1 WHERE id = ? AND uses > 0 AND expires_at > ?`, id, now)
}

// DeleteRegistrationToken removes one; an unknown id is ErrNotFound.
func (s *Store) DeleteRegistrationToken(ctx context.Context, id string) error {
	return s.guarded(ctx, `DELETE FROM registration_tokens WHERE id = ?`, id)
}

// ClientLogo is our copy of a client's logo.
type ClientLogo struct {
	ClientID string `db:"client_id"`
	URI      string `db:"uri"` // where it came from
	PNG      string `db:"png"` // base64
	Digest   string `db:"digest"`
}

// PutClientLogo writes a client's logo in place of the one before. One of a deleted client is ErrNotFound.
func (s *Store) PutClientLogo(ctx context.Context, l ClientLogo) error {
	return s.guarded(ctx, `INSERT INTO client_logos (client_id, uri, png, digest) SELECT id, ?, ?, ? FROM clients WHERE id = ? AND deleted_at = 0
		ON CONFLICT (client_id) DO UPDATE SET uri = excluded.uri, png = excluded.png, digest = excluded.digest`, l.URI, l.PNG, l.Digest, l.ClientID)
}

// ClientLogo reads a client's logo.
func (s *Store) ClientLogo(ctx context.Context, clientID string) (l ClientLogo, err error) {
	err = s.get(ctx, &l, `SELECT client_id, uri, png, digest FROM client_logos WHERE client_id = ?`, clientID)
	return l, err
}

// DeleteClientLogo removes one, if there is one.
func (s *Store) DeleteClientLogo(ctx context.Context, clientID string) error {
	_, err := s.exec(ctx, `DELETE FROM client_logos WHERE client_id = ?`, clientID)
	return err
}
