package storagetest

import (
	"testing"

	"pratu/storage"
)

// Passkeys is the contract of passkeys.
func Passkeys(t *testing.T, url string) {
	b := browsers{Store: Open(t, url), db: raw(t, url)}
	t.Run("as many as may be", b.passkeyCount)
	t.Run("use", b.passkeyUse)
	t.Run("the last way in", b.passkeyLast)
	t.Run("two at once", b.passkeyRace)
}

func passkey(accountID string) storage.Passkey {
	return storage.Passkey{
		ID: name("passkey"), AccountID: accountID, UserHandle: "handle of " + accountID, Name: "Phone", Credential: `{"n":1}`, CreatedAt: start,
	}
}

func (b browsers) passkeyCount(t *testing.T) {
	owner := account(t, b.db)
	first := passkey(owner)
	ok(t, b.CreatePasskey(t.Context(), first, 2))
	fails(t, b.CreatePasskey(t.Context(), first, 2), storage.ErrExists)
	foreign := passkey(owner)
	foreign.UserHandle = "another"
	fails(t, b.CreatePasskey(t.Context(), foreign, 2), storage.ErrConflict)
	fails(t, b.CreatePasskey(t.Context(), passkey("nobody"), 2), storage.ErrNotFound)
	won := race(t, crowd, func(int) (bool, error) {
		return verdict(b.CreatePasskey(patient(t), passkey(owner), 2), storage.ErrConflict)
	})
	if list := must[[]storage.Passkey](t)(b.PasskeysOf(t.Context(), owner)); won != 1 || len(list) != 2 || list[0] != first {
		t.Errorf("%d were made: %+v", won, list)
	}
}

func (b browsers) passkeyUse(t *testing.T) {
	p := passkey(account(t, b.db))
	ok(t, b.CreatePasskey(t.Context(), p, 9))
	won := race(t, crowd, func(int) (bool, error) {
		return verdict(b.UsePasskey(patient(t), p.ID, p.Credential, `{"n":2}`, start.Add(hour)), storage.ErrNotFound)
	})
	l := must[storage.PasskeyLogin](t)(b.PasskeyLogin(t.Context(), p.ID))
	if won != 1 || l.Credential != `{"n":2}` || l.LastUsedAt != start.Add(hour) || l.Status != storage.StatusActive {
		t.Errorf("%d uses: %+v", won, l)
	}
	ok(t, b.RenamePasskey(t.Context(), p.AccountID, p.ID, "Laptop"))
	fails(t, b.RenamePasskey(t.Context(), "another", p.ID, "Mine"), storage.ErrNotFound)
	if l := must[storage.PasskeyLogin](t)(b.PasskeyLogin(t.Context(), p.ID)); l.Name != "Laptop" {
		t.Errorf("%+v", l)
	}
	_, err := b.PasskeyLogin(t.Context(), "unknown")
	fails(t, err, storage.ErrNotFound)
}

func (b browsers) passkeyLast(t *testing.T) {
	p := passkey(account(t, b.db))
	ok(t, b.CreatePasskey(t.Context(), p, 9))
	_, err := b.DeletePasskey(t.Context(), p.AccountID, p.ID)
	fails(t, err, storage.ErrConflict)
	_, err = b.DeletePasskey(t.Context(), account(t, b.db), p.ID)
	fails(t, err, storage.ErrNotFound)
	ok(t, b.CreateCredential(t.Context(), storage.Credential{ID: name("password"), AccountID: p.AccountID, Kind: "password", Secret: "x"}))
	if w := must[storage.WaysIn](t)(b.WaysIn(t.Context(), p.AccountID)); w != (storage.WaysIn{Passwords: 1, Passkeys: 1}) {
		t.Errorf("%+v", w)
	}
	if gone := must[storage.Passkey](t)(b.DeletePasskey(t.Context(), p.AccountID, p.ID)); gone != p {
		t.Errorf("%+v", gone)
	}
}

// Two passkeys that are deleted at the same moment would each see the other as the way that is left.
func (b browsers) passkeyRace(t *testing.T) {
	owner := account(t, b.db)
	var all [crowd]storage.Passkey
	for i := range all {
		all[i] = passkey(owner)
		ok(t, b.CreatePasskey(t.Context(), all[i], crowd))
	}
	won := race(t, crowd, func(i int) (bool, error) {
		_, err := b.DeletePasskey(patient(t), owner, all[i].ID)
		return verdict(err, storage.ErrConflict)
	})
	if list := must[[]storage.Passkey](t)(b.PasskeysOf(t.Context(), owner)); won != crowd-1 || len(list) != 1 {
		t.Errorf("%d are left", len(list))
	}
}
