package storage

import (
	"context"
	"time"

	"github.com/jmoiron/sqlx"
)

// LimitState is how often something was counted in the window that is open.
type LimitState struct {
	ID        string  `db:"id"`
	Used      int64   `db:"used"`
	WindowEnd Instant `db:"window_end"`
}

// CountLimit counts one and returns the state after it. The first count opens a window, and so does the first after it
// ended. One statement: of any number at once, each gets a number of its own.
func (s *Store) CountLimit(ctx context.Context, id string, now Instant, window time.Duration) (state LimitState, err error) {
	err = s.returning(ctx, &state, `INSERT INTO limits (id, used, window_end) VALUES (?, 1, ?)
		ON CONFLICT (id) DO UPDATE SET
		used = CASE WHEN limits.window_end <= ? THEN 1 ELSE limits.used + 1 END,
		window_end = CASE WHEN limits.window_end <= ? THEN excluded.window_end ELSE limits.window_end END
		RETURNING id, used, window_end`, id, now.Add(window), now, now)
	return state, err
}

// LimitUsed reads the states that have an open window; the others have used nothing.
func (s *Store) LimitUsed(ctx context.Context, ids []string, now Instant) ([]LimitState, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	query, args, err := sqlx.In(`SELECT id, used, window_end FROM limits WHERE id IN (?) AND window_end > ?`, ids, now)
	if err != nil {
		return nil, err
	}
	var list []LimitState
	err = s.list(ctx, &list, query, args...)
	return list, err
}

// ResetLimit forgets what was counted.
func (s *Store) ResetLimit(ctx context.Context, id string) error {
	_, err := s.exec(ctx, `DELETE FROM limits WHERE id = ?`, id)
	return err
}
