package server_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"pratu/flows/mail"
	"pratu/flows/signin"
	"pratu/server/formtest"
)

// news are the notices of an event that left since the last call.
func news(list []letter, event string) []letter {
	var found []letter
	for _, m := range list {
		if m.Template == mail.TemplateNotice && m.Data.Event == event {
			found = append(found, m)
		}
	}
	return found
}

// with signs in as a browser that says what it is.
func (b *browser) with(agent, identifier, password string) reply {
	f := formtest.Find(b.w.t, b.get("/login").body, "sign-in").Values
	f.Set("username", identifier)
	f.Set("password", password)
	r := post("/login", f)
	r.Header.Set("User-Agent", agent)
	return b.send(r)
}

// Whoever signs in with a browser that an account never used is told of to its owner, whose link ends that session without
// signing in, once, whatever else was done in that browser meanwhile. Looking at the link ends nothing.
func TestNewBrowserIsNews(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		mine, eves := s.browser(), s.browser()
		mine.to(mine.login(malisMail, malisPassword), "/account")
		mine.to(mine.submit(mine.get("/sign-out"), "sign-out"), "/signed-out")
		mine.to(mine.login(malisMail, malisPassword), "/account")
		if list := s.delivered(); len(list) != 0 {
			t.Fatalf("news of a first and of a known browser: %+v", list)
		}
		s.pass(time.Second)
		const agent = "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0"
		eves.with(agent, malisMail, malisPassword).expect(t, 303)
		list := news(s.delivered(), mail.NewSignIn)
		if len(list) != 1 || list[0].To != malisMail || list[0].Data.Device != "Firefox · Linux" {
			t.Fatalf("%+v", list)
		}
		path, ours := strings.CutPrefix(list[0].Data.Link, op)
		if !ours || !strings.HasPrefix(path, "/end-session/") {
			t.Fatal(list[0].Data.Link)
		}
		// Eve proves anew to be there, which is another session, and lets an application in for good.
		s.pass(time.Minute)
		page := eves.get("/account/confirm").expect(t, 200)
		eves.to(eves.submit(page, "confirm", "password", malisPassword), "/account")
		tokens := s.tokens(eves)

		reader := s.browser()
		reader.get("/end-session/guess").expect(t, 404, `id="error-code">end_session.expired`)
		for range 2 {
			page = reader.get(path).expect(t, 200, `id="end-session"`, "Firefox · Linux", "192.0.2.1")
		}
		reader.send(httptest.NewRequest(http.MethodHead, path, nil)).expect(t, 200)
		reader.send(post(path, url.Values{})).expect(t, 403)
		if page.Header.Get("Referrer-Policy") != "no-referrer" || !eves.isIn() {
			t.Error("looking ended it, or the address isn't kept secret")
		}
		reader.submit(page, "end-session").expect(t, 200, `role="status"`, `href="/recover"`)
		if eves.isIn() || reader.isIn() || !mine.isIn() {
			t.Errorf("eve %v, reader %v, mine %v", eves.isIn(), reader.isIn(), mine.isIn())
		}
		refresh := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {text(tokens, "refresh_token")}}
		s.refused(s.post("/oauth2/token", "ours", s1, refresh), 400, "invalid_grant")
		reader.submit(page, "end-session").expect(t, 404)
		reader.get(path).expect(t, 404)
		if strings.Contains(s.log.String(), strings.TrimPrefix(path, "/end-session/")) {
			t.Error("the log holds the link")
		}
		// Eve's browser isn't known any more: her next sign-in is news again.
		eves.with(agent, malisMail, malisPassword).expect(t, 303)
		list = news(s.delivered(), mail.NewSignIn)
		if len(list) != 1 {
			t.Fatalf("%+v", list)
		}
		// Each of several links ends its own, for a week.
		phone := s.browser()
		phone.with(agent, malisMail, malisPassword).expect(t, 303)
		second := news(s.delivered(), mail.NewSignIn)
		reader.get(strings.TrimPrefix(second[0].Data.Link, op)).expect(t, 200)
		page = reader.get(strings.TrimPrefix(list[0].Data.Link, op)).expect(t, 200)
		reader.submit(page, "end-session").expect(t, 200)
		if eves.isIn() || !phone.isIn() {
			t.Error("the wrong one ended")
		}
		s.pass(7*24*time.Hour + time.Second)
		reader.get(strings.TrimPrefix(second[0].Data.Link, op)).expect(t, 404)
	})
}

// Somebody who just registered isn't told of themselves; an account that has no address gets no link.
func TestNoNewsOfTheFirst(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		b := s.browser()
		page := b.signUp(b.get("/sign-up"), newcomer, newPassword)
		b.to(b.submit(page, "verify", "code", s.one(mail.TemplateVerify, newcomer).Data.Code), "/account")
		if list := s.delivered(); len(list) != 0 {
			t.Errorf("%+v", list)
		}
		for _, browser := range []string{"one", "two"} {
			_, _, err := s.signin.Begin(t.Context(), signin.PasswordProof("alice", s.now()), signin.Browser{BrowserCookie: browser}, nil)
			must(t, err)
		}
		s.exec(`UPDATE contacts SET verified_at = 0 WHERE account_id = 'alice'`)
		_, _, err := s.signin.Begin(t.Context(), signin.PasswordProof("alice", s.now()), signin.Browser{BrowserCookie: "three"}, nil)
		must(t, err)
		if list := s.delivered(); len(list) != 1 || list[0].To != alicesMail {
			t.Errorf("%+v", list)
		}
	})
}
