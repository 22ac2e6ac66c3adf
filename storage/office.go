package storage

import (
	"context"
	"encoding/json"
)

// ResetFactors takes passkeys, authenticator app and recovery codes away, and the trust in browsers. It returns the passkeys
// and whether there was an app.
func (s *Store) ResetFactors(ctx context.Context, accountID string, now Instant) (keys []Passkey, app bool, err error) {
	err = s.InTx(ctx, func(ctx context.Context) error {
		if err := s.holdAccount(ctx, accountID); err != nil { // a passkey that is being made comes before or after
			return err
		}
		if keys, err = s.PasskeysOf(ctx, accountID); err != nil {
			return err
		}
		if _, err := s.exec(ctx, `DELETE FROM passkeys WHERE account_id = ?`, accountID); err != nil {
			return err
		}
		n, err := s.exec(ctx, `DELETE FROM totps WHERE account_id = ?`, accountID)
		if err != nil {
			return err
		}
		app = n > 0
		if err := s.DeleteRecoveryCodes(ctx, accountID); err != nil {
			return err
		}
		if err := s.UntrustBrowsers(ctx, accountID); err != nil {
			return err
		}
		return s.VoidChallenges(ctx, accountID, "", now)
	})
	return keys, app, err
}

// WhyDisabled is the reason that was given when an account was disabled last, or "".
func (s *Store) WhyDisabled(ctx context.Context, accountID string) (reason string, err error) {
	var details []string
	err = s.list(ctx, &details, `SELECT details FROM audit WHERE account_id = ? AND event = 'account.disabled'
		ORDER BY at DESC, id DESC LIMIT 1`, accountID)
	if err != nil || len(details) == 0 {
		return "", err
	}
	var d struct{ Reason string }
	_ = json.Unmarshal([]byte(details[0]), &d) // erased with the rest of what it said
	return d.Reason, nil
}
