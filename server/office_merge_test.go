package server_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"pratu/flows/accounts"
	"pratu/flows/clients"
	"pratu/flows/mail"
	"pratu/flows/office"
	"pratu/server/formtest"
	"pratu/storage"
)

const twinsMail = "somchai@x.test"

// twin is a second account of mali's, with a player in each of two games; hers has one in the first.
func (s *site) twin() *accounts.Account {
	s.t.Helper()
	x, err := s.accounts.Create(s.t.Context(), accounts.New{
		Email: twinsMail, EmailVerified: true, Password: "another nine doors in the rain", Locale: "en",
		Profile: map[string]any{"name": "<b>Somchai</b>\u202e", "birthdate": "2000-01-01"},
	})
	must(s.t, err)
	for _, title := range []string{"dragons", "tigers"} {
		_, _, err := s.clients.Create(s.t.Context(), clients.Document{ClientID: title, Kind: clients.KindGame})
		must(s.t, err)
		for account, id := range map[string]string{x.ID: "theirs-" + title, s.mali.ID: "hers-" + title} {
			if account == s.mali.ID && title == "tigers" {
				continue
			}
			_, err := s.store.CreatePlayer(s.t.Context(), storage.Player{ID: id, AccountID: account, Title: title, Name: "P", CreatedAt: storage.At(s.now()), UpdatedAt: storage.At(s.now())})
			must(s.t, err)
		}
	}
	for client, account := range map[string]string{"web1": x.ID, "web2": x.ID, "multi": s.mali.ID} {
		must(s.t, s.store.PutConsent(s.t.Context(), storage.Consent{AccountID: account, ClientID: client, Scopes: "openid", GrantedAt: storage.At(s.now()), ExpiresAt: storage.At(s.now().Add(time.Hour))}))
	}
	must(s.t, s.store.PutConsent(s.t.Context(), storage.Consent{AccountID: s.mali.ID, ClientID: "web1", Scopes: "openid email", GrantedAt: storage.At(s.now()), ExpiresAt: storage.At(s.now().Add(time.Hour))}))
	return x
}

// One account goes into another as the preview says; what signed in to it signs in to nothing, and its numbers are nobody's.
func TestOfficeMerge(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		x := s.twin()
		_, b := s.appointed("owner@x.test", office.Owner)
		theirs := s.signedIn(x.ID)
		tokens := s.tokens(theirs)
		path := "/admin/accounts/" + number(x.SSOID)
		page := b.get(path).expect(t, 200)
		preview := b.submit(page, "preview-merge", "action", "preview-merge", "into", malisMail).expect(t, 200, twinsMail, "birthdate", "tigers", "stays behind", "dragons", number(s.mali.SSOID))
		if main := preview.main(); strings.Contains(main, "<b>Somchai") || strings.Contains(main, "\u202e") {
			t.Error(main)
		}
		if n := s.count(`SELECT COUNT(*) FROM accounts WHERE status = '4'`); n != 0 || !theirs.isIn() {
			t.Error("a preview changes something")
		}
		b.submit(preview, "merge", "action", "merge").expect(t, 422, "confirm-problem")
		b.to(b.submit(preview, "merge", "action", "merge", "confirm", "1"), "/admin/accounts/"+number(s.mali.SSOID)).expect(t, 200, "one now", twinsMail, malisMail)
		for query, want := range map[string]int64{
			`SELECT COUNT(*) FROM players WHERE account_id = '` + s.mali.ID + `'`:                                               2,
			`SELECT COUNT(*) FROM players WHERE account_id = '` + x.ID + `' AND id = 'theirs-dragons'`:                          1,
			`SELECT COUNT(*) FROM consents WHERE account_id = '` + s.mali.ID + `'`:                                              3,
			`SELECT COUNT(*) FROM consents WHERE client_id = 'web1' AND scopes = 'openid email'`:                                1,
			`SELECT COUNT(*) FROM consents WHERE account_id = '` + x.ID + `'`:                                                   0,
			`SELECT COUNT(*) FROM credentials WHERE account_id = '` + x.ID + `'`:                                                0,
			`SELECT COUNT(*) FROM contacts WHERE account_id = '` + s.mali.ID + `' AND preferred = 1 AND kind = 'email'`:         1,
			`SELECT COUNT(*) FROM audit WHERE event = 'account.merged' AND details LIKE '%` + number(x.SSOID) + `%'`:            2,
			`SELECT COUNT(*) FROM audit WHERE event = 'account.merged' AND account_id IN ('` + x.ID + `', '` + s.mali.ID + `')`: 2,
			`SELECT COUNT(*) FROM accounts WHERE id = '` + x.ID + `' AND status = '4' AND merged_into = '` + s.mali.ID + `'`:    1,
			`SELECT COUNT(*) FROM account_words WHERE account_id = '` + x.ID + `'`:                                              0,
			`SELECT COUNT(*) FROM accounts WHERE id = '` + s.mali.ID + `' AND profile LIKE '%2000-01-01%Mali%'`:                 1,
			`SELECT COUNT(*) FROM accounts WHERE id = '` + x.ID + `' AND profile = '{}' AND ssoid = ` + number(x.SSOID):         1,
			`SELECT COUNT(*) FROM sessions WHERE account_id = '` + x.ID + `' AND ended_at = 0`:                                  0,
			`SELECT COUNT(*) FROM grants WHERE account_id = '` + x.ID + `' AND revoked_at = 0 AND expires_at > ` + now(s.world): 0,
		} {
			if n := s.count(query); n != want {
				t.Errorf("%s: %d, want %d", query, n, want)
			}
		}
		if theirs.isIn() {
			t.Error("who was signed in to it still is")
		}
		access, _ := tokens["access_token"].(string)
		r := post("/oauth2/userinfo", nil)
		r.Header.Set("Authorization", "Bearer "+access)
		s.do(r).expect(t, 401)
		s.browser().login(twinsMail, "another nine doors in the rain").expect(t, 422)
		if answer := s.browser().login(twinsMail, malisPassword); answer.StatusCode != http.StatusSeeOther {
			t.Errorf("the address that went over signs in with the password of the account that stays: %d", answer.StatusCode)
		}
		b.get(path).expect(t, 200, "This account went into", number(s.mali.SSOID))
		told := map[string]bool{}
		for _, m := range s.delivered() {
			if m.Event == mail.AccountMerged {
				told[m.To] = true
			}
		}
		if len(told) != 2 {
			t.Errorf("told: %v", told)
		}
		// Once: sent again, the same page changes nothing.
		b.submit(preview, "merge", "action", "merge", "confirm", "1").expect(t, 400)
	})
}

func now(w *world) string { return number(w.now().UnixMilli()) }

// Who may not, on whom nobody may, and what was looked at before it changed (OF-08).
func TestOfficeMergeAttacks(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		x := s.twin()
		owner, b := s.appointed("owner@x.test", office.Owner)
		admin, a := s.appointed("admin@x.test", office.Admin)
		_, support := s.appointed("support@x.test", office.Support)
		_, auditor := s.appointed("auditor@x.test", office.Auditor)
		path := "/admin/accounts/" + number(x.SSOID)
		form := func(c *browser, changes ...string) reply {
			v := formtest.Find(t, c.get("/admin/accounts").body, "find").Values
			return c.send(post(path, changed(v, changes...)))
		}
		for name, c := range map[string]*browser{"support": support, "an auditor": auditor} {
			for _, changes := range [][]string{
				{"action", "preview-merge", "into", malisMail}, {"action", "preview-merge", "into", "nobody@x.test"}, {"action", "export"},
				{"action", "merge", "into", number(s.mali.SSOID), "from-version", "1", "into-version", "1", "confirm", "1"},
			} {
				if answer := form(c, changes...); answer.StatusCode != http.StatusForbidden {
					t.Errorf("%s: %v: %d", name, changes, answer.StatusCode)
				}
			}
			if page := c.get(path).body; strings.Contains(page, `id="export"`) || strings.Contains(page, `id="preview-merge"`) {
				t.Errorf("%s is offered it", name)
			}
		}
		for into, words := range map[string]string{
			"owner@x.test": "office.forbidden", number(admin.SSOID): "office.forbidden", number(x.SSOID): "the same account", "nobody@x.test": "no such account", "support@x.test": "office.forbidden",
		} {
			answer := form(a, "action", "preview-merge", "into", into)
			if words == "office.forbidden" && answer.StatusCode == http.StatusForbidden {
				continue
			}
			answer.expect(t, 422, words)
		}
		form(b, "action", "preview-merge", "into", "admin@x.test").expect(t, 422, "has a role")
		b.send(post("/admin/accounts/"+number(owner.SSOID), formtest.Find(t, b.get("/admin/accounts").body, "find").Values)).expect(t, 422)
		// A contact that was added meanwhile isn't given away by a page that didn't show it.
		preview := form(b, "action", "preview-merge", "into", malisMail).expect(t, 200)
		s.pass(time.Second)
		must(t, s.accounts.UpdateProfile(t.Context(), x.ID, map[string]string{"name": "Somebody else"}))
		b.submit(preview, "merge", "action", "merge", "confirm", "1").expect(t, 422, "changed in another window")
		if n := s.count(`SELECT COUNT(*) FROM accounts WHERE status = '4'`); n != 0 {
			t.Error("merged all the same")
		}
		// Two at once: one.
		preview = form(b, "action", "preview-merge", "into", malisMail).expect(t, 200)
		answers := make(chan int, 2)
		for range 2 {
			go func() {
				r := post(path, changed(formtest.Find(t, preview.body, "merge").Values, "action", "merge", "confirm", "1"))
				for name, value := range b.cookies {
					r.AddCookie(&http.Cookie{Name: name, Value: value})
				}
				answers <- s.do(r).StatusCode
			}()
		}
		if one, two := <-answers, <-answers; one+two != 303+422 && one+two != 303+400 {
			t.Errorf("%d and %d", one, two)
		}
		// A merged account isn't merged, disabled, deleted or reset again, and nobody goes into it.
		for _, action := range []string{"delete", "enable", "disable"} {
			form(b, "action", action, "confirm", "1", "reason", "because").expect(t, 422)
		}
		form(b, "action", "preview-merge", "into", malisMail).expect(t, 422)
	})
}

// A merge takes away nothing that protected somebody: who isn't to be found by a contact isn't found by it at the other account,
// no partner's id is kept from its owner, and what stayed behind goes when the account that stays is erased (OF-09).
func TestOfficeMergeProtects(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		ctx, at := t.Context(), storage.At(s.now())
		x := s.twin()
		_, b := s.appointed("owner@x.test", office.Owner)
		must(t, s.store.HideAccount(ctx, x.ID, at, at))
		for account, id := range map[string]string{x.ID: "theirs", s.mali.ID: "hers"} {
			must(t, s.store.CreateBinding(ctx, storage.Binding{ID: id, AccountID: account, Partner: "truemoney", ExternalID: id, CreatedAt: at, UpdatedAt: at}))
		}
		preview := b.submit(b.get("/admin/accounts/"+number(x.SSOID)), "preview-merge", "action", "preview-merge", "into", malisMail).expect(t, 200)
		b.to(b.submit(preview, "merge", "action", "merge", "confirm", "1"), "/admin/accounts/"+number(s.mali.SSOID)).expect(t, 200)
		if hidden := must1(s.store.HiddenAt(ctx, s.mali.ID))(t); hidden.IsZero() {
			t.Error("who wasn't to be found is found at the other account")
		}
		must1(s.store.BindingByExternalID(ctx, "truemoney", "hers"))(t)
		must(t, s.store.CreateBinding(ctx, storage.Binding{ID: "again", AccountID: "alice", Partner: "truemoney", ExternalID: "theirs", CreatedAt: at, UpdatedAt: at}))

		must1(s.office.Chain.Seal(ctx))(t)
		must1(s.accounts.Close(ctx, s.mali, ""))(t)
		s.pass(accounts.Grace + time.Minute)
		if n := must1(s.accounts.Erase(ctx))(t); n != 1 {
			t.Fatalf("%d erased", n)
		}
		for _, query := range []string{
			`SELECT COUNT(*) FROM players WHERE account_id = '`, `SELECT COUNT(*) FROM bindings WHERE account_id = '`, `SELECT COUNT(*) FROM sessions WHERE account_id = '`,
			`SELECT COUNT(*) FROM audit WHERE details <> '{}' AND event <> 'account.erased' AND account_id = '`,
		} {
			if n := s.count(query + x.ID + `'`); n != 0 {
				t.Errorf("%d rows are left of the account that went: %s", n, query)
			}
		}
		if report := must1(s.office.Chain.Verify(ctx, ""))(t); !report.Intact() || report.Emptied == 0 {
			t.Errorf("%+v", report)
		}
	})
}

// An administrator downloads what its owner could, on the record, and the owner is told.
func TestOfficeExport(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		_, b := s.appointed("admin@x.test", office.Admin)
		page := b.get("/admin/accounts/" + number(s.mali.SSOID))
		answer := b.submit(page, "export", "action", "export").expect(t, 200)
		var file accounts.Export
		must(t, json.Unmarshal([]byte(answer.body), &file))
		if file.Account.SSOID != s.mali.SSOID || len(file.Contacts) != 2 || !strings.HasPrefix(answer.Header.Get("Content-Disposition"), "attachment") ||
			answer.Header.Get("Cache-Control") != "no-store" || strings.Contains(answer.body, "$argon2") {
			t.Errorf("%v %s", answer.Header, answer.body)
		}
		if n := s.count(`SELECT COUNT(*) FROM audit WHERE event = 'account.exported' AND account_id = '` + s.mali.ID + `' AND actor_kind = 'account' AND actor_id <> '` + s.mali.ID + `'`); n != 1 {
			t.Errorf("%d on the record", n)
		}
		s.told(mail.DataExported)
		owner, _ := s.appointed("owner@x.test", office.Owner)
		v := formtest.Find(t, page.body, "export").Values
		b.send(post("/admin/accounts/"+number(owner.SSOID), changed(v, "action", "export"))).expect(t, 403) // whose role is above
	})
}
