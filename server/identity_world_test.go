package server_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pratu/flows/clients"
	"pratu/flows/contact"
	"pratu/flows/limits"
	"pratu/storage"
)

// Fixtures of the Identity API (spec/security.md 3.LK to 3.LX).
const (
	ls1         = "pratu_cs_QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaW1xdXl8"
	ls2         = "pratu_cs_YGFiY2RlZmdoaWprbG1ub3BxcnN0dXZ3eHl6e3x9fn8"
	alicesPhone = "+66813487612"
	alicesLocal = "0813487612"
	bobsPhone   = "+66815550100"
)

// legacy is a world with old clients and people with numbers.
type legacy struct {
	*world
	apiKey string
	token  string // alice's, for 1331
}

// eachLegacy runs a test on both engines, and looks for what these calls must not leave in log and metrics.
func eachLegacy(t *testing.T, run func(w *legacy)) {
	t.Helper()
	each(t, func(w *world) {
		t := w.t
		no := false
		for _, d := range []clients.Document{
			{ClientID: "1331", Kind: clients.KindWeb, ClientSecret: ls2, Metadata: clients.Metadata{RedirectURIs: []string{rp}}, Settings: clients.Settings{
				FirstParty: true, Permissions: []string{clients.PermissionRead}, LegacyClaims: true, LegacyScopes: true,
			}},
			{ClientID: "2171", Kind: clients.KindMachine, ClientSecret: ls1, Settings: clients.Settings{
				Permissions: []string{clients.PermissionSearch}, LegacyLookup: true, SearchPurpose: "ส่งของให้ถูกคน",
			}},
			{ClientID: "3491", Kind: clients.KindMachine, ClientSecret: ls1, Settings: clients.Settings{Permissions: []string{clients.PermissionSearch}}},
			{ClientID: "4001", Kind: clients.KindMachine, ClientSecret: ls1, Settings: clients.Settings{
				Permissions: []string{clients.PermissionSearch, clients.PermissionSearchUnverified},
			}},
			{ClientID: "9999", Kind: clients.KindMachine, ClientSecret: ls1, Disabled: true, Settings: clients.Settings{Permissions: []string{clients.PermissionSearch}}},
			{ClientID: "1245", Kind: clients.KindWeb, ClientSecret: ls2, Metadata: clients.Metadata{RedirectURIs: []string{rp}}, Settings: clients.Settings{
				FirstParty: true, RequirePKCE: &no, LegacyScopes: true, PartnerMobileProtection: clients.MobileGCM, PartnerMobileKey: partnerKey,
			}},
		} {
			_, _, err := w.clients.Create(t.Context(), d)
			must(t, err)
		}
		w.seen = func(r *http.Request, answer reply) {
			programs := strings.HasPrefix(r.URL.Path, "/accounts") || strings.HasPrefix(r.URL.Path, "/partner")
			if programs && r.URL.Path != "/accounts/" && answer.StatusCode != http.StatusMethodNotAllowed && !conforms(t, identityAPI, r, "", answer) {
				t.Errorf("%s %s is in no document", r.Method, r.URL.Path)
			}
		}
		l := &legacy{world: w}
		l.contact("alice", alicesPhone, true)
		l.contact("bob", bobsPhone, true)
		l.contact("alice", "alice.old@x.test", false)
		for _, name := range []string{"alice", "bob"} {
			l.index(name)
		}
		_, key, err := w.directory.Keys.Create(t.Context(), "1331", "", 0)
		must(t, err)
		l.apiKey = key
		l.token = l.tokenWith("public_profile mobile email references contacts")
		run(l)
		seen := w.log.String()
		families, err := w.metrics.Gather()
		must(t, err)
		seen += fmt.Sprint(families)
		for _, canary := range []string{ls1, ls2, l.apiKey, "pratu_ak_", alicesPhone, alicesLocal, "813487612", "815550100", "nobody@x.test"} {
			if strings.Contains(seen, canary) {
				t.Errorf("log or metrics hold %q: %s", canary, line(seen, canary))
			}
		}
	})
}

// partnerKey is 32 bytes.
const partnerKey = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

// contact gives an account another one.
func (l *legacy) contact(account, value string, verified bool) {
	l.t.Helper()
	c, err := contact.Parse(value)
	must(l.t, err)
	now := storage.At(l.now())
	row := storage.Contact{ID: "contact-" + account + "-" + value, AccountID: account, Kind: c.Kind, Preferred: verified, AddedAt: now}
	if verified {
		row.VerifiedAt = now
	}
	row.Value = l.ring.Seal("contact", []byte(c.Value), row.ID)
	must(l.t, l.store.CreateContact(l.t.Context(), row, l.ring.Digests(c.Kind, c.Canonical)))
}

// index makes the address that w.person wrote one that is found.
func (l *legacy) index(account string) {
	l.t.Helper()
	c, err := contact.ParseEmail(account + "@x.test")
	must(l.t, err)
	must(l.t, l.store.RemoveContact(l.t.Context(), account, "contact-"+account))
	row := storage.Contact{ID: "contact-" + account, AccountID: account, Kind: c.Kind, Preferred: true, AddedAt: storage.At(l.now()), VerifiedAt: storage.At(l.now())}
	row.Value = l.ring.Seal("contact", []byte(c.Value), row.ID)
	must(l.t, l.store.CreateContact(l.t.Context(), row, l.ring.Digests(c.Kind, c.Canonical)))
}

// tokenWith is alice's access token for client 1331.
func (l *legacy) tokenWith(scope string, changes ...string) string {
	l.t.Helper()
	answer := l.post("/oauth2/token", "1331", ls2, grant(l.signedIn("alice").code(base(append([]string{"client_id", "1331", "scope", scope}, changes...)...))))
	if answer.StatusCode != http.StatusOK {
		l.t.Fatalf("%d %s", answer.StatusCode, answer.body)
	}
	return text(answer.json(l.t), "access_token")
}

// ask sends headers, as pairs; "" leaves one out.
func (l *legacy) ask(method, target string, pairs ...string) reply {
	l.t.Helper()
	r := httptest.NewRequest(method, target, nil)
	for i := 0; i < len(pairs); i += 2 {
		if r.Header.Del(pairs[i]); pairs[i+1] != "" {
			r.Header[http.CanonicalHeaderKey(pairs[i])] = []string{pairs[i+1]}
		}
	}
	return l.do(r)
}

// read is the good request of 3.LK.
func (l *legacy) read(id string, pairs ...string) reply {
	l.t.Helper()
	return l.ask("GET", "/accounts/"+id, append([]string{
		"Authorization", l.apiKey, "access_token", l.token, "client_id", "1331", "client_secret", ls2,
	}, pairs...)...)
}

// search is the good request of 3.SE.
func (l *legacy) search(target string, pairs ...string) reply {
	l.t.Helper()
	return l.ask("GET", target, append([]string{
		"X-Client-Identifier", "2171", "X-Client-Secret", ls1, "X-Account-Identifier", alicesLocal,
	}, pairs...)...)
}

// shape replaces values by the names of their JSON types; keys stay.
func shape(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for _, key := range slices.Sorted(maps.Keys(v)) {
			out[key] = shape(v[key])
		}
		return out
	case []any:
		out := []any{}
		for _, x := range v {
			if s := shape(x); !slices.ContainsFunc(out, func(o any) bool { return reflect.DeepEqual(o, s) }) {
				out = append(out, s)
			}
		}
		return out
	case float64:
		if v == float64(int64(v)) {
			return "integer"
		}
	}
	return fmt.Sprintf("%T", v)
}

// golden compares the shape of an answer with that of a sample, key by key and type by type.
func golden(t *testing.T, answer reply, sample string) {
	t.Helper()
	var want any
	if err := json.Unmarshal([]byte(sample), &want); err != nil {
		t.Fatal(err)
	}
	if got, want := shape(any(answer.json(t))), shape(want); answer.StatusCode != http.StatusOK || !reflect.DeepEqual(got, want) {
		t.Errorf("status %d\n got %v\nwant %v\n%s", answer.StatusCode, got, want, answer.body)
	}
	if answer.Header.Get("Cache-Control") != "no-store" || answer.Header.Get("Content-Type") != "application/json; charset=utf-8" {
		t.Errorf("%v", answer.Header)
	}
}

// fails expects an error in the API's envelope.
func (l *legacy) fails(answer reply, module, code int) {
	l.t.Helper()
	v := answer.json(l.t)
	if answer.StatusCode != code/100 || v["code"] != float64(code) || v["platform_module"] != float64(module) || v["message"] == "" || len(v) != 3 {
		l.t.Errorf("%d %s, want %d", answer.StatusCode, answer.body, code)
	}
	if answer.Header.Get("Cache-Control") != "no-store" {
		l.t.Errorf("%v", answer.Header)
	}
	if code == 42901 && answer.Header.Get("Retry-After") == "" {
		l.t.Error("no Retry-After")
	}
}

// limited is another budget for a minute.
func limited(policy string, budget int) map[string]limits.Override {
	return map[string]limits.Override{policy: {Budget: budget, Window: time.Minute}}
}
