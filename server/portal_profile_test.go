package server_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// userinfo is what an application is told of mali.
func (s *site) userinfo(b *browser, scope string) map[string]any {
	s.t.Helper()
	r := httptest.NewRequest(http.MethodGet, "/oauth2/userinfo", nil)
	r.Header.Set("Authorization", "Bearer "+text(s.tokens(b, "scope", scope), "access_token"))
	return s.do(r).json(s.t)
}

// Every standard claim of a person can be written by them, and arrives at applications.
func TestPortalProfile(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		s.exec(`UPDATE accounts SET profile = '{"name":"Mali Saelim","name#th":"มะลิ","x-shop":{"tier":3},"address":{"locality":"Chiang Mai","x":1}}' WHERE id = '` + s.mali.ID + `'`)
		b := s.browser()
		b.to(b.get("/account/profile"), "/login")
		b.to(b.login(malisMail, malisPassword), "/account")
		s.pass(time.Hour)
		page := b.get("/account/profile").expect(t, 200, "Mali Saelim", "Chiang Mai")
		typed := map[string]string{
			"name": "Mali <script>alert(1)</script>", "given_name": "Mali", "family_name": "Saelim", "middle_name": "M", "nickname": "ลิ",
			"preferred_username": "mali", "profile": "https://mali.test/me", "picture": "https://mali.test/me.png", "website": "https://mali.test",
			"gender": "female", "birthdate": "๑๙๙๙-๑๒-๓๑", "zoneinfo": "Asia/Bangkok", "locale": "th-TH",
			"street_address": "1 Tha Phae Road\r\nSoi 2", "region": "Chiang Mai", "postal_code": "50100", "country": "TH",
		}
		var changes []string
		for name, value := range typed {
			changes = append(changes, name, value)
		}
		saved := b.to(b.submit(page, "profile-form", changes...), "/account/profile").expect(t, 200, `role="status"`)
		if strings.Contains(saved.body, "<script>alert") { // HP-23
			t.Error("a name became markup")
		}
		told := s.userinfo(b, "openid profile address")
		address, _ := told["address"].(map[string]any)
		for name, want := range typed {
			got := told[name]
			if name == "street_address" || name == "region" || name == "postal_code" || name == "country" {
				got = address[name]
			}
			switch name {
			case "birthdate":
				want = "1999-12-31"
			case "street_address":
				want = "1 Tha Phae Road\nSoi 2"
			}
			if got != want {
				t.Errorf("%s is told as %q, not %q", name, got, want)
			}
		}
		if got, _ := told["updated_at"].(float64); int64(got) != s.now().Unix() {
			t.Errorf("updated_at is %v", told["updated_at"])
		}
		a := must1(s.accounts.Load(t.Context(), s.mali.ID))(t)
		if a.Profile["name#th"] != "มะลิ" || a.Profile["x-shop"] == nil || address["x"] == nil || a.AddressPart("locality") != "Chiang Mai" {
			t.Errorf("what nobody touched is gone: %v", a.Profile)
		}
		// An empty field takes its claim away; the same again is no change.
		page = b.get("/account/profile")
		b.to(b.submit(page, "profile-form"), "/account/profile")
		page = b.get("/account/profile")
		b.to(b.submit(page, "profile-form", "nickname", " \t"), "/account/profile")
		if _, there := s.userinfo(b, "openid profile")["nickname"]; there {
			t.Error("an empty claim is told")
		}
		events := must1(s.store.AuditOfAccount(t.Context(), s.mali.ID, 1<<62, 100))(t)
		var updates []string
		for _, e := range events {
			if e.Event == "account.updated" {
				updates = append(updates, e.Details)
			}
		}
		if len(updates) != 2 || updates[0] != `{"claims":["nickname"]}` || strings.Contains(updates[1], "alert") {
			t.Errorf("recorded: %v", updates)
		}
		// A browser that knows only some of the fields leaves the others alone.
		b.to(b.press("/account/profile", "website", "https://other.test"), "/account/profile")
		if a := must1(s.accounts.Load(t.Context(), s.mali.ID))(t); a.Text("given_name") != "Mali" || a.Text("website") != "https://other.test" {
			t.Errorf("%v", a.Profile)
		}
	})
}

// All that is wrong is told at once, nothing is written, and what was typed is still there.
func TestPortalProfileProblems(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		b := s.browser()
		b.to(b.login(malisMail, malisPassword), "/account")
		page := b.get("/account/profile")
		answer := b.submit(page, "profile-form", "name", strings.Repeat("ม", 201), "birthdate", "2542-01-02", "zoneinfo", "Bangkok", "locale", "th_TH",
			"website", "javascript:alert(1)", "picture", "//x", "nickname", "kept as typed")
		answer.expect(t, 422, `role="alert"`, "at most 200", "1999 for 2542", "Asia/Bangkok", "th-TH", "kept as typed", `href="#website"`, `href="#picture"`,
			`id="birthdate-problem"`, `<a href="#name">Full name: That`)
		b.submit(page, "profile-form", "birthdate", "31.12.1999").expect(t, 422, "1999-12-31")
		b.press("/account/profile", "mails", "de").expect(t, 400)
		if a := must1(s.accounts.Load(t.Context(), s.mali.ID))(t); a.DisplayName() != "Mali Saelim" || len(a.Profile) != 2 || a.Locale != "en" {
			t.Errorf("written all the same: %v", a.Profile)
		}
		// The language of messages is the account's, not the page's.
		b.to(b.submit(page, "mails-form", "mails", "th"), "/account/profile").expect(t, 200, `<html lang="en">`)
		if a := must1(s.accounts.Load(t.Context(), s.mali.ID))(t); a.Locale != "th" {
			t.Error(a.Locale)
		}
	})
}

// What turns text around, or isn't any, doesn't reach applications.
func TestProfileIsPlainText(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		b := s.browser()
		b.to(b.login(malisMail, malisPassword), "/account")
		b.to(b.submit(b.get("/account/profile"), "profile-form", "name", "Ma\u202eli\u2066\x00\x1b 👩\u200d🚀", "website", "https://x.test/\u202egnp.exe"), "/account/profile")
		told := s.userinfo(b, "openid profile")
		if told["name"] != "Mali 👩\u200d🚀" || told["website"] != "https://x.test/gnp.exe" {
			t.Errorf("%q, %q", told["name"], told["website"])
		}
	})
}
