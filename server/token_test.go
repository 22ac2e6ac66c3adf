package server_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"

	"pratu/flows/clients"
	"pratu/flows/secret"
)

// claims of a JWT, unverified.
func claims(t *testing.T, token string) map[string]any {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("no JWT: %q", token)
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	must(t, err)
	c := map[string]any{}
	must(t, json.Unmarshal(raw, &c))
	return c
}

func TestTokenEndpoint(t *testing.T) {
	each(t, func(w *world) {
		b := w.signedIn("alice")
		good := func(changes ...string) url.Values { return grant(b.code(base()), changes...) }
		send := func(form url.Values) reply { return w.post("/oauth2/token", "ours", s1, form) }

		answer := send(good())
		if answer.StatusCode != http.StatusOK || answer.Header.Get("Cache-Control") != "no-store" || answer.json(w.t)["token_type"] != "Bearer" {
			w.t.Fatalf("%d %s", answer.StatusCode, answer.body)
		}
		// TK-09
		answer = w.post("/oauth2/token", "ours", "wrong", good())
		w.refused(answer, 401, "invalid_client")
		if !strings.HasPrefix(answer.Header.Get("WWW-Authenticate"), "Basic ") {
			w.t.Error("401 without a challenge")
		}
		w.refused(w.post("/oauth2/token", "nobody", s1, good()), 401, "invalid_client")
		w.refused(w.post("/oauth2/token", "off", s2, good()), 401, "invalid_client")
		w.refused(send(good("client_id", "ours", "client_secret", s1)), 400, "invalid_request")                           // TK-10
		w.refused(w.post("/oauth2/token", "", "", good("client_id", "ours", "client_secret", s1)), 401, "invalid_client") // TK-12
		w.refused(w.post("/oauth2/token?client_id=ours&client_secret="+s1, "", "", good()), 401, "invalid_client")        // TK-11
		w.refused(send(good("client_id", "web2")), 400, "invalid_request")
		w.refused(send(good("grant_type", "password", "username", "alice", "password", "x")), 400, "unsupported_grant_type") // TK-18
		w.refused(w.post("/oauth2/token", "", "", url.Values{"client_id": {"spa1"}, "grant_type": {"client_credentials"}}), 400, "unauthorized_client")
		w.refused(send(good("grant_type", "")), 400, "invalid_request")
		// TK-20: refused before the code is looked at.
		form := good()
		form["code"] = append(form["code"], "x")
		w.refused(send(form), 400, "invalid_request")
		form["code"] = form["code"][:1]
		if answer := send(form); answer.StatusCode != http.StatusOK {
			w.t.Errorf("TK-20 spent the code: %s", answer.body)
		}
		// TK-21, TK-22, TK-23
		r := httptest.NewRequest(http.MethodPost, "/oauth2/token", strings.NewReader(`{"grant_type":"authorization_code"}`))
		r.Header.Set("Content-Type", "application/json")
		r.SetBasicAuth("ours", s1)
		w.refused(w.do(r), 415, "invalid_request")
		r = httptest.NewRequest(http.MethodPost, "/oauth2/token", strings.NewReader("--x\r\n"))
		r.Header.Set("Content-Type", "multipart/form-data; boundary=x")
		w.refused(w.do(r), 415, "invalid_request")
		if answer := w.do(httptest.NewRequest(http.MethodGet, "/oauth2/token?code=x", nil)); answer.StatusCode != http.StatusMethodNotAllowed || !strings.Contains(answer.Header.Get("Allow"), "POST") {
			w.t.Errorf("TK-22: %d %s", answer.StatusCode, answer.Header.Get("Allow"))
		}
		w.refused(send(url.Values{"code": {strings.Repeat("a", 10<<20)}}), 413, "invalid_request")
		w.refused(send(good("code", "abc\x00def")), 400, "invalid_grant") // TK-35
		// Basic is form-encoded before base64.
		r = post("/oauth2/token", good())
		r.Header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte("ours:"+url.QueryEscape(s1))))
		if answer := w.do(r); answer.StatusCode != http.StatusOK {
			w.t.Errorf("encoded secret: %d", answer.StatusCode)
		}
		for _, header := range []string{"Basic", "Basic !", "Bearer x", "Basic " + base64.StdEncoding.EncodeToString([]byte("ours")), "Basic " + base64.StdEncoding.EncodeToString([]byte("%zz:x"))} {
			r := post("/oauth2/token", good())
			r.Header.Set("Authorization", header)
			w.refused(w.do(r), 401, "invalid_client")
		}
	})
}

// A client that named no method sends its secret either way, and never both ways at once (RFC 6749 section 2.3).
func TestUnnamedMethod(t *testing.T) {
	each(t, func(w *world) {
		form := func(changes ...string) url.Values {
			return changed(url.Values{"grant_type": {"client_credentials"}}, changes...)
		}
		if answer := w.post("/oauth2/token", "svc1", s2, form()); answer.StatusCode != http.StatusOK {
			w.t.Errorf("Basic: %d %s", answer.StatusCode, answer.body)
		}
		if answer := w.post("/oauth2/token", "", "", form("client_id", "svc1", "client_secret", s2)); answer.StatusCode != http.StatusOK {
			w.t.Errorf("in the body: %d %s", answer.StatusCode, answer.body)
		}
		w.refused(w.post("/oauth2/token", "svc1", s2, form("client_id", "svc1", "client_secret", s2)), 400, "invalid_request")
		w.refused(w.post("/oauth2/token", "", "", form("client_id", "svc1", "client_secret", "wrong")), 401, "invalid_client")
		w.refused(w.post("/oauth2/token", "", "", form("client_id", "svc1")), 401, "invalid_client")
	})
}

// TK-36: a long secret is compared whole.
func TestLongSecret(t *testing.T) {
	each(t, func(w *world) {
		long := strings.Repeat("correct horse battery ", 4)[:80]
		_, _, err := w.clients.Create(w.t.Context(), clients.Document{ClientID: "long", Kind: clients.KindMachine, ClientSecret: long})
		must(w.t, err)
		form := url.Values{"grant_type": {"client_credentials"}}
		if answer := w.post("/oauth2/token", "long", long, form); answer.StatusCode != http.StatusOK {
			w.t.Errorf("%d %s", answer.StatusCode, answer.body)
		}
		w.refused(w.post("/oauth2/token", "long", long[:72]+"XXXXXXXX", form), 401, "invalid_client")
		w.refused(w.post("/oauth2/token", "long", long[:72], form), 401, "invalid_client")
	})
}

// Guessing a client's secret ends with 429.
func TestClientSecretBudget(t *testing.T) {
	each(t, func(w *world) {
		form := url.Values{"grant_type": {"client_credentials"}}
		for range 100 {
			w.refused(w.post("/oauth2/token", "svc1", "wrong", form), 401, "invalid_client")
		}
		answer := w.post("/oauth2/token", "svc1", "wrong", form)
		if answer.StatusCode != http.StatusTooManyRequests || answer.Header.Get("Retry-After") == "" {
			w.t.Errorf("%d %s", answer.StatusCode, answer.body)
		}
		if answer := w.post("/oauth2/token", "svc1", s2, form); answer.StatusCode != http.StatusOK {
			w.t.Errorf("the right secret doesn't work any more: %d", answer.StatusCode)
		}
	})
}

func TestAssertions(t *testing.T) {
	each(t, func(w *world) {
		private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		must(w.t, err)
		key := jose.JSONWebKey{Key: private, KeyID: "k1", Algorithm: "ES256"}
		set, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{key.Public()}})
		must(w.t, err)
		_, _, err = w.clients.Create(w.t.Context(), clients.Document{ClientID: "pkj1", Kind: clients.KindMachine, Metadata: clients.Metadata{
			TokenEndpointAuthMethod: clients.AuthPrivateKeyJWT, TokenEndpointAuthAlg: "ES256", JWKS: set, Scope: "orders.read",
		}})
		must(w.t, err)
		sign := func(k any, alg jose.SignatureAlgorithm, change func(c map[string]any)) string {
			c := map[string]any{
				"iss": "pkj1", "sub": "pkj1", "aud": op, "jti": secret.ID(), "iat": w.now().Unix(), "exp": w.now().Add(time.Minute).Unix(),
			}
			if change != nil {
				change(c)
			}
			signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: k}, nil)
			must(w.t, err)
			token, err := jwt.Signed(signer).Claims(c).Serialize()
			must(w.t, err)
			return token
		}
		send := func(assertion string, changes ...string) reply {
			return w.do(post("/oauth2/token", changed(url.Values{
				"grant_type": {"client_credentials"}, "client_assertion": {assertion},
				"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
			}, changes...)))
		}
		for name, change := range map[string]func(c map[string]any){
			"issuer": nil, "token endpoint": func(c map[string]any) { c["aud"] = op + "/oauth2/token" },
			"array":         func(c map[string]any) { c["aud"] = []string{op} },
			"nbf 8 s ahead": func(c map[string]any) { c["nbf"] = w.now().Add(8 * time.Second).Unix() },
			"no iat":        func(c map[string]any) { delete(c, "iat") },
		} {
			if answer := send(sign(key, jose.ES256, change)); answer.StatusCode != http.StatusOK {
				w.t.Errorf("%s: %d %s", name, answer.StatusCode, answer.body)
			}
		}
		once := sign(key, jose.ES256, nil) // TK-13
		if answer := send(once); answer.StatusCode != http.StatusOK {
			w.t.Fatal(answer.body)
		}
		w.refused(send(once), 401, "invalid_client")
		for name, change := range map[string]func(c map[string]any){
			"TK-14 another audience": func(c map[string]any) { c["aud"] = "https://other-as.test/token" },
			"TK-16 past":             func(c map[string]any) { c["exp"] = w.now().Add(-61 * time.Second).Unix() },
			"far ahead":              func(c map[string]any) { c["exp"] = w.now().Add(time.Hour).Unix() },
			"nbf 61 s ahead":         func(c map[string]any) { c["nbf"] = w.now().Add(61 * time.Second).Unix() },
			"iat 61 s ahead":         func(c map[string]any) { c["iat"] = w.now().Add(61 * time.Second).Unix() },
			"no exp":                 func(c map[string]any) { delete(c, "exp") },
			"no jti":                 func(c map[string]any) { delete(c, "jti") },
			"no aud":                 func(c map[string]any) { delete(c, "aud") },
			"another issuer":         func(c map[string]any) { c["iss"] = "web1" },
			"another subject":        func(c map[string]any) { c["sub"] = "svc1" },
		} {
			w.refused(send(sign(key, jose.ES256, change)), 401, "invalid_client")
			if w.t.Failed() {
				w.t.Fatal(name)
			}
		}
		parts := strings.Split(sign(key, jose.ES256, nil), ".")
		none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + parts[1] + "."
		w.refused(send(none), 401, "invalid_client") // TK-15
		w.refused(send(sign([]byte(strings.Repeat("k", 32)), jose.HS256, nil)), 401, "invalid_client")
		stranger, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader) // TK-17: a key in the header
		must(w.t, err)
		signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: stranger}, &jose.SignerOptions{EmbedJWK: true})
		must(w.t, err)
		token, err := jwt.Signed(signer).Claims(map[string]any{"iss": "pkj1", "sub": "pkj1", "aud": op, "jti": "x", "exp": w.now().Add(time.Minute).Unix()}).Serialize()
		must(w.t, err)
		w.refused(send(token), 401, "invalid_client")
		w.refused(send(sign(key, jose.ES256, nil), "client_assertion_type", "x"), 401, "invalid_client")
		w.refused(send(sign(key, jose.ES256, nil), "client_id", "svc1"), 400, "invalid_request")
		w.refused(send(sign(key, jose.ES256, nil), "client_secret", s2), 400, "invalid_request")
	})
}

func TestCrossOrigin(t *testing.T) {
	each(t, func(w *world) {
		r := httptest.NewRequest(http.MethodOptions, "/oauth2/token", nil)
		r.Header.Set("Origin", "https://spa.test")
		r.Header.Set("Access-Control-Request-Method", "POST")
		if answer := w.do(r); answer.StatusCode != http.StatusNoContent || answer.Header.Get("Access-Control-Allow-Methods") == "" || answer.Header.Get("Access-Control-Allow-Credentials") != "" {
			w.t.Errorf("%d %v", answer.StatusCode, answer.Header)
		}
		for origin, allowed := range map[string]string{"https://spa.test": "https://spa.test", "https://evil.test": "", "null": "", "https://spa.test.evil.test": ""} {
			r := post("/oauth2/token", grant("x", "client_id", "spa1"))
			r.Header.Set("Origin", origin)
			answer := w.do(r)
			w.refused(answer, 400, "invalid_grant")
			if got := answer.Header.Get("Access-Control-Allow-Origin"); got != allowed {
				w.t.Errorf("%s may read: %q", origin, got)
			}
		}
		for _, path := range []string{"/.well-known/openid-configuration", "/.well-known/oauth-authorization-server", "/oauth2/jwks"} {
			if got := w.do(httptest.NewRequest(http.MethodGet, path, nil)).Header.Get("Access-Control-Allow-Origin"); got != "*" {
				w.t.Errorf("%s: %q", path, got)
			}
		}
	})
}
