package server_test

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"pratu/flows/limits"
	"pratu/flows/mail"
	"pratu/flows/sms"
)

const (
	secondMail = "mali.second@x.test"
	freshPhone = "+66812345678"
)

// in is a browser in which mali has just signed in.
func (s *site) in() *browser {
	s.t.Helper()
	b := s.browser()
	b.to(b.login(malisMail, malisPassword), "/account")
	return b
}

// add asks for a code for a new contact and returns the page that wants it.
func (b *browser) add(text string) reply {
	b.w.t.Helper()
	page := b.get("/account/contacts").expect(b.w.t, 200, `id="contacts"`)
	return b.to(b.submit(page, "contacts", "contact", text), "/account/contacts/verify")
}

// act presses a button of the list.
func (b *browser) act(name, id string) reply {
	b.w.t.Helper()
	return b.send(post("/account/contacts", url.Values{"csrf": {b.csrf()}, name: {id}}))
}

// contact is the id that one of mali's contacts has.
func (s *site) contact(value string) string {
	s.t.Helper()
	for _, c := range must1(s.accounts.Load(s.t.Context(), s.mali.ID))(s.t).Contacts {
		if c.Value == value {
			return c.ID
		}
	}
	return ""
}

// text expects exactly one text to a phone.
func (s *site) text(to string) sms.Message {
	s.t.Helper()
	list := s.texted()
	if len(list) != 1 || list[0].To != to || list[0].Code == "" {
		s.t.Fatalf("%d texts: %+v", len(list), list)
	}
	return list[0]
}

// A contact counts when its code came back. All addresses are told of the change, the old one too; applications are told
// the preferred one.
func TestContacts(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		b := s.in()
		page := b.get("/account/contacts").expect(t, 200, malisMail, malisPhone, `aria-current="page"`)
		b.submit(page, "contacts", "contact", "nonsense").expect(t, 422, `id="contact-problem"`, `value="nonsense"`)
		b.submit(page, "contacts", "contact", " MALI@x.test").expect(t, 422, "in your account already")
		b.submit(page, "contacts", "contact", "081 555 8888").expect(t, 422, "in your account already")
		verify := b.add(secondMail).expect(t, 200, `id="prove"`, "m•••@x.test")
		m := s.one(mail.TemplateCode, secondMail)
		if m.Data.Purpose != "add-contact" || !strings.HasPrefix(m.Data.Link, op+"/account/contacts/verify?token=") {
			t.Errorf("%+v", m.Data)
		}
		b.submit(verify, "prove", "code", "not it").expect(t, 422, `role="alert"`)
		s.browser().login(secondMail, malisPassword).expect(t, 422) // not proven, not an identifier
		b.to(b.submit(verify, "prove", "code", thai(m.Data.Code)), "/account/contacts").expect(t, 200, `role="status"`, secondMail)
		list := news(s.delivered(), mail.ContactAdded)
		if len(list) != 2 || list[0].Data.What != "m•••@x.test" {
			t.Errorf("%+v", list)
		}
		b.submit(verify, "prove", "code", m.Data.Code).expect(t, 404, "/account/contacts")
		second := s.browser()
		second.to(second.login(secondMail, malisPassword), "/account")
		s.delivered()

		email := func() any {
			tokens := s.tokens(b)
			r := post("/oauth2/userinfo", url.Values{})
			r.Header.Set("Authorization", "Bearer "+text(tokens, "access_token"))
			return s.do(r).json(t)["email"]
		}
		if got := email(); got != malisMail {
			t.Errorf("an application is told %v", got)
		}
		b.to(b.act("prefer", s.contact(secondMail)), "/account/contacts").expect(t, 200, `role="status"`)
		if got, a := email(), must1(s.accounts.Load(t.Context(), s.mali.ID))(t); got != secondMail || a.Email() != secondMail {
			t.Errorf("an application is told %v, and we say %s", got, a.Email())
		}
		b.to(b.act("remove", s.contact(secondMail)), "/account/contacts").expect(t, 200, `role="status"`)
		list = news(s.delivered(), mail.ContactRemoved)
		if len(list) != 2 || list[0].To == list[1].To {
			t.Errorf("%+v", list)
		}
		if got := email(); got != malisMail {
			t.Errorf("after the preferred one went: %v", got)
		}
		s.browser().login(secondMail, malisPassword).expect(t, 422)
		b.act("remove", "guess").expect(t, 404)
		b.act("prefer", "contact-alice").expect(t, 404) // somebody else's
		b.act("remove", "contact-alice").expect(t, 404)
		b.to(b.act("remove", s.contact(malisPhone)), "/account/contacts")
		b.act("remove", s.contact(malisMail)).expect(t, 422, "the last one")
		b.send(post("/account/contacts", url.Values{"remove": {s.contact(malisMail)}})).expect(t, 403)
	})
}

// HP-29: who signed in a while ago proves anew to be there. Changing an address tells the old one, which doesn't sign in
// any more, and no code on its way there lets anybody in.
func TestChangeOfAddress(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		b := s.in()
		stale := b.get("/account/contacts").expect(t, 200)
		s.pass(2 * time.Hour)
		b.to(b.get("/account/contacts"), "/account/confirm").expect(t, 200)
		b.to(b.submit(stale, "contacts", "contact", secondMail), "/account/confirm")
		if list := s.delivered(); len(list) != 0 {
			t.Fatalf("%+v", list)
		}
		confirm := b.get("/account/confirm?to=/account/contacts")
		b.to(b.submit(confirm, "confirm", "password", malisPassword), "/account/contacts")
		old := s.contact(malisMail)
		page := b.get("/account/contacts?replace="+old).expect(t, 200, "takes the place of", `name="replace" value="`+old+`"`)
		verify := b.to(b.submit(page, "contacts", "contact", secondMail), "/account/contacts/verify")
		code := s.one(mail.TemplateCode, secondMail).Data.Code
		s.browser().forgot(malisMail)
		recovery := s.one(mail.TemplateCode, malisMail).Data.Token
		b.to(b.submit(verify, "prove", "code", code), "/account/contacts").expect(t, 200, secondMail)
		list := s.delivered()
		var toOld []letter
		for _, m := range news(list, mail.ContactRemoved) {
			if m.To == malisMail {
				toOld = append(toOld, m)
			}
		}
		if len(toOld) != 1 || len(news(list, mail.ContactAdded)) != 2 {
			t.Errorf("%+v", list)
		}
		a := must1(s.accounts.Load(t.Context(), s.mali.ID))(t)
		if a.Email() != secondMail || len(a.Contacts) != 2 || s.contact(malisMail) != "" {
			t.Errorf("%+v", a.Contacts)
		}
		s.browser().login(malisMail, malisPassword).expect(t, 422)
		s.browser().get("/recover/link?token="+recovery).expect(t, 404)
		// A contact that isn't one of the account's can't be replaced.
		page = b.get("/account/contacts")
		b.submit(page, "contacts", "contact", "mali.third@x.test", "replace", "contact-alice").expect(t, 404)
	})
}

// Adding an address tells nobody whether another account has it: the page and what it costs are the same, and its owner is
// told.
func TestAddingTellsNothing(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		must1(s.accounts.Create(t.Context(), newAccount("dao@x.test")))(t)
		b := s.in()
		b.add("warm@x.test")
		s.delivered()
		ask := func(address string) (page, wrong string, n int64) {
			form := b.get("/account/contacts")
			before := s.store.Statements()
			answer := b.submit(form, "contacts", "contact", address)
			n = s.store.Statements() - before
			verify := b.to(answer, "/account/contacts/verify").expect(t, 200)
			handle := verify.Request.URL.Query().Get("challenge")
			refused := b.submit(verify, "prove", "code", "000000x").expect(t, 422)
			return strings.ReplaceAll(verify.main(), handle, ""), strings.ReplaceAll(refused.main(), handle, ""), n
		}
		page1, wrong1, n1 := ask("dua@x.test")
		s.one(mail.TemplateCode, "dua@x.test")
		page2, wrong2, n2 := ask("dao@x.test")
		told := s.one(mail.TemplateAccountExists, "dao@x.test")
		if page1 != page2 || wrong1 != wrong2 || n1 != n2 || told.Data.Code != "" || told.Data.Token != "" {
			t.Errorf("%d and %d statements, %+v\n%s\n%s", n1, n2, told, page1, page2)
		}
		// Another mail tells the owner again, and still has no code.
		s.pass(2 * time.Minute)
		verify := b.add("dao@x.test")
		s.one(mail.TemplateAccountExists, "dao@x.test")
		s.pass(2 * time.Minute)
		b.to(b.submit(verify, "prove-again", "resend", "1"), "/account/contacts/verify")
		s.one(mail.TemplateAccountExists, "dao@x.test")
		// An address that somebody registers before the code comes back stays theirs.
		verify = b.add("doi@x.test")
		code := s.one(mail.TemplateCode, "doi@x.test").Data.Code
		must1(s.accounts.Create(t.Context(), newAccount("doi@x.test")))(t)
		b.submit(verify, "prove", "code", code).expect(t, 422, "has this address")
		if s.contact("doi@x.test") != "" {
			t.Error("two accounts have one address")
		}
	})
}

// A click in a mail adds nothing in a browser that isn't signed in to the account: eve can't make mali's address count as
// hers. Where it is, the button does, once; looking consumes nothing.
func TestContactLink(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		must1(s.accounts.Create(t.Context(), newAccount("eve@x.test")))(t)
		b := s.in()
		b.add(secondMail)
		m := s.one(mail.TemplateCode, secondMail)
		path := "/account/contacts/verify?token=" + m.Data.Token
		stranger := s.browser()
		page := stranger.get(path).expect(t, 200, "isn’t signed in to that account", secondMail, `href="/login"`)
		if page.Header.Get("Referrer-Policy") != "no-referrer" || strings.Contains(page.body, `id="contact-link"`) {
			t.Error("a button for a stranger, or an address that isn't kept secret")
		}
		forged := url.Values{"token": {m.Data.Token}, "csrf": {stranger.csrf()}}
		stranger.send(post("/account/contacts/verify", forged)).expect(t, 403)
		eve := s.browser()
		eve.to(eve.login("eve@x.test", malisPassword), "/account")
		eve.get(path).expect(t, 200, "isn’t signed in to that account", `href="/select-account"`)
		eve.send(post("/account/contacts/verify", url.Values{"token": {m.Data.Token}, "csrf": {eve.csrf()}})).expect(t, 403)
		phone := s.in()
		for range 2 {
			page = phone.get(path).expect(t, 200, `id="contact-link"`)
		}
		phone.to(phone.submit(page, "contact-link"), "/account").expect(t, 200, secondMail)
		phone.submit(page, "contact-link").expect(t, 404)
		// Nor does the code work for another account of the browser.
		verify := b.add("mali.third@x.test")
		code := s.delivered()
		eve2 := s.browser()
		eve2.cookies[browserName] = b.cookies[browserName]
		eve2.to(eve2.login("eve@x.test", malisPassword), "/account")
		eve2.send(post("/account/contacts/verify", url.Values{
			"challenge": {verify.Request.URL.Query().Get("challenge")}, "code": {code[len(code)-1].Data.Code}, "csrf": {eve2.csrf()},
		})).expect(t, 404)
	})
}

// csrf is the token that pages of this browser post.
func (b *browser) csrf() string { return field(b.get("/recover").body, "csrf", 0) }

// The last way to reach somebody stays, however many hands take it away at once.
func TestLastContactStays(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		b := s.in()
		csrf := b.csrf()
		ids := []string{s.contact(malisMail), s.contact(malisPhone)}
		var all sync.WaitGroup
		for n := range 20 {
			all.Go(func() {
				answer := b.from("192.0.2.1", post("/account/contacts", url.Values{"csrf": {csrf}, "remove": {ids[n%2]}}))
				if answer.StatusCode >= 500 {
					t.Errorf("status %d", answer.StatusCode)
				}
			})
		}
		all.Wait()
		if a := must1(s.accounts.Load(t.Context(), s.mali.ID))(t); len(a.Contacts) != 1 {
			t.Errorf("%+v", a.Contacts)
		}
	})
}

// HP-11 to HP-13 wherever an address is typed: what isn't exactly one is refused, and mails nobody.
func TestOneAddressEverywhere(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		b := s.in()
		for name, address := range map[string]string{
			"HP-11 kelvin sign": "\u212Aate@x.test", "HP-12 line break": "a@x.test\r\nBcc:e@evil.test", "HP-13 two at signs": "alice@x.test@evil.test",
			"nothing": "", "a list": "a@x.test,b@x.test", "an extension": "081 234 5678;ext=1", "a script": "<script>alert(1)</script>@x.test",
		} {
			for form, field := range map[string][2]string{"contacts": {"/account/contacts", "contact"}, "recover": {"/recover", "username"}} {
				answer := b.submit(b.get(field[0]), form, field[1], address)
				if answer.StatusCode != http.StatusUnprocessableEntity || strings.Contains(answer.body, "<script>alert") {
					t.Errorf("%s in %s: %d", name, form, answer.StatusCode)
				}
			}
		}
		if mails, texts := s.delivered(), s.texted(); len(mails) != 0 || len(texts) != 0 {
			t.Errorf("%+v %+v", mails, texts)
		}
	})
}

// Codes for contacts are bounded by address, like all others: nobody has us write to the whole world.
func TestContactsAreLimited(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		b := s.in()
		page := b.get("/account/contacts")
		for n := range limits.CodeAddress.Budget {
			b.submit(page, "contacts", "contact", "stranger"+number(int64(n))+"@x.test").expect(t, 303)
		}
		limited := b.submit(page, "contacts", "contact", "one.more@x.test").expect(t, 429, `role="alert"`)
		if limited.Header.Get("Retry-After") == "" {
			t.Error("no Retry-After")
		}
		b.submit(b.get("/recover"), "recover", "username", malisMail).expect(t, 429, `role="alert"`)
	})
}
