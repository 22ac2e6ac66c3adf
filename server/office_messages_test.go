package server_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"pratu/flows/clients"
	"pratu/flows/office"
	"pratu/server/formtest"
)

// messages are what can be said of redirect URIs. What is allowed and often a mistake has no pointer: the API's answer has no
// place for that.
var messages = []struct{ kind, uris, code, pointer, says string }{
	{"web", "/callback", "uri.not_absolute", "/redirect_uris/0", "must be an absolute URI"},
	{"web", "https:///cb", "uri.not_absolute", "/redirect_uris/0", "must be an absolute URI"},
	{"web", "https://a.test/cb#x", "uri.fragment", "/redirect_uris/0", "a fragment is not allowed"},
	{"web", "https://a.test/ok\nhttp://a.test/cb", "uri.http", "/redirect_uris/1", "http only for localhost"},
	{"web", "https://*.a.test/cb", "uri.wildcard", "/redirect_uris/0", "list each URI"},
	{"web", "https://me@a.test/cb", "uri.userinfo", "/redirect_uris/0", "user information"},
	{"web", "javascript:alert(1)", "uri.scheme", "/redirect_uris/0", "the scheme javascript is refused"},
	{"native", "data:text/html,x", "uri.scheme", "/redirect_uris/0", "the scheme data is refused"},
	{"web", "file:///etc/passwd", "uri.scheme", "/redirect_uris/0", "the scheme file is refused"},
	{"web", "https://ประตู.test/cb", "uri.non_ascii", "/redirect_uris/0", "write the host ประตู.test as xn--"},
	{"web", "https://a.test/cb\nhttps://a.test/cb", "uri.duplicate", "/redirect_uris/1", "the same URI as number 0"},
	{"web", "com.example.app:/cb", "uri.kind", "/redirect_uris/0", "kind web expects https"},
	{"spa", "myapp:/cb", "uri.kind", "/redirect_uris/0", "kind spa expects https"},
	{"native", "myapp:/cb", "uri.private_use", "/redirect_uris/0", "a reversed domain name"},
	{"web", "HTTPS://A.test/cb", "uri.case", "/redirect_uris/0", "lower case"},
	{"web", "https://a.test:99999/cb", "uri.port", "/redirect_uris/0", "out of range"},
	{"web", "https://a.test/c b", "uri.characters", "/redirect_uris/0", "percent-encode"},
	{"web", "https://a.test/" + strings.Repeat("x", 2048), "uri.too_long", "/redirect_uris/0", "shorten it"},
	{"web", "", "uri.missing", "/redirect_uris", "at least one redirect URI"},
	{"native", "http://localhost/cb", "uri.warn_localhost", "", "any port"},
	{"web", "http://127.0.0.1:8090/cb", "uri.warn_localhost", "", "three addresses"},
	{"web", "https://a.test/cb/", "uri.warn_slash", "", "the trailing slash is part of the comparison"},
	{"web", "https://a.test:443/cb", "uri.warn_port", "", "the default port"},
	{"web", "https://xn--m3cly6c4b.test/cb", "uri.warn_idn", "", "the host reads ประตู.test"},
}

// Each message, by the wizard before anything is written and by the API with the same code and pointer.
func TestRedirectMessages(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		_, b := s.appointed("owner@x.test", office.Owner)
		robot := s.robot("robot", "admin:clients.write")
		forms := map[string]formtest.Form{}
		before := s.count(`SELECT COUNT(*) FROM clients`)
		for _, c := range messages {
			if _, ok := forms[c.kind]; !ok {
				forms[c.kind] = formtest.Find(t, b.get("/admin/new-client?kind="+c.kind).body, "client-form")
			}
			page := b.send(post("/admin/new-client", changed(forms[c.kind].Values, "action", "check", "redirect_uris", c.uris)))
			status := http.StatusUnprocessableEntity
			if c.pointer == "" {
				status = http.StatusOK
			}
			page.expect(t, status, c.says)
			if c.pointer == "" {
				continue
			}
			uris := strings.Split(c.uris, "\n")
			if c.uris == "" {
				uris = nil
			}
			body, err := json.Marshal(map[string]any{"kind": c.kind, "redirect_uris": uris})
			must(t, err)
			var problem struct {
				Errors []struct{ Pointer, Code, Detail string }
			}
			answer := robot.call(http.MethodPost, "/admin/api/v1/clients", string(body))
			must(t, json.Unmarshal([]byte(answer.body), &problem))
			if answer.StatusCode != http.StatusBadRequest || !slices.ContainsFunc(problem.Errors, func(e struct{ Pointer, Code, Detail string }) bool {
				return e.Pointer == c.pointer && e.Code == c.code && strings.Contains(e.Detail, c.says)
			}) {
				t.Errorf("%q: %d %s", c.uris, answer.StatusCode, answer.body)
			}
		}
		if after := s.count(`SELECT COUNT(*) FROM clients`); after != before {
			t.Errorf("%d clients were written", after-before)
		}
		// A change is checked as it would be saved, and isn't.
		page := b.get("/admin/clients/web1")
		b.submit(page, "client-form", "action", "check", "redirect_uris", "http://a.test/").expect(t, 422, "http only for localhost", `value="check"`)
		b.submit(page, "client-form", "action", "check", "client_name", "Other").expect(t, 200, "Nothing was saved.", `value="Other"`)
		if c := must1(s.clients.Find(t.Context(), "web1"))(t); c.Metadata.ClientName == "Other" {
			t.Error("it was saved")
		}
		_, _, err := s.clients.Create(t.Context(), clients.Document{ClientID: "dragons", Kind: clients.KindGame})
		must(t, err)
		_, theirs := s.appointed("titled@x.test", office.TitleOwner)
		theirs.submit(theirs.get("/admin/clients/dragons"), "client-form", "action", "check").expect(t, 200)
	})
}
