package storage

import "context"

// Method is a way to sign in, without what it is secret by.
type Method struct {
	Kind       string  `db:"kind"` // password, passkey, authenticator, connector
	Name       string  `db:"name"`
	CreatedAt  Instant `db:"created_at"`
	LastUsedAt Instant `db:"last_used_at"`
}

// MethodsOfAccount reads the ways in which an account can sign in.
func (s *Store) MethodsOfAccount(ctx context.Context, accountID string) (list []Method, err error) {
	err = s.list(ctx, &list, `SELECT kind, '' AS name, created_at, last_used_at FROM credentials WHERE account_id = ?
		UNION ALL SELECT 'passkey', name, created_at, last_used_at FROM passkeys WHERE account_id = ?
		UNION ALL SELECT 'authenticator', '', created_at, last_used_at FROM totps WHERE account_id = ? AND confirmed_at > 0
		UNION ALL SELECT 'connector', connector_id, linked_at, last_used_at FROM identities WHERE account_id = ?
		ORDER BY 1, 3, 2`, accountID, accountID, accountID, accountID)
	return list, err
}
