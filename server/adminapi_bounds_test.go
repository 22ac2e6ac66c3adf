package server_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"pratu/flows/clients"
	"pratu/flows/office"
)

// many repeats a text with numbers.
func many(format string, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, i+1)
	}
	return b.String()
}

// What an administrator took back isn't lent by a token from before; a document is read one way only, and one that is wrong from
// end to end isn't answered with many times its length (OF-11, OF-12).
func TestAdminAPIBounds(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		r := s.robot("robot", everything...)
		alice := v1 + "/accounts/21992040"
		for body, code := range map[string]string{
			`{"reason":"spam","reason":"because"}`: "document.twice", `{"Reason":"spam"}`: "document.unknown", "{\"reason\":\"sp\xffam\"}": "document.json",
			`{"reason":null}`: "office.reason", `{"reason":` + strings.Repeat("[", 20000) + strings.Repeat("]", 20000) + `}`: "document.json",
		} {
			r.call("POST", alice+"/disable", body).problem(t, 400, code)
		}
		all := r.call("POST", alice+"/disable", `{"reason":"spam","until":1,"Why":"x","notify":true}`).problem(t, 400, "document.unknown")
		if !slices.Equal(all, []string{"/until", "/Why", "/notify"}) {
			t.Errorf("told of are %v", all)
		}
		r.call("POST", v1+"/accounts/search", `{"text":"`+strings.Repeat("a ", 1<<18)+`"}`).problem(t, 400, "search.too_long")
		tag := r.call("GET", v1+"/clients/web1", "").Header.Get("ETag")
		for body, code := range map[string]string{
			`{"client_name":"A","client_name":"B"}`: "document.twice", `{"settings":{"channel":"app","channel":"web"}}`: "document.twice",
			strings.Repeat(`{"settings":`, 5000) + `{}` + strings.Repeat(`}`, 5000): "document.twice",
		} {
			r.call("PATCH", v1+"/clients/web1", body, "If-Match", tag).problem(t, 400, code)
		}
		for name, body := range map[string]string{
			"unknown members":  `{"kind":"web","a` + strings.Repeat(`":1,"a`, 20000) + `":1}`,
			"a long name":      `{"kind":"web","` + strings.Repeat("a", 1<<19) + `":1}`,
			"a long value":     `{"kind":"` + strings.Repeat("a", 1<<19) + `"}`,
			"response types":   `{"kind":"web","redirect_uris":["https://x.test/"],"response_types":["a"` + strings.Repeat(`,"a"`, 50000) + `]}`,
			"scopes":           `{"kind":"machine","scope":"` + strings.Repeat(`\u0022 `, 50000) + `"}`,
			"resources":        `{"kind":"machine","settings":{"resources":["x"` + strings.Repeat(`,"x"`, 50000) + `]}}`,
			"a long list":      `{"kind":"web","jwks":{"keys":[{}` + strings.Repeat(`,{}`, 50000) + `]}}`,
			"lists in objects": `{"kind":"web","settings":{"claims":[1` + strings.Repeat(`,1`, 50000) + `]}}`,
		} {
			if answer := r.call("POST", v1+"/clients", body); answer.StatusCode != http.StatusBadRequest || len(answer.body) > 64<<10 {
				t.Errorf("%s: %d, %d bytes", name, answer.StatusCode, len(answer.body))
			}
		}
		long := `{"kind":"oidc","id":"x","client_id":"x","settings":{"issuer":"https://x.test","scopes":["` + strings.Repeat("é", 1<<17) + `"` + strings.Repeat(`,"é"`, 90) + `]}}`
		if answer := r.call("POST", v1+"/connectors", long); answer.StatusCode != http.StatusBadRequest || len(answer.body) > 64<<10 {
			t.Errorf("a connector: %d, %d bytes", answer.StatusCode, len(answer.body))
		}
		for name, body := range map[string]string{
			"twice": `{"email":"a@x.test","email":"b@x.test"}`, "claims": `{"a0":1` + many(`,"a%d":1`, 20000) + `}`, "a long claim": `{"` + strings.Repeat("a", 1<<19) + `":1}`,
			"an address": `{"email":"a@x.test","address":{"a0":1` + many(`,"a%d":1`, 20000) + `}}`,
		} {
			answer := r.call("POST", v1+"/accounts", body)
			if answer.problem(t, 400, "account.claims"); len(answer.body) > 64<<10 {
				t.Errorf("an account, %s: %d bytes", name, len(answer.body))
			}
		}
		// A token for another API isn't one for ours, which that API could call with it.
		must1(s.clients.Update(t.Context(), "robot", func(d *clients.Document) error {
			d.Settings.Resources = []string{"https://orders.test", op}
			return nil
		}))(t)
		s.pass(2 * time.Second)
		for resource, status := range map[string]int{"https://orders.test": http.StatusUnauthorized, op: http.StatusOK} {
			answer := s.post("/oauth2/token", "robot", s2, url.Values{"grant_type": {"client_credentials"}, "resource": {resource}, "scope": {office.ReadClients.Scope()}})
			token, _ := answer.json(t)["access_token"].(string)
			if got := (robot{s, token}).call("GET", v1+"/clients", ""); got.StatusCode != status {
				t.Errorf("a token for %s: %d %s", resource, got.StatusCode, got.body)
			}
		}
		must1(s.clients.Update(t.Context(), "robot", func(d *clients.Document) error { d.Scope = office.ReadClients.Scope(); return nil }))(t)
		s.pass(2 * time.Second)
		r.call("GET", v1+"/clients", "").expect(t, 200)
		r.call("POST", alice+"/disable", `{"reason":"spam"}`).problem(t, 403, "office.forbidden")
	})
}
