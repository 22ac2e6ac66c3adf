package server_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"pratu/flows/limits"
	"pratu/storage"
)

// Nobody can have us keep any amount: requests that wait for a person are bounded for a network, whoever is signed in needs
// none, and what is refused for a limit isn't written down again and again.
func TestNobodyFillsTheDatabase(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		s.limiter.Overrides = map[string]limits.Override{
			limits.RequestAddress.Name: {Budget: 4, Window: time.Hour}, limits.SigninAccount.Name: {Budget: 2, Window: time.Hour},
		}
		rows := func(table string) int64 { return s.count(`SELECT COUNT(*) FROM ` + table) }
		stranger := s.browser()
		for range 2 {
			stranger = s.browser()
			stranger.to(stranger.authorize(base()), "/login")
			s.do(post("/oauth2/authorize", base())).expect(t, 303)
		}
		s.browser().authorize(base()).expect(t, 429)
		stranger.to(stranger.authorize(base()), "/login") // which it carries
		s.do(post("/oauth2/authorize", base())).expect(t, 429)
		if n := rows("interactions"); n != 4 {
			t.Errorf("%d requests wait", n)
		}
		if r := stranger.from("198.51.100.7", httptest.NewRequest(http.MethodGet, "/oauth2/authorize?"+base().Encode(), nil)); r.StatusCode != http.StatusSeeOther {
			t.Error(r.Status)
		}
		s.signedIn("alice").code(base())
		if _, params := stranger.authorize(base("prompt", "none")).location(t); params.Get("error") != "login_required" {
			t.Errorf("%v", params)
		}
		// An interaction that is over keeps no request.
		s.pass(31 * time.Minute)
		must1(s.store.Purge(t.Context(), storage.At(s.now())))(t)
		if n := s.count(`SELECT COUNT(*) FROM interactions WHERE form <> ''`); n != 0 {
			t.Errorf("%d requests are kept", n)
		}
		for n := range 5 {
			before := rows("audit")
			stranger.login(malisMail, "wrong password")
			if got, want := rows("audit")-before, map[bool]int64{true: 1}[n < 2]; got != want {
				t.Errorf("attempt %d: %d events, want %d", n, got, want)
			}
		}
	})
}

// Texts cost money: registrations with ever new numbers are bounded as codes are; those with addresses aren't touched.
func TestTextsAreBounded(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		s.limiter.Overrides = map[string]limits.Override{limits.CodeAddress.Name: {Budget: 3, Window: time.Hour}}
		register := func(contact string) reply {
			b := s.browser()
			return b.submit(b.get("/sign-up"), "sign-up", "email", contact, "password", malisPassword)
		}
		for n, want := range []int{303, 303, 303, 429, 429} {
			register("08100000"+number(int64(10+n))).expect(t, want)
		}
		register(newcomer).expect(t, 303)
		if n := len(s.texted()); n != 3 {
			t.Errorf("%d texts", n)
		}
	})
}
