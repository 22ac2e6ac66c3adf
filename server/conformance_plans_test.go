package server_test

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

type (
	module  = func(name string, run func(c *conf))
	modules = func(module)
)

// plans are the Foundation's, each with the modules of ours that it runs and the names that it has to have
// (spec/conformance.md section 2). The real program runs them as they stand here.
var plans = []struct {
	name     string
	modules  modules
	required string // without oidcc-
}{
	{"basic", all(basicModules, promptModules, tokenModules), basicNames},
	{"formpost-basic", all(basicModules, promptModules, tokenModules), basicNames},
	{"config", configModules, "discovery-endpoint-verification"},
	{"rp-initiated-logout", logoutModules, `rp-initiated-logout-discovery-endpoint-verification rp-initiated-logout
		rp-initiated-logout-bad-post-logout-redirect-uri rp-initiated-logout-modified-id-token-hint rp-initiated-logout-no-id-token-hint
		rp-initiated-logout-no-params rp-initiated-logout-no-post-logout-redirect-uri rp-initiated-logout-no-state rp-initiated-logout-only-state
		rp-initiated-logout-query-added-to-post-logout-redirect-uri rp-initiated-logout-bad-id-token-hint`},
	{"backchannel", backChannelModules, "backchannel-logout-discovery-endpoint-verification backchannel-rp-initiated-logout"},
	{"frontchannel", frontChannelModules, "frontchannel-logout-discovery-endpoint-verification frontchannel-rp-initiated-logout"},
	{"session-management", sessionModules, "session-management-discovery-endpoint-verification session-management-rp-initiated-logout"},
	{"hybrid code id_token", front("code id_token"), hybridNames + " ensure-request-without-nonce-fails"},
	{"hybrid code token", front("code token"), hybridNames + " ensure-request-without-nonce-succeeds-for-code-flow"},
	{"hybrid code id_token token", front("code id_token token"), hybridNames + " ensure-request-without-nonce-fails"},
	{"implicit id_token", front("id_token"), implicitNames + " ensure-request-without-nonce-fails"},
	{"implicit id_token token", front("id_token token"), implicitNames + ` userinfo-get userinfo-post-header userinfo-post-body
		claims-essential ensure-request-without-nonce-fails`},
	{"dynamic", all(dynamicKeyModules, dynamicModules, responseTypeModules, sectorModules, requestURIModules), `idtoken-rs256 idtoken-unsigned
		userinfo-rs256 ensure-redirect-uri-in-authorization-request redirect-uri-query-OK redirect-uri-query-mismatch redirect-uri-query-added
		redirect-uri-regfrag discovery-endpoint-verification server registration-logo-uri registration-policy-uri registration-tos-uri
		registration-jwks-uri registration-sector-uri registration-sector-bad server-rotate-keys refresh-token-rp-key-rotation
		request-uri-unsigned request-uri-signed-rs256 ensure-request-object-with-redirect-uri refresh-token
		ensure-client-assertion-with-iss-aud-succeeds ` + registeredNames},
	{"3rdparty-init-login", initiatedLoginModules, "3rd_party-init-login 3rd_party-init-login-nohttps"},
}

const (
	// Of the basic plan, where its client registers itself.
	registeredNames = "idtoken-signature idtoken-unsigned request-uri-unsigned-supported-correctly-or-rejected-as-unsupported"
	hybridNames     = implicitNames + ` userinfo-get userinfo-post-header userinfo-post-body claims-essential codereuse codereuse-30seconds refresh-token
		ensure-request-with-valid-pkce-succeeds server-client-secret-post`
	basicNames    = hybridNames + " ensure-request-without-nonce-succeeds-for-code-flow ensure-post-request-succeeds"
	implicitNames = `server response-type-missing scope-profile scope-email scope-address scope-phone scope-all alternate-happy-flow display-page
		display-popup prompt-login prompt-none-not-logged-in prompt-none-logged-in max-age-1 max-age-10000
		ensure-request-with-unknown-parameter-succeeds id-token-hint login-hint ui-locales claims-locales
		ensure-request-with-acr-values-succeeds ensure-registered-redirect-uri
		unsigned-request-object-supported-correctly-or-rejected-as-unsupported ensure-request-object-with-redirect-uri`
)

func all(lists ...modules) modules {
	return func(m module) {
		for _, list := range lists {
			list(m)
		}
	}
}

func front(responseType string) modules { return func(m module) { frontModules(responseType, m) } }

// Each plan has all of its modules, and docs/conformance.md lists them.
func TestConformancePlans(t *testing.T) {
	plansOf := map[string][]string{}
	for _, plan := range plans {
		var names []string
		plan.modules(func(name string, _ func(c *conf)) { names = append(names, strings.TrimPrefix(name, "oidcc-")) })
		slices.Sort(names)
		names = slices.Compact(names)
		for _, name := range strings.Fields(plan.required) {
			if !slices.Contains(names, name) {
				t.Errorf("%s has no %s", plan.name, name)
			}
		}
		for _, name := range names {
			if !slices.Contains(strings.Fields(plan.required), name) {
				t.Errorf("%s isn't of %s", name, plan.name)
			}
		}
		short, _, _ := strings.Cut(plan.name, " ")
		for _, name := range names {
			if !slices.Contains(plansOf[name], short) {
				plansOf[name] = append(plansOf[name], short)
			}
		}
	}
	var table strings.Builder
	table.WriteString("| module, without `oidcc-` | plans |\n|---|---|\n")
	for _, name := range slices.Sorted(maps.Keys(plansOf)) {
		fmt.Fprintf(&table, "| %s | %s |\n", name, strings.Join(plansOf[name], ", "))
	}
	const page, begin, end = "../docs/conformance.md", "<!-- modules: a test compares this table with the tests -->\n", "<!-- end of modules -->"
	raw, err := os.ReadFile(page)
	must(t, err)
	head, rest, ok := strings.Cut(string(raw), begin)
	listed, tail, closed := strings.Cut(rest, end)
	switch {
	case !ok || !closed:
		t.Fatal("no table")
	case listed == table.String():
	case os.Getenv("UPDATE_DOCS") != "":
		must(t, os.WriteFile(page, []byte(head+begin+table.String()+end+tail), 0o644))
	default:
		t.Errorf("%s: the table differs from the tests; run UPDATE_DOCS=1 go test ./server -run ConformancePlans", page)
	}
}
