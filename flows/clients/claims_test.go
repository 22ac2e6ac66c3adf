package clients

import (
	"encoding/json"
	"strings"
	"testing"
)

func withClaims(rules string) Document {
	d := Document{Kind: KindWeb, Metadata: Metadata{RedirectURIs: []string{"https://rp.test/cb"}, Scope: "openid email crm"}}
	if err := d.Settings.Set("claims", rules); err != nil {
		panic(err)
	}
	return d
}

func TestClaimRules(t *testing.T) {
	for rules, want := range map[string]string{
		`[{"claim":"https://shop.test/level","value":"gold"},{"claim":"acme:number","field":"ssoid","scope":"crm","in":["id_token","access_token"]}]`: "",
		`[{"claim":"greeting","template":"Dear {{.given_name}} {{ .family_name }} of {{.address.country}}"}]`:                                         "",
		`[{"claim":"a","value":1,"in":["id_token"]},{"claim":"a","value":2}]`:                                                                         "",
		`[{"claim":"a","value":1},{"claim":"a","value":2,"in":["userinfo"]}]`:                                                                         "1/claim",
		`[{"claim":"sub","field":"oid"}]`:                          "0/claim", // N70
		`[{"claim":"act","value":{"sub":"x"}}]`:                    "0/claim",
		`[{"claim":"email","value":"x@y.test"}]`:                   "0/claim",
		`[{"claim":"offline_access","value":1}]`:                   "0/claim",
		`[{"claim":"a b","value":1}]`:                              "0/claim",
		`[{"claim":"http://shop.test/level","value":1}]`:           "0/claim",
		`[{"claim":"` + strings.Repeat("a", 129) + `","value":1}]`: "0/claim",
		`[{"value":1}]`:   "0/claim",
		`[{"claim":"a"}]`: "0/field",
		`[{"claim":"a","value":1,"field":"oid"}]`:                              "0/field",
		`[{"claim":"a","field":"password"}]`:                                   "0/field",
		`[{"claim":"a","value":null}]`:                                         "0/value",
		`[{"claim":"a","value":"` + strings.Repeat("a", 512) + `"}]`:           "0/value",
		`[{"claim":"a","value":1,"scope":"phone"}]`:                            "0/scope",
		`[{"claim":"a","value":1,"in":["header"]}]`:                            "0/in",
		`[{"claim":"a","template":"{{.password}}"}]`:                           "0/template",
		`[{"claim":"a","template":"{{printf \"%999999d\" 1}}"}]`:               "0/template",
		`[{"claim":"a","template":"{{.name | html}}"}]`:                        "0/template",
		`[{"claim":"a","template":"{{range .roles}}x{{end}}"}]`:                "0/template",
		`[{"claim":"a","template":"{{if .name}}x{{end}}"}]`:                    "0/template",
		`[{"claim":"a","template":"{{$x := .name}}"}]`:                         "0/template",
		`[{"claim":"a","template":"{{$x := .name}}{{$x}}"}]`:                   "0/template",
		`[{"claim":"a","template":"{{define \"b\"}}{{end}}{{.name}}"}]`:        "0/template",
		`[{"claim":"a","template":"{{template \"claim\"}}"}]`:                  "0/template",
		`[{"claim":"a","template":"{{.}}"}]`:                                   "0/template",
		`[{"claim":"a","template":"{{\"x\"}}"}]`:                               "0/template",
		`[{"claim":"a","template":"{{.name"}]`:                                 "0/template",
		`[{"claim":"a","template":"` + strings.Repeat("{{.name}}", 57) + `"}]`: "0/template",
	} {
		d := withClaims(rules)
		d.fill()
		var got []string
		for _, p := range d.validate() {
			got = append(got, strings.TrimPrefix(p.Pointer, "/settings/claims/"))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: got %q, want %q", rules, got, want)
		}
	}
	opaque := withClaims(`[{"claim":"a","value":1,"in":["access_token"]}]`)
	opaque.Settings.AccessTokenFormat = FormatOpaque
	opaque.fill()
	if ps := opaque.validate(); len(ps) != 1 || ps[0].Pointer != "/settings/claims/0/in" {
		t.Errorf("%v", ps)
	}
	many := withClaims("[" + strings.Repeat(`{"claim":"a","value":1},`, 16) + `{"claim":"a","value":1}]`)
	many.fill()
	if ps := many.validate(); len(ps) != 1 || ps[0].Pointer != "/settings/claims" {
		t.Errorf("%v", ps)
	}
	var s Settings
	if s.Set("claims", `[{"claim":"a","valeu":1}]`) == nil {
		t.Error("a misspelt member was taken")
	}
}

func TestClaimValues(t *testing.T) {
	fields := map[string]any{
		"ssoid": "21992040", "given_name": "Alice", "family_name": "", "email_verified": true, "roles": []string{"admin"},
		"address": map[string]any{"country": "TH"}, "nickname": strings.Repeat("ก", 300),
	}
	for rule, want := range map[string]string{
		`{"field":"ssoid"}`:                        `"21992040"`,
		`{"field":"roles"}`:                        `["admin"]`,
		`{"field":"email_verified"}`:               `true`,
		`{"field":"address"}`:                      `{"country":"TH"}`,
		`{"field":"address.country"}`:              `"TH"`,
		`{"field":"address.region"}`:               ``,
		`{"field":"family_name"}`:                  ``,
		`{"field":"birthdate"}`:                    ``,
		`{"value":{"a":[1,12345678901234567890]}}`: `{"a":[1,12345678901234567890]}`,
		`{"template":"{{.given_name}}-{{.ssoid}}@{{.address.country}}"}`: `"Alice-21992040@TH"`,
		`{"template":"{{.given_name}} {{.family_name}}"}`:                ``,
		`{"template":"plain"}`:         `"plain"`,
		`{"field":"nickname"}`:         ``, // too long for a token
		`{"template":"{{.nickname}}"}`: ``,
	} {
		var r ClaimRule
		if err := json.Unmarshal([]byte(rule), &r); err != nil {
			t.Fatal(err)
		}
		got := ""
		if v, ok := r.Evaluate(fields); ok {
			raw, err := json.Marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			got = string(raw)
		}
		if got != want {
			t.Errorf("%s: %s, want %s", rule, got, want)
		}
	}
}
