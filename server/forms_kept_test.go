package server_test

import (
	"testing"
	"time"

	"pratu/server/formtest"
)

// What was typed survives a switch of the language, also after something in it was wrong.
func TestLanguageKeepsForms(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		b := s.browser()
		b.to(b.login(malisMail, malisPassword), "/account")
		page := b.submit(b.get("/account/profile"), "profile-form", "nickname", "Mii", "birthdate", "yesterday").expect(t, 422)
		b.submit(page, "profile-form", "language", "th").expect(t, 200, `<html lang="th">`, `value="Mii"`, `value="yesterday"`)
		page = b.submit(b.get("/account/contacts"), "contacts", "contact", "no contact").expect(t, 422)
		b.submit(page, "contacts", "language", "en").expect(t, 200, `<html lang="en">`, `value="no contact"`)
		if len(s.delivered()) != 0 || must1(s.accounts.Load(t.Context(), s.mali.ID))(t).Text("nickname") != "" {
			t.Error("more happened than that")
		}
	})
}

// The form of the first administrator tells all that is wrong, and keeps what was right.
func TestSetupForm(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		link := must1(s.accounts.SetupLink(t.Context()))(t)
		b := s.browser()
		page := b.submit(b.get(link), "setup", "email", "root@", "password", "short").expect(t, 422, `id="email-problem"`, `id="password-problem"`)
		b.submit(page, "setup", "language", "th").expect(t, 200, `<html lang="th">`, `value="root@"`)
		b.submit(page, "setup", "email", "", "password", "").expect(t, 422, `id="email-problem"`, `id="password-problem"`)
		b.to(b.submit(page, "setup", "email", "root@x.test", "password", malisPassword), "/account").expect(t, 200)
	})
}

// The wish to be offered a passkey outlives the second step.
func TestOfferAfterSecondStep(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		_, a := s.malis()
		b := s.browser()
		page := b.to(b.submit(b.get("/login"), "sign-in", "username", malisMail, "password", malisPassword, "passkeys", "1"), "/login/factor")
		page = b.submit(page, "factor", "code", "000000x").expect(t, 422)
		b.to(b.submit(page, "factor", "code", a.next()), "/login/passkey/offer").expect(t, 200)
		b = s.browser() // and one that can't have any isn't asked
		page = b.to(b.login(malisMail, malisPassword), "/login/factor")
		b.to(b.submit(page, "factor", "code", a.next()), "/account")
	})
}

// An application whose access was removed gets nothing for a request that was allowed before and still waits.
func TestRevokedWhileWaiting(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		s.client("shop", "Shop")
		b := s.browser()
		page := b.consent("client_id", "shop", "scope", "openid profile email")
		waiting := formtest.Find(t, page.body, "consent").Values.Get("interaction")
		b.submit(page, "consent", "decision", "allow").expect(t, 303) // and nobody goes on
		alice := s.signedIn("alice")
		alices := alice.to(alice.authorize(base("client_id", "shop", "scope", "openid profile")), "/consent")
		alices = alice.submit(alices, "consent", "decision", "allow").expect(t, 303)
		s.pass(time.Minute)
		b.to(b.press("/account/applications", "client", "shop"), "/account/applications")
		b.to(b.get("/oauth2/authorize/continue?interaction="+waiting), "/consent").expect(t, 200)
		if alice.proceed(alices).query(t).Get("code") == "" {
			t.Error("somebody else's is gone")
		}
	})
}
