package server_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pratu/flows/connectors"
	"pratu/flows/limits"
	"pratu/flows/office"
)

// Connectors by the API: set up once whatever is repeated, changed in the version that was seen; the secret is written only.
func TestAdminAPIConnectors(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		r := s.robot("robot", everything...)
		at := v1 + "/connectors"
		good := `{"kind":"google","client_id":"x","secret":"canary-secret","settings":{"clients":["web1"]}}`
		first := r.call("POST", at, good, "Idempotency-Key", "k1").expect(t, 201, op+"/federation/google/callback")
		if again := r.call("POST", at, good, "Idempotency-Key", "k1"); again.body != first.body || first.Header.Get("Location") != op+at+"/google" {
			t.Errorf("%d %s %v", again.StatusCode, again.body, first.Header)
		}
		r.call("POST", at, good).problem(t, 409, "connector.exists")
		nobody := r.call("POST", at, strings.Replace(good, `"web1"`, `"web1","blog"`, 1))
		if got := nobody.problem(t, 400, "connector.invalid"); !slices.Equal(got, []string{"/settings/clients/1"}) {
			t.Errorf("%v", got)
		}
		wrong := r.call("POST", at, `{"kind":"oidc","id":"Corp!","client_id":"x","settings":{"issuer":"ftp://idp.test"}}`)
		if got := wrong.problem(t, 400, "connector.invalid"); !slices.Contains(got, "/id") || !slices.Contains(got, "/settings/issuer") {
			t.Errorf("%v", got)
		}
		for body, code := range map[string]string{
			`{"kind":"google","typo":1}`: "document.unknown", `{"kind":"google","settings":{"typo":1}}`: "document.unknown", `{"kind":1}`: "document.type", `[]`: "document.type",
			`{"kind":"google","redirect_uri":"https://evil.test"}`: "document.unknown", `{"kind":"google","created_at":1}`: "document.unknown",
		} {
			r.call("POST", at, body).problem(t, 400, code)
		}
		seen := r.call("GET", at+"/google", "").expect(t, 200)
		tag := seen.Header.Get("ETag")
		if strings.Contains(seen.body+first.body+r.call("GET", at, "").expect(t, 200).body, "canary") || tag != first.Header.Get("ETag") {
			t.Errorf("%s", seen.body)
		}
		r.call("PATCH", at+"/google", `{"disabled":true}`).problem(t, 428, "version.missing")
		r.call("PATCH", at+"/google", `{"disabled":true}`, "If-Match", `"1"`).problem(t, 412, "connector.changed")
		patched := r.call("PATCH", at+"/google", `{"disabled":true,"settings":{"clients":null,"domains":["Corp.test"]}}`, "If-Match", tag).expect(t, 200, `"corp.test"`)
		r.call("PATCH", at+"/google", `{"disabled":false}`, "If-Match", tag).problem(t, 412, "connector.changed")
		for body, code := range map[string]string{`{"kind":"oidc"}`: "connector.invalid", `{"id":"x"}`: "connector.invalid", `{"typo":1}`: "document.unknown", `null`: "document.json"} {
			r.call("PATCH", at+"/google", body, "If-Match", "*").problem(t, 400, code)
		}
		c, err := s.social.Connectors.Find(t.Context(), "google")
		must(t, err)
		if c.Secret != "canary-secret" || !c.Disabled() || len(c.Settings.Clients) > 0 || c.Kind != connectors.KindGoogle {
			t.Errorf("%+v", c)
		}
		r.call("DELETE", at+"/google", "", "If-Match", tag).problem(t, 412, "connector.changed")
		r.call("DELETE", at+"/google", "", "If-Match", patched.Header.Get("ETag")).expect(t, 204)
		r.call("GET", at+"/google", "").problem(t, 404, "connector.unknown")
	})
}

// Titles, players and keys by the API; each by way of what it belongs to.
func TestAdminAPITitles(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		s.titles()
		r := s.robot("robot", everything...)
		mali := v1 + "/titles/dragons/players/" + s.mali.OID
		r.call("GET", v1+"/titles?limit=1", "").expect(t, 200, `"dragons"`, "next_cursor")
		r.call("GET", v1+"/titles?cursor=dragons", "").expect(t, 200, `"tigers"`)
		r.call("GET", v1+"/titles/dragons/players", "").expect(t, 200, s.mali.OID)
		r.call("GET", mali, "").expect(t, 200, `"coin":670`, number(s.mali.SSOID))
		page := r.call("GET", mali+"/ledger?limit=1", "").expect(t, 200, `"amount":-30`, `"next_cursor":"2"`)
		next, _, _ := strings.Cut(strings.TrimPrefix(page.Header.Get("Link"), "<"), ">")
		r.call("GET", next, "").expect(t, 200, `"amount":700`)
		r.call("GET", mali+"/ledger?currency=diamond", "").expect(t, 200, `"items":[]`)
		r.call("GET", mali+"/ledger?currency=gold", "").problem(t, 400, "ledger.currency")
		r.call("GET", mali+"/ledger?cursor=x", "").problem(t, 400, "query.cursor")
		if got := r.call("PUT", mali+"/ban", `{"reason":" "}`).problem(t, 400, "office.reason"); !slices.Equal(got, []string{"/reason"}) {
			t.Errorf("%v", got)
		}
		r.call("PUT", mali+"/ban", `{"reason":"x","until":"2030"}`).problem(t, 400, "document.unknown")
		r.call("PUT", mali+"/ban", `{"reason":"cheating"}`).expect(t, 204)
		r.call("PUT", mali+"/ban", `{"reason":"cheating"}`).expect(t, 204)
		r.call("GET", mali, "").expect(t, 200, `"ban_reason":"cheating"`, "banned_at")
		r.call("DELETE", mali+"/ban", "").expect(t, 204)
		r.call("DELETE", mali+"/ban", "").expect(t, 204)
		if n := s.count(`SELECT COUNT(*) FROM audit WHERE event LIKE 'player.%banned' AND actor_kind = 'client' AND actor_id = 'robot'`); n != 3 {
			t.Errorf("%d events", n)
		}
		for path, code := range map[string]string{"/titles/web1/players": "title.unknown", "/titles/none/players": "title.unknown", "/titles/dragons/players/none": "player.unknown"} {
			r.call("GET", v1+path, "").problem(t, 404, code)
		}
		keys := v1 + "/clients/dragons-server/api-keys"
		made := r.call("POST", keys, `{"note":"CI","expires_in":3600}`, "Idempotency-Key", "a1").expect(t, 201)
		if again := r.call("POST", keys, `{"note":"CI","expires_in":3600}`, "Idempotency-Key", "a1"); again.body != made.body {
			t.Errorf("two keys: %s", again.body)
		}
		plain, id := made.json(t)["key"].(string), made.json(t)["id"].(string)
		if _, err := s.office.APIKeys.Verify(t.Context(), plain); err != nil {
			t.Error(err)
		}
		if list := r.call("GET", keys, "").expect(t, 200, `"CI"`, plain[:15]); strings.Contains(list.body, plain) {
			t.Error("a key is shown again")
		}
		r.call("POST", keys, `{"expires_in":1}`).problem(t, 400, "api_key.life")
		r.call("POST", keys, `{"id":"x"}`).problem(t, 400, "document.unknown")
		r.call("DELETE", v1+"/clients/tigers-server/api-keys/"+id, "").problem(t, 404, "api_key.unknown")
		r.call("DELETE", keys+"/"+id, "").expect(t, 204)
		if _, err := s.office.APIKeys.Verify(t.Context(), plain); err == nil {
			t.Error("a key that ended works")
		}
		if n := s.count(`SELECT COUNT(*) FROM answers WHERE answer LIKE '%pratu_ak_%'`); n != 0 {
			t.Error("a key is kept in the open")
		}
	})
}

// A machine is told what is left of its budget, and waits for the next when it is spent; another's isn't touched.
func TestAdminAPILimit(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		r, other := s.robot("robot", everything...), s.robot("other", everything...)
		s.office.Accounts.Limiter.Overrides = map[string]limits.Override{"admin.client": {Budget: 2, Window: time.Minute}, "office.test": {Budget: 1, Window: time.Minute}}
		first := r.call("GET", v1+"/titles", "").expect(t, 200)
		if first.Header.Get("RateLimit-Policy") != `"admin.client";q=2;w=60` || first.Header.Get("RateLimit") != `"admin.client";r=1;t=60` {
			t.Errorf("%v", first.Header)
		}
		r.call("GET", v1+"/titles", "").expect(t, 200)
		beyond := r.call("GET", v1+"/titles", "")
		beyond.problem(t, 429, "limit.exceeded")
		if beyond.Header.Get("Retry-After") != "60" || beyond.Header.Get("RateLimit") != `"admin.client";r=0;t=60` {
			t.Errorf("%v", beyond.Header)
		}
		other.call("GET", v1+"/titles", "").expect(t, 200)
		s.pass(time.Minute + time.Second)
		r.call("GET", v1+"/titles", "").expect(t, 200)
		_, b := s.appointed("owner@x.test", office.Owner)
		b.to(b.submit(b.get("/admin/mail"), "test", "action", "test"), "/admin/mail")
		if answer := b.submit(b.get("/admin/mail"), "test", "action", "test").expect(t, 429); answer.Header.Get("Retry-After") == "" {
			t.Error("no Retry-After")
		}
	})
}
