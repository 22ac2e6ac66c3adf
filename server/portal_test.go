package server_test

import (
	"strings"
	"testing"
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
