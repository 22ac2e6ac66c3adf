package server_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pratu/flows/limits"
	"pratu/flows/mail"
	"pratu/flows/sms"
	"pratu/server/formtest"
	"pratu/storage"
)

// forgot asks for a new password and returns the page that wants the code.
func (b *browser) forgot(identifier string) reply {
	b.w.t.Helper()
	page := b.get(linkTo(b.w.t, b.get("/login").body, "/recover")).expect(b.w.t, 200, `id="recover"`)
	return b.to(b.submit(page, "recover", "username", identifier), "/recover/verify")
}

// Who has forgotten the password chooses another by the mailed code, without a script and within a request: the old one
// is dead, all browsers are out, the owner is told, and the failures of before are forgotten.
func TestRecover(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		elsewhere, b := s.browser(), s.browser()
		elsewhere.to(elsewhere.login(malisMail, malisPassword), "/account")
		for range limits.SigninAccount.Budget {
			s.browser().login(malisMail, "wrong password")
		}
		page := b.get(linkTo(t, b.asked().body, "/recover")).expect(t, 200, `id="recover"`, "web1", `autocomplete="username"`)
		page = b.submit(page, "recover", "username", malisMail, "language", "th").expect(t, 200, `<html lang="th">`, `value="`+malisMail+`"`)
		page = b.submit(page, "recover", "username", malisMail, "language", "en").expect(t, 200, `<html lang="en">`)
		b.submit(page, "recover", "username", "nonsense").expect(t, 422, `aria-invalid="true"`, `id="username-problem"`)
		if len(s.delivered()) != 0 {
			t.Error("a mail left too early")
		}
		verify := b.to(b.submit(page, "recover", "username", " MALI@X.test "), "/recover/verify").expect(t, 200, `id="prove"`, "m•••@x.test", `autocomplete="one-time-code"`)
		m := s.one(mail.TemplateCode, malisMail)
		if m.Data.Purpose != "recovery" || m.Data.Client != "web1" {
			t.Errorf("%+v", m.Data)
		}
		b.submit(verify, "prove", "code", "not it").expect(t, 422, `role="alert"`)
		page = b.to(b.submit(verify, "prove", "code", thai(m.Data.Code)), "/recover/verify").expect(t, 200, `id="recover-password"`,
			`autocomplete="new-password"`, `name="username" type="text" autocomplete="username" value="`+malisMail+`"`)
		// What is refused is said, as often as it takes: the code isn't asked for again.
		for range limits.CodeChallenge.Budget + 1 {
			b.submit(page, "recover-password", "password", "short").expect(t, 422, `role="alert"`, "at least 15")
		}
		b.submit(page, "recover-password", "password", "Mali Saelim Mali Saelim").expect(t, 422, "your own name")
		b.get(linkTo(t, page.body, "/language")) // stays where it is
		if !elsewhere.isIn() {
			t.Error("ended before anything changed")
		}
		consent := b.to(b.proceed(b.submit(page, "recover-password", "password", newPassword)), "/consent").expect(t, 200, "Mali Saelim")
		if elsewhere.isIn() {
			t.Error("the other browser is still in")
		}
		list := news(s.delivered(), mail.PasswordChanged)
		if len(list) != 1 || list[0].To != malisMail || list[0].Data.Link != op+"/recover" {
			t.Errorf("%+v", list)
		}
		done := b.proceed(b.submit(consent, "consent", "decision", "allow"))
		if target, params := done.location(t); target != rp || params.Get("code") == "" {
			t.Fatal(target, params)
		}
		b.submit(page, "recover-password", "password", "another good long password").expect(t, 404, "/recover") // HP-15
		b.submit(verify, "prove", "code", m.Data.Code).expect(t, 404)
		b.get("/recover/link?token="+m.Data.Token).expect(t, 404)
		s.browser().login(malisMail, malisPassword).expect(t, 422) // not 429: the budget is fresh
		fresh := s.browser()
		fresh.to(fresh.login(malisMail, newPassword), "/account")
	})
}

// HP-03 at recovery: known and unknown are the same in all that is told and done; only one gets a mail.
func TestRecoverTellsNothing(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		b := s.browser()
		dao := must1(s.accounts.Create(t.Context(), newAccount("dao@x.test")))(t)
		s.exec(`UPDATE accounts SET status = '` + storage.StatusDisabled + `' WHERE id = '` + dao.ID + `'`)
		b.forgot("warm@x.test")
		ask := func(identifier string) (reply, int64, string) {
			page := b.get("/recover")
			before := s.store.Statements()
			answer := b.submit(page, "recover", "username", identifier)
			n := s.store.Statements() - before
			verify := b.to(answer, "/recover/verify").expect(t, 200)
			handle := verify.Request.URL.Query().Get("challenge")
			wrong := b.submit(verify, "prove", "code", "000000x").expect(t, 422)
			return verify, n, strings.ReplaceAll(wrong.main(), handle, "")
		}
		for _, pair := range [][2]string{{malisMail, "moli@x.test"}, {malisMail, "dao@x.test"}, {"081-555-8888", "081-555-9888"}} {
			known, n1, wrong1 := ask(pair[0])
			unknown, n2, wrong2 := ask(pair[1])
			same := func(r reply) string {
				text := strings.ReplaceAll(r.main(), r.Request.URL.Query().Get("challenge"), "")
				return strings.ReplaceAll(text, "d•••@", "m•••@")
			}
			if same(known) != same(unknown) || strings.ReplaceAll(wrong2, "d•••@", "m•••@") != wrong1 {
				t.Errorf("%v: the pages differ:\n%s\n%s", pair, known.main(), unknown.main())
			}
			if n1 != n2 {
				t.Errorf("%v: %d and %d statements", pair, n1, n2)
			}
			s.pass(2 * time.Minute)
		}
		if list := s.delivered(); len(list) != 2 || list[0].To != malisMail || list[1].To != malisMail {
			t.Errorf("%+v", list)
		}
		if list := s.texts; len(list) != 1 || list[0].To != malisPhone || list[0].Purpose != "recovery" {
			t.Errorf("%+v", list)
		}
	})
}

// The mailed link isn't consumed by looking, works once, in any browser, and says where it was asked for. A stranger who
// asked gets nothing of it: not the session, and their request goes nowhere.
func TestRecoverLink(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		eve := s.browser()
		eve.to(eve.submit(eve.get(linkTo(t, eve.asked().body, "/recover")), "recover", "username", malisMail), "/recover/verify")
		m := s.one(mail.TemplateCode, malisMail)
		path := "/recover/link?token=" + m.Data.Token
		mali := s.browser()
		mali.send(httptest.NewRequest(http.MethodHead, path, nil)).expect(t, 200)
		var page reply
		for range 2 {
			page = mali.get(path).expect(t, 200, `id="recover-password"`, "This isn’t the browser", malisMail)
			if page.Header.Get("Referrer-Policy") != "no-referrer" {
				t.Error("the address of the page is a secret")
			}
		}
		mali.to(mali.get(linkTo(t, page.body, "/language")), "/recover/link").expect(t, 200, `<html lang="th">`, `id="recover-password"`)
		mali.get("/language?to=en")
		if strings.Contains(eve.get(path).expect(t, 200).body, "This isn’t the browser") {
			t.Error("it is the browser")
		}
		mali.send(post("/recover/link", url.Values{"token": {m.Data.Token}, "password": {newPassword}})).expect(t, 403)
		mali.submit(page, "recover-password", "password", "short").expect(t, 422, `role="alert"`)
		mali.to(mali.submit(page, "recover-password", "password", newPassword), "/account").expect(t, 200, `role="status"`, malisMail)
		mali.submit(page, "recover-password", "password", "another good long password").expect(t, 404) // HP-15
		mali.get(path).expect(t, 404, "/recover")
		if eve.isIn() {
			t.Error("eve is in")
		}
		s.browser().login(malisMail, "another good long password").expect(t, 422)
		if strings.Contains(s.log.String(), m.Data.Token) {
			t.Error("the log holds the link")
		}
	})
}

// HP-14: links of mails come from the configuration, and nothing is mailed for another host's page.
func TestRecoverLinksComeFromConfiguration(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		b := s.browser()
		f := formtest.Find(t, b.get("/recover").body, "recover").Values
		f.Set("username", malisMail)
		r := post("/recover", f)
		r.Host = "evil.test"
		b.send(r).expect(t, 421, "op.test")
		if len(s.delivered()) != 0 {
			t.Error("a mail left")
		}
		r = post("/recover", f)
		r.Header.Set("X-Forwarded-Host", "evil.test")
		r.Header.Set("Forwarded", "host=evil.test")
		b.send(r).expect(t, 303)
		if m := s.one(mail.TemplateCode, malisMail); !strings.HasPrefix(m.Data.Link, op+"/recover/link?token=") || m.Data.Host != "op.test" {
			t.Error(m.Data.Link, m.Data.Host)
		}
	})
}

// HP-15: fifty at once with one link set one password.
func TestRecoverOnce(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		b := s.browser()
		b.forgot(malisMail)
		path := "/recover/link?token=" + s.one(mail.TemplateCode, malisMail).Data.Token
		form := formtest.Find(t, b.get(path).body, "recover-password").Values
		var won atomic.Int64
		var all sync.WaitGroup
		for n := range 50 {
			all.Go(func() {
				f := url.Values{}
				for name, values := range form {
					f[name] = values
				}
				f.Set("password", newPassword+" "+number(int64(n)))
				answer := b.from("192.0.2.1", post("/recover/link", f))
				switch answer.StatusCode {
				case http.StatusSeeOther:
					won.Add(1)
				case http.StatusNotFound, http.StatusUnprocessableEntity:
				default:
					t.Errorf("status %d", answer.StatusCode)
				}
			})
		}
		all.Wait()
		if won.Load() != 1 {
			t.Errorf("%d passwords were set", won.Load())
		}
	})
}

// HP-16: a new password is one factor. Who recovered it stands before the second step, and has no session until then.
func TestRecoverySkipsNoFactor(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		_, a := s.malis()
		b := s.browser()
		page := b.forgot("+66 81 555 8888").expect(t, 200, `id="prove"`, "+66•••888")
		texts := s.texted()
		if len(texts) != 1 || texts[0].To != malisPhone || texts[0].Code == "" {
			t.Fatalf("%+v", texts)
		}
		page = b.to(b.submit(page, "prove", "code", texts[0].Code), "/recover/verify").expect(t, 200, `id="recover-password"`)
		s.pass(10 * time.Minute) // longer than the code, not longer than a form
		page = b.to(b.submit(page, "recover-password", "password", newPassword), "/login/factor").expect(t, 200)
		if b.isIn() {
			t.Error("a recovered password alone is in")
		}
		b.to(b.submit(page, "factor", "code", a.next()), "/account")
		if !b.isIn() {
			t.Error("both factors aren't in")
		}
	})
}

// A code of before is worth nothing to who has the number now, nor after another code was sent, nor in another browser.
func TestRecoverCodes(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		b := s.browser()
		page := b.forgot(malisMail)
		first := s.one(mail.TemplateCode, malisMail)
		s.browser().get(page.Request.URL.RequestURI()).expect(t, 403, "/recover")
		pass := b.to(b.submit(page, "prove", "code", first.Data.Code), "/recover/verify").expect(t, 200, `id="recover-password"`)
		s.browser().get(pass.Request.URL.RequestURI()).expect(t, 403)
		b.get(page.Request.URL.RequestURI()+"&pass=guess").expect(t, 404)
		b.to(b.submit(page, "prove-again", "resend", "1"), "/recover/verify").expect(t, 200, `role="status"`)
		if len(s.delivered()) != 0 {
			t.Error("two mails within a minute")
		}
		s.pass(2 * time.Minute)
		b.to(b.submit(page, "prove-again", "resend", "1"), "/recover/verify")
		second := s.one(mail.TemplateCode, malisMail)
		b.submit(pass, "recover-password", "password", newPassword).expect(t, 404)
		b.get("/recover/link?token="+first.Data.Token).expect(t, 404)
		link := b.get("/recover/link?token="+second.Data.Token).expect(t, 200)
		s.exec(`DELETE FROM contact_digests`) // the address isn't mali's any more
		b.submit(link, "recover-password", "password", newPassword).expect(t, 404)
	})
}

// Strangers who use up the texts of a day send the owner a code that works in the owner's browser. Only that owner has it,
// and it works once.
func TestRecoverBySpareCode(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		var texts []sms.Message
		for range limits.SMSDay.Budget + 1 {
			s.browser().forgot(malisPhone)
			texts = append(texts, s.texted()...)
			s.pass(limits.SMSMinute.Window)
		}
		if len(texts) != limits.SMSDay.Budget {
			t.Fatalf("%d texts", len(texts))
		}
		spare := texts[len(texts)-1].Spare
		for _, m := range texts[:len(texts)-1] {
			if m.Spare != "" || spare == "" {
				t.Errorf("%+v", m)
			}
		}
		owner := s.browser()
		page := owner.forgot(malisPhone)
		wrong := strings.Repeat("1", len(spare))
		owner.submit(page, "prove", "code", wrong).expect(t, 422, `role="alert"`)
		owner.get("/recover/link?token="+wrong).expect(t, 404)
		password := owner.to(owner.submit(page, "prove", "code", thai(spare)), "/recover/link").expect(t, 200, `id="recover-password"`)
		owner.to(owner.submit(password, "recover-password", "password", newPassword), "/account")
		owner.submit(page, "prove", "code", spare).expect(t, 404)
		owner.get("/recover/link?token="+spare).expect(t, 404)
	})
}

// After a recovery no browser stands for the second factor any more but the one it was done in, and none has a code or a
// first factor on its way in: who had the old password, or reads an older mail, begins anew.
func TestRecoverForgets(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		_, a := s.malis()
		trusted, page := s.held()
		trusted.to(trusted.submit(page, "factor", "code", a.next(), "trust", "1"), "/account")
		held, waiting := s.held()
		s.pass(time.Minute)
		s.delivered()
		older := s.browser()
		older.forgot(malisMail)
		olderLink := s.one(mail.TemplateCode, malisMail).Data.Token
		s.pass(time.Minute)
		b := s.browser()
		verify := b.forgot(malisMail)
		page = b.to(b.submit(verify, "prove", "code", s.one(mail.TemplateCode, malisMail).Data.Code), "/recover/verify")
		b.to(b.submit(page, "recover-password", "password", newPassword), "/login/factor")
		held.submit(waiting, "factor", "code", a.next()).expect(t, 404)
		older.get("/recover/link?token="+olderLink).expect(t, 404)
		trusted.to(trusted.login(malisMail, newPassword), "/login/factor")
	})
}
