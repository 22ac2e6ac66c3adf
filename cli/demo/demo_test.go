package demo

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"
)

// op is the smallest provider that the demo accepts; the real one is proven against in the program's own test.
type op struct {
	*httptest.Server
	key   *ecdsa.PrivateKey
	nonce string
	spoil func(claims map[string]any)
}

func newOP(t *testing.T) *op {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	o := &op{key: key, spoil: func(map[string]any) {}}
	mux := http.NewServeMux()
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, map[string]any{
			"issuer": o.URL, "authorization_endpoint": o.URL + "/authorize", "token_endpoint": o.URL + "/token",
			"userinfo_endpoint": o.URL + "/userinfo", "jwks_uri": o.URL + "/jwks", "end_session_endpoint": o.URL + "/logout",
			"id_token_signing_alg_values_supported":          []string{"ES256"},
			"authorization_response_iss_parameter_supported": true,
		})
	})
	mux.HandleFunc("/jwks", func(w http.ResponseWriter, _ *http.Request) {
		point, err := key.PublicKey.Bytes()
		if err != nil {
			t.Error(err)
		}
		reply(w, map[string]any{"keys": []any{map[string]any{
			"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": "k", "x": b64(point[1:33]), "y": b64(point[33:]),
		}}})
	})
	mux.HandleFunc("/token", func(w http.ResponseWriter, r *http.Request) {
		claims := map[string]any{
			"iss": o.URL, "aud": "demo-web", "sub": "4711", "exp": time.Now().Add(time.Hour).Unix(), "iat": time.Now().Unix(),
		}
		if r.FormValue("grant_type") == "authorization_code" {
			claims["nonce"] = o.nonce
		}
		o.spoil(claims)
		reply(w, map[string]any{
			"access_token": "opaque-access", "token_type": "Bearer", "expires_in": 3600, "refresh_token": "refresh-" + r.FormValue("grant_type"),
			"id_token": o.sign(t, claims),
		})
	})
	mux.HandleFunc("/userinfo", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, map[string]any{"sub": "4711", "name": `Mali <b>"ใจดี"</b>`})
	})
	o.Server = httptest.NewServer(mux)
	t.Cleanup(o.Close)
	return o
}

func b64(raw []byte) string { return base64.RawURLEncoding.EncodeToString(raw) }

func reply(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

func (o *op) sign(t *testing.T, claims map[string]any) string {
	body, _ := json.Marshal(claims)
	input := b64([]byte(`{"alg":"ES256","kid":"k"}`)) + "." + b64(body)
	sum := sha256.Sum256([]byte(input))
	r, s, err := ecdsa.Sign(rand.Reader, o.key, sum[:])
	if err != nil {
		t.Error(err)
	}
	return input + "." + b64(append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...))
}

// browser follows no redirect by itself.
type browser struct {
	t *testing.T
	c *http.Client
	u string
}

func (b browser) do(method, path string) (*http.Response, string) {
	b.t.Helper()
	req, _ := http.NewRequest(method, b.u+path, nil)
	res, err := b.c.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close()
	var sb strings.Builder
	buf := make([]byte, 1<<20)
	for {
		n, err := res.Body.Read(buf)
		sb.Write(buf[:n])
		if err != nil {
			break
		}
	}
	return res, sb.String()
}

func start(t *testing.T) (*op, browser) {
	o := newOP(t)
	rp := httptest.NewUnstartedServer(nil)
	url := "http://" + rp.Listener.Addr().String()
	rp.Config.Handler = New(Config{Issuer: o.URL, ClientID: "demo-web", URL: url})
	rp.Start()
	t.Cleanup(rp.Close)
	jar, _ := cookiejar.New(nil)
	return o, browser{t, &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}, url}
}

// begin starts a sign-in and returns the state that the demo sent.
func (b browser) begin(o *op) string {
	b.t.Helper()
	res, _ := b.do("GET", "/sign-in?ui_locales=th")
	at, _ := url.Parse(res.Header.Get("Location"))
	q := at.Query()
	for _, name := range []string{"state", "nonce", "code_challenge"} {
		if len(q.Get(name)) < 22 {
			b.t.Fatalf("no %s in %s", name, at)
		}
	}
	if q.Get("code_challenge_method") != "S256" || q.Get("ui_locales") != "th" || q.Get("redirect_uri") != b.u+"/callback" {
		b.t.Fatalf("request %s", at)
	}
	o.nonce = q.Get("nonce")
	return q.Get("state")
}

func (b browser) back(o *op, state string) (*http.Response, string) {
	return b.do("GET", "/callback?"+url.Values{"code": {"c"}, "state": {state}, "iss": {o.URL}}.Encode())
}

func TestSignInShowsEverything(t *testing.T) {
	o, b := start(t)
	if res, page := b.do("GET", "/"); res.StatusCode != http.StatusOK || !strings.Contains(page, `id="sign-in"`) {
		t.Fatal(page)
	}
	res, page := b.back(o, b.begin(o))
	if res.StatusCode != http.StatusSeeOther {
		t.Fatal(page)
	}
	_, page = b.do("GET", "/")
	for _, part := range []string{
		"Mali &lt;b&gt;", "&#34;alg&#34;: &#34;ES256&#34;", "&#34;sub&#34;: &#34;4711&#34;", o.URL + "/userinfo", "opaque-access",
		"grant_type=refresh_token", "refresh-authorization_code", "id_token_hint=",
	} {
		if !strings.Contains(page, part) {
			t.Errorf("the page lacks %s", part)
		}
	}
	if strings.Contains(page, "<script") || strings.Contains(page, "style=") {
		t.Error("inline script or style")
	}
	if dir := os.Getenv("DEMO_PAGES"); dir != "" { // to look at
		_ = os.WriteFile(dir+"/signed-in.html", []byte(page), 0o644)
	}
	if res, _ = b.do("POST", "/refresh"); res.StatusCode != http.StatusSeeOther {
		t.Fatal(res.Status)
	}
	if _, page = b.do("GET", "/"); !strings.Contains(page, `id="refreshed">1<`) || !strings.Contains(page, "refresh-refresh_token") {
		t.Error("not refreshed")
	}
	res, _ = b.do("POST", "/sign-out")
	if at := res.Header.Get("Location"); !strings.HasPrefix(at, o.URL+"/logout?") || !strings.Contains(at, "id_token_hint=ey") {
		t.Error(at)
	}
	// The provider sends the browser back with our state; a page that says nothing would leave people in doubt.
	at, err := url.Parse(res.Header.Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	if _, page = b.do("GET", "/?state="+at.Query().Get("state")); !strings.Contains(page, `id="sign-in"`) || !strings.Contains(page, "You are signed out, here and at the provider.") {
		t.Error(page)
	}
	if _, page = b.do("GET", "/"); strings.Contains(page, "signed out") {
		t.Error("the news is told twice")
	}
}

// Whoever leaves only the application, or stops at the provider, hears that the provider may still know them.
func TestSignedOutHere(t *testing.T) {
	for path, back := range map[string]string{"/forget": "/", "/sign-out": "/?state=another"} {
		o, b := start(t)
		b.back(o, b.begin(o))
		if res, _ := b.do("POST", path); res.StatusCode != http.StatusSeeOther {
			t.Error(path, res.Status)
		}
		if _, page := b.do("GET", back); !strings.Contains(page, "You are signed out of this application.") || !strings.Contains(page, `id="sign-in"`) {
			t.Errorf("%s: %s", path, page)
		}
	}
}

func TestCallbackRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		query func(o *op, state string) url.Values
		spoil func(map[string]any)
	}{
		"foreign state": {query: func(o *op, _ string) url.Values {
			return url.Values{"code": {"c"}, "state": {"x"}, "iss": {o.URL}}
		}},
		"foreign issuer": {query: func(_ *op, s string) url.Values {
			return url.Values{"code": {"c"}, "state": {s}, "iss": {"https://evil.test"}}
		}},
		"error": {query: func(o *op, s string) url.Values {
			return url.Values{"error": {"access_denied"}, "state": {s}, "iss": {o.URL}}
		}},
		"wrong nonce":  {spoil: func(m map[string]any) { m["nonce"] = "x" }},
		"wrong issuer": {spoil: func(m map[string]any) { m["iss"] = "https://evil.test" }},
		"for another":  {spoil: func(m map[string]any) { m["aud"] = "other" }},
		"expired":      {spoil: func(m map[string]any) { m["exp"] = 1 }},
	} {
		o, b := start(t)
		if c.spoil != nil {
			o.spoil = c.spoil
		}
		if c.query == nil {
			c.query = func(o *op, s string) url.Values { return url.Values{"code": {"c"}, "state": {s}, "iss": {o.URL}} }
		}
		_, page := b.do("GET", "/callback?"+c.query(o, b.begin(o)).Encode())
		if !strings.Contains(page, `class="error"`) {
			t.Errorf("%s: not refused", name)
		}
		if _, page := b.do("GET", "/"); !strings.Contains(page, `id="sign-in"`) {
			t.Errorf("%s: signed in", name)
		}
	}
}
