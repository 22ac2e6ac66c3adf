package server_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"pratu/flows/clients"
	"pratu/storage"
	"pratu/storage/storagetest"
)

const accountSample = `{"code":10001,"message":"Success","platform_module":1504,"data":{
  "mobile":"+66815550100","email":"somchai@example.com","verified":true,
  "bindings":{"truemoney":{"tmn_id":"tmn.10000000001","updated_at":"1592535055","created_at":"1586885699","status":"1"}},
  "contacts":[{"type":"mobile","identifier":"+66815550101","verified":true,"preferred":true,
               "added_date":"1556973792","last_verified":"1576973792"}],
  "reg_date":"1551973792"}}`

// An account by its number: LK-01 to LK-10, and the sample.
func TestAccountsGet(t *testing.T) {
	eachLegacy(t, func(w *legacy) {
		must(w.t, w.store.CreateBinding(w.t.Context(), storage.Binding{
			ID: "b", AccountID: "alice", Partner: "truemoney", ExternalID: "tmn.10000000001", CreatedAt: storage.At(w.now()), UpdatedAt: storage.At(w.now()),
		}))
		answer := w.read("21992040")
		golden(w.t, answer, accountSample)
		data := answer.json(w.t)["data"].(map[string]any)
		if data["mobile"] != alicesPhone || data["email"] != alicesMail || data["verified"] != true || len(data["contacts"].([]any)) != 3 {
			w.t.Errorf("%v", data)
		}
		for _, aliases := range [][]string{
			{"access_token", "", "X-Access-Token", w.token}, {"client_id", "", "X-Client-Identifier", "1331"},
			{"client_secret", "", "X-Client-Secret", ls2}, {"Authorization", "Bearer " + w.apiKey}, {"Authorization", "apikey " + w.apiKey},
		} {
			golden(w.t, w.read("21992040", aliases...), accountSample)
		}
		for name, c := range map[string]struct {
			id    string
			pairs []string
			code  int
		}{
			"LK-01 wrong secret":            {"21992040", []string{"client_secret", ls1}, 40101},
			"LK-01 unknown client":          {"21992040", []string{"client_id", "1332"}, 40101},
			"LK-01 no client":               {"21992040", []string{"client_id", ""}, 40101},
			"LK-02 no key":                  {"21992040", []string{"Authorization", ""}, 40101},
			"LK-02 the token as key":        {"21992040", []string{"Authorization", "Bearer " + w.token}, 40101},
			"LK-02 a piece of the key":      {"21992040", []string{"Authorization", w.apiKey[:len(w.apiKey)-1]}, 40101},
			"LK-03 no token":                {"21992040", []string{"access_token", ""}, 40102},
			"LK-03 a token of another kind": {"21992040", []string{"access_token", w.token + "x"}, 40102},
			"LK-04 bob":                     {"21985824", nil, 40302},
			"LK-05 letters":                 {"abc", nil, 40001},
			"LK-05 negative":                {"-1", nil, 40001},
			"LK-05 empty":                   {"", nil, 40001},
			"LK-05 another spelling":        {"021992040", nil, 40001},
			"LK-05 beyond 2^53":             {"9007199254740992", nil, 40001},
			"LK-06 SQL":                     {"21992040%20OR%201=1", nil, 40001},
			"LK-07 nobody":                  {"99999999", nil, 40302},
			"LK-08 secret in the query":     {"21992040?client_secret=" + ls2, nil, 40001},
			"LK-08 token in the query":      {"21992040?access_token=" + w.token, nil, 40001},
			"a client without permission":   {"21992040", []string{"client_id", "2171", "client_secret", ls1}, 40101},
		} {
			w.t.Run(name, func(t *testing.T) { (&legacy{world: w.world}).fails(w.read(c.id, c.pairs...), 1504, c.code) })
		}
		if bob, nobody := w.read("21985824").body, w.read("99999999").body; bob != nobody {
			w.t.Errorf("LK-07: %s and %s", bob, nobody)
		}
	})
}

// What scopes don't open is left out (LK-09); another client's token opens nothing; the permission for any account, its
// budget (LK-10), and that its owner sees it.
func TestAccountsGetScopes(t *testing.T) {
	eachLegacy(t, func(w *legacy) {
		w.token = w.tokenWith("public_profile")
		golden(w.t, w.read("21992040"), `{"code":10001,"message":"","platform_module":1504,"data":{"verified":true,"reg_date":"1"}}`)
		w.token = w.tokenWith("references,contacts")
		answer := w.read("21992040")
		if v := answer.json(w.t)["data"].(map[string]any); v["mobile"] != nil || v["email"] != nil || len(v["bindings"].(map[string]any)) != 0 {
			w.t.Errorf("%s", answer.body)
		}
		w.fails(w.read("21992040", "access_token", text(w.tokens(w.signedIn("alice")), "access_token")), 1504, 40302)

		_, err := w.clients.Update(w.t.Context(), "1331", func(d *clients.Document) error {
			d.Settings.Permissions = append(d.Settings.Permissions, clients.PermissionReadAny)
			return nil
		})
		must(w.t, err)
		if answer := w.read("21985824"); answer.StatusCode != http.StatusOK || !strings.Contains(answer.body, `"contacts":[{`) {
			w.t.Errorf("%d %s", answer.StatusCode, answer.body)
		}
		w.fails(w.read("99999999"), 1504, 40401)
		if list, err := w.directory.Lookups(w.t.Context(), "bob", 0, "", 10); err != nil || len(list) != 1 || list[0].ClientID != "1331" {
			w.t.Errorf("%v %v", list, err)
		}
		w.limiter.Overrides = limited("accounts.client", 4)
		w.read("99999999")
		for range 2 {
			w.fails(w.read("21985824"), 1504, 42901)
		}
		if answer := w.read("21992040"); answer.StatusCode != http.StatusOK {
			w.t.Errorf("an owner's own token: %s", answer.body)
		}
		if n := storagetest.Count(w.t, w.url, `SELECT COUNT(*) FROM audit WHERE event = 'client.limited'`); n != 1 {
			w.t.Errorf("%d alarms", n)
		}
	})
}

// A contact: SE-01 to SE-10, the sample, and what a search costs.
func TestAccountsSearch(t *testing.T) {
	eachLegacy(t, func(w *legacy) {
		const sample = `{"code":10001,"message":"Success","platform_module":1510,"report_dashboard":0,"data":[{"uid":"21985824","status":"1","register_by":"29"}]}`
		const none = `{"code":10001,"message":"Success","platform_module":1510,"report_dashboard":0,"data":[]}`
		golden(w.t, w.search("/accounts"), sample)
		for _, spelling := range []string{alicesLocal, alicesPhone, "66 81-348-7612", alicesMail, strings.ToUpper(alicesMail)} { // SE-03, SE-09
			answer := w.search("/accounts", "X-Account-Identifier", spelling)
			if golden(w.t, answer, sample); !strings.Contains(answer.body, `"uid":"21992040"`) {
				w.t.Errorf("%s: %s", spelling, answer.body)
			}
		}
		for _, nobody := range []string{"0813487613", "nobody@x.test", "alice*@x.test", "%@x.test", "alice.old@x.test"} { // SE-04, SE-06
			golden(w.t, w.search("/accounts", "X-Account-Identifier", nobody), none)
		}
		golden(w.t, w.search("/accounts", "X-Client-Identifier", "4001", "X-Account-Identifier", "alice.old@x.test"), sample)
		for name, c := range map[string]struct {
			target string
			pairs  []string
			code   int
		}{
			"SE-01 no secret":      {"/accounts", []string{"X-Client-Secret", ""}, 40101},
			"SE-01 wrong secret":   {"/accounts", []string{"X-Client-Secret", ls2}, 40101},
			"SE-01 twice":          {"/accounts", []string{"client_secret", ls1}, 40001},
			"SE-02 in the query":   {"/accounts?X-Account-Identifier=" + alicesLocal, []string{"X-Account-Identifier", ""}, 40001},
			"SE-02 nowhere":        {"/accounts", []string{"X-Account-Identifier", ""}, 40001},
			"SE-04 a wildcard":     {"/accounts", []string{"X-Account-Identifier", "%"}, 40001},
			"SE-05 another word":   {"/accounts?last_access_flag=foo", nil, 40001},
			"SE-05 an empty word":  {"/accounts?last_access_flag=", nil, 40001},
			"SE-05 twice":          {"/accounts?last_access_flag=app&last_access_flag=all", nil, 40001},
			"SE-06 not ASCII":      {"/accounts", []string{"X-Account-Identifier", "๐๘๑๓๔๘๗๖๑๒"}, 40001},
			"SE-07 too long":       {"/accounts", []string{"X-Account-Identifier", strings.Repeat("8", 64<<10)}, 40001},
			"SE-10 disabled":       {"/accounts", []string{"X-Client-Identifier", "9999"}, 40101},
			"without a permission": {"/accounts", []string{"X-Client-Identifier", "1331", "X-Client-Secret", ls2}, 40301},
		} {
			w.t.Run(name, func(t *testing.T) { (&legacy{world: w.world}).fails(w.search(c.target, c.pairs...), 1510, c.code) })
		}
		for _, identifier := range []string{alicesPhone, "nobody@x.test"} {
			w.search("/accounts", "X-Account-Identifier", identifier)
			before := w.store.Statements()
			w.search("/accounts", "X-Account-Identifier", identifier)
			if n := w.store.Statements() - before; n != 3 {
				w.t.Errorf("a search took %d statements", n)
			}
		}
	})
}

// SE-08: a client's budget, one contact's and everybody's together.
func TestAccountsSearchBudgets(t *testing.T) {
	eachLegacy(t, func(w *legacy) {
		w.limiter.Overrides = limited("search.identifier", 2)
		w.search("/accounts")
		w.search("/accounts", "X-Client-Identifier", "3491", "X-Account-Identifier", alicesPhone)
		w.fails(w.search("/accounts", "X-Client-Identifier", "3491"), 1510, 42901)
		w.limiter.Overrides = limited("search.client", 3)
		w.search("/accounts", "X-Account-Identifier", "nobody@x.test")
		w.search("/accounts", "X-Account-Identifier", bobsPhone)
		w.fails(w.search("/accounts"), 1510, 42901)
		if answer := w.search("/accounts", "X-Client-Identifier", "3491"); answer.StatusCode != http.StatusOK {
			w.t.Errorf("another client: %s", answer.body)
		}
		w.pass(time.Minute)
		if answer := w.search("/accounts"); answer.StatusCode != http.StatusOK {
			w.t.Errorf("a minute later: %s", answer.body)
		}
	})
}

// Many at once: each counts, one that can't be right spoils no other.
func TestAccountsSearchMany(t *testing.T) {
	eachLegacy(t, func(w *legacy) {
		many := func(body string) reply {
			r := httptest.NewRequest(http.MethodPost, "/accounts/search", strings.NewReader(body))
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("X-Client-Identifier", "2171")
			r.Header.Set("X-Client-Secret", ls1)
			return w.do(r)
		}
		answer := many(`{"identifiers":["` + alicesLocal + `","nobody@x.test","%","` + bobsPhone + `","` + alicesPhone + `"],"last_access_flag":"all"}`)
		data, _ := answer.json(w.t)["data"].([]any)
		var got []string
		for _, x := range data {
			v := x.(map[string]any)
			who := ""
			for _, a := range v["accounts"].([]any) {
				who = text(a.(map[string]any), "uid")
			}
			if v["code"] == float64(40001) {
				who = "malformed"
			}
			got = append(got, who)
		}
		if strings.Join(got, " ") != "21992040  malformed 21985824 21992040" {
			w.t.Errorf("%q: %s", got, answer.body)
		}
		for _, bad := range []string{`{}`, `{"identifiers":[]}`, `{"identifiers":"x"}`, `[]`, `{"identifiers":["x"]} {}`,
			`{"identifiers":["x"],"identifiers":["y"]}`, `{"identifiers":["x"],"last_access_flag":"foo"}`,
			`{"identifiers":[` + strings.Repeat(`"a",`, 100) + `"a"]}`} {
			w.fails(many(bad), 1510, 40001)
		}
		w.limiter.Overrides = limited("search.client", 6) // four were counted
		w.fails(many(`{"identifiers":["a@x.test","b@x.test","c@x.test"]}`), 1510, 42901)
		if answer := many(`{"identifiers":["a@x.test","b@x.test"]}`); answer.StatusCode != http.StatusOK {
			w.t.Errorf("what was refused was counted: %s", answer.body)
		}
	})
}

// The obsolete look-up: LL-01 to LL-08 by spec/rulings.md 5, and the sample.
func TestAccountsByMobile(t *testing.T) {
	eachLegacy(t, func(w *legacy) {
		look := func(method, target string, pairs ...string) reply {
			return w.ask(method, "/accounts/by-mobile"+target, append([]string{"client_id", "2171", "client_secret", ls1}, pairs...)...)
		}
		answer := look("GET", "?mobile="+alicesLocal)
		golden(w.t, answer, `{"dataReturn":{"uid":"21985824","status":"1","register_by_app":"29"}}`)
		if h := answer.Header; h.Get("Deprecation") == "" || h.Get("Sunset") == "" || h.Get("Referrer-Policy") != "no-referrer" ||
			h.Get("Link") != `</accounts>; rel="successor-version"` { // LL-08
			w.t.Errorf("%v", h)
		}
		if none := look("GET", "?mobile=0813487613"); none.body != `{"dataReturn":{"uid":"","status":"0","register_by_app":""}}` { // LL-07
			w.t.Errorf("%s", none.body)
		}
		for name, c := range map[string]struct {
			target string
			pairs  []string
			status int
		}{
			"LL-01 the switch is off":  {"?mobile=" + alicesLocal, []string{"client_id", "3491"}, 403},
			"LL-01 no permission":      {"?mobile=" + alicesLocal, []string{"client_id", "1331", "client_secret", ls2}, 403},
			"LL-02 secret in the URL":  {"?mobile=" + alicesLocal + "&client_id=2171&client_secret=" + ls1, []string{"client_id", "", "client_secret", ""}, 400},
			"LL-03 letters":            {"?mobile=abc", nil, 400},
			"LL-03 an address":         {"?mobile=" + alicesMail, nil, 400},
			"LL-03 nothing":            {"", nil, 400},
			"LL-03 twice":              {"?mobile=" + alicesLocal + "&mobile=" + alicesLocal, nil, 400},
			"LL-04 another spelling":   {"?mobile=" + alicesLocal, []string{"client_id", "2171.0"}, 401},
			"LL-04 a leading zero":     {"?mobile=" + alicesLocal, []string{"client_id", "02171"}, 401},
			"LL-04 the wrong secret":   {"?mobile=" + alicesLocal, []string{"client_secret", ls2}, 401},
			"LL-04 credentials absent": {"?mobile=" + alicesLocal, []string{"client_secret", ""}, 401},
		} {
			w.t.Run(name, func(t *testing.T) {
				answer := look("GET", c.target, c.pairs...)
				if v := answer.json(t); answer.StatusCode != c.status || v["dataReturn"] != nil || v["message"] == "" || len(v) != 2 {
					t.Errorf("%d %s", answer.StatusCode, answer.body)
				}
			})
		}
		if answer := look("POST", "?mobile="+alicesLocal); answer.StatusCode != http.StatusMethodNotAllowed { // LL-05
			w.t.Errorf("%d", answer.StatusCode)
		}
		r := httptest.NewRequest(http.MethodGet, "/accounts/by-mobile?mobile="+alicesLocal, bytes.NewReader([]byte("client_secret="+ls1)))
		r.Header.Set("client_id", "2171")
		if answer := w.do(r); answer.StatusCode != http.StatusBadRequest { // LL-06
			w.t.Errorf("%d %s", answer.StatusCode, answer.body)
		}
	})
}
