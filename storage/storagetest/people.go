package storagetest

import (
	"testing"

	"pratu/storage"
)

// People is the contract of what owners do with their accounts.
func People(t *testing.T, url string) {
	b := browsers{Open(t, url), raw(t, url)}
	t.Run("profile", b.profile)
	t.Run("password", b.password)
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
