package console

import (
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pratu/flows/clients"
	"pratu/flows/connectors"
	"pratu/flows/issuer"
	"pratu/flows/keys"
	"pratu/flows/office"
	"pratu/flows/oidc"
	"pratu/server/formtest"
	"pratu/server/web"
)

var sampleTime = time.Date(2026, 7, 29, 7, 5, 0, 0, time.UTC)

// sample is a page with one of everything in it.
type sample struct {
	file, page string
	view       func() web.Framed
	problems   []web.Problem
}

// evil is what somebody else wrote, as web.Inert leaves it.
var evil = web.Inert("มะลิ <b>\"'</b>\u202e ยอดเยี่ยม with-a-name-that-does-not-end-for-a-very-long-time")

func samples() []sample {
	return []sample{
		{"console-dashboard", "console/dashboard", sampleDashboard, nil},
		{"console-dashboard-empty", "console/dashboard", func() web.Framed {
			d := &Dashboard{Page: samplePage("/admin")}
			d.Charts = charts(&office.Dashboard{Days: days(14)}, "en")
			return d
		}, nil},
		{"console-clients", "console/clients", sampleClients, nil},
		{"console-clients-none", "console/clients", func() web.Framed { return &Clients{Page: samplePage("/admin/clients"), Query: evil} }, nil},
		{"console-client-kinds", "console/client-new", func() web.Framed {
			return sampleKinds()
		}, nil},
		{"console-client-new", "console/client-new", func() web.Framed { return sampleForm(clients.KindWeb) }, []web.Problem{{Code: "client.invalid"}}},
		{"console-client-new-machine", "console/client-new", func() web.Framed { return sampleForm(clients.KindMachine) }, nil},
		{"console-client", "console/client", sampleClient, nil},
		{"console-trial", "console/trial", sampleTrial, nil},
		{"console-trial-failed", "console/trial", func() web.Framed {
			return &Trial{Page: samplePage("/admin/trial"), ID: "shop", Name: evil, URL: "/admin/clients/shop", Again: "/admin/clients/shop",
				Answer:  sent(url.Values{"error": {"access_denied"}, "iss": {"https://id.example.com"}}),
				Request: sent(url.Values{"client_id": {"shop"}, "scope": {"openid"}})}
		}, nil},
		{"console-client-preview", "console/client-preview", samplePreview, nil},
		{"console-client-preview-machine", "console/client-preview", func() web.Framed {
			return &ClientPreview{Page: samplePage("/admin/clients/robot"), Name: evil, URL: "/admin/clients/robot", Tables: tables(ClaimTable{ID: "access_token", Claims: claimsOf(sampleClaims)})}
		}, nil},
		{"console-api", "console/api", sampleAPI, nil},
		{"console-client-secret", "console/client-secret", func() web.Framed {
			return &ClientSecret{
				Page: samplePage("/admin/new-client"), ID: "b3f1c2a7be09d4f1c2a7be09", Name: evil, URL: "/admin/clients/x", New: true,
				Secret: "pratu_cs_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", Issuer: "https://id.example.com", Snippets: sampleSnippets(),
			}
		}, nil},
		{"console-accounts", "console/accounts", sampleAccounts, nil},
		{"console-account", "console/account", func() web.Framed { return sampleAccount("1") }, []web.Problem{{Code: "office.reason", Field: "reason", Args: map[string]any{"max": 200}}}},
		{"console-account-disabled", "console/account", func() web.Framed { return sampleAccount("2") }, nil},
		{"console-connectors", "console/connectors", sampleConnectors, nil},
		{"console-connectors-none", "console/connectors", func() web.Framed { return &Connectors{Page: samplePage("/admin/connectors")} }, nil},
		{"console-connector-kinds", "console/connector-new", func() web.Framed { return sampleConnectorForm("") }, nil},
		{"console-connector-new", "console/connector-new", func() web.Framed { return sampleConnectorForm(connectors.KindB2C) }, []web.Problem{{Code: "connector.invalid"}}},
		{"console-connector-new-apple", "console/connector-new", func() web.Framed { return sampleConnectorForm(connectors.KindApple) }, nil},
		{"console-connector", "console/connector", func() web.Framed { return sampleConnector(false) }, []web.Problem{{Code: "delete.unconfirmed", Field: "confirm"}}},
		{"console-connector-built-in", "console/connector", func() web.Framed { return sampleConnector(true) }, nil},
		{"console-titles", "console/titles", sampleTitles, nil},
		{"console-title", "console/title", func() web.Framed { return sampleTitle(false) }, nil},
		{"console-title-own", "console/title", func() web.Framed { return sampleTitle(true) }, nil},
		{"console-player", "console/player", func() web.Framed { return samplePlayer(false) }, []web.Problem{{Code: "office.reason", Field: "reason", Args: map[string]any{"max": 200}}}},
		{"console-player-banned", "console/player", func() web.Framed { return samplePlayer(true) }, nil},
		{"console-access", "console/access", func() web.Framed { return sampleAccess(true) }, []web.Problem{{Code: "api_key.note", Field: "note"}}},
		{"console-access-read", "console/access", func() web.Framed { return sampleAccess(false) }, nil},
		{"console-api-key", "console/api-key", func() web.Framed {
			return &NewAPIKey{Page: samplePage("/admin/clients/shop/access"), Name: evil, Note: evil, Key: "pratu_ak_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", URL: "/admin/clients/shop/access"}
		}, nil},
		{"console-account-merged", "console/account", func() web.Framed { return sampleAccount("4") }, []web.Problem{{Code: "merge.same", Field: "into"}}},
		{"console-account-merge", "console/account-merge", sampleMerge, []web.Problem{{Code: "delete.unconfirmed", Field: "confirm"}}},
		{"console-roles", "console/roles", sampleRoles, []web.Problem{{Code: "role.title", Field: "title"}}},
		{"console-audit", "console/audit", sampleAudit, []web.Problem{{Code: "audit.day", Field: "from"}}},
		{"console-audit-none", "console/audit", func() web.Framed {
			return &Audit{Page: samplePage("/admin/audit"), From: "2026-07-01", To: "2026-07-29"}
		}, nil},
		{"console-webhooks", "console/webhooks", sampleWebhooks, []web.Problem{{Code: "webhook.url", Field: "url"}, {Code: "webhook.no_events", Field: "events"}}},
		{"console-webhooks-none", "console/webhooks", func() web.Framed { return &Webhooks{Page: samplePage("/admin/webhooks")} }, nil},
		{"console-webhook", "console/webhook", sampleWebhook, []web.Problem{{Code: "webhook.waiting"}}},
		{"console-webhook-secret", "console/webhook-secret", func() web.Framed {
			return &WebhookSecret{Page: samplePage("/admin/webhooks"), Address: evil, URL: "/admin/webhooks/x", Secret: "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="}
		}, nil},
		{"console-keys", "console/keys", sampleKeys, []web.Problem{{Code: "delete.unconfirmed", Field: "confirm"}}},
		{"console-mail", "console/mail", sampleMail, nil},
		{"console-mail-left", "console/mail", func() web.Framed {
			return &Mail{Page: samplePage("/admin/mail"), MaySend: true, Texts: true, Test: &Message{Kind: "sms", At: sampleTime}}
		}, nil},
		{"console-mail-empty", "console/mail", func() web.Framed { return &Mail{Page: samplePage("/admin/mail")} }, nil},
		{"console-settings", "console/settings", func() web.Framed {
			return &Running{Page: samplePage("/admin/settings"), Settings: []office.Setting{
				{Name: "issuer", Value: "https://id.example.com", Set: true}, {Name: "enable_front_channel_tokens", Value: "false"},
				{Name: "secret_key", Secret: true, Set: true}, {Name: "sms_authorization", Secret: true},
			}}
		}, nil},
	}
}

func sampleAccounts() web.Framed {
	page := &Accounts{Page: samplePage("/admin/accounts"), Query: "มะลิ", Next: "6d61.x"}
	for i, status := range []string{"1", "2", "3", "4", "5"} {
		row := AccountRow{Name: evil, Contact: "mali.with.quite.a.long.address@subdomain.example.com", Number: "21992040", URL: "/admin/accounts/21992040", Status: status, CreatedAt: sampleTime}
		if i == 0 {
			row.Roles = office.Roles()
		}
		if i == 4 {
			row.Name, row.Contact = "", ""
		}
		page.Accounts = append(page.Accounts, row)
	}
	return page
}

func sampleAccount(status string) web.Framed {
	page := &Account{
		Page: samplePage("/admin/accounts/21992040"), Name: evil, Number: "21992040", OID: "65f1c2a7be09d4f1c2a7be09", Status: status,
		Contacts: []Contact{{"email", "mali.with.quite.a.long.address@subdomain.example.com", true}, {"phone", "+66812345678", false}},
		Roles:    []string{"support"}, RegisterBy: "shop", CreatedAt: sampleTime, UpdatedAt: sampleTime, Password: true, App: true, Passkeys: 2, Codes: 8,
		Sessions: []Session{{"Firefox", "Android", "2001:db8:85a3:8d3:1319:8a2e:370:7348", sampleTime, sampleTime}, {Since: sampleTime, Seen: sampleTime}},
		MayWrite: true, MayDelete: status == "1", AuditURL: "/admin/audit?account=21992040",
	}
	page.MayMerge, page.MayExport, page.Into = true, true, "somchai@example.com"
	switch status {
	case "2":
		page.Reason = evil
	case "4":
		page.MergedInto, page.MergedURL = "21992041", "/admin/accounts/21992041"
	}
	return page
}

func sampleMerge() web.Framed {
	return &AccountMerge{
		Page: samplePage("/admin/accounts/21992040"), From: Merged{evil, "21992040", "/admin/accounts/21992040"}, Into: Merged{"", "21992041", "/admin/accounts/21992041"},
		Contacts: []Contact{{"email", "mali.with.quite.a.long.address@subdomain.example.com", true}, {"phone", "+66812345678", false}},
		Players:  []MergedPlayer{{"dragons", evil, 1200, 35, true}, {"tigers", "Mali", 0, 0, false}}, Logins: 2, Partners: 1, Applications: 3, Sessions: 2,
		Claims: []string{"birthdate", "given_name", "phone_number_of_a_long_name"}, FromVersion: "1", IntoVersion: "2", Number: "21992041",
	}
}

func sampleRoles() web.Framed {
	page := &Roles{Page: samplePage("/admin/roles"), MayWrite: true, Account: "mali@example.com"}
	for _, r := range office.Roles() {
		page.Roles = append(page.Roles, Option{Value: r, Words: "console.role." + r, Chosen: r == "support"})
	}
	page.Holders = []Holder{
		{Name: evil, Number: "21992040", URL: "/admin/accounts/21992040", Status: "1", Roles: []HeldRole{{Role: "owner"}, {"title_owner", "dragons"}}},
		{Name: "Somchai", Number: "21992041", URL: "/admin/accounts/21992041", Status: "2", Roles: []HeldRole{{Role: "auditor"}}},
	}
	return page
}

func sampleAudit() web.Framed {
	page := &Audit{Page: samplePage("/admin/audit"), From: "31/2/2569 " + evil, About: evil, Event: "signin.failed", Account: "21992040", OlderURL: "/admin/audit?before=1.x"}
	for i, k := range []string{"account", "client", "cli", "system"} {
		e := Event{Name: "client.secret.rotated", Outcome: "success", At: sampleTime.Add(time.Duration(i) * time.Minute), ActorKind: k}
		if i < 2 {
			e.Actor, e.Account, e.AccountURL, e.Client, e.ClientURL = "21992040", "21992040", "/admin/accounts/21992040", evil, "/admin/clients/shop"
			e.Outcome, e.Reason, e.IP, e.Agent, e.RequestID, e.Detail = "failure", "signin.failed", "203.0.113.7", evil, "4f1c2a7be09d", `{"method":"pwd","identifier":"m•••@example.com"}`
		}
		if i == 0 {
			e.ActorURL = "/admin/accounts/21992040"
		}
		page.Events = append(page.Events, e)
	}
	return page
}

func sampleKeys() web.Framed {
	page := &Keys{Page: samplePage("/admin/keys"), MayWrite: true}
	for i, state := range []string{"upcoming", "signing", "published"} {
		k := keyRow(keys.Info{ID: "b3f1c2a7be09d4f1c2a7be09d4f1c2a7be09d4f1c2a7be0" + state, Alg: "ES256", State: state, CreatedAt: sampleTime, ActiveAt: sampleTime}, sampleTime.AddDate(0, 0, i))
		if i == 2 {
			k.RetiredAt = sampleTime
		}
		page.Keys = append(page.Keys, k)
	}
	return page
}

func sampleMail() web.Framed {
	refused := &Message{Kind: "mail", Attempts: 1, Next: sampleTime, Error: "dial tcp 203.0.113.7:587: i/o timeout"}
	return &Mail{Page: samplePage("/admin/mail"), MaySend: true, Lost: 2, Test: refused, Again: "/admin/mail?test=x", Messages: []Message{
		{ID: "01890a5d-ac96-774b-bcce-b302099a8057", Kind: "mail", Attempts: 3, CreatedAt: sampleTime, Next: sampleTime, Error: "dial tcp 203.0.113.7:587: i/o timeout"},
		{ID: "01890a5d-ac96-774b-bcce-b302099a8058", Kind: "mail", Attempts: 1, CreatedAt: sampleTime, Lost: true, Error: "550 <b>no such user</b>"},
		{ID: "01890a5d-ac96-774b-bcce-b302099a8059", Kind: "sms", Attempts: 12, CreatedAt: sampleTime, Lost: true},
	}}
}

func sampleKinds() web.Framed {
	p := &NewClient{Page: samplePage("/admin/new-client")}
	for _, k := range clients.Kinds() {
		p.Kinds = append(p.Kinds, KindChoice{k, "/admin/new-client?kind=" + k})
	}
	return p
}

func sampleClients() web.Framed {
	page := &Clients{Page: samplePage("/admin/clients"), Query: "shop", NewURL: "/admin/new-client", NextURL: "/admin/clients?after=x"}
	for i, k := range clients.Kinds() {
		page.Clients = append(page.Clients, ClientRow{ID: "b3f1c2a7be09d4f1c2a7be0" + k, Name: evil, URL: "/admin/clients/x", Kind: k, Disabled: i == 1, Unverified: i == 2})
	}
	return page
}

func sampleForm(kindName string) web.Framed {
	page := &NewClient{Page: samplePage("/admin/new-client"), Kind: kindName, ClientID: "b3f1c2a7be09d4f1c2a7be09"}
	typed := url.Values{"client_name": {evil}, "redirect_uris": {"http://shop.example.com/callback\nhttps://shop.example.com/callback#here"}}
	page.First, page.More = inputs(&clients.Document{Kind: kindName}, typed)
	page.Wrong = marked(clients.Problems{
		{Pointer: "/redirect_uris/0", Code: "uri.http", Detail: "http only for localhost, 127.0.0.1 and [::1]: use https"},
		{Pointer: "/redirect_uris/1", Code: "uri.fragment", Detail: "a fragment is not allowed: leave out the # and what follows (RFC 6749 section 3.1.2)"},
		{Pointer: "/settings/profile", Code: "client.unavailable", Detail: "not available in this version"},
	}, typed, page.First, page.More)
	return page
}

func sampleSnippets() []Snippet {
	i, err := issuer.New("https://id.example.com")
	if err != nil {
		panic(err)
	}
	s := &Server{Web: &web.Kernel{Issuer: i}}
	return s.snippets(&clients.Client{ID: "shop", Kind: clients.KindSPA, Metadata: clients.Metadata{RedirectURIs: []string{"https://shop.example.com/callback"}, Scope: "openid profile"}})
}

func sampleClient() web.Framed {
	doc := &clients.Document{Kind: clients.KindWeb, ClientID: "shop", Metadata: clients.Metadata{
		ClientName: evil, RedirectURIs: []string{"https://shop.example.com/callback", "https://shop.example.com/callback/with/a/path/that/goes/on/and/on/and/on"},
		GrantTypes: []string{"authorization_code", "urn:ietf:params:oauth:grant-type:token-exchange"},
	}}
	page := &Client{
		Page: samplePage("/admin/clients/shop"), ID: "shop", Name: evil, Kind: clients.KindWeb, CreatedAt: sampleTime, UpdatedAt: sampleTime, Version: "1",
		Logo: "/static/touch.png", Disabled: true, Unverified: true, Keeps: true, MaySave: true, MayDelete: true, MayRotate: true, Snippets: sampleSnippets(), Facts: facts(doc),
		Secrets:  []Secret{{CreatedAt: sampleTime, Newest: true}, {CreatedAt: sampleTime, ExpiresAt: sampleTime}},
		Warnings: []Wrong{{Words: "wrong.uri.warn_slash", Detail: "the trailing slash is part of the comparison"}},
	}
	page.First, page.More = inputs(doc, nil)
	page.MayTry, page.MayPreview, page.People, page.Account = true, true, true, "mali@example.com"
	page.Refused = []Refused{
		{URI: "https://shop.example.com/callBack", Begin: "https://shop.example.com/call", Differs: "B", Rest: "ack", Position: 30, Nearest: "https://shop.example.com/callback", At: sampleTime},
		{URI: "http://a.example.com/" + strings.Repeat("x", 60), Begin: "http", Differs: ":", Rest: "//a.example.com/" + strings.Repeat("x", 60), Position: 5, Nearest: "https://shop.example.com/callback",
			At: sampleTime, Wrong: []Wrong{{Words: "wrong.uri.http", Detail: "http only for localhost, 127.0.0.1 and [::1]: use https"}}},
	}
	return page
}

var sampleClaims = map[string]any{
	"iss": "https://id.example.com", "aud": []string{"shop"}, "exp": float64(sampleTime.Unix()), "iat": float64(sampleTime.Unix()), "sub": "21992040",
	"name": "<script>alert(1)</script>\u202e", "email": "mali.with.quite.a.long.address@subdomain.example.com", "address": map[string]any{"locality": "กรุงเทพฯ"},
}

func sampleAPI() web.Framed {
	page := &APIDocument{Page: samplePage("/admin/api/"), DocumentURL: "https://id.example.com/admin/api/openapi.json"}
	err := page.read([]byte(`{"servers":[{"url":"https://id.example.com/admin/api/v1"}],
		"components":{"securitySchemes":{"oauth":{"flows":{"clientCredentials":{"tokenUrl":"https://id.example.com/oauth2/token"}}}}},
		"paths":{"/clients/{client}":{"patch":{"operationId":"changeClient","summary":"Change the members that are named (RFC 7396).","security":[{"oauth":["admin:clients.write"]}],
		"parameters":[{"name":"client","in":"path","required":true,"schema":{"type":"string"}},{"name":"If-Match","in":"header","required":true,"schema":{"type":"string"}}],
		"requestBody":{"content":{"application/merge-patch+json":{"schema":{"type":"object","properties":{"client_name":{"type":"string"},"redirect_uris":{"type":"array","items":{"type":"string"}}}}}}},
		"responses":{"200":{"content":{"application/json":{"schema":{"type":"object","properties":{"client_id_issued_at":{"type":"integer"}}}}}},"default":{}}},
		"delete":{"operationId":"deleteClient","summary":"Delete an application for good.","security":[{"oauth":["admin:clients.write"]}],"responses":{"204":{}}}}}}`))
	if err != nil {
		panic(err)
	}
	return page
}

func samplePreview() web.Framed {
	return &ClientPreview{
		Page: samplePage("/admin/clients/shop"), Name: evil, URL: "/admin/clients/shop", Account: "mali@example.com", Person: evil,
		Tables: tables(ClaimTable{ID: "id_token", Claims: claimsOf(sampleClaims)}, ClaimTable{ID: "userinfo", Claims: claimsOf(sampleClaims)}),
		Scopes: sampleScopes(),
	}
}

func sampleScopes() []oidc.ScopeClaims {
	return []oidc.ScopeClaims{
		{Scope: "openid", Given: []string{"sub"}},
		{Scope: "profile", Given: []string{"name", "locale", "updated_at"}, Absent: []string{"nickname", "preferred_username", "website", "gender", "birthdate", "zoneinfo"}},
		{Scope: "phone", Absent: []string{"phone_number", "phone_number_verified"}}, {Scope: "shop.read"},
	}
}

func sampleTrial() web.Framed {
	return &Trial{
		Page: samplePage("/admin/trial"), ID: "shop", Name: evil, URL: "/admin/clients/shop", Again: "/admin/clients/shop", Scopes: sampleScopes(),
		Request: sent(url.Values{
			"client_id": {"shop"}, "redirect_uri": {"https://id.example.com/admin/trial"}, "code_challenge": {strings.Repeat("x", 43)}, "state": {strings.Repeat("y", 43)},
		}),
		Tables: tables(
			ClaimTable{"id_token", claimsOf(map[string]any{"alg": "RS256", "kid": strings.Repeat("k", 43), "typ": "JWT"}), claimsOf(sampleClaims)},
			ClaimTable{ID: "userinfo", Claims: claimsOf(sampleClaims)},
		),
		Warnings: []Wrong{
			{Words: "wrong.trial.warn_refresh", Detail: "there is no refresh token without the scope offline_access"},
			{Words: "wrong.trial.warn_nothing", Detail: "the scope phone gave nothing: this account has none of its claims"},
		},
	}
}

// samplePage is the frame of a page.
func samplePage(here string) Page {
	p := Page{Frame: web.Frame{SignedIn: "มะลิ ใจดี", Owner: "21992040"}, Action: here}
	for _, x := range sections {
		p.Nav = append(p.Nav, Section{
			Name: "console." + x.name, URL: x.path, Here: x.path == here, Within: x.path != "/admin" && strings.HasPrefix(here, x.path+"/"),
		})
	}
	return p
}

func days(n int) []office.Day {
	list := make([]office.Day, n)
	for i := range list {
		list[i] = office.Day{Begin: sampleTime.AddDate(0, 0, i-n), Tokens: map[string]int64{}}
	}
	return list
}

func sampleDashboard() web.Framed {
	v := &office.Dashboard{Days: days(30), Grants: []string{"authorization_code", "refresh_token", "client_credentials", "urn:ietf:params:oauth:grant-type:device_code", "urn:ietf:params:oauth:grant-type:token-exchange", "other"}}
	for i := range v.Days {
		n := int64(i*i%37 + 3)
		v.Days[i].SignedIn, v.Days[i].Failed, v.Days[i].New = n*12, n%5, n%7
		for j, grant := range v.Grants {
			v.Days[i].Tokens[grant] = n * int64(10-j)
		}
	}
	page := &Dashboard{
		Page: samplePage("/admin"), Charts: charts(v, "en"), Keys: []KeyAge{{"RS256", 1}, {"ES256", 89}}, Waiting: 3, Lost: 1, MailURL: "/admin/mail",
		Spans: []Span{{7, "/admin?days=7", false}, {14, "/admin?days=14", false}, {30, "/admin?days=30", true}},
	}
	page.Notice = "console.notice.saved"
	return page
}

// TestPages renders every page in both languages and reads what a browser would. PRATU_PREVIEW=DIR keeps them, to look at.
func TestPages(t *testing.T) {
	r := renderer(t)
	var seen []string
	titles := map[string]string{}
	for _, s := range samples() {
		seen = append(seen, s.page)
		for _, locale := range web.Locales {
			t.Run(s.file+"."+locale, func(t *testing.T) {
				data := s.view()
				f := data.FrameOf()
				f.Locale, f.CSRF, f.RequestID, f.Problems = locale, "csrf-token", "4f1c2a7be09d", s.problems
				f.Languages = []web.Language{
					{Tag: "en", Name: "English", URL: "/language?to=en", Current: locale == "en"},
					{Tag: "th", Name: "ไทย", URL: "/language?to=th", Current: locale == "th"},
				}
				body, err := r.Page(s.page, data)
				if err != nil {
					t.Fatal(err)
				}
				if dir := os.Getenv("PRATU_PREVIEW"); dir != "" {
					if err := os.WriteFile(filepath.Join(dir, s.file+"."+locale+".html"), body, 0o644); err != nil {
						t.Fatal(err)
					}
				}
				title := formtest.Check(t, body, formtest.Wanted{Locale: locale, Alert: len(s.problems) > 0, Bytes: 48 << 10})
				if other, taken := titles[title]; taken && other != s.page {
					t.Errorf("%s has the title of %s: %q", s.page, other, title)
				}
				titles[title] = s.page
			})
		}
	}
	for _, name := range r.Names() {
		if strings.HasPrefix(name, "console/") && !slices.Contains(seen, name) {
			t.Errorf("page %s has no sample", name)
		}
	}
}
