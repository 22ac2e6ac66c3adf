package server_test

import (
	"html"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"pratu/flows/audit"
	"pratu/flows/office"
	"pratu/flows/outbound"
	"pratu/flows/outbox"
	"pratu/flows/webhooks"
	"pratu/server/formtest"
)

// tells wires webhooks, as cli does; a test says when they are sent.
func (w *world) tells(log *audit.Log) *webhooks.Service {
	s := &webhooks.Service{
		Store: w.store, Keyring: w.ring, Audit: log, Now: w.now, Local: true,
		Outbox:   &outbox.Outbox{Store: w.store, Keyring: w.ring, Now: w.now, Lane: webhooks.Lane},
		Outbound: outbound.New(outbound.Options{Timeout: 2 * time.Second, Development: true}), // what listens is on this machine
	}
	s.Outbox.Handlers = map[string]outbox.Handler{webhooks.Kind: s.Deliver}
	return s
}

var webhookSecret = regexp.MustCompile(`<code id="webhook-secret">(whsec_[A-Za-z0-9+/=]+)</code>`)

// A webhook's life in the console: set up, told, replayed, rotated, switched off, deleted; the secret is shown once.
func TestOfficeWebhooks(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		failing := true
		listener := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if failing {
				w.WriteHeader(http.StatusBadGateway)
			}
		}))
		t.Cleanup(listener.Close)
		admin, b := s.appointed("admin@x.test", office.Admin)
		list := b.get("/admin/webhooks").expect(t, 200, "None.")
		b.submit(list, "webhook-new", "url", "http://u:p@crm.test", "description", "<script>\u202e").expect(t, 422, "url-problem", "&lt;script&gt;")
		b.submit(list, "webhook-new", "url", listener.URL).expect(t, 422, "events-problem")
		made := b.submit(list, "webhook-new", "url", listener.URL+"/<img>", "description", "CRM <script>\u202e", "event", "player.banned").expect(t, 200)
		secret := webhookSecret.FindStringSubmatch(html.UnescapeString(made.body))
		if secret == nil {
			t.Fatal(made.body)
		}
		_, looks := s.appointed("looks@x.test", office.Auditor)
		if seen := looks.get("/admin/webhooks").expect(t, 200, listener.URL+"/…"); strings.Contains(html.UnescapeString(seen.body), "<img>") {
			t.Error("what may be a secret of the address is shown to who may not set it up")
		}
		here := regexp.MustCompile(`id="webhook-open" href="([^"]+)"`).FindStringSubmatch(made.body)[1]
		inertPages(t, b, "/admin/webhooks", here)
		for _, path := range []string{"/admin/webhooks", here, "/admin/audit"} {
			if page := b.get(path).expect(t, 200); strings.Contains(html.UnescapeString(page.body), secret[1]) {
				t.Errorf("%s shows the secret", path)
			}
		}
		must(t, s.office.Audit.Append(t.Context(), audit.Event{Name: "player.banned", AccountID: s.mali.ID}))
		seal := func() {
			t.Helper()
			must1(s.office.Chain.Seal(t.Context()))(t)
			must(t, s.office.Webhooks.Outbox.Flush(t.Context()))
		}
		seal()
		page := b.get(here).expect(t, 200, "player.banned", "answered 502", "waits")
		b.submit(page, "webhook-form", "action", "replay", "delivery", "x").expect(t, 404)
		s.pass(outbox.GiveUp)
		seal()
		b = s.proven(admin.ID) // a day later
		page = b.get(here).expect(t, 200, "given up")
		delivery := regexp.MustCompile(`name="delivery" value="([^"]+)"`).FindStringSubmatch(page.body)[1]
		failing = false
		replay := changed(formtest.Find(t, page.body, "rotate").Values, "action", "replay", "delivery", delivery)
		b.to(b.send(post(here, replay)), here).expect(t, 200, "once more")
		b.send(post(here, replay)).expect(t, 422, "sent yet")
		seal()
		b.get(here).expect(t, 200, "delivered")

		again := webhookSecret.FindStringSubmatch(html.UnescapeString(b.submit(page, "rotate", "action", "rotate").expect(t, 200).body))
		if again == nil || again[1] == secret[1] {
			t.Error("no new secret")
		}
		b.submit(page, "webhook-form", "action", "save", "description", "late").expect(t, 422, "Somebody else changed it") // the rotation
		b.to(b.submit(b.get(here), "webhook-form", "action", "save", "description", "newer"), here).expect(t, 200, "newer")
		test := formtest.Find(t, b.to(b.submit(b.get(here), "test", "action", "test"), here).expect(t, 200, "webhook.test", "waits").body, "test").Values
		b.send(post(here, changed(maps.Clone(test), "action", "test", "csrf", "x"))).expect(t, 403)
		b.to(b.submit(b.get(here), "switch", "action", "disable"), here).expect(t, 200, `value="enable"`)
		b.send(post(here, changed(test, "action", "test"))).expect(t, 422, "disabled")
		b.submit(b.get(here), "webhook-delete", "action", "delete").expect(t, 422, "confirm-problem")
		_, auditor := s.appointed("auditor@x.test", office.Auditor)
		if look := auditor.get(here).expect(t, 200, "delivered"); strings.Contains(look.main(), "<form") {
			t.Error("an auditor's page has a form")
		}
		b.to(b.submit(b.get(here), "webhook-delete", "action", "delete", "confirm", "1"), "/admin/webhooks").expect(t, 200, "None.")
		b.get(here).expect(t, 404)
	})
}

// Webhooks by the admin API: made once whatever is repeated, changed in the version that was seen, replayed.
func TestAdminAPIWebhooks(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		r := s.robot("robot", everything...)
		good := `{"url":"https://crm.test/hook","events":["account.created"]}`
		made := r.call("POST", v1+"/webhooks", good, "Idempotency-Key", "k1").expect(t, 201, "whsec_")
		if again := r.call("POST", v1+"/webhooks", good, "Idempotency-Key", "k1"); again.body != made.body || again.Header.Get("ETag") != made.Header.Get("ETag") {
			t.Errorf("repeated: %s", again.body)
		}
		here := v1 + "/webhooks/" + made.json(t)["id"].(string)
		if made.Header.Get("Location") != op+here {
			t.Error(made.Header)
		}
		for body, pointer := range map[string]string{
			`{"url":"javascript:alert(1)","events":["account.created"]}`: "/url", `{"url":"https://crm.test","events":[]}`: "/events",
			`{"url":"https://crm.test","events":["account.exploded"]}`: "/events", `{"url":"https://crm.test","events":["account.created"],"secret":"x"}`: "/secret",
			`{"url":"https://crm.test","events":["account.created"],"id":"x"}`: "/id", `{"url":"https://crm.test","events":"account.created"}`: "/events",
		} {
			answer := r.call("POST", v1+"/webhooks", body)
			if answer.StatusCode != http.StatusBadRequest || !strings.Contains(answer.body, `"pointer":"`+pointer+`"`) {
				t.Errorf("%s: %d %s", body, answer.StatusCode, answer.body)
			}
		}
		tag := made.Header.Get("ETag")
		r.call("PATCH", here, `{"disabled":true}`).problem(t, 428, "version.missing")
		s.pass(time.Second)
		patched := r.call("PATCH", here, `{"disabled":true}`, "If-Match", tag).expect(t, 200, `"disabled":true`, "https://crm.test/hook")
		if strings.Contains(patched.body, "whsec_") {
			t.Error("the secret again")
		}
		r.call("PATCH", here, `{"disabled":false}`, "If-Match", tag).problem(t, 412, "webhook.changed")
		r.call("PATCH", here, `{"created_at":"2020-01-01T00:00:00Z"}`, "If-Match", "*").problem(t, 400, "document.unknown")
		r.call("PATCH", here, `{"disabled":false,"events":["client.created"]}`, "If-Match", "*").expect(t, 200, "client.created")
		first := r.call("POST", here+"/secrets", `{"overlap":60}`, "Idempotency-Key", "r1").expect(t, 201, "whsec_")
		if again := r.call("POST", here+"/secrets", `{"overlap":60}`, "Idempotency-Key", "r1"); again.body != first.body {
			t.Error("rotated twice")
		}
		r.call("POST", here+"/secrets", `{"overlap":99999999}`).problem(t, 400, "webhook.overlap")
		for range 3 {
			must(t, s.office.Audit.Append(t.Context(), audit.Event{Name: "client.created", ClientID: "x"}))
		}
		must1(s.office.Chain.Seal(t.Context()))(t)
		seen, path := []string{}, here+"/deliveries?limit=2"
		for path != "" {
			list := r.call("GET", path, "").expect(t, 200)
			for _, x := range list.json(t)["items"].([]any) {
				seen = append(seen, x.(map[string]any)["id"].(string))
			}
			path, _, _ = strings.Cut(strings.TrimPrefix(list.Header.Get("Link"), "<"), ">")
		}
		if slices.Sort(seen); len(slices.Compact(seen)) != 3 {
			t.Errorf("%v", seen)
		}
		r.call("POST", here+"/deliveries/"+seen[0]+"/replay", "").problem(t, 409, "webhook.waiting")
		tested := r.call("POST", here+"/test", "").expect(t, 202, `"webhook.test"`, `"waiting"`)
		r.call("GET", here+"/deliveries", "").expect(t, 200, tested.json(t)["id"].(string))
		other := r.call("POST", v1+"/webhooks", good).expect(t, 201).json(t)["id"].(string)
		r.call("POST", v1+"/webhooks/"+other+"/deliveries/"+seen[0]+"/replay", "").problem(t, 404, "webhook.delivery_unknown")
		r.call("DELETE", here, "", "If-Match", "*").expect(t, 204)
		r.call("GET", here, "").problem(t, 404, "webhook.unknown")
		if n := s.count(`SELECT COUNT(*) FROM answers WHERE answer LIKE '%whsec_%'`); n != 0 {
			t.Error("a secret is kept in the open")
		}
	})
}
