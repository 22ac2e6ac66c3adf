package server_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// Every error page names request and time, and can be read in the other language: the link comes back to the same error,
// without repeating in a page of ours what a stranger wrote into the address.
func TestErrorPages(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		get := func(target string) *http.Request { return httptest.NewRequest(http.MethodGet, target, nil) }
		elsewhere := get("/login?x=evil.test")
		elsewhere.Host = "evil.test"
		forged := post("/sign-out?x=evil.test", nil)
		for name, test := range map[string]struct {
			r     *http.Request
			first int
			again int
		}{
			"404":                    {get("/nowhere?to=evil.test"), 404, 404},
			"no such interaction":    {get("/login?interaction=gone&x=evil.test"), 404, 404},
			"unknown client":         {get("/oauth2/authorize?" + base("client_id", "nope").Encode()), 400, 400},
			"redirect URI":           {get("/oauth2/authorize?" + base("redirect_uri", "https://rp.test/evil.test").Encode()), 400, 400},
			"too long":               {get("/login?x=" + strings.Repeat("evil.test", 2000)), 414, 200},
			"endless path":           {get("/" + strings.Repeat("evil.test/", 2000)), 404, 303},
			"by POST":                {post("/oauth2/authorize", base("client_id", "nope", "redirect_uri", "https://evil.test/")), 400, 400},
			"other host":             {elsewhere, 421, 421},
			"below a page":           {httptest.NewRequest(http.MethodPut, "/account/nowhere", nil), 404, 404},
			"403, comes back by GET": {forged, 403, 303},
		} {
			b := s.browser()
			host := test.r.Host
			page := b.send(test.r).expect(t, test.first, `<code id="request-id">`, `id="error-code"`, `<time datetime="`)
			if !strings.Contains(page.body, page.Header.Get("X-Request-Id")) {
				t.Errorf("%s: another request id", name)
			}
			_, footer, _ := strings.Cut(page.body, "<footer>")
			if strings.Contains(footer, "evil.test") {
				t.Errorf("%s: a stranger's address in a link: %s", name, footer)
			}
			link := switchTo(t, page.body, "th")
			if !strings.HasPrefix(link, "/language?") { // at another host there is nobody to keep the choice
				r := get("/login" + link)
				r.Host = host
				b.send(r).expect(t, test.again, `<html lang="th">`)
				continue
			}
			back := b.get(b.get(link).expect(t, 303).Header.Get("Location"))
			if back.StatusCode != test.again {
				t.Errorf("%s: back at %s: %d", name, back.Request.URL, back.StatusCode)
			}
			if back.StatusCode != http.StatusSeeOther {
				back.expect(t, test.again, `<html lang="th">`)
			}
			if strings.Contains(page.body, "<code>nope</code>") && !strings.Contains(back.body, "<code>nope</code>") {
				t.Errorf("%s: another error: %s", name, back.main())
			}
		}
	})
}

// switchTo is the address of a page's link to another language.
func switchTo(t *testing.T, body, language string) string {
	t.Helper()
	_, after, _ := strings.Cut(body, "<footer>")
	for _, part := range strings.Split(after, "<a ")[1:] {
		href, rest, _ := strings.Cut(strings.TrimPrefix(part, `href="`), `"`)
		if strings.Contains(rest[:min(len(rest), 40)], `lang="`+language+`"`) {
			return strings.ReplaceAll(href, "&amp;", "&")
		}
	}
	t.Fatalf("no way to %s in %s", language, after)
	return ""
}

// A developer sees what arrived, character by character, on a page that leads nowhere and can't be made to say anything.
func TestErrorPagesShowWhatWasReceived(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		b := s.browser()
		long := rp + "?" + strings.Repeat("x", 1000)
		for _, test := range []struct{ id, uri, shownID, shownURI, reason string }{
			{"nope", "https://rp.test/cb", "nope", "https://rp.test/cb", "unknown or disabled"},
			{"web1", "https://rp.test/cb/", "web1", "https://rp.test/cb/", "redirect_uri is not registered"},
			{"<b>web1\u202e", "javascript:alert(1)", `&lt;b&gt;web1\u202e`, "javascript:alert(1)", "unknown or disabled"},
			{"web1", rp + " \u200b\n", "web1", rp + ` \u200b\n`, "redirect_uri is not registered"},
			{"web1", long, "web1", long[:300] + "…", "redirect_uri is not registered"},
			{"", rp, "", rp, "client_id is missing"},
		} {
			page := b.authorize(base("client_id", test.id, "redirect_uri", test.uri)).expect(t, 400, "<code>"+test.shownURI+"</code>", test.reason)
			if test.shownID != "" {
				page.expect(t, 400, "<code>"+test.shownID+"</code>")
			}
			for _, bad := range []string{`="` + test.uri, "<b>", "\u202e", "\u200b", `href="javascript:`, strings.Repeat("x", 400)} {
				if strings.Contains(page.body, bad) {
					t.Errorf("%q: the page holds %q", test.uri, bad)
				}
			}
		}
	})
}

// A scope that a client may not ask for is named, if its name can't be anything but a name.
func TestScopeIsNamed(t *testing.T) {
	each(t, func(w *world) {
		b := w.signedIn("alice")
		for scope, named := range map[string]bool{
			"admin": true, "orders:read/all": true, "https://api.test/x.y_z-1": true, "<script>": false, "a'b": false, strings.Repeat("a", 65): false,
		} {
			answer := b.authorize(base("scope", "openid "+scope))
			w.err(answer, "invalid_scope")
			if got := strings.Contains(answer.query(w.t).Get("error_description"), scope); got != named {
				w.t.Errorf("%s: named: %t", scope, got)
			}
		}
		w.refused(w.post("/oauth2/token", "svc1", s2, url.Values{"grant_type": {"client_credentials"}, "scope": {"orders.write"}}), 400, "invalid_scope")
	})
}
