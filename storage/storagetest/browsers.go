package storagetest

import (
	"strings"
	"testing"

	"pratu/storage"
)

func (b browsers) known(t *testing.T) {
	id, other := account(t, b.db), account(t, b.db)
	for _, who := range []string{id, other} {
		ok(t, b.CreateContact(t.Context(), storage.Contact{ID: name("contact"), AccountID: who, Kind: "email", AddedAt: start, VerifiedAt: start},
			[]storage.Digest{{KeyID: "k", Digest: who}}))
	}
	known := func(accountID, browser string, at storage.Instant, want bool) {
		t.Helper()
		costs(t, b.Store, 1, func() {
			login := must[storage.Login](t)(b.LoginByContact(t.Context(), "email", []storage.Digest{{KeyID: "k", Digest: accountID}}, browser, at))
			if login.Account.ID != accountID || login.Known != want {
				t.Errorf("%s in %s: %+v", accountID, browser, login)
			}
		})
	}
	known(id, "b", start, false)
	know := func(account, browser string, at, until storage.Instant, want bool) {
		t.Helper()
		rows := must[[]int64](t)(b.Apply(t.Context(), b.SeeBrowser(account, browser, "Mozilla", at, until)))
		if (rows[0] == 1) != want {
			t.Errorf("%s in %s was known: %v", account, browser, rows)
		}
		ok(t, b.KnowBrowser(t.Context(), account, browser, "Mozilla", at, until))
	}
	know(id, "b", start, start.Add(day), false)
	know(id, "b", start, start.Add(day), true)
	known(id, "b", start.Add(day)-1, true)
	known(id, "b", start.Add(day), false)
	known(id, "", start, false)
	known(other, "b", start, false)
	know(id, "b", start.Add(day), start.Add(day), false) // it was forgotten
	know(id, "b", start.Add(hour), start.Add(2*day), true)
	known(id, "b", start.Add(day), true)
	seen := func(until, want storage.Instant) { // to be remembered until then, give or take a day
		t.Helper()
		_ = must[[]int64](t)(b.Apply(t.Context(), b.SeeBrowser(id, "b", "Mozilla", start, until)))
		known(id, "b", want-1, true)
		known(id, "b", want, false)
	}
	seen(start.Add(3*day), start.Add(2*day))
	seen(start.Add(3*day)+1, start.Add(3*day)+1)
	seen(start.Add(2*day), start.Add(3*day)+1)
	fails(t, b.KnowBrowser(t.Context(), id, "", "Mozilla", start, start.Add(day)), storage.ErrInvalid)
	fails(t, b.KnowBrowser(t.Context(), "nobody", "b", "Mozilla", start, start.Add(day)), storage.ErrConflict)
	before := func(browser string, oldest storage.Instant, want bool) {
		t.Helper()
		if got := must[bool](t)(b.SignedInBefore(t.Context(), id, browser, oldest)); got != want {
			t.Errorf("signed in before %s: %v", browser, got)
		}
	}
	before("b", 0, false)
	before("c", 0, true)
	before("b", start.Add(1000*day), true)
}

func (b browsers) device(t *testing.T) {
	id, other := account(t, b.db), account(t, b.db)
	here, lost := b.begin(t, session(id, "d1", start), ""), b.begin(t, session(id, "d2", start), "")
	bound, offline, kept := b.grant(t, lost, false), b.grant(t, lost, true), b.grant(t, here, true)
	fails(t, b.EndDevice(t.Context(), other, lost.ID, start.Add(hour)), storage.ErrNotFound)
	b.revoked(t, offline, false)
	won := race(t, crowd, func(int) (bool, error) {
		return verdict(b.EndDevice(t.Context(), id, lost.ID, start.Add(hour)), storage.ErrNotFound)
	})
	if won != 1 {
		t.Errorf("%d ended the same device", won)
	}
	b.expect(t, "d1", start.Add(hour), here)
	b.expect(t, "d2", start.Add(hour))
	b.revoked(t, bound, true)
	b.revoked(t, offline, true)
	b.revoked(t, kept, false)

	know := func(account, browser, agent string, at storage.Instant) {
		t.Helper()
		ok(t, b.KnowBrowser(t.Context(), account, browser, agent, at, start.Add(day)))
	}
	know(id, "old", "Lynx", start)
	know(id, "new", "Mozilla", start.Add(hour))
	know(other, "old", "Lynx", start)
	names := func(accountID string, at storage.Instant) string {
		t.Helper()
		var list []string
		for _, k := range must[[]storage.KnownBrowser](t)(b.KnownBrowsers(t.Context(), accountID, at)) {
			list = append(list, k.BrowserHash+"="+k.UserAgent)
		}
		return strings.Join(list, " ")
	}
	if got := names(id, start.Add(hour)); got != "new=Mozilla old=Lynx" {
		t.Errorf("known in %q", got)
	}
	if got := names(id, start.Add(day)); got != "" {
		t.Errorf("after their time: %q", got)
	}
	ok(t, b.ForgetBrowser(t.Context(), id, "old"))
	fails(t, b.ForgetBrowser(t.Context(), id, "old"), storage.ErrNotFound)
	if got := names(id, start) + " / " + names(other, start); got != "new=Mozilla / old=Lynx" {
		t.Errorf("left: %q", got)
	}
}
