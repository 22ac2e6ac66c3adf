package storagetest

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pratu/storage"
)

// Failures is the contract of errors: both engines answer alike.
func Failures(t *testing.T, url string) {
	s := Open(t, url)
	ctx := t.Context()
	t.Run("texts that no column takes", func(t *testing.T) {
		for what, text := range map[string]string{"NUL": "a\x00b", "UTF-8": "a\xffb", "half a character": "ไ"[:2]} {
			c := client("text")
			c.Name = text
			for where, err := range map[string]error{
				"write":     s.CreateClient(ctx, c),
				"read":      func() error { _, err := s.SessionByID(ctx, text); return err }(),
				"list":      func() error { _, err := s.Clients(ctx, text, 1); return err }(),
				"returning": count(ctx, s, text),
			} {
				if want := storage.ErrInvalid; err == nil || !strings.Contains(err.Error(), want.Error()) {
					t.Errorf("%s, %s: got %v, want %v", what, where, err, want)
				}
			}
		}
		for _, text := range []string{"ไทย 🚪", "a'b\"c\\d", "%_", strings.Repeat("x", 100_000)} {
			c := client(name("text"))
			c.Name = text
			ok(t, s.CreateClient(ctx, c))
			if got := must[storage.Client](t)(s.Client(ctx, c.ID)); got.Name != text {
				t.Errorf("%.20q came back as %.20q", text, got.Name)
			}
		}
	})
	t.Run("numbers", func(t *testing.T) {
		for _, at := range []storage.Instant{0, -1, 1<<53 + 1, 1<<63 - 1, -1 << 63} {
			c := client(name("number"))
			c.CreatedAt = at
			ok(t, s.CreateClient(ctx, c))
			if got := must[storage.Client](t)(s.Client(ctx, c.ID)); got.CreatedAt != at {
				t.Errorf("%d came back as %d", at, got.CreatedAt)
			}
		}
	})
	t.Run("the clock is the world's", func(t *testing.T) {
		at := storage.At(must[time.Time](t)(s.Clock(ctx)))
		if now := storage.At(time.Now()); at < now.Add(-minute) || at > now.Add(minute) {
			t.Errorf("the database says %s", at.Time())
		}
	})
	t.Run("closed", func(t *testing.T) {
		s := Open(t, url)
		ok(t, s.Close())
		for where, err := range map[string]error{
			"ping": s.Ping(ctx), "write": count(ctx, s, "closed"),
			"read": func() error { _, err := s.Client(ctx, "x"); return err }(),
			"tx":   s.InTx(ctx, func(context.Context) error { return nil }),
		} {
			if err == nil || !strings.Contains(err.Error(), storage.ErrUnavailable.Error()) {
				t.Errorf("%s: got %v, want %v", where, err, storage.ErrUnavailable)
			}
		}
	})
}

// Crash is the contract of what is left when the program or the database dies between two statements of a transaction.
func Crash(t *testing.T, url string) {
	s := Open(t, url)
	ok(t, count(t.Context(), s, "before"))
	if path, embedded := strings.CutPrefix(url, "sqlite:"); embedded {
		crashSQLite(t, s, path)
	} else {
		crashPostgres(t, s, url)
	}
	ok(t, count(patient(t), s, "after"))
}

// crashSQLite takes the files as they are on the disk in the middle of a transaction, as the death of the process or the
// power leaves them, and opens those.
func crashSQLite(t *testing.T, s *storage.Store, path string) {
	dir := t.TempDir()
	ok(t, s.InTx(t.Context(), func(ctx context.Context) error {
		for range 200 { // enough to reach the files before the commit
			c := client(name("crash"))
			c.Metadata = strings.Repeat("x", 100_000)
			ok(t, s.CreateClient(ctx, c))
		}
		ok(t, count(ctx, s, "within"))
		for _, suffix := range []string{"", "-wal"} {
			file := must[[]byte](t)(os.ReadFile(path + suffix))
			ok(t, os.WriteFile(filepath.Join(dir, "pratu.db"+suffix), file, 0o600))
		}
		return nil
	}))
	after := Open(t, "sqlite:"+filepath.Join(dir, "pratu.db"))
	if b, w := used(t, t.Context(), after, "before"), used(t, t.Context(), after, "within"); b != 1 || w != 0 {
		t.Errorf("after the crash: %d committed, %d uncommitted; want 1 and 0", b, w)
	}
	if list := must[[]storage.Client](t)(after.Clients(t.Context(), "", 10)); len(list) != 0 {
		t.Errorf("%d clients are there", len(list))
	}
	if n := number(t, raw(t, "sqlite:"+filepath.Join(dir, "pratu.db")), `SELECT COUNT(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'`); n != 0 {
		t.Error("the file is damaged")
	}
	ok(t, count(t.Context(), after, "after"))
}

// crashPostgres ends the connection in the middle of a transaction, again and again: none of it is left, the failure says
// that the database was away, and nothing is run twice.
func crashPostgres(t *testing.T, s *storage.Store, url string) {
	db := raw(t, url)
	kill := func() {
		for number(t, db, `SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
			AND backend_type = 'client backend'`) > 0 {
			// Each time anew: a pool may open a connection in the background after it was killed once, and keep it for minutes.
			_, err := db.ExecContext(t.Context(), `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
				WHERE datname = current_database() AND pid <> pg_backend_pid()`)
			ok(t, err)
			time.Sleep(5 * time.Millisecond)
		}
	}
	for range 5 {
		runs := 0
		fails(t, s.InTx(patient(t), func(ctx context.Context) error {
			runs++
			ok(t, count(ctx, s, "within"))
			kill()
			return count(ctx, s, "within")
		}), storage.ErrUnavailable)
		fails(t, s.InTx(patient(t), func(ctx context.Context) error {
			runs++
			ok(t, count(ctx, s, "within"))
			kill()
			return nil // the commit fails
		}), storage.ErrUnavailable)
		if runs != 2 {
			t.Errorf("ran %d times, want 2", runs)
		}
	}
	if b, w := used(t, t.Context(), s, "before"), used(t, t.Context(), s, "within"); b != 1 || w != 0 {
		t.Errorf("after the crashes: %d committed, %d uncommitted; want 1 and 0", b, w)
	}
	// All idle connections are dead. Reads and writes go on by themselves.
	race(t, crowd, func(int) (bool, error) { return true, count(patient(t), s, "idle") })
	kill()
	race(t, crowd, func(int) (bool, error) {
		_, err := s.LimitUsed(patient(t), []string{"idle"}, start)
		return true, err
	})
	kill()
	race(t, crowd, func(int) (bool, error) { return true, count(patient(t), s, "idle") })
	if n := used(t, t.Context(), s, "idle"); n != 2*crowd {
		t.Errorf("counted %d, want %d: something ran twice or not at all", n, 2*crowd)
	}
}
