// Package storagetest owns the contract of the store: what every aggregate promises, run on both engines, and the fresh
// databases that all other tests of the house run on. It holds no rule of the directory or the protocol.
package storagetest

import (
	"os"
	"path/filepath"
	"sync"
	"testing"

	"pratu/storage"
)

// engines in the order of their subtests.
var engines = []string{"sqlite", "postgres"}

// Engines runs a subtest on each engine with a fresh, migrated database of its own.
func Engines(t *testing.T, run func(t *testing.T, s *storage.Store)) {
	t.Helper()
	Replicas(t, 1, func(t *testing.T, s []*storage.Store) { run(t, s[0]) })
}

// Replicas is Engines with n stores on the one database, as n processes would have them.
func Replicas(t *testing.T, n int, run func(t *testing.T, s []*storage.Store)) {
	t.Helper()
	Databases(t, func(t *testing.T, url string) {
		stores := make([]*storage.Store, n)
		for i := range stores {
			stores[i] = Open(t, url)
		}
		run(t, stores)
	})
}

// Databases runs a subtest on each engine with the URL of a fresh, migrated database.
func Databases(t *testing.T, run func(t *testing.T, url string)) {
	t.Helper()
	for _, engine := range engines {
		t.Run(engine, func(t *testing.T) { run(t, fresh(t, engine, true)) })
	}
}

// SQLite is the URL of a fresh, migrated embedded database, for tests to which engines make no difference.
func SQLite(t *testing.T) string {
	t.Helper()
	return fresh(t, "sqlite", true)
}

// URLs are fresh databases without a table, by engine, for tests that start the whole program.
func URLs(t *testing.T) map[string]string {
	t.Helper()
	urls := map[string]string{}
	for _, engine := range engines {
		if engine == "postgres" && !available(t) {
			continue
		}
		urls[engine] = fresh(t, engine, false)
	}
	return urls
}

// Open opens a database until the test ends.
func Open(t *testing.T, url string) *storage.Store {
	t.Helper()
	s, err := storage.Open(t.Context(), storage.Options{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// fresh is the URL of a new database that disappears with the test.
func fresh(t *testing.T, engine string, migrated bool) string {
	t.Helper()
	if engine == "postgres" {
		if !available(t) {
			t.Skip(missing)
		}
		return freshPostgres(t, migrated)
	}
	dir, err := os.MkdirTemp("", "pratu-sqlite-") // t.TempDir may have a # in its name
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	path := filepath.Join(dir, "pratu.db")
	if migrated {
		file, err := migratedFile()
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, file, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return "sqlite:" + path
}

// migratedFile is an empty, migrated SQLite database, made once for each test process: copying it is quicker.
var migratedFile = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "pratu-sqlite-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "pratu.db")
	if err := migrate("sqlite:" + path); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})
