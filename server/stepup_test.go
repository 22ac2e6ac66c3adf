package server_test

import (
	"strings"
	"testing"
	"time"

	"pratu/flows/clients"
	"pratu/server/formtest"
)

const essentialMulti = `{"id_token":{"acr":{"essential":true,"values":["2"]}}}`

// What a client may want of a sign-in is reached, or refused; it is never pretended.
func TestStepUp(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		_, a := s.malis()
		s.exec(`UPDATE known_browsers SET trusted_until = 0`)
		single := func() *browser { return s.signedIn(s.mali.ID) } // a session of a password alone
		for name, asked := range map[string][]string{"essential": {"claims", essentialMulti}, "wished": {"acr_values", "2 1"}, "wished by claims": {"claims", `{"id_token":{"acr":{"value":"2"}}}`}} {
			b := single()
			before := b.cookies[sessionName]
			page := b.to(b.authorize(base(asked...)), "/login/factor").expect(t, 200, `id="factor"`, `id="factor-cancel"`)
			b.submit(page, "factor", "code", "000000x").expect(t, 422)
			_, params := b.proceed(b.submit(page, "factor", "code", a.next())).location(t)
			if params.Get("code") == "" || b.cookies[sessionName] == before {
				t.Errorf("%s: %v", name, params)
			}
			b.isSaid("2", "pwd otp mfa", asked...)
			old := s.browser() // item 55
			old.cookies[sessionName] = before
			if old.isIn() {
				t.Errorf("%s: the old cookie is in", name)
			}
		}
		// Nobody can be asked.
		b := single()
		if _, params := b.authorize(base("claims", essentialMulti, "prompt", "none")).location(t); params.Get("error") != "login_required" {
			t.Errorf("%v", params)
		}
		b.isSaid("1", "pwd", "acr_values", "2", "prompt", "none")
		// Going back without: what was essential is unmet, what was a wish is a no.
		for asked, want := range map[string]string{essentialMulti: "unmet_authentication_requirements", `{"id_token":{"acr":{"value":"2"}}}`: "access_denied"} {
			page := b.to(b.authorize(base("claims", asked)), "/login/factor")
			if target, params := b.proceed(b.submit(page, "factor-cancel", "cancel", "1")).location(t); target != rp || params.Get("error") != want {
				t.Errorf("%s: %s %v", asked, target, params)
			}
		}
		// What we have no class for is refused at once, whoever is here.
		for _, b := range []*browser{b, s.browser()} {
			if target, params := b.authorize(base("claims", `{"id_token":{"acr":{"essential":true,"value":"phr"}}}`)).location(t); target != rp || params.Get("error") != "unmet_authentication_requirements" {
				t.Errorf("%s %v", target, params)
			}
		}
		// prompt=login isn't met by a code of the app.
		b = single()
		page := b.to(b.authorize(base("prompt", "login", "claims", essentialMulti)), "/login")
		waiting := formtest.Find(t, page.body, "sign-in").Values.Get("interaction")
		factor := b.get("/login/factor?interaction="+waiting).expect(t, 200)
		b.to(b.proceed(b.submit(factor, "factor", "code", a.next())), "/login")
		// Nor does it make the sign-in look new.
		b = single()
		s.pass(time.Hour)
		b.to(b.submit(b.get("/login/factor?to=/account/authenticator"), "factor", "code", a.next()), "/account/authenticator")
		b.to(b.get("/account/authenticator"), "/account/confirm")
		b.to(b.authorize(base("max_age", "60")), "/login")
		// A way back leads to the portal only.
		for _, evil := range []string{"https://evil.test", "//evil.test", "/oauth2/authorize"} {
			b := single()
			page := b.get("/login/factor?to=/account/security")
			b.to(b.submit(page, "factor", "code", a.next(), "to", evil), "/account")
		}
		if body := s.browser().get("/.well-known/openid-configuration").json(t); len(body["acr_values_supported"].([]any)) != 2 {
			t.Errorf("%v", body["acr_values_supported"])
		}
	})
}

// A client's min_acr holds for all of its requests; who has one factor only can set up another, or go back.
func TestMinACR(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		if _, _, err := s.clients.Create(t.Context(), clients.Document{
			ClientID: "bank", Kind: clients.KindWeb, ClientSecret: s2, Settings: clients.Settings{FirstParty: true, MinACR: "2"},
			Metadata: clients.Metadata{RedirectURIs: []string{rp}},
		}); err != nil {
			t.Fatal(err)
		}
		asked := base("client_id", "bank")
		b := s.browser()
		page := b.to(b.authorize(asked), "/login")
		page = b.to(b.proceed(b.submit(page, "sign-in", "username", malisMail, "password", malisPassword)), "/login/factor")
		page.expect(t, 200, `id="factor-setup"`, "bank")
		b.submit(page, "factor-cancel", "code", "123456").expect(t, 422) // there is none to check
		if _, params := b.proceed(b.submit(page, "factor-cancel", "cancel", "1")).location(t); params.Get("error") != "unmet_authentication_requirements" {
			t.Errorf("%v", params)
		}
		page = b.to(b.authorize(asked), "/login/factor")
		s.enrol(b)
		if code := b.code(asked); code == "" {
			t.Error("no code")
		}
		if strings.Contains(page.body, `name="code"`) {
			t.Error("a code is asked of who has none")
		}
		if _, _, err := s.clients.Create(t.Context(), clients.Document{
			ClientID: "typo", Kind: clients.KindWeb, Settings: clients.Settings{MinACR: "high"}, Metadata: clients.Metadata{RedirectURIs: []string{rp}},
		}); err == nil {
			t.Error("a class that doesn't exist is stored")
		}
	})
}
