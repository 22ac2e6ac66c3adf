package storage

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"pratu/migrations"
)

// Migrate applies the migrations that are missing and returns their names. Replicas that start at once wait for the one
// that migrates. It returns ErrNewerSchema and changes nothing when a later program was here.
func (s *Store) Migrate(ctx context.Context) (applied []string, err error) {
	if _, _, err := s.MigrationStatus(ctx); err != nil {
		return nil, err
	}
	for attempt := 1; ; attempt++ {
		names, err := s.up(ctx)
		applied = append(applied, names...)
		// SQLite has no lock that spans transactions: another process may have made the same step first. Each step is one
		// transaction, so that what it did is simply no longer missing.
		if err == nil || attempt == 5 || s.Engine() != "sqlite" || ctx.Err() != nil {
			return applied, s.failure(err)
		}
		time.Sleep(time.Duration(attempt) * 20 * time.Millisecond)
	}
}

// up applies what is missing now; with an error it returns what was applied before.
func (s *Store) up(ctx context.Context) (applied []string, err error) {
	p, err := s.provider()
	if err != nil {
		return nil, err
	}
	results, err := p.Up(ctx)
	var partial *goose.PartialError
	if errors.As(err, &partial) {
		results = partial.Applied
	}
	for _, r := range results {
		applied = append(applied, r.Source.Path)
	}
	return applied, err
}

// MigrationStatus is the version of the database, 0 for an empty one, and the newest one that this program knows.
func (s *Store) MigrationStatus(ctx context.Context) (current, latest int64, err error) {
	p, err := s.provider()
	if err != nil {
		return 0, 0, err
	}
	for _, source := range p.ListSources() {
		latest = max(latest, source.Version)
	}
	if current, err = p.GetDBVersion(ctx); err != nil {
		return 0, latest, s.failure(err)
	}
	if current > latest {
		return current, latest, fmt.Errorf("%w: %d, known is %d", ErrNewerSchema, current, latest)
	}
	return current, latest, nil
}

func (s *Store) provider() (*goose.Provider, error) {
	options := []goose.ProviderOption{goose.WithSlog(slog.New(slog.DiscardHandler))}
	kind := goose.DialectSQLite3
	if s.Engine() == "postgres" {
		kind = goose.DialectPostgres
		options = append(options, goose.WithSessionLocker(migrationLock{}))
	}
	return newProvider(kind, s.write.DB, options)
}

func newProvider(kind goose.Dialect, db *sql.DB, options []goose.ProviderOption) (*goose.Provider, error) {
	p, err := goose.NewProvider(kind, db, migrations.Files, options...)
	if errors.Is(err, goose.ErrNoMigrations) {
		return nil, fmt.Errorf("storage: no migrations are built in: %w", err)
	}
	return p, err
}

// migrationLock lets one replica migrate and the others wait for it. goose's own looks only every five seconds.
type migrationLock struct{}

const migrationPoll = 100 * time.Millisecond

// SessionLock waits for the lock. The connection that has it migrates, without the bounds of a request: an index on a
// large table takes its time.
func (migrationLock) SessionLock(ctx context.Context, conn *sql.Conn) error {
	for {
		var mine bool
		err := conn.QueryRowContext(ctx, `SELECT pg_try_advisory_lock($1)`, lock.DefaultLockID).Scan(&mine)
		if mine {
			_, err = conn.ExecContext(ctx, `SET statement_timeout = 0`)
		}
		if mine || err != nil {
			return abandoned(conn, err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(migrationPoll):
		}
	}
}

// SessionUnlock gives lock and connection back as they were.
func (migrationLock) SessionUnlock(ctx context.Context, conn *sql.Conn) error {
	ctx = context.WithoutCancel(ctx)
	_, unlock := conn.ExecContext(ctx, `SELECT pg_advisory_unlock($1)`, lock.DefaultLockID)
	_, reset := conn.ExecContext(ctx, `RESET statement_timeout`)
	return abandoned(conn, errors.Join(unlock, reset))
}

// abandoned closes a connection with which something failed: the pool would keep it, and with it the lock that it may
// have, for as long as it is idle.
func abandoned(conn *sql.Conn, err error) error {
	if err != nil {
		_ = conn.Raw(func(any) error { return driver.ErrBadConn })
	}
	return err
}
