package storagetest

import (
	"testing"

	"pratu/storage"
)

// Contacts is the contract of an account's contacts, its password and the links about it.
func Contacts(t *testing.T, url string) {
	a, db := Open(t, url), raw(t, url)
	t.Run("contacts", func(t *testing.T) { contacts(t, a, account(t, db), account(t, db)) })
	t.Run("password", func(t *testing.T) { replacePassword(t, a, account(t, db)) })
	t.Run("links", func(t *testing.T) { linkSubjects(t, a, account(t, db)) })
}

// contacts are found by digests, preferred one of a kind, removed once.
func contacts(t *testing.T, a *storage.Store, id, other string) {
	t.Helper()
	digest := func(text string) []storage.Digest {
		return []storage.Digest{{KeyID: "new", Digest: "new " + text}, {KeyID: "old", Digest: "old " + text}}
	}
	add := func(account, text string, preferred bool, verified storage.Instant) string {
		t.Helper()
		c := storage.Contact{ID: name("contact"), AccountID: account, Kind: "phone", Value: text, Preferred: preferred, AddedAt: start, VerifiedAt: verified}
		ok(t, a.CreateContact(t.Context(), c, digest(text)))
		return c.ID
	}
	first, second := name("+661"), name("+662")
	one, two, note := add(id, first, true, start), add(id, second, false, start), add(id, name("+663"), false, 0)
	for _, key := range []int{0, 1} {
		if held := must[storage.Contact](t)(a.ContactHolder(t.Context(), "phone", digest(second)[key:key+1])); held.ID != two || held.AccountID != id {
			t.Errorf("%+v", held)
		}
	}
	_, err := a.ContactHolder(t.Context(), "email", digest(second))
	fails(t, err, storage.ErrNotFound)
	preferred := func(want string) {
		t.Helper()
		for _, c := range must[[]storage.Contact](t)(a.ContactsOfAccount(t.Context(), id)) {
			if c.Preferred != (c.ID == want) {
				t.Errorf("%s is preferred: %v", c.ID, c.Preferred)
			}
		}
	}
	ok(t, a.PreferContact(t.Context(), id, "phone", two))
	preferred(two)
	fails(t, a.PreferContact(t.Context(), id, "phone", note), storage.ErrNotFound)
	fails(t, a.PreferContact(t.Context(), other, "phone", one), storage.ErrNotFound)
	preferred(two)
	fails(t, a.RemoveContact(t.Context(), other, two), storage.ErrNotFound)
	ok(t, a.RemoveContact(t.Context(), id, two))
	fails(t, a.RemoveContact(t.Context(), id, two), storage.ErrNotFound)
	_, err = a.ContactHolder(t.Context(), "phone", digest(second))
	fails(t, err, storage.ErrNotFound)
	add(other, second, true, start) // it is free again
	ok(t, a.LockAccount(t.Context(), id, start.Add(hour)))
	if row := must[storage.Account](t)(a.AccountByID(t.Context(), id)); row.UpdatedAt != start.Add(hour) {
		t.Errorf("changed at %v", row.UpdatedAt)
	}
	fails(t, a.LockAccount(t.Context(), "nobody", start), storage.ErrNotFound)
}

// replacePassword: a password is replaced in its row, and the first one makes it.
func replacePassword(t *testing.T, a *storage.Store, id string) {
	t.Helper()
	set := func(credential, secret string) {
		t.Helper()
		ok(t, a.ReplacePassword(t.Context(), storage.Credential{ID: credential, AccountID: id, Secret: secret, CreatedAt: start}))
	}
	first := name("credential")
	set(first, "one")
	set(name("credential"), "two")
	fails(t, a.UpdatePasswordHash(t.Context(), first, "one", "three"), storage.ErrNotFound) // a rehash of the old one
	ok(t, a.UpdatePasswordHash(t.Context(), first, "two", "three"))
}

// linkSubjects: links of one purpose and account live side by side when they are about different things.
func linkSubjects(t *testing.T, a *storage.Store, id string) {
	t.Helper()
	link := func(subject string) string {
		t.Helper()
		l := storage.OneTimeLink{ID: name("link"), Purpose: storage.LinkEndSession, AccountID: id, Subject: subject, CreatedAt: start, ExpiresAt: start.Add(day)}
		ok(t, a.CreateLink(t.Context(), l))
		return l.ID
	}
	one, two := link("s1"), link("s2")
	again := link("s1")
	_, err := a.Link(t.Context(), one, storage.LinkEndSession, start)
	fails(t, err, storage.ErrNotFound)
	for l, want := range map[string]string{two: "s2", again: "s1"} {
		if got := must[storage.OneTimeLink](t)(a.Link(t.Context(), l, storage.LinkEndSession, start)); got.Subject != want {
			t.Errorf("%+v", got)
		}
	}
	_, err = a.Link(t.Context(), two, storage.LinkLogin, start)
	fails(t, err, storage.ErrNotFound)
}
