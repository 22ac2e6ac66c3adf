package clients

import "pratu/flows/issuer"

// ConsoleID is the administration as a client: it signs people in by the same door as everybody else.
const ConsoleID = "pratu-console"

// Console is the client that has no row: nobody can change, disable or delete it, and be locked out by that. It asks
// nobody for consent and exchanges no code, since the sign-in itself is what it looks at. second: it wants two factors.
func Console(i issuer.Issuer, second bool) *Client {
	c := &Client{
		ID: ConsoleID, Kind: KindWeb, Name: "Pratu administration", Settings: Settings{FirstParty: true, AccessTokenFormat: FormatJWT, Channel: "web"},
		Metadata: Metadata{
			ClientName: "Pratu administration", TokenEndpointAuthMethod: AuthPrivateKeyJWT, // without a key: it can't exchange anything
			RedirectURIs: []string{i.URL(issuer.PathAdminEnter)}, GrantTypes: []string{GrantCode}, ResponseTypes: []string{"code"},
			Scope: "openid", SubjectType: SubjectPublic, ClientURI: i.URL(issuer.PathAdmin),
			Localized: Localized{ClientNameTH: "ระบบจัดการของ Pratu"},
		},
	}
	if second {
		c.Settings.MinACR = "2"
	}
	return c
}
