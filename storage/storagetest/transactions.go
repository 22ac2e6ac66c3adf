package storagetest

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"pratu/storage"
)

var errUndo = errors.New("undo")

// used is what is counted for a limit, 0 for nothing.
func used(t *testing.T, ctx context.Context, s *storage.Store, id string) int64 {
	t.Helper()
	list := must[[]storage.LimitState](t)(s.LimitUsed(ctx, []string{id}, start))
	if len(list) == 0 {
		return 0
	}
	return list[0].Used
}

// count writes something that used sees.
func count(ctx context.Context, s *storage.Store, id string) error {
	_, err := s.CountLimits(ctx, []storage.LimitCount{{ID: id, Window: hour}}, start)
	return err
}

// Transactions is the contract of InTx. The stores are two of one database.
func Transactions(t *testing.T, stores []*storage.Store) {
	s, other := stores[0], stores[1]
	t.Run("commit", func(t *testing.T) {
		ok(t, s.InTx(t.Context(), func(ctx context.Context) error {
			ok(t, count(ctx, s, "commit"))
			ok(t, count(ctx, s, "commit"))
			if n := used(t, ctx, s, "commit"); n != 2 {
				t.Errorf("the transaction sees %d of its own writes", n)
			}
			for _, outside := range []*storage.Store{s, other} {
				if n := used(t, t.Context(), outside, "commit"); n != 0 {
					t.Errorf("others see %d before the commit", n)
				}
			}
			return nil
		}))
		if n := used(t, t.Context(), other, "commit"); n != 2 {
			t.Errorf("%d after the commit", n)
		}
	})
	t.Run("rollback", func(t *testing.T) {
		fails(t, s.InTx(t.Context(), func(ctx context.Context) error {
			ok(t, count(ctx, s, "rollback"))
			return errUndo
		}), errUndo)
		if n := used(t, t.Context(), s, "rollback"); n != 0 {
			t.Errorf("%d after a rollback", n)
		}
	})
	t.Run("changes along with each other", func(t *testing.T) { together(t, s) })
	t.Run("a panic rolls back and gives the connection back", func(t *testing.T) {
		for range 20 {
			func() {
				defer func() { _ = recover() }()
				_ = s.InTx(t.Context(), func(ctx context.Context) error {
					ok(t, count(ctx, s, "panic"))
					panic("poison")
				})
			}()
		}
		ok(t, count(patient(t), s, "panic"))
		if n := used(t, t.Context(), s, "panic"); n != 1 {
			t.Errorf("%d after panics and one count", n)
		}
	})
	t.Run("joined", func(t *testing.T) { joined(t, s) })
	t.Run("as one", func(t *testing.T) { asOne(t, s, other) })
	t.Run("a failed statement", func(t *testing.T) {
		fails(t, s.InTx(t.Context(), func(ctx context.Context) error {
			ok(t, count(ctx, s, "failed"))
			c := client("failed")
			ok(t, s.CreateClient(ctx, c))
			return s.CreateClient(ctx, c)
		}), storage.ErrExists)
		if n := used(t, t.Context(), s, "failed"); n != 0 {
			t.Errorf("%d is left of a failed transaction", n)
		}
	})
	t.Run("two that wait for each other", func(t *testing.T) {
		deadlock(t, s, other, "dead", (*storage.Store).InTx)
		deadlock(t, s, other, "dead-one", (*storage.Store).AsOne)
	})
	t.Run("a caller that gives up", func(t *testing.T) { givesUp(t, s) })
}

// joined: a transaction inside another one ends with the outer one and never by itself.
func joined(t *testing.T, s *storage.Store) {
	ok(t, s.InTx(patient(t), func(ctx context.Context) error {
		ok(t, count(ctx, s, "joined"))
		return s.InTx(ctx, func(ctx context.Context) error { return count(ctx, s, "joined") })
	}))
	if n := used(t, t.Context(), s, "joined"); n != 2 {
		t.Errorf("%d after a joined commit", n)
	}
	fails(t, s.InTx(t.Context(), func(ctx context.Context) error {
		ok(t, s.InTx(ctx, func(ctx context.Context) error { return count(ctx, s, "joined") }))
		return errUndo
	}), errUndo)
	if n := used(t, t.Context(), s, "joined"); n != 2 {
		t.Errorf("%d: an inner transaction outlived the outer one", n)
	}
	runs := 0
	fails(t, s.InTx(t.Context(), func(ctx context.Context) error {
		runs++
		ok(t, count(ctx, s, "joined"))
		return s.InTx(ctx, func(ctx context.Context) error { return errUndo })
	}), errUndo)
	if n := used(t, t.Context(), s, "joined"); n != 2 || runs != 1 {
		t.Errorf("%d after %d runs", n, runs)
	}
}

// asOne: nobody waits before the first write; from there on all is one transaction.
func asOne(t *testing.T, s, other *storage.Store) {
	var log []string
	note := func(what string) func(context.Context) {
		return func(ctx context.Context) { log = append(log, what); ok(t, count(ctx, s, "one-after")) }
	}
	for _, failure := range []error{nil, errUndo} {
		fails(t, s.AsOne(patient(t), func(ctx context.Context) error {
			before := used(t, ctx, s, "one")
			ok(t, count(patient(t), s, "one-else"))
			ok(t, count(patient(t), other, "one-else"))
			s.AfterCommit(ctx, note("all"))
			ok(t, s.InTx(ctx, func(ctx context.Context) error {
				s.AfterCommit(ctx, note("part"))
				return count(ctx, s, "one")
			}))
			ok(t, s.AsOne(ctx, func(ctx context.Context) error { return count(ctx, s, "one") }))
			if n, there := used(t, ctx, s, "one"), used(t, t.Context(), other, "one"); n != before+2 || there != before || len(log) != 0 && failure == nil {
				t.Errorf("it sees %d, others %d, done already: %v", n, there, log)
			}
			return failure
		}), failure)
	}
	if n, e, after := used(t, t.Context(), s, "one"), used(t, t.Context(), s, "one-else"), used(t, t.Context(), s, "one-after"); n != 2 || e != 4 || after != 2 || !slices.Equal(log, []string{"all", "part"}) {
		t.Errorf("%d, besides %d and %d, %v", n, e, after, log)
	}
	ok(t, s.AsOne(t.Context(), func(ctx context.Context) error { used(t, ctx, s, "one"); return nil }))
}

// deadlock: on PostgreSQL one of the two is chosen as a victim and runs again; SQLite has one writer at a time.
func deadlock(t *testing.T, s, other *storage.Store, name string, within func(*storage.Store, context.Context, func(context.Context) error) error) {
	one, two := name+"-a", name+"-b"
	ok(t, count(t.Context(), s, one))
	ok(t, count(t.Context(), s, two))
	order := [][2]string{{one, two}, {two, one}}
	won := race(t, 2, func(i int) (bool, error) {
		store := []*storage.Store{s, other}[i]
		err := within(store, patient(t), func(ctx context.Context) error {
			if err := count(ctx, store, order[i][0]); err != nil {
				return err
			}
			time.Sleep(50 * time.Millisecond) // both hold the first before either wants the second
			return count(ctx, store, order[i][1])
		})
		return err == nil, err
	})
	if a, b := used(t, t.Context(), s, one), used(t, t.Context(), s, two); won != 2 || a != 3 || b != 3 {
		t.Errorf("%d were done, counted %d and %d; want 2, 3 and 3", won, a, b)
	}
}

// givesUp: a caller whose time is over while it waits gets its answer at once, and leaves nothing behind.
func givesUp(t *testing.T, s *storage.Store) {
	ok(t, s.InTx(t.Context(), func(ctx context.Context) error {
		ok(t, count(ctx, s, "waits"))
		hasty, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		began := time.Now()
		fails(t, count(hasty, s, "waits"), storage.ErrUnavailable)
		if took := time.Since(began); took > 3*time.Second {
			t.Errorf("it waited for %s", took)
		}
		return nil
	}))
	ok(t, count(patient(t), s, "waits"))
	if n := used(t, t.Context(), s, "waits"); n != 2 {
		t.Errorf("counted %d, want 2", n)
	}
}

// together is the contract of Apply: all or none, each with its count, in one statement where the engine has one.
func together(t *testing.T, s *storage.Store) {
	event := func(id string) storage.Write {
		return s.AppendAudit(storage.AuditEvent{ID: id, At: start, Event: "x", Details: "{}"})
	}
	there := func(id string) bool {
		for _, e := range must[[]storage.AuditID](t)(s.AuditIDs(t.Context(), storage.AuditID{}, 10_000)) {
			if e.ID == id {
				return true
			}
		}
		return false
	}
	unknown := s.SeeBrowser("nobody", "b", "Mozilla", start, start.Add(day))
	one, two, three := name("one"), name("two"), name("three")
	want := map[string]int64{"sqlite": 3, "postgres": 1}[s.Engine()]
	costs(t, s, want, func() {
		rows := must[[]int64](t)(s.Apply(t.Context(), event(one), unknown, s.AppendAudit(storage.AuditEvent{ID: two, Details: "{}"}, storage.AuditEvent{ID: three, Details: "{}"})))
		if !slices.Equal(rows, []int64{1, 0, 2}) {
			t.Errorf("%v rows", rows)
		}
	})
	errGone, lost := errors.New("gone"), name("lost")
	for _, c := range []struct {
		what   string
		writes []storage.Write
		want   error
	}{
		{"of another's row", []storage.Write{event(lost), s.UsePushedRequest("nobody's")}, storage.ErrNotFound},
		{"with a meaning", []storage.Write{s.UsePushedRequest("nobody's").Else(errGone), event(lost)}, errGone},
		{"the first that fails", []storage.Write{event(lost), s.UsePushedRequest("a").Else(errGone), s.UsePushedRequest("b")}, errGone},
		{"taken", []storage.Write{event(lost), event(one)}, storage.ErrExists},
		{"no text", []storage.Write{event(lost), event("\x00")}, storage.ErrInvalid},
	} {
		_, err := s.Apply(t.Context(), c.writes...)
		if fails(t, err, c.want); there(lost) {
			t.Errorf("%s: half of it was written", c.what)
		}
	}
	if !there(one) || !there(three) {
		t.Error("written and not there")
	}
	later(t, s, event, there)
}

// later is the contract of Later: with the next statement, which sees it, or with the commit, and undone like anything else.
func later(t *testing.T, s *storage.Store, event func(id string) storage.Write, there func(id string) bool) {
	one, two, lost := name("one"), name("two"), name("lost")
	costs(t, s, map[string]int64{"sqlite": 2, "postgres": 1}[s.Engine()], func() {
		ok(t, s.InTx(t.Context(), func(ctx context.Context) error {
			ok(t, s.Later(ctx, event(one)))
			rows := must[[]int64](t)(s.Apply(ctx, s.SeeBrowser("nobody", "b", "Mozilla", start, start.Add(day))))
			if !slices.Equal(rows, []int64{0}) {
				t.Errorf("%v rows", rows)
			}
			return nil
		}))
	})
	ok(t, s.InTx(t.Context(), func(ctx context.Context) error { return s.Later(ctx, event(two)) }))
	ok(t, s.Later(t.Context(), event(name("alone"))))
	if !there(one) || !there(two) {
		t.Error("written and not there")
	}
	gone := s.UsePushedRequest("nobody's").Else(errUndo)
	for what, next := range map[string]func(ctx context.Context) error{
		"the commit": func(context.Context) error { return nil },
		"a read":     func(ctx context.Context) error { _, err := s.SessionByID(ctx, "nobody"); return err },
		"a list":     func(ctx context.Context) error { _, err := s.RolesOf(ctx, "nobody"); return err },
		"a write":    func(ctx context.Context) error { return count(ctx, s, "later") },
		"an Apply":   func(ctx context.Context) error { _, err := s.Apply(ctx, event(name("other"))); return err },
	} {
		fails(t, s.InTx(t.Context(), func(ctx context.Context) error {
			ok(t, s.Later(ctx, event(lost), gone))
			return next(ctx)
		}), errUndo)
		if there(lost) {
			t.Errorf("%s: half of it was written", what)
		}
	}
	fails(t, s.InTx(t.Context(), func(ctx context.Context) error {
		ok(t, s.Later(ctx, event(lost)))
		return errUndo
	}), errUndo)
	if there(lost) {
		t.Error("written and undone")
	}
	ok(t, s.InTx(t.Context(), func(ctx context.Context) error {
		ok(t, s.Later(ctx, event(lost)))
		if !slices.ContainsFunc(must[[]storage.AuditID](t)(s.AuditIDs(ctx, storage.AuditID{}, 10_000)), func(e storage.AuditID) bool { return e.ID == lost }) {
			t.Error("a read doesn't see what waited")
		}
		return nil
	}))
}
