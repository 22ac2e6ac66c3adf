package console

import (
	"net/url"
	"time"

	"pratu/flows/connectors"
	"pratu/server/web"
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
