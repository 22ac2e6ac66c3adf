package server_test

import (
	"encoding/json"
	"fmt"
	"html"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"pratu/flows/authorize"
	"pratu/flows/clients"
)

// malisProfile has every standard claim of a profile, each with a value of its own; her account's language stands for locale.
const malisProfile = `{"name":"Mali Saelim","given_name":"Somjai","family_name":"Rakdee","middle_name":"Kaew","nickname":"Dok",
	"preferred_username":"flower","profile":"https://mali.test/me","picture":"https://mali.test/p.png","website":"https://mali.test/",
	"gender":"unsaid","birthdate":"1999-02-03","zoneinfo":"Asia/Bangkok","address":{"locality":"Chiang Mai","country":"TH"}}`

var valueOnPage = regexp.MustCompile(`<bdi class="value">([^<]*)</bdi>`)

func valuesOn(page reply) (list []string) {
	for _, m := range valueOnPage.FindAllStringSubmatch(page.body, -1) {
		list = append(list, html.UnescapeString(m[1]))
	}
	return list
}

// askedFor lets mali allow a request, and tells what the page showed and what was sent then.
func (b *browser) askedFor(scope, claimsParam string) (page reply, userinfo, idToken, access map[string]any) {
	b.w.t.Helper()
	page = b.to(b.authorize(base("client_id", "web1", "scope", scope, "claims", claimsParam, "prompt", "consent")), "/consent").expect(b.w.t, 200)
	code := b.proceed(b.submit(page, "consent", "decision", "allow")).query(b.w.t).Get("code")
	got := b.w.post("/oauth2/token", "web1", s1, grant(code)).json(b.w.t)
	r := httptest.NewRequest(http.MethodGet, "/oauth2/userinfo", nil)
	r.Header.Set("Authorization", "Bearer "+text(got, "access_token"))
	return page, b.w.do(r).json(b.w.t), claims(b.w.t, text(got, "id_token")), claims(b.w.t, text(got, "access_token"))
}

// read is a claim that was sent as people are shown it.
func read(t *testing.T, claim string, value any) string {
	t.Helper()
	switch v := value.(type) {
	case map[string]any:
		return fmt.Sprintf("%s, %s", v["locality"], v["country"])
	case float64:
		return time.Unix(int64(v), 0).UTC().Format(time.DateOnly)
	case string, bool:
		if v == "en" {
			return "English (en)"
		}
		return fmt.Sprint(v)
	}
	t.Errorf("%s is sent, and nobody knows how to show it: %v", claim, value)
	return ""
}

// What the page says is shared is what userinfo and tokens hold, scope by scope and claim by claim, of all that discovery says
// there is. What only says of another claim how far it may be believed goes along with its scope; asked for alone it is shown.
func TestConsentShowsWhatIsSent(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		s.exec(`UPDATE accounts SET profile = '` + malisProfile + `' WHERE id = '` + s.mali.ID + `'`)
		var discovery struct {
			Scopes []string `json:"scopes_supported"`
			Claims []string `json:"claims_supported"`
		}
		must(t, json.Unmarshal([]byte(s.do(httptest.NewRequest(http.MethodGet, "/.well-known/openid-configuration", nil)).body), &discovery))
		b := s.browser()
		b.to(b.login(malisMail, malisPassword), "/account")
		opened := map[string]bool{}
		for _, scope := range discovery.Scopes {
			page, sent, _, _ := b.askedFor(strings.Join(slices.Compact([]string{"openid", scope}), " "), "")
			delete(sent, "sub")
			var want []string
			for claim, v := range sent {
				opened[claim] = true
				if !authorize.Aside(claim) {
					want = append(want, read(t, claim, v))
				}
			}
			tellsTheSame(t, scope, valuesOn(page), want)
			if names := authorize.ScopeClaims(scope); len(names) != len(sent) {
				t.Errorf("%s opens %v, and %v is sent", scope, names, sent)
			}
		}
		protocol := []string{"sub", "iss", "aud", "exp", "iat", "auth_time", "acr", "amr", "sid"}
		for _, claim := range discovery.Claims {
			page, sent, token, _ := b.askedFor("openid", fmt.Sprintf(`{"userinfo":{%q:null},"id_token":{%q:null}}`, claim, claim))
			var want []string
			if !slices.Contains(protocol, claim) {
				if !opened[claim] || sent[claim] == nil || fmt.Sprint(sent[claim]) != fmt.Sprint(token[claim]) {
					t.Errorf("%s: %v at userinfo, %v in the ID token, opened by a scope: %v", claim, sent[claim], token[claim], opened[claim])
				}
				want = []string{read(t, claim, sent[claim])}
				page.expect(t, 200, claim)
			}
			tellsTheSame(t, claim, valuesOn(page), want)
		}
		if len(opened)+len(protocol) != len(discovery.Claims) {
			t.Errorf("scopes open %v, and discovery knows %v", slices.Sorted(maps.Keys(opened)), discovery.Claims)
		}
	})
}

func tellsTheSame(t *testing.T, what string, shown, sent []string) {
	t.Helper()
	slices.Sort(shown)
	slices.Sort(sent)
	if !slices.Equal(shown, sent) {
		t.Errorf("%s: the page shows %q, sent is %q", what, shown, sent)
	}
}

// An account with next to nothing: what isn't there is neither shown nor sent, and a name is made of its parts in both places.
func TestConsentShowsWhatIsSentOfLittle(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		for profile, want := range map[string][]string{
			`{}`:                 {"English (en)"},
			`{"nickname":"Dok"}`: {"Dok", "English (en)"},
			`{"name":"","given_name":"Mali","family_name":"S"}`:      {"Mali", "Mali S", "S", "English (en)"},
			`{"name":null,"gender":"","locale":"th-TH","other":"x"}`: {"th-TH"},
		} {
			s.exec(`UPDATE accounts SET profile = '` + profile + `' WHERE id = '` + s.mali.ID + `'`)
			b := s.browser()
			b.to(b.login(malisMail, malisPassword), "/account")
			page, sent, _, _ := b.askedFor("openid profile address", "")
			var told []string
			for claim, v := range sent {
				if claim != "sub" && !authorize.Aside(claim) {
					told = append(told, read(t, claim, v))
				}
			}
			tellsTheSame(t, profile, valuesOn(page), told)
			tellsTheSame(t, profile, valuesOn(page), want)
		}
	})
}

// What another system called its parts of an address, and what is long, is sent, so it is shown.
func TestConsentShowsAllOfAnAddress(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		must1(s.clients.Update(t.Context(), "web1", func(d *clients.Document) error {
			d.Settings.Claims = []clients.ClaimRule{{Claim: "acme:home", Field: "address"}}
			return nil
		}))(t)
		street := strings.Repeat("Soi ", 30) + "9"
		s.exec(`UPDATE accounts SET profile = '{"address":{"formatted":"1 Road\nBangkok 10900","postal_code":"10900","street_address":"` + street +
			`","sub_district":"Lat Yao","door":{"code":"77-99","floor":41},"notes":["dog bites"],"country":"TH","region":"SOUTH","empty":""}}' WHERE id = '` + s.mali.ID + `'`)
		b := s.browser()
		b.to(b.login(malisMail, malisPassword), "/account")
		for _, scope := range []string{"openid address", "openid"} {
			page, sent, _, _ := b.askedFor(scope, "")
			raw, _ := json.Marshal(sent)
			shown := valuesOn(page)
			if len(shown) == 0 {
				t.Fatalf("%s: nothing is shown of %s", scope, raw)
			}
			for _, part := range []string{"Lat Yao", "77-99", "41", "dog bites", "SOUTH", "TH", street} {
				if !strings.Contains(string(raw), part) || !strings.Contains(shown[0], part) {
					t.Errorf("%s: %q is shown of %s, without %q", scope, shown, raw, part)
				}
			}
			if strings.Count(shown[0], "10900") != 1 {
				t.Errorf("%q says twice what is written out", shown)
			}
		}
	})
}

// The scopes of the Identity API: a name, or what is left of a contact, and partners are told in the access token; there the
// account is called what the page shows beside them. A number that nobody proved isn't told as mobile.
func TestConsentShowsThePublicProfile(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		must1(s.clients.Update(t.Context(), "web1", func(d *clients.Document) error {
			d.Scope += " public_profile references mobile contacts"
			return nil
		}))(t)
		must1(s.directory.Bind(t.Context(), s.mali.SSOID, "truemoney", "TM-1"))(t)
		b := s.browser()
		b.to(b.login(malisMail, malisPassword), "/account")
		for profile, want := range map[string][]string{
			`{"name":"Mali","picture":"https://mali.test/p.png"}`: {"Mali", "https://mali.test/p.png"},
			`{"nickname":"081 555 8888"}`:                         {"081*******"},
			`{}`:                                                  {"081*******"},
		} {
			s.exec(`UPDATE accounts SET profile = '` + profile + `' WHERE id = '` + s.mali.ID + `'`)
			page, _, _, access := b.askedFor("openid public_profile", "")
			told, _ := access["profile"].(map[string]any)
			sent := slices.DeleteFunc([]string{text(told, "display_name"), text(told, "avatar")}, func(v string) bool { return v == "" })
			tellsTheSame(t, profile, valuesOn(page), sent)
			tellsTheSame(t, profile, valuesOn(page), want)
		}
		s.exec(`UPDATE accounts SET profile = '{"name":"Mali"}' WHERE id = '` + s.mali.ID + `'`) // whichever came last above
		page, _, _, access := b.askedFor("openid public_profile references", "")
		told, _ := access["profile"].(map[string]any)
		tellsTheSame(t, "references", valuesOn(page), []string{text(told, "display_name"), fmt.Sprint(told["refs"].([]any)[0]) + " TM-1"})
		page, _, _, _ = b.askedFor("openid mobile contacts", "")
		tellsTheSame(t, "mobile", valuesOn(page), []string{malisPhone, malisMail, malisPhone})
		s.exec(`UPDATE contacts SET verified_at = 0 WHERE kind = 'phone'`)
		page, _, _, _ = b.askedFor("openid mobile", "")
		tellsTheSame(t, "an unproven number", valuesOn(page), nil)
		page.expect(t, 200, "Your account has none")
	})
}
