package server_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"pratu/flows/audit"
	"pratu/flows/clients"
	"pratu/flows/keys"
)

// Roles, keys, messages and settings by the API.
func TestAdminAPIHouse(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		r := s.robot("robot", everything...)
		_, _, err := s.clients.Create(t.Context(), clients.Document{ClientID: "dragons", Kind: clients.KindGame})
		must(t, err)
		mali := v1 + "/accounts/" + number(s.mali.SSOID)
		for path, code := range map[string]string{"/roles/king": "role.unknown", "/roles/title_owner": "role.title", "/roles/admin?title=dragons": "role.title", "/roles/title_owner?title=web1": "role.title"} {
			r.call("PUT", mali+path, "").problem(t, 400, code)
		}
		r.call("PUT", mali+"/roles/owner", "").expect(t, 204)
		r.call("PUT", mali+"/roles/title_owner?title=dragons", "").expect(t, 204)
		r.call("PUT", mali+"/roles/title_owner?title=dragons", "").expect(t, 204) // twice is once
		r.call("GET", v1+"/roles", "").expect(t, 200, number(s.mali.SSOID), `"owner"`, `"titles":["dragons"]`)
		r.call("DELETE", mali+"/roles/owner", "").problem(t, 409, "role.last_owner")
		r.call("DELETE", mali+"/roles/title_owner", "").expect(t, 204)
		r.call("DELETE", mali+"/roles/auditor", "").problem(t, 404, "role.missing")
		r.call("PUT", v1+"/accounts/1/roles/auditor", "").problem(t, 404, "account.unknown")
		if n := s.count(`SELECT COUNT(*) FROM audit WHERE event LIKE 'account.roles_%' AND actor_kind = 'client' AND actor_id = 'robot'`); n != 4 {
			t.Errorf("%d changes of roles on the record", n)
		}
		// Who may write clients can't make one that gives roles.
		weak := s.robot("robot", "admin:clients.write")
		weak.call("POST", v1+"/clients", `{"kind":"machine","scope":"admin:roles.write"}`).problem(t, 403, "office.forbidden")

		replaced := "" // none that signs this machine's own token
		list := func() (items []keys.Info) {
			var page struct{ Items []keys.Info }
			answer := r.call("GET", v1+"/keys", "").expect(t, 200)
			must(t, json.Unmarshal([]byte(answer.body), &page))
			if strings.Contains(answer.body, `"d"`) || strings.Contains(answer.body, "sealed") {
				t.Error(answer.body)
			}
			return page.Items
		}
		for _, k := range list() {
			if k.Alg == keys.RS256 {
				replaced = k.ID
			}
		}
		r.call("DELETE", v1+"/keys/"+replaced, "").problem(t, 409, "key.in_use")
		for body, code := range map[string]string{`{"alg":"HS256"}`: "key.alg", `{"alg":"RS256","bits":512}`: "key.bits", `{"kid":"mine"}`: "document.unknown"} {
			r.call("POST", v1+"/keys", body).problem(t, 400, code)
		}
		s.pass(time.Second)
		first := r.call("POST", v1+"/keys", `{"alg":"RS256","now":true}`, "Idempotency-Key", "k1").expect(t, 201)
		if again := r.call("POST", v1+"/keys", `{"alg":"RS256","now":true}`, "Idempotency-Key", "k1"); again.body != first.body {
			t.Errorf("rotated twice: %s", again.body)
		}
		r.call("DELETE", v1+"/keys/"+replaced, "").expect(t, 204)
		r.call("DELETE", v1+"/keys/"+replaced, "").problem(t, 404, "key.unknown")
		for _, k := range list() {
			if k.ID == replaced {
				t.Error("still published")
			}
		}

		r.call("POST", v1+"/messages/retry", "").problem(t, 409, "outbox.unknown")
		r.call("POST", v1+"/messages/none/retry", "").problem(t, 409, "outbox.unknown")
		if got := r.call("GET", v1+"/settings", "").expect(t, 200, op); !strings.Contains(got.body, `{"name":"secret_key","value":"","secret":true,"set":true}`) {
			t.Error(got.body)
		}
	})
}

// A file of the record is one event a line, whatever somebody wrote into it, and has no letters that turn the others (OF-05,
// OF-06).
func TestAdminAPIRecordAsFile(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		r := s.robot("robot", everything...)
		evil := "=cmd|' /C calc'!A0\n{\"event\":\"forged\"}\u202e\u2028<script>"
		must(t, s.office.Audit.Append(t.Context(), audit.Event{Name: "account.disabled", AccountID: s.mali.ID, Details: map[string]any{"reason": evil}}))
		answer := r.call("GET", v1+"/audit/export?event=account.disabled&account="+number(s.mali.SSOID), "").expect(t, 200)
		var one struct{ Details struct{ Reason string } }
		if err := json.Unmarshal([]byte(answer.body), &one); err != nil || one.Details.Reason != evil || strings.Count(answer.body, "\n") != 1 || strings.ContainsAny(answer.body, "\u202e\u2028<") {
			t.Errorf("%v %q", err, answer.body)
		}
		if answer.Header.Get("Content-Type") != "application/x-ndjson" || answer.Header.Get("Cache-Control") != "no-store" || answer.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%v", answer.Header)
		}
		for query, code := range map[string]string{"event=signin.fail": "audit.event", "since=2026-01-02T00:00:00Z&until=2026-01-01T00:00:00Z": "audit.until", "since=yesterday": "query.since", "until=1": "query.until", "account=a@x.test": "query.account", "format=csv": "query.unknown"} {
			r.call("GET", v1+"/audit/export?"+query, "").problem(t, 400, code)
		}
		since := s.now().Add(time.Hour).UTC().Format(time.RFC3339)
		if later := r.call("GET", v1+"/audit/export?since="+since, "").expect(t, 200); later.body != "" {
			t.Error(later.body)
		}
		if n := s.count(`SELECT COUNT(*) FROM audit WHERE event = 'audit.exported' AND actor_id = 'robot'`); n != 2 {
			t.Errorf("%d exports on the record", n)
		}
	})
}
