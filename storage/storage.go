// Package storage owns the rows: one concrete Store on PostgreSQL or SQLite, one file for each aggregate, one set of
// queries. It knows no rule of the directory or the protocol; what must happen together is for flows to put into InTx.
// Only dialect.go knows which engine runs.
package storage

import (
	"context"
	"database/sql"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/jmoiron/sqlx"
)

// Store is a database. It is safe for concurrent use; replicas share one database and nothing else.
type Store struct {
	// Tell writes to the outbox that a session ended, for one of its participants, and returns the message's id. It is
	// called in the transaction that ends the session. Without it nobody is told.
	Tell func(ctx context.Context, p Participant) (messageID string, err error)

	dialect dialect
	read    *sqlx.DB // SQLite: a pool of readers beside the one writer
	write   *sqlx.DB
	url     string
	counter *counter
	bound   sync.Map // query with ?, or the shape of several → query in the engine's spelling
}

// Options of Open.
type Options struct {
	// URL is sqlite:PATH or postgres://….
	URL string
	// MaxConns bounds the connections to PostgreSQL; 0 takes four for each processor, at least 8.
	MaxConns int
}

// Open connects. It creates no table: see Migrate.
func Open(ctx context.Context, o Options) (*Store, error) {
	s := &Store{url: o.URL, counter: &counter{}}
	var err error
	if s.dialect, err = dialectOf(o.URL); err != nil {
		return nil, err
	}
	if s.read, s.write, err = s.dialect.open(o, s.counter); err != nil {
		return nil, err
	}
	if err := s.Ping(ctx); err != nil {
		_ = s.Close()
		return nil, err
	}
	return s, nil
}

// Close ends all connections, the writer's last: SQLite folds its log into the file when the last one closes, and a
// reader may not.
func (s *Store) Close() error {
	var err error
	if s.read != s.write {
		err = s.read.Close()
	}
	return errors.Join(err, s.write.Close())
}

// Engine is "sqlite" or "postgres".
func (s *Store) Engine() string { return s.dialect.name() }

// Ping asks the database whether it is there.
func (s *Store) Ping(ctx context.Context) error { return s.failure(s.write.PingContext(ctx)) }

// DB is the pool that writes, for the metrics collector and nothing else.
func (s *Store) DB() *sql.DB { return s.write.DB }

// Statements counts the statements sent since the start; BEGIN and COMMIT aren't counted.
func (s *Store) Statements() int64 { return s.counter.statements.Load() }

// Clock is the database's time. Expiry is judged by the replica's clock, so the two must agree.
func (s *Store) Clock(ctx context.Context) (time.Time, error) {
	var at Instant
	err := s.get(ctx, &at, s.dialect.clock())
	return at.Time(), err
}

type txKey struct{ store *Store }

// transaction is one that ctx is in, what waits for its next statement, and what for its commit.
type transaction struct {
	*sqlx.Tx // nil until something is written in AsOne
	begin    func() error
	later    []Write
	after    []func(ctx context.Context)
}

// AfterCommit runs fn once the transaction that ctx is in is committed, at once where there is none. The context that fn gets
// is in no transaction.
func (s *Store) AfterCommit(ctx context.Context, fn func(ctx context.Context)) {
	if tx, ok := ctx.Value(txKey{s}).(*transaction); ok {
		tx.after = append(tx.after, fn)
		return
	}
	fn(ctx)
}

// InTx runs fn in a transaction, joining the one that ctx is in. A serialization failure or deadlock runs fn again, a
// few times, so fn must have no effect outside the database. A write outside InTx gets a transaction of its own:
// lib/pq could run a bare statement twice when a connection dies (lib/pq#939).
func (s *Store) InTx(ctx context.Context, fn func(ctx context.Context) error) error {
	tx, joins := ctx.Value(txKey{s}).(*transaction)
	if !joins {
		return s.attempts(ctx, true, fn)
	}
	if err := tx.begin(); err != nil {
		return s.failure(err)
	}
	return fn(ctx)
}

// AsOne makes one transaction of all that fn writes, which begins with the first of it: a password that is hashed or an
// address that is asked before holds nobody up who wants to write. Like InTx it joins, and may run fn again.
func (s *Store) AsOne(ctx context.Context, fn func(ctx context.Context) error) error {
	if ctx.Value(txKey{s}) != nil {
		return fn(ctx)
	}
	return s.attempts(ctx, false, fn)
}

func (s *Store) attempts(ctx context.Context, writes bool, fn func(ctx context.Context) error) error {
	const attempts = 4
	for attempt := 1; ; attempt++ {
		err := s.once(ctx, writes, fn)
		if err == nil || attempt == attempts || !s.dialect.retryable(err) {
			return s.failure(err)
		}
		select {
		case <-ctx.Done():
			return s.failure(ctx.Err())
		case <-time.After(time.Duration(rand.Int64N(int64(attempt) * int64(10*time.Millisecond)))): //nolint:gosec // how long somebody waits may be guessed
		}
	}
}

func (s *Store) once(outside context.Context, writes bool, fn func(ctx context.Context) error) error {
	tx := &transaction{}
	tx.begin = func() (err error) {
		if tx.Tx == nil {
			tx.Tx, err = s.write.BeginTxx(outside, nil)
		}
		return err
	}
	if writes {
		if err := tx.begin(); err != nil {
			return err
		}
	}
	defer tx.undo()
	ctx := context.WithValue(outside, txKey{s}, tx)
	if err := fn(ctx); err != nil {
		return err
	}
	if err := s.flush(ctx); err != nil {
		return err
	}
	if tx.Tx != nil {
		if err := tx.Commit(); err != nil {
			return err
		}
	}
	for _, fn := range tx.after {
		fn(outside)
	}
	return nil
}

// undo does nothing after a commit; after a panic it frees the connection.
func (tx *transaction) undo() {
	if tx.Tx != nil {
		_ = tx.Rollback()
	}
}

// get reads one row, or ErrNotFound.
func (s *Store) get(ctx context.Context, dest any, query string, args ...any) error {
	if err := storable(args); err != nil {
		return err
	}
	if err := s.flush(ctx); err != nil {
		return err
	}
	return s.failure(sqlx.GetContext(ctx, s.reader(ctx), dest, s.bind(query), args...))
}

// list reads all rows into a slice.
func (s *Store) list(ctx context.Context, dest any, query string, args ...any) error {
	if err := storable(args); err != nil {
		return err
	}
	if err := s.flush(ctx); err != nil {
		return err
	}
	return s.failure(sqlx.SelectContext(ctx, s.reader(ctx), dest, s.bind(query), args...))
}

// exec writes and returns how many rows that concerned.
func (s *Store) exec(ctx context.Context, query string, args ...any) (rows int64, err error) {
	if err := storable(args); err != nil {
		return 0, err
	}
	err = s.InTx(ctx, func(ctx context.Context) error {
		if err := s.flush(ctx); err != nil {
			return err
		}
		result, err := s.tx(ctx).ExecContext(ctx, s.bind(query), args...)
		if err != nil {
			return s.failure(err)
		}
		rows, err = result.RowsAffected()
		return err
	})
	return rows, err
}

// guarded writes under a condition of its own: no row is ErrNotFound.
func (s *Store) guarded(ctx context.Context, query string, args ...any) error {
	rows, err := s.exec(ctx, query, args...)
	if err == nil && rows == 0 {
		return ErrNotFound
	}
	return err
}

// returning writes and reads what was written (UPDATE … RETURNING, DELETE … RETURNING); no row is ErrNotFound.
func (s *Store) returning(ctx context.Context, dest any, query string, args ...any) error {
	if err := storable(args); err != nil {
		return err
	}
	return s.InTx(ctx, func(ctx context.Context) error {
		if err := s.flush(ctx); err != nil {
			return err
		}
		return s.failure(sqlx.GetContext(ctx, s.tx(ctx), dest, s.bind(query), args...))
	})
}

func (s *Store) tx(ctx context.Context) *transaction { return ctx.Value(txKey{s}).(*transaction) }

func (s *Store) reader(ctx context.Context) sqlx.QueryerContext {
	if tx, ok := ctx.Value(txKey{s}).(*transaction); ok && tx.Tx != nil {
		return tx
	}
	return s.read
}

func (s *Store) bind(query string) string {
	if b, ok := s.bound.Load(query); ok {
		return b.(string)
	}
	b := s.write.Rebind(query)
	s.bound.Store(query, b)
	return b
}
