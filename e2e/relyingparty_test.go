package e2e

import (
	"bufio"
	"encoding/json"
	"net/url"
	"os"
	"os/exec"
	"testing"
	"time"
)

// startRelyingParty runs openid-client in a process of its own; it ends when our end of its stdin is closed.
func startRelyingParty(t *testing.T, issuer string) (address string, jwk map[string]any) {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		missing(t, "node")
	}
	if _, err := os.Stat("node_modules/openid-client"); err != nil {
		missing(t, "openid-client (npm ci in e2e)")
	}
	cmd := exec.Command(node, "relyingparty/relyingparty.mjs", issuer)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stdin.Close()
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	if err != nil {
		t.Fatal(err)
	}
	var ready struct {
		URL string
		JWK map[string]any
	}
	if err := json.Unmarshal(line, &ready); err != nil {
		t.Fatal(err)
	}
	return ready.URL, ready.JWK
}

// TestOpenIDClient walks a relying party that nobody here wrote through everything it can do with a provider, with its
// non-repudiation checks on.
func TestOpenIDClient(t *testing.T) {
	p := startDev(t, "PRATU_REGISTRATION=open")
	p.account("malee@example.com")
	rp, jwk := startRelyingParty(t, p.Issuer)
	document := func(id, method string) map[string]any {
		return map[string]any{
			"client_id": id, "kind": "web", "client_name": "Relying party " + id, "token_endpoint_auth_method": method,
			"redirect_uris": []string{rp + "/callback"}, "post_logout_redirect_uris": []string{rp + "/bye"},
		}
	}
	answered := connectDevice(t, p, rp) // it asks again after five seconds; meanwhile there is something to do
	exchanging := document("rp-basic", "client_secret_basic")
	exchanging["grant_types"] = []string{"authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:token-exchange"}
	exchanging["settings"] = map[string]any{"token_exchange": map[string]any{"impersonation": true, "audiences": []string{"https://api.example.com/"}, "scopes": []string{"openid"}}}
	basic := url.Values{"client_id": {"rp-basic"}, "secret": {p.client(exchanging)}}
	keyed := document("rp-key", "private_key_jwt")
	keyed["jwks"] = map[string]any{"keys": []any{jwk}}
	keyed["id_token_signed_response_alg"] = "ES256"
	p.client(keyed)
	private := url.Values{"client_id": {"rp-key"}, "auth": {"private_key_jwt"}, "alg": {"ES256"}}

	for name, query := range map[string]url.Values{
		"client_secret_basic":          basic,
		"private_key_jwt":              private,
		"client_secret_basic with PAR": with(basic, "par", "1"),
		"private_key_jwt with PAR":     with(private, "par", "1"),
	} {
		t.Run(name, func(t *testing.T) { walk(t, p, rp, query) })
	}
	t.Run("registered by itself", func(t *testing.T) { registersItself(t, rp) })
	t.Run("a device", answered)
}

// step has the relying party do something.
func (a *agent) step(rp, name string) map[string]any {
	a.t.Helper()
	a.at, _ = url.Parse(rp)
	a.post(rp+"/step/"+name, nil)
	return decode[map[string]any](a)
}

// connectDevice shows a code and has somebody allow it. What comes of it is to be asked for later.
func connectDevice(t *testing.T, p *program, rp string) func(t *testing.T) {
	t.Helper()
	p.client(map[string]any{"client_id": "rp-tv", "kind": "tv", "client_name": "Television"})
	a := newAgent(t)
	asked := a.step(rp, "device")
	a.get(asked["verification_uri_complete"].(string))
	a.submit("device", nil)
	a.submit("device-confirm", a.button("device-allow"))
	a.submit("sign-in", map[string]string{"username": "malee@example.com", "password": password})
	a.submit("consent", a.button("consent-allow"))
	if a.at.Path != "/device/done" {
		t.Errorf("the way ends at %s", a.at)
	}
	return func(t *testing.T) {
		a.t = t
		answer := a.step(rp, "device-answer")
		claims, _ := answer["claims"].(map[string]any)
		if claims["sub"] == nil || claims["aud"] != "rp-tv" || answer["refreshable"] != true {
			t.Errorf("%v", answer)
		}
	}
}

// registersItself signs somebody in to an application that no administrator knows (RFC 7591).
func registersItself(t *testing.T, rp string) {
	a := newAgent(t)
	if made := a.step(rp, "register"); made["client_secret"] == nil || made["registration_client_uri"] == nil {
		t.Errorf("%v", made)
	}
	a.get(rp + "/start?registered=1&scope=openid")
	a.submit("sign-in", map[string]string{"username": "malee@example.com", "password": password})
	a.submit("consent", a.button("consent-allow"))
	if in := decode[struct{ Claims map[string]any }](a); in.Claims["sub"] == nil {
		t.Errorf("%s", a.body)
	}
}

func with(query url.Values, name, value string) url.Values {
	q := url.Values{name: {value}}
	for k, v := range query {
		q[k] = v
	}
	return q
}

// walk is one life of a relying party's session.
func walk(t *testing.T, p *program, rp string, query url.Values) {
	t.Helper()
	a := newAgent(t)
	a.get(rp + "/start?" + query.Encode())
	a.submit("sign-in", map[string]string{"username": "malee@example.com", "password": password})
	if a.at.Path == "/consent" {
		a.submit("consent", a.button("consent-allow"))
	}
	signedIn := decode[struct {
		Claims      map[string]any
		Scope       string
		Refreshable bool
	}](a)
	subject, sid := signedIn.Claims["sub"], signedIn.Claims["sid"]
	if subject == nil || sid == nil || !signedIn.Refreshable || signedIn.Scope != "openid profile email offline_access" {
		t.Errorf("%+v", signedIn)
	}
	if at := number(signedIn.Claims, "auth_time"); time.Since(at) > time.Minute {
		t.Errorf("auth_time %s", at)
	}
	step := func(name string) map[string]any { t.Helper(); return a.step(rp, name) }
	if info := step("userinfo"); info["sub"] != subject || info["email"] != "malee@example.com" || info["email_verified"] != true {
		t.Errorf("userinfo %v", info)
	}
	for range 2 {
		again := step("refresh")
		claims, _ := again["claims"].(map[string]any)
		if again["rotated"] != true || (claims != nil && (claims["sub"] != subject || claims["nonce"] != nil && claims["nonce"] != signedIn.Claims["nonce"])) {
			t.Errorf("refresh %v", again)
		}
	}
	if told := step("introspect"); told["active"] != true || told["sub"] != subject || told["client_id"] != query.Get("client_id") {
		t.Errorf("introspection %v", told)
	}
	if told := step("introspect-refresh"); told["active"] != true {
		t.Errorf("introspection of the refresh token %v", told)
	}
	if query.Get("client_id") == "rp-basic" {
		if other := step("exchange"); other["access_token"] == nil || other["scope"] != "openid" || other["refresh_token"] != nil {
			t.Errorf("exchanged %v", other)
		}
	}
	step("revoke")
	if told := step("introspect"); told["active"] != false {
		t.Errorf("after revocation %v", told)
	}

	// Another sign-in needs no page; with max_age=0 or prompt=login it does.
	a.get(rp + "/start?" + query.Encode())
	if again := decode[struct{ Claims map[string]any }](a); again.Claims["sub"] != subject || again.Claims["sid"] != sid {
		t.Errorf("single sign-on %v", again)
	}
	a.get(rp + "/start?" + with(query, "prompt", "login").Encode())
	if a.at.Path != "/login" {
		t.Fatalf("prompt=login led to %s: %s", a.at, a.body)
	}
	a.submit("sign-in", map[string]string{"username": "malee@example.com", "password": password})
	decode[map[string]any](a)

	a.get(rp + "/logout")
	if a.at.Path == "/sign-out" {
		a.submit("sign-out", a.button("sign-out-confirm"))
	}
	if bye := decode[map[string]any](a); bye["bye"] != true {
		t.Errorf("logout %v at %s", bye, a.at)
	}
	a.get(rp + "/start?" + with(query, "prompt", "none").Encode())
	var refused struct{ Error string }
	if err := json.Unmarshal([]byte(a.body), &refused); err != nil || refused.Error != "login_required" {
		t.Errorf("prompt=none after logout: %s", a.body)
	}
}
