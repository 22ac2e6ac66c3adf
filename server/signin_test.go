package server_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"pratu/server/formtest"
	"pratu/storage"
)

func TestSignIn(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		b := s.browser()
		page := b.get("/login").expect(t, 200, `id="sign-in"`, `id="sign-in-submit"`, `autocomplete="username webauthn"`)
		if page.Header.Get("Cache-Control") != "no-store" {
			t.Error("kept")
		}
		// HP-01: a form that isn't ours authenticates nobody.
		typed := url.Values{"username": {malisMail}, "password": {malisPassword}}
		b.send(post("/login", typed)).expect(t, 403, "csrf.token")
		s.browser().send(post("/login", typed)).expect(t, 403, `id="error-code">cookies`)
		forged := formtest.Find(t, page.body, "sign-in").Values
		forged.Set("username", malisMail)
		forged.Set("password", malisPassword)
		s.browser().send(post("/login", forged)).expect(t, 403)
		other := s.browser()
		other.get("/login")
		other.send(post("/login", forged)).expect(t, 403, "csrf.token") // the token is the browser's
		r := post("/login", forged)
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		b.send(r).expect(t, 403, "csrf.cross_site")
		r = post("/login", forged)
		r.Header.Set("Origin", "https://evil.test")
		b.send(r).expect(t, 403, "csrf.cross_site")
		if b.isIn() || other.isIn() {
			t.Fatal("signed in without a form of ours")
		}
		// A refused form keeps the identifier, empties the password and says so to everybody.
		page = b.login(malisMail, "wrong password")
		page.expect(t, 422, `role="alert"`, `aria-invalid="true"`, `value="`+malisMail+`"`)
		if strings.Contains(page.body, "wrong password") {
			t.Error("the password is in the page")
		}
		// HP-02: the cookie after is a new one, and the planted one is worth nothing.
		b.cookies[sessionName] = "AAAA"
		b.to(b.login(malisMail, malisPassword), "/account").expect(t, 200, "Mali Saelim", malisMail, malisPhone)
		if b.cookies[sessionName] == "AAAA" || len(b.cookies[sessionName]) < 43 {
			t.Error(b.cookies[sessionName])
		}
		planted := s.browser()
		planted.cookies[sessionName] = "AAAA"
		if planted.isIn() {
			t.Error("a planted cookie is signed in")
		}
		// Signed in already: nothing to sign in to.
		b.to(b.get("/login"), "/account")
		// With the phone number in the form in which people write it.
		phone := s.browser()
		phone.to(phone.login(" 081-555-8888 ", malisPassword), "/account")
	})
}

// HP-03, HP-04: unknown and known are the same, in what is told and in what it costs.
func TestSignInTellsNothing(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		b := s.browser()
		try := func(identifier, password string) (reply, int64, int64) {
			page := b.get("/login")
			hashes, statements := s.hasher.Hashes(), s.store.Statements()
			answer := b.submit(page, "sign-in", "username", identifier, "password", password)
			return answer, s.hasher.Hashes() - hashes, s.store.Statements() - statements
		}
		try("warm@x.test", "x") // whatever is prepared once
		known, h1, q1 := try(malisMail, "wrong password")
		for _, identifier := range []string{"nobo@x.test", "no contact", alicesMail} { // the last has no password
			unknown, h2, q2 := try(identifier, "wrong password")
			if h1 != 1 || h1 != h2 || q1 != q2 {
				t.Errorf("%s: hashes %d, %d; statements %d, %d", identifier, h1, h2, q1, q2)
			}
			if known.StatusCode != http.StatusUnprocessableEntity || unknown.StatusCode != http.StatusUnprocessableEntity {
				t.Errorf("%d, %d", known.StatusCode, unknown.StatusCode)
			}
			same := strings.ReplaceAll(unasked(unknown.body), identifier, malisMail)
			if same != unasked(known.body) {
				t.Errorf("%s: the pages differ:\n%s\n%s", identifier, known.main(), unknown.main())
			}
			for name := range known.Header {
				if name != "X-Request-Id" && name != "Content-Length" && known.Header.Get(name) != unknown.Header.Get(name) {
					t.Errorf("header %s: %q, %q", name, known.Header.Get(name), unknown.Header.Get(name))
				}
			}
		}
		// A disabled account is told only to who knows its password.
		dao := must1(s.accounts.Create(t.Context(), newAccount("dao@x.test")))(t)
		s.exec(`UPDATE accounts SET status = '` + storage.StatusDisabled + `' WHERE id = '` + dao.ID + `'`)
		b.login("dao@x.test", "wrong password").expect(t, 422, "That didn’t match")
		b.login("dao@x.test", malisPassword).expect(t, 422, "disabled")
		if b.isIn() {
			t.Error("a disabled account is signed in")
		}
	})
}

// HP-05, HP-06, HP-07: guesses are bounded for the account, under all its names and from everywhere, and whoever uses the
// budget up doesn't lock the owner out of a browser that is known.
func TestSignInBudget(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		mine := s.browser()
		mine.to(mine.login(malisMail, malisPassword), "/account")
		mine.submit(mine.get("/sign-out"), "sign-out")
		if mine.isIn() {
			t.Fatal("still in")
		}
		limited, checked := 0, s.hasher.Hashes()
		for n := range 101 {
			b := s.browser()
			page := b.get("/login")
			f := formtest.Find(t, page.body, "sign-in").Values
			f.Set("username", []string{malisMail, "081 555 8888", strings.ToUpper(malisMail)}[n%3])
			f.Set("password", fmt.Sprintf("guess %d", n))
			answer := b.from(fmt.Sprintf("198.51.100.%d", n+1), post("/login", f))
			switch answer.StatusCode {
			case http.StatusTooManyRequests:
				limited++
				if answer.Header.Get("Retry-After") == "" {
					t.Error("no Retry-After")
				}
			case http.StatusUnprocessableEntity:
			default:
				t.Fatal(answer.Status)
			}
		}
		if limited < 60 || s.hasher.Hashes()-checked > 41 {
			t.Errorf("%d limited, %d hashes", limited, s.hasher.Hashes()-checked)
		}
		stranger := s.browser()
		stranger.login(malisMail, malisPassword).expect(t, 429, `role="alert"`, "minute", `value="`+malisMail+`"`)
		mine.to(mine.login(malisMail, malisPassword), "/account").expect(t, 200)
		if !strings.Contains(s.log.String(), "limit.exceeded") {
			t.Error("the log doesn't tell")
		}
	})
}

// HP-08, HP-09: what was set is what works, whatever the keyboard makes of é.
func TestPasswordsAreTakenAsTyped(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		const composed, decomposed = "caf\u00e9 ประตูบานที่หก 🚪 ๑๒๓ and some more words to reach sixty-four", "cafe\u0301 ประตูบานที่หก 🚪 ๑๒๓ and some more words to reach sixty-four"
		n := newAccount("som@x.test")
		n.Password = composed
		must1(s.accounts.Create(t.Context(), n))(t)
		for _, p := range []string{composed, decomposed} {
			b := s.browser()
			b.to(b.login("som@x.test", p), "/account")
		}
		s.browser().login("som@x.test", composed[:70]).expect(t, 422)
	})
}

// HP-21: nobody is sent elsewhere by a link.
func TestLocalReturns(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		b := s.browser()
		for _, evil := range []string{"https://evil.test", "//evil.test", `/\evil.test`, "/\t/evil.test", "javascript:alert(1)", "", "evil", "/%0d%0aX: y", "http:/login"} {
			answer := b.get("/language?" + url.Values{"to": {"th"}, "back": {evil}}.Encode())
			if target, _ := answer.location(t); !strings.HasPrefix(target, op+"/") || strings.Contains(target, "evil.test") {
				t.Errorf("%q leads to %s", evil, target)
			}
		}
		for _, parameter := range []string{"return_to", "return", "next", "redirect"} {
			page := b.get("/login?" + parameter + "=https://evil.test")
			answer := b.submit(page, "sign-in", "username", malisMail, "password", malisPassword, parameter, "https://evil.test")
			b.to(answer, "/account")
			left := b.submit(b.get("/sign-out?return=https://evil.test"), "sign-out", "return", "https://evil.test")
			b.to(left, "/signed-out").expect(t, 200)
		}
		// Any page seals its own address for the choice of a language; a path may read as another host.
		missing := httptest.NewRequest(http.MethodGet, "/", nil)
		missing.URL = &url.URL{Path: "//evil.test/", RawQuery: "x=1"}
		_, sealed, found := strings.Cut(b.send(missing).expect(t, 404).body, "/language?back=")
		sealed, _, _ = strings.Cut(sealed, "&")
		if !found || strings.Contains(sealed, "evil") {
			t.Fatal(sealed)
		}
		for _, path := range []string{"/sign-out?return=", "/language?to=th&back="} {
			if target := b.get(path + sealed).Header.Get("Location"); !strings.HasPrefix(target, op+"/") || strings.Contains(target, "evil.test") {
				t.Errorf("%s leads to %s", path, target)
			}
		}
	})
}

// The language is chosen by hand, in the middle of a form, without losing the request or what was typed.
func TestLanguage(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		b := s.browser()
		page := b.asked("ui_locales", "th").expect(t, 200, `<html lang="th">`)
		page = b.submit(page, "sign-in", "username", malisMail, "password", "x", "language", "en")
		page.expect(t, 200, `<html lang="en">`, `value="`+malisMail+`"`, "web1")
		if strings.Contains(page.body, `role="alert"`) {
			t.Error("the form was taken for a sign-in")
		}
		answer := b.proceed(b.submit(page, "sign-in", "password", malisPassword))
		b.to(answer, "/consent").expect(t, 200, `<html lang="en">`) // the stored choice beats ui_locales
		r := httptest.NewRequest(http.MethodGet, "/login", nil)
		r.Header.Set("Accept-Language", "fr, th;q=0.5")
		s.browser().send(r).expect(t, 200, `<html lang="th">`)
		back := b.to(b.get("/language?to=th&back=/sign-out"), "/sign-out")
		back.expect(t, 200, `<html lang="th">`)
	})
}

// HP-22, HP-30, and what else is true of every answer to a person.
func TestCookiesAndLog(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		b := s.browser()
		answers := []reply{b.get("/login"), b.get("/language?to=th&back=/login"), b.get("/language?to=en&back=/login")}
		answers = append(answers, b.login(malisMail, malisPassword), b.get("/account"))
		for _, answer := range answers {
			for _, c := range answer.Cookies() {
				if !strings.HasPrefix(c.Name, "__Host-") || !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" || len(c.Raw) > 4096 {
					t.Errorf("%s", c.Raw)
				}
			}
		}
		before := strings.Count(s.log.String(), "\n")
		s.browser().login("x\r\n{\"level\":\"info\",\"msg\":\"login ok\"}", "wrong password").expect(t, 422)
		if lines := strings.Count(s.log.String(), "\n") - before; lines != 2 { // the page, the form
			t.Errorf("%d lines", lines)
		}
		if strings.Contains(s.log.String(), "login ok") {
			t.Error("what was typed is in the log")
		}
	})
}
