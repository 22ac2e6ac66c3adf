package storage

import (
	"context"
	"errors"
)

// Passkey is a public-key credential that an account signs in with (WebAuthn).
type Passkey struct {
	ID         string  `db:"id"` // credential id, base64url
	AccountID  string  `db:"account_id"`
	UserHandle string  `db:"user_handle"` // base64url; all passkeys of an account have the same
	Name       string  `db:"name"`
	Credential string  `db:"credential"` // JSON
	CreatedAt  Instant `db:"created_at"`
	LastUsedAt Instant `db:"last_used_at"`
}

const passkeyColumns = `id, account_id, user_handle, name, credential, created_at, last_used_at`

// CreatePasskey writes one: ErrExists when its id is taken, ErrConflict when the account has as many as it may have, or
// has another user handle by now: an authenticator keeps one passkey for each handle.
func (s *Store) CreatePasskey(ctx context.Context, p Passkey, most int) error {
	return s.InTx(ctx, func(ctx context.Context) error {
		if err := s.holdAccount(ctx, p.AccountID); err != nil {
			return err
		}
		var others struct {
			Count   int `db:"passkeys"`
			Foreign int `db:"foreign_handles"`
		}
		err := s.get(ctx, &others, `SELECT COUNT(*) AS passkeys, COALESCE(SUM(CASE WHEN user_handle <> ? THEN 1 ELSE 0 END), 0) AS foreign_handles
			FROM passkeys WHERE account_id = ?`, p.UserHandle, p.AccountID)
		if err != nil {
			return err
		}
		if others.Count >= most || others.Foreign > 0 {
			return ErrConflict
		}
		_, err = s.exec(ctx, `INSERT INTO passkeys (`+passkeyColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?)`,
			p.ID, p.AccountID, p.UserHandle, p.Name, p.Credential, p.CreatedAt, p.LastUsedAt)
		return err
	})
}

// holdAccount makes changes to the ways into one account wait for each other until the transaction ends.
func (s *Store) holdAccount(ctx context.Context, id string) error {
	return s.guarded(ctx, `UPDATE accounts SET updated_at = updated_at WHERE id = ?`, id)
}

// PasskeysOf lists an account's, the oldest first.
func (s *Store) PasskeysOf(ctx context.Context, accountID string) (list []Passkey, err error) {
	err = s.list(ctx, &list, `SELECT `+passkeyColumns+` FROM passkeys WHERE account_id = ? ORDER BY created_at, id`, accountID)
	return list, err
}

// PasskeyLogin is what a sign-in with a passkey needs to know.
type PasskeyLogin struct {
	Passkey
	Status string `db:"status"` // of the account
}

// PasskeyLogin finds a passkey of any account.
func (s *Store) PasskeyLogin(ctx context.Context, id string) (l PasskeyLogin, err error) {
	err = s.get(ctx, &l, `SELECT p.id, p.account_id, p.user_handle, p.name, p.credential, p.created_at, p.last_used_at, a.status
		FROM passkeys p JOIN accounts a ON a.id = p.account_id WHERE p.id = ?`, id)
	return l, err
}

// UsePasskey notes a use and what the authenticator said. Guarded by what it had said before: of two uses that count on
// from the same number one is ErrNotFound.
func (s *Store) UsePasskey(ctx context.Context, id, before, after string, now Instant) error {
	return s.guarded(ctx, `UPDATE passkeys SET credential = ?, last_used_at = ? WHERE id = ? AND credential = ?`, after, now, id, before)
}

// RenamePasskey changes the name of one of an account's.
func (s *Store) RenamePasskey(ctx context.Context, accountID, id, name string) error {
	return s.guarded(ctx, `UPDATE passkeys SET name = ? WHERE id = ? AND account_id = ?`, name, id, accountID)
}

// DeletePasskey removes one of an account's and returns it: ErrConflict when it is the last way in.
func (s *Store) DeletePasskey(ctx context.Context, accountID, id string) (p Passkey, err error) {
	err = s.InTx(ctx, func(ctx context.Context) error {
		if err := s.holdAccount(ctx, accountID); err != nil {
			return err
		}
		err := s.returning(ctx, &p, `DELETE FROM passkeys WHERE id = ? AND account_id = ?
			AND (EXISTS (SELECT 1 FROM credentials c WHERE c.account_id = ? AND c.kind = 'password')
				OR EXISTS (SELECT 1 FROM passkeys o WHERE o.account_id = ? AND o.id <> ?)
				OR EXISTS (SELECT 1 FROM identities o WHERE o.account_id = ? AND `+wayIn+`))
			RETURNING `+passkeyColumns, id, accountID, accountID, accountID, id, accountID)
		if !errors.Is(err, ErrNotFound) {
			return err
		}
		var left int
		if err := s.get(ctx, &left, `SELECT COUNT(*) FROM passkeys WHERE id = ? AND account_id = ?`, id, accountID); err != nil {
			return err
		}
		if left > 0 {
			return ErrConflict
		}
		return err
	})
	return p, err
}

// WaysIn are how an account can be signed in to.
type WaysIn struct {
	Passwords  int `db:"passwords"`
	Passkeys   int `db:"passkeys"`
	Identities int `db:"identities"` // elsewhere, by connectors that are switched on
}

// WaysIn counts them.
func (s *Store) WaysIn(ctx context.Context, accountID string) (w WaysIn, err error) {
	err = s.get(ctx, &w, `SELECT (SELECT COUNT(*) FROM credentials WHERE account_id = ? AND kind = 'password') AS passwords,
		(SELECT COUNT(*) FROM passkeys WHERE account_id = ?) AS passkeys,
		(SELECT COUNT(*) FROM identities o WHERE o.account_id = ? AND `+wayIn+`) AS identities`, accountID, accountID, accountID)
	return w, err
}
