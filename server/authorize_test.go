package server_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
)

var description = regexp.MustCompile(`^[\x20-\x21\x23-\x5B\x5D-\x7E]*$`)

// received is a parameter as an error page spells it out: text and nothing else.
var received = regexp.MustCompile(`<bdi><code>[\x20-\x3B=\x3F-\x7E…]*</code></bdi>`)

// page expects an error page of ours and no redirect.
func (w *world) page(answer reply, status int) {
	w.t.Helper()
	switch {
	case answer.StatusCode != status:
		w.t.Errorf("status %d, want %d: %s", answer.StatusCode, status, answer.Header.Get("Location"))
	case answer.Header.Get("Location") != "":
		w.t.Errorf("redirect to %s", answer.Header.Get("Location"))
	case w.foreign:
	case answer.Header.Get("Content-Type") != "text/html; charset=utf-8":
		w.t.Errorf("content type %s", answer.Header.Get("Content-Type"))
	case !strings.Contains(answer.body, `id="error-code"`):
		w.t.Errorf("no error code on the page: %s", answer.body)
	case !strings.Contains(answer.Header.Get("Content-Security-Policy"), "frame-ancestors 'none'") || strings.Contains(answer.Header.Get("Content-Security-Policy"), "unsafe"):
		w.t.Errorf("policy %s", answer.Header.Get("Content-Security-Policy"))
	}
}

// err expects an error at the registered redirect URI.
func (w *world) err(answer reply, code string) {
	w.t.Helper()
	if answer.StatusCode != http.StatusSeeOther {
		w.t.Errorf("status %d, want 303: %s", answer.StatusCode, answer.body)
		return
	}
	target, params := answer.location(w.t)
	switch {
	case target != rp && target != "https://spa.test/cb":
		w.t.Errorf("redirect to %s", target)
	case params.Get("error") != code:
		w.t.Errorf("error %q, want %s (%s)", params.Get("error"), code, params.Get("error_description"))
	case params.Get("iss") != op:
		w.t.Errorf("iss %q", params.Get("iss"))
	case params.Has("code"):
		w.t.Error("an error with a code")
	case !description.MatchString(params.Get("error_description")):
		w.t.Errorf("description %q", params.Get("error_description"))
	}
}

func (w *world) errWithState(answer reply, code, state string) {
	w.t.Helper()
	w.err(answer, code)
	if _, params := answer.location(w.t); params.Get("state") != state || params.Has("state") != (state != "") {
		w.t.Errorf("state %q, want %q", params.Get("state"), state)
	}
}

// Rows whose answer is a page: nothing is known for sure about where to send anybody.
func TestAuthorizePages(t *testing.T) {
	each(t, func(w *world) {
		b := w.signedIn("alice")
		for name, v := range map[string]url.Values{
			"AZ-01 a slash more":               base("redirect_uri", rp+"/"),
			"AZ-02 user information":           base("redirect_uri", "https://rp.test@evil.test/cb"),
			"AZ-03 other spelling":             base("redirect_uri", "HTTPS://RP.TEST/cb"),
			"AZ-04 localhost for the literal":  base("client_id", "nat1", "redirect_uri", "http://localhost:51004/cb"),
			"AZ-05 http for https on loopback": base("client_id", "loop", "redirect_uri", "http://127.0.0.1:9/cb"),
			"AZ-05 another port on https":      base("client_id", "loop", "redirect_uri", "https://127.0.0.1:9/cb"),
			"AZ-06 none of two":                base("client_id", "multi", "redirect_uri", ""),
			"AZ-07 empty fragment":             base("redirect_uri", rp+"#"),
			"AZ-07 on loopback":                base("client_id", "nat1", "redirect_uri", "http://127.0.0.1:5/cb#"),
			"M6 user information on loopback":  base("client_id", "nat1", "redirect_uri", "http://evil:pw@127.0.0.1:9999/cb"),
			"M6 encoded path on loopback":      base("client_id", "nat1", "redirect_uri", "http://127.0.0.1:9999/%63b"),
			"empty port on loopback":           base("client_id", "nat1", "redirect_uri", "http://127.0.0.1:/cb"),
			"AZ-24 unknown client":             base("client_id", "nope", "redirect_uri", "https://evil.test/"),
			"disabled client":                  base("client_id", "off"),
			"no client":                        base("client_id", ""),
			"NUL":                              base("client_id", "a\x00b"),
			"not UTF-8":                        base("redirect_uri", rp+"\xff"),
		} {
			answer := b.authorize(v)
			w.page(answer, http.StatusBadRequest)
			if strings.Contains(received.ReplaceAllString(answer.body, ""), "evil.test") {
				w.t.Errorf("%s: the page holds the attacker's address elsewhere than among what was received", name)
			}
			if w.t.Failed() {
				w.t.Fatal(name)
			}
		}
		twice := base() // AZ-08
		twice["redirect_uri"] = []string{rp, "https://evil.test/"}
		w.page(b.authorize(twice), http.StatusBadRequest)
	})
}

// Rows that are answered at the registered redirect URI.
func TestAuthorizeRefusals(t *testing.T) {
	each(t, func(w *world) {
		b := w.signedIn("alice")
		for _, row := range []struct {
			name, err string
			v         url.Values
		}{
			{"AZ-10 no challenge", "invalid_request", base("client_id", "spa1", "redirect_uri", "https://spa.test/cb", "code_challenge", "", "code_challenge_method", "")},
			{"AZ-11 plain", "invalid_request", base("code_challenge_method", "plain")},
			{"AZ-11 method left out", "invalid_request", base("code_challenge_method", "")},
			{"AZ-12 short challenge", "invalid_request", base("code_challenge", "short")},
			{"AZ-13 token", "unsupported_response_type", base("response_type", "token")},
			{"AZ-13 hybrid", "unsupported_response_type", base("response_type", "code id_token")},
			{"oidcc-response-type-missing", "invalid_request", base("response_type", "")},
			{"AZ-14 fragment", "invalid_request", base("response_mode", "fragment")},
			{"AZ-15 none and login", "invalid_request", base("prompt", "none login")},
			{"unknown prompt", "invalid_request", base("prompt", "dance")},
			{"AZ-16 no consent", "consent_required", base("client_id", "web1", "prompt", "none")},
			{"max_age no number", "invalid_request", base("max_age", "10s")},
			{"max_age negative", "invalid_request", base("max_age", "-1")},
			{"AZ-18 unsigned request object", "request_not_supported", base("request", "eyJhbGciOiJub25lIn0.e30.")},
			{"AZ-19 request_uri", "request_uri_not_supported", base("request_uri", "http://169.254.169.254/latest/meta-data/")},
			{"AZ-21 scope", "invalid_scope", base("scope", "openid admin")},
			{"no scope", "invalid_scope", base("scope", "")},
			{"claims no JSON", "invalid_request", base("claims", "{")},
			{"resource", "invalid_target", base("resource", "https://api.test")},
			{"foreign hint", "invalid_request", base("id_token_hint", "eyJhbGciOiJub25lIn0.e30.")},
			{"registration", "registration_not_supported", base("registration", "{}")},
			{"wrong subject", "login_required", base("prompt", "none", "claims", `{"id_token":{"sub":{"value":"1"}}}`)},
		} {
			w.errWithState(b.authorize(row.v), row.err, "12345678")
			if w.t.Failed() {
				w.t.Fatal(row.name)
			}
		}
		twice := base() // AZ-09
		twice["state"] = []string{"a1234567", "b1234567"}
		w.errWithState(b.authorize(twice), "invalid_request", "")
		twice = base()
		twice["nonce"] = []string{"a", "b"}
		w.errWithState(b.authorize(twice), "invalid_request", "12345678")
	})
}

func TestAuthorizeAnswers(t *testing.T) {
	each(t, func(w *world) {
		b := w.signedIn("alice")
		for name, v := range map[string]url.Values{
			"AZ-22 short state": base("state", "abc"), "no state": base("state", ""), "no nonce": base("nonce", ""),
			"oidcc-display-popup": base("display", "popup"), "oidcc-ui-locales": base("ui_locales", "se"),
			"oidcc-claims-locales": base("claims_locales", "se"), "unknown parameter": base("extra", "foobar"),
			"login_hint of another kind": base("login_hint", "buffy"), "oidcc-acr-values": base("acr_values", "1 2"),
			"128 characters of state": base("state", strings.Repeat("-._~aZ09", 16)), "long nonce": base("nonce", strings.Repeat("n", 384)),
			"oidcc-claims-essential": base("claims", `{"userinfo":{"name":{"essential":true}}}`),
			"prompt=none":            base("prompt", "none"), "max_age=10000": base("max_age", "10000"),
			"loopback, any port": base("client_id", "ours"),
		} {
			answer := b.authorize(v)
			if answer.StatusCode != http.StatusSeeOther {
				w.t.Fatalf("%s: %d %s", name, answer.StatusCode, answer.body)
			}
			target, params := answer.location(w.t)
			if target != rp || params.Get("code") == "" || params.Get("iss") != op || params.Get("state") != v.Get("state") || params.Has("state") != v.Has("state") {
				w.t.Errorf("%s: %s %v", name, target, params)
			}
			if len(params) > 3 {
				w.t.Errorf("%s: more than code, state and iss: %v", name, params)
			}
			if answer.Header.Get("Cache-Control") != "no-store" {
				w.t.Errorf("%s: cacheable", name)
			}
		}
	})
}

// The registered URI's own query is kept.
func TestAuthorizeKeepsQuery(t *testing.T) {
	each(t, func(w *world) {
		answer := w.signedIn("alice").authorize(base("client_id", "multi", "redirect_uri", "https://rp.test/other?keep=1", "prompt", "none"))
		if !strings.HasPrefix(answer.Header.Get("Location"), "https://rp.test/other?keep=1&") {
			w.t.Error(answer.Header.Get("Location"))
		}
	})
}

func TestFormPost(t *testing.T) {
	each(t, func(w *world) {
		answer := w.signedIn("alice").authorize(base("response_mode", "form_post", "state", `"><script>alert(1)</script>`))
		if answer.StatusCode != http.StatusOK || answer.Header.Get("Location") != "" {
			w.t.Fatalf("%d %s", answer.StatusCode, answer.body)
		}
		for _, part := range []string{`action="https://rp.test/cb"`, `name="code"`, `name="state"`, `name="iss"`, `method="post"`} {
			if !strings.Contains(answer.body, part) {
				w.t.Errorf("no %s in %s", part, answer.body)
			}
		}
		if strings.Contains(answer.body, "<script>alert") || strings.Contains(answer.body, "onload") || strings.Contains(answer.Header.Get("Content-Security-Policy"), "form-action") {
			w.t.Error(answer.body)
		}
	})
}

func TestAuthorizeSignsIn(t *testing.T) {
	each(t, func(w *world) {
		page := func(answer reply, path string) {
			w.t.Helper()
			target, params := answer.location(w.t)
			if target != op+path || params.Get("interaction") == "" || len(params) != 1 {
				w.t.Errorf("%s %v, want %s", target, params, path)
			}
		}
		page(w.browser().authorize(base()), "/login")
		page(w.signedIn("alice").authorize(base("client_id", "web1")), "/consent")
		page(w.signedIn("alice").authorize(base("prompt", "select_account")), "/select-account")
		page(w.signedIn("alice").authorize(base("prompt", "login")), "/login")
		b := w.signedIn("alice")
		w.pass(5 * time.Second)
		page(b.authorize(base("max_age", "0")), "/login") // AZ-17
		page(b.authorize(base("max_age", "1")), "/login")
		w.err(w.browser().authorize(base("prompt", "none")), "login_required") // oidcc-prompt-none-not-logged-in
		// AZ-27: the session of a disabled account ends here.
		dave := w.signedIn("dave")
		w.err(dave.authorize(base()), "access_denied")
		page(dave.authorize(base()), "/login")
		// oidcc-ensure-post-request-succeeds: a cross-site POST carries no cookie and comes back by GET.
		answer := w.do(post("/oauth2/authorize", base()))
		target, params := answer.location(w.t)
		if target != op+"/oauth2/authorize/continue" {
			w.t.Fatalf("%d %s", answer.StatusCode, target)
		}
		back := w.signedIn("alice").get(target + "?" + params.Encode())
		if _, got := back.location(w.t); got.Get("code") == "" {
			w.t.Errorf("%d %s", back.StatusCode, back.body)
		}
	})
}

// An interaction belongs to the browser that began it.
func TestInteractionIsBound(t *testing.T) {
	each(t, func(w *world) {
		b := w.browser()
		_, params := b.authorize(base()).location(w.t)
		path := "/oauth2/authorize/continue?" + params.Encode()
		w.page(w.browser().get(path), http.StatusForbidden)
		w.page(w.signedIn("alice").get(path), http.StatusForbidden)
		if target, _ := b.get(path).location(w.t); target != op+"/login" {
			w.t.Error(target)
		}
		w.pass(31 * time.Minute)
		w.page(b.get(path), http.StatusNotFound)
		w.page(b.get("/oauth2/authorize/continue?interaction=nobodys"), http.StatusNotFound)
		w.page(b.get("/oauth2/authorize/continue"), http.StatusNotFound)
	})
}

func TestAuthorizeTransport(t *testing.T) {
	each(t, func(w *world) {
		if answer := w.do(httptest.NewRequest(http.MethodPut, "/oauth2/authorize", nil)); answer.StatusCode != http.StatusMethodNotAllowed || answer.Header.Get("Allow") != "GET, POST" { // AZ-28
			w.t.Errorf("%d %s", answer.StatusCode, answer.Header.Get("Allow"))
		}
		r := httptest.NewRequest(http.MethodGet, "/oauth2/authorize?"+base().Encode(), nil) // AZ-29
		r.Header.Set("Origin", "https://evil.test")
		for name := range w.do(r).Header {
			if strings.HasPrefix(name, "Access-Control") {
				w.t.Errorf("%s at the authorization endpoint", name)
			}
		}
		r = httptest.NewRequest(http.MethodGet, "/oauth2/authorize?"+base().Encode(), nil) // AZ-30
		r.Host = "evil.test"
		if answer := w.do(r); answer.StatusCode != http.StatusMisdirectedRequest || answer.Header.Get("Location") != "" || len(answer.Cookies()) > 0 && strings.Contains(answer.Cookies()[0].String(), "evil") {
			w.t.Errorf("%d %v", answer.StatusCode, answer.Header)
		}
		if answer := w.browser().get("/oauth2/authorize?x=" + strings.Repeat("a", 16<<10)); answer.StatusCode != http.StatusRequestURITooLong { // AZ-23
			w.t.Errorf("%d", answer.StatusCode)
		}
		if answer := w.browser().get("/oauth2/authorize?%zz"); answer.StatusCode != http.StatusBadRequest {
			w.t.Errorf("%d", answer.StatusCode)
		}
	})
}

func TestPushed(t *testing.T) {
	each(t, func(w *world) {
		push := func(changes ...string) reply {
			return w.post("/oauth2/par", "ours", s1, base(changes...))
		}
		answer := push()
		uri, _ := answer.json(w.t)["request_uri"].(string)
		if answer.StatusCode != http.StatusCreated || !strings.HasPrefix(uri, "urn:ietf:params:oauth:request_uri:") || answer.json(w.t)["expires_in"] != float64(90) {
			w.t.Fatalf("%d %s", answer.StatusCode, answer.body)
		}
		b := w.signedIn("alice")
		use := func(client string) reply { return b.authorize(url.Values{"client_id": {client}, "request_uri": {uri}}) }
		w.page(use("web2"), http.StatusBadRequest) // AZ-20: another client neither uses nor burns it
		_, params := use("ours").location(w.t)
		if params.Get("code") == "" || params.Get("state") != "12345678" {
			w.t.Errorf("%v", params)
		}
		w.page(use("ours"), http.StatusBadRequest) // once
		// Parameters beside it are ignored.
		uri, _ = push("nonce", "pushed").json(w.t)["request_uri"].(string)
		_, params = b.authorize(url.Values{"client_id": {"ours"}, "request_uri": {uri}, "nonce": {"injected"}, "prompt": {"login"}}).location(w.t)
		got := w.post("/oauth2/token", "ours", s1, grant(params.Get("code"))).json(w.t)
		if id, _ := got["id_token"].(string); claims(w.t, id)["nonce"] != "pushed" {
			w.t.Errorf("%v", got)
		}
		uri, _ = push().json(w.t)["request_uri"].(string)
		w.pass(91 * time.Second)
		w.page(use("ours"), http.StatusBadRequest)

		w.refused(push("redirect_uri", "https://evil.test/"), 400, "invalid_request")
		w.refused(push("scope", "openid admin"), 400, "invalid_scope")
		w.refused(push("request_uri", uri), 400, "invalid_request")
		w.refused(push("code_challenge", "", "code_challenge_method", ""), 400, "invalid_request")
		w.refused(w.post("/oauth2/par", "", "", base("client_id", "ours")), 401, "invalid_client") // MI-09
		if answer := w.do(httptest.NewRequest(http.MethodGet, "/oauth2/par", nil)); answer.StatusCode != http.StatusMethodNotAllowed {
			w.t.Errorf("MI-10: %d", answer.StatusCode)
		}
		limit := 0 // MI-11
		for limit < 700 && push().StatusCode == http.StatusCreated {
			limit++
		}
		if answer := push(); answer.StatusCode != http.StatusTooManyRequests || answer.Header.Get("Retry-After") == "" {
			w.t.Errorf("after %d pushed requests: %d", limit, answer.StatusCode)
		}
	})
}

// MI-11: the budget of a public client can't be used up by a stranger, who needs nothing but its id.
func TestStrangersLeavePushedRequestsToOthers(t *testing.T) {
	each(t, func(w *world) {
		push := func(address string) int {
			r := post("/oauth2/par", base("client_id", "spa1", "redirect_uri", "https://spa.test/cb"))
			return w.browser().from(address, r).StatusCode
		}
		for range 700 {
			if push("192.0.2.66") == http.StatusTooManyRequests {
				break
			}
		}
		if got := push("192.0.2.66"); got != http.StatusTooManyRequests {
			t.Errorf("no end to pushed requests: %d", got)
		}
		if got := push("198.51.100.7"); got != http.StatusCreated {
			t.Errorf("a stranger used up the client's budget: %d", got)
		}
	})
}
