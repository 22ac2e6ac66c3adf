package server_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

// What an application was given can be seen and taken away, by its giver alone, and is gone at once.
func TestPortalApplications(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		s.client("shop", `<b>Corner</b> Shop`)
		b := s.browser()
		b.to(b.get("/account/applications"), "/login")
		page := b.consent("client_id", "shop", "scope", "openid profile email offline_access", "claims", `{"userinfo":{"zoneinfo":null}}`)
		code := b.proceed(b.submit(page, "consent", "decision", "allow")).query(t).Get("code")
		before := b.get("/account/applications").expect(t, 200, "shop.test", "No access at the moment")
		s.pass(30 * time.Second)
		given := s.post("/oauth2/token", "shop", s1, grant(code)).json(t)
		ours := s.tokens(b)
		if text(given, "refresh_token") == "" {
			t.Fatal(given)
		}
		list := b.get("/account/applications").expect(t, 200, "Your name and profile", "Your email address", "when you aren’t using it", `value="ours"`, "Last used")
		if strings.Contains(list.body, "<b>Corner") || strings.Contains(before.body, "<b>Corner") { // HP-23
			t.Error("a client's name became markup")
		}
		if strings.Contains(list.main(), malisMail) || list.Header.Get("Cache-Control") != "no-store" {
			t.Error("more is shown than what is allowed")
		}
		works := func(tokens map[string]any, client, secret string) (access, refresh bool) {
			t.Helper()
			r := httptest.NewRequest(http.MethodGet, "/oauth2/userinfo", nil)
			r.Header.Set("Authorization", "Bearer "+text(tokens, "access_token"))
			answer := s.post("/oauth2/token", client, secret, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {text(tokens, "refresh_token")}})
			return s.do(r).StatusCode == http.StatusOK, answer.StatusCode == http.StatusOK
		}
		bob := s.signedIn("bob")
		bob.press("/account/applications", "client", "shop").expect(t, 404)
		if strings.Contains(bob.get("/account/applications").expect(t, 200).main(), "Corner") {
			t.Error("somebody else's applications are shown")
		}
		for _, id := range []string{"", "web1", "nobody", "shop' OR '1'='1"} {
			b.press("/account/applications", "client", id).expect(t, 404)
		}
		b.send(post("/account/applications", url.Values{"client": {"shop"}})).expect(t, 403)
		b.to(b.press("/account/applications", "client", "shop"), "/account/applications").expect(t, 200, `role="status"`)
		if access, refresh := works(given, "shop", s1); access || refresh {
			t.Error("the tokens still work")
		}
		if access, refresh := works(ours, "ours", s1); !access || !refresh {
			t.Error("another application lost its access")
		}
		b.press("/account/applications", "client", "shop").expect(t, 404)
		b.to(b.authorize(base("client_id", "shop", "scope", "openid profile")), "/consent").expect(t, 200)
		revoked := 0
		for _, e := range must1(s.store.AuditOfAccount(t.Context(), s.mali.ID, 1<<62, 100))(t) {
			if e.Event == "consent.revoked" && e.ClientID == "shop" {
				revoked++
			}
		}
		if revoked != 1 {
			t.Errorf("recorded %d times", revoked)
		}
	})
}
