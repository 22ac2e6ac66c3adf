// Package clients owns relying parties: their registration rules (RFC 7591 metadata, kinds, settings), their secrets
// and the read-through cache that every protocol endpoint asks. It doesn't own how a client authenticates on the wire
// (flows/oidc), what a person consented to (flows/authorize) or the rows themselves (storage).
package clients

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"time"

	"pratu/storage"
)

// Kinds of clients. A kind decides defaults and refusals; everything else is metadata and settings.
const (
	KindWeb     = "web"
	KindSPA     = "spa"
	KindNative  = "native"
	KindTV      = "tv"
	KindMachine = "machine"
	KindGame    = "game"
)

// Client authentication methods of the token endpoint (RFC 7591 section 2, OpenID Connect Core section 9).
const (
	AuthNone          = "none"
	AuthBasic         = "client_secret_basic"
	AuthPost          = "client_secret_post"
	AuthPrivateKeyJWT = "private_key_jwt"
)

// Grant types a client may be registered for.
const (
	GrantCode              = "authorization_code"
	GrantRefresh           = "refresh_token"
	GrantClientCredentials = "client_credentials"
	GrantDevice            = "urn:ietf:params:oauth:grant-type:device_code"
	GrantExchange          = "urn:ietf:params:oauth:grant-type:token-exchange"
)

// Client is one relying party: the row with its JSON columns parsed. Treat it as read-only; the cache shares it.
type Client struct {
	ID         string
	Kind       string
	Name       string
	Metadata   Metadata
	Settings   Settings
	Secrets    []storage.ClientSecret
	DisabledAt storage.Instant
	CreatedAt  storage.Instant
	UpdatedAt  storage.Instant
	// Origin is where the client came from: storage.OriginDynamic, or "" for an administrator.
	Origin  string
	HasLogo bool // we have a copy of its logo
	// LogoDigest names the copy; "" for one that is older than digests.
	LogoDigest string

	registrationHash string
}

// Metadata has the names of RFC 7591, OpenID Connect Registration and RFC 9126. What is absent has the kind's default
// already filled in by Create, so readers needn't know the defaults. Of the authentication method, ask AuthMethod and
// Accepts.
type Metadata struct {
	RedirectURIs            []string        `json:"redirect_uris,omitempty"`
	PostLogoutRedirectURIs  []string        `json:"post_logout_redirect_uris,omitempty"`
	GrantTypes              []string        `json:"grant_types,omitempty"`
	ResponseTypes           []string        `json:"response_types,omitempty"`
	ApplicationType         string          `json:"application_type,omitempty"`
	Contacts                []string        `json:"contacts,omitempty"`
	ClientName              string          `json:"client_name,omitempty"`
	ClientURI               string          `json:"client_uri,omitempty"`
	LogoURI                 string          `json:"logo_uri,omitempty"`
	PolicyURI               string          `json:"policy_uri,omitempty"`
	TosURI                  string          `json:"tos_uri,omitempty"`
	InitiateLoginURI        string          `json:"initiate_login_uri,omitempty"`
	Scope                   string          `json:"scope,omitempty"`
	TokenEndpointAuthMethod string          `json:"token_endpoint_auth_method,omitempty"`
	TokenEndpointAuthAlg    string          `json:"token_endpoint_auth_signing_alg,omitempty"`
	IDTokenAlg              string          `json:"id_token_signed_response_alg,omitempty"`
	UserinfoAlg             string          `json:"userinfo_signed_response_alg,omitempty"`
	JWKS                    json.RawMessage `json:"jwks,omitempty"`
	JWKSURI                 string          `json:"jwks_uri,omitempty"`
	RequestURIs             []string        `json:"request_uris,omitempty"`
	RequestObjectAlg        string          `json:"request_object_signing_alg,omitempty"`
	SubjectType             string          `json:"subject_type,omitempty"`
	SectorIdentifierURI     string          `json:"sector_identifier_uri,omitempty"`
	DefaultMaxAge           *int64          `json:"default_max_age,omitempty"`
	RequireAuthTime         bool            `json:"require_auth_time,omitempty"`
	DefaultACRValues        []string        `json:"default_acr_values,omitempty"`
	AllowedOrigins          []string        `json:"allowed_origins,omitempty"`
	RequirePAR              bool            `json:"require_pushed_authorization_requests,omitempty"`
	BackchannelLogoutURI    string          `json:"backchannel_logout_uri,omitempty"`
	BackchannelSession      bool            `json:"backchannel_logout_session_required,omitempty"`
	FrontchannelLogoutURI   string          `json:"frontchannel_logout_uri,omitempty"`
	FrontchannelSession     bool            `json:"frontchannel_logout_session_required,omitempty"`
	SoftwareID              string          `json:"software_id,omitempty"`
	SoftwareVersion         string          `json:"software_version,omitempty"`
	Localized
}

// Settings are ours, not the protocol's: see docs/configuration.md. The zero value means the default.
type Settings struct {
	RequirePKCE             *bool       `json:"require_pkce,omitempty"`
	FirstParty              bool        `json:"first_party,omitempty"`
	AccessTokenFormat       string      `json:"access_token_format,omitempty"`
	AccessTokenLifetime     Seconds     `json:"access_token_lifetime,omitempty"`
	RefreshTokenLifetime    Seconds     `json:"refresh_token_lifetime,omitempty"`
	Channel                 string      `json:"channel,omitempty"`
	MinACR                  string      `json:"min_acr,omitempty"`
	SubjectType             string      `json:"subject_type,omitempty"`
	Profile                 string      `json:"profile,omitempty"`
	LegacyClaims            bool        `json:"legacy_claims,omitempty"`
	LegacyScopes            bool        `json:"legacy_scopes,omitempty"`
	LegacyLookup            bool        `json:"legacy_lookup,omitempty"`
	Always200               bool        `json:"always_200,omitempty"`
	PartnerMobileProtection string      `json:"partner_mobile_protection,omitempty"`
	PartnerMobileKey        string      `json:"partner_mobile_key,omitempty"`
	Title                   string      `json:"title,omitempty"`
	Resources               []string    `json:"resources,omitempty"`
	TokenExchange           *Exchange   `json:"token_exchange,omitempty"`
	MayAct                  string      `json:"may_act,omitempty"`
	Claims                  []ClaimRule `json:"claims,omitempty"`
	IDTokenClaims           bool        `json:"id_token_claims,omitempty"`

	// How it looks on our pages.
	AccentColor string `json:"accent_color,omitempty"` // #rrggbb
	SignInText  *Texts `json:"sign_in_text,omitempty"`

	// Of titles.
	SessionTokenLifetime Seconds         `json:"session_token_lifetime,omitempty"`
	Player               *PlayerDefaults `json:"player,omitempty"`
	LegacyNonce          bool            `json:"legacy_nonce,omitempty"`
	Permissions          []string        `json:"permissions,omitempty"`
	SearchPurpose        string          `json:"search_purpose,omitempty"`
}

// Public tells whether the client can't keep a secret.
func (c *Client) Public() bool { return c.Metadata.AuthMethod() == AuthNone }

// AuthMethod is how this client authenticates at the token endpoint. Where none was named it is the default of RFC 7591
// section 2.
func (m Metadata) AuthMethod() string {
	if m.TokenEndpointAuthMethod == "" {
		return AuthBasic
	}
	return m.TokenEndpointAuthMethod
}

// Accepts tells whether the client may authenticate by a method. One that was named is the only one. Where none was,
// the secret may come either way (RFC 6749 section 2.3.1): libraries differ in which they begin with.
func (c *Client) Accepts(method string) bool {
	named := c.Metadata.TokenEndpointAuthMethod
	return method == named || named == "" && sendsSecret(method)
}

func sendsSecret(method string) bool { return method == AuthBasic || method == AuthPost }

// HearsOfLogout tells whether the client can be told of the end of a session.
func (c *Client) HearsOfLogout() bool {
	return c.Metadata.BackchannelLogoutURI != "" || c.Metadata.FrontchannelLogoutURI != ""
}

// Disabled tells whether an administrator switched the client off. Get never returns such a client.
func (c *Client) Disabled() bool { return !c.DisabledAt.IsZero() }

// RequirePKCE is true unless a confidential client was freed from it (spec 3.1): a public one never is.
func (c *Client) RequirePKCE() bool {
	return c.Public() || c.Settings.RequirePKCE == nil || *c.Settings.RequirePKCE
}

// Unverified tells whether nobody vetted the client: it registered itself.
func (c *Client) Unverified() bool { return c.Origin != "" }

// FirstParty clients are ours: no consent is asked.
func (c *Client) FirstParty() bool { return c.Settings.FirstParty && !c.Unverified() }

// OpaqueAccessTokens tells whether access tokens are references instead of JWTs (RFC 9068).
func (c *Client) OpaqueAccessTokens() bool { return c.Settings.AccessTokenFormat == FormatOpaque }

// AccessTokenLifetime is one hour unless the client says otherwise.
func (c *Client) AccessTokenLifetime() time.Duration {
	return c.Settings.AccessTokenLifetime.or(DefaultAccessTokenLifetime)
}

// RefreshTokenLifetime is the absolute life of a family: 30 days unless the client says otherwise.
func (c *Client) RefreshTokenLifetime() time.Duration {
	return c.Settings.RefreshTokenLifetime.or(DefaultRefreshTokenLifetime)
}

// IDTokenAlg is the algorithm of this client's ID tokens.
func (c *Client) IDTokenAlg() string {
	if c.Metadata.IDTokenAlg == "" {
		return "RS256" // OpenID Connect Registration section 2
	}
	return c.Metadata.IDTokenAlg
}

// Channel tells through which kind of door people come: app, web or stb.
func (c *Client) Channel() string { return c.Settings.Channel }

// Allows tells whether the client is registered for a grant type.
func (c *Client) Allows(grantType string) bool {
	return slices.Contains(c.Metadata.GrantTypes, grantType)
}

// Scopes the client may ask for.
func (c *Client) Scopes() []string { return strings.Fields(c.Metadata.Scope) }

// Resources are the audiences (RFC 8707) the client may ask for.
func (c *Client) Resources() []string { return c.Settings.Resources }

// RedirectOrigins are the origins that may call our endpoints from a page: those of the redirect URIs and the
// registered allowed_origins. Custom schemes have none.
func (c *Client) RedirectOrigins() []string {
	var origins []string
	for _, raw := range slices.Concat(c.Metadata.RedirectURIs, c.Metadata.AllowedOrigins) {
		u, err := url.Parse(raw)
		if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
			continue
		}
		if o := u.Scheme + "://" + u.Host; !slices.Contains(origins, o) {
			origins = append(origins, o)
		}
	}
	return origins
}

// DisplayName is what pages call the client.
func (c *Client) DisplayName() string {
	if c.Name != "" {
		return c.Name
	}
	return c.ID
}
