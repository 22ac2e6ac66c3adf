package server_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"pratu/flows/accounts"
	"pratu/flows/limits"
	"pratu/server/formtest"
	"pratu/storage"
)

func TestCodeSignIn(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		b := s.browser()
		b.get("/login").expect(t, 200, `formaction="/login/code" formnovalidate`, "Use a code instead")
		b.useCode("").expect(t, 200, `id="login-code"`, `autocomplete="username"`)
		page := b.to(b.useCode(" MALI@x.test "), "/login/code/verify").expect(t, 200, "m•••@x.test", `autocomplete="one-time-code"`, `inputmode="numeric"`)
		code := s.sentCode(malisMail)
		b.submit(page, "login-code-verify", "code", "not it").expect(t, 422, `role="alert"`, `aria-invalid="true"`)
		if b.isIn() {
			t.Fatal("signed in without the code")
		}
		before := b.cookies[sessionName]
		b.to(b.submit(page, "login-code-verify", "code", thai(code)), "/account").expect(t, 200, "Mali Saelim")
		if b.cookies[sessionName] == before {
			t.Error("the same session")
		}
		b.isSaid("1", "otp")
		b.submit(page, "login-code-verify", "code", code).expect(t, 404) // used
		// By text to a phone, on the way to an application.
		phone := s.browser()
		login := phone.asked("login_hint", "081-555-8888")
		f := formtest.Find(t, login.body, "sign-in")
		page = phone.to(phone.send(post("/login/code", f.Values)), "/login/code/verify").expect(t, 200, "web1")
		phone.to(phone.proceed(phone.submit(page, "login-code-verify", "code", s.sentCode(malisPhone))), "/consent").expect(t, 200)
		phone.isSaid("1", "sms otp")
		// What can't be an address is told as that, whoever asks.
		s.browser().useCode("no contact").expect(t, 422, `role="alert"`)
		// Switching the language sends nothing.
		b = s.browser()
		page = b.get("/login/code")
		b.submit(page, "login-code", "username", malisMail, "language", "th").expect(t, 200, `<html lang="th">`, `value="`+malisMail+`"`)
		if n := s.notes(); len(n) != 0 {
			t.Errorf("%+v", n)
		}
	})
}

// Item 24: who may not try another password for a while is offered a code.
func TestLimitedOffersCode(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		s.limiter.Overrides = map[string]limits.Override{limits.SigninAccount.Name: {Budget: 1, Window: time.Hour}}
		b := s.browser()
		b.login(malisMail, "wrong password").expect(t, 422)
		page := b.login(malisMail, malisPassword).expect(t, 429, `formaction="/login/code"`)
		f := formtest.Find(t, page.body, "sign-in")
		page = b.to(b.send(post("/login/code", f.Values)), "/login/code/verify")
		b.to(b.submit(page, "login-code-verify", "code", s.sentCode(malisMail)), "/account")
	})
}

// Known or not, disabled or not: the same pages for the same statements.
func TestCodeTellsNothing(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		try := func(identifier string) (page, wrong reply, statements int64) {
			b := s.browser()
			b.get("/login")
			before := s.store.Statements()
			page = b.to(b.useCode(identifier), "/login/code/verify").expect(t, 200)
			wrong = b.submit(page, "login-code-verify", "code", "000000x")
			return page, wrong, s.store.Statements() - before
		}
		strip := func(r reply, address string) string {
			f := formtest.Find(t, r.body, "login-code-verify")
			text := r.main()
			for _, secret := range []string{f.Values.Get("challenge"), f.Values.Get("csrf")} {
				text = strings.ReplaceAll(text, secret, "")
			}
			return strings.ReplaceAll(text, address, "ADDRESS")
		}
		dao := must1(s.accounts.Create(t.Context(), newAccount("dao@x.test")))(t)
		s.exec(`UPDATE accounts SET status = '` + storage.StatusDisabled + `' WHERE id = '` + dao.ID + `'`)
		try("warm@x.test")
		page, wrong, statements := try(malisMail)
		for identifier, masked := range map[string]string{"nobody@x.test": "n•••@x.test", "dao@x.test": "d•••@x.test"} {
			p, w, n := try(identifier)
			if strip(p, masked) != strip(page, "m•••@x.test") || strip(w, masked) != strip(wrong, "m•••@x.test") || w.StatusCode != wrong.StatusCode {
				t.Errorf("%s differs:\n%s\n%s", identifier, strip(p, masked), strip(page, "m•••@x.test"))
			}
			if n != statements {
				t.Errorf("%s: %d statements, known %d", identifier, n, statements)
			}
		}
		list := s.notes()
		sent := 0
		for _, n := range list {
			if n.To != "" {
				sent++
			}
		}
		if len(list) != 4 || sent != 1 {
			t.Errorf("%+v", list)
		}
	})
}

func TestCodeAttacks(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		b := s.browser()
		page := b.to(b.useCode(malisMail), "/login/code/verify")
		code := s.sentCode(malisMail)
		form := formtest.Find(t, page.body, "login-code-verify").Values
		form.Set("code", code)
		// In another browser, with that browser's own token, and as another kind of code.
		other := s.browser()
		stolen := changed(formtest.Find(t, other.get("/login/code").body, "login-code").Values, "challenge", form.Get("challenge"), "code", code)
		other.send(post("/login/code/verify", stolen)).expect(t, 403)
		other.get("/login/code/verify?challenge="+form.Get("challenge")).expect(t, 403)
		alice := s.signedIn("alice")
		answer := alice.get("/account/confirm?challenge=" + form.Get("challenge"))
		answer.expect(t, 200, `id="confirm-send"`) // not one to confirm by
		s.browser().get("/login/factor?factor="+form.Get("challenge")).expect(t, 404)
		if other.isIn() {
			t.Fatal("another browser is in")
		}
		// Fifty at once: one session.
		if won := fifty(func() bool {
			answer := b.sends("/login/code/verify", form)
			return answer.StatusCode == http.StatusSeeOther
		}); won != 1 {
			t.Errorf("%d sessions of one code", won)
		}
		// A budget for each code, and a new one works when it is spent.
		s.pass(limits.MailMinute.Window)
		page = b.to(b.useCode(malisMail), "/login/code/verify")
		for range limits.CodeChallenge.Budget {
			b.submit(page, "login-code-verify", "code", "000000x").expect(t, 422)
		}
		limited := b.submit(page, "login-code-verify", "code", s.sentCode(malisMail)).expect(t, 429)
		if limited.Header.Get("Retry-After") == "" {
			t.Error("no Retry-After")
		}
		// Who was disabled meanwhile stays out, as does who lost the address.
		s.pass(limits.MailMinute.Window)
		page = b.to(b.useCode(malisMail), "/login/code/verify")
		code = s.sentCode(malisMail)
		s.exec(`UPDATE accounts SET status = '` + storage.StatusDisabled + `' WHERE id = '` + s.mali.ID + `'`)
		b.submit(page, "login-code-verify", "code", code).expect(t, 404)
		s.exec(`UPDATE accounts SET status = '1' WHERE id = '` + s.mali.ID + `'`)
		s.exec(`UPDATE contact_digests SET verified = 0 WHERE contact_id IN (SELECT id FROM contacts WHERE account_id = '` + s.mali.ID + `')`)
		b.submit(page, "login-code-verify", "code", code).expect(t, 404)
		if b.isIn() {
			t.Error("signed in")
		}
		// Nor does it work for long.
		page = b.to(b.useCode("bob@x.test"), "/login/code/verify")
		s.pass(6 * time.Minute)
		b.submit(page, "login-code-verify", "code", "000000").expect(t, 404, "/login/code")
	})
}

// An account without a password confirms by a code that it is still there.
func TestConfirmByCode(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		ploy := must1(s.accounts.Create(t.Context(), accounts.New{Email: "ploy@x.test", EmailVerified: true, Locale: "en"}))(t)
		b := s.signedIn(ploy.ID)
		s.pass(11 * time.Minute)
		page := b.to(b.get("/account/authenticator"), "/account/confirm").expect(t, 200, "p•••@x.test")
		page = b.to(b.submit(page, "confirm-send", "send", "1"), "/account/confirm").expect(t, 200, `id="confirm"`, `autocomplete="one-time-code"`)
		code := s.sentCode("ploy@x.test")
		b.submit(page, "confirm", "code", "000000x").expect(t, 422, `role="alert"`)
		form := formtest.Find(t, page.body, "confirm").Values
		form.Set("code", code)
		s.browser().get("/login/code/verify?challenge="+form.Get("challenge")).expect(t, 404) // no code to sign in by
		bob := s.signedIn("bob")
		stolen := changed(formtest.Find(t, bob.get("/account/confirm").body, "confirm-send").Values, "challenge", form.Get("challenge"), "code", code)
		if bob.send(post("/account/confirm", stolen)); bob.get("/account/authenticator").StatusCode != http.StatusOK { // he is fresh anyway
			t.Error("bob")
		}
		before := b.cookies[sessionName]
		b.to(b.send(post("/account/confirm", form)), "/account/authenticator").expect(t, 200, `id="authenticator-start"`)
		if b.cookies[sessionName] == before {
			t.Error("the same session")
		}
		b.isSaid("1", "otp")
		// With a password, there is no way around it.
		mali := s.browser()
		mali.to(mali.login(malisMail, malisPassword), "/account")
		mali.submit(mali.get("/account/confirm"), "confirm", "send", "1", "password", "").expect(t, 422)
		for _, n := range s.notes() {
			if n.To == malisMail {
				t.Errorf("%+v", n)
			}
		}
	})
}
