package server_test

import (
	"html"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// The record of an account, page by page: all of it, each event once, and nobody else's whatever is asked.
func TestPortalActivity(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		b := s.browser()
		b.to(b.get("/account/activity"), "/login")
		s.signIn(b, chromeOnAndroid)
		s.browser().login("nobody@x.test", "wrong password")
		s.browser().login(malisMail, "wrong password").expect(t, 422)
		b.get("/account/activity").expect(t, 200, "You signed in", "Somebody tried to sign in", "Your account was created", "Chrome · Android", "192.0.2.1")
		for n := range 60 { // all within one moment
			s.exec(`INSERT INTO audit (id, at, event, outcome, actor_kind, actor_id, account_id, client_id, session_id, ip, user_agent, request_id, reason, details)
				VALUES ('` + number(s.now().UnixNano()+int64(n)) + `', ` + number(s.now().UnixMilli()) + `, 'moon.landed', 'success', 'account', '` + s.mali.ID + `', '` +
				s.mali.ID + `', '<b>x</b>', '', '', '', '', '', '{}')`)
		}
		total := len(must1(s.store.AuditOfAccount(t.Context(), s.mali.ID, 1<<62, 1000))(t))
		seen, pages := 0, 0
		cursors := []string{}
		for next := "/account/activity"; next != ""; pages++ {
			page := b.get(next).expect(t, 200, `id="activity-list"`)
			_, list, _ := strings.Cut(page.body, `id="activity-list"`)
			list, _, _ = strings.Cut(list, "</ul>")
			seen += strings.Count(list, "<li>")
			if strings.Contains(list, "<b>x") || page.Header.Get("Cache-Control") != "no-store" {
				t.Error("markup, or kept by caches")
			}
			next = ""
			if older := regexp.MustCompile(`href="([^"]*)" id="older"`).FindStringSubmatch(page.body); older != nil {
				next = html.UnescapeString(older[1])
				cursors = append(cursors, next)
			}
			if pages > 10 {
				t.Fatal("no end")
			}
		}
		if seen != total || pages != 3 {
			t.Errorf("%d of %d events on %d pages", seen, total, pages)
		}
		bob := s.signedIn("bob")
		odd := []string{"x", "1", "-1.x", "99999999999999999999.x", "9223372036854775807.z", "1." + strings.Repeat("x", 100), "1.\x00", "1.\xff", "' OR 1=1 --"}
		for _, c := range odd {
			cursors = append(cursors, "/account/activity?before="+url.QueryEscape(c))
		}
		for _, c := range cursors {
			if strings.Contains(bob.get(c).expect(t, 200).main(), "Something about your account") {
				t.Errorf("%s tells bob of mali", c)
			}
		}
	})
}
