package server_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"pratu/flows/clients"
	"pratu/server/adminapi"
)

// imports sends lines to be imported, as a file of which the first has a number.
func (r robot) imports(t *testing.T, from int, lines ...string) (answer adminapi.Import) {
	t.Helper()
	got := r.call("POST", fmt.Sprintf("%s/accounts/import?line=%d", v1, from), strings.Join(lines, "\n"), "Content-Type", "application/x-ndjson").expect(t, 200)
	must(t, json.Unmarshal([]byte(got.body), &answer))
	return answer
}

func refusedLines(answer adminapi.Import) (list []string) {
	for _, x := range answer.Refusals {
		list = append(list, fmt.Sprintf("%d %s %s", x.Line, x.Code, x.Member))
	}
	return list
}

// A file comes in parts, each of which may come again; what can't be imported is told of and costs no other, and takes nothing
// from anybody.
func TestAdminAPIImport(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		r := s.robot("robot", everything...)
		good := `{"ssoid":"31985824","contacts":[{"type":"email","identifier":"somchai@x.test","verified":true}],"password_hash":"$2y$04$5JpmPQQ1hAh4rIdpTKGdxOnUaIhD2oYuqQcGxTgOQZSfS2ZDLSD3G","bindings":[{"partner":"truemoney","external_id":"tmn.7"}]}`
		lines := []string{
			good, ``, `{"contacts":[{"type":"email","identifier":"` + malisMail + `","verified":true}]}`, `{"ssoid":"` + number(s.mali.SSOID) + `","contacts":[{"type":"email","identifier":"thief@x.test"}]}`,
			`{"contacts":[{"type":"email","identifier":"x@x.test"}],"roles":["owner"]}`, "{\"contacts\":[{\"type\":\"email\",\"identifier\":\"\xff@x.test\"}]}", `{"contacts":[{"type":"email","identifier":"z@x.test"}],"` + strings.Repeat("a\u202e", 9000) + `":1}`,
			strings.Repeat("[", 60000), `{"contacts":[{"type":"email","identifier":"n@x.test"}],"bindings":[{"partner":"truemoney","external_id":"a\u0000b"}]}`,
			`{"contacts":[{"type":"email","identifier":"n\u0000@x.test"}]}`, `{"contacts":[{"type":"email","identifier":"p@x.test"}],"password_hash":"$2y$04$5JpmPQQ1hAh4rIdpTKGdxOnUaIhD2oYuqQcGxTgOQZSfS2ZDLSD\u0000"}`,
			`{"contacts":[{"type":"email","identifier":"y@x.test"}],"claims":{"name":"` + strings.Repeat("a", 65<<10) + `"}}`, `{"contacts":[{"type":"email","identifier":"last@x.test"}]}`,
		}
		first := r.imports(t, 501, lines...)
		if first.Read != 12 || first.Imported != 2 || first.Refused != 10 || first.Unchanged != 0 {
			t.Errorf("%+v", first.ImportResult)
		}
		got := strings.Join(refusedLines(first), "\n")
		for _, want := range []string{"503 import.contact_taken contacts[0]", "504 import.ssoid_taken ssoid", "505 import.unknown_member roles", "506 import.json ", "508 import.json ", "509 import.binding bindings[0]", "510 contact.email_invalid contacts[0].identifier", "511 import.password_hash password_hash", "512 import.too_long "} {
			if !strings.Contains(got, want) {
				t.Errorf("%s isn't in\n%s", want, got)
			}
		}
		if len(got) > 2000 || strings.Contains(got, "thief") || strings.Contains(got, malisMail) {
			t.Errorf("%d bytes of refusals, with what somebody wrote: %.2000s", len(got), got)
		}
		if again := r.imports(t, 501, lines...); again.Imported != 0 || again.Unchanged != 2 || again.Refused != 10 {
			t.Errorf("again: %+v", again.ImportResult)
		}
		r.call("GET", v1+"/accounts/31985824", "").expect(t, 200, "somchai@x.test", `"password":true`, `"roles":[]`)
		r.call("GET", v1+"/accounts/31985824/bindings", "").expect(t, 200, "tmn.7")
		if n := s.count(`SELECT COUNT(*) FROM audit WHERE event = 'accounts.imported' AND actor_kind = 'client' AND actor_id = 'robot' AND details LIKE '%"from_line":501%'`); n != 1 {
			t.Errorf("%d on the record", n)
		}
		if n := s.count(`SELECT COUNT(*) FROM contacts WHERE account_id = '` + s.mali.ID + `'`); n != 2 {
			t.Errorf("somebody's account has %d contacts now", n)
		}

		at := v1 + "/accounts/import"
		ndjson := []string{"Content-Type", "application/x-ndjson"}
		r.call("POST", at, good).problem(t, 415, "body.type")
		r.call("POST", at, strings.Repeat("\n", 1000), ndjson...).expect(t, 200, `"read":0`)
		r.call("POST", at, strings.Repeat("\n", 1001), ndjson...).problem(t, 413, "import.too_many")
		r.call("POST", at, strings.Repeat(" ", 2<<20), ndjson...).problem(t, 413, "body.too_long")
		if worst := r.call("POST", at, strings.Repeat("\x01\n", 1000), ndjson...).expect(t, 200, `"refused":1000`); len(worst.body) > 64<<10 {
			t.Errorf("%d bytes for 2000", len(worst.body))
		}
		for _, line := range []string{"0", "-1", "x", "99999999999999"} {
			r.call("POST", at+"?line="+line, good, ndjson...).problem(t, 400, "query.line")
		}
		creator := s.robot("creator", "admin:accounts.create", "admin:accounts.write")
		creator.call("POST", at, good, ndjson...).problem(t, http.StatusForbidden, "office.forbidden")
	})
}

// A line that says what isn't its to say is refused, and what a profile came to hold of it all the same no application is told.
func TestAdminAPIImportForgesNoRoles(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		must1(s.clients.Update(t.Context(), "web1", func(d *clients.Document) error {
			return d.Settings.Set("claims", `[{"claim":"web1:roles","field":"roles","in":["id_token","userinfo","access_token"]},{"claim":"web1:id","field":"ssoid"}]`)
		}))(t)
		r := s.robot("robot", everything...)
		r.imports(t, 1, `{"ssoid":"31985824","contacts":[{"type":"email","identifier":"somchai@x.test","verified":true}],"claims":{"name":"Somchai"}}`)
		var lines []string
		for _, forged := range []string{`"roles":["owner"]`, `"ssoid":"1"`, `"oid":"2"`} {
			lines = append(lines, `{"contacts":[{"type":"email","identifier":"another@x.test"}],"claims":{"name":"Somchai",`+forged+`}}`)
		}
		want := []string{"1 import.claims claims.roles", "2 import.claims claims.ssoid", "3 import.claims claims.oid"}
		if refused := refusedLines(r.imports(t, 1, lines...)); !slices.Equal(refused, want) {
			t.Errorf("%v", refused)
		}
		s.exec(`UPDATE accounts SET profile = '{"name":"Somchai","roles":["owner"],"ssoid":"1","oid":"2"}' WHERE ssoid = 31985824`)
		preview := r.call("POST", v1+"/clients/web1/claims-preview", `{"account":"31985824"}`).expect(t, 200, `"web1:id":"31985824"`)
		if strings.Contains(preview.body, "owner") {
			t.Errorf("an application is told that somebody is an owner: %s", preview.body)
		}
	})
}
