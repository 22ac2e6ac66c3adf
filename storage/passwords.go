package storage

import "context"

// ReplacePassword gives an account a password, its first or another. The row stays the same one, so that a rehash of the old
// password that is on its way finds that it was changed.
func (s *Store) ReplacePassword(ctx context.Context, c Credential) error {
	_, err := s.exec(ctx, `INSERT INTO credentials (id, account_id, kind, secret, created_at, last_used_at, title)
		VALUES (?, ?, 'password', ?, ?, 0, ?) ON CONFLICT (account_id) WHERE kind = 'password'
		DO UPDATE SET secret = excluded.secret, created_at = excluded.created_at, last_used_at = 0,
		title = excluded.title`, c.ID, c.AccountID, c.Secret, c.CreatedAt, c.Title)
	return err
}
