package server_test

import (
	"strings"
	"testing"
	"time"

	"pratu/flows/accounts"
	"pratu/flows/limits"
	"pratu/flows/mail"
	"pratu/storage"
)

// A phone number signs people up where texts can be sent: the code alone, without a link.
func TestSignUpWithPhone(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		b := s.browser()
		page := b.get("/sign-up").expect(t, 200, `type="text"`, `autocomplete="username"`)
		for _, wrong := range []string{"tel:+66812345678", "12", "+66812345678;ext=1", "1900 123 456", "081234567x", "mali"} {
			b.submit(page, "sign-up", "email", wrong, "password", newPassword).expect(t, 422, `id="email-problem"`)
		}
		verify := b.signUp(page, "๐๘๑-๒๓๔-๕๖๗๘", newPassword).expect(t, 200, `id="verify"`, "+66•••678", "Check your phone")
		m := s.text(freshPhone)
		if m.Purpose != "sign-up" || len(s.mails) != 0 {
			t.Errorf("%+v, %d mails", m, len(s.mails))
		}
		b.submit(verify, "verify", "code", "not it").expect(t, 422, `role="alert"`)
		b.to(b.submit(verify, "verify", "resend", "1"), "/sign-up/verify")
		if len(s.texted()) != 0 {
			t.Error("two texts within a minute")
		}
		b.to(b.submit(verify, "verify", "code", m.Code), "/account").expect(t, 200, freshPhone)
		fresh := s.browser()
		fresh.to(fresh.login("081 234 5678", newPassword), "/account").expect(t, 200, freshPhone)
		b.submit(verify, "verify", "code", m.Code).expect(t, 404)
	})
}

// A number that was given to somebody else: whoever proves it is asked, and may have it. It leaves the account that had it,
// whose owner is told; nobody gets into that account, and who was in stays in.
func TestRecycledNumber(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		mali := s.in()
		s.browser().forgot(malisPhone)
		recovery := s.text(malisPhone).Code
		s.pass(2 * time.Minute)
		b := s.browser()
		verify := b.signUp(b.get("/sign-up"), malisPhone, newPassword)
		m := s.text(malisPhone)
		taken := b.submit(verify, "verify", "code", m.Code).expect(t, 200, `id="number-taken"`, "+66•••888", `href="/login"`)
		if s.contact(malisPhone) == "" || b.isIn() || len(s.delivered()) != 0 {
			t.Fatal("taken without being asked")
		}
		for _, owners := range []string{"Mali", malisMail, "m•••@x.test"} {
			if strings.Contains(taken.body, owners) {
				t.Errorf("a stranger reads %q", owners)
			}
		}
		b.submit(taken, "number-taken", "take", "1", "code", "000000x").expect(t, 422, `role="alert"`)
		b.to(b.submit(taken, "number-taken", "take", "1"), "/account").expect(t, 200, malisPhone)
		if strings.Contains(b.get("/account").body, "Mali Saelim") {
			t.Fatal("handed over")
		}
		list := news(s.delivered(), mail.NumberTaken)
		if len(list) != 1 || list[0].To != malisMail || list[0].Data.What != "+66•••888" {
			t.Errorf("%+v", list)
		}
		if !mali.isIn() || s.contact(malisPhone) != "" || s.contact(malisMail) == "" {
			t.Error("mali lost more than the number")
		}
		s.browser().login(malisPhone, malisPassword).expect(t, 422)
		fresh := s.browser()
		fresh.to(fresh.login(malisPhone, newPassword), "/account")
		if n := s.count(`SELECT COUNT(*) FROM audit WHERE event = 'contact.taken' AND account_id = '` + s.mali.ID + `' AND ip = ''`); n != 1 {
			t.Errorf("%d records, or they tell where the new holder is", n)
		}
		if n := s.count(`SELECT COUNT(*) FROM audit WHERE event = 'contact.added' AND account_id <> '` + s.mali.ID + `' AND ip <> ''`); n != 1 {
			t.Errorf("%d records of the new holder", n)
		}
		if n := s.count(`SELECT COUNT(*) FROM challenges WHERE account_id = '` + s.mali.ID + `' AND kind = 'phone' AND used_at = 0`); n != 0 || recovery == "" {
			t.Errorf("%d codes of before still work", n)
		}
	})
}

// The same for somebody who has an account: the number moves, also when it is the only way in that the other account has.
// An address never does.
func TestRecycledNumberIsAdded(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		only := must1(s.accounts.Create(t.Context(), accounts.New{Phone: freshPhone, PhoneVerified: true, Password: newPassword, Locale: "en"}))(t)
		holder := s.browser()
		holder.to(holder.login(freshPhone, newPassword), "/account")
		b := s.in()
		verify := b.add("081 234 5678").expect(t, 200, "+66•••678")
		m := s.text(freshPhone)
		taken := b.submit(verify, "prove", "code", m.Code).expect(t, 200, `id="number-taken"`, `href="/account/contacts"`)
		if s.contact(freshPhone) != "" {
			t.Fatal("taken without being asked")
		}
		b.to(b.submit(taken, "number-taken", "take", "1"), "/account/contacts").expect(t, 200, freshPhone)
		a := must1(s.accounts.Load(t.Context(), only.ID))(t)
		if len(a.Contacts) != 0 || a.Status != storage.StatusActive || !holder.isIn() {
			t.Errorf("%+v", a)
		}
		s.browser().login(freshPhone, newPassword).expect(t, 422)
		phone := s.browser()
		phone.to(phone.login(freshPhone, malisPassword), "/account").expect(t, 200, "Mali Saelim")
		b.submit(taken, "number-taken", "take", "1").expect(t, 404)
		// Whoever takes it in the same moment gets it once; guesses are bounded as for every code.
		s.pass(2 * time.Minute)
		page := b.add("081 234 5679")
		for range limits.CodeChallenge.Budget {
			b.submit(page, "prove", "code", "000000x", "take", "1").expect(t, 422)
		}
		b.submit(page, "prove", "code", s.text("+66812345679").Code).expect(t, 429)
	})
}
