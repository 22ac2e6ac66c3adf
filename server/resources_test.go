package server_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"pratu/flows/clients"
	"pratu/flows/keys"
)

func bearer(method, token string) *http.Request {
	r := httptest.NewRequest(method, "/oauth2/userinfo", nil)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return r
}

func text(v map[string]any, name string) string {
	s, _ := v[name].(string)
	return s
}

func TestUserinfo(t *testing.T) {
	each(t, func(w *world) {
		b := w.signedIn("alice")
		tokens := w.tokens(b, "scope", "openid email profile")
		access := text(tokens, "access_token")
		for name, r := range map[string]*http.Request{
			"oidcc-userinfo-get": bearer(http.MethodGet, access), "oidcc-userinfo-post-header": bearer(http.MethodPost, access),
			"oidcc-userinfo-post-body": post("/oauth2/userinfo", url.Values{"access_token": {access}}),
		} {
			answer := w.do(r)
			v := answer.json(w.t)
			if answer.StatusCode != http.StatusOK || v["sub"] != "21992040" || v["email"] != alicesMail || v["email_verified"] != true || v["given_name"] != "alice" || answer.Header.Get("Cache-Control") != "no-store" {
				w.t.Errorf("%s: %d %v", name, answer.StatusCode, v)
			}
			if updated, ok := v["updated_at"].(float64); !ok || updated != float64(w.now().Unix()) {
				w.t.Errorf("%s: updated_at %v", name, v["updated_at"])
			}
		}
		lower := bearer(http.MethodGet, "")
		lower.Header.Set("Authorization", "bearer "+access)
		if answer := w.do(lower); answer.StatusCode != http.StatusOK {
			w.t.Errorf("the scheme's case matters: %d", answer.StatusCode)
		}
		w.refused(w.do(httptest.NewRequest(http.MethodGet, "/oauth2/userinfo?access_token="+access, nil)), 400, "invalid_request") // MI-01
		double := post("/oauth2/userinfo", url.Values{"access_token": {access}})
		double.Header.Set("Authorization", "Bearer "+access)
		w.refused(w.do(double), 400, "invalid_request")
		for _, bad := range []string{text(tokens, "id_token"), text(tokens, "refresh_token"), access + "x", strings.Repeat("a", 9000), "a.b.c", "\x7f"} { // MI-02
			answer := w.do(bearer(http.MethodGet, bad))
			if bad == "" {
				continue
			}
			w.refused(answer, 401, "invalid_token")
			if !strings.HasPrefix(answer.Header.Get("WWW-Authenticate"), `Bearer realm="pratu", error="invalid_token"`) {
				w.t.Errorf("challenge %q", answer.Header.Get("WWW-Authenticate"))
			}
		}
		if answer := w.do(bearer(http.MethodGet, "")); answer.StatusCode != http.StatusUnauthorized || answer.Header.Get("WWW-Authenticate") != `Bearer realm="pratu"` {
			w.t.Errorf("no token: %d %s", answer.StatusCode, answer.Header.Get("WWW-Authenticate"))
		}
		w.refused(w.do(bearer(http.MethodGet, text(w.tokens(b, "scope", "email"), "access_token"))), 403, "insufficient_scope") // MI-03
		machine := w.post("/oauth2/token", "svc1", s2, url.Values{"grant_type": {"client_credentials"}}).json(w.t)
		w.refused(w.do(bearer(http.MethodGet, text(machine, "access_token"))), 403, "insufficient_scope")
		w.pass(time.Hour)
		w.refused(w.do(bearer(http.MethodGet, access)), 401, "invalid_token")
	})
}

// A client switched off, or an account, is refused everywhere within a second.
func TestDisabled(t *testing.T) {
	each(t, func(w *world) {
		access := text(w.tokens(w.signedIn("alice")), "access_token")
		_, err := w.clients.Update(w.t.Context(), "ours", func(d *clients.Document) error { d.Disabled = true; return nil })
		must(w.t, err)
		w.pass(time.Second)
		w.refused(w.do(bearer(http.MethodGet, access)), 401, "invalid_token")
	})
}

func TestSignedUserinfo(t *testing.T) {
	each(t, func(w *world) {
		_, err := w.clients.Update(w.t.Context(), "ours", func(d *clients.Document) error { d.UserinfoAlg = "RS256"; return nil })
		must(w.t, err)
		w.pass(2 * time.Second)
		access := text(w.tokens(w.signedIn("alice")), "access_token")
		answer := w.do(bearer(http.MethodGet, access))
		if answer.Header.Get("Content-Type") != "application/jwt" {
			w.t.Fatalf("%v %s", answer.Header, answer.body)
		}
		payload, alg, err := w.keys.Verify(answer.body, "JWT")
		if err != nil || alg != "RS256" {
			w.t.Fatal(err)
		}
		v := map[string]any{}
		must(w.t, json.Unmarshal(payload, &v))
		if v["iss"] != op || v["aud"] != "ours" || v["sub"] != "21992040" || v["nonce"] != nil {
			w.t.Errorf("%v", v)
		}
	})
}

func TestIntrospection(t *testing.T) {
	each(t, func(w *world) {
		tokens := w.tokens(w.signedIn("alice"))
		ask := func(client, secret, token string) reply {
			return w.post("/oauth2/introspect", client, secret, url.Values{"token": {token}})
		}
		w.refused(ask("", "", text(tokens, "access_token")), 401, "invalid_client") // MI-05
		w.refused(w.post("/oauth2/introspect", "", "", url.Values{"client_id": {"spa1"}, "token": {"x"}}), 400, "unauthorized_client")
		v := ask("ours", s1, text(tokens, "access_token")).json(w.t)
		if v["active"] != true || v["sub"] != "21992040" || v["client_id"] != "ours" || v["token_type"] != "Bearer" || v["iss"] != op || v["aud"] != "ours" || v["jti"] == nil {
			w.t.Errorf("%v", v)
		}
		if v := ask("ours", s1, text(tokens, "refresh_token")).json(w.t); v["active"] != true || v["token_type"] != nil {
			w.t.Errorf("refresh token: %v", v)
		}
		for name, answer := range map[string]reply{
			"MI-06 another client's access token": ask("web2", s2, text(tokens, "access_token")),
			"another client's refresh token":      ask("web2", s2, text(tokens, "refresh_token")),
			"garbage":                             ask("ours", s1, "garbage"),
			"ID token":                            ask("ours", s1, text(tokens, "id_token")),
		} {
			if answer.StatusCode != http.StatusOK || strings.TrimSpace(answer.body) != `{"active":false}` {
				w.t.Errorf("%s: %d %s", name, answer.StatusCode, answer.body)
			}
		}
		w.refused(w.post("/oauth2/introspect", "ours", s1, url.Values{}), 400, "invalid_request")
	})
}

// What a leaked key signed is refused at once, also where the server has seen it before: nothing else stands behind a
// machine's token.
func TestCompromisedKey(t *testing.T) {
	each(t, func(w *world) {
		token := text(w.post("/oauth2/token", "svc1", s2, url.Values{"grant_type": {"client_credentials"}}).json(w.t), "access_token")
		active := func() bool {
			return w.post("/oauth2/introspect", "svc1", s2, url.Values{"token": {token}}).json(w.t)["active"] == true
		}
		for range 2 { // the second time it was seen before
			if !active() {
				w.t.Fatal("the token isn't active")
			}
		}
		_, err := w.keys.Rotate(w.t.Context(), keys.RotateOptions{Alg: keys.ES256, Compromised: true})
		must(w.t, err)
		must(w.t, w.keys.Refresh(w.t.Context()))
		if active() {
			w.t.Error("a token of a leaked key is believed")
		}
	})
}

func TestRevocation(t *testing.T) {
	each(t, func(w *world) {
		b := w.signedIn("alice")
		revoke := func(client, secret, token string) {
			w.t.Helper()
			answer := w.post("/oauth2/revoke", client, secret, url.Values{"token": {token}})
			if answer.StatusCode != http.StatusOK || answer.body != "" {
				w.t.Errorf("%d %s", answer.StatusCode, answer.body)
			}
		}
		tokens := w.tokens(b)
		revoke("ours", s1, "unknown") // MI-07
		revoke("web2", s2, text(tokens, "refresh_token"))
		revoke("web2", s2, text(tokens, "access_token"))
		if answer := w.do(bearer(http.MethodGet, text(tokens, "access_token"))); answer.StatusCode != http.StatusOK {
			w.t.Error("another client revoked it")
		}
		revoke("ours", s1, text(tokens, "refresh_token"))
		revoke("ours", s1, text(tokens, "refresh_token"))
		w.refused(w.do(bearer(http.MethodGet, text(tokens, "access_token"))), 401, "invalid_token")
		tokens = w.tokens(b)
		revoke("ours", s1, text(tokens, "access_token"))
		w.refused(w.post("/oauth2/token", "ours", s1, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {text(tokens, "refresh_token")}}), 400, "invalid_grant")
		w.refused(w.post("/oauth2/revoke", "ours", "wrong", url.Values{"token": {"x"}}), 401, "invalid_client")
	})
}

// MI-08: whatever the order, nothing of the family lives after the revocation.
func TestRevocationBeatsRefresh(t *testing.T) {
	each(t, func(w *world) {
		b := w.signedIn("alice")
		for range 5 {
			first := w.tokens(b)
			var mu sync.Mutex
			access := []string{text(first, "access_token")}
			var all sync.WaitGroup
			for i := range 10 {
				all.Go(func() {
					if i == 4 {
						w.post("/oauth2/revoke", "ours", s1, url.Values{"token": {text(first, "refresh_token")}})
						return
					}
					answer := w.post("/oauth2/token", "ours", s1, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {text(first, "refresh_token")}})
					if answer.StatusCode == http.StatusOK {
						v := map[string]any{}
						_ = json.Unmarshal([]byte(answer.body), &v)
						mu.Lock()
						access = append(access, text(v, "access_token"))
						mu.Unlock()
					}
				})
			}
			all.Wait()
			for _, token := range access {
				w.refused(w.do(bearer(http.MethodGet, token)), 401, "invalid_token")
			}
		}
	})
}

func TestDiscovery(t *testing.T) {
	each(t, func(w *world) {
		for _, path := range []string{"/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"} {
			answer := w.do(httptest.NewRequest(http.MethodGet, path, nil))
			v := answer.json(w.t)
			if answer.StatusCode != http.StatusOK || v["issuer"] != op || answer.Header.Get("ETag") == "" {
				w.t.Errorf("%s: %d %v", path, answer.StatusCode, v)
			}
			for name, value := range v {
				if strings.HasSuffix(name, "_endpoint") || name == "jwks_uri" {
					target, _ := value.(string)
					if !strings.HasPrefix(target, op+"/") {
						w.t.Errorf("%s is %v", name, value)
					}
					if answer := w.do(httptest.NewRequest(http.MethodGet, strings.TrimPrefix(target, op), nil)); answer.StatusCode == http.StatusNotFound {
						w.t.Errorf("%s is advertised and not there", target)
					}
				}
			}
			if v["request_uri_parameter_supported"] != false || v["request_parameter_supported"] != false || v["authorization_response_iss_parameter_supported"] != true {
				w.t.Errorf("%v", v)
			}
			r := httptest.NewRequest(http.MethodGet, path, nil)
			r.Header.Set("If-None-Match", answer.Header.Get("ETag"))
			if again := w.do(r); again.StatusCode != http.StatusNotModified || again.body != "" {
				w.t.Errorf("%d", again.StatusCode)
			}
			r = httptest.NewRequest(http.MethodGet, path, nil) // MI-18
			r.Host = "evil.test"
			if answer := w.do(r); answer.StatusCode != http.StatusMisdirectedRequest || strings.Contains(answer.body, "evil.test") {
				w.t.Errorf("%d %s", answer.StatusCode, answer.body)
			}
		}
		answer := w.do(httptest.NewRequest(http.MethodGet, "/oauth2/jwks", nil)) // MI-17
		for _, private := range []string{`"d"`, `"p"`, `"q"`, `"k"`} {
			if strings.Contains(answer.body, private) {
				w.t.Errorf("the key set holds %s", private)
			}
		}
		if strings.Count(answer.body, `"kid"`) != 4 || !strings.Contains(answer.Header.Get("Cache-Control"), "max-age=") {
			w.t.Errorf("%s %v", answer.body, answer.Header)
		}
	})
}
