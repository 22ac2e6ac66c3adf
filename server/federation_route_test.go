package server_test

import (
	"strings"
	"testing"
	"time"

	"pratu/flows/connectors"
)

// idp_hint skips the page, once; what it names has to be there for the application.
func TestIDPHint(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		u := newUpstream(t)
		d := u.document("corp")
		d.Settings.Clients = []string{"ours"}
		s.connector(d)
		away := func(b *browser, changes ...string) reply {
			t.Helper()
			answer := b.authorize(base(changes...))
			return b.get(answer.Header.Get("Location"))
		}
		b := s.browser()
		answer := away(b, "idp_hint", "corp")
		if target, _ := answer.location(t); target != u.AuthorizationEndpoint() {
			t.Fatal(target)
		}
		// Whoever says no there finds the page, and isn't sent on again.
		at := s.there(answer)
		b.to(b.get(at+"&error=access_denied"), "/login").expect(t, 200, "without signing in", "door-corp")
		answer = away(b, "idp_hint", "corp")
		if code := b.proceed(b.get(s.there(answer))).Header.Get("Location"); !strings.HasPrefix(code, rp+"?code=") {
			t.Errorf("%s", code)
		}
		// Signed in already, somebody else is wanted: the page asks, and doesn't go round in circles.
		away(b, "idp_hint", "corp", "prompt", "login").expect(t, 200, "door-corp")
		for name, changes := range map[string][]string{
			"unknown": {"idp_hint", "nobody"}, "a path": {"idp_hint", "../x"}, "another application": {"idp_hint", "corp", "client_id", "multi"},
		} {
			page := away(s.browser(), changes...).expect(t, 200, `id="sign-in"`)
			if strings.Contains(page.body, "door-corp") != (name != "another application") {
				t.Errorf("%s: %s", name, page.main())
			}
		}
		// What an application isn't offered can't be begun for it by hand.
		other := s.browser()
		page := away(other, "client_id", "multi")
		form := changed(base(), "csrf", field(page.body, "csrf", 0), "interaction", field(page.body, "interaction", 0))
		other.to(other.send(post("/federation/corp", form)), "/login").expect(t, 200, "isn’t available")
		// Off and on again, without a restart; who is on the way then doesn't get in.
		b = s.browser()
		at = s.there(away(b, "idp_hint", "corp"))
		off := func(disabled bool) {
			must1(s.connectors.Update(t.Context(), "corp", func(d *connectors.Document) error { d.Disabled = disabled; return nil }))(t)
			s.pass(time.Second)
		}
		off(true)
		b.to(b.get(at), "/login").expect(t, 200, "switched off")
		away(b, "idp_hint", "corp").expect(t, 200, `id="sign-in"`)
		off(false)
		away(b, "idp_hint", "corp").expect(t, 303)
	})
}

// People of a domain are sent to where they sign in, whether anybody has the address or not; no password is looked at.
func TestDomainRouting(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		u := newUpstream(t)
		d := u.document("corp")
		d.Settings.Domains = []string{"x.test"}
		s.connector(d)
		for name, begin := range map[string]func(b *browser, address string) reply{
			"sign-in": func(b *browser, address string) reply { return b.login(address, malisPassword) },
			"code": func(b *browser, address string) reply {
				return b.submit(b.get("/login/code"), "login-code", "username", address)
			},
			"sign-up": func(b *browser, address string) reply {
				return b.submit(b.get("/sign-up"), "sign-up", "email", address, "password", malisPassword)
			},
			"login_hint": func(b *browser, address string) reply {
				return b.get(b.authorize(base("login_hint", address)).Header.Get("Location"))
			},
		} {
			for _, address := range []string{malisMail, "Nobody@X.test"} {
				target, q := begin(s.browser(), address).location(t)
				if target != u.AuthorizationEndpoint() || q.Get("login_hint") != strings.TrimSpace(address) {
					t.Errorf("%s, %s: %s %v", name, address, target, q)
				}
			}
			if target, _, _ := strings.Cut(begin(s.browser(), "mali@sub.x.test").Header.Get("Location"), "?"); target == u.AuthorizationEndpoint() {
				t.Errorf("%s: a domain below goes there, too", name)
			}
		}
		if n := s.count(`SELECT COUNT(*) FROM pending_registrations WHERE kind <> ''`); n != 1 { // that of the domain below
			t.Errorf("%d registrations", n)
		}
	})
}
