package storage

import "context"

// Write is one statement that changes rows, for Apply.
type Write struct {
	query string
	args  []any
	none  error // what it means that no row was concerned, or nil
}

// guard is a write under a condition of its own: no row is ErrNotFound.
func guard(query string, args ...any) Write { return Write{query, args, ErrNotFound} }

// Else is the write with an error of the caller's in place of ErrNotFound.
func (w Write) Else(err error) Write {
	w.none = err
	return w
}

// Apply makes changes that don't touch or depend on one another's rows, all or none, and returns how many rows each
// concerned. PostgreSQL gets them in one round trip: the way there and back is most of what a small statement costs.
func (s *Store) Apply(ctx context.Context, writes ...Write) (rows []int64, err error) {
	for _, w := range writes {
		if err := storable(w.args); err != nil {
			return nil, err
		}
	}
	err = s.InTx(ctx, func(ctx context.Context) error {
		if rows, err = s.apply(ctx, writes); err != nil {
			return s.failure(err)
		}
		for i, w := range writes {
			if rows[i] == 0 && w.none != nil {
				return w.none
			}
		}
		return nil
	})
	return rows, err
}

func (s *Store) apply(ctx context.Context, writes []Write) ([]int64, error) {
	rows := make([]int64, len(writes))
	if one := s.dialect.together(writes); one != "" {
		var args, dest []any
		for i, w := range writes {
			args, dest = append(args, w.args...), append(dest, &rows[i])
		}
		return rows, s.tx(ctx).QueryRowContext(ctx, s.bind(one), args...).Scan(dest...)
	}
	for i, w := range writes {
		result, err := s.tx(ctx).ExecContext(ctx, s.bind(w.query), w.args...)
		if err != nil {
			return nil, err
		}
		if rows[i], err = result.RowsAffected(); err != nil {
			return nil, err
		}
	}
	return rows, nil
}
