package server_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"pratu/flows/limits"
	"pratu/flows/mail"
	"pratu/flows/signin"
	"pratu/server/formtest"
	"pratu/storage"
)

// HP-19: after the first factor there is no session, and nothing but the second makes one.
func TestSecondFactor(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		_, a := s.malis()
		b, page := s.held()
		page.expect(t, 200, `autocomplete="one-time-code"`, `inputmode="numeric"`, `name="trust"`)
		if b.isIn() {
			t.Fatal("a password alone is in")
		}
		b.to(b.authorize(base()), "/login") // no code for an application
		if _, params := b.authorize(base("prompt", "none")).location(t); params.Get("error") != "login_required" {
			t.Errorf("%v", params)
		}
		for _, path := range []string{"/account", "/account/authenticator", "/account/recovery-codes", "/account/confirm"} {
			b.to(b.get(path), "/login")
		}
		b.to(b.get("/login/factor"), "/login") // without the handle there is nothing to complete
		b.get("/login/factor?factor=x").expect(t, 404, "/login")
		// Only in the browser that gave the password, and there with its own form only.
		handle := formtest.Find(t, page.body, "factor").Values.Get("factor")
		other := s.browser()
		other.get("/login/factor?factor="+handle).expect(t, 403, "/login")
		stolen := changed(formtest.Find(t, other.get("/login/code").body, "login-code").Values, "factor", handle, "code", a.next())
		other.send(post("/login/factor", stolen)).expect(t, 403)
		other.get("/login/code/verify?challenge="+handle).expect(t, 404) // another purpose
		if other.isIn() {
			t.Fatal("another browser is in")
		}
		b.submit(page, "factor", "code", "000000x").expect(t, 422, `role="alert"`, `aria-invalid="true"`)
		b.submit(page, "factor", "cancel", "1").expect(t, 422) // nothing to go back to
		b.to(b.submit(page, "factor", "code", thai(a.next())), "/account").expect(t, 200, "Mali Saelim")
		b.isSaid("2", "pwd otp mfa")
		b.submit(page, "factor", "code", a.next()).expect(t, 404) // spent
		// It waits ten minutes.
		b, page = s.held()
		s.pass(signin.HeldLife)
		b.submit(page, "factor", "code", a.next()).expect(t, 404, "/login")
		// On the way to an application.
		b = s.browser()
		answer := b.submit(b.asked(), "sign-in", "username", malisMail, "password", malisPassword)
		page = b.to(answer, "/login/factor").expect(t, 200, "web1")
		waiting := formtest.Find(t, page.body, "factor").Values.Get("interaction")
		b.get("/consent?interaction="+waiting).expect(t, 303) // no consent of nobody
		b.to(b.get("/oauth2/authorize/continue?interaction="+waiting), "/login")
		b.to(b.proceed(b.submit(page, "factor", "code", a.next())), "/consent").expect(t, 200, "Mali Saelim")
		// Nor does a mailed code go around it.
		b = s.browser()
		s.notes()
		page = b.to(b.useCode(malisMail), "/login/code/verify")
		page = b.to(b.submit(page, "login-code-verify", "code", s.sentCode(malisMail)), "/login/factor")
		if b.isIn() {
			t.Fatal("a mailed code alone is in")
		}
		b.to(b.submit(page, "factor", "code", a.next()), "/account")
		b.isSaid("2", "otp") // two things to have are no factors of different kinds
	})
}

// HP-17: a code works once, also for those that come at once, and none works that is older than one that was used.
func TestTOTPWorksOnce(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		_, a := s.malis()
		b, page := s.held()
		first := a.code(0) // confirmed the app
		b.submit(page, "factor", "code", first).expect(t, 422)
		code := a.next()
		b.to(b.submit(page, "factor", "code", code), "/account")
		b, page = s.held()
		b.submit(page, "factor", "code", code).expect(t, 422)
		b.submit(page, "factor", "code", a.code(-1)).expect(t, 422)
		s.pass(60 * time.Second)
		b.submit(page, "factor", "code", code).expect(t, 422)       // as old as a clock's error may be, and used
		b.submit(page, "factor", "code", a.code(-2)).expect(t, 422) // older, used or not
		b.submit(page, "factor", "code", a.code(2)).expect(t, 422)  // of the future
		b.to(b.submit(page, "factor", "code", a.code(-1)), "/account")
		// One code, fifty sign-ins at once that wait for it.
		s.limiter.Overrides = map[string]limits.Override{
			limits.FactorAccount.Name: {Budget: 1000, Window: time.Hour}, limits.FactorAccountDay.Name: {Budget: 1000, Window: time.Hour},
		}
		b, page = s.held()
		f := changed(formtest.Find(t, page.body, "factor").Values, "code", a.next())
		c, page := s.held()
		g := changed(formtest.Find(t, page.body, "factor").Values, "code", a.code(0))
		if won := fifty(func() bool {
			return b.sends("/login/factor", f).StatusCode == http.StatusSeeOther || c.sends("/login/factor", g).StatusCode == http.StatusSeeOther
		}); won != 1 {
			t.Errorf("%d sessions of one code", won)
		}
		// One held sign-in, two codes: one session as well.
		b, page = s.held()
		f = formtest.Find(t, page.body, "factor").Values
		b.to(b.submit(page, "factor", "code", a.next()), "/account")
		b.sends("/login/factor", changed(f, "code", a.next())).expect(t, 404)
	})
}

// HP-18: guesses are bounded for the account, and a fresh password brings no fresh budget.
func TestFactorBudget(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		_, a := s.malis()
		for n := range limits.FactorAccount.Budget {
			b, page := s.held()
			b.submit(page, "factor", "code", fmt.Sprintf("00000%dx", n)).expect(t, 422)
		}
		b, page := s.held()
		limited := b.submit(page, "factor", "code", a.next()).expect(t, 429, `role="alert"`, "minute")
		if limited.Header.Get("Retry-After") == "" || b.isIn() {
			t.Error("not limited")
		}
		s.pass(limits.FactorAccount.Window)
		b, page = s.held()
		b.to(b.submit(page, "factor", "code", a.next()), "/account")
		b, page = s.held() // a right one forgets the wrong ones
		for range limits.FactorAccount.Budget {
			b.submit(page, "factor", "code", "000000x").expect(t, 422)
		}
		if !strings.Contains(s.log.String(), "limit.exceeded") {
			t.Error("the log doesn't tell")
		}
	})
}

// A browser that is trusted stands for the second factor: for its account, for a while, and never for more than that.
func TestTrustedBrowser(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		mine, a := s.malis()
		out := func(b *browser) { b.submit(b.get("/sign-out"), "sign-out") }
		again := func(b *browser) reply { return b.login(malisMail, malisPassword) }
		b, page := s.held()
		b.to(b.submit(page, "factor", "code", a.next()), "/account") // not asked to be trusted
		out(b)
		b.to(again(b), "/login/factor")
		b.to(b.submit(b.to(again(b), "/login/factor"), "factor", "code", a.next(), "trust", "1"), "/account")
		out(b)
		b.to(again(b), "/account")
		b.isSaid("1", "pwd") // and says so
		// An application that wants two factors asks for the second, and the session is another one then.
		before := b.cookies[sessionName]
		step := b.to(b.authorize(base("acr_values", "2")), "/login/factor").expect(t, 200)
		if strings.Contains(step.body, `name="trust"`) {
			t.Error("trust is offered where it doesn't count")
		}
		if _, params := b.proceed(b.submit(step, "factor", "code", a.next())).location(t); params.Get("code") == "" || b.cookies[sessionName] == before {
			t.Errorf("%v", params)
		}
		b.isSaid("2", "pwd otp mfa")
		// Trust and a password don't take the protection away.
		out(b)
		b.to(again(b), "/account")
		b.get("/account/authenticator").expect(t, 200, `id="authenticator-prove"`)
		csrf := changed(formtest.Find(t, b.get("/sign-out").body, "sign-out").Values, "remove", "1", "make", "1")
		b.to(b.send(post("/account/authenticator", csrf)), "/login/factor")
		b.to(b.send(post("/account/recovery-codes", csrf)), "/login/factor")
		if f := must1(s.signin.Factors(t.Context(), s.mali.ID, ""))(t); !f.TOTP || f.Recovery != 0 {
			t.Errorf("%+v", f)
		}
		// Somebody else in the same browser is asked.
		out(b)
		n := newAccount("som@x.test")
		must1(s.accounts.Create(t.Context(), n))(t)
		b.to(b.login("som@x.test", malisPassword), "/account")
		s.enrol(b)
		out(b)
		b.to(b.login("som@x.test", malisPassword), "/login/factor")
		// In a while it is asked again, and at once when the factors changed.
		b.to(again(b), "/account")
		out(b)
		s.pass(signin.TrustLife)
		b.to(b.submit(b.to(again(b), "/login/factor"), "factor", "code", a.next(), "trust", "1"), "/account")
		out(b)
		b.to(again(b), "/account")
		mine.to(mine.submit(mine.to(again(mine), "/login/factor"), "factor", "code", a.next()), "/account")
		mine.submit(mine.get("/account/recovery-codes"), "recovery-make", "make", "1").expect(t, 200)
		out(b)
		b.to(again(b), "/login/factor")
	})
}

// An app is set up by a code of it, and every change is told.
func TestAuthenticator(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		b := s.browser()
		b.to(b.login(malisMail, malisPassword), "/account")
		b.get("/account/security").expect(t, 200, "/account/authenticator", "/account/recovery-codes", "/account/password", "/account/passkeys")
		s.pass(11 * time.Minute)
		page := b.to(b.get("/account/authenticator"), "/account/confirm") // HP-29
		page = b.to(b.submit(page, "confirm", "password", malisPassword), "/account/authenticator")
		b.get("/account/recovery-codes").expect(t, 200, "/account/authenticator") // nothing to stand in for
		page = b.to(b.submit(page, "authenticator-start", "start", "1"), "/account/authenticator").expect(t, 200, `role="img"`)
		old := app{s, strings.ReplaceAll(shownSecret.FindStringSubmatch(page.body)[1], " ", "")}
		if f := must1(s.signin.Factors(t.Context(), s.mali.ID, ""))(t); f.TOTP {
			t.Error("it counts before it is confirmed")
		}
		raw := must1(s.store.TOTPOf(t.Context(), s.mali.ID))(t)
		if strings.Contains(raw.Secret, old.secret) {
			t.Error("the secret isn't sealed")
		}
		wrong := b.submit(page, "authenticator-confirm", "code", "000000x").expect(t, 422, `role="alert"`, old.secret[:4]) // the same secret
		// A secret that waited too long, or was shown before a newer one, confirms nothing.
		s.pass(signin.OfferLife)
		b.submit(b.to(b.get("/account/authenticator"), "/account/confirm"), "confirm", "password", malisPassword)
		b.to(b.submit(wrong, "authenticator-confirm", "code", old.code(0)), "/account/authenticator").expect(t, 200, `id="authenticator-start"`)
		before := b.cookies[sessionName]
		a := s.enrol(b)
		if a.secret == old.secret || b.cookies[sessionName] == before {
			t.Error("the same secret, or the same session")
		}
		s.told(mail.TOTPAdded)
		b.isSaid("2", "pwd otp mfa")
		b.get("/account/security").expect(t, 200, "Without recovery codes")
		page = b.get("/account/authenticator").expect(t, 200, `id="authenticator-remove"`)
		if strings.Contains(page.body, a.secret[:4]+" ") || strings.Contains(page.body, `class="qr"`) {
			t.Error("the secret is shown again")
		}
		b.submit(page, "authenticator-remove", "start", "1") // changes nothing
		if now := must1(s.store.TOTPOf(t.Context(), s.mali.ID))(t); now.ConfirmedAt.IsZero() {
			t.Fatal("a new secret took its place")
		}
		b.to(b.submit(page, "authenticator-remove", "remove", "1"), "/account/security").expect(t, 200, "removed")
		s.told(mail.TOTPRemoved)
		b = s.browser()
		b.to(b.login(malisMail, malisPassword), "/account")
		for _, name := range []string{"totp.added", "totp.removed", "session.stepped_up", "signin.succeeded"} {
			s.recorded(name)
		}
	})
}

// recorded expects an event of mali's account in the audit.
func (s *site) recorded(name string) {
	s.t.Helper()
	events := must1(s.store.AuditOfAccount(s.t.Context(), s.mali.ID, storage.At(s.now().Add(time.Second)), 500))(s.t)
	if !slices.ContainsFunc(events, func(e storage.AuditEvent) bool { return e.Event == name }) {
		s.t.Errorf("no %s in the audit", name)
	}
}

// Recovery codes are shown once, work once, and are replaced all at once.
func TestRecoveryCodes(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		b, _ := s.malis()
		page := b.get("/account/recovery-codes").expect(t, 200, "No codes")
		shown := b.submit(page, "recovery-make", "make", "1").expect(t, 200, `id="recovery-saved"`)
		list := codesOf(shown.body)
		if len(list) != signin.RecoveryCount || len(list[0]) != 19 {
			t.Fatal(list)
		}
		s.told(mail.RecoveryCodesMade)
		b.to(b.submit(shown, "recovery-saved", "saved", "1"), "/account/security").expect(t, 200, "10 of 10")
		if again := b.get("/account/recovery-codes").expect(t, 200, "10 of 10"); len(codesOf(again.body)) != 0 {
			t.Error("shown again")
		}
		use := func(code string) (*browser, reply) {
			b, page := s.held()
			page = b.get(linkTo(t, page.body, "/login/factor")).expect(t, 200, "Recovery code")
			return b, b.submit(page, "factor", "code", code)
		}
		b, answer := use(" " + strings.ToUpper(strings.ReplaceAll(list[0], "-", " ")))
		b.to(answer, "/account")
		b.isSaid("2", "pwd otp mfa")
		s.told(mail.RecoveryCodeUsed)
		b.get("/account/security").expect(t, 200, "9 of 10")
		_, answer = use(list[0])
		answer.expect(t, 422, `role="alert"`, "Recovery code") // the same form
		_, answer = use("0000-0000-0000-0000")
		answer.expect(t, 422)
		b, page = s.held()
		b.submit(page, "factor", "code", list[1]).expect(t, 422) // not a code of the app
		// Fifty at once.
		page = b.get(linkTo(t, page.body, "/login/factor"))
		f := changed(formtest.Find(t, page.body, "factor").Values, "code", list[1])
		s.limiter.Overrides = map[string]limits.Override{limits.FactorRecovery.Name: {Budget: 1000, Window: time.Hour}}
		if won := fifty(func() bool { return b.sends("/login/factor", f).StatusCode == http.StatusSeeOther }); won != 1 {
			t.Errorf("%d sessions of one code", won)
		}
		s.limiter.Overrides = nil
		s.pass(limits.FactorRecovery.Window)
		s.told(mail.RecoveryCodeUsed)
		// New ones, made twice at once: the old ones are gone, and nobody has those of both.
		b, answer = use(list[2])
		b.to(answer, "/account")
		s.notes()
		page = b.get("/account/recovery-codes")
		f = changed(formtest.Find(t, page.body, "recovery-make").Values, "make", "1")
		fifty(func() bool { return b.sends("/account/recovery-codes", f).StatusCode == http.StatusOK })
		if n := must1(s.store.RecoveryCodes(t.Context(), s.mali.ID))(t); len(n) != signin.RecoveryCount {
			t.Errorf("%d codes", len(n))
		}
		_, answer = use(list[3])
		answer.expect(t, 422)
		// Guesses are bounded, beside those of the app.
		for n := range limits.FactorRecovery.Budget {
			_, answer = use(fmt.Sprintf("0000-0000-0000-000%d", n))
		}
		answer.expect(t, 429)
		s.recorded("recovery_codes.made")
		s.recorded("signin.failed")
		if strings.Contains(s.log.String(), list[0]) {
			t.Error("a code is in the log")
		}
	})
}

// An administrator's link from the command line works without the phone that was lost, says so, and lets the app be removed.
func TestLoginLinkIsForTheLost(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		s.malis()
		_, token, _ := strings.Cut(must1(s.accounts.SetupLink(t.Context()))(t), "/setup/")
		must(t, s.accounts.Appoint(t.Context(), token, s.mali.ID))
		b := s.browser()
		path := strings.TrimPrefix(must1(s.accounts.LoginLink(t.Context()))(t), op)
		b.to(b.submit(b.get(path), "login-link"), "/account")
		b.isSaid("1", "link")
		b.to(b.submit(b.get("/account/authenticator"), "authenticator-remove", "remove", "1"), "/account/security")
	})
}
