package storagetest

import (
	"context"
	"fmt"
	"io/fs"
	"sync/atomic"
	"testing"
	"time"

	"pratu/migrations"
	"pratu/storage"
)

// Migrations is the contract of the schema's life. The URL is of an empty database.
func Migrations(t *testing.T, url string) {
	const starters = 4
	stores := make([]*storage.Store, starters)
	for i := range stores {
		stores[i] = Open(t, url)
	}
	var applied atomic.Int64
	race(t, starters, func(i int) (bool, error) {
		names, err := stores[i].Migrate(patient(t))
		applied.Add(int64(len(names)))
		return true, err
	})
	_, latest, err := stores[0].MigrationStatus(t.Context())
	ok(t, err)
	files, err := fs.Glob(migrations.Files, "*.sql")
	ok(t, err)
	if n := applied.Load(); n != int64(len(files)) {
		t.Errorf("%d starters applied %d migrations of %d", starters, n, len(files))
	}
	for _, s := range stores {
		current, _, err := s.MigrationStatus(t.Context())
		if err != nil || current != latest {
			t.Errorf("then it has %d of %d, %v", current, latest, err)
		}
		if applied, err := s.Migrate(t.Context()); err != nil || len(applied) != 0 {
			t.Errorf("migrated again: %v, %v", applied, err)
		}
		ok(t, count(t.Context(), s, "works"))
	}
	db := raw(t, url)
	tables := func() int64 {
		if stores[0].Engine() == "postgres" {
			return number(t, db, `SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = 'public'`)
		}
		return number(t, db, `SELECT COUNT(*) FROM sqlite_schema`)
	}
	before := tables()
	yes := map[string]string{"postgres": "TRUE", "sqlite": "1"}[stores[0].Engine()]
	_, err = db.ExecContext(t.Context(), fmt.Sprintf(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (%d, %s)`, latest+1000, yes))
	ok(t, err)
	current, known, err := stores[0].MigrationStatus(t.Context())
	fails(t, err, storage.ErrNewerSchema)
	if current != latest+1000 || known != latest {
		t.Errorf("status of a newer schema: %d, %d", current, known)
	}
	names, err := stores[1].Migrate(t.Context())
	fails(t, err, storage.ErrNewerSchema)
	if len(names) != 0 || tables() != before {
		t.Errorf("a newer schema was touched: %v", names)
	}
}

// Prepared: statements that a connection keeps survive a schema that changes under them, as it does when a newer replica
// migrates beside an older one.
func Prepared(t *testing.T, url string) {
	s, db := Open(t, url), raw(t, url)
	ok(t, s.CreateClient(t.Context(), client("old")))
	use := func() {
		t.Helper()
		for range 20 { // every connection of the pools has the statements
			ok(t, count(t.Context(), s, "prepared"))
			must[storage.Client](t)(s.Client(t.Context(), "old"))
		}
	}
	use()
	for _, change := range []string{
		`ALTER TABLE clients ADD COLUMN extra TEXT NOT NULL DEFAULT ''`,
		`ALTER TABLE limits ADD COLUMN extra BIGINT NOT NULL DEFAULT 0`,
		`CREATE INDEX clients_extra ON clients (extra)`,
		`DROP INDEX clients_extra`,
		`ALTER TABLE clients DROP COLUMN extra`,
	} {
		_, err := db.ExecContext(t.Context(), change)
		ok(t, err)
		use()
	}
	if n := used(t, t.Context(), s, "prepared"); n != 6*20 {
		t.Errorf("counted %d, want %d", n, 6*20)
	}
}

// Statements: what is counted is what is sent, without BEGIN and COMMIT.
func Statements(t *testing.T, s *storage.Store) {
	costs(t, s, 1, func() { ok(t, count(t.Context(), s, "counted")) })
	costs(t, s, 1, func() { used(t, t.Context(), s, "counted") })
	costs(t, s, 1, func() { ok(t, s.CreateClient(t.Context(), client("counted"))) })
	costs(t, s, 0, func() { fails(t, count(t.Context(), s, "\x00"), storage.ErrInvalid) })
}

// BrokenOff is the contract of starters that are stopped while they migrate: they hold up nobody who comes after them. The
// URL is of an empty database.
func BrokenOff(t *testing.T, url string) {
	stopped, next := Open(t, url), Open(t, url) // the pool of the one that was stopped lives on
	for i := range 20 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i)*2*time.Millisecond)
		_, _ = stopped.Migrate(ctx)
		cancel()
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	_, err := next.Migrate(ctx)
	ok(t, err)
}
