package server_test

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"pratu/flows/audit"
	"pratu/flows/mail"
	"pratu/flows/office"
	"pratu/server/formtest"
	"pratu/storage"
	"pratu/storage/storagetest"
)

// Support finds somebody, signs them out, takes lost factors away, disables with a reason, and is on the record for it.
func TestOfficeAccounts(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		_, b := s.appointed("support@x.test", office.Support)
		malis, app := s.malis()
		here := "/admin/accounts/" + number(s.mali.SSOID)
		list := b.get("/admin/accounts").expect(t, 200, "Mali Saelim")
		b.submit(list, "find", "q", " "+strings.ToUpper(malisMail)+" ").expect(t, 200, here)
		b.submit(list, "find", "q", "saelim").expect(t, 200, here)
		if found := b.submit(list, "find", "q", "nobody@x.test").expect(t, 200, "None."); strings.Contains(found.body, here) {
			t.Error("found somebody else")
		}
		page := b.get(here).expect(t, 200, malisMail, malisPhone, "Authenticator app")
		if strings.Contains(page.body, app.secret) || strings.Contains(page.body, `id="delete"`) {
			t.Error("support sees a secret, or may delete")
		}
		b.to(b.submit(page, "end-sessions", "action", "end-sessions"), here).expect(t, 200, "signed out")
		if malis.isIn() {
			t.Error("still signed in")
		}
		b.submit(page, "reset-factors", "action", "reset-factors").expect(t, 422)
		b.to(b.submit(page, "reset-factors", "action", "reset-factors", "confirm", "1"), here)
		s.told(mail.TOTPRemoved)
		malis = s.browser()
		malis.to(malis.login(malisMail, malisPassword), "/account") // nothing second is asked any more
		b.submit(page, "disable", "action", "disable", "reason", " ").expect(t, 422, "reason-problem")
		b.to(b.submit(page, "disable", "action", "disable", "reason", "spam \u202e<script>"), here).expect(t, 200, "Disabled because:", "&lt;script&gt;")
		if malis.isIn() {
			t.Error("a disabled account is signed in")
		}
		s.browser().login(malisMail, malisPassword).expect(t, 422)
		b.to(b.submit(page, "disable", "action", "disable", "reason", "again"), here).expect(t, 200, "&lt;script&gt;") // an old page: twice is once
		b.to(b.submit(b.get(here), "enable", "action", "enable"), here)
		malis.to(malis.login(malisMail, malisPassword), "/account")
		malis.get("/account/activity").expect(t, 200, "Your account was disabled", "by the people who run this service")
		b.send(post(here, changed(formtest.Find(t, page.body, "end-sessions").Values, "action", "delete", "confirm", "1"))).expect(t, 403)
		n := s.count(`SELECT COUNT(*) FROM audit WHERE actor_kind = 'account' AND account_id = '` + s.mali.ID + `' AND actor_id <> account_id
			AND event IN ('session.all_ended', 'account.factors_reset', 'account.disabled', 'account.enabled')`)
		if n != 4 {
			t.Errorf("%d events name who did it", n)
		}
		owner, o := s.appointed("owner@x.test", office.Owner)
		b.get("/admin/accounts/"+number(owner.SSOID)).expect(t, 200)
		b.send(post("/admin/accounts/"+number(owner.SSOID), changed(formtest.Find(t, page.body, "end-sessions").Values, "action", "reset-factors", "confirm", "1"))).expect(t, 403)
		o.to(o.submit(o.get(here), "delete", "action", "delete", "confirm", "1"), here).expect(t, 200, "deleted")
		for _, path := range []string{"/admin/accounts/0", "/admin/accounts/x", "/admin/accounts/007", "/admin/accounts/99999999999999999999", "/admin/accounts/-1"} {
			b.get(path).expect(t, 404)
		}
	})
}

// Roles are given and taken by owners; record, keys, messages and settings show what there is, and nothing secret.
func TestOfficeHouse(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		_, b := s.appointed("owner@x.test", office.Owner)
		look, auditor := s.appointed("auditor@x.test", office.Auditor)
		page := b.get("/admin/roles").expect(t, 200, "auditor@x.test")
		b.submit(page, "grant", "action", "grant", "account", "nobody@x.test", "role", "support").expect(t, 422, "There is no such account.")
		b.submit(page, "grant", "action", "grant", "account", malisMail, "role", "emperor").expect(t, 422, "There is no such role.")
		b.submit(page, "grant", "action", "grant", "account", malisMail, "role", "title_owner").expect(t, 422, "title-problem")
		b.to(b.submit(page, "grant", "action", "grant", "account", malisMail, "role", "support"), "/admin/roles").expect(t, 200, "Mali Saelim")
		s.proven(s.mali.ID).get("/admin").expect(t, 200)
		v := formtest.Find(t, page.body, "grant").Values
		b.to(b.send(post("/admin/roles", changed(v, "action", "revoke", "account", malisMail, "role", "support", "title", ""))), "/admin/roles")
		b.send(post("/admin/roles", changed(v, "action", "revoke", "account", "owner@x.test", "role", "owner"))).expect(t, 422, "There has to be an owner.")
		auditor.send(post("/admin/roles", changed(v, "action", "grant", "account", malisMail, "role", "owner", "csrf", auditor.csrf(), "owner", number(look.SSOID)))).expect(t, 403)
	})
}

// What is recorded is shown as it happened, by whom, and inert.
func TestOfficeRecord(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		look, b := s.appointed("auditor@x.test", office.Auditor)
		log := &audit.Log{Store: s.store, Now: s.now}
		for range 60 {
			must(t, log.Append(t.Context(), audit.Event{Name: "signin.failed", Outcome: audit.Failure, ActorKind: audit.Account, AccountID: s.mali.ID, Details: map[string]any{"identifier": "<script>\u202e"}}))
		}
		page := b.get("/admin/audit").expect(t, 200, "signin.failed", `id="older"`)
		if strings.Contains(page.main(), "<script>") || strings.Contains(page.main(), "\u202e") {
			t.Error("what was recorded became markup")
		}
		b.get("/admin/audit?event=signin.failed&account="+number(s.mali.SSOID)+"&outcome=failure").expect(t, 200, number(s.mali.SSOID))
		b.get("/admin/audit?event=nothing.at_all").expect(t, 200, "None.")
		b.get("/admin/audit?account=nobody@x.test&before=x.y&client=%00").expect(t, 200, "None.")
		older := strings.ReplaceAll(linkOf(page.body, "older"), "&amp;", "&")
		b.get(older).expect(t, 200)
		if none := b.submit(b.get("/admin/audit?account=nobody@x.test"), "export").expect(t, 200); none.body != "" {
			t.Errorf("%q", none.body)
		}
		found := b.get("/admin/audit?event=signin.failed&account=" + malisMail)
		file := b.submit(found, "export").expect(t, 200, `"identifier"`)
		if file.Header.Get("Content-Type") != "application/x-ndjson" || !strings.Contains(file.Header.Get("Content-Disposition"), `"audit.ndjson"`) ||
			strings.Count(file.body, "\n") != 60 || strings.Contains(file.body, "\u202e") || strings.Contains(file.body, "<script>") {
			t.Errorf("%v %q", file.Header, file.body[:min(len(file.body), 500)])
		}
		if empty := b.submit(b.get("/admin/audit?event=nothing.at_all"), "export").expect(t, 200); empty.body != "" {
			t.Errorf("%q", empty.body)
		}
		b.get("/admin/audit?event=audit.exported").expect(t, 200, number(look.SSOID), "signin.failed")

		s.searchesDays(b)
		b.get("/admin/settings").expect(t, 200, "set, hidden")
		b.get("/admin/keys").expect(t, 200, "ES256")
		b.get("/admin/mail").expect(t, 200, "Everything was delivered.")
		for _, path := range []string{"/admin/keys", "/admin/mail", "/admin/roles"} { // an auditor's page has no form, and none is obeyed
			body := b.get(path).body
			if strings.Contains(body, "<form") {
				t.Errorf("%s has a form for an auditor", path)
			}
			form := changed(url.Values{}, "csrf", b.csrf(), "owner", number(look.SSOID), "action", "retry", "confirm", "1")
			b.send(post(path, form)).expect(t, 403)
		}
		_, o := s.appointed("owner@x.test", office.Owner)
		keys := o.get("/admin/keys")
		o.submit(keys, "rotate", "action", "rotate").expect(t, 422)
		o.to(o.submit(keys, "rotate", "action", "rotate", "confirm", "1"), "/admin/keys").expect(t, 200, "upcoming")
		o.to(o.submit(o.get("/admin/mail"), "test", "action", "test"), "/admin/mail")
		if list := s.notes(); len(list) != 1 || list[0].To != "owner@x.test" || list[0].Data.Event != mail.Test {
			t.Errorf("%+v", list)
		}
		must(t, s.store.Enqueue(t.Context(), storage.Message{
			ID: "lost-1", Kind: "mail", Payload: "sealed words", CreatedAt: storage.At(s.now()), ParkedAt: storage.At(s.now()), LastError: "550 <script>", Attempts: 3,
			ExpiresAt: storage.At(s.now().Add(time.Hour)),
		}))
		lost := o.get("/admin/mail").expect(t, 200, "lost-1", "given up", "550 &lt;script&gt;")
		if strings.Contains(lost.body, "sealed words") {
			t.Error("what a message says is shown")
		}
		form := changed(formtest.Find(t, lost.body, "test").Values, "action", "retry", "message", "lost-1")
		o.to(o.send(post("/admin/mail", form)), "/admin/mail")
		o.send(post("/admin/mail", form)).expect(t, 422)
		if n := storagetest.Count(t, s.url, `SELECT COUNT(*) FROM outbox WHERE id = 'lost-1' AND parked_at = 0`); n != 1 {
			t.Error("it isn't tried again")
		}
		cross := post("/admin/mail", form)
		cross.Header.Set("Origin", "https://evil.test")
		if answer := o.send(cross); answer.StatusCode != http.StatusForbidden {
			t.Errorf("cross-site: %d", answer.StatusCode)
		}
	})
}

// searchesDays looks for events by day: both are included, in the zone of the page's language, on each page and in the file. What
// is no day is refused, and stays to be mended.
func (s *site) searchesDays(b *browser) {
	s.t.Helper()
	put := func(name, at string) {
		moment, err := time.Parse(time.RFC3339, at)
		must(s.t, err)
		storagetest.Apply(s.t, s.store, s.store.AppendAudit(storage.AuditEvent{
			ID: "day-" + name, At: storage.At(moment), Event: "test." + name, Outcome: audit.Success, ActorKind: audit.System, Details: "{}",
		}))
	}
	put("evening", "2020-02-28T16:59:59Z") // 23:59:59 in Thailand
	put("night", "2020-02-28T17:00:00Z")
	for n := range 60 {
		put("noon"+strconv.Itoa(n), "2020-02-29T12:00:00Z")
	}
	put("midnight", "2020-03-01T00:00:00Z")
	for _, c := range []struct{ locale, from, to, first, last string }{
		{"en", "2020-02-29", "2020-02-29", "noon0", "noon9"}, {"en", "2020-02-28", "2020-02-28", "evening", "night"},
		{"th", "2020-02-29", "2020-02-29", "night", "noon9"}, {"en", "", "2020-02-29", "evening", "noon9"}, {"th", "", "2020-02-28", "evening", "evening"},
	} {
		b.cookies["__Host-pratu_locale"] = c.locale
		path := "/admin/audit?outcome=success&" + url.Values{"from": {c.from}, "to": {c.to}}.Encode()
		first := b.get(path).expect(s.t, 200)
		whole := first.main()
		for next := linkOf(first.body, "older"); next != ""; {
			page := b.get(html.UnescapeString(next)).expect(s.t, 200, `value="`+c.to+`"`)
			whole, next = whole+page.main(), linkOf(page.body, "older")
		}
		file := b.submit(first, "export").expect(s.t, 200)
		for _, where := range []string{whole, file.body} {
			for _, name := range []string{"evening", "night", "noon0", "noon9", "midnight"} {
				want := name == c.first || name == c.last || strings.HasPrefix(name, "noon") && strings.HasPrefix(c.last, "noon") || name == "night" && c.first == "evening" && c.last == "noon9"
				if got := strings.Contains(where, "test."+name+"<") || strings.Contains(where, `"test.`+name+`"`); got != want {
					s.t.Errorf("%+v: %s found: %v", c, name, got)
				}
			}
		}
	}
	b.cookies["__Host-pratu_locale"] = "en"
	b.get("/admin/audit").expect(s.t, 200, "UTC")
	for query, told := range map[string]string{
		"from=2020-02-30": `value="2020-02-30"`, "to=29.2.2020": `value="29.2.2020"`, "from=2563-02-29": "Write a day", "from=%22%3E%3Cscript%3E": "&gt;&lt;script&gt;",
		"from=2020-03-01&to=2020-02-29": "before the first", "to=10000-01-01": "Write a day",
	} {
		refused := b.get("/admin/audit?"+query).expect(s.t, 422, told)
		if strings.Contains(refused.main(), "<script>") {
			s.t.Errorf("%s: markup", query)
		}
		b.submit(refused, "export").expect(s.t, 422)
	}
}

// linkOf is where a link with an id leads.
func linkOf(body, id string) string {
	found := regexp.MustCompile(`<a href="([^"]*)" id="` + id + `"`).FindStringSubmatch(body)
	if found == nil {
		return ""
	}
	return found[1]
}

// Whether an address has an account here is told on the record, wherever an administrator types one.
func TestOfficeLookupsAreRecorded(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		_, b := s.appointed("owner@x.test", office.Owner)
		b.get("/admin/audit?"+url.Values{"account": {"nobody@x.test"}}.Encode()).expect(t, 200)
		export := formtest.Find(t, b.get("/admin/audit").body, "export").Values
		b.send(post("/admin/audit", changed(export, "account", malisPhone))).expect(t, 200)
		b.submit(b.get("/admin/accounts/21992040"), "preview-merge", "action", "preview-merge", "into", "nobody@x.test").expect(t, 422)
		b.submit(b.get("/admin/clients/web1"), "preview", "action", "preview", "account", malisMail).expect(t, 200)
		b.get("/admin/audit?account=21992040").expect(t, 200) // a number tells nothing new
		if n := s.count(`SELECT COUNT(*) FROM audit WHERE event = 'directory.searched' AND actor_kind = 'account' AND actor_id <> ''`); n != 4 {
			t.Errorf("%d are recorded", n)
		}
	})
}
