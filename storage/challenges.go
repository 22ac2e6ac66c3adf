package storage

import "context"

// Challenge is a code that was sent, or another question that a browser has to answer.
type Challenge struct {
	ID          string  `db:"id"` // SHA-256 of the handle
	Purpose     string  `db:"purpose"`
	AccountID   string  `db:"account_id"` // "" when nobody has the contact
	Kind        string  `db:"kind"`
	Value       string  `db:"value"` // sealed contact
	CodeHash    string  `db:"code_hash"`
	TokenHash   string  `db:"token_hash"`
	BrowserHash string  `db:"browser_hash"`
	Interaction string  `db:"interaction"` // handle to go on with, or ""
	ClientID    string  `db:"client_id"`
	Locale      string  `db:"locale"`
	Data        string  `db:"data"` // JSON
	CreatedAt   Instant `db:"created_at"`
	ExpiresAt   Instant `db:"expires_at"`
	UsedAt      Instant `db:"used_at"`
}

const challengeColumns = `id, purpose, account_id, kind, value, code_hash, token_hash, browser_hash, interaction, client_id,
	locale, data, created_at, expires_at, used_at`

// CreateChallenge writes one.
func (s *Store) CreateChallenge(ctx context.Context, c Challenge) error {
	_, err := s.exec(ctx, `INSERT INTO challenges (`+challengeColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		c.ID, c.Purpose, c.AccountID, c.Kind, c.Value, c.CodeHash, c.TokenHash, c.BrowserHash, c.Interaction, c.ClientID,
		c.Locale, c.Data, c.CreatedAt, c.ExpiresAt, c.UsedAt)
	return err
}

// Challenge reads one that can still be answered.
func (s *Store) Challenge(ctx context.Context, id, purpose string, now Instant) (c Challenge, err error) {
	err = s.get(ctx, &c, `SELECT `+challengeColumns+` FROM challenges WHERE id = ? AND purpose = ? AND used_at = 0 AND expires_at > ?`,
		id, purpose, now)
	return c, err
}

// ChallengeByToken reads one by the token of its link.
func (s *Store) ChallengeByToken(ctx context.Context, tokenHash, purpose string, now Instant) (c Challenge, err error) {
	err = s.get(ctx, &c, `SELECT `+challengeColumns+` FROM challenges WHERE token_hash = ? AND purpose = ? AND used_at = 0
		AND expires_at > ?`, tokenHash, purpose, now)
	return c, err
}

// RenewChallenge replaces code and token: only the newest message works.
func (s *Store) RenewChallenge(ctx context.Context, id, codeHash, tokenHash string, now, expiresAt Instant) error {
	return s.guarded(ctx, `UPDATE challenges SET code_hash = ?, token_hash = ?, expires_at = ? WHERE id = ? AND used_at = 0
		AND expires_at > ?`, codeHash, tokenHash, expiresAt, id, now)
}

// UseChallenge spends one: of several at once, all but one get ErrNotFound. The code is part of the condition, so that one
// that was replaced meanwhile doesn't work.
func (s *Store) UseChallenge(ctx context.Context, id, codeHash string, now Instant) error {
	return s.guarded(ctx, `UPDATE challenges SET used_at = ? WHERE id = ? AND code_hash = ? AND used_at = 0 AND expires_at > ?`,
		now, id, codeHash, now)
}
