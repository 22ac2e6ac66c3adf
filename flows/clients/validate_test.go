package clients

import (
	"strings"
	"testing"
)

func codes(ps Problems) string {
	var list []string
	for _, p := range ps {
		list = append(list, p.Pointer+" "+p.Code)
	}
	return strings.Join(list, "; ")
}

func check(d Document) string {
	d.fill()
	return codes(d.validate())
}

// Addresses of logout: https, and for frames an origin that people are sent to anyway.
func TestLogoutURIs(t *testing.T) {
	for _, c := range []struct{ kind, back, front, want string }{
		{KindWeb, "https://rp.test/back?app=1", "https://rp.test/front?app=1", ""},
		{KindWeb, "https://other.test/back", "", ""},
		{KindSPA, "https://rp.test/back", "https://rp.test/front", ""},
		{KindNative, "https://rp.test/back", "", ""},
		{KindWeb, "http://localhost:9000/back", "", ""},
		{KindWeb, "http://rp.test/back", "", "/backchannel_logout_uri uri.http"},
		{KindWeb, "https://rp.test/back#", "", "/backchannel_logout_uri uri.fragment"},
		{KindWeb, "com.example.app:/back", "", "/backchannel_logout_uri uri.http"},
		{KindWeb, "", "http://rp.test/front", "/frontchannel_logout_uri uri.http; /frontchannel_logout_uri uri.frontchannel"},
		{KindWeb, "", "https://rp.test:8443/front", "/frontchannel_logout_uri uri.frontchannel"},
		{KindWeb, "", "https://evil.test/front", "/frontchannel_logout_uri uri.frontchannel"},
		{KindWeb, "", "JaVaScRiPt:alert(1)", "/frontchannel_logout_uri uri.scheme; /frontchannel_logout_uri uri.frontchannel"},
	} {
		if got := check(Document{Kind: c.kind, Metadata: Metadata{
			RedirectURIs: []string{"https://rp.test/cb"}, BackchannelLogoutURI: c.back, FrontchannelLogoutURI: c.front,
		}}); got != c.want {
			t.Errorf("%+v: %q", c, got)
		}
	}
	if got := check(Document{Kind: KindMachine, Metadata: Metadata{BackchannelLogoutURI: "https://rp.test/back"}}); got != "/backchannel_logout_uri uri.kind" {
		t.Error(got)
	}
	if got := check(Document{Kind: KindWeb, Metadata: Metadata{RedirectURIs: []string{"https://rp.test/cb"}, FrontchannelSession: true}}); got != "/frontchannel_logout_session_required uri.missing" {
		t.Error(got)
	}
}

// MI-15 and the rows of first-run 3.1: each refused URI has its own message code and a pointer to the item.
func TestRedirectURIs(t *testing.T) {
	for _, c := range []struct{ kind, uri, code string }{
		{KindWeb, "https://rp.test/cb", ""},
		{KindWeb, "https://rp.test:8443/cb?tenant=1", ""},
		{KindWeb, "http://localhost:8090/callback", ""},
		{KindWeb, "http://127.0.0.1/cb", ""},
		{KindWeb, "http://[::1]:99/cb", ""},
		{KindWeb, "https://rp.test", ""},
		{KindWeb, "", "uri.empty"},
		{KindWeb, "/cb", "uri.not_absolute"},
		{KindWeb, "rp.test/cb", "uri.not_absolute"},
		{KindWeb, "//rp.test/cb", "uri.not_absolute"},
		{KindWeb, "https:rp.test/cb", "uri.not_absolute"},
		{KindWeb, "https:///cb", "uri.not_absolute"},
		{KindWeb, "https://rp.test/cb#", "uri.fragment"},
		{KindWeb, "https://rp.test/cb#top", "uri.fragment"},
		{KindWeb, "https://*.rp.test/cb", "uri.wildcard"},
		{KindWeb, "http://rp.test/cb", "uri.http"},
		{KindWeb, "http://localhost.evil.test/cb", "uri.http"},
		{KindWeb, "http://127.0.0.1.evil.test/cb", "uri.http"},
		{KindWeb, "https://rp.test@evil.test/cb", "uri.userinfo"},
		{KindWeb, "https://a@b@evil.test/cb", "uri.not_absolute uri.userinfo"},
		{KindWeb, "https://RP.test/cb", "uri.case"},
		{KindWeb, "HTTPS://rp.test/cb", "uri.case"},
		{KindWeb, "https://rp.test/ cb", "uri.characters"},
		{KindWeb, "https://rp.test/\ncb", "uri.characters"},
		{KindWeb, `https://rp.test\@evil.test/cb`, "uri.characters"},
		{KindWeb, "https://ประตู.test/cb", "uri.non_ascii"},
		{KindWeb, "https://rp.test:/cb", "uri.port"},
		{KindWeb, "https://rp.test:99999/cb", "uri.port"},
		{KindWeb, "https://rp.test/" + strings.Repeat("a", maxURI), "uri.too_long"},
		{KindWeb, "JaVaScRiPt:alert(1)", "uri.scheme"},
		{KindWeb, "javascript://rp.test/%0aalert(1)", "uri.scheme"},
		{KindWeb, "data:text/html,hi", "uri.scheme"},
		{KindWeb, "FILE:///etc/passwd", "uri.scheme"},
		{KindNative, "vbscript:x", "uri.scheme"},
		{KindWeb, "com.example.app:/cb", "uri.kind"},
		{KindSPA, "com.example.app:/cb", "uri.kind"},
		{KindNative, "com.example.app:/cb", ""},
		{KindNative, "com.example.app://cb", ""},
		{KindNative, "com.example.app:cb", "uri.not_absolute"},
		{KindNative, "myapp:/cb", "uri.private_use"},
		{KindNative, "myapp://cb", "uri.private_use"},
		{KindNative, "http://127.0.0.1/cb", ""},
		{KindNative, "https://app.example.com/cb", ""},
		{KindGame, "http://127.0.0.1/cb", ""},
		{KindTV, "com.example.tv:/cb", ""},
	} {
		got := check(Document{Kind: c.kind, Metadata: Metadata{RedirectURIs: []string{c.uri}}})
		want := ""
		for _, code := range strings.Fields(c.code) {
			if got == "/redirect_uris/0 "+code {
				want = got
			}
		}
		if c.code != "" && want == "" {
			want = "/redirect_uris/0 " + c.code
		}
		if got != want {
			t.Errorf("%s %q: got %q, want %q", c.kind, c.uri, got, want)
		}
	}
}

func TestRegistrationRules(t *testing.T) {
	no, yes := false, true
	one := []string{"https://rp.test/cb"}
	big := strings.Repeat("A", 342)
	for name, c := range map[string]struct {
		d    Document
		want string
	}{
		"no kind":          {Document{}, "/kind client.kind"},
		"unknown kind":     {Document{Kind: "webb"}, "/kind client.kind"},
		"web without URI":  {Document{Kind: KindWeb}, "/redirect_uris uri.missing"},
		"tv without URI":   {Document{Kind: KindTV}, ""},
		"machine":          {Document{Kind: KindMachine}, ""},
		"machine with URI": {Document{Kind: KindMachine, Metadata: Metadata{RedirectURIs: one}}, "/redirect_uris uri.kind"},
		"duplicate": {Document{Kind: KindWeb, Metadata: Metadata{RedirectURIs: []string{one[0], one[0]}}},
			"/redirect_uris/1 uri.duplicate"},
		"numeric id":  {Document{Kind: KindMachine, ClientID: "1331"}, ""},
		"id too long": {Document{Kind: KindMachine, ClientID: strings.Repeat("a", 65)}, "/client_id client.id"},
		"id slash":    {Document{Kind: KindMachine, ClientID: "a/b"}, "/client_id client.id"},
		"spa with secret": {Document{Kind: KindSPA, Metadata: Metadata{RedirectURIs: one, TokenEndpointAuthMethod: AuthPost}},
			"/token_endpoint_auth_method client.auth"},
		"web without secret": {Document{Kind: KindWeb, Metadata: Metadata{RedirectURIs: one, TokenEndpointAuthMethod: AuthNone}},
			"/token_endpoint_auth_method client.auth"},
		"public without pkce": {Document{Kind: KindSPA, Metadata: Metadata{RedirectURIs: one}, Settings: Settings{RequirePKCE: &no}},
			"/settings/require_pkce setting.require_pkce"},
		"confidential without pkce": {Document{Kind: KindWeb, Metadata: Metadata{RedirectURIs: one}, Settings: Settings{RequirePKCE: &no}}, ""},
		"public with pkce":          {Document{Kind: KindSPA, Metadata: Metadata{RedirectURIs: one}, Settings: Settings{RequirePKCE: &yes}}, ""},
		"implicit":                  {Document{Kind: KindSPA, Metadata: Metadata{RedirectURIs: one, ResponseTypes: []string{"id_token", "token  id_token"}}}, ""},
		"hybrid without its grants": {Document{Kind: KindWeb, Metadata: Metadata{RedirectURIs: one, ResponseTypes: []string{"token code"}, GrantTypes: []string{GrantRefresh}}},
			"/response_types/0 client.response; /response_types/0 client.response"},
		"an access token alone": {Document{Kind: KindSPA, Metadata: Metadata{RedirectURIs: one, ResponseTypes: []string{"token"}}}, "/response_types/0 client.response"},
		"implicit to localhost": {Document{Kind: KindSPA, Metadata: Metadata{RedirectURIs: []string{"http://localhost:8090/cb", "https://localhost/cb"}, GrantTypes: []string{GrantImplicit}}},
			"/redirect_uris/0 client.response; /redirect_uris/1 client.response"},
		"implicit of an installed app": {Document{Kind: KindNative, Metadata: Metadata{RedirectURIs: one, ResponseTypes: []string{"id_token"}}}, "/grant_types/2 client.grant"},
		"password grant": {Document{Kind: KindWeb, Metadata: Metadata{RedirectURIs: one, GrantTypes: []string{"password"}}},
			"/grant_types/0 client.grant"},
		"short secret":     {Document{Kind: KindMachine, ClientSecret: "secret"}, "/client_secret client.secret"},
		"secret of public": {Document{Kind: KindSPA, Metadata: Metadata{RedirectURIs: one}, ClientSecret: "0123456789abcdef"}, "/client_secret client.secret"},
		"pairwise":         {Document{Kind: KindSPA, Metadata: Metadata{RedirectURIs: one, SubjectType: "pairwise"}}, ""},
		"pairwise of two hosts": {Document{Kind: KindSPA, Metadata: Metadata{RedirectURIs: []string{"https://a.test/cb", "https://b.test/cb"}, SubjectType: "pairwise"}},
			"/sector_identifier_uri client.sector"},
		"pairwise without a host": {Document{Kind: KindNative, Metadata: Metadata{RedirectURIs: []string{"com.example.app:/cb"}, SubjectType: "pairwise"}},
			"/sector_identifier_uri client.sector"},
		"a sector by http": {Document{Kind: KindSPA, Metadata: Metadata{RedirectURIs: one, SubjectType: "pairwise", SectorIdentifierURI: "http://rp.test/s"}},
			"/sector_identifier_uri uri.fetched"},
		"a third type of subject": {Document{Kind: KindSPA, Metadata: Metadata{RedirectURIs: one, SubjectType: "secret"}}, "/subject_type client.subject_type"},
		"fapi2":                   {Document{Kind: KindMachine, Settings: Settings{Profile: "fapi2"}}, "/settings/profile client.unavailable"},
		"private jwks": {Document{Kind: KindMachine, Metadata: Metadata{JWKS: []byte(`{"keys":[{"kty":"OKP","crv":"Ed25519","d":"x","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}`)}},
			"/jwks/keys/0/d client.jwks_private"},
		"good jwks": {Document{Kind: KindMachine, Metadata: Metadata{JWKS: []byte(`{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}`)}}, ""},
		"rsa jwks":  {Document{Kind: KindMachine, Metadata: Metadata{JWKS: []byte(`{"keys":[{"kty":"RSA","e":"AQAB","n":"` + big + `"}]}`)}}, ""},
		"weak rsa":  {Document{Kind: KindMachine, Metadata: Metadata{JWKS: []byte(`{"keys":[{"kty":"RSA","e":"AQAB","n":"` + big[:100] + `"}]}`)}}, "/jwks/keys/0 client.jwks"},
		"shared key": {Document{Kind: KindMachine, Metadata: Metadata{JWKS: []byte(`{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}`)}},
			"/jwks/keys/0/k client.jwks_private; /jwks/keys/0/kty client.jwks"},
		"MI-16 jwks_uri": {Document{Kind: KindWeb, Metadata: Metadata{RedirectURIs: one, TokenEndpointAuthMethod: AuthBasic, JWKSURI: "http://127.0.0.1:5432/"}},
			"/jwks_uri uri.fetched"},
		"logo over http": {Document{Kind: KindWeb, Metadata: Metadata{RedirectURIs: one, LogoURI: "http://rp.test/logo.png"}}, "/logo_uri uri.http"},
		"logo script":    {Document{Kind: KindWeb, Metadata: Metadata{RedirectURIs: one, LogoURI: "javascript:alert(1)"}}, "/logo_uri uri.scheme"},
		"origin path":    {Document{Kind: KindSPA, Metadata: Metadata{RedirectURIs: one, AllowedOrigins: []string{"https://rp.test/x"}}}, "/allowed_origins/0 uri.origin"},
		"lifetime":       {Document{Kind: KindMachine, Settings: Settings{AccessTokenLifetime: 1}}, "/settings/access_token_lifetime setting.lifetime"},
		"name": {Document{Kind: KindWeb, Metadata: Metadata{RedirectURIs: one, ClientName: "a\u0007b"}},
			"/client_name client.text"},
		"public client_credentials": {Document{Kind: KindGame, Metadata: Metadata{GrantTypes: []string{GrantClientCredentials}}},
			"/grant_types client.grant"},
		"exchange without a policy": {Document{Kind: KindMachine, Metadata: Metadata{GrantTypes: []string{GrantExchange}}}, "/grant_types client.grant"},
		"policy without the grant":  {Document{Kind: KindMachine, Settings: Settings{TokenExchange: &Exchange{Delegation: true}}}, "/settings/token_exchange setting.token_exchange"},
		"public exchange": {Document{Kind: KindGame, Metadata: Metadata{GrantTypes: []string{GrantExchange}}, Settings: Settings{TokenExchange: &Exchange{Delegation: true}}},
			"/settings/token_exchange setting.token_exchange"},
		"exchange of a spa": {Document{Kind: KindSPA, Metadata: Metadata{RedirectURIs: one, GrantTypes: []string{GrantExchange}}},
			"/grant_types/0 client.grant; /grant_types client.grant"},
		"exchange of nothing": {Document{Kind: KindMachine, Metadata: Metadata{GrantTypes: []string{GrantExchange}}, Settings: Settings{TokenExchange: &Exchange{}}},
			"/settings/token_exchange setting.token_exchange"},
		"exchange": {Document{Kind: KindMachine, Metadata: Metadata{GrantTypes: []string{GrantExchange}}, Settings: Settings{TokenExchange: &Exchange{
			Impersonation: true, SubjectClients: []string{"shop"}, SubjectAudiences: []string{"https://api.test/a"}, Audiences: []string{"stock", "urn:x:y"}, Scopes: []string{"a"},
		}}}, ""},
		"bounds of an exchange": {Document{Kind: KindMachine, Metadata: Metadata{GrantTypes: []string{GrantExchange}}, Settings: Settings{TokenExchange: &Exchange{
			Impersonation: true, SubjectClients: []string{"a/b"}, SubjectAudiences: []string{"https://"}, Audiences: []string{"https://a.test/#x"}, Scopes: []string{"a b"},
		}}}, "/settings/token_exchange/subject_clients/0 setting.token_exchange; /settings/token_exchange/subject_audiences/0 setting.token_exchange; " +
			"/settings/token_exchange/audiences/0 setting.token_exchange; /settings/token_exchange/scopes/0 setting.token_exchange"},
		"quote in scope": {Document{Kind: KindMachine, Metadata: Metadata{Scope: `a"b`}}, "/scope client.scope"},
	} {
		if got := check(c.d); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

func TestDefaultsOfKinds(t *testing.T) {
	for _, c := range []struct {
		kind, auth, alg, channel, grants string
	}{
		{KindWeb, "", "RS256", "web", "authorization_code refresh_token"},
		{KindSPA, AuthNone, "ES256", "web", "authorization_code refresh_token"},
		{KindNative, AuthNone, "ES256", "app", "authorization_code refresh_token"},
		{KindTV, AuthNone, "ES256", "stb", "authorization_code " + GrantDevice + " refresh_token"},
		{KindGame, AuthNone, "ES256", "app", "authorization_code " + GrantDevice + " refresh_token"},
	} {
		d := Document{Kind: c.kind, Metadata: Metadata{RedirectURIs: []string{"https://rp.test/cb"}}}
		d.fill()
		got := []string{d.TokenEndpointAuthMethod, d.IDTokenAlg, d.Settings.Channel, strings.Join(d.GrantTypes, " "), d.Scope}
		want := []string{c.auth, c.alg, c.channel, c.grants, DefaultScope}
		if strings.Join(got, "|") != strings.Join(want, "|") {
			t.Errorf("%s: got %q, want %q", c.kind, got, want)
		}
	}
	d := Document{Kind: KindMachine}
	d.fill()
	if d.Scope != "" || d.AuthMethod() != AuthBasic || len(d.ResponseTypes) != 0 {
		t.Errorf("machine: %+v", d)
	}
}

func TestReadDocument(t *testing.T) {
	for text, want := range map[string]string{
		`{"kind":"web","redirect_uri":["x"]}`:             "/redirect_uri document.unknown",
		`{"kind":"web","settings":{"require_pcke":true}}`: "/settings/require_pcke document.unknown",
		`{"kind":"web","kind":"spa"}`:                     "/kind document.twice",
		`{"kind":"web"} {}`:                               " document.json",
		`[]`:                                              " document.type",
		`{`:                                               " document.json",
		`{"kind":1}`:                                      "/kind document.type",
		`{"kind":"web","redirect_uris":"x","settings":{"claims":[{"clam":"x"}],"player":{"coins":1},"first_party":"yes"}}`: "/redirect_uris document.type; /settings/claims/0/clam document.unknown; /settings/player/coins document.unknown; /settings/first_party document.type",
		`{"Kind":"web"}`: "/Kind document.unknown",
		`{"kind":"web","redirect_uris":["https://a/b"],"settings":{"access_token_lifetime":"10m","require_pkce":false}}`: "",
	} {
		d, err := ReadDocument(strings.NewReader(text))
		if err == nil {
			err = d.Unread()
		}
		got := ""
		if err != nil {
			got = codes(problemsOf(t, err))
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
		if err == nil && (d.Settings.AccessTokenLifetime != 600 || d.Settings.RequirePKCE == nil) {
			t.Errorf("%s: settings %+v", text, d.Settings)
		}
	}
}

func TestSettings(t *testing.T) {
	var s Settings
	for _, pair := range [][2]string{
		{"first_party", "true"}, {"require_pkce", "false"}, {"access_token_format", "opaque"},
		{"access_token_lifetime", "10m"}, {"refresh_token_lifetime", "3600"}, {"resources", "https://a.test,https://b.test"},
		{"token_exchange", `{"delegation":true}`}, {"token_exchange", `{"impersonation":true}`},
		{"claims", `[{"claim":"a","value":1}]`}, {"claims", `[{"claim":"b","field":"oid"}]`},
	} {
		if err := s.Set(pair[0], pair[1]); err != nil {
			t.Error(err)
		}
	}
	if !s.FirstParty || *s.RequirePKCE || s.AccessTokenFormat != "opaque" || s.AccessTokenLifetime != 600 ||
		len(s.Claims) != 1 || s.Claims[0].Value != nil || !s.TokenExchange.Impersonation || s.TokenExchange.Delegation || s.RefreshTokenLifetime != 3600 || len(s.Resources) != 2 {
		t.Errorf("%+v", s)
	}
	if err := s.Set("token_exchange", ""); err != nil || s.TokenExchange != nil {
		t.Errorf("%v %v", s.TokenExchange, err)
	}
	for _, pair := range [][2]string{{"first_part", "true"}, {"first_party", "yes"}, {"access_token_lifetime", "soon"},
		{"token_exchange", `{"delegations":true}`}, {"token_exchange", "yes"}} {
		if s.Set(pair[0], pair[1]) == nil {
			t.Errorf("%v was accepted", pair)
		}
	}
}

func TestGeneratedSecrets(t *testing.T) {
	for text, want := range map[string]bool{
		"pratu_cs_l3v0cZb5oN7mUqk1xS9Yw2eRtA6dFhJ8PzXcVbGnMQE":               true,
		"5f2b8c1d9e3a7460b1c2d3e4f5a69788796a5b4c3d2e1f00112233445566778899": true,
		"correct horse battery staple":                                       false,
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa":                        false,
		"0000000000000000000000000000000000000000000000000000000000000000":   false,
		"short": false,
	} {
		if generated(text) != want {
			t.Errorf("%s: want %v", text, want)
		}
	}
}

// Tokens by the front channel are for who is registered for them, where the switch is on, and never for a document.
func TestFrontChannelSwitch(t *testing.T) {
	for _, d := range []Document{
		{Kind: KindSPA, Metadata: Metadata{RedirectURIs: []string{"https://rp.test/cb"}, ResponseTypes: []string{"id_token"}}},
		{Kind: KindWeb, Metadata: Metadata{RedirectURIs: []string{"https://rp.test/cb"}, GrantTypes: []string{GrantCode, GrantImplicit}}},
	} {
		d.fill()
		if got := codes((&Service{}).validate(&d)); got != "/response_types client.response" {
			t.Errorf("off: %q", got)
		}
		if got := codes((&Service{FrontChannelTokens: true}).validate(&d)); got != "" {
			t.Errorf("on: %q", got)
		}
		if got := codes((&Client{Kind: d.Kind, Metadata: d.Metadata}).Warnings()); got != "/response_types client.warn_front" {
			t.Errorf("warnings: %q", got)
		}
	}
	if c := (&Client{}); !c.Answers("code") || c.Answers("id_token") {
		t.Error("a client that names no response type")
	}
	if c := (&Client{Metadata: Metadata{ResponseTypes: []string{"token id_token"}}}); c.Answers("code") || !c.Answers("id_token token") || c.Answers("id_token") {
		t.Error("a client of one response type")
	}
	_, err := readSelf("https://rp.test/c", []byte(`{"client_id":"https://rp.test/c","redirect_uris":["https://rp.test/cb"],"response_types":["id_token"]}`))
	if err == nil || !strings.Contains(err.Error(), "response_types") {
		t.Errorf("a document: %v", err)
	}
}
