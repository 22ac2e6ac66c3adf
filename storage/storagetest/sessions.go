package storagetest

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pratu/storage"
)

// browsers is a database with accounts for the contract of sessions.
type browsers struct {
	*storage.Store
	db  *sql.DB
	url string
}

// account writes an account past the store and returns its id.
func account(t *testing.T, db *sql.DB) string {
	t.Helper()
	id := name("account")
	_, err := db.ExecContext(t.Context(), fmt.Sprintf(`INSERT INTO accounts (id, ssoid, oid, status, register_by, locale, profile,
		created_at, updated_at) VALUES ('%s', %d, 'oid-%s', '1', '0', 'th', '{"name":"%s"}', 1, 2)`, id, serial.Add(1), id, id))
	ok(t, err)
	return id
}

// grant writes a grant that is bound to a session, its code spent, and returns its id; code is one that nobody exchanged.
func (b browsers) grant(t *testing.T, n storage.Session, offline bool) string {
	t.Helper()
	id := b.code(t, n, offline)
	ok(t, apply(t.Context(), b.Store, b.UseCode(id, start)))
	return id
}

func (b browsers) code(t *testing.T, n storage.Session, offline bool) string {
	t.Helper()
	id := name("grant")
	ok(t, apply(t.Context(), b.Store, b.CreateGrant(grantOf(n, id, offline))))
	return id
}

func grantOf(n storage.Session, id string, offline bool) storage.Grant {
	return storage.Grant{
		ID: id, ClientID: "rp", AccountID: n.AccountID, SessionID: n.ID, Claims: "{}", CodeHash: id, Offline: offline,
		CreatedAt: start, CodeExpiresAt: start.Add(minute), ExpiresAt: start.Add(30 * day),
	}
}

// session is a session as a sign-in writes it.
func session(accountID, cookie string, at storage.Instant) storage.Session {
	return storage.Session{
		ID: name("session"), CookieHash: cookie, AccountID: accountID, AuthTime: at, ACR: "1", AMR: "pwd otp", IP: "192.0.2.1",
		UserAgent: "Mozilla", CreatedAt: at, SelectedAt: at, LastSeenAt: at, ExpiresAt: at.Add(30 * day),
	}
}

func (b browsers) begin(t *testing.T, n storage.Session, old string) storage.Session {
	t.Helper()
	return must[storage.SessionView](t)(b.BeginSession(t.Context(), n, storage.Start{OldCookieHash: old})).Session
}

// ids are the live sessions of a browser at an instant, the one in use first.
func (b browsers) ids(t *testing.T, cookie string, at storage.Instant) string {
	t.Helper()
	var ids []string
	for _, v := range must[[]storage.SessionView](t)(b.BrowserSessions(t.Context(), cookie, "rp", at, at.Add(-14*day))) {
		ids = append(ids, v.ID)
	}
	return strings.Join(ids, " ")
}

func (b browsers) expect(t *testing.T, cookie string, at storage.Instant, want ...storage.Session) {
	t.Helper()
	var ids []string
	for _, n := range want {
		ids = append(ids, n.ID)
	}
	if got := b.ids(t, cookie, at); got != strings.Join(ids, " ") {
		t.Errorf("browser %s has %q, want %q", cookie, got, ids)
	}
}

// Sessions is the contract of browser sessions.
func Sessions(t *testing.T, url string) {
	b := browsers{Open(t, url), raw(t, url), url}
	t.Run("view", b.view)
	t.Run("ends of a session", b.ends)
	t.Run("several accounts in one browser", b.several)
	t.Run("signing in again", b.again)
	t.Run("grants end with their session", b.grants)
	t.Run("grants of the same moment", b.meanwhile)
	t.Run("all but this one", b.others)
	t.Run("no more than a person has", b.bounded)
	t.Run("what a session needs to begin", b.starts)
	t.Run("a password that is replaced meanwhile", b.stale)
	t.Run("known browsers", b.known)
	t.Run("a device from elsewhere", b.device)
	t.Run("who hears of the end", b.told)
	t.Run("what became of telling", b.farewells)
	t.Run("codes end with their session", b.unspent)
}

func (b browsers) view(t *testing.T) {
	n := b.begin(t, session(account(t, b.db), "view", start), "")
	read := func(client string, at storage.Instant) (v storage.SessionView) {
		costs(t, b.Store, 1, func() {
			list := must[[]storage.SessionView](t)(b.BrowserSessions(t.Context(), "view", client, at, at.Add(-14*day)))
			if len(list) != 1 {
				t.Fatalf("%d sessions", len(list))
			}
			v = list[0]
		})
		return v
	}
	v := read("rp", start)
	if diff := cmp.Diff(n, v.Session); diff != "" {
		t.Error(diff)
	}
	a := v.Account
	if a.ID != n.AccountID || a.Status != "1" || a.Locale != "th" || !strings.Contains(a.Profile, a.ID) || a.UpdatedAt != 2 || a.SSOID == 0 {
		t.Errorf("account %+v", a)
	}
	if v.ConsentScopes != "" || v.ConsentClaims != "" || v.ConsentExpiresAt != 0 {
		t.Errorf("consent out of nothing: %+v", v)
	}
	ok(t, b.PutConsent(t.Context(), storage.Consent{
		AccountID: n.AccountID, ClientID: "rp", Scopes: "openid email", Claims: "phone_number", GrantedAt: start, ExpiresAt: start.Add(hour),
	}))
	if v := read("rp", start.Add(hour)-1); v.ConsentScopes != "openid email" || v.ConsentClaims != "phone_number" || v.ConsentExpiresAt != start.Add(hour) {
		t.Errorf("consent %+v", v)
	}
	if v := read("rp", start.Add(hour)); v.ConsentScopes != "" || v.ConsentExpiresAt != 0 {
		t.Error("an expired consent is shown")
	}
	if v := read("other", start); v.ConsentScopes != "" {
		t.Error("another client's consent is shown")
	}
	if diff := cmp.Diff(n, must[storage.Session](t)(b.SessionByID(t.Context(), n.ID))); diff != "" {
		t.Error(diff)
	}
	_, err := b.SessionByID(t.Context(), "nobody")
	fails(t, err, storage.ErrNotFound)
	_, err = b.BeginSession(t.Context(), n, storage.Start{})
	fails(t, err, storage.ErrExists)
	_, err = b.BeginSession(t.Context(), session("nobody", "x", start), storage.Start{})
	fails(t, err, storage.ErrConflict)
	// What a browser without sessions is told at once is what it reads a moment later, and nothing else of any other.
	fresh := session(n.AccountID, "view fresh", start)
	first := must[storage.SessionView](t)(b.BeginSession(t.Context(), fresh, storage.Start{ClientID: "rp"}))
	later := must[[]storage.SessionView](t)(b.BrowserSessions(t.Context(), "view fresh", "rp", start, start.Add(-14*day)))
	if diff := cmp.Diff([]storage.SessionView{first}, later); diff != "" || first.ConsentScopes == "" {
		t.Errorf("%+v %s", first, diff)
	}
	moved := must[storage.SessionView](t)(b.BeginSession(t.Context(), session(n.AccountID, "view moved", start), storage.Start{ClientID: "rp", OldCookieHash: "view fresh"}))
	if moved.ID != fresh.ID || moved.Account.ID != "" {
		t.Errorf("%+v", moved)
	}
}

func (b browsers) ends(t *testing.T) {
	n := b.begin(t, session(account(t, b.db), "ends", start), "")
	b.expect(t, "ends", start.Add(14*day)-1, n)
	b.expect(t, "ends", start.Add(14*day)) // idle
	ok(t, b.TouchSession(t.Context(), n.ID, start.Add(13*day)))
	b.expect(t, "ends", start.Add(14*day), n)
	ok(t, b.TouchSession(t.Context(), n.ID, start.Add(day))) // a late report doesn't turn the clock back
	ok(t, b.TouchSession(t.Context(), n.ID, start.Add(26*day)))
	b.expect(t, "ends", start.Add(30*day)-1, n)
	b.expect(t, "ends", start.Add(30*day)) // absolute
	fails(t, b.SelectSession(t.Context(), "ends", n.ID, start.Add(30*day)), storage.ErrNotFound)
	if list := must[[]storage.Session](t)(b.SessionsOfAccount(t.Context(), n.AccountID, start.Add(30*day), 0)); len(list) != 0 {
		t.Error("an expired session is listed")
	}
	if list := must[[]storage.Session](t)(b.SessionsOfAccount(t.Context(), n.AccountID, start.Add(30*day)-1, n.LastSeenAt-1)); len(list) != 1 {
		t.Error("a live session isn't listed")
	}
	if list := must[[]storage.Session](t)(b.SessionsOfAccount(t.Context(), n.AccountID, start.Add(30*day)-1, start.Add(26*day))); len(list) != 0 {
		t.Error("an idle session is listed")
	}
	if won := race(t, crowd, func(int) (bool, error) { return b.EndSession(t.Context(), n.ID, start.Add(day)) }); won != 1 {
		t.Errorf("%d ended the same session", won)
	}
	b.expect(t, "ends", start.Add(day))
	fails(t, b.SelectSession(t.Context(), "ends", n.ID, start.Add(day)), storage.ErrNotFound)
	ok(t, b.TouchSession(t.Context(), n.ID, start.Add(29*day)))
	if got := must[storage.Session](t)(b.SessionByID(t.Context(), n.ID)); got.EndedAt != start.Add(day) || got.LastSeenAt != start.Add(26*day) {
		t.Errorf("an ended session changed: %+v", got)
	}
	if must[bool](t)(b.EndSession(t.Context(), "nobody", start)) {
		t.Error("nobody's session ended")
	}
}

func (b browsers) several(t *testing.T) {
	first := b.begin(t, session(account(t, b.db), "c1", start), "")
	other := b.begin(t, session(account(t, b.db), "elsewhere", start), "")
	second := b.begin(t, session(account(t, b.db), "c2", start.Add(minute)), "c1")
	b.expect(t, "c1", start.Add(minute)) // the old cookie is worth nothing
	b.expect(t, "c2", start.Add(minute), second, first)
	b.expect(t, "elsewhere", start.Add(minute), other)
	ok(t, b.SelectSession(t.Context(), "c2", first.ID, start.Add(2*minute)))
	b.expect(t, "c2", start.Add(2*minute), first, second)
	for _, cookie := range []string{"c1", "elsewhere", ""} {
		fails(t, b.SelectSession(t.Context(), cookie, second.ID, start.Add(3*minute)), storage.ErrNotFound)
	}
	b.expect(t, "c2", start.Add(3*minute), first, second)
	// An ended session doesn't move: the next cookie must not wake it.
	must[bool](t)(b.EndSession(t.Context(), first.ID, start.Add(3*minute)))
	third := b.begin(t, session(account(t, b.db), "c3", start.Add(4*minute)), "c2")
	b.expect(t, "c3", start.Add(4*minute), third, second)
	// A browser without a cookie has no part in others that have none.
	lone := b.begin(t, session(account(t, b.db), "c4", start.Add(5*minute)), "")
	b.expect(t, "c4", start.Add(5*minute), lone)
	b.expect(t, "c3", start.Add(5*minute), third, second)
}

func (b browsers) again(t *testing.T) {
	first := b.begin(t, session(account(t, b.db), "a1", start), "")
	bound, offline := b.grant(t, first, false), b.grant(t, first, true)
	phone := b.begin(t, session(first.AccountID, "phone", start), "")
	second := b.begin(t, session(first.AccountID, "a2", start.Add(hour)), "a1")
	if second.ID != first.ID || second.CreatedAt != start.Add(hour) || second.ExpiresAt != start.Add(hour).Add(30*day) {
		t.Errorf("applications know another session now: %+v", second)
	}
	b.expect(t, "a1", start.Add(hour))
	b.expect(t, "a2", start.Add(hour), second)
	b.expect(t, "phone", start.Add(hour), phone)
	if diff := cmp.Diff(second, must[storage.Session](t)(b.SessionByID(t.Context(), first.ID))); diff != "" {
		t.Error(diff)
	}
	b.revoked(t, bound, false)
	b.revoked(t, offline, false)
	must[bool](t)(b.EndSession(t.Context(), second.ID, start.Add(2*hour)))
	b.revoked(t, bound, true)
	b.revoked(t, offline, false)
	// What was ended isn't brought back by a new sign-in under the same cookie.
	third := b.begin(t, session(first.AccountID, "a3", start.Add(3*hour)), "a2")
	b.revoked(t, bound, true)
	b.expect(t, "a3", start.Add(3*hour), third)
	if third.ID == first.ID {
		t.Error("an ended session goes on")
	}
	// Nor does one whose time is over.
	if fourth := b.begin(t, session(first.AccountID, "a4", third.ExpiresAt), "a3"); fourth.ID == third.ID {
		t.Error("an expired session goes on")
	}
}

func (b browsers) revoked(t *testing.T, grantID string, want bool) {
	t.Helper()
	if g := must[storage.GrantView](t)(b.GrantByID(t.Context(), grantID)); g.RevokedAt.IsZero() == want {
		t.Errorf("grant %s revoked at %d, want revoked: %v", grantID, g.RevokedAt, want)
	}
}

func (b browsers) grants(t *testing.T) {
	n := b.begin(t, session(account(t, b.db), "g1", start), "")
	neighbour := b.begin(t, session(account(t, b.db), "g2", start), "g1")
	bound, offline, theirs := b.grant(t, n, false), b.grant(t, n, true), b.grant(t, neighbour, false)
	if !must[bool](t)(b.EndSession(t.Context(), n.ID, start.Add(hour))) {
		t.Error("it had ended before")
	}
	b.revoked(t, bound, true)
	b.revoked(t, offline, false)
	b.revoked(t, theirs, false)
	for _, offline := range []bool{true, false} {
		fails(t, apply(t.Context(), b.Store, b.CreateGrant(grantOf(n, name("late"), offline))), storage.ErrNotFound)
	}
	if must[bool](t)(b.EndSession(t.Context(), n.ID, start.Add(2*hour))) {
		t.Error("a session ended twice")
	}
	if g := must[storage.GrantView](t)(b.GrantByID(t.Context(), bound)); g.RevokedAt != start.Add(hour) {
		t.Error("the time of a revocation was overwritten")
	}
}

// Whatever is issued while a session ends falls with it; while it is renewed, it goes on.
func (b browsers) meanwhile(t *testing.T) {
	for round := range 20 {
		old := name("cookie")
		n := b.begin(t, session(account(t, b.db), old, start), "")
		next := session(n.AccountID, name("cookie"), start.Add(hour))
		ids := make([]string, crowd)
		race(t, crowd, func(i int) (bool, error) {
			switch {
			case i > 0:
				ids[i] = name("grant")
				won, err := verdict(apply(t.Context(), b.Store, b.CreateGrant(grantOf(n, ids[i], false))), storage.ErrNotFound)
				if !won {
					ids[i] = ""
				}
				return won, err
			case round%2 == 0:
				return b.EndSession(t.Context(), n.ID, start.Add(hour))
			}
			_, err := b.BeginSession(t.Context(), next, storage.Start{OldCookieHash: old})
			return true, err
		})
		for _, id := range ids[1:] {
			if id == "" {
				continue
			}
			g := must[storage.GrantView](t)(b.GrantByID(t.Context(), id))
			if round%2 == 0 && g.RevokedAt.IsZero() {
				t.Errorf("round %d: a grant lives on with a session that ended", round)
			}
			if round%2 == 1 && !g.RevokedAt.IsZero() {
				t.Errorf("round %d: a grant fell with a session that goes on", round)
			}
		}
	}
}

func (b browsers) others(t *testing.T) {
	id := account(t, b.db)
	this, that := b.begin(t, session(id, "o1", start), ""), b.begin(t, session(id, "o2", start), "")
	stranger := b.begin(t, session(account(t, b.db), "o3", start), "o2")
	kept, bound, offline, theirs := b.grant(t, this, false), b.grant(t, that, false), b.grant(t, that, true), b.grant(t, stranger, false)
	ok(t, b.EndSessionsOfAccount(t.Context(), id, this.ID, start.Add(hour)))
	b.expect(t, "o1", start.Add(hour), this)
	b.expect(t, "o2", start.Add(hour))
	b.expect(t, "o3", start.Add(hour), stranger)
	b.revoked(t, kept, false)
	b.revoked(t, bound, true)
	b.revoked(t, offline, true)
	b.revoked(t, theirs, false)
	ok(t, b.EndSessionsOfAccount(t.Context(), id, "", start.Add(2*hour)))
	b.expect(t, "o1", start.Add(2*hour))
	b.revoked(t, kept, true)
}

func (b browsers) bounded(t *testing.T) {
	id := account(t, b.db)
	first := b.begin(t, session(id, "b0", start), "")
	used := b.begin(t, session(id, "b1", start), "")
	bound, offline, kept := b.grant(t, first, false), b.grant(t, first, true), b.grant(t, used, false)
	ok(t, b.TouchSession(t.Context(), used.ID, start.Add(day)))
	stranger := b.begin(t, session(account(t, b.db), "stranger", start), "")
	for range storage.MaxSessions - 2 {
		b.begin(t, session(id, name("cookie"), start.Add(minute)), "")
	}
	at := start.Add(hour)
	b.expect(t, "b0", at, first)
	late := b.begin(t, session(id, "late", at), "")
	b.expect(t, "b0", at)
	b.expect(t, "b1", at, used)
	b.expect(t, "late", at, late)
	b.expect(t, "stranger", at, stranger)
	b.revoked(t, bound, true)
	b.revoked(t, offline, false)
	b.revoked(t, kept, false)
	if list := must[[]storage.Session](t)(b.SessionsOfAccount(t.Context(), id, at, 0)); len(list) != storage.MaxSessions {
		t.Errorf("%d sessions", len(list))
	}
}
