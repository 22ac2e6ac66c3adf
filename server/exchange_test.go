package server_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"testing"

	"pratu/flows/clients"
)

// A token exchange as RFC 8693 section 2 has it on the wire, with a service for the audience.
func TestTokenExchange(t *testing.T) {
	each(t, func(w *world) {
		_, _, err := w.clients.Create(t.Context(), clients.Document{
			ClientID: "bff", Kind: clients.KindWeb, ClientSecret: s1,
			Metadata: clients.Metadata{RedirectURIs: []string{rp}, GrantTypes: []string{clients.GrantCode, clients.GrantExchange}},
			Settings: clients.Settings{FirstParty: true, TokenExchange: &clients.Exchange{
				SubjectClients: []string{"ours"}, SubjectAudiences: []string{"ours"}, Impersonation: true,
				Audiences: []string{"svc1", "https://api.test/a"}, Scopes: []string{"openid"},
			}},
		})
		must(t, err)
		document := w.do(httptest.NewRequest(http.MethodGet, "/.well-known/openid-configuration", nil)).json(t)
		if list, _ := document["grant_types_supported"].([]any); !slices.Contains(list, any(clients.GrantExchange)) {
			t.Errorf("%v", list)
		}
		form := func(changes ...string) url.Values {
			return changed(url.Values{
				"grant_type": {clients.GrantExchange}, "subject_token": {text(w.tokens(w.signedIn("alice")), "access_token")},
				"subject_token_type": {"urn:ietf:params:oauth:token-type:access_token"}, "audience": {"svc1", "https://api.test/a"},
			}, changes...)
		}
		answer := w.post("/oauth2/token", "bff", s1, form())
		v := answer.json(t)
		if answer.StatusCode != http.StatusOK || v["issued_token_type"] != "urn:ietf:params:oauth:token-type:access_token" || v["token_type"] != "Bearer" ||
			v["scope"] != "openid" || v["refresh_token"] != nil || answer.Header.Get("Cache-Control") != "no-store" {
			t.Fatalf("%d %v", answer.StatusCode, v)
		}
		seen := w.post("/oauth2/introspect", "svc1", s2, url.Values{"token": {text(v, "access_token")}}).json(t)
		if seen["active"] != true || seen["client_id"] != "bff" || seen["sub"] != "21992040" || seen["act"] != nil {
			t.Errorf("%v", seen)
		}
		if info := w.do(bearer(http.MethodGet, text(v, "access_token"))); info.StatusCode != http.StatusOK || info.json(t)["sub"] != "21992040" {
			t.Errorf("%d %s", info.StatusCode, info.body)
		}
		w.refused(w.post("/oauth2/token", "bff", s1, form("audience", "web2")), 400, "invalid_target")
		w.refused(w.post("/oauth2/token", "bff", s1, form("subject_token", "x")), 400, "invalid_request")
		w.refused(w.post("/oauth2/token", "web1", s1, form()), 400, "unauthorized_client")
		w.refused(w.post("/oauth2/token", "", "", form("client_id", "spa1")), 400, "unauthorized_client")
		twice := form()
		twice["scope"] = []string{"openid", "openid"}
		w.refused(w.post("/oauth2/token", "bff", s1, twice), 400, "invalid_request")
	})
}
