package storage

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
)

// LimitState is how often something was counted in the window that is open.
type LimitState struct {
	ID        string  `db:"id"`
	Used      int64   `db:"used"`
	WindowEnd Instant `db:"window_end"`
}

// LimitCount is a row to count in, how often (0 is once), and how long a window lasts that the count opens.
type LimitCount struct {
	ID     string
	Times  int64
	Window time.Duration
}

// CountLimits counts in each row and returns the states after it, in the order of ids. The first count opens a
// window, and so does the first after it ended. One statement: of any number at once, each gets a number of its own. All
// lock the rows in one order, so that none waits for another in a ring.
func (s *Store) CountLimits(ctx context.Context, counts []LimitCount, now Instant) (list []LimitState, err error) {
	counts = slices.SortedFunc(slices.Values(counts), func(a, b LimitCount) int { return strings.Compare(a.ID, b.ID) })
	var args []any
	for _, c := range counts {
		args = append(args, c.ID, max(c.Times, 1), now.Add(c.Window))
	}
	err = s.InTx(ctx, func(ctx context.Context) error {
		list = nil
		return s.list(ctx, &list, `INSERT INTO limits (id, used, window_end) VALUES `+
			strings.Repeat(`(?, ?, ?), `, len(counts)-1)+`(?, ?, ?)
			ON CONFLICT (id) DO UPDATE SET
			used = CASE WHEN limits.window_end <= ? THEN excluded.used ELSE limits.used + excluded.used END,
			window_end = CASE WHEN limits.window_end <= ? THEN excluded.window_end ELSE limits.window_end END
			RETURNING id, used, window_end`, append(args, now, now)...)
	})
	return list, err
}

// UncountLimits takes back what CountLimits counted.
func (s *Store) UncountLimits(ctx context.Context, counts []LimitCount) error {
	byTimes := map[int64][]string{}
	for _, c := range counts {
		byTimes[max(c.Times, 1)] = append(byTimes[max(c.Times, 1)], c.ID)
	}
	return s.InTx(ctx, func(ctx context.Context) error {
		for times, ids := range byTimes { // the rows are locked already
			if err := s.execIn(ctx, fmt.Sprintf(`UPDATE limits SET used = CASE WHEN used < %d THEN 0 ELSE used - %d END WHERE id IN (?)`, times, times), ids); err != nil {
				return err
			}
		}
		return nil
	})
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

// ResetLimits forgets what was counted.
func (s *Store) ResetLimits(ctx context.Context, ids []string) error {
	return s.execIn(ctx, `DELETE FROM limits WHERE id IN (?)`, ids)
}

// execIn writes to the rows with these ids, of which there must be one at least.
func (s *Store) execIn(ctx context.Context, query string, ids []string) error {
	query, args, err := sqlx.In(query, slices.Sorted(slices.Values(ids)))
	if err != nil {
		return err
	}
	_, err = s.exec(ctx, query, args...)
	return err
}
