package server_test

import (
	"math"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"pratu/flows/limits"
)

// A sign-in that is all a request needs answers it in its own transaction. What it costs doesn't grow unseen.
func TestSignInAnswers(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		s.limiter.Overrides = map[string]limits.Override{limits.RequestAddress.Name: {Budget: math.MaxInt, Window: time.Hour}} // no sample
		b := s.browser()
		whole := func() (statements int64) {
			delete(b.cookies, sessionName)
			before := s.store.Statements()
			page := b.to(b.authorize(base()), "/login")
			target, params := b.submit(page, "sign-in", "username", malisMail, "password", malisPassword).location(t)
			if target != rp || params.Get("state") != "12345678" {
				t.Fatalf("led to %s %v", target, params)
			}
			s.post("/oauth2/token", "ours", s1, grant(params.Get("code"))).expect(t, http.StatusOK)
			return s.store.Statements() - before
		}
		whole() // the browser is known from now on
		if !b.isIn() {
			t.Error("nobody is signed in")
		}
		want := map[string]int64{"sqlite": 10, "postgres": 6}[s.store.Engine()]
		if n := whole(); n != want {
			t.Errorf("a whole sign-in takes %d statements, not %d", n, want)
		}
	})
}

// Whatever else a request needs is decided where it always is.
func TestSignInAnswersNothingElse(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		const next = op + "/oauth2/authorize/continue"
		dao := s.browser()
		must1(s.accounts.Create(t.Context(), newAccount("dao@x.test")))(t)
		dao.to(dao.login("dao@x.test", malisPassword), "/account")
		hint := text(s.tokens(dao), "id_token")
		for name, changes := range map[string][]string{
			"consent is asked": {"client_id", "web1"}, "consent is asked again": {"prompt", "consent"}, "somebody else is meant": {"id_token_hint", hint},
			"a second factor is wanted": {"claims", `{"id_token":{"acr":{"essential":true,"value":"2"}}}`},
			"the answer is a page":      {"response_mode", "form_post"},
		} {
			b := s.browser()
			page := b.to(b.authorize(base(changes...)), "/login")
			if target, _ := b.submit(page, "sign-in", "username", malisMail, "password", malisPassword).location(t); target != next {
				t.Errorf("%s: led to %s", name, target)
			}
			if !b.isIn() {
				t.Errorf("%s: not signed in", name)
			}
		}
		// Answered in another tab meanwhile: the sign-in is not for it any more.
		b := s.browser()
		page := b.to(b.authorize(base()), "/login")
		b.proceed(b.submit(page, "sign-in", "username", malisMail, "password", malisPassword))
		b.submit(page, "sign-in", "username", malisMail, "password", malisPassword).expect(t, http.StatusNotFound, "interaction.expired")
	})
}

// A pushed request that was used meanwhile doesn't undo the sign-in: the relying party hears of it.
func TestSignInForSpentRequest(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		pushed := text(s.post("/oauth2/par", "ours", s1, base()).json(t), "request_uri")
		b := s.browser()
		page := b.to(b.authorize(url.Values{"client_id": {"ours"}, "request_uri": {pushed}}), "/login")
		s.exec(`DELETE FROM pushed_requests`)
		s.pass(time.Second)
		answer := b.submit(page, "sign-in", "username", malisMail, "password", malisPassword)
		if target, _ := answer.location(t); !strings.HasSuffix(target, "/oauth2/authorize/continue") {
			t.Fatalf("led to %s", target)
		}
		if !b.isIn() {
			t.Error("the sign-in is lost")
		}
		s.err(b.proceed(answer), "invalid_request_uri")
	})
}
