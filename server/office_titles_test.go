package server_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"pratu/flows/clients"
	"pratu/flows/office"
	"pratu/flows/secret"
	"pratu/server/formtest"
	"pratu/storage"
)

// titles are two games with a player of Mali's in each, who got and spent something, and a machine of each.
func (s *site) titles() (path map[string]string) {
	s.t.Helper()
	path = map[string]string{}
	for _, title := range []string{"dragons", "tigers"} {
		_, _, err := s.clients.Create(s.t.Context(), clients.Document{ClientID: title, Kind: clients.KindGame, Metadata: clients.Metadata{ClientName: hostile}})
		must(s.t, err)
		_, _, err = s.clients.Create(s.t.Context(), clients.Document{ClientID: title + "-server", Kind: clients.KindMachine, ClientSecret: s2, Settings: clients.Settings{Title: title}})
		must(s.t, err)
		p := storage.Player{ID: secret.UUID(), AccountID: s.mali.ID, Title: title, Name: hostile, CreatedAt: storage.At(s.now()), UpdatedAt: storage.At(s.now())}
		_, err = s.store.CreatePlayer(s.t.Context(), p)
		must(s.t, err)
		for i, amount := range []int64{700, -30} {
			_, err = s.store.AppendLedger(s.t.Context(), storage.LedgerEntry{
				PlayerID: p.ID, Currency: storage.Coin, Amount: amount, Reason: hostile, Key: string(rune('a' + i)), ClientID: title, CreatedAt: storage.At(s.now()),
			})
			must(s.t, err)
		}
		path[title] = "/admin/titles/" + title + "/players/" + s.mali.OID
	}
	return path
}

// hostile is what somebody may have written into any field.
const hostile = "<script>alert(1)</script>\u202egnp.exe"

// Who owns a title sees its players, bans with a reason that is told, and lets them back; nothing of another title.
func TestOfficeTitles(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		at := s.titles()
		titled, b := s.appointed("titled@x.test", office.TitleOwner)
		_, support := s.appointed("support@x.test", office.Support)
		looks, auditor := s.appointed("auditor@x.test", office.Auditor)
		list := b.get("/admin/titles").expect(t, 200, "/admin/titles/dragons")
		if strings.Contains(list.body, "tigers") {
			t.Error("a list shows somebody else's title")
		}
		page := b.get("/admin/titles/dragons").expect(t, 200, at["dragons"])
		b.submit(page, "find", "q", s.mali.OID).expect(t, 200, at["dragons"])
		for _, text := range []string{malisMail, malisPhone, number(s.mali.SSOID), "saelim"} { // whose account it is, is no business of theirs
			if found := b.submit(page, "find", "q", text).expect(t, 200, "None."); strings.Contains(found.body, at["dragons"]) {
				t.Errorf("a title owner finds %s", text)
			}
			support.submit(support.get("/admin/titles/dragons"), "find", "q", text).expect(t, 200, at["dragons"])
		}
		player := b.get(at["dragons"]).expect(t, 200, "670", "+700", "-30")
		if strings.Contains(player.body, number(s.mali.SSOID)) || strings.Contains(player.body, malisMail) {
			t.Error("a title owner sees the account")
		}
		support.get(at["dragons"]).expect(t, 200, "/admin/accounts/"+number(s.mali.SSOID))
		if strings.Contains(auditor.get(at["dragons"]).expect(t, 200).body, `id="ban"`) {
			t.Error("an auditor may ban")
		}
		b.submit(player, "ban", "action", "ban", "reason", " ").expect(t, 422, "reason-problem")
		b.to(b.submit(player, "ban", "action", "ban", "reason", "cheating "+hostile[:25]), at["dragons"]).expect(t, 200, "Banned because:", `id="unban"`)
		p, err := s.store.PlayerOf(t.Context(), s.mali.ID, "dragons")
		must(t, err)
		if p.BannedAt.IsZero() || p.BanReason != "cheating "+hostile[:25] {
			t.Errorf("%+v", p)
		}
		if q, err := s.store.PlayerOf(t.Context(), s.mali.ID, "tigers"); err != nil || !q.BannedAt.IsZero() {
			t.Errorf("banned elsewhere: %+v, %v", q, err)
		}
		b.to(b.submit(b.get(at["dragons"]), "unban", "action", "unban"), at["dragons"]).expect(t, 200, `id="ban"`)
		if n := s.count(`SELECT COUNT(*) FROM audit WHERE event IN ('player.banned', 'player.unbanned') AND actor_id = '` + titled.ID + `'`); n != 2 {
			t.Errorf("%d events name who did it", n)
		}
		// OF-02, IDOR: another title is unknown, by page, search, ban and unban, and so is a player of the one by way of the other.
		form := formtest.Find(t, b.get(at["dragons"]).body, "ban").Values
		for _, path := range []string{"/admin/titles/tigers", at["tigers"], at["tigers"] + "?currency=diamond", "/admin/titles/web1", "/admin/titles/none", "/admin/titles/dragons-server",
			"/admin/titles/dragons/players/none", "/admin/titles/dragons/players/..%2F..%2Ftigers", "/admin/titles/%00"} {
			b.get(path).expect(t, 404)
			path, _, _ = strings.Cut(path, "?")
			for _, action := range []string{"ban", "unban", ""} {
				b.send(post(path, changed(form, "action", action, "reason", "x", "q", s.mali.OID))).expect(t, 404)
			}
		}
		for _, path := range []string{"/admin/clients/tigers-server/access", "/admin/clients/tigers/access"} {
			b.get(path).expect(t, 404)
			for _, action := range []string{"save", "create", "revoke"} {
				b.send(post(path, changed(form, "action", action, "expires_in", "0"))).expect(t, 404)
			}
		}
		auditor.send(post(at["dragons"], changed(form, "action", "ban", "csrf", auditor.csrf(), "owner", number(looks.SSOID)))).expect(t, 403)
		cross := post(at["dragons"], changed(form, "action", "ban", "reason", "x"))
		cross.Header.Set("Sec-Fetch-Site", "cross-site")
		b.send(cross).expect(t, 403)
		if n := s.count(`SELECT COUNT(*) FROM players WHERE banned_at > 0`); n != 0 {
			t.Error("banned by a form that nobody may send")
		}
		inertPages(t, b, "/admin/titles", "/admin/titles/dragons", at["dragons"])
		b.get(at["dragons"]+"?currency=diamond").expect(t, 200, "None.")
		b.get(at["dragons"]+"?currency=%27&before=-1").expect(t, 200, "+700")
		if page := b.get(at["dragons"]+"?before=2").expect(t, 200, "+700"); strings.Contains(page.main(), "-30") {
			t.Error("before an entry")
		}
	})
}

var keyOnce = regexp.MustCompile(`id="api-key">([^<]+)<`)

// An application's keys: shown once, told apart by how they begin, ended one by one; what it may ask is ticked.
func TestOfficeAccess(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		s.titles()
		_, b := s.appointed("owner@x.test", office.Owner)
		_, theirs := s.appointed("titled@x.test", office.TitleOwner)
		_, auditor := s.appointed("auditor@x.test", office.Auditor)
		here := "/admin/clients/dragons-server/access"
		b.get("/admin/clients/dragons-server").expect(t, 200, `href="`+here+`"`)
		page := b.get(here).expect(t, 200, "accounts.search.unverified")
		s.pass(time.Second)
		b.to(b.submit(page, "permissions-form", "action", "save", "permission", clients.PermissionSearch, "search_purpose", "finding friends"), here).expect(t, 200, "Saved.")
		b.submit(page, "permissions-form", "action", "save", "permission", clients.PermissionReadAny).expect(t, 422, "Somebody else changed it")
		// OF-03, mass assignment: no permission but those there are, and nothing besides.
		form := formtest.Find(t, b.get(here).body, "permissions-form").Values
		form["permission"] = []string{clients.PermissionSearch, "admin", "accounts.write"}
		b.to(b.send(post(here, changed(form, "action", "save", "scope", "admin:accounts.read", "first_party", "1", "title", "tigers", "settings.title", "tigers"))), here)
		c, err := s.clients.Find(t.Context(), "dragons-server")
		must(t, err)
		if strings.Join(c.Settings.Permissions, " ") != clients.PermissionSearch || c.Settings.Title != "dragons" || c.Settings.FirstParty || strings.Contains(c.Metadata.Scope, "admin:") {
			t.Errorf("%+v", c.Settings)
		}
		// Keys.
		page = b.get(here)
		b.submit(page, "key-new", "action", "create", "note", strings.Repeat("x", 300)).expect(t, 422, "note-problem")
		b.submit(page, "key-new", "action", "create", "expires_in", "99999").expect(t, 422)
		made := b.submit(page, "key-new", "action", "create", "note", hostile[:25]).expect(t, 201)
		plain := keyOnce.FindStringSubmatch(made.body)[1]
		if made.Header.Get("Cache-Control") != "no-store" {
			t.Error("a key that is kept")
		}
		if _, err := s.office.APIKeys.Verify(t.Context(), plain); err != nil {
			t.Error(err)
		}
		page = b.get(here).expect(t, 200, plain[:15]+"…", "never used")
		if strings.Contains(page.body, plain) {
			t.Error("the key is shown again")
		}
		inertPages(t, b, here)
		key := regexp.MustCompile(`name="key" value="([^"]+)"`).FindStringSubmatch(page.body)[1]
		form = formtest.Find(t, page.body, "permissions-form").Values
		// A title owner looks after the keys of what serves the title, and gives no permission.
		mine := theirs.get(here).expect(t, 200, plain[:15], `id="key-new"`)
		if strings.Contains(mine.body, `id="permissions-form"`) {
			t.Error("a title owner gives permissions")
		}
		own := formtest.Find(t, mine.body, "key-new").Values
		theirs.send(post(here, changed(own, "action", "save", "permission", clients.PermissionReadAny, "version", form.Get("version")))).expect(t, 403)
		if strings.Contains(auditor.get(here).expect(t, 200, plain[:15]).body, "<form") {
			t.Error("a form for an auditor")
		}
		// A key is ended by way of its own application only.
		own = formtest.Find(t, theirs.get(here).body, "key-new").Values
		foreign, _, err := s.office.CreateAPIKey(t.Context(), office.Host(), "tigers-server", "", 0)
		must(t, err)
		theirs.send(post(here, changed(own, "action", "revoke", "key", foreign.ID))).expect(t, 422)
		theirs.to(theirs.send(post(here, changed(own, "action", "revoke", "key", key))), here).expect(t, 200, "revoked")
		theirs.send(post(here, changed(own, "action", "revoke", "key", key))).expect(t, 422, "There is no such key any more.")
		if _, err := s.office.APIKeys.Verify(t.Context(), plain); err == nil {
			t.Error("a key that ended works")
		}
		if n := s.count(`SELECT COUNT(*) FROM api_keys WHERE revoked_at = 0`); n != 1 {
			t.Errorf("%d keys work", n)
		}
	})
}
