package storage

import (
	"context"
	"errors"
)

// Identity is who somebody is elsewhere. Namespace and Subject together are a person's; nothing else of it is.
type Identity struct {
	ID          string  `db:"id"`
	AccountID   string  `db:"account_id"`
	Namespace   string  `db:"namespace"`
	Subject     string  `db:"subject"`
	ConnectorID string  `db:"connector_id"`
	Email       string  `db:"email"` // sealed, or ""
	LinkedAt    Instant `db:"linked_at"`
	LastUsedAt  Instant `db:"last_used_at"`
}

const identityColumns = `id, account_id, namespace, subject, connector_id, email, linked_at, last_used_at`

// CreateIdentity writes one: ErrExists when somebody has it, ErrConflict when the account has as many as it may have,
// ErrNotFound when there is no such account.
func (s *Store) CreateIdentity(ctx context.Context, i Identity, most int) error {
	return s.InTx(ctx, func(ctx context.Context) error {
		if err := s.holdAccount(ctx, i.AccountID); err != nil {
			return err
		}
		var n int
		if err := s.get(ctx, &n, `SELECT COUNT(*) FROM identities WHERE account_id = ?`, i.AccountID); err != nil {
			return err
		}
		if n >= most {
			return ErrConflict
		}
		_, err := s.exec(ctx, `INSERT INTO identities (`+identityColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
			i.ID, i.AccountID, i.Namespace, i.Subject, i.ConnectorID, i.Email, i.LinkedAt, i.LastUsedAt)
		return err
	})
}

// IdentityLogin is what a sign-in by an identity needs to know.
type IdentityLogin struct {
	Identity
	Status string `db:"status"` // of the account
	TOTP   bool   `db:"totp"`   // there is a second factor
}

// IdentityLogin finds an identity of any account, or ErrNotFound.
func (s *Store) IdentityLogin(ctx context.Context, namespace, subject string) (l IdentityLogin, err error) {
	err = s.get(ctx, &l, `SELECT i.id, i.account_id, i.namespace, i.subject, i.connector_id, i.email, i.linked_at, i.last_used_at, a.status,
		`+hasSecondFactor+` AS totp FROM identities i JOIN accounts a ON a.id = i.account_id WHERE i.namespace = ? AND i.subject = ?`, namespace, subject)
	return l, err
}

// IdentitiesOf lists an account's, the oldest first.
func (s *Store) IdentitiesOf(ctx context.Context, accountID string) (list []Identity, err error) {
	err = s.list(ctx, &list, `SELECT `+identityColumns+` FROM identities WHERE account_id = ? ORDER BY linked_at, id`, accountID)
	return list, err
}

// CountIdentities is how many came by a connector, most at most: nobody needs to know more than that there are many.
func (s *Store) CountIdentities(ctx context.Context, connectorID string, most int) (n int, err error) {
	err = s.get(ctx, &n, `SELECT COUNT(*) FROM (SELECT 1 FROM identities WHERE connector_id = ? LIMIT ?) x`, connectorID, most)
	return n, err
}

// UseIdentity notes a use. One that was unlinked meanwhile is ErrNotFound, so that nobody is signed in by it any more.
func (s *Store) UseIdentity(ctx context.Context, i Identity, now Instant) error {
	return s.guarded(ctx, `UPDATE identities SET connector_id = ?, email = ?, last_used_at = ? WHERE id = ? AND account_id = ?`,
		i.ConnectorID, i.Email, now, i.ID, i.AccountID)
}

// wayIn is an identity, o, that its account can sign in by: one whose connector is switched off isn't.
const wayIn = `EXISTS (SELECT 1 FROM connectors c WHERE c.id = o.connector_id AND c.disabled_at = 0)`

// DeleteIdentity removes one of an account's and returns it: ErrConflict when it is the last way in.
func (s *Store) DeleteIdentity(ctx context.Context, accountID, id string) (i Identity, err error) {
	err = s.InTx(ctx, func(ctx context.Context) error {
		if err := s.holdAccount(ctx, accountID); err != nil {
			return err
		}
		err := s.returning(ctx, &i, `DELETE FROM identities WHERE id = ? AND account_id = ?
			AND (EXISTS (SELECT 1 FROM credentials c WHERE c.account_id = ? AND c.kind = 'password')
				OR EXISTS (SELECT 1 FROM passkeys p WHERE p.account_id = ?)
				OR EXISTS (SELECT 1 FROM identities o WHERE o.account_id = ? AND o.id <> ? AND `+wayIn+`))
			RETURNING `+identityColumns, id, accountID, accountID, accountID, accountID, id)
		if !errors.Is(err, ErrNotFound) {
			return err
		}
		var left int
		if err := s.get(ctx, &left, `SELECT COUNT(*) FROM identities WHERE id = ? AND account_id = ?`, id, accountID); err != nil {
			return err
		}
		if left > 0 {
			return ErrConflict
		}
		return err
	})
	return i, err
}
