package storage

import (
	"context"
	"errors"
)

// Answer is what a request with an Idempotency-Key was answered.
type Answer struct {
	ID          string  `db:"id"`          // SHA-256 of client and key
	Fingerprint string  `db:"fingerprint"` // keyed hash of the request
	Answer      string  `db:"answer"`      // sealed; "" while it is being worked on
	CreatedAt   Instant `db:"created_at"`
	ExpiresAt   Instant `db:"expires_at"`
}

// ClaimAnswer begins to work on an answer. If another request has begun, that one's row is returned with ErrExists, unless
// it gave up: then its row, written before stale, is taken over.
func (s *Store) ClaimAnswer(ctx context.Context, a Answer, stale Instant) (before Answer, err error) {
	err = s.InTx(ctx, func(ctx context.Context) error {
		rows, err := s.exec(ctx, `INSERT INTO answers (id, fingerprint, answer, created_at, expires_at) VALUES (?, ?, '', ?, ?)
			ON CONFLICT (id) DO UPDATE SET fingerprint = excluded.fingerprint, answer = '', created_at = excluded.created_at,
			expires_at = excluded.expires_at WHERE answers.expires_at <= excluded.created_at
				OR answers.answer = '' AND answers.created_at <= ?`, a.ID, a.Fingerprint, a.CreatedAt, a.ExpiresAt, stale)
		if err != nil || rows == 1 {
			return err
		}
		if err := s.get(ctx, &before, `SELECT id, fingerprint, answer, created_at, expires_at FROM answers WHERE id = ?`, a.ID); err != nil {
			return err
		}
		return ErrExists
	})
	if errors.Is(err, ErrNotFound) { // given back at the same moment
		err = ErrExists
	}
	return before, err
}

// PutAnswer keeps the answer that was claimed at an instant.
func (s *Store) PutAnswer(ctx context.Context, id, sealed string, claimedAt Instant) error {
	return s.guarded(ctx, `UPDATE answers SET answer = ? WHERE id = ? AND created_at = ? AND answer = ''`, sealed, id, claimedAt)
}

// DropAnswer gives a claim back: what failed may be tried again.
func (s *Store) DropAnswer(ctx context.Context, id string, claimedAt Instant) error {
	_, err := s.exec(ctx, `DELETE FROM answers WHERE id = ? AND created_at = ? AND answer = ''`, id, claimedAt)
	return err
}
