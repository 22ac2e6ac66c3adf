package storagetest

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"pratu/storage"
)

// People is the contract of what owners do with their accounts.
func People(t *testing.T, url string) {
	b := browsers{Open(t, url), raw(t, url)}
	t.Run("profile", b.profile)
	t.Run("password", b.password)
	t.Run("applications", b.applications)
}

func (b browsers) applications(t *testing.T) {
	n := b.begin(t, session(account(t, b.db), name("cookie"), start), "")
	other := b.begin(t, session(account(t, b.db), name("cookie"), start), "")
	put := func(accountID, client string) {
		t.Helper()
		ok(t, b.PutConsent(t.Context(), storage.Consent{
			AccountID: accountID, ClientID: client, Scopes: "openid", Claims: "email", GrantedAt: start, ExpiresAt: start.Add(day),
		}))
	}
	put(n.AccountID, "rp")
	put(other.AccountID, "rp")
	used, unused, theirs := b.grant(t, n, true), b.grant(t, n, true), b.grant(t, other, true)
	for _, id := range []string{used, theirs} {
		ok(t, b.UseCode(t.Context(), id, start.Add(1)))
		ok(t, b.CreateToken(t.Context(), storage.Token{
			ID: name("token"), Kind: storage.TokenRefresh, GrantID: id, ClientID: "rp", CreatedAt: start.Add(hour), ExpiresAt: start.Add(day),
		}))
	}
	access := func(at storage.Instant) []storage.Access {
		t.Helper()
		return must[[]storage.Access](t)(b.AccessOfAccount(t.Context(), n.AccountID, at))
	}
	if diff := cmp.Diff([]storage.Access{{ClientID: "rp", Since: start, UsedAt: start.Add(hour)}}, access(start.Add(hour))); diff != "" {
		t.Error(diff)
	}
	if got := access(start.Add(30 * day)); len(got) != 0 {
		t.Errorf("after its time: %+v", got)
	}
	if list := must[[]storage.Consent](t)(b.ConsentsOfAccount(t.Context(), n.AccountID, start)); len(list) != 1 || list[0].Claims != "email" {
		t.Errorf("consents %+v", list)
	}
	if list := must[[]storage.Consent](t)(b.ConsentsOfAccount(t.Context(), n.AccountID, start.Add(day))); len(list) != 0 {
		t.Errorf("expired consents %+v", list)
	}
	for _, client := range []string{"", "another"} {
		if must[bool](t)(b.RevokeClient(t.Context(), n.AccountID, client, start.Add(hour))) {
			t.Errorf("client %q had something", client)
		}
	}
	b.revoked(t, used, false)
	won := race(t, crowd, func(int) (bool, error) { return b.RevokeClient(t.Context(), n.AccountID, "rp", start.Add(hour)) })
	if won != 1 || len(access(start.Add(hour))) != 0 {
		t.Errorf("%d took it away", won)
	}
	b.revoked(t, used, true)
	b.revoked(t, unused, true)
	b.revoked(t, theirs, false)
	if list := must[[]storage.Consent](t)(b.ConsentsOfAccount(t.Context(), other.AccountID, start)); len(list) != 1 {
		t.Error("somebody else's consent is gone")
	}
}

func (b browsers) password(t *testing.T) {
	id, other := account(t, b.db), account(t, b.db)
	_, err := b.Password(t.Context(), id)
	fails(t, err, storage.ErrNotFound)
	set := func(accountID, secret string, at storage.Instant) {
		t.Helper()
		ok(t, b.SetPassword(t.Context(), storage.Credential{ID: name("credential"), AccountID: accountID, Secret: secret, CreatedAt: at}))
	}
	race(t, crowd, func(i int) (bool, error) {
		return true, b.SetPassword(t.Context(), storage.Credential{ID: name("credential"), AccountID: id, Secret: name("first"), CreatedAt: start})
	})
	set(other, "theirs", start)
	set(id, "second", start.Add(hour))
	if c := must[storage.Credential](t)(b.Password(t.Context(), id)); c.Secret != "second" || c.CreatedAt != start.Add(hour) || c.Kind != "password" {
		t.Errorf("%+v", c)
	}
	if c := must[storage.Credential](t)(b.Password(t.Context(), other)); c.Secret != "theirs" {
		t.Errorf("somebody else's: %+v", c)
	}
	for _, hash := range []string{"this", "that", "another"} {
		must[bool](t)(b.KnowBrowser(t.Context(), id, hash, "", start, start.Add(day)))
	}
	ok(t, b.ForgetBrowsers(t.Context(), id, "this"))
	if list := must[[]storage.KnownBrowser](t)(b.KnownBrowsers(t.Context(), id, start)); len(list) != 1 || list[0].BrowserHash != "this" {
		t.Errorf("known: %+v", list)
	}
}

func (b browsers) profile(t *testing.T) {
	id, other := account(t, b.db), account(t, b.db)
	old := must[storage.Account](t)(b.AccountByID(t.Context(), id)).Profile
	won := race(t, crowd, func(int) (bool, error) {
		return verdict(b.UpdateProfile(t.Context(), id, old, `{"name":"`+name("n")+`"}`, start), storage.ErrNotFound)
	})
	if won != 1 {
		t.Errorf("%d wrote over each other", won)
	}
	ok(t, b.SetLocale(t.Context(), id, "en", start.Add(hour)))
	fails(t, b.SetLocale(t.Context(), "nobody", "en", start), storage.ErrNotFound)
	if a := must[storage.Account](t)(b.AccountByID(t.Context(), id)); a.Locale != "en" || a.UpdatedAt != start.Add(hour) || a.Profile == old {
		t.Errorf("%+v", a)
	}
	if a := must[storage.Account](t)(b.AccountByID(t.Context(), other)); a.Locale != "th" || a.UpdatedAt != 2 {
		t.Errorf("somebody else's: %+v", a)
	}
}
