package storage

import "context"

// Purposes of one-time links. The purpose is in every WHERE.
const (
	LinkSetup      = "setup"
	LinkLogin      = "login"
	LinkEndSession = "end-session" // its subject is the session
)

// OneTimeLink is a link that works once.
type OneTimeLink struct {
	ID        string  `db:"id"` // SHA-256 of the token
	Purpose   string  `db:"purpose"`
	AccountID string  `db:"account_id"`
	Subject   string  `db:"subject"` // what it is about besides the account, or ""
	CreatedAt Instant `db:"created_at"`
	ExpiresAt Instant `db:"expires_at"`
	UsedAt    Instant `db:"used_at"`
}

// CreateLink writes one in place of all unused ones of its purpose, account and subject: the newest works.
func (s *Store) CreateLink(ctx context.Context, l OneTimeLink) error {
	return s.InTx(ctx, func(ctx context.Context) error {
		_, err := s.exec(ctx, `DELETE FROM one_time_links WHERE purpose = ? AND account_id = ? AND subject = ? AND used_at = 0`,
			l.Purpose, l.AccountID, l.Subject)
		if err != nil {
			return err
		}
		_, err = s.exec(ctx, `INSERT INTO one_time_links (id, purpose, account_id, subject, created_at, expires_at, used_at)
			VALUES (?, ?, ?, ?, ?, ?, 0)`, l.ID, l.Purpose, l.AccountID, l.Subject, l.CreatedAt, l.ExpiresAt)
		return err
	})
}

// Link reads one that still works.
func (s *Store) Link(ctx context.Context, id, purpose string, now Instant) (l OneTimeLink, err error) {
	err = s.get(ctx, &l, `SELECT id, purpose, account_id, subject, created_at, expires_at, used_at FROM one_time_links
		WHERE id = ? AND purpose = ? AND used_at = 0 AND expires_at > ?`, id, purpose, now)
	return l, err
}

// UseLink spends one: of several at once, all but one get ErrNotFound.
func (s *Store) UseLink(ctx context.Context, id, purpose string, now Instant) error {
	return s.guarded(ctx, `UPDATE one_time_links SET used_at = ? WHERE id = ? AND purpose = ? AND used_at = 0 AND expires_at > ?`,
		now, id, purpose, now)
}
