package server_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"pratu/flows/clients"
	"pratu/flows/keys"
	"pratu/flows/secret"
)

// What the Foundation's modules of the dynamic plan and of third-party-initiated login check (spec/conformance.md 2.6,
// 2.7): each registers a client of its own, with private_key_jwt, and doesn't use PKCE.

// dynamic runs modules on both engines.
func dynamic(t *testing.T, module string, run func(c *conf)) {
	t.Helper()
	t.Run(module, func(t *testing.T) {
		each(t, func(w *world) {
			w.self.Guard, w.self.RequirePKCE = clients.GuardOpen, false
			c := &conf{site: newSite(w), auth: clients.AuthPrivateKeyJWT}
			c.newKey()
			run(c)
		})
	})
}

// newKey makes one as the suite does: without a name, until it rotates.
func (c *conf) newKey() {
	c.t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(c.t, err)
	c.key = &jose.JSONWebKey{Key: private, Algorithm: "ES256", Use: "sig"}
}

func (c *conf) newNamedKey() {
	c.t.Helper()
	c.newKey()
	c.key.KeyID = secret.ID()
}

func (c *conf) jwks() json.RawMessage {
	c.t.Helper()
	raw, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{c.key.Public()}})
	must(c.t, err)
	return raw
}

func (c *conf) assertion(audience string) string {
	c.t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: *c.key}, nil)
	must(c.t, err)
	token, err := jwt.Signed(signer).Claims(map[string]any{
		"iss": c.client, "sub": c.client, "aud": audience, "jti": secret.ID(), "exp": c.now().Add(time.Minute).Unix(),
	}).Serialize()
	must(c.t, err)
	return token
}

// members are a registration of the suite's with changes; nil takes a member away.
func (c *conf) members(changes ...any) map[string]any {
	m := map[string]any{
		"redirect_uris": []string{suite}, "client_name": "Conformance", "grant_types": []string{"authorization_code", "refresh_token"},
		"response_types": []string{"code"}, "token_endpoint_auth_method": "private_key_jwt", "jwks": c.jwks(), "contacts": []string{"suite@suite.test"},
	}
	for i := 0; i < len(changes); i += 2 {
		m[changes[i].(string)] = changes[i+1]
		if changes[i+1] == nil {
			delete(m, changes[i].(string))
		}
	}
	return m
}

func (c *conf) enrol(changes ...any) map[string]any {
	c.t.Helper()
	v := c.registered(c.members(changes...))
	c.client = text(v, "client_id")
	return v
}

// turnedAway expects a refusal of a registration.
func (c *conf) turnedAway(code string, changes ...any) {
	c.t.Helper()
	c.refused(c.manage(http.MethodPost, "", "", document(c.t, c.members(changes...))), http.StatusBadRequest, code)
}

func TestConformanceDynamic(t *testing.T) {
	t.Parallel()
	dynamicModules(func(module string, run func(c *conf)) { dynamic(t, module, run) })
}

func dynamicModules(module func(name string, run func(c *conf))) {
	module("oidcc-server", func(c *conf) { c.enrol(); c.happy() })
	module("oidcc-idtoken-rs256", func(c *conf) { c.enrol("id_token_signed_response_alg", "RS256"); c.happy() })
	module("oidcc-idtoken-unsigned", func(c *conf) {
		answer := c.do(httptest.NewRequest(http.MethodGet, "/.well-known/openid-configuration", nil)).json(c.t)
		if algs, _ := answer["id_token_signing_alg_values_supported"].([]any); slices.Contains(algs, any("none")) {
			c.t.Error("none is offered")
		}
		c.turnedAway("invalid_client_metadata", "id_token_signed_response_alg", "none")
	})
	module("oidcc-userinfo-rs256", func(c *conf) {
		c.enrol("userinfo_signed_response_alg", "RS256")
		v := c.request()
		tokens, id := c.tokens(v, c.walk(c.browser(), v))
		answer := c.do(bearer(http.MethodGet, text(tokens, "access_token")))
		if info := claims(c.t, answer.body); answer.Header.Get("Content-Type") != "application/jwt" || info["sub"] != id["sub"] || info["iss"] != op || info["aud"] != c.client || info["nonce"] != nil {
			c.t.Errorf("%v %v", answer.Header, info)
		}
		signed, err := jose.ParseSignedCompact(answer.body, []jose.SignatureAlgorithm{jose.RS256})
		must(c.t, err)
		var set jose.JSONWebKeySet
		must(c.t, json.Unmarshal([]byte(c.do(httptest.NewRequest(http.MethodGet, "/oauth2/jwks", nil)).body), &set))
		_, err = signed.Verify(set)
		must(c.t, err)
	})
	module("oidcc-ensure-redirect-uri-in-authorization-request", func(c *conf) {
		c.enrol("redirect_uris", []string{suite, "https://suite.test/second"})
		c.page(c.browser().authorize(c.request("redirect_uri", "")), http.StatusBadRequest)
	})
	module("oidcc-redirect-uri-query-OK", func(c *conf) { c.enrol("redirect_uris", []string{suite}); c.happy() })
	for name, uri := range map[string]string{
		"oidcc-redirect-uri-query-mismatch": "https://suite.test/callback?dummy1=ipsum", "oidcc-redirect-uri-query-added": suite + "&dummy2=ipsum",
	} {
		module(name, func(c *conf) {
			c.enrol()
			c.page(c.browser().authorize(c.request("redirect_uri", uri)), http.StatusBadRequest)
		})
	}
	module("oidcc-redirect-uri-regfrag", func(c *conf) {
		c.turnedAway("invalid_redirect_uri", "redirect_uris", []string{suite + "#fragment"})
	})
	module("oidcc-ensure-client-assertion-with-iss-aud-succeeds", func(c *conf) { c.enrol(); c.happy() })
	for _, what := range []string{"logo", "policy", "tos"} {
		module("oidcc-registration-"+what+"-uri", func(c *conf) {
			c.remote.serve(c.at("/logo"), "image/png", picture(c.t, 40))
			c.enrol(what+"_uri", c.at("/"+what))
			shown := c.at("/" + what)
			if what == "logo" { // is copied
				shown = "/client-logo/"
			}
			b := c.browser()
			b.to(b.authorize(c.request()), "/login").expect(c.t, 200, shown)
		})
	}
	module("oidcc-idtoken-signature", func(c *conf) { c.enrol(); c.happy() }) // RS256 with a kid is what idToken holds
	module("oidcc-refresh-token", func(c *conf) {
		c.enrol()
		v := c.request("scope", "openid offline_access", "prompt", "consent")
		tokens, one := c.tokens(v, c.walk(c.browser(), v))
		refresh := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {text(tokens, "refresh_token")}}
		c.pass(time.Second)
		next := c.post1(refresh).expect(c.t, http.StatusOK).json(c.t)
		if two := c.idToken(url.Values{}, text(next, "id_token"), text(next, "access_token")); two["sub"] != one["sub"] || two["iat"] == one["iat"] {
			c.t.Errorf("%v %v", one, two)
		}
		c.enrol()
		c.refused(c.post1(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {text(next, "refresh_token")}}), 400, "invalid_grant")
	})
	module("oidcc-discovery-endpoint-verification", func(c *conf) {
		c.oidc.Registration, c.oidc.FrontChannelTokens = true, true
		v := c.discovery()
		types, _ := v["response_types_supported"].([]any)
		grants, _ := v["grant_types_supported"].([]any)
		for _, want := range []string{"code", "id_token", "id_token token", "authorization_code", "implicit"} {
			if !slices.Contains(append(types, grants...), any(want)) {
				c.t.Errorf("no %s", want)
			}
		}
		if v["registration_endpoint"] != op+"/oauth2/register" {
			c.t.Error(v["registration_endpoint"])
		}
	})
}

// The dynamic plan leaves the response type to whoever runs it: an application may register itself for any that is on.
func TestConformanceDynamicResponseTypes(t *testing.T) {
	t.Parallel()
	responseTypeModules(func(module string, run func(c *conf)) {
		dynamic(t, module, func(c *conf) {
			for responseType := range frontGrants {
				c.turnedAway("invalid_client_metadata", "response_types", []string{responseType}, "grant_types", []string{"authorization_code", "implicit"})
			}
			c.clients.FrontChannelTokens, c.oidc.FrontChannelTokens = true, true
			run(c)
		})
	})
}

// frontGrants are what an application registers beside a response type.
var frontGrants = map[string][]string{"code id_token token": {"authorization_code", "implicit"}, "id_token token": {"implicit"}, "id_token": nil}

func responseTypeModules(module func(name string, run func(c *conf))) {
	module("oidcc-server", func(c *conf) {
		for responseType, grants := range frontGrants {
			c.responseType = responseType
			made := c.enrol("response_types", []string{responseType}, "grant_types", grants)
			if list, _ := made["grant_types"].([]any); !slices.Contains(list, any("implicit")) {
				c.t.Errorf("%s: %v", responseType, made)
			}
			c.happy()
			c.responseType = "code" // which it isn't registered for
			v := c.request()
			c.failed(v, c.walk(c.browser(), v), "unauthorized_client")
		}
		c.turnedAway("invalid_client_metadata", "response_types", []string{"token"})
		c.turnedAway("invalid_client_metadata", "response_types", []string{"id_token"}, "grant_types", []string{"authorization_code"})
		c.turnedAway("invalid_redirect_uri", "response_types", []string{"id_token"}, "grant_types", []string{"implicit"}, "redirect_uris", []string{"https://localhost/cb"})
	})
}

func TestConformanceDynamicKeys(t *testing.T) {
	t.Parallel()
	dynamicKeyModules(func(module string, run func(c *conf)) { dynamic(t, module, run) })
}

func dynamicKeyModules(module func(name string, run func(c *conf))) {
	module("oidcc-registration-jwks-uri", func(c *conf) {
		c.remote.serve(c.at("/jwks"), "application/json", string(c.jwks()))
		c.enrol("jwks", nil, "jwks_uri", c.at("/jwks"))
		c.happy()
		if asked := c.remote.requests(); len(asked) != 1 {
			c.t.Errorf("fetched %v", asked)
		}
	})
	module("oidcc-refresh-token-rp-key-rotation", func(c *conf) {
		c.newNamedKey()
		c.remote.serve(c.at("/rotated"), "application/json", string(c.jwks()))
		c.enrol("jwks", nil, "jwks_uri", c.at("/rotated"))
		v := c.request("scope", "openid offline_access", "prompt", "consent")
		tokens, _ := c.tokens(v, c.walk(c.browser(), v))
		c.newNamedKey()
		c.remote.serve(c.at("/rotated"), "application/json", string(c.jwks()))
		c.after(time.Minute, func() {
			refresh := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {text(tokens, "refresh_token")}}
			if answer := c.post1(refresh); answer.StatusCode != http.StatusOK {
				c.t.Errorf("%d %s", answer.StatusCode, answer.body)
			}
			// Unknown kids make no more than one request a minute.
			c.remote.requests()
			for range 20 {
				c.newNamedKey()
				c.refused(c.post1(refresh), 401, "invalid_client")
			}
			if asked := c.remote.requests(); len(asked) > 1 {
				c.t.Errorf("%d requests", len(asked))
			}
		})
	})
	module("oidcc-server-rotate-keys", func(c *conf) {
		before := c.do(httptest.NewRequest(http.MethodGet, "/oauth2/jwks", nil)).body
		_, err := c.keys.Rotate(c.t.Context(), keys.RotateOptions{})
		must(c.t, err)
		must(c.t, c.keys.Refresh(c.t.Context()))
		var old, all jose.JSONWebKeySet
		must(c.t, json.Unmarshal([]byte(before), &old))
		for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(100 * time.Millisecond) { // the real program looks every other second
			all = jose.JSONWebKeySet{}
			must(c.t, json.Unmarshal([]byte(c.do(httptest.NewRequest(http.MethodGet, "/oauth2/jwks", nil)).body), &all))
			if len(all.Keys) > len(old.Keys) || !c.wall || time.Now().After(deadline) {
				break
			}
		}
		for _, k := range old.Keys {
			if len(all.Key(k.KeyID)) != 1 {
				c.t.Errorf("%s is gone", k.KeyID)
			}
		}
		if len(all.Keys) <= len(old.Keys) {
			c.t.Error("no new key")
		}
	})
}

// MI-16 is among them.
func TestConformanceDynamicSectors(t *testing.T) {
	t.Parallel()
	sectorModules(func(module string, run func(c *conf)) { dynamic(t, module, run) })
}

func sectorModules(module func(name string, run func(c *conf))) {
	module("oidcc-registration-sector-uri", func(c *conf) {
		uri := c.at("/sector")
		c.remote.serve(uri, "application/json", `["`+suite+`","https://other.test/cb"]`)
		c.enrol("subject_type", "pairwise", "sector_identifier_uri", uri)
		if _, id, _ := c.happy(); id["sub"] == number(c.mali.SSOID) {
			c.t.Error("a pairwise client knows the account's number")
		}
	})
	module("oidcc-registration-sector-bad", func(c *conf) {
		uri := c.at("/sector")
		for name, body := range map[string]string{
			"another URI": `["https://other.test/cb"]`, "a prefix": `["https://suite.test/callback"]`, "no array": `{"redirect_uris":["` + suite + `"]}`,
			"no JSON": suite, "nothing": "",
		} {
			c.remote.serve(uri, "application/json", body)
			c.turnedAway("invalid_client_metadata", "subject_type", "pairwise", "sector_identifier_uri", uri)
			if c.t.Failed() {
				c.t.Fatal(name)
			}
		}
		c.remote.serve(uri, "text/html", `["`+suite+`"]`)
		c.turnedAway("invalid_client_metadata", "subject_type", "pairwise", "sector_identifier_uri", uri)
		c.turnedAway("invalid_client_metadata", "subject_type", "pairwise", "sector_identifier_uri", uri+"-nowhere")
		c.turnedAway("invalid_redirect_uri", "subject_type", "pairwise", "redirect_uris", []string{suite, "http://other.test/cb"})
		c.turnedAway("invalid_client_metadata", "subject_type", "pairwise", "redirect_uris", []string{suite, "https://other.test/cb"})
		// What isn't a public https address is not asked at all.
		c.remote.requests()
		for _, bad := range []string{"http://suite.test/sector", "https://127.0.0.1/sector", "https://[::1]/sector", "https://localhost/sector", "https://2130706433/sector", "https://0x7f.1/sector", "file:///etc/passwd"} {
			c.turnedAway("invalid_client_metadata", "sector_identifier_uri", bad)
		}
		if asked := c.remote.requests(); len(asked) > 0 {
			c.t.Errorf("asked %v", asked)
		}
	})
}

// Third-party-initiated login: our list of applications is the third party.
func TestConformanceInitiatedLogin(t *testing.T) {
	t.Parallel()
	initiatedLoginModules(func(module string, run func(c *conf)) { dynamic(t, module, run) })
}

func initiatedLoginModules(module func(name string, run func(c *conf))) {
	module("oidcc-3rd_party-init-login", func(c *conf) {
		const start = "https://suite.test/start?keep=1"
		made := c.enrol("initiate_login_uri", start)
		read := c.manage(http.MethodGet, c.client, text(made, "registration_access_token"), "").expect(c.t, http.StatusOK)
		if made["registration_client_uri"] != op+"/oauth2/register/"+c.client || made["initiate_login_uri"] != start || read.json(c.t)["initiate_login_uri"] != start {
			c.t.Errorf("%v, later %s", made, read.body)
		}
		v, b := c.request("scope", "openid"), c.browser()
		c.tokens(v, c.walk(b, v))
		b.get("/account/applications").expect(c.t, 200, `href="https://suite.test/start?keep=1&amp;iss=https%3A%2F%2Fop.test"`)
		c.enrol("initiate_login_uri", "https://elsewhere.test/start")
		v = c.request("scope", "openid")
		c.tokens(v, c.walk(b, v))
		if page := b.get("/account/applications"); strings.Contains(page.body, "elsewhere.test") {
			c.t.Error("a stranger's application leads to a host that it has no answers sent to")
		}
	})
	module("oidcc-3rd_party-init-login-nohttps", func(c *conf) {
		c.turnedAway("invalid_client_metadata", "initiate_login_uri", "http://suite.test/start")
		c.turnedAway("invalid_client_metadata", "initiate_login_uri", "http://localhost/start")
		c.turnedAway("invalid_client_metadata", "initiate_login_uri", "javascript:alert(1)")
	})
}

// object signs a request as the suite does.
func (c *conf) object(alg jose.SignatureAlgorithm, key any, claims map[string]any) string {
	c.t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, nil)
	must(c.t, err)
	token, err := jwt.Signed(signer).Claims(claims).Serialize()
	must(c.t, err)
	return token
}

func (c *conf) objectURI() string { return c.at("/requests/1") }

func (c *conf) put(object string) {
	c.remote.serve(c.objectURI(), "application/oauth-authz-req+jwt", object)
}

// good is what a request object says, with changes.
func (c *conf) good(changes ...any) map[string]any {
	m := map[string]any{
		"iss": c.client, "aud": op, "client_id": c.client, "response_type": "code", "redirect_uri": suite, "scope": "openid", "state": "inside12",
		"nonce": "n-inside", "max_age": 3600, "claims": map[string]any{"userinfo": map[string]any{"name": nil}},
	}
	for i := 0; i < len(changes); i += 2 {
		m[changes[i].(string)] = changes[i+1]
	}
	return m
}

// keyed registers an application that signs its requests.
func keyed(run func(c *conf)) func(c *conf) {
	return func(c *conf) {
		private, err := rsa.GenerateKey(rand.Reader, 2048)
		must(c.t, err)
		c.rsa = &jose.JSONWebKey{Key: private, KeyID: "rsa", Algorithm: "RS256", Use: "sig"}
		set, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{c.key.Public(), c.rsa.Public()}})
		must(c.t, err)
		c.oidc.Registration = true
		c.enrol("jwks", json.RawMessage(set), "request_uris", []string{c.objectURI() + "#hash"}, "request_object_signing_alg", "RS256")
		run(c)
	}
}

func requestURIModules(module func(name string, run func(c *conf))) {
	module("oidcc-request-uri-signed-rs256", keyed(func(c *conf) {
		c.put(c.object(jose.RS256, *c.rsa, c.good()))
		v := url.Values{"client_id": {c.client}, "response_type": {"code"}, "scope": {"openid"}, "request_uri": {c.objectURI() + "#other"}, "state": {"outside1"}}
		got := c.walk(c.browser(), v)
		tokens, id := c.tokens(url.Values{"state": {"inside12"}, "nonce": {"n-inside"}}, got)
		if info := c.userinfo(bearer(http.MethodGet, text(tokens, "access_token")), id["sub"]); info["name"] == nil {
			c.t.Errorf("claims of the object: %v", info)
		}
		if asked := c.remote.requests(); len(asked) != 1 {
			c.t.Errorf("fetched %v", asked)
		}
	}))
	for _, name := range []string{"oidcc-request-uri-unsigned", "oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported"} {
		module(name, keyed(func(c *conf) {
			c.put("eyJhbGciOiJub25lIn0.eyJzY29wZSI6Im9wZW5pZCJ9.")
			v := c.request("request_uri", c.objectURI())
			c.failed(v, c.walk(c.browser(), v), "invalid_request_object")
		}))
	}
	module("oidcc-ensure-request-object-with-redirect-uri", keyed(func(c *conf) {
		c.put(c.object(jose.RS256, *c.rsa, c.good()))
		got := c.walk(c.browser(), c.request("request_uri", c.objectURI(), "redirect_uri", suite+"_invalid"))
		c.tokens(url.Values{"state": {"inside12"}, "nonce": {"n-inside"}}, got)
		c.put(c.object(jose.RS256, *c.rsa, c.good("redirect_uri", "https://evil.test/cb")))
		c.page(c.browser().authorize(c.request("request_uri", c.objectURI())), http.StatusBadRequest)
	}))
}

func TestConformanceRequestURI(t *testing.T) {
	t.Parallel()
	requestURIModules(func(module string, run func(c *conf)) { dynamic(t, module, run) })
	// What isn't the client's own, for us and now, opens nothing.
	dynamic(t, "refused", keyed(func(c *conf) {
		refused := func(what, object string) {
			c.t.Helper()
			c.put(object)
			v := c.request("request_uri", c.objectURI())
			c.failed(v, c.walk(c.browser(), v), "invalid_request_object")
			if c.t.Failed() {
				c.t.Fatal(what)
			}
		}
		for what, changes := range map[string][]any{
			"another issuer": {"iss", "web1"}, "another audience": {"aud", "https://other.test"}, "past": {"exp", c.now().Add(-time.Minute).Unix()},
			"future": {"nbf", c.now().Add(time.Hour).Unix()}, "an assertion": {"sub", c.client}, "another client": {"client_id", "web1"},
			"another response": {"response_type", "token"}, "an object in it": {"request", "x"}, "a link in it": {"request_uri", "x"},
		} {
			refused(what, c.object(jose.RS256, *c.rsa, c.good(changes...)))
		}
		refused("another algorithm than registered", c.object(jose.ES256, *c.key, c.good()))
		stranger, err := rsa.GenerateKey(rand.Reader, 2048)
		must(c.t, err)
		refused("a stranger's", c.object(jose.RS256, stranger, c.good()))
		refused("nothing", "")
		// AZ-19: nothing is fetched that isn't registered, and nothing at all where nobody registers itself.
		c.remote.requests()
		for _, uri := range []string{c.objectURI() + "/x", c.objectURI() + "?x", "http://169.254.169.254/latest/meta-data/"} {
			v := c.request("request_uri", uri)
			c.failed(v, c.walk(c.browser(), v), "request_uri_not_supported")
		}
		c.oidc.Registration = false
		v := c.request("request_uri", c.objectURI())
		c.failed(v, c.walk(c.browser(), v), "request_uri_not_supported")
		if asked := c.remote.requests(); len(asked) > 0 {
			c.t.Errorf("fetched %v", asked)
		}
	}))
	dynamic(t, "registered", func(c *conf) {
		c.turnedAway("invalid_client_metadata", "request_uris", []string{"http://suite.test/r"})
		c.turnedAway("invalid_client_metadata", "request_uris", []string{"https://127.0.0.1/r"})
		c.turnedAway("invalid_client_metadata", "request_object_signing_alg", "none")
		c.turnedAway("invalid_client_metadata", "request_uris", []string{c.objectURI()}, "jwks", nil, "token_endpoint_auth_method", "client_secret_basic")
	})
}
