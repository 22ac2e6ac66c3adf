package server_test

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"testing"

	"pratu/flows/accounts"
	"pratu/flows/mail"
	"pratu/flows/office"
	"pratu/flows/outbox"
	"pratu/flows/sms"
	"pratu/storage"
)

// A test of mails or texts goes to nobody but who asks, and its page tells the truth: queued, taken, refused with the words of
// the other side, given up.
func TestOfficeTestMessages(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		me, err := s.accounts.Create(t.Context(), accounts.New{Email: "owner@x.test", EmailVerified: true, Phone: "+66898765432", PhoneVerified: true, Locale: "th"})
		must(t, err)
		must(t, s.store.GrantRole(t.Context(), me.ID, office.Owner, storage.At(s.now())))
		b := s.proven(me.ID)
		test := func(action string) string {
			t.Helper()
			return strings.TrimPrefix(b.submit(b.get("/admin/mail"), "test", "action", action, "to", malisMail, "phone", malisPhone).Header.Get("Location"), op)
		}
		for action, left := range map[string]string{"test": "The mail server took it.", "test-text": "The gateway took it."} {
			at := test(action)
			if page := b.get(at).expect(t, 200, "leaves in a moment", `id="again"`); page.Header.Get("Refresh") == "" {
				t.Error("the page doesn't look again")
			}
			mails, texts := s.delivered(), s.texts
			if action == "test" && (len(mails) != 1 || mails[0].To != "owner@x.test" || mails[0].Event != mail.Test) {
				t.Errorf("%+v", mails)
			}
			if action == "test-text" && (len(texts) != 1 || texts[0].To != "+66898765432" || texts[0].Purpose != sms.Test || texts[0].Code != "") {
				t.Errorf("%+v", texts)
			}
			if page := b.get(at).expect(t, 200, left); page.Header.Get("Refresh") != "" || strings.Contains(page.body, `id="again"`) {
				t.Error("it looks for what it knows")
			}
		}
		failure := errors.New("dial tcp: <script>")
		s.box.Handlers[sms.Kind] = func(context.Context, []byte) error { return failure }
		at := test("test-text")
		s.delivered()
		if page := b.get(at).expect(t, 200, "It wasn’t taken.", "dial tcp: &lt;script&gt;", `id="again"`); page.Header.Get("Refresh") != "" {
			t.Error("it looks for what takes its time")
		}
		failure = outbox.Permanent(errors.New("the gateway answered 422"))
		s.pass(outbox.GiveUp)
		b = s.proven(me.ID)
		s.delivered()
		b.get(at).expect(t, 200, "refused for good", "the gateway answered 422")
		b.get("/admin/audit?event=outbox.tested").expect(t, 200, "sms")
		b.get("/admin/mail?test=nothing").expect(t, 200)

		// Who has no such contact, or none that is known to be theirs, is told so; nobody is written to.
		before := s.count(`SELECT COUNT(*) FROM outbox`)
		_, plain := s.appointed("plain@x.test", office.Admin)
		plain.submit(plain.get("/admin/mail"), "test", "action", "test-text").expect(t, 422, "no verified phone number")
		unproven, err := s.accounts.Create(t.Context(), accounts.New{Email: "typo@x.test", Locale: "en"})
		must(t, err)
		must(t, s.store.GrantRole(t.Context(), unproven.ID, office.Owner, storage.At(s.now())))
		u := s.proven(unproven.ID)
		u.submit(u.get("/admin/mail"), "test", "action", "test").expect(t, 422, "no verified email address")
		for _, role := range []string{office.Support, office.Auditor, office.TitleOwner} {
			_, other := s.appointed(role+"@x.test", role)
			for _, action := range []string{"test", "test-text"} {
				other.send(post("/admin/mail", url.Values{"csrf": {other.csrf()}, "owner": {number(must1(s.accounts.Load(t.Context(), s.idOf(role+"@x.test")))(t).SSOID)}, "action": {action}})).expect(t, 403)
			}
		}
		forged := post("/admin/mail", url.Values{"csrf": {"x"}, "owner": {number(me.SSOID)}, "action": {"test-text"}})
		b.send(forged).expect(t, 403)
		if n := s.count(`SELECT COUNT(*) FROM outbox`); n != before {
			t.Errorf("%d messages were written", n-before)
		}
		s.people.Codes.SMS.Sender = nil
		b.get("/admin/mail").expect(t, 200, "the setting sms is empty")
		b.submit(b.get("/admin/mail"), "test", "action", "test-text").expect(t, 422, "the setting sms is empty")
	})
}
