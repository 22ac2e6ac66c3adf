package storage

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jmoiron/sqlx"
)

func openFile(t *testing.T, path string) *Store {
	t.Helper()
	s, err := Open(t.Context(), Options{URL: "sqlite:" + path})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// Settings that are spelled wrong in a DSN are silently none.
func TestSQLiteSettingsAreInForce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pratu.db")
	s := openFile(t, path)
	if _, err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, pool := range map[string]struct {
		db    *sqlx.DB
		conns int
		only  int
	}{"writer": {s.write, 1, 0}, "reader": {s.read, 4, 1}} {
		var held []*sql.Conn
		for range pool.conns { // each connection has settings of its own
			conn, err := pool.db.DB.Conn(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			held = append(held, conn)
			for pragma, want := range map[string]string{
				"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "5000", "query_only": fmt.Sprint(pool.only),
			} {
				var got string
				if err := conn.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got); err != nil || got != want {
					t.Errorf("%s: %s is %s, %v; want %s", name, pragma, got, err, want)
				}
			}
		}
		for _, conn := range held {
			_ = conn.Close()
		}
	}
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if info, err := os.Stat(path + suffix); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", suffix, info.Mode(), err)
		}
	}
	if n := s.write.Stats().MaxOpenConnections; n != 1 {
		t.Errorf("%d writers", n)
	}
	if _, err := s.read.Exec("DELETE FROM limits"); err == nil {
		t.Error("a reader wrote")
	}
}

// A transaction holds the write lock from its beginning: one that reads first and writes later would fail when another
// wrote in between.
func TestSQLiteTransactionsAreImmediate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pratu.db")
	s := openFile(t, path)
	hasty := sql.OpenDB(named{"file:" + path + "?_pragma=busy_timeout(0)", s.write.Driver()})
	defer hasty.Close()
	err := s.InTx(t.Context(), func(ctx context.Context) error {
		if _, err := hasty.Exec("BEGIN IMMEDIATE"); err == nil || !strings.Contains(err.Error(), "locked") {
			t.Errorf("a second writer began: %v", err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestSQLiteClosesForGood(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pratu.db")
	s := openFile(t, path)
	if _, err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Clients(t.Context(), "", 1); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for _, suffix := range []string{"-wal", "-shm"} {
		if _, err := os.Stat(path + suffix); err == nil {
			t.Errorf("%s is left: a copy of the file alone would miss what was committed", suffix)
		}
	}
}

func TestSQLitePaths(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"plain.db", "with space.db", "per%20cent.db", "ไทย.db", "a&b=c;d.db", "colon:.db"} {
		path := filepath.Join(dir, name)
		s := openFile(t, path)
		if _, err := s.Migrate(t.Context()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if info, err := os.Stat(path); err != nil || info.Size() == 0 && fileSize(path+"-wal") == 0 {
			t.Errorf("%s: the data went elsewhere, %v", name, err)
		}
	}
	for _, url := range []string{"sqlite:", "sqlite:" + dir + "/a?mode=memory", "sqlite:" + dir + "/a#b", "sqlite:" + dir, "sqlite:" + dir + "/no/such/dir/a.db"} {
		if s, err := Open(t.Context(), Options{URL: url}); err == nil {
			t.Errorf("%s was opened", url)
			_ = s.Close()
		}
	}
}

func fileSize(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}

func TestPostgresURL(t *testing.T) {
	for raw, want := range map[string][]string{
		"postgres://u:p@db.example/pratu":                    {"sslmode=require", "statement_timeout=10000", "lock_timeout=5000", "connect_timeout=5", "application_name=pratu"},
		"postgres://u:p@localhost:5433/pratu":                {"sslmode=disable"},
		"postgres://u@/pratu?host=/run/postgresql":           {"sslmode=disable", "host=%2Frun%2Fpostgresql"},
		"postgres://db.example/x?sslmode=verify-full":        {"sslmode=verify-full"},
		"postgres://localhost/x?statement_timeout=1&sslmode": {"statement_timeout=1", "lock_timeout=5000"},
	} {
		got, err := postgresDSN(raw)
		if err != nil {
			t.Errorf("%s: %v", raw, err)
		}
		for _, part := range want {
			if !strings.Contains(got, part+"&") && !strings.HasSuffix(got, part) {
				t.Errorf("%s became %s, without %s", raw, got, part)
			}
		}
	}
}

// What can't be opened is said without the password.
func TestURLsDontReachErrors(t *testing.T) {
	for _, url := range []string{
		"postgres://u:hunter2%zz@db/x", "postgres://u:hunter2@db/x?connect_timeout=hunter2", "mysql://u:hunter2@db/x", "hunter2",
		"postgres://u:hunter2@127.0.0.1:1/x",
	} {
		s, err := Open(t.Context(), Options{URL: url})
		if err == nil {
			_ = s.Close()
			t.Errorf("%s was opened", url)
		} else if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("the error quotes the URL: %v", err)
		}
	}
}

func TestPlaceholders(t *testing.T) {
	for url, want := range map[string]string{"sqlite:x": "a ? b ?", "postgres://u@localhost/x": "a $1 b $2"} {
		d, err := dialectOf(url)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(url, "sqlite:") {
			url = "sqlite:" + filepath.Join(t.TempDir(), "x.db")
		}
		read, write, err := d.open(Options{URL: url}, &counter{})
		if err != nil {
			t.Fatal(err)
		}
		s := &Store{dialect: d, read: read, write: write}
		defer s.Close()
		for range 2 {
			if got := s.bind("a ? b ?"); got != want {
				t.Errorf("%s: %s", d.name(), got)
			}
		}
	}
}

func TestPreparedStatementsAreKeptAndBounded(t *testing.T) {
	s := openFile(t, filepath.Join(t.TempDir(), "pratu.db"))
	kept := func() (n int) {
		conn, err := s.write.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		_ = conn.Raw(func(c any) error { n = len(c.(*preparedConn).statements); return nil })
		return n
	}
	err := s.InTx(t.Context(), func(ctx context.Context) error {
		for i := range 3*maxPrepared - 5 {
			for range 2 {
				var n int
				if err := s.get(ctx, &n, fmt.Sprintf("SELECT %d + ?", i), 1); err != nil || n != i+1 {
					return fmt.Errorf("%d: %d, %w", i, n, err)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if n := kept(); n == 0 || n > maxPrepared {
		t.Errorf("%d statements are kept", n)
	}
	before := kept()
	for range 5 {
		if _, err := s.exec(t.Context(), "CREATE TABLE IF NOT EXISTS x (n BIGINT)"); err != nil {
			t.Fatal(err)
		}
	}
	if n := kept() - before; n != 1 {
		t.Errorf("one statement was kept %d times", n)
	}
}

// Every purge finds its batch by an index: tables may have millions of rows.
func TestPurgesUseIndexes(t *testing.T) {
	s := openFile(t, filepath.Join(t.TempDir(), "pratu.db"))
	if _, err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, p := range purges() {
		var steps []struct {
			ID, Parent, NotUsed int
			Detail              string
		}
		if err := s.list(t.Context(), &steps, "EXPLAIN QUERY PLAN "+p.query, 1); err != nil {
			t.Fatal(err)
		}
		for _, step := range steps {
			small := p.name == "client_secrets" // a few for each client
			if strings.HasPrefix(step.Detail, "SCAN") && !small && !strings.Contains(step.Detail, "USING INDEX") {
				t.Errorf("%s: %s", p.name, step.Detail)
			}
		}
		if !strings.Contains(p.query, fmt.Sprintf("LIMIT %d)", purgeBatch)) {
			t.Errorf("%s has another batch", p.name)
		}
	}
}
