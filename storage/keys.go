package storage

import "context"

// SigningKey is a key of ours, its private part sealed.
type SigningKey struct {
	ID        string  `db:"kid"`
	Alg       string  `db:"alg"`
	Sealed    string  `db:"sealed"`
	CreatedAt Instant `db:"created_at"`
	ActiveAt  Instant `db:"active_at"`
	RetiredAt Instant `db:"retired_at"` // 0: current; else no longer published from here
}

// SigningKeys reads the published keys, the oldest first.
func (s *Store) SigningKeys(ctx context.Context, now Instant) (list []SigningKey, err error) {
	err = s.list(ctx, &list, `SELECT kid, alg, sealed, created_at, active_at, retired_at FROM signing_keys
		WHERE retired_at = 0 OR retired_at > ? ORDER BY active_at, created_at, kid`, now)
	return list, err
}

// CreateSigningKey writes a key.
func (s *Store) CreateSigningKey(ctx context.Context, k SigningKey) error {
	_, err := s.exec(ctx, `INSERT INTO signing_keys (kid, alg, sealed, created_at, active_at, retired_at)
		VALUES (?, ?, ?, ?, ?, ?)`, k.ID, k.Alg, k.Sealed, k.CreatedAt, k.ActiveAt, k.RetiredAt)
	return err
}

// RetireSigningKeys sets the end of an algorithm's current keys. One that was to sign later than active, when its
// successor does, never will: it ends now.
func (s *Store) RetireSigningKeys(ctx context.Context, alg string, now, active, at Instant) error {
	_, err := s.exec(ctx, `UPDATE signing_keys SET retired_at =
		CASE WHEN active_at > ? THEN CAST(? AS BIGINT) ELSE CAST(? AS BIGINT) END WHERE alg = ? AND retired_at = 0`, active, now, at, alg)
	return err
}

// WithdrawSigningKeys ends an algorithm's keys but one, whatever they were kept for.
func (s *Store) WithdrawSigningKeys(ctx context.Context, alg, exceptID string, at Instant) error {
	_, err := s.exec(ctx, `UPDATE signing_keys SET retired_at = ? WHERE alg = ? AND kid <> ? AND (retired_at = 0 OR retired_at > ?)`,
		at, alg, exceptID, at)
	return err
}

// EndSigningKey ends one published key that has a successor; ErrNotFound when it hasn't, or has ended.
func (s *Store) EndSigningKey(ctx context.Context, kid string, now Instant) error {
	return s.guarded(ctx, `UPDATE signing_keys SET retired_at = ? WHERE kid = ? AND retired_at > ?`, now, kid, now)
}

// LockSigningKeys makes transactions that change keys wait for each other, by a row that all of them write.
func (s *Store) LockSigningKeys(ctx context.Context) error {
	_, err := s.exec(ctx, `INSERT INTO settings (name, value, updated_at) VALUES ('signing-keys', '', 0)
		ON CONFLICT (name) DO UPDATE SET value = excluded.value`)
	return err
}
