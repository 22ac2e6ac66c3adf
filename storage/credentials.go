package storage

import "context"

// Credential is one way in: a password's hash.
type Credential struct {
	ID         string  `db:"id"`
	AccountID  string  `db:"account_id"`
	Kind       string  `db:"kind"`
	Secret     string  `db:"secret"` // PHC string
	CreatedAt  Instant `db:"created_at"`
	LastUsedAt Instant `db:"last_used_at"`
	Title      string  `db:"title"` // the one game that a short password opens; "" for all there is
}

// CreateCredential writes one; a second password of an account is ErrExists.
func (s *Store) CreateCredential(ctx context.Context, c Credential) error {
	_, err := s.exec(ctx, `INSERT INTO credentials (id, account_id, kind, secret, created_at, last_used_at, title)
		VALUES (?, ?, ?, ?, ?, ?, ?)`, c.ID, c.AccountID, c.Kind, c.Secret, c.CreatedAt, c.LastUsedAt, c.Title)
	return err
}

// UpdatePasswordHash replaces a hash that is still the old one; else it is ErrNotFound.
func (s *Store) UpdatePasswordHash(ctx context.Context, id, old, fresh string) error {
	return s.guarded(ctx, `UPDATE credentials SET secret = ? WHERE id = ? AND secret = ?`, fresh, id, old)
}

// TouchCredential notes a use.
func (s *Store) TouchCredential(ctx context.Context, id string, now Instant) error {
	_, err := s.exec(ctx, `UPDATE credentials SET last_used_at = ? WHERE id = ?`, now, id)
	return err
}

// Password reads an account's password, or ErrNotFound.
func (s *Store) Password(ctx context.Context, accountID string) (c Credential, err error) {
	err = s.get(ctx, &c, `SELECT id, account_id, kind, secret, created_at, last_used_at, title FROM credentials
		WHERE account_id = ? AND kind = 'password'`, accountID)
	return c, err
}

// SetPassword writes an account's password in place of the one it has, or its first.
func (s *Store) SetPassword(ctx context.Context, c Credential) error {
	_, err := s.exec(ctx, `INSERT INTO credentials (id, account_id, kind, secret, created_at, last_used_at, title)
		VALUES (?, ?, 'password', ?, ?, 0, ?) ON CONFLICT (account_id) WHERE kind = 'password' DO UPDATE SET
		secret = excluded.secret, created_at = excluded.created_at, title = excluded.title`,
		c.ID, c.AccountID, c.Secret, c.CreatedAt, c.Title)
	return err
}
