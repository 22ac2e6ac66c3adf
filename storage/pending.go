package storage

import "context"

// PendingRegistration is an account that isn't one yet: nobody has proven its address.
type PendingRegistration struct {
	ID          string  `db:"id"` // SHA-256 of the handle
	Kind        string  `db:"kind"`
	Value       string  `db:"value"` // sealed
	KeyID       string  `db:"key_id"`
	Digest      string  `db:"digest"`
	Password    string  `db:"password"`   // PHC string
	TokenHash   string  `db:"token_hash"` // of the mailed link
	CodeHash    string  `db:"code_hash"`
	Profile     string  `db:"profile"` // JSON
	BrowserHash string  `db:"browser_hash"`
	Interaction string  `db:"interaction"` // handle to go on with, ""
	ClientID    string  `db:"client_id"`
	Locale      string  `db:"locale"`
	CreatedAt   Instant `db:"created_at"`
	ExpiresAt   Instant `db:"expires_at"`
	Title       string  `db:"title"`      // the one game that its password opens, or ""
	AccountID   string  `db:"account_id"` // the guest's that it is for, or ""
}

const pendingColumns = `id, kind, value, key_id, digest, password, token_hash, code_hash, profile, browser_hash, interaction,
	client_id, locale, created_at, expires_at, title, account_id`

// CreatePending writes one.
func (s *Store) CreatePending(ctx context.Context, p PendingRegistration) error {
	_, err := s.exec(ctx, `INSERT INTO pending_registrations (`+pendingColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		p.ID, p.Kind, p.Value, p.KeyID, p.Digest, p.Password, p.TokenHash, p.CodeHash, p.Profile, p.BrowserHash, p.Interaction,
		p.ClientID, p.Locale, p.CreatedAt, p.ExpiresAt, p.Title, p.AccountID)
	return err
}

// Pending reads one by its id that hasn't expired.
func (s *Store) Pending(ctx context.Context, id string, now Instant) (p PendingRegistration, err error) {
	err = s.get(ctx, &p, `SELECT `+pendingColumns+` FROM pending_registrations WHERE id = ? AND expires_at > ?`, id, now)
	return p, err
}

// PendingByToken reads one by its mailed token.
func (s *Store) PendingByToken(ctx context.Context, tokenHash string, now Instant) (p PendingRegistration, err error) {
	err = s.get(ctx, &p, `SELECT `+pendingColumns+` FROM pending_registrations WHERE token_hash = ? AND expires_at > ?`, tokenHash, now)
	return p, err
}

// PendingsOf reads those of an address that wait, the newest first.
func (s *Store) PendingsOf(ctx context.Context, kind string, digests []Digest, now Instant) (list []PendingRegistration, err error) {
	query, args := digestCondition(digests)
	err = s.list(ctx, &list, `SELECT `+pendingColumns+` FROM pending_registrations d WHERE d.kind = ? AND (`+query+`)
		AND d.expires_at > ? ORDER BY d.created_at DESC, d.id LIMIT 50`, append(append([]any{kind}, args...), now)...)
	return list, err
}

// RenewPending replaces code and token: only the newest mail works.
func (s *Store) RenewPending(ctx context.Context, id, tokenHash, codeHash string, now Instant) error {
	return s.guarded(ctx, `UPDATE pending_registrations SET token_hash = ?, code_hash = ? WHERE id = ? AND expires_at > ?`,
		tokenHash, codeHash, id, now)
}

// UsePending consumes one: of several at once, all but one get ErrNotFound. The token is part of the condition, so a
// mail that was replaced meanwhile doesn't work.
func (s *Store) UsePending(ctx context.Context, id, tokenHash string, now Instant) error {
	return s.guarded(ctx, `DELETE FROM pending_registrations WHERE id = ? AND token_hash = ? AND expires_at > ?`, id, tokenHash, now)
}

// VoidPendings ends all others of an address, which now has an owner.
func (s *Store) VoidPendings(ctx context.Context, kind string, digests []Digest) error {
	if len(digests) == 0 {
		return nil
	}
	query, args := digestCondition(digests)
	_, err := s.exec(ctx, `DELETE FROM pending_registrations AS d WHERE d.kind = ? AND (`+query+`)`, append([]any{kind}, args...)...)
	return err
}
