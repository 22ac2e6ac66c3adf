package storage

import (
	"context"
	"errors"
)

// Binding is what an account is called at a partner's.
type Binding struct {
	ID         string  `db:"id"`
	AccountID  string  `db:"account_id"`
	Partner    string  `db:"partner"`
	ExternalID string  `db:"external_id"`
	CreatedAt  Instant `db:"created_at"`
	UpdatedAt  Instant `db:"updated_at"`
	EndedAt    Instant `db:"ended_at"`
}

const bindingColumns = `id, account_id, partner, external_id, created_at, updated_at, ended_at`

// CreateBinding writes one. An account that has one with this partner already, or an id that another account has there, is
// ErrExists, after which a transaction goes on.
func (s *Store) CreateBinding(ctx context.Context, b Binding) error {
	err := s.guarded(ctx, `INSERT INTO bindings (`+bindingColumns+`) VALUES (?, ?, ?, ?, ?, ?, 0) ON CONFLICT DO NOTHING`,
		b.ID, b.AccountID, b.Partner, b.ExternalID, b.CreatedAt, b.UpdatedAt)
	if errors.Is(err, ErrNotFound) {
		return ErrExists
	}
	return err
}

// BindingsOfAccount reads an account's bindings by partner, those that ended only when they are asked for.
func (s *Store) BindingsOfAccount(ctx context.Context, accountID string, ended bool) (list []Binding, err error) {
	err = s.list(ctx, &list, `SELECT `+bindingColumns+` FROM bindings WHERE account_id = ? AND (ended_at = 0 OR ? = 1)
		ORDER BY partner, created_at, id LIMIT 1000`, accountID, flag(ended))
	return list, err
}

// BindingByExternalID finds the living binding of a partner's id.
func (s *Store) BindingByExternalID(ctx context.Context, partner, externalID string) (b Binding, err error) {
	err = s.get(ctx, &b, `SELECT `+bindingColumns+` FROM bindings WHERE partner = ? AND external_id = ? AND ended_at = 0`, partner, externalID)
	return b, err
}

// EndBinding ends a binding of an account's, or with "" of whichever: of several at once, all but one get ErrNotFound.
func (s *Store) EndBinding(ctx context.Context, accountID, id string, now Instant) (b Binding, err error) {
	err = s.returning(ctx, &b, `UPDATE bindings SET ended_at = ?, updated_at = ? WHERE id = ? AND (account_id = ? OR ? = '')
		AND ended_at = 0 RETURNING `+bindingColumns, now, now, id, accountID, accountID)
	return b, err
}
