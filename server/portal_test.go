package server_test

import (
	"html"
	"regexp"
	"strings"
	"testing"
	"time"
)

// Who proves anew to be there gets a fresh session, and goes to a page of the portal and nowhere else.
func TestConfirm(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		b := s.browser()
		b.to(b.get("/account/confirm"), "/login")
		b.to(b.login(malisMail, malisPassword), "/account")
		page := b.get("/account/confirm?to=/account/password").expect(t, 200, `id="confirm"`, malisMail, `value="/account/password"`)
		b.submit(page, "confirm", "password", "wrong").expect(t, 422, `role="alert"`)
		before := b.cookies[sessionName]
		answer := b.submit(page, "confirm", "password", malisPassword)
		if target, _ := answer.location(t); !strings.HasSuffix(target, "/account/password") || b.cookies[sessionName] == before {
			t.Errorf("leads to %s", target)
		}
		for _, evil := range []string{"https://evil.test", "//evil.test", "/login", "/account/../login", ""} {
			page := b.get("/account/confirm").expect(t, 200)
			b.to(b.submit(page, "confirm", "password", malisPassword, "to", evil), "/account")
		}
	})
}

// A form is about the account whose page it was on. When another account of the browser came into use in another tab,
// nothing happens to that one.
func TestFormsAreAboutTheirAccount(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		other := must1(s.accounts.Create(t.Context(), newAccount("ploy@x.test")))(t)
		b := s.browser()
		b.to(b.login(malisMail, malisPassword), "/account")
		forms := map[string]reply{}
		for path := range map[string]string{"/account/delete": "", "/account/profile": "", "/account/password": ""} {
			forms[path] = b.get(path).expect(t, 200)
		}
		s.pass(time.Second)
		page := b.to(b.authorize(base("prompt", "select_account")), "/select-account")
		another := regexp.MustCompile(`href="(/login[^"]*another=1)"`).FindStringSubmatch(page.body)
		page = b.get(html.UnescapeString(another[1]))
		b.submit(page, "sign-in", "username", "ploy@x.test", "password", malisPassword).expect(t, 303)
		b.get("/account").expect(t, 200, "p•••@x.test")
		b.to(b.submit(forms["/account/delete"], "delete-form", "confirm", "1"), "/account/delete")
		b.to(b.submit(forms["/account/profile"], "profile-form", "name", "Somebody"), "/account/profile")
		b.to(b.submit(forms["/account/password"], "password-form", "password", "another eleven doors in the rain"), "/account/password")
		if a := must1(s.accounts.Load(t.Context(), other.ID))(t); a.Status != "1" || a.DisplayName() != "" {
			t.Errorf("%+v", a)
		}
		s.browser().login("ploy@x.test", malisPassword).expect(t, 303)
	})
}
