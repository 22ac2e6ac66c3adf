package storagetest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"pratu/storage"
)

func participant(n storage.Session, client string, back bool) storage.Participant {
	return storage.Participant{SessionID: n.ID, ClientID: client, Subject: "sub-" + client, BackChannel: back, JoinedAt: start}
}

// told: whatever way a session ends, those who take part in it by the back channel are told once, with its commit.
func (b browsers) told(t *testing.T) {
	var told []string
	s := Open(t, b.url)
	s.Tell = func(ctx context.Context, p storage.Participant) (string, error) {
		m := message(name("farewell"), start)
		told = append(told, p.SessionID+" "+p.ClientID+" "+p.Subject)
		return m.ID, s.Enqueue(ctx, m)
	}
	at := start.Add(hour)
	for way, end := range map[string]func(ctx context.Context, n storage.Session) error{
		"sign-out": func(ctx context.Context, n storage.Session) error { _, err := s.EndSession(ctx, n.ID, at); return err },
		"others": func(ctx context.Context, n storage.Session) error {
			return s.EndSessionsOfAccount(ctx, n.AccountID, "", at)
		},
		"device":   func(ctx context.Context, n storage.Session) error { return s.EndDevice(ctx, n.AccountID, n.ID, at) },
		"disowned": func(ctx context.Context, n storage.Session) error { return s.DisownSession(ctx, n, at) },
		"too many": func(ctx context.Context, n storage.Session) error {
			for range storage.MaxSessions {
				if _, err := s.BeginSession(ctx, session(n.AccountID, name("cookie"), at), storage.Start{}); err != nil {
					return err
				}
			}
			return nil
		},
	} {
		told = nil
		n := b.begin(t, session(account(t, b.db), name("cookie"), start), "")
		for _, p := range []storage.Participant{participant(n, "back", false), participant(n, "back", true), participant(n, "front", false)} {
			ok(t, s.JoinSession(t.Context(), p))
		}
		neighbour := b.begin(t, session(account(t, b.db), name("cookie"), start), "")
		ok(t, s.JoinSession(t.Context(), participant(neighbour, "back", true)))
		failure := errors.New("the change failed")
		err := s.InTx(t.Context(), func(ctx context.Context) error { return errors.Join(end(ctx, n), failure) })
		if !errors.Is(err, failure) {
			t.Fatal(err)
		}
		if list := must[[]storage.Farewell](t)(s.Farewells(t.Context(), n.ID)); len(list) != 2 || !list[0].BackChannel || list[1].BackChannel {
			t.Fatalf("%s: %+v", way, list)
		}
		told = nil
		ok(t, end(t.Context(), n))
		if want := []string{n.ID + " back sub-back"}; !slices.Equal(told, want) {
			t.Errorf("%s: told %q, want %q", way, told, want)
		}
		if err := end(t.Context(), n); err != nil && !errors.Is(err, storage.ErrNotFound) {
			t.Error(err)
		}
		if len(told) != 1 {
			t.Errorf("%s: told again", way)
		}
	}
	fails(t, s.JoinSession(t.Context(), storage.Participant{SessionID: "nobody", ClientID: "back"}), storage.ErrConflict)
}

// farewells: the record knows what became of each, and goes with its session.
func (b browsers) farewells(t *testing.T) {
	s := Open(t, b.url)
	s.Tell = func(ctx context.Context, p storage.Participant) (string, error) {
		m := message(p.SessionID+p.ClientID, start)
		return m.ID, s.Enqueue(ctx, m)
	}
	n := b.begin(t, session(account(t, b.db), "f1", start), "")
	for _, client := range []string{"a", "b", "c"} {
		ok(t, s.JoinSession(t.Context(), participant(n, client, client != "c")))
	}
	must[bool](t)(s.EndSession(t.Context(), n.ID, start))
	ok(t, s.MarkDelivered(t.Context(), n.ID+"a", start.Add(minute)))
	ok(t, s.MarkFailed(t.Context(), n.ID+"b", start.Add(minute), "503"))
	ok(t, s.Park(t.Context(), n.ID+"b", start.Add(hour), "400"))
	want := []storage.Farewell{
		{Participant: participant(n, "a", true), DeliveredAt: start.Add(minute)},
		{Participant: participant(n, "b", true), ParkedAt: start.Add(hour), Attempts: 2, LastError: "400"},
		{Participant: participant(n, "c", false)},
	}
	if list := must[[]storage.Farewell](t)(s.Farewells(t.Context(), n.ID)); !slices.Equal(list, want) {
		t.Errorf("%+v", list)
	}
	must[int64](t)(s.Purge(t.Context(), start.Add(storage.KeepSessions)))
	if list := must[[]storage.Farewell](t)(s.Farewells(t.Context(), n.ID)); len(list) != 0 {
		t.Errorf("left: %+v", list)
	}
}

// unspent: a code that nobody exchanged dies with the session, whatever it would have bought.
func (b browsers) unspent(t *testing.T) {
	n := b.begin(t, session(account(t, b.db), "u1", start), "")
	unspent, spent := b.code(t, n, true), b.grant(t, n, true)
	must[bool](t)(b.EndSession(t.Context(), n.ID, start.Add(minute)))
	b.revoked(t, unspent, true)
	b.revoked(t, spent, false)
	fails(t, apply(t.Context(), b.Store, b.UseCode(unspent, start)), storage.ErrNotFound)
}

// AfterCommit is the contract of what waits for a commit: it happens once it is there, or not at all.
func AfterCommit(t *testing.T, s *storage.Store) {
	var log []string
	note := func(ctx context.Context, what string) {
		s.AfterCommit(ctx, func(context.Context) { log = append(log, what) })
	}
	ok(t, s.InTx(t.Context(), func(ctx context.Context) error {
		note(ctx, "first")
		return s.InTx(ctx, func(ctx context.Context) error {
			note(ctx, "inner")
			if len(log) != 0 {
				t.Error("before the commit")
			}
			return nil
		})
	}))
	failure := errors.New("no")
	if err := s.InTx(t.Context(), func(ctx context.Context) error { note(ctx, "never"); return failure }); !errors.Is(err, failure) {
		t.Fatal(err)
	}
	note(t.Context(), "at once")
	if got := strings.Join(log, ", "); got != "first, inner, at once" {
		t.Error(got)
	}
}
