package server_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"pratu/flows/clients"
)

// consent leads mali from a request to the consent page.
func (b *browser) consent(changes ...string) reply {
	b.w.t.Helper()
	page := b.asked(changes...)
	return b.to(b.proceed(b.submit(page, "sign-in", "username", malisMail, "password", malisPassword)), "/consent")
}

// Items 45 and 46 of the pages' checklist: who, to whom, where to, what; allowed and remembered, refused and told.
func TestConsent(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		s.client("shop", "Corner Shop")
		b := s.browser()
		page := b.consent("client_id", "shop", "scope", "openid profile email phone address offline_access")
		page.expect(t, 200, `id="consent-allow"`, `id="consent-deny"`, "Corner Shop", "shop.test", "m•••@x.test", "Mali Saelim",
			malisMail, malisPhone, "Chiang Mai, TH", `href="https://shop.test/privacy"`, `href="https://shop.test/terms"`, "rp.test",
			`rel="noopener`, "(opens in a new tab)", "a year")
		for _, rest := range []string{"scope.", "⟦"} {
			if strings.Contains(page.main(), rest) {
				t.Errorf("the page holds %q", rest)
			}
		}
		// HP-01: not without the form.
		b.send(post("/consent", url.Values{"interaction": {page.Request.URL.Query().Get("interaction")}, "decision": {"allow"}})).expect(t, 403)
		denied := b.proceed(b.submit(page, "consent", "decision", "deny"))
		if target, params := denied.location(t); target != rp || params.Get("error") != "access_denied" || params.Get("state") != "12345678" || params.Get("iss") != op {
			t.Fatal(target, params)
		}
		ask := func(changes ...string) reply {
			return b.authorize(base(append([]string{"client_id", "shop", "scope", "openid profile"}, changes...)...))
		}
		page = b.to(ask(), "/consent").expect(t, 200)
		if b.proceed(b.submit(page, "consent", "decision", "allow")).query(t).Get("code") == "" {
			t.Fatal("no code")
		}
		if ask().query(t).Get("code") == "" {
			t.Error("asked twice for the same")
		}
		b.to(ask("prompt", "consent"), "/consent").expect(t, 200)
		b.to(ask("scope", "openid profile email"), "/consent").expect(t, 200)
		s.pass(13 * 24 * time.Hour)
		if ask().query(t).Get("code") == "" {
			t.Error("forgotten")
		}
	})
}

// What is asked for and isn't there is said, for scopes and for single claims, and nowhere else.
func TestConsentTellsWhatIsMissing(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		must1(s.accounts.Create(t.Context(), newAccount("dao@x.test")))(t)
		b := s.browser()
		page := b.asked("scope", "openid profile email phone offline_access", "claims", `{"userinfo":{"address":null}}`)
		page = b.to(b.proceed(b.submit(page, "sign-in", "username", "dao@x.test", "password", malisPassword)), "/consent")
		page.expect(t, 200, "dao@x.test", `Your phone number<span class="value">Your account has none`)
		if n := strings.Count(page.body, "Your account has none"); n != 2 { // of the profile there is the account's language
			t.Errorf("missing: %d, not phone and address: %s", n, page.main())
		}
		other := s.browser()
		if strings.Contains(other.consent("scope", "openid profile email phone").body, "Your account has none") {
			t.Error("mali has all of it")
		}
	})
}

// client registers one with everything that a consent page shows.
func (s *site) client(id, name string) {
	s.t.Helper()
	_, _, err := s.clients.Create(s.t.Context(), clients.Document{ClientID: id, Kind: clients.KindWeb, ClientSecret: s1, Metadata: clients.Metadata{
		ClientName: name, RedirectURIs: []string{rp}, ClientURI: "https://shop.test/", InitiateLoginURI: "https://shop.test/sign-in",
		PolicyURI: "https://shop.test/privacy", TosURI: "https://shop.test/terms",
	}})
	must(s.t, err)
}

// HP-20: what is allowed is what was asked.
func TestConsentIsWhatWasAsked(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		b := s.browser()
		page := b.consent()
		for name, extra := range map[string][]string{
			"a scope":            {"scope", "openid admin"},
			"scopes":             {"scopes", "admin"},
			"another decision":   {"decision", "everything"},
			"no decision":        {"decision", ""},
			"another client":     {"client_id", "ours"},
			"another redirect":   {"redirect_uri", "https://evil.test/cb"},
			"claims":             {"claims", `{"userinfo":{"phone_number":null}}`},
			"somebody's account": {"account", "bob"},
		} {
			answer := b.submit(page, "consent", append([]string{"decision", "allow"}, extra...)...)
			if answer.StatusCode != http.StatusBadRequest {
				t.Errorf("%s: %d", name, answer.StatusCode)
			}
		}
		if b.authorize(base("client_id", "web1", "prompt", "none")).query(t).Get("error") != "consent_required" {
			t.Error("a tampered form was remembered")
		}
		code := b.proceed(b.submit(page, "consent", "decision", "allow")).query(t).Get("code")
		answer := s.post("/oauth2/token", "web1", s1, grant(code))
		if answer.StatusCode != http.StatusOK || answer.json(t)["scope"] != "openid profile email offline_access" {
			t.Errorf("%d %s", answer.StatusCode, answer.body)
		}
	})
}

// HP-20: a claim that nobody knows opens nothing, so it isn't asked about. On the page it would be a stranger's text, and in
// what is remembered a name with spaces would be several claims, the last of them cut off the page.
func TestConsentKnowsItsClaims(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		b := s.browser()
		hidden := strings.Repeat("x", 100) + " phone_number address"
		odd := `{"userinfo":{"` + hidden + `":null,"Your account was stolen, call 1":null,"a\u0000b":null,"zoneinfo":null},"id_token":{"Email":null}}`
		page := b.consent("scope", "openid", "claims", odd).expect(t, 200, "zoneinfo")
		for _, strange := range []string{"xxx", "stolen", "phone_number", "Email"} {
			if strings.Contains(page.main(), strange) {
				t.Errorf("the page holds %q", strange)
			}
		}
		if b.proceed(b.submit(page, "consent", "decision", "allow")).query(t).Get("code") == "" {
			t.Fatal("no code")
		}
		ask := func(claims string) url.Values {
			return b.authorize(base("client_id", "web1", "scope", "openid", "prompt", "none", "claims", claims)).query(t)
		}
		if got := ask(`{"userinfo":{"phone_number":null,"address":null}}`).Get("error"); got != "consent_required" {
			t.Errorf("claims that were never shown: %q", got)
		}
		if ask(odd).Get("code") == "" {
			t.Error("asked twice for the same")
		}
	})
}

// HP-23: names are text, whoever chose them.
func TestNamesAreText(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		s.client("evil", "<img src=x onerror=1>\u202Epohs")
		s.exec(`UPDATE accounts SET profile = '{"name":"<script>alert(1)</script>"}' WHERE id = '` + s.mali.ID + `'`)
		b := s.browser()
		pages := []reply{b.asked("client_id", "evil"), b.consent("client_id", "evil"), b.get("/account"), b.get("/sign-out")}
		select_ := b.to(b.authorize(base("client_id", "evil", "prompt", "select_account")), "/select-account")
		for _, page := range append(pages, select_) {
			for _, bad := range []string{"<img src=x", "<script>alert", "\u202E"} {
				if strings.Contains(page.body, bad) {
					t.Errorf("%s holds %q", page.Request.URL.Path, bad)
				}
			}
		}
		pages[1].expect(t, 200, "&lt;img src=x onerror=1&gt;pohs", "&lt;script&gt;alert(1)&lt;/script&gt;")
	})
}

// Two people in one browser.
func TestSelectAccount(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		must1(s.accounts.Create(t.Context(), newAccount("dao@x.test")))(t)
		b := s.browser()
		page := b.consent()
		s.pass(time.Second)
		choose := b.get(linkTo(t, page.body, "/select-account")).expect(t, 200, "Mali Saelim", "m•••@x.test")
		login := b.get(linkTo(t, choose.body, "/login")).expect(t, 200, `id="sign-in"`)
		if strings.Contains(login.main(), malisMail) {
			t.Error("another account, and the form still has the one before")
		}
		page = b.to(b.proceed(b.submit(login, "sign-in", "username", "dao@x.test", "password", malisPassword)), "/consent")
		page.expect(t, 200, "d•••@x.test")
		choose = b.to(b.authorize(base("prompt", "select_account")), "/select-account").expect(t, 200, "m•••@x.test", "d•••@x.test")
		s.pass(time.Second)
		first := field(choose.body, "session", 0)
		second := field(choose.body, "session", 1)
		done := b.proceed(b.submit(choose, "select-account", "session", second))
		code := done.query(t).Get("code")
		token := text(s.post("/oauth2/token", "ours", s1, grant(code)).json(t), "id_token")
		if got := claims(t, token)["sub"]; got != number(s.mali.SSOID) {
			t.Errorf("%v signed in", got)
		}
		// Somebody else's session can neither be chosen nor ended.
		eve := s.signedIn("bob")
		theirs := eve.get("/select-account").expect(t, 200)
		for _, what := range []string{"session", "remove"} {
			eve.submit(theirs, "select-account", what, first).expect(t, 404)
		}
		choose = b.get("/select-account").expect(t, 200, "m•••@x.test", "d•••@x.test")
		left := b.to(b.submit(choose, "select-account", "remove", first), "/select-account").expect(t, 200, "m•••@x.test")
		if strings.Contains(left.body, "d•••@x.test") {
			t.Error("still there")
		}
		b.to(b.to(b.submit(left, "select-account", "remove", field(left.body, "session", 0)), "/select-account"), "/login")
		if b.isIn() || b.cookies[sessionName] != "" {
			t.Error("still in")
		}
	})
}

// AZ-17: whoever has to prove anew to be there does so as themselves. A second account's password in the same request, and
// then the choice of the first, proves nothing of the first.
func TestReauthenticationIsOfTheChosenAccount(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		must1(s.accounts.Create(t.Context(), newAccount("dao@x.test")))(t)
		for _, wish := range [][]string{{"max_age", "0"}, {"max_age", "60"}, {"prompt", "login"}} {
			wish = append(wish, "response_mode", "form_post") // so that the sign-in alone doesn't answer
			b := s.browser()
			b.to(b.login(malisMail, malisPassword), "/account")
			mine := field(b.get("/select-account").body, "session", 0)
			s.pass(2 * time.Minute)
			login := b.to(b.authorize(base(wish...)), "/login")
			b.submit(login, "sign-in", "username", "dao@x.test", "password", malisPassword)
			choose := b.get("/select-account?interaction="+login.Request.URL.Query().Get("interaction")).expect(t, 200)
			answer := b.proceed(b.submit(choose, "select-account", "session", mine))
			b.to(answer, "/login").expect(t, 200)
			// Choosing who has just signed in asks for nothing more.
			b = s.browser()
			login = b.to(b.authorize(base(wish...)), "/login")
			b.submit(login, "sign-in", "username", malisMail, "password", malisPassword)
			choose = b.get("/select-account?interaction=" + login.Request.URL.Query().Get("interaction"))
			answer = b.proceed(b.submit(choose, "select-account", "session", field(choose.body, "session", 0)))
			answer.expect(t, 200, `name="code"`)
		}
	})
}

// An interaction that is over, somebody else's, or unknown: a page that says so and offers to begin again.
func TestExpiredInteraction(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		s.client("shop", "Corner Shop")
		// Double submit: the second finds the request answered, and nobody is harmed.
		twice := s.browser()
		page := twice.consent("client_id", "shop")
		twice.proceed(twice.submit(page, "consent", "decision", "allow"))
		twice.submit(page, "consent", "decision", "allow").expect(t, 404, "interaction.expired", `href="https://shop.test/sign-in?iss=https%3A%2F%2Fop.test"`)
		b := s.browser()
		page = b.asked("client_id", "shop")
		handle := page.Request.URL.Query().Get("interaction")
		for _, path := range []string{"/login", "/sign-up", "/consent", "/select-account"} {
			s.browser().get(path+"?interaction="+handle).expect(t, 403, "interaction.other_browser")
			b.get(path+"?interaction=guess").expect(t, 404, "interaction.unknown", `href="/login"`)
		}
		b.get("/consent").expect(t, 404, "interaction.unknown")
		b.to(b.get("/consent?interaction="+handle), "/oauth2/authorize/continue") // nobody to consent yet
		s.pass(31 * time.Minute)
		expired := b.get("/login?interaction="+handle).expect(t, 404, "interaction.expired", `href="https://shop.test/sign-in?iss=https%3A%2F%2Fop.test"`)
		if expired.Header.Get("Location") != "" {
			t.Error("redirected")
		}
		b.submit(page, "sign-in", "username", malisMail, "password", malisPassword).expect(t, 404, "interaction.expired")
		if b.isIn() {
			t.Error("signed in for nobody")
		}
		// A client that has no page to begin at: there is a way on all the same.
		page = b.asked()
		s.pass(31 * time.Minute)
		b.get("/login?"+page.Request.URL.RawQuery).expect(t, 404, "interaction.expired", `<a class="button" href="/login">Start again`)
		// Once nothing is left, nobody knows the application: the page says so and leads to the sign-in of our own.
		s.pass(24 * time.Hour)
		b.forgets("pratu_request_")
		for _, path := range []string{"/login?", "/oauth2/authorize/continue?"} {
			b.get(path+page.Request.URL.RawQuery).expect(t, 404, "interaction.unknown", "Go back to the application", `<a class="button" href="/login">Start again`)
		}
		b.submit(page, "sign-in", "username", malisMail, "password", malisPassword).expect(t, 404, "interaction.unknown", `href="/login"`)
	})
}

// What a consent page shows is who consents, whatever happens in other tabs.
func TestConsentIsWhoseItWas(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		must1(s.accounts.Create(t.Context(), newAccount("dao@x.test")))(t)
		b := s.browser()
		b.to(b.login(malisMail, malisPassword), "/account")
		page := b.to(b.authorize(base("client_id", "web1")), "/consent").expect(t, 200, "m•••@x.test")
		s.pass(time.Second)
		other := b.to(b.authorize(base("client_id", "web2", "redirect_uri", "https://rp2.test/cb", "prompt", "login")), "/login")
		b.submit(other, "sign-in", "username", "dao@x.test", "password", malisPassword)
		b.get("/account").expect(t, 200, "dao@x.test")
		code := b.proceed(b.submit(page, "consent", "decision", "allow")).query(t).Get("code")
		token := text(s.post("/oauth2/token", "web1", s1, grant(code)).json(t), "id_token")
		if got := claims(t, token)["sub"]; got != number(s.mali.SSOID) {
			t.Errorf("%v consented", got)
		}
	})
}

// A client that is switched off while somebody is on the way.
func TestClientIsGone(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		b := s.browser()
		page := b.asked()
		must1(s.clients.Update(t.Context(), "web1", func(d *clients.Document) error { d.Disabled = true; return nil }))(t)
		s.pass(2 * time.Second)
		b.submit(page, "sign-in", "username", malisMail, "password", malisPassword).expect(t, 403, "We don’t know this application")
	})
}

// With an ID token as hint the page is about the hinted one, not about who is in use.
func TestConsentOfTheHinted(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		_, err := s.accounts.Create(t.Context(), newAccount("dao@x.test"))
		must(t, err)
		b := s.browser()
		b.to(b.login(malisMail, malisPassword), "/account")
		hint := text(s.tokens(b), "id_token")
		s.pass(time.Second)
		login := b.to(b.authorize(base("prompt", "login")), "/login")
		b.submit(login, "sign-in", "username", "dao@x.test", "password", malisPassword)
		b.get("/account").expect(t, 200, "dao@x.test")
		b.to(b.authorize(base("prompt", "consent", "id_token_hint", hint)), "/consent").expect(t, 200, "m•••@x.test")
	})
}

// Who is signed in and has to prove it anew is named, keeps what a password manager needs, and can be somebody else.
func TestSignInAgain(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		dao := must1(s.accounts.Create(t.Context(), newAccount("dao@x.test")))(t)
		b := s.browser()
		b.to(b.login(malisMail, malisPassword), "/account")
		hint := text(s.tokens(b), "id_token")
		s.pass(time.Second)
		const known = `autocomplete="username" value="` + malisMail + `" readonly`
		page := b.to(b.authorize(base("prompt", "login")), "/login").expect(t, 200, "Confirm it’s you", "Mali Saelim", known, "Not you?")
		for _, bad := range []string{`href="/sign-up`, `autocomplete="username webauthn"`} {
			if strings.Contains(page.body, bad) {
				t.Errorf("the page holds %q", bad)
			}
		}
		b.submit(page, "sign-in", "language", "th").expect(t, 200, `<html lang="th">`, known)
		b.get("/language?to=en")
		wrong := b.submit(page, "sign-in", "password", "wrong password").expect(t, 422, known, `role="alert"`, "password of this account")
		if b.proceed(b.submit(wrong, "sign-in", "password", malisPassword)).query(t).Get("code") == "" {
			t.Error("no code")
		}
		// Somebody else: an empty form, also after a wrong password.
		page = b.to(b.authorize(base("max_age", "0")), "/login").expect(t, 200, known)
		page = b.get(linkTo(t, page.body, "/login")).expect(t, 200, `autocomplete="username webauthn"`, `href="/sign-up`)
		page = b.submit(page, "sign-in", "username", malisMail, "password", "wrong password").expect(t, 422, `autocomplete="username webauthn"`, `value="`+malisMail+`"`)
		s.pass(time.Second)
		code := b.proceed(b.submit(page, "sign-in", "username", "dao@x.test", "password", malisPassword)).query(t).Get("code")
		token := text(s.post("/oauth2/token", "ours", s1, grant(code)).json(t), "id_token")
		if got := claims(t, token)["sub"]; got != number(dao.SSOID) {
			t.Errorf("%v signed in", got)
		}
		// Now dao is in use. The ID token is mali's: it is she who has to prove it, and nobody else will do.
		s.pass(time.Second)
		b.to(b.authorize(base("prompt", "login", "id_token_hint", hint)), "/login").expect(t, 200, known)
		b.get("/account").expect(t, 200, "dao@x.test")
		other := s.browser()
		other.to(other.login("dao@x.test", malisPassword), "/account")
		page = other.to(other.authorize(base("id_token_hint", hint)), "/login").expect(t, 200, `autocomplete="username webauthn"`)
		if strings.Contains(page.main(), "dao@x.test") || strings.Contains(page.main(), malisMail) {
			t.Error("the form names somebody: " + page.main())
		}
	})
}

// Claims of the client's own that tell something of the account are asked for by their names, and a new one is a new
// question. A constant tells nothing of anybody.
func TestConsentNamesClaimsOfRules(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		s.client("shop", "Corner Shop")
		rules := func(text string) {
			t.Helper()
			_, err := s.clients.Update(t.Context(), "shop", func(d *clients.Document) error { return d.Settings.Set("claims", text) })
			must(t, err)
			s.pass(2 * time.Second)
		}
		const place, tier = `{"claim":"https://shop.test/place","template":"{{.address.locality}} of {{.name}}"}`, `{"claim":"shop:tier","value":"gold"}`
		rules(`[` + place + `,` + tier + `,{"claim":"shop:born","field":"birthdate","scope":"phone"}]`)
		b := s.browser()
		page := b.consent("client_id", "shop", "scope", "openid email")
		page.expect(t, 200, "Information named", "https://shop.test/place", "Chiang Mai")
		for _, not := range []string{"shop:tier", "shop:born", "Your account has none"} {
			if strings.Contains(page.main(), not) {
				t.Errorf("the page names %s", not)
			}
		}
		if b.proceed(b.submit(page, "consent", "decision", "allow")).query(t).Get("code") == "" {
			t.Fatal("no code")
		}
		ask := func() reply { return b.authorize(base("client_id", "shop", "scope", "openid email")) }
		if ask().query(t).Get("code") == "" {
			t.Error("asked twice for the same")
		}
		b.get("/account/applications").expect(t, 200, "Information named", "https://shop.test/place")
		rules(`[` + place + `,{"claim":"shop:number","field":"ssoid"}]`)
		page = b.to(ask(), "/consent").expect(t, 200, "shop:number", "https://shop.test/place")
		if b.proceed(b.submit(page, "consent", "decision", "allow")).query(t).Get("code") == "" || ask().query(t).Get("code") == "" {
			t.Error("allowed, and asked again")
		}
		// The same names, which tell something else from now on.
		for _, changed := range []string{`[` + place + `,{"claim":"shop:number","field":"phone_number"}]`, `[{"claim":"https://shop.test/place","template":"{{.birthdate}}"}]`} {
			rules(changed)
			page = b.to(ask(), "/consent").expect(t, 200, "https://shop.test/place")
			if strings.Contains(page.main(), "phone_number") || strings.Contains(page.main(), "place=") {
				t.Error("the page says what a rule is made of: " + page.main())
			}
		}
	})
}
