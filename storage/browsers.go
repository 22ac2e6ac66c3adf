package storage

import (
	"context"
	"time"
)

// KnowsBrowser tells whether an account signed in to a browser before.
func (s *Store) KnowsBrowser(ctx context.Context, accountID, browserHash string, now Instant) (known bool, err error) {
	err = s.get(ctx, &known, `SELECT EXISTS (SELECT 1 FROM known_browsers WHERE account_id = ? AND browser_hash = ? AND expires_at > ?)`,
		accountID, browserHash, now)
	return known, err
}

// SeeBrowser remembers that an account signed in once more to a browser that it knows, and what that calls itself; another
// one is no row and no error. It is remembered until expiresAt or up to a day less: what an index has is written anew only when
// it changes.
func (s *Store) SeeBrowser(accountID, browserHash, userAgent string, now, expiresAt Instant) Write {
	return Write{query: `UPDATE known_browsers SET user_agent = ?, last_seen_at = ?, expires_at = CASE WHEN expires_at < ? THEN ?
		ELSE expires_at END WHERE account_id = ? AND browser_hash = ? AND expires_at > ?`,
		args: []any{userAgent, now, expiresAt.Add(-24 * time.Hour), expiresAt, accountID, browserHash, now}}
}

// KnowBrowser remembers that an account signed in to a browser.
func (s *Store) KnowBrowser(ctx context.Context, accountID, browserHash, userAgent string, now, expiresAt Instant) error {
	if browserHash == "" {
		return ErrInvalid // every browser without a cookie would be known
	}
	_, err := s.exec(ctx, `INSERT INTO known_browsers (account_id, browser_hash, user_agent, last_seen_at, expires_at)
		VALUES (?, ?, ?, ?, ?) ON CONFLICT (account_id, browser_hash) DO UPDATE SET user_agent = excluded.user_agent,
		last_seen_at = excluded.last_seen_at, expires_at = excluded.expires_at`, accountID, browserHash, userAgent, now, expiresAt)
	return err
}

// SignedInBefore tells whether an account signed in with another browser, or is so old that its browsers are forgotten.
func (s *Store) SignedInBefore(ctx context.Context, accountID, browserHash string, oldest Instant) (before bool, err error) {
	err = s.get(ctx, &before, `SELECT a.created_at < ? OR EXISTS (SELECT 1 FROM known_browsers b WHERE b.account_id = a.id
		AND b.browser_hash <> ?) FROM accounts a WHERE a.id = ?`, oldest, browserHash, accountID)
	return before, err
}

// DisownSession ends a session that its account's owner doesn't know: it revokes all grants that it began, even those that
// outlive other sessions, and forgets its browser.
func (s *Store) DisownSession(ctx context.Context, n Session, now Instant) error {
	return s.InTx(ctx, func(ctx context.Context) error {
		if _, err := s.EndSession(ctx, n.ID, now); err != nil {
			return err
		}
		if _, err := s.exec(ctx, `UPDATE grants SET revoked_at = ? WHERE session_id = ? AND revoked_at = 0`, now, n.ID); err != nil {
			return err
		}
		_, err := s.exec(ctx, `DELETE FROM known_browsers WHERE account_id = ? AND last_seen_at = ?`, n.AccountID, n.CreatedAt)
		return err
	})
}
