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
	err = s.InTx(ctx, func(ctx context.Context) error {
		tx := s.tx(ctx)
		waiting := len(tx.later)
		writes := append(tx.later, writes...)
		tx.later = nil
		if rows, err = s.apply(ctx, writes); err != nil {
			return s.failure(err)
		}
		for i, w := range writes {
			if rows[i] == 0 && w.none != nil {
				return w.none
			}
		}
		rows = rows[waiting:]
		return nil
	})
	return rows, err
}

// Later has changes of a transaction wait for its next statement, or its commit, whose error is theirs then. Those of an Apply
// go along with them, so what is said there holds for all that may meet. Outside of a transaction they are made at once.
func (s *Store) Later(ctx context.Context, writes ...Write) error {
	if tx, ok := ctx.Value(txKey{s}).(*transaction); ok {
		tx.later = append(tx.later, writes...)
		return nil
	}
	_, err := s.Apply(ctx, writes...)
	return err
}

func (s *Store) flush(ctx context.Context) error {
	if tx, ok := ctx.Value(txKey{s}).(*transaction); !ok || len(tx.later) == 0 {
		return nil
	}
	_, err := s.Apply(ctx)
	return err
}

func (s *Store) apply(ctx context.Context, writes []Write) ([]int64, error) {
	for _, w := range writes {
		if err := storable(w.args); err != nil {
			return nil, err
		}
	}
	rows := make([]int64, len(writes))
	if one := s.together(writes); one != "" {
		var args, dest []any
		for i, w := range writes {
			args, dest = append(args, w.args...), append(dest, &rows[i])
		}
		return rows, s.tx(ctx).QueryRowContext(ctx, one, args...).Scan(dest...)
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

// shape is which statements go together, and as what.
type shape struct {
	beside  bool
	queries [6]string
}

// together is the one statement that several are, or "".
func (s *Store) together(writes []Write) string {
	var key shape
	if len(writes) > len(key.queries) {
		return s.bind(s.dialect.together(writes))
	}
	for i, w := range writes {
		key.queries[i] = w.query
	}
	return s.whole(key, func() string { return s.dialect.together(writes) })
}

// whole is a statement made of others. There are few such statements, and each is long.
func (s *Store) whole(key shape, compose func() string) string {
	if one, ok := s.bound.Load(key); ok {
		return one.(string)
	}
	one := s.write.Rebind(compose())
	s.bound.Store(key, one)
	return one
}

// beside makes a change and reads a row that it doesn't concern, as it was before; no row is ErrNotFound, of either.
func (s *Store) beside(ctx context.Context, dest any, w Write, query string, args ...any) error {
	one := s.whole(shape{true, [6]string{w.query, query}}, func() string { return s.dialect.beside(w.query, query) })
	return s.InTx(ctx, func(ctx context.Context) error {
		if one != "" {
			return s.returning(ctx, dest, one, append(w.args, args...)...)
		}
		if err := s.guarded(ctx, w.query, w.args...); err != nil {
			return err
		}
		return s.get(ctx, dest, query, args...)
	})
}
