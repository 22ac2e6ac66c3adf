package storage

import (
	"context"
	"strings"
)

// Factors is what an account can prove itself with, and whether a browser is trusted to be a second factor.
type Factors struct {
	Password bool  `db:"password"`
	TOTP     bool  `db:"totp"` // confirmed
	Trusted  bool  `db:"trusted"`
	Recovery int64 `db:"recovery"` // codes that weren't used
	Passkeys int64 `db:"passkeys"`
}

// FactorsOf reads them in one statement. browserHash is "" for no browser.
func (s *Store) FactorsOf(ctx context.Context, accountID, browserHash string, now Instant) (f Factors, err error) {
	err = s.get(ctx, &f, `SELECT
		EXISTS (SELECT 1 FROM credentials p WHERE p.account_id = a.id AND p.kind = 'password') AS password,
		`+hasSecondFactor+` AS totp,
		EXISTS (SELECT 1 FROM known_browsers b WHERE b.account_id = a.id AND b.browser_hash = ? AND b.browser_hash <> ''
			AND b.trusted_until > ?) AS trusted,
		(SELECT COUNT(*) FROM recovery_codes r WHERE r.account_id = a.id AND r.used_at = 0) AS recovery,
		(SELECT COUNT(*) FROM passkeys k WHERE k.account_id = a.id) AS passkeys
		FROM accounts a WHERE a.id = ?`, browserHash, now, accountID)
	return f, err
}

// hasSecondFactor tells of account a whether it has something that the page of the second step can ask for.
const hasSecondFactor = `EXISTS (SELECT 1 FROM totps t WHERE t.account_id = a.id AND t.confirmed_at > 0)`

// TOTP is an authenticator app's secret (RFC 6238).
type TOTP struct {
	AccountID   string  `db:"account_id"`
	Secret      string  `db:"secret"` // sealed
	LastStep    int64   `db:"last_step"`
	CreatedAt   Instant `db:"created_at"`
	ConfirmedAt Instant `db:"confirmed_at"` // 0: shown, but no code of it was typed yet
	LastUsedAt  Instant `db:"last_used_at"`
}

// TOTPOf reads an account's, confirmed or not.
func (s *Store) TOTPOf(ctx context.Context, accountID string) (t TOTP, err error) {
	err = s.get(ctx, &t, `SELECT account_id, secret, last_step, created_at, confirmed_at, last_used_at FROM totps
		WHERE account_id = ?`, accountID)
	return t, err
}

// OfferTOTP writes a secret that isn't confirmed, in place of an earlier one that wasn't either. ErrExists: the account has
// a confirmed one.
func (s *Store) OfferTOTP(ctx context.Context, accountID, sealed string, now Instant) error {
	rows, err := s.exec(ctx, `INSERT INTO totps (account_id, secret, last_step, created_at, confirmed_at, last_used_at)
		VALUES (?, ?, 0, ?, 0, 0) ON CONFLICT (account_id) DO UPDATE SET secret = excluded.secret, last_step = 0,
		created_at = excluded.created_at WHERE totps.confirmed_at = 0`, accountID, sealed, now)
	if err == nil && rows == 0 {
		return ErrExists
	}
	return err
}

// ConfirmTOTP makes a secret count from now on. The code that confirmed it is used: step is its time step.
func (s *Store) ConfirmTOTP(ctx context.Context, accountID, sealed string, step int64, now Instant) error {
	return s.guarded(ctx, `UPDATE totps SET confirmed_at = ?, last_used_at = ?, last_step = ? WHERE account_id = ? AND secret = ?
		AND confirmed_at = 0`, now, now, step, accountID, sealed)
}

// UseTOTP spends a time step and all before it: a code that was used, or seen by somebody while a newer one was used, is
// ErrNotFound.
func (s *Store) UseTOTP(ctx context.Context, accountID, sealed string, step int64, now Instant) error {
	return s.guarded(ctx, `UPDATE totps SET last_step = ?, last_used_at = ? WHERE account_id = ? AND secret = ?
		AND confirmed_at > 0 AND last_step < ?`, step, now, accountID, sealed, step)
}

// DeleteTOTP takes a confirmed one away.
func (s *Store) DeleteTOTP(ctx context.Context, accountID string) error {
	return s.guarded(ctx, `DELETE FROM totps WHERE account_id = ? AND confirmed_at > 0`, accountID)
}

// ReplaceRecoveryCodes writes new codes in place of all there are. It is ErrNotFound for an account without a second
// factor; its row makes one of two that come at once wait, so that no account ends with the codes of both.
func (s *Store) ReplaceRecoveryCodes(ctx context.Context, accountID string, hashes []string, now Instant) error {
	return s.InTx(ctx, func(ctx context.Context) error {
		if err := s.guarded(ctx, `UPDATE totps SET secret = secret WHERE account_id = ? AND confirmed_at > 0`, accountID); err != nil {
			return err
		}
		if err := s.DeleteRecoveryCodes(ctx, accountID); err != nil {
			return err
		}
		var args []any
		for _, hash := range hashes {
			args = append(args, accountID, hash, now)
		}
		_, err := s.exec(ctx, `INSERT INTO recovery_codes (account_id, code_hash, created_at, used_at) VALUES `+
			strings.TrimSuffix(strings.Repeat(`(?, ?, ?, 0), `, len(hashes)), ", "), args...)
		return err
	})
}

// RecoveryCodes are the hashes of those that weren't used.
func (s *Store) RecoveryCodes(ctx context.Context, accountID string) (hashes []string, err error) {
	err = s.list(ctx, &hashes, `SELECT code_hash FROM recovery_codes WHERE account_id = ? AND used_at = 0`, accountID)
	return hashes, err
}

// UseRecoveryCode spends one: of several at once, all but one get ErrNotFound.
func (s *Store) UseRecoveryCode(ctx context.Context, accountID, hash string, now Instant) error {
	return s.guarded(ctx, `UPDATE recovery_codes SET used_at = ? WHERE account_id = ? AND code_hash = ? AND used_at = 0`,
		now, accountID, hash)
}

// DeleteRecoveryCodes takes all of them away.
func (s *Store) DeleteRecoveryCodes(ctx context.Context, accountID string) error {
	_, err := s.exec(ctx, `DELETE FROM recovery_codes WHERE account_id = ?`, accountID)
	return err
}

// TrustBrowser lets a browser that the account knows stand for its second factor until an instant.
func (s *Store) TrustBrowser(ctx context.Context, accountID, browserHash string, until Instant) error {
	_, err := s.exec(ctx, `UPDATE known_browsers SET trusted_until = ? WHERE account_id = ? AND browser_hash = ?`,
		until, accountID, browserHash)
	return err
}

// UntrustBrowsers ends the trust in all browsers of an account.
func (s *Store) UntrustBrowsers(ctx context.Context, accountID string) error {
	_, err := s.exec(ctx, `UPDATE known_browsers SET trusted_until = 0 WHERE account_id = ? AND trusted_until > 0`, accountID)
	return err
}
