package server_test

import (
	"strings"
	"testing"

	"pratu/flows/office"
	"pratu/storage"
)

// What an application would be told of somebody is for who may see both, and on the record, where the owner reads it.
func TestAdminAPIPreview(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		r := s.robot("robot", everything...)
		at := v1 + "/clients/web1/claims-preview"
		preview := r.call("POST", at, `{"account":"`+malisMail+`"}`).expect(t, 200, "Mali Saelim").json(t)
		if preview["id_token"].(map[string]any)["aud"] == nil || preview["userinfo"].(map[string]any)["email"] != malisMail || preview["access_token"] == nil {
			t.Errorf("%v", preview)
		}
		if narrow := r.call("POST", at, `{"account":"`+number(s.mali.SSOID)+`","scope":"openid"}`).expect(t, 200); strings.Contains(narrow.body, malisMail) {
			t.Error(narrow.body)
		}
		r.call("POST", v1+"/clients/svc1/claims-preview", `{}`).expect(t, 200, `"access_token"`) // nobody's
		if n := s.count(`SELECT COUNT(*) FROM audit WHERE event = 'account.claims_previewed' AND actor_kind = 'client' AND actor_id = 'robot' AND client_id = 'web1' AND account_id = '` + s.mali.ID + `'`); n != 2 {
			t.Errorf("%d on the record", n)
		}
		if n := s.count(`SELECT COUNT(*) FROM audit WHERE event = 'directory.searched' AND actor_id = 'robot'`); n != 1 { // by an address
			t.Errorf("%d searches on the record", n)
		}
		for body, code := range map[string]string{
			`{}`: "account.unknown", `{"account":"nobody@x.test"}`: "account.unknown", `{"account":"1","scope":"openid admin:roles.write"}`: "account.unknown",
			`{"account":"21992040","scope":"openid admin:roles.write"}`: "client.scope", `{"account":"21992040","scope":"` + strings.Repeat("openid ", 1<<16) + `"}`: "scope.too_long",
			`{"account":"` + strings.Repeat("a", 1<<19) + `"}`: "search.too_long", `{"account":21992040}`: "document.type", `{"account":"21992040","client":"web2"}`: "document.unknown",
			`{"account":"a\u0000b"}`: "account.unknown",
		} {
			r.call("POST", at, body).problem(t, 400, code)
		}
		r.call("POST", v1+"/clients/none/claims-preview", `{"account":"21992040"}`).problem(t, 404, "client.unknown")
		for _, scope := range []string{"admin:clients.read", "admin:accounts.read"} { // one of two isn't enough, nor for an application without people
			s.robot("robot", scope).call("POST", v1+"/clients/svc1/claims-preview", `{}`).problem(t, 403, "office.forbidden")
		}
	})
}

// Calls are told by application and day, page by page; of an application that isn't there nothing.
func TestAdminAPIUsage(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		r := s.robot("robot", everything...)
		today := s.now().Unix() / 86400
		var p storage.Presence
		for back := range int64(3) {
			p.Calls = append(p.Calls, storage.CallCount{ClientID: "web1", Call: "accounts.by_mobile", Day: today - back*20, Calls: 1 + back}, storage.CallCount{ClientID: "web2", Call: "partner.token", Day: today - back*20, Calls: 9})
		}
		must(t, s.store.NotePresence(t.Context(), p))
		if all := r.call("GET", v1+"/usage", "").expect(t, 200).json(t)["items"].([]any); len(all) != 4 { // of 30 days
			t.Errorf("%v", all)
		}
		seen, path := map[string]int{}, v1+"/usage?client=web1&days=41&limit=1"
		for path != "" && len(seen) < 9 {
			list := r.call("GET", path, "").expect(t, 200)
			for _, x := range list.json(t)["items"].([]any) {
				seen[x.(map[string]any)["day"].(string)]++
			}
			path, _, _ = strings.Cut(strings.TrimPrefix(list.Header.Get("Link"), "<"), ">")
		}
		if len(seen) != 3 || seen[s.now().UTC().Format("2006-01-02")] != 1 {
			t.Errorf("%v", seen)
		}
		for query, code := range map[string]string{"days=0": "usage.days", "days=401": "usage.days", "days=-1": "usage.days", "days=x": "query.days", "days=99999999999999999999": "query.days", "cursor=!": "query.cursor", "cursor=YSBiIGM": "query.cursor", "limit=201": "query.limit", "month=1": "query.unknown"} {
			r.call("GET", v1+"/usage?"+query, "").problem(t, 400, code)
		}
		r.call("GET", v1+"/usage?client=none%27%20OR%201=1", "").problem(t, 404, "client.unknown")
		owner, _ := s.appointed("titles@x.test", office.TitleOwner)
		actor, err := s.office.Of(t.Context(), owner.ID)
		must(t, err)
		for _, id := range []string{"", "web1"} { // what isn't theirs isn't there
			if _, _, err := s.office.Usage(t.Context(), actor, id, 30, storage.CallCount{}, 10); err == nil {
				t.Errorf("a title owner sees the calls of %q", id)
			}
		}
	})
}
