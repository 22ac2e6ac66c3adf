package server_test

import (
	"net/http"
	"strings"
	"testing"

	"pratu/flows/accounts"
	"pratu/flows/mail"
	"pratu/flows/office"
	"pratu/storage"
)

// A machine has an administrator tried to be reached, and can't write to anybody else, nor more than so often whoever asks.
func TestAdminAPITestMessages(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		r, at := s.robot("robot", everything...), v1+"/messages/test"
		me, err := s.accounts.Create(t.Context(), accounts.New{Email: "owner@x.test", EmailVerified: true, Phone: "+66898765432", PhoneVerified: true, Locale: "th"})
		must(t, err)
		must(t, s.store.GrantRole(t.Context(), me.ID, office.Owner, storage.At(s.now())))
		s.notes()
		body := `{"account":"` + number(me.SSOID) + `"}`
		first := r.call("POST", at, body, "Idempotency-Key", "m1").expect(t, 202, `"kind":"mail"`, `"state":"waiting"`)
		if again := r.call("POST", at, body, "Idempotency-Key", "m1"); again.body != first.body {
			t.Errorf("two mails: %s", again.body)
		}
		here := v1 + "/messages/" + first.json(t)["id"].(string)
		r.call("GET", here, "").expect(t, 200, `"state":"waiting"`)
		if list := s.delivered(); len(list) != 1 || list[0].To != "owner@x.test" || list[0].Event != mail.Test {
			t.Errorf("%+v", list)
		}
		r.call("GET", here, "").expect(t, 200, `"state":"delivered"`, `"delivered_at":"`)
		r.call("POST", at, `{"account":"`+number(me.SSOID)+`","kind":"sms"}`).expect(t, 202, `"kind":"sms"`)
		s.delivered()
		if len(s.texts) != 1 || s.texts[0].To != "+66898765432" {
			t.Errorf("%+v", s.texts)
		}
		if n := s.count(`SELECT COUNT(*) FROM audit WHERE event = 'outbox.tested' AND actor_kind = 'client' AND actor_id = 'robot' AND details LIKE '%"to":"` + number(me.SSOID) + `"%'`); n != 2 {
			t.Errorf("%d on the record", n)
		}

		support, _ := s.appointed("support@x.test", office.Support)
		gone, _ := s.appointed("gone@x.test", office.Admin)
		must(t, s.office.DisableAccount(t.Context(), office.Host(), gone.SSOID, "left"))
		s.delivered()
		before := s.count(`SELECT COUNT(*) FROM outbox`)
		for _, other := range []string{number(s.mali.SSOID), number(support.SSOID), number(gone.SSOID), "1", "", "-1", malisMail, "owner@x.test", "99999999999999999999", me.ID, strings.Repeat("9", 1<<19)} {
			if got := r.call("POST", at, `{"account":"`+other+`"}`).problem(t, 400, "test.account"); len(got) != 1 || got[0] != "/account" {
				t.Errorf("%.40s: %v", other, got)
			}
		}
		for body, code := range map[string]string{
			`{"account":"` + number(me.SSOID) + `","to":"` + malisMail + `"}`: "document.unknown", `{"account":"` + number(me.SSOID) + `","kind":"webhook"}`: "test.kind",
			`{"account":` + number(me.SSOID) + `}`: "document.type", `{"account":"1","account":"` + number(me.SSOID) + `"}`: "document.twice",
		} {
			r.call("POST", at, body).problem(t, 400, code)
		}
		r.call("POST", at, `{"account":"`+strings.Repeat("1", 2<<20)+`"}`).problem(t, 413, "body.too_long")
		plain, _ := s.appointed("plain@x.test", office.Admin)
		r.call("POST", at, `{"account":"`+number(plain.SSOID)+`","kind":"sms"}`).problem(t, 400, "sms.no_number")
		reader := s.robot("reader", "admin:mail.read")
		reader.call("GET", here, "").expect(t, 200)
		reader.call("POST", at, body).problem(t, 403, "office.forbidden")
		r.call("GET", v1+"/messages/none", "").problem(t, 404, "message.unknown")
		if n := s.count(`SELECT COUNT(*) FROM outbox`); n != before {
			t.Errorf("%d messages were written", n-before)
		}
		for range 3 {
			r.call("POST", at, body).expect(t, 202)
		}
		if full := r.call("POST", at, body).expect(t, http.StatusTooManyRequests, "limit.exceeded"); full.Header.Get("Retry-After") == "" {
			t.Error("no Retry-After")
		}
	})
}
