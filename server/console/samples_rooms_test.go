package console

import (
	"net/url"
	"time"

	"pratu/flows/clients"
	"pratu/flows/connectors"
	"pratu/server/web"
	"pratu/storage"
)

func sampleConnectors() web.Framed {
	page := &Connectors{Page: samplePage("/admin/connectors"), NewURL: "/admin/new-connector"}
	for i, k := range connectors.Kinds() {
		page.Connectors = append(page.Connectors, ConnectorRow{ID: k, Name: evil, URL: "/admin/connectors/x", Kind: k, Disabled: i == 1, Clients: i % 3})
	}
	return page
}

func sampleConnectorForm(kindName string) web.Framed {
	page := &NewConnector{Page: samplePage("/admin/new-connector"), Kind: kindName, ID: "Corp!", Callback: "https://id.example.com/federation/corp/callback"}
	if kindName == "" {
		for _, k := range connectors.Kinds() {
			page.Kinds = append(page.Kinds, KindChoice{k, "/admin/new-connector?kind=" + k})
		}
		return page
	}
	typed := url.Values{"connector.name": {evil}, "connector.issuer": {"http://idp.example.com/"}, "connector.policies": {"B2C_1_signin\nB2C 1"}}
	page.Secret.File = kindName == connectors.KindApple
	page.First, page.More = connectorInputs(&connectors.Document{Kind: kindName}, typed)
	if kindName != connectors.KindApple {
		page.Wrong = split(markConnector(connectors.Problems{
			{Pointer: "/settings/issuer", Code: "connector.address", Detail: "an https address without query, fragment and user-info"},
			{Pointer: "/settings/policies/1", Code: "connector.syntax", Detail: `"B2C 1": a policy is a word, such as B2C_1_signin`},
			{Pointer: "/id", Code: "connector.id", Detail: "write 1 to 48 characters of a-z 0-9 and - between them: it is part of an address"},
			{Pointer: "/secret", Code: "connector.missing", Detail: "kind b2c needs the secret that the provider gave"},
		}.Err(), typed, page.First, page.More), map[string]*[]Wrong{"id": &page.IDWrong, "secret": &page.Secret.Wrong})
	}
	return page
}

func sampleConnector(builtIn bool) web.Framed {
	doc := connectors.Document{
		ID: "corp", Kind: connectors.KindOIDC, Name: evil, ClientID: "pratu", Settings: connectors.Settings{Issuer: "https://idp.example.com", Domains: []string{"example.com", "example.org"}},
	}
	page := &Connector{
		Page: samplePage("/admin/connectors/corp"), ID: "corp", Name: evil, Kind: doc.Kind, Callback: "https://id.example.com/federation/corp/callback", Version: "1",
		CreatedAt: sampleTime, UpdatedAt: sampleTime.Add(time.Hour), Logins: 1, MayWrite: !builtIn, BuiltIn: builtIn, Secret: SecretInput{Kept: true},
	}
	if !builtIn {
		page.Clients = []ConnectorClient{{"shop", "/admin/clients/shop"}, {evil, "/admin/clients/x"}}
		page.Logins, page.Many = 1000, true
	}
	page.First, page.More = connectorInputs(&doc, nil)
	page.Facts = connectorFacts(&doc)
	return page
}

func sampleTitles() web.Framed {
	return &Titles{Page: samplePage("/admin/titles"), NextURL: "/admin/titles?after=x", Titles: []ClientRow{
		{ID: "dragons", Name: evil, URL: "/admin/titles/dragons"}, {ID: "tigers", Name: "Tigers", URL: "/admin/titles/tigers", Disabled: true},
	}}
}

const sampleOID = "65f1c2a7be09d4f1c2a7be09"

func sampleTitle(own bool) web.Framed {
	page := &Title{Page: samplePage("/admin/titles/dragons"), ID: "dragons", Name: evil, ClientURL: "/admin/clients/dragons", Anybody: !own, NextURL: "/admin/titles/dragons?before=x"}
	for i := range 3 {
		page.Players = append(page.Players, PlayerRow{Name: evil, OID: sampleOID, URL: "/admin/titles/dragons/players/" + sampleOID, Coin: 1_234_567_890_123, Banned: i == 1, CreatedAt: sampleTime})
	}
	if own {
		page.Players, page.Query, page.NextURL = nil, sampleOID, ""
	}
	return page
}

func samplePlayer(banned bool) web.Framed {
	page := &Player{
		Page: samplePage("/admin/titles/dragons/players/" + sampleOID), Name: evil, OID: sampleOID, Title: "dragons", TitleName: "Dragons", TitleURL: "/admin/titles/dragons",
		Number: "21992040", AccountURL: "/admin/accounts/21992040", Team: -1, Costume: 7, CreatedAt: sampleTime, MayBan: true, OlderURL: "?currency=coin&before=1",
		Balances: []Balance{{"coin", "?currency=coin", 1_234_567_890_123, true}, {"diamond", "?currency=diamond", 0, false}},
	}
	for i := range int64(4) {
		page.Entries = append(page.Entries, Entry{sampleTime.Add(time.Duration(i) * time.Hour), (i - 2) * 1_000_000_007, 1_234_567_890_123, evil, "dragons"})
	}
	if banned {
		page.BannedAt, page.BanReason = sampleTime, evil
	}
	return page
}

func sampleAccess(may bool) web.Framed {
	page := &Access{Page: samplePage("/admin/clients/shop/access"), ID: "shop", Name: evil, ClientURL: "/admin/clients/shop", Version: "1", Purpose: evil, MaySave: may, MayMake: may}
	for i, p := range clients.Permissions() {
		page.Permissions = append(page.Permissions, Option{Value: p, Words: "console.permission." + p, Chosen: i%2 == 0})
	}
	for i, n := range []string{"90", "366", "0"} {
		page.Lives = append(page.Lives, Option{Value: n, Words: "console.api_key.life_" + n, Chosen: i == 0})
	}
	at := storage.At(sampleTime)
	for _, k := range []storage.APIKey{
		{ID: "k1", Prefix: "pratu_ak_AbC12x", Note: evil, CreatedAt: at, LastUsedAt: at}, {ID: "k2", CreatedAt: at, ExpiresAt: at.Add(48 * time.Hour)},
		{ID: "k3", Prefix: "pratu_ak_Zzz99_", Note: "CI", CreatedAt: at, RevokedAt: at}, {ID: "k4", Prefix: "pratu_ak_Yyy11-", Note: "old", CreatedAt: at, ExpiresAt: at},
	} {
		page.Keys = append(page.Keys, apiKeyRow(k, sampleTime.Add(time.Hour)))
	}
	if may {
		page.Wrong = []Wrong{{Words: "wrong.setting.permission", Detail: "the directory asks for a secret, and method none has none"}}
	}
	return page
}
