package server_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pratu/flows/clients"
	"pratu/flows/connectors"
	"pratu/flows/office"
	"pratu/flows/webhooks"
)

// robot is a machine with scopes of the admin API, and the token it got for some of them.
type robot struct {
	s     *site
	token string
}

func (s *site) robot(id string, scopes ...string) robot {
	s.t.Helper()
	if _, err := s.clients.Find(s.t.Context(), id); err != nil {
		var all []string
		for _, a := range office.Remote() {
			all = append(all, a.Scope())
		}
		_, _, err := s.clients.Create(s.t.Context(), clients.Document{
			ClientID: id, Kind: clients.KindMachine, ClientSecret: s2, Metadata: clients.Metadata{Scope: strings.Join(all, " ")},
		})
		must(s.t, err)
	}
	answer := s.post("/oauth2/token", id, s2, url.Values{"grant_type": {"client_credentials"}, "scope": {strings.Join(scopes, " ")}})
	token, _ := answer.json(s.t)["access_token"].(string)
	if token == "" {
		s.t.Fatalf("no token for %v: %s", scopes, answer.body)
	}
	return robot{s, token}
}

// call sends a request with a body, unless it is "", and headers as name, value.
func (r robot) call(method, path, body string, headers ...string) reply {
	r.s.t.Helper()
	q := httptest.NewRequest(method, path, strings.NewReader(body))
	switch {
	case method == http.MethodPatch:
		q.Header.Set("Content-Type", "application/merge-patch+json")
	case body != "":
		q.Header.Set("Content-Type", "application/json")
	}
	if r.token != "" {
		q.Header.Set("Authorization", "Bearer "+r.token)
	}
	for i := 0; i < len(headers); i += 2 {
		q.Header.Set(headers[i], headers[i+1])
	}
	return r.s.do(q)
}

// problem expects a problem and returns the pointers of its parts.
func (r reply) problem(t *testing.T, status int, code string) (pointers []string) {
	t.Helper()
	var p struct {
		Type, Title, Instance, Code string
		Status                      int
		RequestID                   string `json:"request_id"`
		Errors                      []struct{ Pointer, Code, Detail string }
	}
	if err := json.Unmarshal([]byte(r.body), &p); err != nil || r.Header.Get("Content-Type") != "application/problem+json" {
		t.Fatalf("%s %s: no problem: %d %s", r.Request.Method, r.Request.URL, r.StatusCode, r.body)
	}
	if r.StatusCode != status || p.Status != status || p.Code != code || p.Type == "" || p.Title == "" || p.RequestID == "" || p.Instance != r.Request.URL.Path {
		t.Errorf("%s %s: %d %s, want %d %s", r.Request.Method, r.Request.URL, r.StatusCode, r.body, status, code)
	}
	for _, e := range p.Errors {
		pointers = append(pointers, e.Pointer)
	}
	return pointers
}

const v1 = "/admin/api/v1"

var everything = func() (list []string) {
	for _, a := range office.Remote() {
		list = append(list, a.Scope())
	}
	return list
}()

// A client's life by the API: created once whatever is repeated, read, changed in the version that was seen, deleted.
func TestAdminAPIClients(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		r := s.robot("robot", everything...)
		good := `{"kind":"web","client_name":"Shop","redirect_uris":["https://shop.test/cb"]}`
		var wait sync.WaitGroup
		first := r.call("POST", v1+"/clients", good, "Idempotency-Key", "k1").expect(t, 201)
		made := first.json(t)
		id, secret := made["client_id"].(string), made["client_secret"].(string)
		if first.Header.Get("Location") != op+v1+"/clients/"+id || first.Header.Get("ETag") == "" || !s.opens(id, secret) {
			t.Errorf("%v %s", first.Header, first.body)
		}
		for range 4 {
			wait.Go(func() {
				if again := r.call("POST", v1+"/clients", good, "Idempotency-Key", "k1"); again.StatusCode != http.StatusCreated || again.body != first.body {
					t.Errorf("repeated: %d %s", again.StatusCode, again.body)
				}
			})
		}
		wait.Wait()
		r.call("POST", v1+"/clients", strings.Replace(good, "Shop", "Other", 1), "Idempotency-Key", "k1").problem(t, 400, "key.reused")
		r.call("POST", v1+"/clients", `{"kind":"web"}`, "Idempotency-Key", "k2").problem(t, 400, "client.invalid")
		r.call("POST", v1+"/clients", good, "Idempotency-Key", "k2").expect(t, 201) // what failed is forgotten
		if n := s.count(`SELECT COUNT(*) FROM answers WHERE answer LIKE '%pratu_cs_%' OR answer LIKE '%client_secret%'`); n != 0 {
			t.Error("a secret is kept in the open")
		}
		wrong := r.call("POST", v1+"/clients", `{"kind":"web","redirect_uris":["https://a.test/cb","http://a.test/cb"],"typo":1,"settings":{"first_partie":true}}`)
		if got := wrong.problem(t, 400, "client.invalid"); !slices.Equal(got, []string{"/typo", "/settings/first_partie", "/redirect_uris/1"}) {
			t.Errorf("%v", got)
		}
		wrong = r.call("POST", v1+"/clients", `{"kind":"web","redirect_uris":["https://a.test/cb","http://a.test/cb"]}`)
		if got := wrong.problem(t, 400, "client.invalid"); !slices.Equal(got, []string{"/redirect_uris/1"}) {
			t.Errorf("%v", got)
		}
		r.call("POST", v1+"/clients", `{"kind":"machine","origin":"dynamic"}`).problem(t, 400, "document.read_only")

		seen := r.call("GET", v1+"/clients/"+id, "").expect(t, 200)
		if strings.Contains(seen.body, "client_secret\"") || seen.Header.Get("ETag") != first.Header.Get("ETag") {
			t.Errorf("%s", seen.body)
		}
		tag := seen.Header.Get("ETag")
		r.call("PATCH", v1+"/clients/"+id, `{"client_name":"New"}`).problem(t, 428, "version.missing")
		r.call("PATCH", v1+"/clients/"+id, `{"client_name":"New"}`, "If-Match", `"1"`).problem(t, 412, "client.changed")
		r.call("PATCH", v1+"/clients/"+id, `{"client_name":"New"}`, "If-Match", `W/`+tag).problem(t, 412, "client.changed")
		s.pass(time.Second)
		patched := r.call("PATCH", v1+"/clients/"+id, `{"client_name":"New","settings":{"access_token_lifetime":600},"logo_uri":null}`, "If-Match", tag).expect(t, 200)
		if v := patched.json(t); v["client_name"] != "New" || v["redirect_uris"] == nil || v["settings"].(map[string]any)["access_token_lifetime"] != 600.0 {
			t.Errorf("%s", patched.body)
		}
		r.call("PATCH", v1+"/clients/"+id, `{"client_name":"Newer"}`, "If-Match", tag).problem(t, 412, "client.changed")
		fresh := patched.Header.Get("ETag")
		for body, code := range map[string]string{
			`{"typo":1}`: "client.invalid", `{"kind":"machine"}`: "client.invalid", `{"client_id":"other"}`: "client.invalid", `{"client_id_issued_at":1}`: "document.read_only",
			`[]`: "document.json", `null`: "document.json", `{"client_secret":"` + s1 + `"}`: "client.invalid", `{"redirect_uris":"x"}`: "client.invalid",
		} {
			r.call("PATCH", v1+"/clients/"+id, body, "If-Match", fresh).problem(t, 400, code)
		}
		wrong = r.call("PATCH", v1+"/clients/"+id, `{"typo":1,"redirect_uris":["http://a.test/cb"]}`, "If-Match", fresh)
		if got := wrong.problem(t, 400, "client.invalid"); !slices.Equal(got, []string{"/typo", "/redirect_uris/0"}) {
			t.Errorf("%v", got)
		}
		r.call("PATCH", v1+"/clients/"+id, `{}`, "If-Match", fresh, "Content-Type", "application/json").problem(t, 415, "body.type")
		rotated := r.call("POST", v1+"/clients/"+id+"/secrets", `{"overlap":60}`, "Idempotency-Key", "r1").expect(t, 201)
		if again := r.call("POST", v1+"/clients/"+id+"/secrets", `{"overlap":60}`, "Idempotency-Key", "r1"); again.body != rotated.body {
			t.Errorf("rotated twice: %s", again.body)
		}
		r.call("POST", v1+"/clients/"+id+"/secrets", `{"overlap":99999999}`).problem(t, 400, "client.overlap")
		r.call("DELETE", v1+"/clients/"+id, "").problem(t, 428, "version.missing")
		r.call("DELETE", v1+"/clients/"+id, "", "If-Match", tag).problem(t, 412, "client.changed")
		r.call("DELETE", v1+"/clients/"+id, "", "If-Match", "*").expect(t, 204)
		r.call("GET", v1+"/clients/"+id, "").problem(t, 404, "client.unknown")

		// Pages: each client once, by opaque cursors and links.
		ids, path := map[string]int{}, v1+"/clients?limit=3"
		for range 20 {
			list := r.call("GET", path, "").expect(t, 200)
			for _, x := range list.json(t)["items"].([]any) {
				ids[x.(map[string]any)["client_id"].(string)]++
			}
			link := list.Header.Get("Link")
			if link == "" {
				break
			}
			path, _, _ = strings.Cut(strings.TrimPrefix(link, "<"), ">")
		}
		if len(ids) < 10 || ids["web1"] != 1 {
			t.Errorf("%v", ids)
		}
	})
}

// Who has no token, another's, a person's, or one without the scope is refused, everywhere; and so is what isn't asked for.
func TestAdminAPIRefusals(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		all := s.robot("robot", everything...)
		s.titles()
		_, err := s.social.Connectors.Create(t.Context(), connectors.Document{Kind: connectors.KindOIDC, ID: "corp", ClientID: "x", Settings: connectors.Settings{Issuer: "https://idp.test"}})
		must(t, err)
		tried, _ := s.appointed("tried@x.test", office.Owner)
		sent := must1(s.office.TestFor(t.Context(), office.Host(), tried.SSOID, "mail"))(t).ID
		sampled := strings.NewReplacer("{client}", "web1", "{account}", "21992040", "{connector}", "corp", "{title}", "dragons", "{player}", s.mali.OID, "{key}", "none", "{kid}", "none", "{role}", "none", "{message}", sent, "{binding}", "none", "{token}", "none")
		person := s.tokens(s.signedIn("alice"))["access_token"].(string)
		_, _, err = s.clients.Create(t.Context(), clients.Document{ClientID: "hybrid", Kind: clients.KindWeb, ClientSecret: s1, Metadata: clients.Metadata{
			RedirectURIs: []string{rp}, GrantTypes: []string{clients.GrantCode, clients.GrantClientCredentials}, Scope: "openid",
		}})
		must(t, err)
		web := s.post("/oauth2/token", "hybrid", s1, url.Values{"grant_type": {"client_credentials"}}).json(t)["access_token"].(string)
		hook, _, err := s.office.CreateWebhook(t.Context(), office.Host(), webhooks.Settings{URL: "https://crm.test/", Events: []string{"account.created"}})
		must(t, err)
		document := s.do(httptest.NewRequest(http.MethodGet, "/admin/api/openapi.json", nil)).expect(t, 200).json(t)
		count, scopes := 0, map[string]bool{}
		for path, item := range document["paths"].(map[string]any) { // what is answered is what is described
			if get, is := item.(map[string]any)["get"].(map[string]any); is {
				target := v1 + strings.NewReplacer("{webhook}", hook.ID, "{delivery}", "nothing").Replace(sampled.Replace(path))
				content := get["responses"].(map[string]any)["200"].(map[string]any)["content"].(map[string]any)
				if content["application/json"] == nil { // a stream
					continue
				}
				described := content["application/json"].(map[string]any)["schema"]
				shaped(t, target, described.(map[string]any), all.call("GET", target, "").expect(t, 200).json(t))
			}
		}
		for path, item := range document["paths"].(map[string]any) {
			target := v1 + strings.NewReplacer("{webhook}", hook.ID, "{delivery}", "nothing").Replace(sampled.Replace(path))
			for method, described := range item.(map[string]any) {
				count++
				method, op := strings.ToUpper(method), described.(map[string]any)
				var takes []string
				for _, scope := range op["security"].([]any)[0].(map[string]any)["oauth"].([]any) {
					takes = append(takes, scope.(string))
					scopes[scope.(string)] = true
				}
				for what, token := range map[string]string{"none": "", "nonsense": "x", "a person's": person, "a web client's": web} {
					answer := robot{s, token}.call(method, target, "")
					answer.problem(t, 401, "invalid_token")
					if !strings.HasPrefix(answer.Header.Get("WWW-Authenticate"), "Bearer ") {
						t.Errorf("%s %s with token of %s: %v", method, target, what, answer.Header)
					}
				}
				for _, scope := range takes {
					others := slices.DeleteFunc(slices.Clone(everything), func(x string) bool { return x == scope })
					answer := s.robot("robot", others...).call(method, target, "")
					answer.problem(t, 403, "office.forbidden")
					if !strings.Contains(answer.Header.Get("WWW-Authenticate"), `scope="`+strings.Join(takes, " ")+`"`) {
						t.Errorf("%s %s: %v", method, target, answer.Header)
					}
				}
				only := s.robot("robot", takes...)
				if answer := only.call(method, target+"?surprise=1", "{}"); answer.problem(t, 400, "query.unknown") != nil || answer.Header.Get("Cache-Control") != "no-store" {
					t.Errorf("%s %s: %v", method, target, answer.Header)
				}
				away := []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusMethodNotAllowed}
				answer := only.call(method, target, "{}", "If-Match", "*")
				if slices.Contains(away, answer.StatusCode) || answer.StatusCode == http.StatusNotFound && !strings.Contains(answer.body, "unknown") && !strings.Contains(answer.body, ".missing") {
					t.Errorf("%s %s isn't what the document says: %d %s", method, target, answer.StatusCode, answer.body)
				}
			}
		}
		if count != 69 || len(scopes) != len(everything) { // an action without an operation has no scope
			t.Errorf("%d operations, %d of %d scopes", count, len(scopes), len(everything))
		}
		for path, code := range map[string]string{"/clients?limit=0": "query.limit", "/clients?limit=x": "query.limit", "/accounts?cursor=!!": "query.cursor", "/audit?cursor=YQ": "query.cursor", "/audit?account=a@x.test": "query.account", "/audit?since=yesterday": "query.since", "/audit?until=": "query.until"} {
			all.call("GET", v1+path, "").problem(t, 400, code)
		}
		for body, code := range map[string]string{`{`: "document.json", `{}`: "search.empty", `{"text":"x","more":1}`: "document.unknown", `{"text":1}`: "document.type", `{"text":"x"}{}`: "document.json", `{"text":"x","limit":1000}`: "query.limit"} {
			all.call("POST", v1+"/accounts/search", body).problem(t, 400, code)
		}
		all.call("POST", v1+"/accounts/search", `{"text":"`+strings.Repeat("x", 2<<20)+`"}`).problem(t, 413, "body.too_long")
		all.call("GET", v1+"/nothing", "").problem(t, 404, "not_found")
		all.call("PUT", v1+"/clients", "").problem(t, 405, "method_not_allowed")
		q := httptest.NewRequest(http.MethodGet, v1+"/clients", nil) // a cookie is no token: no page can be made to ask
		owner, _ := s.appointed("owner@x.test", office.Owner)
		for name, value := range s.proven(owner.ID).cookies {
			q.AddCookie(&http.Cookie{Name: name, Value: value})
		}
		s.do(q).problem(t, 401, "invalid_token")
		_, err = s.clients.Update(t.Context(), "robot", func(d *clients.Document) error { d.Disabled = true; return nil })
		must(t, err)
		s.pass(2 * time.Second)
		all.call("GET", v1+"/clients", "").problem(t, 401, "invalid_token")
	})
}

// An account is created once whatever is repeated, by claims and nothing else (OF-03).
func TestAdminAPINewAccount(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		r := s.robot("robot", everything...)
		for body, pointer := range map[string]string{
			`{"email":"nok@x.test","roles":["owner"]}`: "/roles", `{"email":"nok@x.test","gven_name":"Nok"}`: "/gven_name", `{"email":"nok@x.test","status":"1"}`: "/status",
			`{"email":"nok@x.test","birthdate":"2000-13-40"}`: "/birthdate", `{"email":"nok@x.test","address":{"planet":"Earth"}}`: "/address/planet", `{"email":1}`: "/email", `[]`: "", `null`: "",
		} {
			if got := r.call("POST", v1+"/accounts", body).problem(t, 400, "account.claims"); !slices.Equal(got, []string{pointer}) {
				t.Errorf("%s: %q", body, got)
			}
		}
		r.call("POST", v1+"/accounts", `{"name":"Nok"}`).problem(t, 400, "account.no_contact")
		r.call("POST", v1+"/accounts", `{"email":"nok@x.test","password":"short"}`).problem(t, 400, "password.too_short")
		r.call("POST", v1+"/accounts", `{"email":"`+malisMail+`","email_verified":true}`).problem(t, 409, "account.exists")
		good := `{"email":"nok@x.test","email_verified":true,"name":"Nok","password":"` + malisPassword + `"}`
		first := r.call("POST", v1+"/accounts", good, "Idempotency-Key", "n1").expect(t, 201)
		if again := r.call("POST", v1+"/accounts", good, "Idempotency-Key", "n1"); again.body != first.body {
			t.Errorf("two accounts: %s", again.body)
		}
		number, _ := first.json(t)["ssoid"].(string)
		if first.Header.Get("Location") != op+v1+"/accounts/"+number || strings.Contains(first.body, "argon2") || strings.Contains(first.body, malisPassword) {
			t.Errorf("%v %s", first.Header, first.body)
		}
		r.call("GET", v1+"/accounts/"+number, "").expect(t, 200, `"register_by":"0"`, `"roles":[]`, `"password":true`)
		if answer := s.browser().login("nok@x.test", malisPassword); answer.StatusCode != http.StatusSeeOther {
			t.Errorf("can't sign in: %d", answer.StatusCode)
		}
		if n := s.count(`SELECT COUNT(*) FROM audit WHERE event = 'account.created' AND actor_kind = 'client' AND actor_id = 'robot'`); n != 1 {
			t.Errorf("%d on the record", n)
		}
	})
}

// Accounts and record by the API.
func TestAdminAPIAccounts(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		r := s.robot("robot", everything...)
		mali := v1 + "/accounts/" + number(s.mali.SSOID)
		found := r.call("POST", v1+"/accounts/search", `{"text":"`+malisMail+`"}`).expect(t, 200, number(s.mali.SSOID), malisPhone)
		if len(found.json(t)["items"].([]any)) != 1 {
			t.Error(found.body)
		}
		r.call("POST", v1+"/accounts/search", `{"text":"nobody@x.test"}`).expect(t, 200, `"items":[]`)
		r.call("GET", mali, "").expect(t, 200, "Mali Saelim")
		r.call("GET", v1+"/accounts?limit=1", "").expect(t, 200, "next_cursor")
		b := s.browser()
		b.to(b.login(malisMail, malisPassword), "/account")
		r.call("POST", mali+"/end-sessions", "").expect(t, 204)
		if b.isIn() {
			t.Error("still signed in")
		}
		if got := r.call("POST", mali+"/disable", `{"reason":""}`).problem(t, 400, "office.reason"); !slices.Equal(got, []string{"/reason"}) {
			t.Errorf("%v", got)
		}
		for _, reason := range []string{"spam", "again"} { // twice is once
			r.call("POST", mali+"/disable", `{"reason":"`+reason+`"}`).expect(t, 204)
			r.call("GET", mali, "").expect(t, 200, `"disabled_for":"spam"`)
		}
		for range 2 {
			r.call("POST", mali+"/enable", "").expect(t, 204)
		}
		if n := s.count(`SELECT COUNT(*) FROM audit WHERE event IN ('account.disabled', 'account.enabled')`); n != 2 {
			t.Errorf("%d events of two changes", n)
		}
		r.call("POST", mali+"/reset-factors", "").expect(t, 204)
		s.notes()
		r.call("POST", mali+"/send-recovery", "").expect(t, 204)
		if list := s.delivered(); len(list) != 1 || list[0].To != malisMail || list[0].Data.Token == "" {
			t.Errorf("%+v", list)
		}
		r.call("DELETE", mali, "").expect(t, 204)
		r.call("DELETE", mali, "").problem(t, 409, "account.changed")
		r.call("POST", mali+"/disable", `{"reason":"spam"}`).problem(t, 409, "account.closed")
		r.call("POST", mali+"/enable", "").problem(t, 409, "account.closed")
		owner, _ := s.appointed("owner@x.test", office.Owner)
		s.robot("robot", "admin:accounts.write").call("POST", v1+"/accounts/"+number(owner.SSOID)+"/reset-factors", "").problem(t, 403, "office.forbidden")
		for _, id := range []string{"0", "-1", "x", "1.5", "99999999999999999999", "1"} {
			r.call("GET", v1+"/accounts/"+id, "").problem(t, 404, "account.unknown")
		}
		events := r.call("GET", v1+"/audit?limit=2&account="+number(s.mali.SSOID), "").expect(t, 200, "account.deleted", `"actor":"robot"`, "next_cursor")
		next, _, _ := strings.Cut(strings.TrimPrefix(events.Header.Get("Link"), "<"), ">")
		r.call("GET", next, "").expect(t, 200, "account.enabled")
		r.call("GET", v1+"/audit?event=account.disabled&outcome=success", "").expect(t, 200, `"reason":"spam"`)
	})
}

// shaped looks for members that a schema doesn't have, and for other types than it says.
func shaped(t *testing.T, at string, schema map[string]any, value any) {
	t.Helper()
	properties, _ := schema["properties"].(map[string]any)
	types := map[any]bool{"object": false, "array": false, "string": false, "integer": false, "boolean": false, nil: true}
	switch v := value.(type) {
	case map[string]any:
		types["object"] = true
		for name, x := range v {
			if inner, known := properties[name].(map[string]any); known {
				shaped(t, at+"/"+name, inner, x)
			} else if properties != nil {
				t.Errorf("%s: %s isn't in the document", at, name)
			}
		}
	case []any:
		types["array"] = true
		for _, x := range v {
			shaped(t, at+"/0", schema["items"].(map[string]any), x)
		}
	case string:
		types["string"] = true
	case float64:
		types["integer"] = true
	case bool:
		types["boolean"] = true
	}
	if !types[schema["type"]] {
		t.Errorf("%s is %T, not %v", at, value, schema["type"])
	}
}
