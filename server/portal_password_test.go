package server_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"pratu/flows/mail"
)

// stale expects a page of the portal to ask whether it is still you, and comes back to it (HP-29).
func (s *site) stale(b *browser, path string) reply {
	s.t.Helper()
	s.pass(2 * time.Hour)
	b.press(path, "password", "whatever is posted now", "confirm", "1", "others", "1").expect(s.t, 303)
	page := b.to(b.get(path), "/account/confirm").expect(s.t, 200, `value="`+path+`"`)
	return b.to(b.submit(page, "confirm", "password", malisPassword), path)
}

// malisNews are the events that mali was written of since the last call, but for her own sign-ins.
func (s *site) malisNews() string {
	s.t.Helper()
	var events []string
	for _, m := range s.delivered() {
		if m.To != malisMail {
			s.t.Errorf("%s is told of %s", m.To, m.Event)
		}
		if m.Event != mail.NewSignIn {
			events = append(events, m.Event)
		}
	}
	return strings.Join(events, " ")
}

// Items 21 and 51 of the pages' checklist, HP-29: a new password needs a fresh proof, says why it is refused, ends the
// sessions of everybody else with their refresh tokens, and the owner is told.
func TestPortalPassword(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		here, phone := s.browser(), s.browser()
		s.signIn(here, chromeOnAndroid)
		s.signIn(phone, chromeOnAndroid)
		tokens := []string{text(s.tokens(here), "refresh_token"), text(s.tokens(phone), "refresh_token")}
		page := s.stale(here, "/account/password").expect(t, 200, `autocomplete="new-password"`, malisMail)
		here.submit(page, "password-form", "password", "fourteen chars").expect(t, 422, "at least 15")
		here.submit(page, "password-form", "password", "password1234567").expect(t, 422, "everybody tries first")
		here.submit(page, "password-form", "password", "mali saelim mali saelim").expect(t, 422, "your own name")
		here.send(post("/account/password", url.Values{"password": {newPassword}})).expect(t, 403)
		if s.malisNews() != "" || !phone.isIn() {
			t.Fatal("a refused password had effects")
		}
		kept := here.cookies[sessionName]
		here.to(here.submit(page, "password-form", "password", newPassword), "/account/password").expect(t, 200, `role="status"`)
		if !here.isIn() || here.cookies[sessionName] != kept || phone.isIn() {
			t.Error("the wrong sessions ended")
		}
		for i, status := range []int{200, 400} {
			form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {tokens[i]}}
			if answer := s.post("/oauth2/token", "ours", s1, form); answer.StatusCode != status {
				t.Errorf("token %d: %d", i, answer.StatusCode)
			}
		}
		if devices := must1(s.signin.Devices(t.Context(), s.mali.ID, here.cookies[browserName]))(t); len(devices) != 1 || !devices[0].This {
			t.Errorf("known: %+v", devices)
		}
		if got := s.malisNews(); got != mail.PasswordChanged {
			t.Errorf("told %q", got)
		}
		fresh := s.browser()
		fresh.login(malisMail, malisPassword).expect(t, 422)
		fresh.to(fresh.login(malisMail, newPassword), "/account")
		// Without the tick the others stay.
		here.to(here.submit(here.get("/account/password"), "password-form", "password", malisPassword, "others", ""), "/account/password")
		if !fresh.isIn() {
			t.Error("signed out unasked")
		}
	})
}

// An account without a password gets its first.
func TestPortalFirstPassword(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		b := s.signedIn("bob")
		page := b.get("/account/password").expect(t, 200, "no password yet")
		b.to(b.submit(page, "password-form", "password", newPassword), "/account/password").expect(t, 200, `role="status"`)
		if has := must1(s.accounts.HasPassword(t.Context(), "bob"))(t); !has {
			t.Error("none")
		}
	})
}
