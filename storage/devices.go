package storage

import "context"

// KnownBrowser is a browser in which an account has signed in.
type KnownBrowser struct {
	BrowserHash string  `db:"browser_hash"`
	UserAgent   string  `db:"user_agent"` // "" when it was noted before names were
	LastSeenAt  Instant `db:"last_seen_at"`
	ExpiresAt   Instant `db:"expires_at"`
}

// KnownBrowsers reads the browsers an account is known in, the last used first.
func (s *Store) KnownBrowsers(ctx context.Context, accountID string, now Instant) (list []KnownBrowser, err error) {
	err = s.list(ctx, &list, `SELECT browser_hash, user_agent, last_seen_at, expires_at FROM known_browsers
		WHERE account_id = ? AND expires_at > ? ORDER BY last_seen_at DESC, browser_hash LIMIT 60`, accountID, now)
	return list, err
}

// ForgetBrowser makes a browser of an account a strange one; any other is ErrNotFound.
func (s *Store) ForgetBrowser(ctx context.Context, accountID, browserHash string) error {
	return s.guarded(ctx, `DELETE FROM known_browsers WHERE account_id = ? AND browser_hash = ?`, accountID, browserHash)
}

// ForgetBrowsers is ForgetBrowser for all of an account but one.
func (s *Store) ForgetBrowsers(ctx context.Context, accountID, exceptHash string) error {
	_, err := s.exec(ctx, `DELETE FROM known_browsers WHERE account_id = ? AND browser_hash <> ?`, accountID, exceptHash)
	return err
}

// EndDevice ends a living session of an account and revokes all that was granted in it, also what would outlive a
// sign-out: whoever ends a browser from elsewhere has lost it. Any other session is ErrNotFound.
func (s *Store) EndDevice(ctx context.Context, accountID, id string, now Instant) error {
	return s.InTx(ctx, func(ctx context.Context) error {
		ended, err := s.end(ctx, now, `id = ? AND account_id = ?`, id, accountID)
		if err != nil {
			return err
		}
		if len(ended) == 0 {
			return ErrNotFound
		}
		_, err = s.exec(ctx, `UPDATE grants SET revoked_at = ? WHERE session_id = ? AND account_id = ? AND revoked_at = 0`,
			now, id, accountID)
		return err
	})
}
