package server_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"pratu/flows/accounts"
	"pratu/flows/mail"
	"pratu/storage"
)

func (s *site) status() string {
	s.t.Helper()
	return must1(s.store.AccountByID(s.t.Context(), s.mali.ID))(s.t).Status
}

// close deletes mali's account from a browser that just signed in.
func (s *site) close(b *browser) reply {
	s.t.Helper()
	return b.submit(b.get("/account/delete").expect(s.t, 200), "delete-form", "confirm", "1").expect(s.t, 200, "Your account is closed")
}

// An account is closed by who is freshly proven to own it and means it, at once and everywhere; the owner is told (HP-29).
func TestPortalDelete(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		here, phone := s.browser(), s.browser()
		here.to(here.get("/account/delete"), "/login")
		s.signIn(here, chromeOnAndroid)
		s.signIn(phone, chromeOnAndroid)
		refresh := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {text(s.tokens(phone), "refresh_token")}}
		page := s.stale(here, "/account/delete").expect(t, 200)
		here.submit(page, "delete-form").expect(t, 422, `role="alert"`, `id="confirm-problem"`)
		here.submit(page, "delete-form", "confirm", "yes").expect(t, 422)
		here.send(post("/account/delete", url.Values{"confirm": {"1"}})).expect(t, 403)
		if s.status() != storage.StatusActive || s.malisNews() != "" {
			t.Fatal("closed")
		}
		answer := s.close(here)
		if here.cookies[sessionName] != "" || answer.Header.Get("Cache-Control") != "no-store" || strings.Contains(answer.body, "Mali Saelim") {
			t.Error("something of the session is left")
		}
		if s.status() != storage.StatusDeletionPending || here.isIn() || phone.isIn() {
			t.Error("somebody is still signed in")
		}
		if s.post("/oauth2/token", "ours", s1, refresh).StatusCode != http.StatusBadRequest {
			t.Error("a refresh token still works")
		}
		if got := s.malisNews(); got != mail.AccountDeleted {
			t.Errorf("told %q", got)
		}
	})
}

// Within the grace the right password opens one page, where the account can be kept. Nobody else learns of it.
func TestPortalKeep(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		b := s.browser()
		s.signIn(b, chromeOnAndroid)
		s.close(b)
		s.malisNews()
		stranger := s.browser()
		wrong, nobody := stranger.login(malisMail, "wrong password").expect(t, 422), stranger.login("nobody@x.test", "wrong password").expect(t, 422)
		if strings.ReplaceAll(unasked(wrong.main()), malisMail, "nobody@x.test") != unasked(nobody.main()) {
			t.Error("a closed account shows to who doesn't know its password (HP-03)")
		}
		for _, b := range []*browser{stranger, s.signedIn("bob")} {
			b.get("/login/keep").expect(t, 303)
			b.press("/login/keep", "decision", "keep").expect(t, 303)
		}
		page := b.to(b.login(malisMail, malisPassword), "/login/keep").expect(t, 200, "Mali Saelim", "about to be deleted")
		b.to(b.get("/account"), "/login").expect(t, 200, `id="sign-in"`)
		b.to(b.authorize(base()), "/login").expect(t, 200)
		if target, params := b.authorize(base("prompt", "none")).location(t); target != rp || params.Get("error") != "login_required" {
			t.Error(target, params)
		}
		b.send(post("/login/keep", url.Values{"decision": {"keep"}})).expect(t, 403)
		s.pass(11 * time.Minute) // who left the browser open meant to leave
		b.to(b.submit(page, "keep", "decision", "keep"), "/login")
		if s.status() != storage.StatusDeletionPending {
			t.Fatal("kept")
		}
		page = b.to(b.login(malisMail, malisPassword), "/login/keep")
		b.to(b.submit(page, "keep", "decision", "leave"), "/signed-out").expect(t, 200)
		if s.status() != storage.StatusDeletionPending || b.cookies[sessionName] != "" {
			t.Fatal("kept by who wanted to go")
		}
		page = b.to(b.login(malisMail, malisPassword), "/login/keep")
		b.to(b.submit(page, "keep", "decision", "keep"), "/account").expect(t, 200, `role="status"`, "Mali Saelim")
		if got := s.malisNews(); got != mail.AccountKept || s.status() != storage.StatusActive {
			t.Errorf("told %q", got)
		}
		b.to(b.get("/login/keep"), "/login")
		// On the way to an application, too.
		s.close(b)
		page = b.asked("client_id", "ours")
		page = b.to(b.submit(page, "sign-in", "username", malisMail, "password", malisPassword), "/login/keep").expect(t, 200)
		page = b.to(b.submit(page, "keep", "decision", "leave"), "/login").expect(t, 200)
		page = b.to(b.submit(page, "sign-in", "username", malisMail, "password", malisPassword), "/login/keep").expect(t, 200)
		if b.proceed(b.submit(page, "keep", "decision", "keep")).query(t).Get("code") == "" {
			t.Error("no way on")
		}
		// By a code in place of the password, and with a new password, as well.
		s.close(b)
		s.notes()
		other := s.browser()
		page = other.to(other.useCode(malisMail), "/login/code/verify")
		other.to(other.submit(page, "login-code-verify", "code", s.sentCode(malisMail)), "/login/keep").expect(t, 200)
		if other.isIn() {
			t.Error("a closed account is in by a code")
		}
	})
}

// After the grace everything is gone but the numbers, and the address is free.
func TestPortalErased(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		b := s.browser()
		s.signIn(b, chromeOnAndroid)
		s.browser().login(malisMail, "wrong password").expect(t, 422)
		s.close(b)
		s.pass(accounts.Grace - time.Minute)
		if n := must1(s.accounts.Erase(t.Context()))(t); n != 0 {
			t.Fatalf("%d erased within the grace", n)
		}
		page := b.to(b.login(malisMail, malisPassword), "/login/keep").expect(t, 200)
		s.pass(time.Minute)
		b.get("/login/keep").expect(t, 404)
		b.submit(page, "keep", "decision", "keep").expect(t, 404)
		if n := must1(s.accounts.Erase(t.Context()))(t); n != 1 {
			t.Fatalf("%d erased", n)
		}
		if n := must1(s.accounts.Erase(t.Context()))(t); n != 0 {
			t.Errorf("%d erased again", n)
		}
		s.browser().login(malisMail, malisPassword).expect(t, 422)
		b.to(b.get("/login/keep"), "/login")
		a := must1(s.accounts.Load(t.Context(), s.mali.ID))(t)
		if a.Status != storage.StatusDeletionPending || a.SSOID != s.mali.SSOID || len(a.Profile)+len(a.Contacts)+len(a.Roles) != 0 {
			t.Errorf("%+v", a)
		}
		events := must1(s.store.AuditOfAccount(t.Context(), s.mali.ID, 1<<62, 100))(t)
		for _, e := range events {
			if strings.Contains(e.Details, "@") || strings.Contains(e.Details, "+66") {
				t.Errorf("the record of %s keeps %s", e.Event, e.Details)
			}
		}
		if len(events) == 0 || events[0].Event != "account.erased" {
			t.Errorf("%+v", events)
		}
		fresh := must1(s.accounts.Create(t.Context(), newAccount(malisMail)))(t)
		if fresh.ID == s.mali.ID || fresh.SSOID == s.mali.SSOID {
			t.Error("an id is used again")
		}
	})
}

// The last owner stays.
func TestPortalDeleteLastAdministrator(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		now := storage.At(s.now())
		must(t, s.store.GrantRole(t.Context(), s.mali.ID, accounts.RoleOwner, now))
		b := s.browser()
		s.signIn(b, chromeOnAndroid)
		page := b.get("/account/delete")
		b.submit(page, "delete-form", "confirm", "1").expect(t, 422, "There has to be an owner")
		must(t, s.store.GrantRole(t.Context(), "bob", accounts.RoleOwner, now))
		b.submit(page, "delete-form", "confirm", "1").expect(t, 200)
	})
}
