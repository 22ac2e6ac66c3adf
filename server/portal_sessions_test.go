package server_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"pratu/server/formtest"
)

const chromeOnAndroid = "Mozilla/5.0 (Linux; Android 16) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0 Mobile Safari/537.36"

// signIn signs mali in to a browser that says what it is.
func (s *site) signIn(b *browser, userAgent string) {
	s.t.Helper()
	f := formtest.Find(s.t, b.get("/login").body, "sign-in").Values
	f.Set("username", malisMail)
	f.Set("password", malisPassword)
	r := post("/login", f)
	r.Header.Set("User-Agent", userAgent)
	b.send(r).expect(s.t, 303)
}

// sid is the session of a browser.
func (s *site) sid(b *browser) string {
	s.t.Helper()
	return must1(s.signin.Sessions(s.t.Context(), b.cookies[sessionName], ""))(s.t)[0].ID
}

// csrfOf is what every form of a browser holds.
func (b *browser) csrfOf() string {
	b.w.t.Helper()
	page := b.get("/sign-out")
	if page.StatusCode != http.StatusOK { // nobody is signed in
		page = b.get("/login")
	}
	return field(page.expect(b.w.t, 200).body, "csrf", 0)
}

// press posts one field of a page without going through its forms: what an attacker may do in their own browser.
func (b *browser) press(path string, pairs ...string) reply {
	b.w.t.Helper()
	return b.send(post(path, changed(url.Values{"csrf": {b.csrfOf()}}, pairs...)))
}

// Item 50 of the pages' checklist: this browser first, and ending another one works at its next request.
func TestPortalSessions(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		here, phone, tablet := s.browser(), s.browser(), s.browser()
		here.to(here.get("/account/sessions"), "/login")
		for _, b := range []*browser{here, phone, tablet} {
			s.pass(time.Minute)
			s.signIn(b, chromeOnAndroid)
		}
		page := here.get("/account/sessions").expect(t, 200, "Chrome", "Android", "this browser", "192.0.2.1")
		for _, list := range []string{"session-list", "device-list"} {
			_, after, _ := strings.Cut(page.body, `id="`+list+`"`)
			if !strings.Contains(after, "this browser") || strings.Index(after, "this browser") > strings.Index(after, "</li>") {
				t.Errorf("this browser isn't the first of %s", list)
			}
		}
		if got := page.Header.Get("Cache-Control"); got != "no-store" {
			t.Errorf("cached: %s", got)
		}
		tablets := s.sid(tablet)
		// Somebody else's session is nobody's to end, and nothing happens without the form (HP-01).
		s.signedIn("bob").press("/account/sessions", "session", tablets).expect(t, 404)
		here.send(post("/account/sessions", url.Values{"session": {tablets}})).expect(t, 403)
		if !tablet.isIn() {
			t.Fatal("it ended")
		}
		here.to(here.press("/account/sessions", "session", tablets), "/account/sessions").expect(t, 200, `role="status"`)
		here.press("/account/sessions", "session", tablets).expect(t, 404)
		if tablet.isIn() || !phone.isIn() || !here.isIn() {
			t.Error("the wrong one ended")
		}
		here.to(here.press("/account/sessions", "others", "1"), "/account/sessions").expect(t, 200, `role="status"`)
		if phone.isIn() || !here.isIn() {
			t.Error("others")
		}
		for _, notice := range []string{"notice.evil", "<b>", "account.title"} {
			if strings.Contains(here.get("/account/sessions?notice="+url.QueryEscape(notice)).main(), `role="status"`) {
				t.Errorf("%s is shown", notice)
			}
		}
		here.to(here.press("/account/sessions", "session", s.sid(here)), "/signed-out").expect(t, 200)
	})
}

// Whoever signs a device out takes its refresh tokens along, and those of no other.
func TestPortalEndsRefreshTokens(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		here, phone, tablet := s.browser(), s.browser(), s.browser()
		var tokens []string
		for _, b := range []*browser{here, phone, tablet} {
			s.signIn(b, chromeOnAndroid)
			tokens = append(tokens, text(s.tokens(b), "refresh_token"))
		}
		refresh := func(i, status int) {
			t.Helper()
			answer := s.post("/oauth2/token", "ours", s1, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {tokens[i]}})
			if answer.StatusCode != status {
				t.Errorf("token %d: %d %s", i, answer.StatusCode, answer.body)
			} else if status == 200 {
				tokens[i] = text(answer.json(t), "refresh_token")
			}
		}
		here.to(here.press("/account/sessions", "session", s.sid(tablet)), "/account/sessions")
		refresh(0, 200)
		refresh(1, 200)
		refresh(2, 400)
		here.to(here.press("/account/sessions", "others", "1"), "/account/sessions")
		refresh(0, 200)
		refresh(1, 400)
	})
}

// A device that is forgotten is a stranger's: it shares the budget that strangers use up. Only its owner forgets it.
func TestPortalForgetsDevices(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		here, phone := s.browser(), s.browser()
		s.signIn(here, chromeOnAndroid)
		s.pass(time.Minute)
		s.signIn(phone, "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0")
		page := here.get("/account/sessions").expect(t, 200, "Firefox", "Linux")
		phones := field(page.body, "device", 1)
		s.signedIn("bob").press("/account/sessions", "device", phones).expect(t, 404)
		here.to(here.press("/account/sessions", "device", phones), "/account/sessions").expect(t, 200, `role="status"`)
		here.press("/account/sessions", "device", phones).expect(t, 404)
		devices := must1(s.signin.Devices(t.Context(), s.mali.ID, here.cookies[browserName]))(t)
		if len(devices) != 1 || !devices[0].This {
			t.Errorf("left: %+v", devices)
		}
		if !phone.isIn() {
			t.Error("forgetting isn't signing out")
		}
	})
}
