package server_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/oauth2-proxy/mockoidc"

	"pratu/flows/connectors"
)

// From the button to the relying party: somebody new gets an account, and the same one the next time.
func TestFederation(t *testing.T) {
	t.Parallel()
	onSite(t, func(t *testing.T, s *site) {
		u := newUpstream(t)
		s.connector(u.document("corp"))
		b := s.browser()
		page := b.asked().expect(t, 200, "Continue with Corner &lt;b&gt;IdP&lt;/b&gt;")
		u.QueueUser(claimant{somebody("1", "nok@trusted.test"), map[string]any{
			"name": "Nok\u202e Noi", "given_name": "Nok", "zoneinfo": "Mars/Base", "locale": "th-TH",
		}})
		done := b.federated(page, "corp")
		consent := b.to(b.proceed(done), "/consent").expect(t, 200, "Nok Noi")
		code := b.proceed(b.submit(consent, "consent", "decision", "allow")).query(t).Get("code")
		bought := s.post("/oauth2/token", "web1", s1, grant(code)).json(t)
		token := claims(t, text(bought, "id_token"))
		if token["amr"].([]any)[0] != "fed" || token["acr"] != "1" {
			t.Errorf("%v", token)
		}
		want := map[string]any{"email": "nok@trusted.test", "email_verified": true, "name": "Nok Noi", "locale": "th-TH", "zoneinfo": nil, "given_name": "Nok"}
		r := httptest.NewRequest(http.MethodGet, "/oauth2/userinfo", nil)
		r.Header.Set("Authorization", "Bearer "+text(bought, "access_token"))
		told := s.do(r).json(t)
		for name, value := range want {
			if told[name] != value {
				t.Errorf("%s: %v", name, told[name])
			}
		}
		// The next time, in another browser, with another address: the same account.
		u.QueueUser(somebody("1", "other@trusted.test"))
		other := s.browser()
		other.to(other.federated(other.get("/login"), "corp"), "/account").expect(t, 200, "Nok Noi", "nok@trusted.test")
		if n := s.count(`SELECT COUNT(*) FROM identities`); n != 1 {
			t.Errorf("%d identities", n)
		}
		// The session is a browser's as any other: a new cookie, and the record has it.
		if n := s.count(`SELECT COUNT(*) FROM audit WHERE event = 'signin.succeeded' AND details LIKE '%fed%'`); n != 2 {
			t.Errorf("%d sign-ins", n)
		}
		if n := s.metric("pratu_upstream_requests_total", "corp"); n != 2 {
			t.Errorf("%v came back", n)
		}
		for _, secret := range []string{u.ClientSecret, "nok@trusted.test", "other@trusted.test", "code="} {
			if strings.Contains(s.log.String(), secret) {
				t.Errorf("the log holds %s: %s", secret, line(s.log.String(), secret))
			}
		}
	})
}

// What goes there: PKCE, a nonce, a state, one address for each connector, and nothing that the browser chose.
func TestFederationRequest(t *testing.T) {
	t.Parallel()
	onSite(t, func(t *testing.T, s *site) {
		u := newUpstream(t)
		s.connector(u.document("corp"))
		b := s.browser()
		target, q := b.door(b.asked("login_hint", "nok@x.test"), "corp").location(t)
		if target != u.AuthorizationEndpoint() {
			t.Error(target)
		}
		want := map[string]string{
			"client_id": u.ClientID, "redirect_uri": op + "/federation/corp/callback", "response_type": "code", "scope": "openid profile email",
			"code_challenge_method": "S256", "login_hint": "nok@x.test", "ui_locales": "en", "prompt": "",
		}
		for name, value := range want {
			if got := q.Get(name); got != value || len(q[name]) > 1 {
				t.Errorf("%s: %v", name, q[name])
			}
		}
		for _, name := range []string{"state", "nonce", "code_challenge"} {
			if len(q.Get(name)) < 43 {
				t.Errorf("%s: %q", name, q.Get(name))
			}
		}
		_, again := b.door(b.asked("prompt", "login"), "corp").location(t)
		if again.Get("prompt") != "login" || again.Get("state") == q.Get("state") || again.Get("nonce") == q.Get("nonce") {
			t.Errorf("%v", again)
		}
		// A link of a stranger begins nothing (login CSRF): the form has our token.
		r := post("/federation/corp", url.Values{})
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		b.send(r).expect(t, 403)
		b.get("/federation/corp").expect(t, 405)
	})
}

// HP-24, HP-25 and what else can happen to a callback. Each case brings an answer back; none signs anybody in.
func TestFederationCallback(t *testing.T) {
	t.Parallel()
	onSite(t, func(t *testing.T, s *site) {
		u := newUpstream(t)
		s.connector(u.document("corp"))
		s.connector(u.document("other"))
		callback := func(b *browser) *url.URL {
			t.Helper()
			return must1(url.Parse(s.there(b.door(b.get("/login"), "corp"))))(t)
		}
		with := func(at *url.URL, changes ...string) string {
			to := *at
			to.RawQuery = changed(to.Query(), changes...).Encode()
			return to.String()
		}
		type way struct {
			status int
			word   string // of the page in the end
			send   func(b *browser, at *url.URL) reply
		}
		for name, c := range map[string]way{
			"HP-24 no state":      {400, "federation.state", func(b *browser, at *url.URL) reply { return b.get(with(at, "state", "")) }},
			"HP-24 guessed state": {400, "federation.state", func(b *browser, at *url.URL) reply { return b.get(with(at, "state", strings.Repeat("A", 43))) }},
			"state twice": {400, "federation.state", func(b *browser, at *url.URL) reply {
				return b.get(at.String() + "&state=" + strings.Repeat("A", 43))
			}},
			"long": {400, "federation.state", func(b *browser, at *url.URL) reply { return b.get(with(at, "code", strings.Repeat("A", 9<<10))) }},
			"another browser": {403, "federation.other_browser", func(b *browser, at *url.URL) reply {
				for name := range b.cookies {
					delete(b.cookies, name)
				}
				b.get("/login")
				return b.get(at.String())
			}},
			"no cookies": {403, "federation.other_browser", func(b *browser, at *url.URL) reply {
				clear(b.cookies)
				return b.get(at.String())
			}},
			"another connector's": {400, "federation.state", func(b *browser, at *url.URL) reply {
				return b.get(strings.Replace(at.String(), "/corp/", "/other/", 1))
			}},
			"unknown connector": {400, "federation.state", func(b *browser, at *url.URL) reply {
				return b.get(strings.Replace(at.String(), "/corp/", "/nobody/", 1))
			}},
			"too late": {400, "federation.state", func(b *browser, at *url.URL) reply {
				s.pass(10 * time.Minute)
				u.FastForward(10 * time.Minute)
				return b.get(at.String())
			}},
			"set up anew meanwhile": {400, "federation.state", func(b *browser, at *url.URL) reply {
				s.pass(time.Second)
				must1(s.connectors.Update(t.Context(), "corp", func(d *connectors.Document) error { d.Name = "Corner <b>IdP</b>"; return nil }))(t)
				s.pass(time.Second)
				return b.get(at.String())
			}},
			"another issuer (RFC 9207)": {200, "couldn't be confirmed", func(b *browser, at *url.URL) reply {
				return b.follow(b.get(with(at, "iss", "https://evil.test")))
			}},
			"no code":     {200, "couldn't be confirmed", func(b *browser, at *url.URL) reply { return b.follow(b.get(with(at, "code", ""))) }},
			"wrong code":  {200, "isn't answering", func(b *browser, at *url.URL) reply { return b.follow(b.get(with(at, "code", "AAAA"))) }},
			"they say no": {200, "without signing in", func(b *browser, at *url.URL) reply { return b.follow(b.get(with(at, "error", "access_denied"))) }},
			"an error":    {200, "isn't answering", func(b *browser, at *url.URL) reply { return b.follow(b.get(with(at, "error", "<b>server_error"))) }},
			"a POST twice": {400, "federation.state", func(b *browser, at *url.URL) reply {
				s.returned("corp", at.Query()).expect(t, 303)
				return s.returned("corp", at.Query())
			}},
			"a POST, fetched by another browser": {403, "federation.other_browser", func(b *browser, at *url.URL) reply {
				answer := s.returned("corp", at.Query()).expect(t, 303)
				return s.browser().get(answer.Header.Get("Location"))
			}},
			"a POST of 64 KiB": {400, "invalid_request", func(b *browser, at *url.URL) reply {
				return s.returned("corp", changed(at.Query(), "user", strings.Repeat("A", 64<<10)))
			}},
		} {
			t.Run(name, func(t *testing.T) {
				b := s.browser()
				answer := c.send(b, callback(b))
				answer.expect(t, c.status)
				if page := strings.ReplaceAll(answer.main(), "’", "'"); !strings.Contains(page, c.word) {
					t.Errorf("the page doesn't say %q: %s", c.word, page)
				}
				if b.isIn() {
					t.Error("signed in")
				}
			})
		}
		// HP-25: what worked once works no more, nor does what failed.
		b := s.browser()
		at := callback(b)
		b.to(b.get(at.String()), "/account")
		b.get(at.String()).expect(t, 400, "federation.state")
		b = s.browser()
		failed := callback(b)
		b.get(with(failed, "code", "AAAA"))
		b.get(failed.String()).expect(t, 400, "federation.state")
		// Two tabs don't disturb each other, and a form_post finds its way.
		b = s.browser()
		first, second := callback(b), callback(b)
		b.to(b.get(s.returned("corp", second.Query()).Header.Get("Location")), "/account")
		b.to(b.get(first.String()), "/account")
		if n := s.count(`SELECT COUNT(*) FROM accounts a JOIN identities i ON i.account_id = a.id`); n != 1 {
			t.Errorf("%d accounts", n)
		}
	})
}

// Answers that must not be believed, each with its negative control: the same without the change signs in.
func TestFederationTokens(t *testing.T) {
	t.Parallel()
	onSite(t, func(t *testing.T, s *site) {
		u, thief := newUpstream(t), must1(mockoidc.RandomKeypair(2048))(t)
		s.connector(u.document("corp"))
		genuine := func() map[string]any {
			now := s.now().Unix()
			return map[string]any{"iss": u.Issuer(), "sub": "7", "aud": u.ClientID, "exp": now + 600, "iat": now, "email": "x@y.test"}
		}
		for name, forge := range map[string]func(claims map[string]any, sign func(map[string]any) string) string{
			"MS-01 another key": func(c map[string]any, _ func(map[string]any) string) string {
				return must1(thief.SignJWT(mapClaims(c)))(t)
			},
			"MS-02 none": func(c map[string]any, sign func(map[string]any) string) string {
				parts := strings.Split(sign(c), ".")
				return "eyJhbGciOiJub25lIn0." + parts[1] + "."
			},
			"no signature":      func(c map[string]any, sign func(map[string]any) string) string { return sign(c)[:40] },
			"MS-03 issuer":      without("iss", "https://evil.test"),
			"MS-04 audience":    without("aud", "another"),
			"two audiences":     without("aud", []string{"another", u.ClientID}),
			"azp":               without("azp", "another"),
			"MS-05 over":        without("exp", s.now().Unix()-1),
			"no end":            without("exp", nil),
			"of the future":     without("nbf", s.now().Unix()+3600),
			"issued tomorrow":   without("iat", s.now().Unix()+86400),
			"MS-07 nonce":       without("nonce", "defaultNonce"),
			"no nonce":          without("nonce", nil),
			"MS-08 no subject":  without("sub", nil),
			"empty subject":     without("sub", ""),
			"subject is number": without("sub", 7),
			"at_hash":           without("at_hash", "AAAA"),
			"MS-11 long":        without("x", strings.Repeat("A", 20<<10)),
		} {
			t.Run(name, func(t *testing.T) {
				b := s.browser()
				nonce := ""
				u.answers("/oidc/token", func(w http.ResponseWriter, _ *http.Request) {
					c := genuine()
					c["nonce"] = nonce
					sign := func(c map[string]any) string { return must1(u.Keypair.SignJWT(mapClaims(c)))(t) }
					writeToken(w, forge(c, sign))
				})
				answer := b.door(b.get("/login"), "corp")
				nonce = answer.query(t).Get("nonce")
				page := b.follow(b.get(s.there(answer))).expect(t, 200)
				if b.isIn() || !strings.Contains(page.body, "door-corp") || !strings.Contains(page.body, `role="alert"`) {
					t.Errorf("signed in: %s", page.main())
				}
			})
		}
		if n := s.count(`SELECT COUNT(*) FROM identities`); n != 0 {
			t.Fatalf("%d identities", n)
		}
		// The control: what the cases change is right.
		b := s.browser()
		nonce := ""
		u.answers("/oidc/token", func(w http.ResponseWriter, _ *http.Request) {
			c := genuine()
			c["nonce"] = nonce
			writeToken(w, must1(u.Keypair.SignJWT(mapClaims(c)))(t))
		})
		answer := b.door(b.get("/login"), "corp")
		nonce = answer.query(t).Get("nonce")
		b.to(b.get(s.there(answer)), "/account")
	})
}

// PKCE and the secret are proven by a provider that refuses without: mockoidc checks both.
func TestFederationProof(t *testing.T) {
	t.Parallel()
	onSite(t, func(t *testing.T, s *site) {
		u := newUpstream(t)
		c := s.connector(u.document("corp"))
		b := s.browser()
		at := s.there(b.door(b.get("/login"), "corp"))
		u.answers("/oidc/token", func(w http.ResponseWriter, r *http.Request) {
			must(t, r.ParseForm())
			if r.PostForm.Get("redirect_uri") != op+"/federation/corp/callback" || r.PostForm.Get("code_verifier") == "" {
				t.Errorf("%v", r.PostForm)
			}
			r.Form.Set("code_verifier", strings.Repeat("A", 43))
			u.Token(w, r)
		})
		b.follow(b.get(at)).expect(t, 200, "door-corp")
		if n := u.requests("/oidc/token"); n != 1 {
			t.Errorf("the code was sent %d times", n)
		}
		u.answers("/oidc/token", nil)
		must1(s.connectors.Update(t.Context(), c.ID, func(d *connectors.Document) error { d.Secret = "wrong"; return nil }))(t)
		s.pass(time.Second)
		b.follow(b.federated(b.get("/login"), "corp")).expect(t, 200, "door-corp")
		if b.isIn() || u.requests("/oidc/token") != 1 {
			t.Error("signed in, or asked twice")
		}
	})
}

func without(name string, value any) func(map[string]any, func(map[string]any) string) string {
	return func(c map[string]any, sign func(map[string]any) string) string {
		if c[name] = value; value == nil {
			delete(c, name)
		}
		return sign(c)
	}
}
