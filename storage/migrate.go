package storage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"

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
	p, err := s.provider()
	if err != nil {
		return nil, err
	}
	results, err := p.Up(ctx)
	for _, r := range results {
		applied = append(applied, r.Source.Path)
	}
	return applied, s.failure(err)
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
		locker, err := lock.NewPostgresSessionLocker()
		if err != nil {
			return nil, err
		}
		options = append(options, goose.WithSessionLocker(locker))
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
