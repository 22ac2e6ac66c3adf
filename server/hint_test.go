package server_test

import (
	"testing"
	"time"
)

// login_hint: whom it names answers, if they are signed in here; anybody else is never answered for unasked.
func TestLoginHint(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		must1(s.accounts.Create(t.Context(), newAccount("dao@x.test")))(t)
		b := s.browser()
		b.to(b.login(malisMail, malisPassword), "/account")
		who := func(code string) any {
			t.Helper()
			return claims(t, text(s.post("/oauth2/token", "ours", s1, grant(code)).json(t), "id_token"))["sub"]
		}
		for _, hint := range []string{malisMail, "MALI@x.test", "081 555 8888", "mali", number(s.mali.SSOID)} {
			if got := who(b.code(base("login_hint", hint))); got != number(s.mali.SSOID) {
				t.Errorf("%s: %v", hint, got)
			}
		}
		for _, hint := range []string{"dao@x.test", "nobody@x.test"} { // known or not, the same
			s.err(b.authorize(base("login_hint", hint, "prompt", "none")), "login_required")
			b.to(b.authorize(base("login_hint", hint)), "/login").expect(t, 200, `autocomplete="username webauthn"`, `value="`+hint+`"`)
		}
		s.err(b.authorize(base("client_id", "web1", "login_hint", malisMail, "prompt", "none")), "login_required")
		// Who signs in on that page is meant, whatever the hint was.
		page := b.to(b.authorize(base("login_hint", "dao@x.test")), "/login")
		s.pass(time.Second)
		done := b.proceed(b.submit(page, "sign-in", "username", "dao@x.test", "password", malisPassword))
		hint := text(s.post("/oauth2/token", "ours", s1, grant(done.query(t).Get("code"))).json(t), "id_token")
		if got := who(b.code(base("login_hint", malisMail))); got != number(s.mali.SSOID) { // not the one in use
			t.Errorf("%v", got)
		}
		if got := who(b.code(base("login_hint", malisMail, "id_token_hint", hint))); got == number(s.mali.SSOID) {
			t.Error("login_hint beat id_token_hint")
		}
		page = b.to(b.authorize(base("login_hint", "nobody@x.test")), "/login")
		done = b.proceed(b.submit(page, "sign-in", "username", malisMail, "password", malisPassword))
		if got := who(done.query(t).Get("code")); got != number(s.mali.SSOID) {
			t.Errorf("%v", got)
		}
	})
}
