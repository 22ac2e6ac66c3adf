package server_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"pratu/flows/accounts"
	"pratu/flows/mail"
	"pratu/flows/office"
)

// Two accounts become one as the preview showed them, once whatever is repeated (OF-03, OF-08).
func TestAdminAPIMerge(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		x := s.twin()
		r := s.robot("robot", everything...)
		from, into := v1+"/accounts/"+number(x.SSOID), `{"into":"`+malisMail+`"}`
		for body, code := range map[string]string{
			`{}`: "merge.into", `{"into":1}`: "document.type", `{"into":"x","confirm":true}`: "document.unknown", `{"into":"nobody@x.test"}`: "account.unknown", `{"into":"` + number(x.SSOID) + `"}`: "merge.same",
		} {
			if got := r.call("POST", from+"/merge-preview", body).problem(t, 400, code); len(got) != 1 {
				t.Errorf("%s: %v", body, got)
			}
		}
		preview := r.call("POST", from+"/merge-preview", into).expect(t, 200, twinsMail, `"claims":["birthdate"]`, `"sub":"`+number(s.mali.SSOID)+`"`)
		if strings.Contains(preview.body, "<b>") { // as text of JSON it is escaped
			t.Error(preview.body)
		}
		var v struct {
			Players []struct {
				Title string
				Stays bool
			}
		}
		must(t, json.Unmarshal([]byte(preview.body), &v))
		stays := map[string]bool{}
		for _, p := range v.Players {
			stays[p.Title] = p.Stays
		}
		if tag := preview.Header.Get("ETag"); len(v.Players) != 2 || !stays["dragons"] || stays["tigers"] || tag == "" {
			t.Errorf("%s %s", tag, preview.body)
		}
		if n := s.count(`SELECT COUNT(*) FROM audit WHERE event = 'directory.searched' AND actor_kind = 'client' AND actor_id = 'robot'`); n != 2 {
			t.Errorf("%d of two searches by an address are on the record", n) // whether somebody has an account was told
		}
		// Nothing but what was seen, and as it was.
		r.call("POST", from+"/merge", into).problem(t, 428, "version.missing")
		s.pass(time.Second)
		must(t, s.accounts.UpdateProfile(t.Context(), x.ID, map[string]string{"name": "Somebody else"}))
		searches := func() int64 { return s.count(`SELECT COUNT(*) FROM audit WHERE event = 'directory.searched'`) }
		before := searches()
		for _, tag := range []string{"*", `"1-1"`, `W/` + preview.Header.Get("ETag"), preview.Header.Get("ETag")} {
			r.call("POST", from+"/merge", into, "If-Match", tag, "Idempotency-Key", "m1").problem(t, 412, "account.changed")
		}
		if n := s.count(`SELECT COUNT(*) FROM accounts WHERE status = '4'`); n != 0 {
			t.Error("merged all the same")
		}
		if n := searches() - before; n != 4 {
			t.Errorf("%d of 4 searches of merges that were refused are on the record", n)
		}
		tag := r.call("POST", from+"/merge-preview", into).expect(t, 200).Header.Get("ETag")
		first := r.call("POST", from+"/merge", into, "If-Match", tag, "Idempotency-Key", "m1").expect(t, 200, `"into":"`+number(s.mali.SSOID)+`"`)
		if again := r.call("POST", from+"/merge", into, "If-Match", tag, "Idempotency-Key", "m1"); again.StatusCode != http.StatusOK || again.body != first.body {
			t.Errorf("repeated: %d %s", again.StatusCode, again.body)
		}
		r.call("POST", from+"/merge", into, "If-Match", tag).problem(t, 400, "merge.status")
		r.call("GET", from, "").expect(t, 200, `"status":"4"`, `"merged_into":"`+number(s.mali.SSOID)+`"`, `"sessions":0`)
		if n := s.count(`SELECT COUNT(*) FROM audit WHERE event = 'account.merged' AND actor_kind = 'client' AND actor_id = 'robot'`); n != 2 {
			t.Errorf("%d on the record", n)
		}
		// Nobody with a role goes anywhere, and nobody goes into them.
		owner, _ := s.appointed("owner@x.test", office.Owner)
		boss := `{"into":"` + number(owner.SSOID) + `"}`
		for path, body := range map[string]string{"/accounts/" + number(owner.SSOID) + "/merge-preview": into, "/accounts/" + number(s.mali.SSOID) + "/merge-preview": boss} {
			if code := r.call("POST", v1+path, body); !slices.Contains([]int{400, 403}, code.StatusCode) {
				t.Errorf("%s: %d %s", path, code.StatusCode, code.body)
			}
		}
	})
}

// What is known of a person leaves on the record, is told to them, and looks as the document says.
func TestAdminAPIExport(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		r := s.robot("robot", everything...)
		s.notes()
		at := v1 + "/accounts/" + number(s.mali.SSOID) + "/export"
		answer := r.call("POST", at, "").expect(t, 200)
		var file accounts.Export
		must(t, json.Unmarshal([]byte(answer.body), &file))
		if file.Account.SSOID != s.mali.SSOID || len(file.Contacts) != 2 || strings.Contains(answer.body, "$argon2") || answer.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%v %s", answer.Header, answer.body)
		}
		paths := r.call("GET", "/admin/api/openapi.json", "").json(t)["paths"].(map[string]any)
		described := paths["/accounts/{account}/export"].(map[string]any)["post"].(map[string]any)["responses"].(map[string]any)["200"].(map[string]any)
		shaped(t, at, described["content"].(map[string]any)["application/json"].(map[string]any)["schema"].(map[string]any), answer.json(t))
		if n := s.count(`SELECT COUNT(*) FROM audit WHERE event = 'account.exported' AND actor_kind = 'client' AND actor_id = 'robot' AND account_id = '` + s.mali.ID + `'`); n != 1 {
			t.Errorf("%d on the record", n)
		}
		s.told(mail.DataExported)
		owner, _ := s.appointed("owner@x.test", office.Owner)
		s.robot("robot", "admin:accounts.export").call("POST", v1+"/accounts/"+number(owner.SSOID)+"/export", "").problem(t, 403, "office.forbidden")
	})
}
