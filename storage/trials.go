package storage

import "context"

// Trial is an authorization request by which an administrator tries an application out.
type Trial struct {
	ID        string  `db:"id"` // SHA-256 of the state
	ClientID  string  `db:"client_id"`
	AccountID string  `db:"account_id"` // whose trial it is
	Sealed    string  `db:"sealed"`     // the whole request, and the verifier
	CreatedAt Instant `db:"created_at"`
	ExpiresAt Instant `db:"expires_at"`
}

// CreateTrial writes one.
func (s *Store) CreateTrial(ctx context.Context, t Trial) error {
	_, err := s.exec(ctx, `INSERT INTO trials (id, client_id, account_id, sealed, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?)`,
		t.ID, t.ClientID, t.AccountID, t.Sealed, t.CreatedAt, t.ExpiresAt)
	return err
}

// Trial reads one that goes on.
func (s *Store) Trial(ctx context.Context, id string, now Instant) (t Trial, err error) {
	err = s.get(ctx, &t, `SELECT id, client_id, account_id, sealed, created_at, expires_at FROM trials WHERE id = ? AND expires_at > ?`, id, now)
	return t, err
}

// EndTrial consumes one: of several at once, all but one get ErrNotFound.
func (s *Store) EndTrial(ctx context.Context, id, accountID string, now Instant) error {
	return s.guarded(ctx, `DELETE FROM trials WHERE id = ? AND account_id = ? AND expires_at > ?`, id, accountID, now)
}
