package server_test

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"pratu/flows/signin"
)

const stateName = "__Host-op_state"

// same tells whether a session_state is of a browser's state, computed as the script does.
func same(state, client, origin, browserState string) bool {
	sum, salt, _ := strings.Cut(state, ".")
	want := sha256.Sum256([]byte(client + " " + origin + " " + browserState + " " + salt))
	return len(salt) > 10 && sum == hex.EncodeToString(want[:])
}

// session_state is the browser's state, hashed for one client and origin; it changes when somebody signs in or out here.
func TestSessionState(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		s.kernel.SessionManagement = true
		b := s.browser()
		s.signIn(b, chromeOnAndroid)
		first := b.cookies[stateName]
		_, params := b.authorize(base()).location(t)
		state := params.Get("session_state")
		if first == "" || !same(state, "ours", "https://rp.test", first) || same(state, "web1", "https://rp.test", first) {
			t.Errorf("%s of %s", state, first)
		}
		if _, again := b.authorize(base()).location(t); again.Get("session_state") == state || b.cookies[stateName] != first {
			t.Error("no salt, or the state changed by itself")
		}
		// Signing in changes it, and the answer to what waited for that is of the new one.
		page := b.to(b.authorize(base("prompt", "login")), "/login")
		_, params = b.submit(page, "sign-in", "username", malisMail, "password", malisPassword).location(t)
		if now := b.cookies[stateName]; now == first || !same(params.Get("session_state"), "ours", "https://rp.test", now) {
			t.Errorf("%v after another sign-in, of %s or %s", params, first, now)
		}
		first = b.cookies[stateName]
		for name, change := range map[string][]string{
			"no sign-in": {"scope", "email"}, "an error": {"prompt", "none", "max_age", "0"},
			"an application without pages": {"client_id", "nat1", "redirect_uri", "com.example.app:/cb", "scope", "openid"},
		} {
			if _, params := b.authorize(base(change...)).location(t); params.Has("session_state") {
				t.Errorf("%s: %v", name, params)
			}
		}
		// Another account comes, one of the two goes, and the last.
		cookie, _, err := s.signin.Begin(t.Context(), signin.PasswordProof("alice", s.now()), signin.Browser{SessionCookie: b.cookies[sessionName]}, nil)
		must(t, err)
		b.cookies[sessionName] = cookie
		hint := text(s.tokens(b), "id_token")
		b.get(bye("id_token_hint", hint))
		second := b.cookies[stateName]
		if second == "" || second == first {
			t.Error("somebody left, and the state stays")
		}
		out := b.submit(b.get("/sign-out"), "sign-out")
		for _, c := range out.Cookies() {
			if c.Name == stateName && (c.MaxAge >= 0 || !c.Secure || c.HttpOnly || c.SameSite != http.SameSiteNoneMode || c.Path != "/") {
				t.Errorf("%+v", c)
			}
		}
		if b.cookies[stateName] != "" {
			t.Error("nobody is there, and the state stays")
		}
		// A browser that was signed in before the feature was on.
		b = s.signedIn("bob")
		answer := b.authorize(base())
		if _, params = answer.location(t); !same(params.Get("session_state"), "ours", "https://rp.test", b.cookies[stateName]) {
			t.Errorf("%v", params)
		}
	})
}

// The page that applications embed holds a script of ours and nothing to click, so that anybody may frame it; all of it is
// there only when it is on.
func TestSessionFrame(t *testing.T) {
	each(t, func(w *world) {
		frame := func() reply { return w.do(httptest.NewRequest(http.MethodGet, "/oauth2/session", nil)) }
		frame().expect(t, 404)
		b := w.signedIn("alice")
		if _, params := b.authorize(base()).location(t); params.Has("session_state") || b.cookies[stateName] != "" {
			t.Errorf("while it is off: %v", params)
		}
		if w.do(httptest.NewRequest(http.MethodGet, "/.well-known/openid-configuration", nil)).json(t)["check_session_iframe"] != nil {
			t.Error("announced while it is off")
		}
		w.kernel.SessionManagement = true
		page := frame().expect(t, 200, `data-cookie="__Host-op_state"`)
		if got := page.Header.Get("Content-Security-Policy"); got != "default-src 'none'; script-src 'self'; base-uri 'none'; frame-ancestors *" ||
			page.Header.Get("X-Frame-Options") != "" || len(page.Cookies()) > 0 {
			t.Errorf("%v", page.Header)
		}
		if got := w.do(httptest.NewRequest(http.MethodPost, "/oauth2/session", strings.NewReader(url.Values{}.Encode()))); got.StatusCode != http.StatusMethodNotAllowed {
			t.Errorf("%d", got.StatusCode)
		}
	})
}
