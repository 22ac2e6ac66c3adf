package storagetest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pratu/storage"
)

// start is when all contracts happen.
var start = storage.At(time.Date(2026, 5, 17, 9, 30, 0, 0, time.UTC))

const (
	minute = time.Minute
	hour   = time.Hour
	day    = 24 * time.Hour
)

// crowd is how many at once fight over what only one may have.
const crowd = 24

// race runs n at once, all held back until the last one is ready, and returns how many of them won.
func race(t *testing.T, n int, run func(i int) (won bool, err error)) int {
	t.Helper()
	var ready, done sync.WaitGroup
	var won atomic.Int64
	gate := make(chan struct{})
	for i := range n {
		ready.Add(1)
		done.Go(func() {
			ready.Done()
			<-gate
			ok, err := run(i)
			if err != nil {
				t.Error(err)
			}
			if ok {
				won.Add(1)
			}
		})
	}
	ready.Wait()
	close(gate)
	done.Wait()
	return int(won.Load())
}

// verdict reads a guarded statement: no error is a victory, errors that only say "too late" are a defeat.
func verdict(err error, defeats ...error) (won bool, _ error) {
	for _, d := range defeats {
		if errors.Is(err, d) {
			return false, nil
		}
	}
	return err == nil, err
}

func must[T any](t *testing.T) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// fails expects one of storage's errors.
func fails(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got %v, want %v", err, want)
	}
}

// costs expects a number of statements, BEGIN and COMMIT not counted.
func costs(t *testing.T, s *storage.Store, want int64, run func()) {
	t.Helper()
	before := s.Statements()
	run()
	if got := s.Statements() - before; got != want {
		t.Errorf("took %d statements, want %d", got, want)
	}
}

// raw is a way into a database past the store, to prepare what the store never does.
func raw(t *testing.T, url string) *sql.DB {
	t.Helper()
	driver, name := "postgres", url
	if path, embedded := strings.CutPrefix(url, "sqlite:"); embedded {
		driver, name = "sqlite", "file:"+path+"?_pragma=busy_timeout(5000)"
	}
	db, err := sql.Open(driver, name)
	ok(t, err)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// number is the result of a query for one number.
func number(t *testing.T, db *sql.DB, query string) (n int64) {
	t.Helper()
	ok(t, db.QueryRowContext(t.Context(), query).Scan(&n))
	return n
}

// patient is a context for things that must not hang.
func patient(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

var serial atomic.Int64

// name makes an id that no other row of the test process has.
func name(prefix string) string { return fmt.Sprintf("%s-%d", prefix, serial.Add(1)) }

// Exec prepares a database past the store, for tests of other rooms.
func Exec(t *testing.T, url, query string) {
	t.Helper()
	db := raw(t, url)
	defer db.Close()
	_, err := db.ExecContext(t.Context(), query)
	ok(t, err)
}

// Count is the number that a query of another room's test asks for.
func Count(t *testing.T, url, query string) int64 {
	t.Helper()
	db := raw(t, url)
	defer db.Close()
	return number(t, db, query)
}

// apply makes one change.
func apply(ctx context.Context, s *storage.Store, w storage.Write) error {
	_, err := s.Apply(ctx, w)
	return err
}

// Apply makes a change past the flows, for tests of other rooms.
func Apply(t *testing.T, s *storage.Store, w storage.Write) {
	t.Helper()
	ok(t, apply(t.Context(), s, w))
}
