package storage

import "context"

// APIKey is a key of a client for the Identity API.
type APIKey struct {
	ID         string  `db:"id"`
	ClientID   string  `db:"client_id"`
	Hash       string  `db:"key_hash"` // SHA-256
	Prefix     string  `db:"prefix"`   // how it begins, to tell keys apart; "" for those from before
	Note       string  `db:"note"`
	CreatedAt  Instant `db:"created_at"`
	ExpiresAt  Instant `db:"expires_at"` // 0: never
	LastUsedAt Instant `db:"last_used_at"`
	RevokedAt  Instant `db:"revoked_at"`
}

const apiKeyColumns = `id, client_id, key_hash, prefix, note, created_at, expires_at, last_used_at, revoked_at`

// CreateAPIKey writes a key of a client that isn't deleted; for any other it is ErrNotFound.
func (s *Store) CreateAPIKey(ctx context.Context, k APIKey) error {
	return s.guarded(ctx, `INSERT INTO api_keys (`+apiKeyColumns+`) SELECT ?, c.id, ?, ?, ?, ?, ?, 0, 0
		FROM clients c WHERE c.id = ? AND c.deleted_at = 0`, k.ID, k.Hash, k.Prefix, k.Note, k.CreatedAt, k.ExpiresAt, k.ClientID)
}

// APIKeys reads the keys of a client, the newest first, those that are over among them.
func (s *Store) APIKeys(ctx context.Context, clientID string) (list []APIKey, err error) {
	err = s.list(ctx, &list, `SELECT `+apiKeyColumns+` FROM api_keys WHERE client_id = ? ORDER BY created_at DESC, id DESC LIMIT 1000`, clientID)
	return list, err
}

// APIKey finds a key that works.
func (s *Store) APIKey(ctx context.Context, hash string, now Instant) (k APIKey, err error) {
	err = s.get(ctx, &k, `SELECT `+apiKeyColumns+` FROM api_keys WHERE key_hash = ? AND revoked_at = 0
		AND (expires_at = 0 OR expires_at > ?)`, hash, now)
	return k, err
}

// RevokeAPIKey ends a key, of a client or with "" of any, and tells whose it was; one that has ended, or never was, is
// ErrNotFound.
func (s *Store) RevokeAPIKey(ctx context.Context, clientID, id string, now Instant) (whose string, err error) {
	query, args := `UPDATE api_keys SET revoked_at = ? WHERE id = ? AND revoked_at = 0`, []any{now, id}
	if clientID != "" {
		query, args = query+` AND client_id = ?`, append(args, clientID)
	}
	err = s.returning(ctx, &whose, query+` RETURNING client_id`, args...)
	return whose, err
}
