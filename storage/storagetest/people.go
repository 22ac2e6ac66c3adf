package storagetest

import (
	"testing"

	"pratu/storage"
)

// People is the contract of what owners do with their accounts.
func People(t *testing.T, url string) {
	b := browsers{Open(t, url), raw(t, url)}
	t.Run("profile", b.profile)
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
