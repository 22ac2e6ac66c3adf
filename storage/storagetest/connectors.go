package storagetest

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"pratu/storage"
)

// Connectors is the contract of connectors, and of browsers on their way to one and back.
func Connectors(t *testing.T, url string) {
	s := Open(t, url)
	t.Run("a connector", func(t *testing.T) {
		c := connector(name("connector"))
		ok(t, s.CreateConnector(t.Context(), c))
		fails(t, s.CreateConnector(t.Context(), c), storage.ErrExists)
		was := c.UpdatedAt
		c.Name, c.ClientID, c.Secret, c.Settings, c.DisabledAt, c.UpdatedAt = "n", "id", "s", `{"a":1}`, start, start.Add(hour)
		ok(t, s.UpdateConnector(t.Context(), c, was))
		fails(t, s.UpdateConnector(t.Context(), c, was), storage.ErrConflict)
		if diff := cmp.Diff([]storage.Connector{c}, must[[]storage.Connector](t)(s.Connectors(t.Context()))); diff != "" {
			t.Error(diff)
		}
		ok(t, s.DeleteConnector(t.Context(), c.ID))
		fails(t, s.DeleteConnector(t.Context(), c.ID), storage.ErrNotFound)
	})
	request := func() storage.FederationRequest {
		r := storage.FederationRequest{
			ID: name("request"), Purpose: storage.FederationSignIn, ConnectorID: "google", AccountID: "a", SessionID: "s", ClientID: "rp",
			Interaction: "i", BrowserHash: "b", Sealed: "sealed", CreatedAt: start, ExpiresAt: start.Add(minute),
		}
		ok(t, s.CreateFederationRequest(t.Context(), r))
		return r
	}
	t.Run("a way back is gone once", func(t *testing.T) {
		r := request()
		_, err := s.UseFederationRequest(t.Context(), r.ID, "another", start)
		fails(t, err, storage.ErrNotFound)
		won := race(t, crowd, func(int) (bool, error) {
			got, err := s.UseFederationRequest(patient(t), r.ID, r.ConnectorID, r.ExpiresAt-1)
			if err == nil && got != r {
				t.Errorf("%+v", got)
			}
			return verdict(err, storage.ErrNotFound)
		})
		if won != 1 {
			t.Errorf("it was gone %d times", won)
		}
		late := request()
		_, err = s.UseFederationRequest(t.Context(), late.ID, late.ConnectorID, late.ExpiresAt)
		fails(t, err, storage.ErrNotFound)
	})
	t.Run("an answer is parked once", func(t *testing.T) {
		r := request()
		fails(t, s.ParkFederationAnswer(t.Context(), r.ID, "another", "code", start), storage.ErrNotFound)
		fails(t, s.ParkFederationAnswer(t.Context(), r.ID, r.ConnectorID, "code", r.ExpiresAt), storage.ErrNotFound)
		ok(t, s.ParkFederationAnswer(t.Context(), r.ID, r.ConnectorID, "code", start))
		fails(t, s.ParkFederationAnswer(t.Context(), r.ID, r.ConnectorID, "another", start), storage.ErrNotFound)
		if got := must[storage.FederationRequest](t)(s.UseFederationRequest(t.Context(), r.ID, r.ConnectorID, start)); got.Answer != "code" {
			t.Errorf("%+v", got)
		}
	})
}

func connector(id string) storage.Connector {
	return storage.Connector{ID: id, Kind: "oidc", Name: "ที่อื่น", ClientID: "pratu", Secret: "sealed", Settings: `{}`, CreatedAt: start, UpdatedAt: start}
}

// Identities is the contract of who somebody is elsewhere.
func Identities(t *testing.T, url string) {
	b := browsers{Store: Open(t, url), db: raw(t, url)}
	t.Run("one identity has one account", b.identityOnce)
	t.Run("as many as may be", b.identityCount)
	t.Run("use", b.identityUse)
	t.Run("the last way in", b.identityLast)
	t.Run("two at once", b.identityRace)
}

func identity(accountID string) storage.Identity {
	return storage.Identity{
		ID: name("identity"), AccountID: accountID, Namespace: "https://idp.test", Subject: name("subject"), ConnectorID: "off",
		Email: "sealed", LinkedAt: start,
	}
}

func (b browsers) identityOnce(t *testing.T) {
	subject := name("subject")
	won := race(t, crowd, func(int) (bool, error) {
		i := identity(account(t, b.db))
		i.Subject = subject
		return verdict(b.CreateIdentity(patient(t), i, 9), storage.ErrExists)
	})
	if won != 1 {
		t.Errorf("%d have it", won)
	}
	elsewhere := identity(account(t, b.db))
	elsewhere.Subject, elsewhere.Namespace = subject, "https://another.test"
	ok(t, b.CreateIdentity(t.Context(), elsewhere, 9))
	l := must[storage.IdentityLogin](t)(b.IdentityLogin(t.Context(), elsewhere.Namespace, subject))
	if l.Identity != elsewhere || l.Status != storage.StatusActive {
		t.Errorf("%+v", l)
	}
	_, err := b.IdentityLogin(t.Context(), "https://third.test", subject)
	fails(t, err, storage.ErrNotFound)
	fails(t, b.CreateIdentity(t.Context(), identity("nobody"), 9), storage.ErrNotFound)
}

func (b browsers) identityCount(t *testing.T) {
	owner, by := account(t, b.db), name("connector")
	won := race(t, crowd, func(int) (bool, error) {
		i := identity(owner)
		i.ConnectorID = by
		return verdict(b.CreateIdentity(patient(t), i, 2), storage.ErrConflict)
	})
	for most, want := range map[int]int{1: 1, 5: 2} {
		if n := must[int](t)(b.CountIdentities(t.Context(), by, most)); n != want {
			t.Errorf("%d of at most %d came by it", n, most)
		}
	}
	if list := must[[]storage.Identity](t)(b.IdentitiesOf(t.Context(), owner)); won != 2 || len(list) != 2 {
		t.Errorf("%d were made: %+v", won, list)
	}
}

func (b browsers) identityUse(t *testing.T) {
	i := identity(account(t, b.db))
	ok(t, b.CreateIdentity(t.Context(), i, 9))
	i.ConnectorID, i.Email = "another", ""
	ok(t, b.UseIdentity(t.Context(), i, start.Add(hour)))
	i.LastUsedAt = start.Add(hour)
	if l := must[storage.IdentityLogin](t)(b.IdentityLogin(t.Context(), i.Namespace, i.Subject)); l.Identity != i {
		t.Errorf("%+v", l)
	}
	i.AccountID = "another"
	fails(t, b.UseIdentity(t.Context(), i, start), storage.ErrNotFound)
}

// An identity whose connector is switched off, or gone, lets nobody in.
func (b browsers) identityLast(t *testing.T) {
	on := connector(name("connector"))
	ok(t, b.CreateConnector(t.Context(), on))
	i := identity(account(t, b.db))
	i.ConnectorID = on.ID
	ok(t, b.CreateIdentity(t.Context(), i, 9))
	last := func(want error) {
		t.Helper()
		_, err := b.DeleteIdentity(t.Context(), i.AccountID, i.ID)
		fails(t, err, want)
	}
	last(storage.ErrConflict)
	off := identity(i.AccountID)
	ok(t, b.CreateIdentity(t.Context(), off, 9))
	last(storage.ErrConflict)
	if w := must[storage.WaysIn](t)(b.WaysIn(t.Context(), i.AccountID)); w != (storage.WaysIn{Identities: 1}) {
		t.Errorf("%+v", w)
	}
	_, err := b.DeleteIdentity(t.Context(), account(t, b.db), i.ID)
	fails(t, err, storage.ErrNotFound)
	if gone := must[storage.Identity](t)(b.DeleteIdentity(t.Context(), off.AccountID, off.ID)); gone != off {
		t.Errorf("%+v", gone)
	}
	p := passkey(i.AccountID)
	ok(t, b.CreatePasskey(t.Context(), p, 9))
	if gone := must[storage.Passkey](t)(b.DeletePasskey(t.Context(), p.AccountID, p.ID)); gone != p { // the identity is left
		t.Errorf("%+v", gone)
	}
	ok(t, b.CreatePasskey(t.Context(), p, 9))
	if gone := must[storage.Identity](t)(b.DeleteIdentity(t.Context(), i.AccountID, i.ID)); gone != i {
		t.Errorf("%+v", gone)
	}
	last(storage.ErrNotFound)
}

func (b browsers) identityRace(t *testing.T) {
	on := connector(name("connector"))
	ok(t, b.CreateConnector(t.Context(), on))
	owner := account(t, b.db)
	var all [crowd]storage.Identity
	for n := range all {
		all[n] = identity(owner)
		all[n].ConnectorID = on.ID
		ok(t, b.CreateIdentity(t.Context(), all[n], crowd))
	}
	won := race(t, crowd, func(n int) (bool, error) {
		_, err := b.DeleteIdentity(patient(t), owner, all[n].ID)
		return verdict(err, storage.ErrConflict)
	})
	if list := must[[]storage.Identity](t)(b.IdentitiesOf(t.Context(), owner)); won != crowd-1 || len(list) != 1 {
		t.Errorf("%d are left", len(list))
	}
}
