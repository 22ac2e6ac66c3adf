package server_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// bye is the sign-out request of a relying party.
func bye(changes ...string) string {
	return "/oauth2/logout?" + changed(url.Values{"post_logout_redirect_uri": {"https://rp.test/bye"}, "state": {"s t/+"}}, changes...).Encode()
}

func TestLogout(t *testing.T) {
	each(t, func(w *world) {
		signedOut := func(b *browser) {
			w.t.Helper()
			w.err(b.authorize(base("prompt", "none")), "login_required")
		}
		signedIn := func(b *browser) {
			w.t.Helper()
			if _, params := b.authorize(base("prompt", "none")).location(w.t); params.Get("code") == "" {
				w.t.Errorf("signed out: %v", params)
			}
		}
		// An ID token of ours for somebody signed in here: out at once, back with the state and nothing else.
		b := w.signedIn("alice")
		hint := text(w.tokens(b), "id_token")
		target, params := b.get(bye("id_token_hint", hint)).location(w.t)
		if target != "https://rp.test/bye" || params.Get("state") != "s t/+" || len(params) != 1 {
			w.t.Errorf("%s %v", target, params)
		}
		signedOut(b)
		// -no-state, and the registered query is kept.
		b = w.signedIn("alice")
		answer := b.get(bye("id_token_hint", hint, "state", "", "post_logout_redirect_uri", "https://rp.test/bye?app=1"))
		if answer.Header.Get("Location") != "https://rp.test/bye?app=1" {
			w.t.Error(answer.Header.Get("Location"))
		}
		signedOut(b)
		// An expired hint is fine.
		b = w.signedIn("alice")
		past := claims(w.t, hint)
		past["exp"] = w.now().Add(-time.Hour).Unix()
		old, err := w.keys.Sign("ES256", "JWT", past)
		must(w.t, err)
		if target, _ := b.get(bye("id_token_hint", old)).location(w.t); target != "https://rp.test/bye" {
			w.t.Error(target)
		}
		// LO-01, LO-05, -bad-post-logout-redirect-uri, -query-added: out, but not there.
		for _, uri := range []string{"https://rp.test/bye/", "//evil.test", "https://rp.test/bye?foo=bar", "https://evil.test/", "javascript:alert(1)", ""} {
			b = w.signedIn("alice")
			if target, _ := b.get(bye("id_token_hint", hint, "post_logout_redirect_uri", uri)).location(w.t); target != op+"/signed-out" {
				w.t.Errorf("%q leads to %s", uri, target)
			}
			signedOut(b)
		}
		// Without proof of the client a page asks, and leads nowhere else: LO-02, -no-id-token-hint, -no-params, -only-state,
		// -modified-id-token-hint (alg none), -bad-id-token-hint, an access token as hint, another person's hint.
		parts := strings.Split(hint, ".")
		bobs := text(w.tokens(w.signedIn("bob")), "id_token")
		for name, path := range map[string]string{
			"no hint": bye("client_id", "ours"), "no parameters": "/oauth2/logout", "only state": bye("post_logout_redirect_uri", ""),
			"alg none":     bye("id_token_hint", "eyJhbGciOiJub25lIn0."+parts[1]+"."),
			"forged":       bye("id_token_hint", parts[0]+"."+parts[1]+"."+strings.Repeat("A", len(parts[2]))),
			"access token": bye("id_token_hint", text(w.tokens(w.signedIn("alice")), "access_token")),
			"bob's":        bye("id_token_hint", bobs),
		} {
			b = w.signedIn("alice")
			answer := b.get(path)
			target, params := answer.location(w.t)
			if target != op+"/sign-out" {
				w.t.Fatalf("%s: %s", name, target)
			}
			if params.Has("return") != (name == "bob's") {
				w.t.Errorf("%s: return %v", name, params)
			}
			signedIn(b)
			page := b.get(target + "?" + params.Encode())
			if page.StatusCode != http.StatusOK || !strings.Contains(page.body, `id="sign-out"`) || !strings.Contains(page.body, `id="sign-out-confirm"`) {
				w.t.Fatalf("%s: %d %s", name, page.StatusCode, page.body)
			}
			out := b.submit(page, "sign-out")
			if target, _ := out.location(w.t); (target == "https://rp.test/bye") != (name == "bob's") {
				w.t.Errorf("%s leads to %s", name, target)
			}
			signedOut(b)
		}
		// LO-03
		w.page(w.signedIn("alice").get(bye("id_token_hint", hint, "client_id", "web2")), http.StatusBadRequest)
		// LO-04: an image on another site carries no Lax cookie.
		b = w.signedIn("alice")
		w.browser().get(bye("id_token_hint", hint))
		signedIn(b)
		// By POST, which carries no cookie either, it comes back by GET.
		answer = w.do(post("/oauth2/logout", url.Values{"id_token_hint": {hint}, "post_logout_redirect_uri": {"https://rp.test/bye"}}))
		if target, params := answer.location(w.t); target != op+"/oauth2/logout" || params.Get("id_token_hint") != hint {
			w.t.Errorf("%s %v", target, params)
		}
		// A return target is ours to seal.
		page := b.get("/sign-out?return=https%3A%2F%2Fevil.test")
		if target, _ := b.submit(page, "sign-out").location(w.t); target != op+"/signed-out" {
			w.t.Error(target)
		}
	})
}

// Signing out ends what lives only as long as the session.
func TestLogoutEndsTokens(t *testing.T) {
	each(t, func(w *world) {
		b := w.signedIn("alice")
		offline := w.tokens(b)
		bound := w.tokens(b, "scope", "openid")
		b.get(bye("id_token_hint", text(bound, "id_token")))
		w.refused(w.do(bearer(http.MethodGet, text(bound, "access_token"))), 401, "invalid_token")
		if answer := w.do(bearer(http.MethodGet, text(offline, "access_token"))); answer.StatusCode != http.StatusOK {
			w.t.Error("offline access ended with the session")
		}
	})
}
