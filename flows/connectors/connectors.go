// Package connectors owns how providers are set up that people sign in with elsewhere: kinds, settings and their rules,
// sealed secrets, and the read-through cache that pages ask. It doesn't own how one signs in there (flows/social), nor whom
// that makes of somebody.
package connectors

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"pratu/storage"
)

// Kinds of connectors. A kind decides the protocol, whose subject identifies people, and which settings there are.
const (
	KindGoogle   = "google"
	KindFacebook = "facebook"
	KindAzureAD  = "azuread" // Microsoft Entra ID
	KindB2C      = "b2c"     // Azure AD B2C
	KindLINE     = "line"
	KindApple    = "apple"
	KindOIDC     = "oidc" // any OpenID Connect provider
)

// Kinds in the order in which they are shown.
func Kinds() []string {
	return []string{KindGoogle, KindFacebook, KindAzureAD, KindB2C, KindLINE, KindApple, KindOIDC}
}

// Values of Settings.Sync.
const (
	SyncOnce   = "once"   // attributes are taken over when the account is made
	SyncAlways = "always" // and at every sign-in
)

// Settings are what a kind needs besides, and whom a connector is for. docs/connectors.md has them.
type Settings struct {
	Issuer         string            `json:"issuer,omitempty"`          // oidc; b2c: as its tokens spell it
	Authority      string            `json:"authority,omitempty"`       // b2c: https://NAME.b2clogin.com/TENANT
	Policies       []string          `json:"policies,omitempty"`        // b2c: that sign people in; the first is the browser's
	Tenants        []string          `json:"tenants,omitempty"`         // azuread: whose people may come
	Team           string            `json:"team,omitempty"`            // apple
	Key            string            `json:"key,omitempty"`             // apple: id of the private key
	Provider       string            `json:"provider,omitempty"`        // line: id of the provider that the channel is of
	ClientIDs      []string          `json:"client_ids,omitempty"`      // further ids of the same application there, of its apps
	Scopes         []string          `json:"scopes,omitempty"`          // in place of the kind's
	Clients        []string          `json:"clients,omitempty"`         // ours that it is for; none: all
	Domains        []string          `json:"domains,omitempty"`         // of addresses whose people sign in there
	TrustedDomains []string          `json:"trusted_domains,omitempty"` // about which its email_verified is believed
	Claims         map[string]string `json:"claims,omitempty"`          // our claim from one of its
	Sync           string            `json:"sync,omitempty"`            // SyncOnce unless said otherwise
	NoSignUp       bool              `json:"no_sign_up,omitempty"`      // only who was linked before comes in
}

// Connector is one provider as it is set up. Treat it as read-only; the cache shares it.
type Connector struct {
	ID         string
	Kind       string
	Name       string
	ClientID   string // ours, there
	Secret     string // client secret; apple: the private key, PEM
	Settings   Settings
	DisabledAt storage.Instant
	CreatedAt  storage.Instant
	UpdatedAt  storage.Instant
}

// Disabled tells whether an administrator switched it off.
func (c *Connector) Disabled() bool { return !c.DisabledAt.IsZero() }

// For tells whether it is switched on for a client of ours; "" is no client: our own pages.
func (c *Connector) For(clientID string) bool {
	return !c.Disabled() && (clientID == "" || len(c.Settings.Clients) == 0 || slices.Contains(c.Settings.Clients, clientID))
}

// Audiences are all ids that the application has there: whatever was issued to one of them was issued to us.
func (c *Connector) Audiences() []string {
	return append([]string{c.ClientID}, c.Settings.ClientIDs...)
}

// Trusts tells whether the provider is believed about addresses of a domain.
func (c *Connector) Trusts(domain string) bool {
	return slices.Contains(c.Settings.TrustedDomains, strings.ToLower(domain))
}

// Document is a connector as commands read and write it. The secret is only written.
type Document struct {
	ID       string   `json:"id"`
	Kind     string   `json:"kind"`
	Name     string   `json:"name"`
	ClientID string   `json:"client_id"`
	Secret   string   `json:"secret,omitempty"`
	Disabled bool     `json:"disabled,omitempty"`
	Settings Settings `json:"settings"`
}

// Document is the connector without its secret.
func (c *Connector) Document() Document {
	return Document{ID: c.ID, Kind: c.Kind, Name: c.Name, ClientID: c.ClientID, Disabled: c.Disabled(), Settings: c.Settings}
}

// sealLabel is what secrets are sealed for; the connector's id is their place.
const sealLabel = "connector-secret"

// Reseal seals the secrets under the current secret key.
func (s *Service) Reseal(ctx context.Context) error {
	return s.Keyring.Reseal(ctx, s.Store, storage.ConnectorSecrets, sealLabel)
}

// parse turns a row into a Connector.
func (s *Service) parse(row storage.Connector) (*Connector, error) {
	c := &Connector{
		ID: row.ID, Kind: row.Kind, Name: row.Name, ClientID: row.ClientID,
		DisabledAt: row.DisabledAt, CreatedAt: row.CreatedAt, UpdatedAt: row.UpdatedAt,
	}
	if err := json.Unmarshal([]byte(row.Settings), &c.Settings); err != nil {
		return nil, fmt.Errorf("connector %s: settings: %w", row.ID, err)
	}
	if row.Secret != "" {
		secret, err := s.Keyring.Open(sealLabel, row.Secret, row.ID)
		if err != nil {
			return nil, fmt.Errorf("connector %s: secret: %w", row.ID, err)
		}
		c.Secret = string(secret)
	}
	return c, nil
}

// row is the opposite of parse.
func (s *Service) row(c *Connector) (storage.Connector, error) {
	settings, err := json.Marshal(c.Settings)
	row := storage.Connector{
		ID: c.ID, Kind: c.Kind, Name: c.Name, ClientID: c.ClientID, Settings: string(settings),
		DisabledAt: c.DisabledAt, CreatedAt: c.CreatedAt, UpdatedAt: c.UpdatedAt,
	}
	if c.Secret != "" {
		row.Secret = s.Keyring.Seal(sealLabel, []byte(c.Secret), c.ID)
	}
	return row, err
}
