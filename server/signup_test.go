package server_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"pratu/flows/accounts"
	"pratu/flows/mail"
	"pratu/server/formtest"
)

const newPassword = "nine green windows at night"

// signUp fills the sign-up form and returns the page that asks for the code.
func (b *browser) signUp(page reply, email, password string) reply {
	b.w.t.Helper()
	return b.to(b.submit(page, "sign-up", "email", email, "name", "Nok", "password", password), "/sign-up/verify")
}

// one expects exactly one mail.
func (s *site) one(template, to string) letter {
	s.t.Helper()
	list := s.delivered()
	if len(list) != 1 || list[0].Template != template || list[0].To != to {
		s.t.Fatalf("%d mails: %+v", len(list), list)
	}
	return list[0]
}

// From the application through sign-up to the application, without a script.
func TestSignUpOnTheWay(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		b := s.browser()
		login := b.asked()
		page := b.get(linkTo(t, login.body, "/sign-up")).expect(t, 200, `id="sign-up"`, "web1", `autocomplete="new-password"`)
		page = b.submit(page, "sign-up", "email", newcomer, "password", newPassword, "language", "th")
		page.expect(t, 200, `<html lang="th">`, `value="`+newcomer+`"`)
		if len(s.delivered()) != 0 {
			t.Error("switching the language registered somebody")
		}
		verify := b.signUp(page, newcomer, newPassword).expect(t, 200, `id="verify"`, "n•••@x.test", `autocomplete="one-time-code"`)
		m := s.one(mail.TemplateVerify, newcomer)
		verify = b.submit(verify, "verify", "code", "not it").expect(t, 422, `role="alert"`, `aria-invalid="true"`)
		s.browser().get("/sign-up/verify?pending="+verify.Request.URL.Query().Get("pending")).expect(t, 404)
		consent := b.to(b.proceed(b.submit(verify, "verify", "code", thai(m.Data.Code))), "/consent")
		consent.expect(t, 200, `id="consent"`, "Nok", newcomer, "rp.test")
		done := b.proceed(b.submit(consent, "consent", "decision", "allow"))
		if target, params := done.location(t); target != rp || params.Get("code") == "" || params.Get("state") != "12345678" {
			t.Fatal(target, params)
		}
		fresh := s.browser()
		fresh.to(fresh.login(newcomer, newPassword), "/account").expect(t, 200, "Nok")
		// HP-15: the link is dead now, as is the code.
		b.get("/sign-up/link?token="+m.Data.Token).expect(t, 404, "/sign-up")
		b.submit(verify, "verify", "code", m.Data.Code).expect(t, 404)
	})
}

// thai writes a code as a Thai keyboard does, in two groups.
func thai(code string) string {
	text := strings.Map(func(r rune) rune { return r - '0' + '๐' }, code)
	return string([]rune(text)[:3]) + " " + string([]rune(text)[3:])
}

// linkTo finds the address of a link to a path of ours.
func linkTo(t *testing.T, body, path string) string {
	t.Helper()
	found := regexp.MustCompile(`href="(` + regexp.QuoteMeta(path) + `(?:\?[^"]*)?)"`).FindStringSubmatch(body)
	if found == nil {
		t.Fatalf("no link to %s in %s", path, body)
	}
	return strings.ReplaceAll(found[1], "&amp;", "&")
}

// HP-08, HP-10 to HP-13: what is refused is told, keeps what was typed except the password, and mails nobody.
func TestSignUpRefusals(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		b := s.browser()
		for name, test := range map[string]struct{ email, password, words string }{
			"HP-08 too short":    {newcomer, "fourteen chars", "at least 15"},
			"HP-10 known":        {newcomer, "password1234567", "everybody tries first"},
			"HP-10 repetition":   {newcomer, "aaaaaaaaaaaaaaaa", "repetition"},
			"own address":        {newcomer, newcomer + " " + newcomer, "your own name or address"},
			"HP-11 kelvin sign":  {"\u212Aate@x.test", newPassword, "email address"},
			"HP-12 line break":   {"a@x.test\r\nBcc:e@evil.test", newPassword, "email address"},
			"HP-13 two at signs": {"alice@x.test@evil.test", newPassword, "email address"},
			"no address":         {"", newPassword, "email address"},
			"a list":             {"a@x.test,b@x.test", newPassword, "email address"},
			"quoted":             {`"a b"@x.test`, newPassword, "email address"},
		} {
			page := b.submit(b.get("/sign-up"), "sign-up", "email", test.email, "name", "<b>Nok</b>", "password", test.password)
			if page.StatusCode != http.StatusUnprocessableEntity {
				t.Errorf("%s: %d %s", name, page.StatusCode, page.Header.Get("Location"))
				continue
			}
			page.expect(t, 422, `role="alert"`, `aria-invalid="true"`, test.words, `value="&lt;b&gt;Nok&lt;/b&gt;"`)
			if strings.Contains(page.body, test.password) && test.password != newcomer+" "+newcomer {
				t.Errorf("%s: the password is in the page", name)
			}
		}
		if mails := s.delivered(); len(mails) != 0 {
			t.Errorf("%d mails", len(mails))
		}
		// Everything that is wrong is told at once, on top and beside its field.
		page := b.submit(b.get("/sign-up"), "sign-up").expect(t, 422, `role="alert"`,
			`<a href="#email">`, `<a href="#password">`, `id="email-problem"`, `id="password-problem"`,
			`aria-invalid="true" aria-describedby="email-problem email-hint"`, `aria-invalid="true" aria-describedby="password-problem password-hint"`)
		if n := strings.Count(page.body, " autofocus"); n != 1 || !strings.Contains(page.body, `role="alert" tabindex="-1" autofocus`) {
			t.Errorf("%d elements want the focus", n)
		}
	})
}

// HP-03 at sign-up: an address with an account and one without look the same; only the mail differs.
func TestSignUpTellsNothing(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		b := s.browser()
		free := b.signUp(b.get("/sign-up"), "mona@x.test", newPassword)
		s.one(mail.TemplateVerify, "mona@x.test")
		known := b.signUp(b.get("/sign-up"), malisMail, newPassword)
		s.one(mail.TemplateAccountExists, malisMail)
		handle := func(r reply) string { return r.Request.URL.Query().Get("pending") }
		same := strings.NewReplacer(handle(free), "", handle(known), "")
		if same.Replace(free.body) != same.Replace(known.body) {
			t.Errorf("the pages differ:\n%s\n%s", free.main(), known.main())
		}
		// Nor does a wrong code tell, and no code takes the account.
		a, z := b.submit(free, "verify", "code", "000000x"), b.submit(known, "verify", "code", "000000x")
		if a.StatusCode != http.StatusUnprocessableEntity || z.StatusCode != http.StatusUnprocessableEntity || same.Replace(a.main()) != same.Replace(z.main()) {
			t.Errorf("%d %s\n%d %s", a.StatusCode, a.main(), z.StatusCode, z.main())
		}
		s.browser().login(malisMail, newPassword).expect(t, 422)
	})
}

// Codes can't be guessed, another mail can be had now and then, and the link still works.
func TestSignUpCodes(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		b := s.browser()
		page := b.signUp(b.get("/sign-up"), newcomer, newPassword)
		first := s.one(mail.TemplateVerify, newcomer)
		again := b.to(b.submit(page, "verify", "resend", "1"), "/sign-up/verify").expect(t, 200, `role="status"`)
		if len(s.delivered()) != 0 {
			t.Error("two mails within a minute")
		}
		s.pass(2 * time.Minute)
		b.to(b.submit(again, "verify", "resend", "1"), "/sign-up/verify")
		second := s.one(mail.TemplateVerify, newcomer)
		if first.Data.Code == second.Data.Code || first.Data.Token == second.Data.Token {
			t.Error("the same again")
		}
		b.get("/sign-up/link?token="+first.Data.Token).expect(t, 404)
		wrong := "000000"
		if second.Data.Code == wrong {
			wrong = "000001"
		}
		for range 5 {
			b.submit(page, "verify", "code", wrong).expect(t, 422)
		}
		limited := b.submit(page, "verify", "code", second.Data.Code).expect(t, 429, `role="alert"`)
		if limited.Header.Get("Retry-After") == "" {
			t.Error("no Retry-After")
		}
		link := b.get("/sign-up/link?token="+second.Data.Token).expect(t, 200, `id="link"`, `name="username" type="text" autocomplete="username" value="`+newcomer+`"`)
		b.to(b.submit(link, "link"), "/account").expect(t, 200, newcomer)
	})
}

// HP-15, and rulings 1.2: a mailed link isn't consumed by looking, works once, and asks another browser for a password
// that whoever began doesn't know.
func TestSignUpLink(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		eve := s.browser()
		eve.signUp(eve.get("/sign-up"), newcomer, newPassword)
		m := s.one(mail.TemplateVerify, newcomer)
		path := "/sign-up/link?token=" + m.Data.Token
		nok := s.browser()
		for range 2 {
			page := nok.get(path).expect(t, 200, `id="link"`, `autocomplete="new-password"`, `name="username" type="text" autocomplete="username" value="`+newcomer+`"`)
			if page.Header.Get("Referrer-Policy") != "no-referrer" {
				t.Error("the address of the page is a secret")
			}
		}
		head := httptest.NewRequest(http.MethodHead, path, nil)
		nok.send(head).expect(t, 200)
		page := nok.submit(nok.get(path), "link", "password", "short").expect(t, 422, `role="alert"`)
		thaiPage := nok.get(linkTo(t, page.body, "/language"))
		nok.to(thaiPage, "/sign-up/link").expect(t, 200, `<html lang="th">`, `id="link"`)
		nok.to(nok.submit(page, "link", "password", malisPassword), "/account").expect(t, 200, newcomer)
		nok.submit(page, "link", "password", "another good long password").expect(t, 404)
		s.browser().login(newcomer, newPassword).expect(t, 422) // eve's
		fresh := s.browser()
		fresh.to(fresh.login(newcomer, malisPassword), "/account")
		if eve.isIn() {
			t.Error("eve is in")
		}
	})
}

// HP-14: nothing is mailed for another host's page, and links come from the configuration.
func TestMailLinksComeFromConfiguration(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		b := s.browser()
		f := formtest.Find(t, b.get("/sign-up").body, "sign-up").Values
		f.Set("email", newcomer)
		f.Set("password", newPassword)
		r := post("/sign-up", f)
		r.Host = "evil.test"
		b.send(r).expect(t, 421, "op.test")
		if len(s.delivered()) != 0 {
			t.Error("a mail left")
		}
		r = post("/sign-up", f)
		r.Header.Set("X-Forwarded-Host", "evil.test")
		r.Header.Set("Forwarded", "host=evil.test")
		b.send(r).expect(t, 303)
		if m := s.one(mail.TemplateVerify, newcomer); !strings.HasPrefix(m.Data.Link, op+"/") || m.Data.Host != "op.test" {
			t.Error(m.Data.Link, m.Data.Host)
		}
	})
}

// A registration waits longer than the request it began for: then its person simply lands in the account.
func TestSignUpOutlivesItsRequest(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		b := s.browser()
		page := b.signUp(b.get(linkTo(t, b.asked().body, "/sign-up")), newcomer, newPassword)
		m := s.one(mail.TemplateVerify, newcomer)
		s.pass(2 * time.Hour)
		b.to(b.submit(page, "verify", "code", m.Data.Code), "/account").expect(t, 200)
		s.pass(25 * time.Hour)
		b.get(page.Request.URL.RequestURI()).expect(t, 404, "/sign-up")
	})
}

// Who has an account already becomes the first administrator with it: the link shows to whom it would be given.
func TestSetupOfOwnAccount(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		path := strings.TrimPrefix(must1(s.accounts.SetupLink(t.Context()))(t), op)
		b := s.browser()
		stranger := b.get(path).expect(t, 200, `id="setup"`, `href="/login"`)
		if strings.Contains(stranger.body, "setup-own") {
			t.Error("an account is offered to a stranger")
		}
		b.send(post(path, url.Values{"session": {"x"}})).expect(t, 403) // no form of ours
		b.to(b.login(malisMail, malisPassword), "/account")
		page := b.get(path).expect(t, 200, `id="setup-own"`, `id="setup"`, "Mali Saelim", "m•••@x.test")
		b.submit(page, "setup-own", "session", "another").expect(t, 422, `id="setup-own"`) // another tab signed somebody else in
		b.to(b.submit(page, "setup-own", "session", field(page.body, "session", 0)), "/account").expect(t, 200, `role="status"`)
		if a := must1(s.accounts.Load(t.Context(), s.mali.ID))(t); !a.Is(accounts.RoleOwner) || !a.Is(accounts.RoleAdmin) {
			t.Errorf("%v", a.Roles)
		}
		b.get(path).expect(t, 404)
	})
}

// The first administrator, and the way back in.
func TestSetup(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		link := must1(s.accounts.SetupLink(t.Context()))(t)
		path := strings.TrimPrefix(link, op)
		b := s.browser()
		page := b.get(path).expect(t, 200, `id="setup"`)
		b.get("/setup/guess").expect(t, 404, `id="error-code"`)
		b.submit(page, "setup", "email", "root@x.test", "password", "short").expect(t, 422, `role="alert"`, `value="root@x.test"`)
		b.to(b.submit(page, "setup", "email", "root@x.test", "password", newPassword), "/account").expect(t, 200, "root@x.test")
		b.submit(page, "setup", "email", "second@x.test", "password", newPassword).expect(t, 404)
		if link := must1(s.accounts.SetupLink(t.Context()))(t); link != "" {
			t.Error("a second first administrator")
		}
		path = strings.TrimPrefix(must1(s.accounts.LoginLink(t.Context()))(t), op)
		back := s.browser()
		for range 2 {
			page = back.get(path).expect(t, 200, `id="login-link"`, "r•••@x.test")
		}
		back.send(post(path, url.Values{})).expect(t, 403)
		back.to(back.submit(page, "login-link"), "/account").expect(t, 200, "root@x.test")
		back.submit(page, "login-link").expect(t, 404)
		if strings.Contains(s.log.String(), strings.TrimPrefix(path, "/login-link/")) {
			t.Error("the log holds the link")
		}
	})
}
