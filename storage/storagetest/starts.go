package storagetest

import (
	"context"
	"testing"
	"time"

	"pratu/storage"
)

// start is what happens to a session that begins.
func (b browsers) start(t *testing.T, n storage.Session, from storage.Start) error {
	t.Helper()
	_, err := b.BeginSession(t.Context(), n, from)
	return err
}

// starts is what a session needs to begin: the password that was proven, the session that it goes on with.
func (b browsers) starts(t *testing.T) {
	id := account(t, b.db)
	ok(t, b.SetPassword(t.Context(), storage.Credential{ID: name("password"), AccountID: id, Secret: "old", CreatedAt: start}))
	begin := func(cookie string, from storage.Start) error {
		return b.start(t, session(id, cookie, start), from)
	}
	ok(t, begin("start one", storage.Start{PasswordAt: start}))
	fails(t, begin("start two", storage.Start{PasswordAt: start - 1}), storage.ErrNotFound)
	fails(t, b.start(t, session(account(t, b.db), "three", start), storage.Start{PasswordAt: start}), storage.ErrNotFound)

	n := b.begin(t, session(id, "going on", start), "")
	fails(t, begin("start elsewhere", storage.Start{OldCookieHash: "start one", From: n.ID}), storage.ErrConflict)
	fails(t, begin("start nowhere", storage.Start{From: n.ID}), storage.ErrConflict)
	ok(t, begin("went on", storage.Start{OldCookieHash: "going on", From: n.ID}))
	fails(t, begin("start twice", storage.Start{OldCookieHash: "going on", From: n.ID}), storage.ErrConflict)
	if list := b.ids(t, "start one", start); list == "" {
		t.Error("what was refused changed something")
	}
	for _, cookie := range []string{"start two", "start elsewhere", "start nowhere", "start twice"} {
		if list := b.ids(t, cookie, start); list != "" {
			t.Errorf("%s: %s", cookie, list)
		}
	}
}

// stale begins sessions with a password while it is replaced and all sessions end: none outlives that. Signing in anew in the
// same browser takes the same rows as the end of all sessions does.
func (b browsers) stale(t *testing.T) {
	for i := range 20 {
		id := account(t, b.db)
		at := start.Add(time.Duration(i) * minute)
		ok(t, b.SetPassword(t.Context(), storage.Credential{ID: name("password"), AccountID: id, Secret: "old", CreatedAt: at}))
		cookie := name("cookie")
		b.begin(t, session(id, cookie, at), "")
		race(t, 4, func(n int) (bool, error) {
			if n == 0 {
				return true, b.InTx(t.Context(), func(ctx context.Context) error {
					err := b.ReplacePassword(ctx, storage.Credential{ID: name("password"), AccountID: id, Secret: "new", CreatedAt: at + 1})
					if err != nil {
						return err
					}
					return b.EndSessionsOfAccount(ctx, id, "", at+1)
				})
			}
			return verdict(b.start(t, session(id, name("cookie"), at), storage.Start{OldCookieHash: cookie, PasswordAt: at}), storage.ErrNotFound)
		})
		if n := number(t, b.db, `SELECT COUNT(*) FROM sessions WHERE ended_at = 0 AND account_id = '`+id+`'`); n != 0 {
			t.Fatalf("%d sessions outlive the password they began with", n)
		}
	}
}
