package server_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"pratu/flows/clients"
	"pratu/flows/signin"
)

// framed registers an application that signs out in a frame.
func (w *world) framed(id, front string) {
	w.t.Helper()
	_, _, err := w.clients.Create(w.t.Context(), clients.Document{
		ClientID: id, Kind: clients.KindWeb, ClientSecret: s1, Settings: clients.Settings{FirstParty: true}, Metadata: clients.Metadata{
			ClientName: "Frame " + id, RedirectURIs: []string{rp, "https://rp2.test:8443/cb"}, PostLogoutRedirectURIs: []string{"https://rp.test/bye"},
			FrontchannelLogoutURI: front, FrontchannelSession: true,
		},
	})
	must(w.t, err)
}

var iframe = regexp.MustCompile(`<iframe hidden title="[^"]+" sandbox="allow-same-origin allow-scripts allow-forms" src="([^"]+)"></iframe>`)

// frames are the addresses that a page loads, and the origins that it may load.
func frames(page reply) (list []string, policy string) {
	for _, m := range iframe.FindAllStringSubmatch(page.body, -1) {
		list = append(list, strings.ReplaceAll(m[1], "&amp;", "&"))
	}
	_, policy, _ = strings.Cut(page.Header.Get("Content-Security-Policy"), "; frame-src ")
	return list, policy
}

// The signed-out page loads the addresses of those that took part, from their origins only, in the browser that signed out,
// right after it did; then the way leads on without a script.
func TestFrontChannelLogout(t *testing.T) {
	each(t, func(w *world) {
		w.framed("one", "https://rp.test/front?app=1")
		w.framed("two", "https://rp2.test:8443/front")
		w.framed("three", "https://rp.test/never") // nobody signs in to it
		b := w.signedIn("alice")
		w.idTokenAt(b, "one")
		hint, id := w.idTokenAt(b, "two")
		answer := b.get(bye("id_token_hint", hint, "client_id", "two"))
		target, params := answer.location(t)
		if target != op+"/signed-out" || params.Get("of") == "" || len(params) != 1 {
			t.Fatalf("to %s %v", target, params)
		}
		link := answer.Header.Get("Location")
		page := b.get(link).expect(t, 200, "Frame one", "Frame two", "Asked to sign you out", `href="https://rp.test/bye?state=s+t%2F%2B"`)
		list, policy := frames(page)
		query := url.Values{"iss": {op}, "sid": {text(id, "sid")}}.Encode()
		if strings.Join(list, " ") != "https://rp.test/front?app=1&"+query+" https://rp2.test:8443/front?"+query || policy != "https://rp.test https://rp2.test:8443" {
			t.Errorf("frames %q, policy %q", list, policy)
		}
		if page.Header.Get("Refresh") != "4; url=https://rp.test/bye?state=s+t%2F%2B" {
			t.Errorf("on by %q", page.Header.Get("Refresh"))
		}
		w.err(b.authorize(base("prompt", "none")), "login_required")
		quiet := func(page reply) {
			t.Helper()
			if list, policy := frames(page); len(list) > 0 || policy != "" || page.Header.Get("Refresh") != "" {
				t.Errorf("%s: frames %q, policy %q, on by %q", page.Request.URL.Path, list, policy, page.Header.Get("Refresh"))
			}
		}
		stranger := w.signedIn("bob")
		stranger.get("/login")
		quiet(stranger.get(link))
		out := w.browser()
		out.get("/login")
		for _, page := range []reply{out.get(link), b.get("/signed-out?of=guess"), b.get("/signed-out"), b.get("/login")} {
			quiet(page)
			if strings.Contains(page.body, "Frame one") {
				t.Error("somebody else sees what was used")
			}
		}
		w.pass(2 * time.Minute)
		quiet(b.get(link).expect(t, 200, "Frame one", "https://rp.test/bye"))

		// Where nobody is proven to want it, the page asks, and leads nowhere.
		b = w.signedIn("alice")
		_, id = w.idTokenAt(b, "one")
		out1 := b.submit(b.get("/sign-out"), "sign-out")
		page = b.get(out1.Header.Get("Location")).expect(t, 200, "Sign in again")
		if list, _ := frames(page); len(list) != 1 || !strings.Contains(list[0], text(id, "sid")) || page.Header.Get("Refresh") != "" {
			t.Errorf("%q", list)
		}
	})
}

// The page names who was told, who hasn't answered and who can't be told, and says that another account is still there.
func TestSignedOutTellsWhoHeard(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		apps := map[string]*listener{
			"fine": s.listener("fine", nil), "late": s.listener("late", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }),
			"no": s.listener("no", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadRequest) }),
		}
		b := s.browser()
		s.signIn(b, chromeOnAndroid)
		hint := ""
		for id := range apps {
			hint, _ = s.idTokenAt(b, id)
		}
		out := b.get(bye("id_token_hint", hint, "post_logout_redirect_uri", ""))
		look := func(want ...string) reply {
			t.Helper()
			page := b.get(out.Header.Get("Location")).expect(t, 200)
			_, list, _ := strings.Cut(page.body, `id="applications"`)
			for i := 0; i < len(want); i += 2 {
				_, line, _ := strings.Cut(list, "App "+want[i])
				if line, _, _ = strings.Cut(line, "</li>"); !strings.Contains(line, want[i+1]) {
					t.Errorf("%s: %s", want[i], line)
				}
			}
			return page
		}
		page := look("fine", "Hasn’t answered yet", "late", "Hasn’t answered yet", "no", "Hasn’t answered yet")
		s.deliver()
		b.get(linkTo(t, page.body, "/signed-out")).expect(t, 200, "Signed out", "Hasn’t answered yet")
		look("fine", "Signed out", "late", "Hasn’t answered yet", "no", "Couldn’t be told")
		// With a second account in the browser.
		s.signIn(b, chromeOnAndroid)
		hint, _ = s.idTokenAt(b, "fine")
		cookie, _, err := s.signin.Begin(t.Context(), signin.PasswordProof("alice", s.now()), signin.Browser{SessionCookie: b.cookies[sessionName]}, nil)
		must(t, err)
		b.cookies[sessionName] = cookie
		out = b.get(bye("id_token_hint", hint, "post_logout_redirect_uri", ""))
		look().expect(t, 200, "Another account is still signed in")
		s.pass(2 * time.Minute)
		b.to(b.get(out.Header.Get("Location")), "/account")
	})
}
