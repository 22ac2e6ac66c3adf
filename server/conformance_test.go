package server_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"pratu/flows/clients"
	"pratu/server/formtest"
)

// What the OpenID Foundation's modules check (spec/conformance.md 2.0–2.3), module by module, as black boxes. A flow
// begins with an authorization request and, where a person is asked, fills the pages in.

const suite = "https://suite.test/callback?dummy1=lorem"

// conf is a run of the suite's relying party.
type conf struct {
	*site
	client, secret string
	auth           string // client_secret_basic, client_secret_post or private_key_jwt
	key, rsa       *jose.JSONWebKey
	formPost       bool
	responseType   string // of the hybrid and implicit plans, else code
}

// conformance runs a module on both engines, with both response modes.
func conformance(t *testing.T, module string, run func(c *conf)) {
	t.Helper()
	t.Run(module, func(t *testing.T) {
		each(t, func(w *world) {
			for _, formPost := range []bool{false, true} {
				c := &conf{site: &site{world: w}, client: "conf1", secret: s1, auth: clients.AuthBasic, formPost: formPost}
				if !formPost {
					c.site = newSite(w)
					c.register()
				}
				run(c)
				if t.Failed() {
					t.Fatalf("form_post: %t", formPost)
				}
			}
		})
	})
}

// at is an address of the suite's own server.
func (c *conf) at(path string) string { return "https://suite.test" + c.port + path }

func (c *conf) register() {
	c.t.Helper()
	for id, method := range map[string]string{"conf1": clients.AuthBasic, "conf2": clients.AuthBasic, "confpost": clients.AuthPost} {
		c.create(id, method, func(*clients.Document) {})
	}
	profile, err := json.Marshal(map[string]any{
		"name": "Mali Saelim", "given_name": "Mali", "family_name": "Saelim", "middle_name": "Dao", "nickname": "Nok", "preferred_username": "mali",
		"profile": "https://people.test/mali", "picture": "https://people.test/mali.png", "website": "https://mali.test", "gender": "female",
		"birthdate": "1990-01-31", "zoneinfo": "Asia/Bangkok", "locale": "th-TH",
		"address": map[string]any{"locality": "Chiang Mai", "country": "TH", "postal_code": "50000", "formatted": "Chiang Mai 50000"},
	})
	must(c.t, err)
	c.exec(`UPDATE accounts SET profile = '` + string(profile) + `' WHERE id = '` + c.mali.ID + `'`)
}

// create registers an application of the suite's.
func (c *conf) create(id, method string, change func(d *clients.Document)) {
	c.t.Helper()
	off := false
	document := clients.Document{
		ClientID: id, Kind: clients.KindWeb, ClientSecret: s1, Settings: clients.Settings{RequirePKCE: &off},
		Metadata: clients.Metadata{
			ClientName: "Conformance", RedirectURIs: []string{suite}, TokenEndpointAuthMethod: method,
			PostLogoutRedirectURIs: []string{"https://suite.test/bye"},
		},
	}
	if c.clients.FrontChannelTokens {
		document.ResponseTypes, document.GrantTypes = clients.ResponseTypes(), []string{"authorization_code", "implicit", "refresh_token"}
	}
	change(&document)
	_, _, err := c.clients.Create(c.t.Context(), document)
	must(c.t, err)
}

// callback is what the relying party receives.
type callback struct {
	url.Values
	pages []string // that a person saw on the way
}

// walk follows a request to the relying party, signing in and consenting where asked.
func (c *conf) walk(b *browser, v url.Values) callback {
	c.t.Helper()
	if c.formPost {
		v.Set("response_mode", "form_post")
	}
	answer, seen := b.authorize(v), []string{}
	for range 12 {
		if answer.StatusCode == http.StatusOK && strings.Contains(answer.body, `action="https://suite.test/`) {
			return callback{c.posted(answer), seen}
		}
		target, _ := answer.location(c.t)
		path, ours := strings.CutPrefix(target, op)
		if !ours && !strings.HasPrefix(path, "/") {
			return callback{c.arrived(answer.Header.Get("Location"), v), seen}
		}
		page := b.get(answer.Header.Get("Location"))
		if c.foreign && strings.HasPrefix(path, "/interaction/") {
			path = map[bool]string{true: "/login", false: "/consent"}[strings.Contains(page.body, `name="login"`)]
			answer = b.send(post(strings.TrimPrefix(target, op), url.Values{"prompt": {path[1:]}, "login": {"mali"}, "password": {"x"}}))
			seen = append(seen, path)
			continue
		}
		switch path {
		case "/login":
			answer = b.submit(page, "sign-in", "username", malisMail, "password", malisPassword)
		case "/consent":
			answer = b.submit(page, "consent", "decision", "allow")
		default:
			answer = page
			continue
		}
		seen = append(seen, path)
	}
	c.t.Fatal("no end")
	return callback{}
}

// arrived reads an answer in an address: in its query, or in its fragment where tokens were asked for.
func (c *conf) arrived(address string, asked url.Values) url.Values {
	c.t.Helper()
	separator := "&"
	if strings.Contains(asked.Get("response_type"), "token") {
		separator = "#"
	}
	answer, ok := strings.CutPrefix(address, suite+separator)
	params, err := url.ParseQuery(answer)
	if c.formPost || !ok || err != nil {
		c.t.Fatalf("callback at %s", address)
	}
	return params
}

// posted reads a form_post page, which sends everything in the body and nothing in the URL.
func (c *conf) posted(page reply) url.Values {
	c.t.Helper()
	f := formtest.Find(c.t, page.body, "form-post")
	if f.Action != suite {
		c.t.Errorf("posts to %s", f.Action)
	}
	return f.Values
}

const state128 = "abcDEF123-._~GHIjkl456-._~MNOpqr789-._~STUvwx012-._~YZAbcd345-._~EFGhij678-._~KLMnop901-._~QRStuv234-._~WXYzab567-._~CDEfgh890-."

func (c *conf) request(changes ...string) url.Values {
	v := url.Values{
		"client_id": {c.client}, "redirect_uri": {suite}, "scope": {"openid"}, "state": {"s123456789"}, "nonce": {"n123456789"}, "response_type": {"code"},
	}
	if c.responseType != "" {
		v.Set("response_type", c.responseType)
	}
	return changed(v, changes...)
}

// tokens exchanges the code of a callback and holds what is true of every flow (section 2.0).
func (c *conf) tokens(v url.Values, got callback, extra ...string) (tokens, id map[string]any) {
	c.t.Helper()
	if got.Get("state") != v.Get("state") || got.Get("iss") != op && (!c.foreign || got.Has("iss")) || got.Get("error") != "" {
		c.t.Fatalf("callback %v for %v", got.Values, v)
	}
	tokens, front := c.inFront(v, got)
	if !got.Has("code") {
		return tokens, front
	}
	answer := c.post1(changed(url.Values{"grant_type": {"authorization_code"}, "code": {got.Get("code")}, "redirect_uri": {suite}}, extra...))
	tokens = answer.json(c.t)
	if expires, _ := tokens["expires_in"].(float64); answer.StatusCode != http.StatusOK || tokens["error"] != nil || text(tokens, "access_token") == "" || expires <= 0 || expires > 31536000 {
		c.t.Fatalf("%d %s", answer.StatusCode, answer.body)
	}
	id = c.idToken(v, text(tokens, "id_token"), text(tokens, "access_token"))
	if front != nil && (front["sub"] != id["sub"] || front["sid"] != id["sid"] || front["auth_time"] != id["auth_time"]) {
		c.t.Errorf("in front %v, later %v", front, id)
	}
	return tokens, id
}

// inFront reads what an answer has beside its code, or instead.
func (c *conf) inFront(v url.Values, got callback) (tokens, id map[string]any) {
	c.t.Helper()
	parts := map[string]string{"code": "code", "token": "access_token", "id_token": "id_token"}
	asked := strings.Fields(v.Get("response_type"))
	for part, name := range parts {
		if v.Has("response_type") && got.Has(name) != slices.Contains(asked, part) {
			c.t.Fatalf("%v for %v", got.Values, asked)
		}
	}
	tokens = map[string]any{"access_token": got.Get("access_token"), "id_token": got.Get("id_token")}
	if got.Has("access_token") && (got.Get("token_type") != "Bearer" || !digits.MatchString(got.Get("expires_in"))) {
		c.t.Errorf("%v", got.Values)
	}
	if !got.Has("id_token") {
		return tokens, nil
	}
	id = c.idToken(v, got.Get("id_token"), got.Get("access_token"))
	if id["c_hash"] != leftHalf(got.Get("code")) {
		c.t.Errorf("c_hash %v", id["c_hash"])
	}
	return tokens, id
}

// leftHalf is at_hash or c_hash with an algorithm of SHA-256; nil for nothing.
func leftHalf(value string) any {
	if value == "" {
		return nil
	}
	sum := sha256.Sum256([]byte(value))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

func (c *conf) post1(form url.Values) reply {
	c.t.Helper()
	if c.auth == clients.AuthPrivateKeyJWT {
		form.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
		form.Set("client_assertion", c.assertion(op))
		return c.post("/oauth2/token", "", "", form)
	}
	if c.auth == clients.AuthPost {
		form.Set("client_id", c.client)
		form.Set("client_secret", c.secret)
		return c.post("/oauth2/token", "", "", form)
	}
	return c.post("/oauth2/token", c.client, c.secret, form)
}

var protocolClaims = strings.Fields("iss sub aud exp iat auth_time nonce acr amr azp at_hash c_hash nbf jti sid s_hash")

// idToken verifies as a relying party does.
func (c *conf) idToken(v url.Values, token, access string) map[string]any {
	c.t.Helper()
	answer := c.do(httptest.NewRequest(http.MethodGet, "/oauth2/jwks", nil))
	var set jose.JSONWebKeySet
	must(c.t, json.Unmarshal([]byte(answer.body), &set))
	signed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.RS256})
	must(c.t, err)
	if signed.Signatures[0].Header.KeyID == "" {
		c.t.Error("ID token without kid")
	}
	payload, err := signed.Verify(set)
	must(c.t, err)
	id := map[string]any{}
	must(c.t, json.Unmarshal(payload, &id))
	now := float64(c.now().Unix())
	number := func(name string) float64 { n, _ := id[name].(float64); return n }
	switch {
	case id["iss"] != op, id["aud"] != c.client, text(id, "sub") == "", text(id, "acr") == "" && c.promises(id, "acr"):
		c.t.Errorf("%v", id)
	case number("exp") <= now, math.Abs(number("iat")-now) > 300, number("auth_time") > now+5, number("auth_time") == 0 && c.promises(id, "auth_time"):
		c.t.Errorf("times of %v", id)
	case v.Has("nonce") != (id["nonce"] != nil) && !c.foreign, v.Has("nonce") && id["nonce"] != v.Get("nonce"):
		c.t.Errorf("nonce %v for %q", id["nonce"], v.Get("nonce"))
	case id["at_hash"] != leftHalf(access) && c.promises(id, "at_hash"):
		c.t.Errorf("at_hash %v", id["at_hash"])
	}
	for name := range id {
		if !slices.Contains(protocolClaims, name) && v.Get("response_type") != "id_token" {
			c.t.Errorf("the ID token has %s", name)
		}
	}
	return id
}

// promises tells whether an ID token has to have a claim: ours always, others' where it has it at all.
func (c *conf) promises(id map[string]any, name string) bool { return !c.foreign || id[name] != nil }

// later holds that somebody signed in again between two ID tokens.
func (c *conf) later(one, two map[string]any) bool {
	first, _ := one["auth_time"].(float64)
	second, _ := two["auth_time"].(float64)
	return second > first
}

var digits = regexp.MustCompile(`^[1-9]\d{0,7}$`)

var birthdate = regexp.MustCompile(`^(\d{4}-\d{2}-\d{2}|\d{4})$`)

// userinfo asks with a token and checks the types of the standard claims.
func (c *conf) userinfo(r *http.Request, subject any) map[string]any {
	c.t.Helper()
	answer := c.do(r)
	v := answer.json(c.t)
	if answer.StatusCode != http.StatusOK || v["sub"] != subject || !strings.HasPrefix(answer.Header.Get("Content-Type"), "application/json") {
		c.t.Fatalf("%d %s", answer.StatusCode, answer.body)
	}
	for name, value := range v {
		_, isText := value.(string)
		_, isFlag := value.(bool)
		updated, isNumber := value.(float64)
		object, isObject := value.(map[string]any)
		ok := isText && value != "" && value != "null"
		switch name {
		case "email_verified", "phone_number_verified":
			ok = isFlag
		case "updated_at":
			ok = isNumber && updated > 631152000 && updated <= float64(c.now().Unix())
		case "address":
			ok = isObject && len(object) > 0
		case "birthdate":
			ok = isText && birthdate.MatchString(text(v, name))
		}
		if !ok {
			c.t.Errorf("%s is %v", name, value)
		}
	}
	return v
}

// happy is a whole flow in a new browser.
func (c *conf) happy(changes ...string) (tokens, id, info map[string]any) {
	c.t.Helper()
	v := c.request(changes...)
	got := c.walk(c.browser(), v)
	tokens, id = c.tokens(v, got)
	if text(tokens, "access_token") == "" { // the ID token is all there is
		return tokens, id, id
	}
	return tokens, id, c.userinfo(bearer(http.MethodGet, text(tokens, "access_token")), id["sub"])
}

func (c *conf) failed(v url.Values, got callback, codes ...string) {
	c.t.Helper()
	if !slices.Contains(codes, got.Get("error")) || got.Get("state") != v.Get("state") || got.Get("iss") != op || got.Has("code") || !description.MatchString(got.Get("error_description")) {
		c.t.Errorf("%v, want %v", got.Values, codes)
	}
	for name := range got.Values {
		if !slices.Contains([]string{"error", "error_description", "error_uri", "state", "iss"}, name) {
			c.t.Errorf("unexpected %s", name)
		}
	}
}

var notAsked = []string{"login_required", "interaction_required", "account_selection_required", "consent_required"}

func entropy(s string) float64 {
	counts, bits := map[rune]float64{}, 0.0
	for _, r := range s {
		counts[r]++
	}
	for _, n := range counts {
		bits -= n / float64(len(s)) * math.Log2(n/float64(len(s)))
	}
	return bits * float64(len(s))
}

func TestConformanceBasic(t *testing.T) {
	t.Parallel()
	basicModules(func(module string, run func(c *conf)) { conformance(t, module, run) })
}

func basicModules(module func(name string, run func(c *conf))) {
	module("oidcc-server", func(c *conf) {
		v := c.request()
		got := c.walk(c.browser(), v)
		if code := got.Get("code"); got.Has("code") && (len(code)*6 < 128 || entropy(code) <= 96) {
			c.t.Errorf("the code has too little entropy: %f", entropy(code))
		}
		c.tokens(v, got)
	})
	module("oidcc-response-type-missing", func(c *conf) {
		v := c.request("response_type", "")
		c.failed(v, c.walk(c.signedIn("alice"), v), "invalid_request", "unsupported_response_type")
	})
	for way, ask := range map[string]func(token string) *http.Request{
		"get":         func(token string) *http.Request { return bearer(http.MethodGet, token) },
		"post-header": func(token string) *http.Request { return bearer(http.MethodPost, token) },
		"post-body":   func(token string) *http.Request { return post("/oauth2/userinfo", url.Values{"access_token": {token}}) },
	} {
		module("oidcc-userinfo-"+way, func(c *conf) {
			v := c.request()
			tokens, id := c.tokens(v, c.walk(c.browser(), v))
			c.userinfo(ask(text(tokens, "access_token")), id["sub"])
		})
	}
	module("oidcc-ensure-request-without-nonce-succeeds-for-code-flow", func(c *conf) { c.happy("nonce", "") })
	scopes := map[string]string{
		"profile": "name given_name family_name middle_name nickname profile picture website gender birthdate zoneinfo locale updated_at preferred_username",
		"email":   "email email_verified", "address": "address", "phone": "phone_number phone_number_verified",
	}
	scopes["all"] = scopes["profile"] + " " + scopes["email"] + " address " + scopes["phone"]
	for scope, want := range scopes {
		module("oidcc-scope-"+scope, func(c *conf) {
			asked := "openid " + scope
			if scope == "all" {
				asked = "openid profile email address phone"
			}
			_, _, info := c.happy("scope", asked)
			for _, name := range strings.Fields(want) {
				if info[name] == nil {
					c.t.Errorf("no %s", name)
				}
			}
			if c.responseType != "id_token" && len(info) != len(strings.Fields(want))+1 {
				c.t.Errorf("more than asked: %v", info)
			}
		})
	}
	module("oidcc-alternate-happy-flow", func(c *conf) { c.happy("scope", "email openid") })
	module("oidcc-display-page", func(c *conf) { c.happy("display", "page") })
	module("oidcc-display-popup", func(c *conf) { c.happy("display", "popup") })
	module("oidcc-ensure-request-with-unknown-parameter-succeeds", func(c *conf) { c.happy("extra", "foobar") })
	module("oidcc-login-hint", func(c *conf) { c.happy("login_hint", "buffy@op.test") })
	module("oidcc-ui-locales", func(c *conf) { c.happy("ui_locales", "se") })
	module("oidcc-claims-locales", func(c *conf) { c.happy("claims_locales", "se") })
	module("oidcc-ensure-request-with-acr-values-succeeds", func(c *conf) {
		if _, id, _ := c.happy("acr_values", "1 2"); id["acr"] != "1" && id["acr"] != "2" && c.promises(id, "acr") {
			c.t.Errorf("acr %v", id["acr"])
		}
	})
	module("oidcc-claims-essential", func(c *conf) {
		_, id, info := c.happy("claims", `{"userinfo":{"name":{"essential":true}}}`)
		if info["name"] == nil || id["name"] != nil {
			c.t.Errorf("%v %v", id, info)
		}
	})
	module("oidcc-ensure-request-with-valid-pkce-succeeds", func(c *conf) {
		v := c.request("code_challenge", codeChallenge, "code_challenge_method", "S256")
		c.tokens(v, c.walk(c.browser(), v), "code_verifier", codeVerifier)
	})
	module("oidcc-server-client-secret-post", func(c *conf) {
		c.client, c.auth = "confpost", clients.AuthPost
		c.happy()
	})
	module("oidcc-ensure-post-request-succeeds", func(c *conf) {
		v := c.request()
		b := c.browser()
		answer := c.do(post("/oauth2/authorize", v))
		login := b.to(b.get(answer.Header.Get("Location")), "/login")
		if answer := b.submit(login, "sign-in", "username", malisMail, "password", malisPassword); answer.StatusCode != http.StatusSeeOther {
			c.t.Errorf("%d", answer.StatusCode)
		}
	})
	module("oidcc-ensure-registered-redirect-uri", func(c *conf) {
		c.page(c.browser().authorize(c.request("redirect_uri", suite+"/x7r")), http.StatusBadRequest)
	})
	module("oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported", func(c *conf) {
		v := c.request("request", "eyJhbGciOiJub25lIn0.eyJzY29wZSI6Im9wZW5pZCJ9.")
		c.failed(v, c.walk(c.browser(), v), "request_not_supported")
	})
	module("oidcc-ensure-request-object-with-redirect-uri", func(c *conf) {
		c.page(c.browser().authorize(c.request("redirect_uri", suite+"_invalid", "request", "eyJhbGciOiJub25lIn0.e30.")), http.StatusBadRequest)
	})
}

func TestConformancePrompts(t *testing.T) {
	t.Parallel()
	promptModules(func(module string, run func(c *conf)) { conformance(t, module, run) })
}

func promptModules(module func(name string, run func(c *conf))) {
	again := func(c *conf, first, second []string, check func(got callback, one, two map[string]any)) {
		c.t.Helper()
		b := c.browser()
		v := c.request(first...)
		tokens, one := c.tokens(v, c.walk(b, v))
		c.after(2*time.Second, func() {
			v := c.request(second...)
			if slices.Contains(second, "HINT") {
				v.Set("id_token_hint", text(tokens, "id_token"))
			}
			got := c.walk(b, v)
			_, two := c.tokens(v, got)
			check(got, one, two)
		})
	}
	module("oidcc-prompt-login", func(c *conf) {
		again(c, nil, []string{"prompt", "login"}, func(got callback, one, two map[string]any) {
			if !slices.Contains(got.pages, "/login") || !c.later(one, two) {
				c.t.Errorf("%v %v %v", got.pages, one["auth_time"], two["auth_time"])
			}
		})
	})
	module("oidcc-prompt-none-not-logged-in", func(c *conf) {
		v := c.request("prompt", "none", "state", state128)
		c.failed(v, c.walk(c.browser(), v), notAsked...)
	})
	module("oidcc-prompt-none-logged-in", func(c *conf) {
		again(c, nil, []string{"prompt", "none"}, func(got callback, one, two map[string]any) {
			if len(got.pages) > 0 || c.later(one, two) && c.promises(one, "auth_time") || one["sub"] != two["sub"] {
				c.t.Errorf("%v %v %v", got.pages, one, two)
			}
		})
	})
	module("oidcc-max-age-1", func(c *conf) {
		again(c, nil, []string{"max_age", "1"}, func(got callback, one, two map[string]any) {
			if !slices.Contains(got.pages, "/login") || !c.later(one, two) {
				c.t.Errorf("%v", got.pages)
			}
		})
	})
	module("oidcc-max-age-10000", func(c *conf) {
		again(c, []string{"max_age", "15000"}, []string{"max_age", "10000"}, func(got callback, one, two map[string]any) {
			if len(got.pages) > 0 || one["auth_time"] == nil || c.later(one, two) && c.promises(one, "auth_time") || one["sub"] != two["sub"] {
				c.t.Errorf("%v %v %v", got.pages, one, two)
			}
		})
	})
	module("oidcc-id-token-hint", func(c *conf) {
		again(c, nil, []string{"prompt", "none", "id_token_hint", "HINT"}, func(got callback, one, two map[string]any) {
			if len(got.pages) > 0 || c.later(one, two) && c.promises(one, "auth_time") || one["sub"] != two["sub"] {
				c.t.Errorf("%v %v %v", got.pages, one, two)
			}
		})
	})
}

func TestConformanceTokens(t *testing.T) {
	t.Parallel()
	tokenModules(func(module string, run func(c *conf)) { conformance(t, module, run) })
}

func tokenModules(module func(name string, run func(c *conf))) {
	replay := func(wait time.Duration) func(c *conf) {
		return func(c *conf) {
			v := c.request()
			got := c.walk(c.browser(), v)
			tokens, _ := c.tokens(v, got)
			c.after(wait, func() {
				form := url.Values{"grant_type": {"authorization_code"}, "code": {got.Get("code")}, "redirect_uri": {suite}}
				c.refused(c.post1(form), 400, "invalid_grant")
				if answer := c.do(bearer(http.MethodGet, text(tokens, "access_token"))); answer.StatusCode < 400 {
					c.t.Error("the first access token works")
				}
			})
		}
	}
	module("oidcc-codereuse", replay(0))
	module("oidcc-codereuse-30seconds", replay(30*time.Second))
	module("oidcc-refresh-token", func(c *conf) {
		v := c.request("scope", "openid offline_access", "prompt", "consent")
		tokens, one := c.tokens(v, c.walk(c.browser(), v))
		for _, scope := range []string{"openid", ""} {
			c.pass(time.Second)
			answer := c.post1(changed(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {text(tokens, "refresh_token")}}, "scope", scope))
			next := answer.json(c.t)
			if answer.StatusCode != http.StatusOK || !strings.Contains(answer.Header.Get("Cache-Control"), "no-store") || next["token_type"] != "Bearer" || entropy(text(next, "access_token")) <= 96 || entropy(text(next, "refresh_token")) <= 96 {
				c.t.Fatalf("%d %s", answer.StatusCode, answer.body)
			}
			two := c.idToken(url.Values{}, text(next, "id_token"), text(next, "access_token"))
			if one["sub"] != two["sub"] || one["iss"] != two["iss"] || one["auth_time"] != two["auth_time"] || one["iat"] == two["iat"] {
				c.t.Errorf("%v %v", one, two)
			}
			c.userinfo(bearer(http.MethodGet, text(next, "access_token")), one["sub"])
			tokens, one = next, two
		}
		// Another client's refresh token, with a nonce of 43 characters on the way there.
		c.client = "conf2"
		c.happy("nonce", "abcdefghijklmnopqrstuvwxyz-._~ABCDEFGHIJKLM")
		c.refused(c.post1(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {text(tokens, "refresh_token")}}), 400, "invalid_grant")
	})
}

// oidcc-discovery-endpoint-verification.
func TestConformanceConfig(t *testing.T) {
	t.Parallel()
	configModules(func(module string, run func(c *conf)) { conformance(t, module, run) })
}

func configModules(module func(name string, run func(c *conf))) {
	module("oidcc-discovery-endpoint-verification", func(c *conf) {
		answer := c.do(httptest.NewRequest(http.MethodGet, "/.well-known/openid-configuration", nil))
		v := answer.json(c.t)
		list := func(name string) []any { l, _ := v[name].([]any); return l }
		for name, want := range map[string][]any{
			"response_types_supported": {"code"}, "subject_types_supported": {"public"}, "id_token_signing_alg_values_supported": {"RS256"},
			"userinfo_signing_alg_values_supported": {"RS256"}, "grant_types_supported": {"authorization_code", "refresh_token"},
			"scopes_supported": {"openid", "offline_access"}, "claims_supported": {"sub"}, "code_challenge_methods_supported": {"S256"},
			"token_endpoint_auth_methods_supported": {"client_secret_basic", "client_secret_post"}, "response_modes_supported": {"form_post"},
		} {
			for _, value := range want {
				if !slices.Contains(list(name), value) {
					c.t.Errorf("%s is %v and lacks %v", name, v[name], value)
				}
			}
		}
		if v["issuer"] != op || v["request_uri_parameter_supported"] != false || v["request_parameter_supported"] != false || v["request_object_signing_alg_values_supported"] != nil {
			c.t.Errorf("%v", v)
		}
		for name, value := range v {
			if strings.HasSuffix(name, "_endpoint") || name == "jwks_uri" {
				if u, err := url.Parse(text(v, name)); err != nil || u.Scheme != "https" || u.Host != "op.test" {
					c.t.Errorf("%s is %v", name, value)
				}
			}
		}
	})
}

func TestConformanceLogout(t *testing.T) {
	t.Parallel()
	logoutModules(func(module string, run func(c *conf)) { conformance(t, module, run) })
}

func logoutModules(each func(name string, run func(c *conf))) {
	// One sign-in, then the browser goes to end_session_endpoint; out tells whether it is signed out afterwards.
	module := func(name string, change func(v url.Values), back bool) {
		each("oidcc-rp-initiated-logout"+name, func(c *conf) {
			b := c.browser()
			v := c.request()
			tokens, _ := c.tokens(v, c.walk(b, v))
			bye := url.Values{"id_token_hint": {text(tokens, "id_token")}, "post_logout_redirect_uri": {"https://suite.test/bye"}, "state": {"bye12345"}}
			change(bye)
			answer := b.get("/oauth2/logout?" + bye.Encode())
			target, params := answer.location(c.t)
			if back != (target == "https://suite.test/bye") || back && (params.Get("state") != bye.Get("state") || len(params) > 1 || params.Has("state") != bye.Has("state")) {
				c.t.Fatalf("to %s %v", target, params)
			}
			if target == op+"/sign-out" {
				page := b.get(answer.Header.Get("Location"))
				if target, _ = b.submit(page, "sign-out").location(c.t); target != op+"/signed-out" {
					c.t.Errorf("confirmed, to %s", target)
				}
			}
			none := c.request("prompt", "none", "state", state128)
			c.failed(none, c.walk(b, none), notAsked...)
		})
	}
	each("oidcc-rp-initiated-logout-discovery-endpoint-verification", func(c *conf) { c.discovered(map[string]any{}) })
	module("", func(url.Values) {}, true)
	module("-no-state", func(v url.Values) { v.Del("state") }, true)
	module("-bad-post-logout-redirect-uri", func(v url.Values) { v.Set("post_logout_redirect_uri", "https://suite.test/bye/x") }, false)
	module("-query-added-to-post-logout-redirect-uri", func(v url.Values) { v.Set("post_logout_redirect_uri", "https://suite.test/bye?foo=bar") }, false)
	module("-modified-id-token-hint", func(v url.Values) {
		v.Set("id_token_hint", "eyJhbGciOiJub25lIn0."+strings.Split(v.Get("id_token_hint"), ".")[1]+".")
	}, false)
	module("-bad-id-token-hint", func(v url.Values) {
		v.Set("id_token_hint", v.Get("id_token_hint")[:len(v.Get("id_token_hint"))-8]+"AAAAAAAA")
	}, false)
	module("-no-id-token-hint", func(v url.Values) { v.Del("id_token_hint") }, false)
	module("-no-params", func(v url.Values) { clear(v) }, false)
	module("-no-post-logout-redirect-uri", func(v url.Values) { v.Del("post_logout_redirect_uri") }, false)
	module("-only-state", func(v url.Values) { v.Del("id_token_hint"); v.Del("post_logout_redirect_uri") }, false)
}
