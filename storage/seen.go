package storage

import "context"

// MarkSeen notes that a thing was seen, until expiresAt. The second time is ErrExists: a client assertion works once.
func (s *Store) MarkSeen(ctx context.Context, id string, expiresAt Instant) error {
	rows, err := s.exec(ctx, `INSERT INTO seen (id, expires_at) VALUES (?, ?) ON CONFLICT (id) DO NOTHING`, id, expiresAt)
	if err == nil && rows == 0 {
		return ErrExists
	}
	return err
}

// Seen tells whether a thing was noted, such as the jti of a revoked token.
func (s *Store) Seen(ctx context.Context, id string) (bool, error) {
	var n int64
	err := s.get(ctx, &n, `SELECT COUNT(*) FROM seen WHERE id = ?`, id)
	return n > 0, err
}
