package storagetest

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pratu/storage"
)

// People is the contract of what owners do with their accounts.
func People(t *testing.T, url string) {
	b := browsers{Store: Open(t, url), db: raw(t, url)}
	t.Run("profile", b.profile)
	t.Run("password", b.password)
	t.Run("applications", b.applications)
	t.Run("closed and kept", b.kept)
	t.Run("erased", b.erased)
}

func (b browsers) kept(t *testing.T) {
	id := account(t, b.db)
	ok(t, b.CloseAccount(t.Context(), id, start, start.Add(30*day)))
	fails(t, b.CloseAccount(t.Context(), id, start, start.Add(60*day)), storage.ErrNotFound)
	if at := must[storage.Instant](t)(b.EraseAt(t.Context(), id)); at != start.Add(30*day) {
		t.Errorf("to be erased at %d", at)
	}
	fails(t, b.ClaimErasure(t.Context(), id, start.Add(30*day)-1), storage.ErrNotFound)
	fails(t, b.KeepAccount(t.Context(), id, start.Add(30*day)), storage.ErrNotFound)
	won := race(t, crowd, func(int) (bool, error) {
		return verdict(b.KeepAccount(t.Context(), id, start.Add(30*day)-1), storage.ErrNotFound)
	})
	if a := must[storage.Account](t)(b.AccountByID(t.Context(), id)); won != 1 || a.Status != storage.StatusActive {
		t.Errorf("kept %d times: %+v", won, a)
	}
	if at := must[storage.Instant](t)(b.EraseAt(t.Context(), id)); at != 0 {
		t.Errorf("still to be erased at %d", at)
	}
	ok(t, b.GrantRole(t.Context(), id, "only", start))
	other := account(t, b.db)
	ok(t, b.GrantRole(t.Context(), other, "both", start))
	ok(t, b.GrantRole(t.Context(), id, "both", start))
	for role, want := range map[string]bool{"only": false, "both": true} {
		if got := must[bool](t)(b.OtherWithRole(t.Context(), role, id)); got != want {
			t.Errorf("%s: another has it: %v", role, got)
		}
	}
	ok(t, b.CloseAccount(t.Context(), other, start, start.Add(day)))
	if must[bool](t)(b.OtherWithRole(t.Context(), "both", id)) {
		t.Error("a closed account counts")
	}
}

// belongings are the tables in which an account has rows.
var belongings = []string{
	"contacts", "credentials", "passkeys", "identities", "totps", "recovery_codes", "account_roles", "account_titles", "account_words", "challenges", "one_time_links", "known_browsers",
	"consents", "grants", "sessions", "players",
}

// furnish gives an account something in each of them.
func (b browsers) furnish(t *testing.T) (id, contact string) {
	t.Helper()
	id, contact = account(t, b.db), name("contact")
	n := b.begin(t, session(id, name("cookie"), start), "")
	ok(t, b.CreateContact(t.Context(), storage.Contact{ID: contact, AccountID: id, Kind: "email", AddedAt: start, VerifiedAt: start},
		[]storage.Digest{{KeyID: "k", Digest: id}}))
	ok(t, b.SetPassword(t.Context(), storage.Credential{ID: name("credential"), AccountID: id, Secret: "s", CreatedAt: start}))
	ok(t, b.GrantRole(t.Context(), id, "admin", start))
	ok(t, b.GrantTitle(t.Context(), id, "dragons", start))
	ok(t, b.SetWords(t.Context(), id, []string{"mali"}))
	ok(t, b.CreateChallenge(t.Context(), storage.Challenge{ID: name("challenge"), AccountID: id, TokenHash: name("token"), ExpiresAt: start.Add(day)}))
	ok(t, b.CreateLink(t.Context(), storage.OneTimeLink{ID: name("link"), AccountID: id, Purpose: "login", ExpiresAt: start.Add(day)}))
	ok(t, b.KnowBrowser(t.Context(), id, "b", "Mozilla", start, start.Add(day)))
	ok(t, b.PutConsent(t.Context(), storage.Consent{AccountID: id, ClientID: "rp", GrantedAt: start, ExpiresAt: start.Add(day)}))
	ok(t, b.CreateIdentity(t.Context(), identity(id), 9))
	player := storage.Player{ID: name("player"), AccountID: id, Title: "77"}
	must[bool](t)(b.CreatePlayer(t.Context(), player))
	must[storage.LedgerEntry](t)(b.AppendLedger(t.Context(), storage.LedgerEntry{PlayerID: player.ID, Currency: "coin", Amount: 500, Key: "k"}))
	for range 2 {
		g := b.grant(t, n, true)
		for range 300 { // more than a batch, with the grants after it
			ok(t, apply(t.Context(), b.Store, b.CreateToken(storage.Token{ID: name("token"), Kind: storage.TokenRefresh, GrantID: g, ExpiresAt: start.Add(day)})))
		}
	}
	for _, query := range []string{
		`INSERT INTO passkeys (id, account_id, user_handle, name, credential, created_at, last_used_at) VALUES ('` + name("key") + `', '` + id + `', 'h', 'n', '{}', 1, 0)`,
		`INSERT INTO totps (account_id, secret, last_step, created_at, confirmed_at, last_used_at) VALUES ('` + id + `', 's', 0, 1, 1, 0)`,
		`INSERT INTO recovery_codes (account_id, code_hash, created_at, used_at) VALUES ('` + id + `', 'c', 1, 0)`,
	} {
		_, err := b.db.ExecContext(t.Context(), query)
		ok(t, err)
	}
	ok(t, apply(t.Context(), b.Store, b.AppendAudit(storage.AuditEvent{ID: name("event"), At: start, AccountID: id, IP: "192.0.2.1", Details: `{"identifier":"m•••@x.test"}`})))
	return id, contact
}

func (b browsers) erased(t *testing.T) {
	id, contact := b.furnish(t)
	other, _ := b.furnish(t)
	count := func(table, accountID string) int64 {
		return number(t, b.db, `SELECT COUNT(*) FROM `+table+` WHERE account_id = '`+accountID+`'`)
	}
	fails(t, b.ClaimErasure(t.Context(), id, start.Add(99*day)), storage.ErrNotFound) // it isn't closed
	ok(t, b.CloseAccount(t.Context(), id, start, start.Add(30*day)))
	due := func(at storage.Instant) bool {
		return slices.Contains(must[[]string](t)(b.DueErasures(t.Context(), at, 100)), id)
	}
	if due(start.Add(30*day)-1) || !due(start.Add(30*day)) {
		t.Error("due at the wrong time")
	}
	ok(t, b.ClaimErasure(t.Context(), id, start.Add(30*day)))
	fails(t, b.KeepAccount(t.Context(), id, start), storage.ErrNotFound) // by a clock that is behind
	fails(t, b.FinishErasure(t.Context(), other, start), storage.ErrNotFound)
	if !due(start.Add(30 * day)) {
		t.Error("an erasure that is broken off is forgotten")
	}
	race(t, 3, func(int) (bool, error) {
		for {
			if rows, err := b.EraseRows(t.Context(), id); err != nil || rows == 0 {
				return true, err
			}
		}
	})
	for _, table := range append(belongings, "audit") {
		if got, theirs := count(table, id), count(table, other); got != 0 && table != "audit" || theirs == 0 || got == 0 && table == "audit" {
			t.Errorf("%s: %d rows left, %d of somebody else", table, got, theirs)
		}
	}
	for query, want := range map[string]int64{
		`SELECT COUNT(*) FROM contact_digests WHERE contact_id = '` + contact + `'`:                                            0,
		`SELECT COUNT(*) FROM audit WHERE account_id = '` + id + `' AND details <> '{}'`:                                       0,
		`SELECT COUNT(*) FROM audit WHERE account_id = '` + other + `' AND details <> '{}'`:                                    1,
		`SELECT COUNT(*) FROM tokens t JOIN grants g ON g.id = t.grant_id WHERE g.account_id = '` + other + `'`:                600,
		`SELECT COUNT(*) FROM tokens t WHERE t.grant_id <> '' AND NOT EXISTS (SELECT 1 FROM grants g WHERE g.id = t.grant_id)`: 0,
	} {
		if got := number(t, b.db, query); got != want {
			t.Errorf("%d, not %d: %s", got, want, query)
		}
	}
	won := race(t, crowd, func(int) (bool, error) {
		return verdict(b.FinishErasure(t.Context(), id, start.Add(30*day)), storage.ErrNotFound)
	})
	a := must[storage.Account](t)(b.AccountByID(t.Context(), id))
	if won != 1 || a.Status != storage.StatusDeletionPending || a.Profile != "{}" || due(start.Add(99*day)) {
		t.Errorf("finished %d times: %+v", won, a)
	}
	a.ID = name("account")
	fails(t, b.CreateAccount(t.Context(), a), storage.ErrExists) // its numbers are never used again
	fails(t, b.KeepAccount(t.Context(), id, start), storage.ErrNotFound)
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
	used, unused, theirs := b.code(t, n, true), b.code(t, n, true), b.code(t, other, true)
	for _, id := range []string{used, theirs} {
		ok(t, apply(t.Context(), b.Store, b.UseCode(id, start.Add(1))))
		ok(t, apply(t.Context(), b.Store, b.CreateToken(storage.Token{
			ID: name("token"), Kind: storage.TokenRefresh, GrantID: id, ClientID: "rp", CreatedAt: start.Add(hour), ExpiresAt: start.Add(day),
		})))
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
		ok(t, b.KnowBrowser(t.Context(), id, hash, "", start, start.Add(day)))
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
