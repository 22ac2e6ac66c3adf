package server_test

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pratu/flows/clients"
	"pratu/flows/partner"
	"pratu/storage/storagetest"
)

const exchangeSample = `{"res_code":"000","res_message":"Success.","request_id":"927da5c1-0000-4000-8000-ec3fec830e36",
 "mobile_number":"x","access_token":"x","token_type":"Bearer","expires_in":3600,"id_token":"x","timestamp":"2020-11-11T11:59:55.003Z"}`

// protected is a number as client 1245 sends it.
func (l *legacy) protected(protection, number string) string {
	l.t.Helper()
	key, err := base64.StdEncoding.DecodeString(partnerKey)
	must(l.t, err)
	sent, err := partner.Protect(protection, key, number)
	must(l.t, err)
	return sent
}

// partnerCode is a code of alice's for 1245, without PKCE as old clients have it.
func (l *legacy) partnerCode(changes ...string) string {
	l.t.Helper()
	return l.signedIn("alice").code(base(append([]string{
		"client_id", "1245", "code_challenge", "", "code_challenge_method", "", "scope", "openid,public_profile,offline_access",
		"device_id", "tv-1", "device_model", "ทีวีห้องนั่งเล่น",
	}, changes...)...))
}

// partnerForm is the good request of 3.LX.
func (l *legacy) partnerForm(code string, changes ...string) url.Values {
	return changed(url.Values{
		"grant_type": {"authorization_code"}, "client_id": {"1245"}, "client_secret": {ls2},
		"request_id": {"927da5c1-0000-4000-8000-ec3fec830e36"}, "code": {code}, "mobile_number": {l.protected(clients.MobileGCM, alicesLocal)},
		"redirect_url": {rp}, "timestamp": {l.now().UTC().Format(partner.TimeFormat)},
	}, changes...)
}

func (l *legacy) exchange(form url.Values) reply { return l.do(post("/partner/token", form)) }

// exchangeFails expects an error in the partners' envelope.
func (l *legacy) exchangeFails(answer reply, status, code string) {
	l.t.Helper()
	v := answer.json(l.t)
	keys := slices.Sorted(maps.Keys(v))
	if v["res_code"] != status || v["error"] != code || answer.Header.Get("Cache-Control") != "no-store" ||
		strings.Join(keys, " ") != "error error_description request_id res_code res_message timestamp" || answer.StatusCode/100 != 4 {
		l.t.Errorf("%d %s, want %s %s", answer.StatusCode, answer.body, status, code)
	}
}

// The exchange of partners: LX-01 to LX-12 by spec/rulings.md 5, and the sample.
func TestPartnerToken(t *testing.T) {
	eachLegacy(t, func(w *legacy) {
		form := w.partnerForm(w.partnerCode())
		answer := w.exchange(form)
		golden(w.t, answer, exchangeSample)
		v := answer.json(w.t)
		if v["mobile_number"] != form.Get("mobile_number") || v["request_id"] != form.Get("request_id") { // LX-12
			w.t.Errorf("%v", v)
		}
		if id := claimsOf(w.t, text(v, "id_token")); id["aud"] != "1245" || id["sub"] != "21992040" || id["iss"] != op {
			w.t.Errorf("%v", id)
		}
		if access := claimsOf(w.t, text(v, "access_token")); access["device_id"] != "tv-1" || access["version"] != "2.0" || access["trusted_owner"] != nil {
			w.t.Errorf("%v", access)
		}
		if n := storagetest.Count(w.t, w.url, `SELECT COUNT(*) FROM tokens`); n != 0 {
			w.t.Errorf("%d refresh tokens", n)
		}
		w.exchangeFails(w.exchange(form), "400", "invalid_grant") // LX-04: the second time, and what the first one bought is over
		w.refusedToken(text(v, "access_token"))

		for name, c := range map[string]struct {
			changes      []string
			status, code string
		}{
			"LX-01 a flipped bit":         {[]string{"mobile_number", flipped(form.Get("mobile_number"))}, "403", "invalid_grant"},
			"LX-01 another key":           {[]string{"mobile_number", otherKey(w.t)}, "403", "invalid_grant"},
			"LX-02 bob's number":          {[]string{"mobile_number", w.protected(clients.MobileGCM, bobsPhone)}, "403", "invalid_grant"},
			"LX-03 no base64":             {[]string{"mobile_number", "!!!"}, "403", "invalid_grant"},
			"LX-03 too short":             {[]string{"mobile_number", "AAAA"}, "403", "invalid_grant"},
			"LX-03 in clear":              {[]string{"mobile_number", alicesPhone}, "403", "invalid_grant"},
			"LX-03 missing":               {[]string{"mobile_number", ""}, "400", "invalid_request"},
			"LX-06 51 characters":         {[]string{"request_id", strings.Repeat("ก", 51)}, "400", "invalid_request"},
			"LX-06 a line break":          {[]string{"request_id", "a\nb"}, "400", "invalid_request"},
			"LX-07 six minutes old":       {[]string{"timestamp", w.now().Add(-6 * time.Minute).UTC().Format(partner.TimeFormat)}, "400", "invalid_request"},
			"LX-07 six minutes ahead":     {[]string{"timestamp", w.now().Add(6 * time.Minute).UTC().Format(partner.TimeFormat)}, "400", "invalid_request"},
			"LX-07 without milliseconds":  {[]string{"timestamp", w.now().UTC().Format(time.RFC3339)}, "400", "invalid_request"},
			"LX-09 another URL":           {[]string{"redirect_url", "https://rp.test/other"}, "400", "invalid_grant"},
			"LX-10 the sample's secret":   {[]string{"client_secret", "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9"}, "401", "invalid_client"},
			"LX-10 nobody":                {[]string{"client_id", "1246"}, "401", "invalid_client"},
			"LX-11 another grant":         {[]string{"grant_type", "refresh_token"}, "400", "unsupported_grant_type"},
			"no partner":                  {[]string{"client_id", "1331"}, "403", "unauthorized_client"},
			"a verifier for no challenge": {[]string{"code_verifier", codeVerifier}, "400", "invalid_grant"},
		} {
			w.t.Run(name, func(t *testing.T) {
				l := &legacy{world: w.world}
				code := l.partnerCode()
				l.exchangeFails(l.exchange(l.partnerForm(code, c.changes...)), c.status, c.code)
				again := l.exchange(l.partnerForm(code)) // a wrong number costs the code
				if spent := again.StatusCode != http.StatusOK; spent != (c.status == "403" && c.code == "invalid_grant") {
					t.Errorf("afterwards %d %s", again.StatusCode, again.body)
				}
			})
		}
		// LX-05: another client's code; with a challenge, a code needs its verifier here too.
		w.exchangeFails(w.exchange(w.partnerForm(w.signedIn("alice").code(base()))), "400", "invalid_grant")
		bound := w.partnerCode("code_challenge", codeChallenge, "code_challenge_method", "S256")
		w.exchangeFails(w.exchange(w.partnerForm(bound)), "400", "invalid_grant")
		golden(w.t, w.exchange(w.partnerForm(bound, "code_verifier", codeVerifier)), exchangeSample)
		// One code at both doors.
		code := w.partnerCode()
		if answer := w.post("/oauth2/token", "1245", ls2, grant(code, "code_verifier", "")); answer.StatusCode != http.StatusOK {
			w.t.Errorf("%d %s", answer.StatusCode, answer.body)
		}
		w.exchangeFails(w.exchange(w.partnerForm(code)), "400", "invalid_grant")
		if n := storagetest.Count(w.t, w.url, `SELECT COUNT(*) FROM audit WHERE event = 'partner.exchanged' AND outcome = 'failure'
			AND details LIKE '%927da5c1-0000-4000-8000-ec3fec830e36%'`); n != 6 {
			w.t.Errorf("%d refusals are on record", n)
		}
	})
}

// The body is what its type says (LX-08): JSON with an integer for the client, or a form; nothing comes from the query.
func TestPartnerTokenBodies(t *testing.T) {
	eachLegacy(t, func(w *legacy) {
		send := func(media, target, body string) reply {
			r := httptest.NewRequest(http.MethodPost, target, strings.NewReader(body))
			r.Header.Set("Content-Type", media)
			return w.do(r)
		}
		object := func(changes ...string) string {
			members := map[string]any{}
			for name, values := range w.partnerForm(w.partnerCode(), changes...) {
				members[name] = values[0]
			}
			members["client_id"] = 1245
			raw, err := json.Marshal(members)
			must(w.t, err)
			return string(raw)
		}
		golden(w.t, send("application/json", "/partner/token", object()), exchangeSample)
		golden(w.t, send("application/json; charset=utf-8", "/partner/token", object("redirect_url", "")), exchangeSample)
		for name, answer := range map[string]reply{
			"JSON as a form":   send("application/x-www-form-urlencoded", "/partner/token", object()),
			"a form as JSON":   send("application/json", "/partner/token", w.partnerForm("x").Encode()),
			"another type":     send("text/plain", "/partner/token", object()),
			"twice":            send("application/json", "/partner/token", strings.Replace(object(), "{", `{"code":"x",`, 1)),
			"a number":         send("application/json", "/partner/token", strings.Replace(object(), "{", `{"x":1,`, 1)),
			"more behind it":   send("application/json", "/partner/token", object()+"{}"),
			"from the query":   send("application/x-www-form-urlencoded", "/partner/token?code=x", w.partnerForm("x").Encode()),
			"twice in a form":  send("application/x-www-form-urlencoded", "/partner/token", w.partnerForm("x").Encode()+"&code=y"),
			"not form-encoded": send("application/x-www-form-urlencoded", "/partner/token", "code=%zz"),
		} {
			w.t.Run(name, func(t *testing.T) {
				want := "400"
				if name == "another type" {
					want = "415"
				}
				if name == "JSON as a form" {
					(&legacy{world: w.world}).exchangeFails(answer, want, "unsupported_grant_type")
					return
				}
				(&legacy{world: w.world}).exchangeFails(answer, want, "invalid_request")
			})
		}
		if answer := send("application/json", "/partner/token", strings.Repeat(" ", 20<<10)); answer.StatusCode/100 != 4 {
			w.t.Errorf("%d", answer.StatusCode)
		}
	})
}

// The tokens of old clients: what the gateway put in is there by switch, and a number is no name.
func TestLegacyClaims(t *testing.T) {
	eachLegacy(t, func(w *legacy) {
		access := claimsOf(w.t, w.tokenWith("public_profile,references", "device_id", "d1"))
		delete(access, "jti")
		delete(access, "gid")
		want := `{"iss":"","sub":"","aud":"","exp":1,"iat":1,"scope":"","client_id":"","device_id":"","version":"","trusted_owner":"","apim_an":"","apim_po":"",
			"tze":{"timezone":"","value":"","gmt":""},"profile":{"refs":[],"avatar":"","display_name":""}}`
		var sample any
		must(w.t, json.Unmarshal([]byte(want), &sample))
		if got, want := shape(any(access)), shape(sample); !reflect.DeepEqual(got, want) {
			w.t.Errorf("\n got %v\nwant %v", got, want)
		}
		if access["scope"] != "public_profile references" || access["aud"] != "1331" || access["sub"] != "21992040" || access["version"] != "2.0" ||
			access["exp"].(float64)-access["iat"].(float64) != 3600 {
			w.t.Errorf("%v", access)
		}
		storagetest.Exec(w.t, w.url, `UPDATE accounts SET profile = '{"name":"0813487612"}' WHERE id = 'alice'`)
		access = claimsOf(w.t, w.tokenWith("public_profile"))
		if p := access["profile"].(map[string]any); p["display_name"] != "081*******" {
			w.t.Errorf("%v", p)
		}
		must(w.t, w.presence.Flush(w.t.Context(), true))
		if list, err := w.store.DevicesOfAccount(w.t.Context(), "alice"); err != nil || len(list) != 1 || list[0].DeviceID != "d1" || list[0].ClientID != "1331" {
			w.t.Errorf("%v %v", list, err)
		}
		answer := w.search("/accounts?last_access_flag=web")
		at := strconv.FormatInt(w.now().Unix(), 10)
		if !strings.Contains(answer.body, `"last_access":{"web":"`+at+`"}`) {
			w.t.Errorf("%s", answer.body)
		}
		if answer := w.search("/accounts?last_access_flag=stb"); !strings.Contains(answer.body, `"last_access":{}`) {
			w.t.Errorf("%s", answer.body)
		}
		w.signedIn("alice").authorize(base("device_id", strings.Repeat("x", 129))).location(w.t)
	})
}

// claimsOf reads a JWT whose signature isn't in question.
func claimsOf(t *testing.T, token string) map[string]any {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("no JWT: %s", token)
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	must(t, err)
	v := map[string]any{}
	must(t, json.Unmarshal(raw, &v))
	return v
}

func (l *legacy) refusedToken(token string) {
	l.t.Helper()
	if info := l.do(bearer(http.MethodGet, token)); info.StatusCode != http.StatusUnauthorized {
		l.t.Errorf("a token lives on: %d", info.StatusCode)
	}
}

func flipped(text string) string {
	raw, _ := base64.StdEncoding.DecodeString(text)
	raw[len(raw)-1] ^= 1
	return base64.StdEncoding.EncodeToString(raw)
}

func otherKey(t *testing.T) string {
	t.Helper()
	sent, err := partner.Protect(clients.MobileGCM, make([]byte, partner.KeySize), alicesLocal)
	must(t, err)
	return sent
}
