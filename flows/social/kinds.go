package social

import (
	"net/url"
	"slices"
	"strings"

	"github.com/markbates/goth"

	"pratu/flows/connectors"
)

// variant is how a kind of provider differs from any OpenID Connect provider.
type variant struct {
	source   func(c *connectors.Connector, policy string) source
	scopes   []string
	extra    url.Values // of the authorization request
	algs     []string   // of ID tokens; nil: the metadata's among ours
	issuer   func(c *connectors.Connector, m Metadata, claims map[string]any) string
	identify func(c *connectors.Connector, claims map[string]any) (namespace, subject string)
	trusts   func(c *connectors.Connector, claims map[string]any) bool                     // about its address
	goth     func(c *connectors.Connector, callback string, scopes []string) goth.Provider // nil: OpenID Connect
	prompt   string                                                                        // what has somebody sign in anew, or do at least something
}

var variants = map[string]variant{
	connectors.KindOIDC: {
		source: func(c *connectors.Connector, _ string) source {
			return source{
				discovery: strings.TrimSuffix(c.Settings.Issuer, "/") + "/.well-known/openid-configuration",
				known:     Metadata{Issuer: c.Settings.Issuer}, exact: true,
			}
		},
		scopes: []string{"openid", "profile", "email"}, issuer: ofMetadata, identify: issuerAndSubject, trusts: verified, prompt: "login",
	},
	connectors.KindGoogle: {
		source: func(*connectors.Connector, string) source {
			return source{discovery: "https://accounts.google.com/.well-known/openid-configuration", known: Metadata{
				Issuer: "https://accounts.google.com", Authorization: "https://accounts.google.com/o/oauth2/v2/auth",
				Token: "https://oauth2.googleapis.com/token", JWKS: "https://www.googleapis.com/oauth2/v3/certs",
				Userinfo: "https://openidconnect.googleapis.com/v1/userinfo",
			}}
		},
		scopes: []string{"openid", "profile", "email"}, algs: []string{"RS256"}, issuer: ofMetadata,
		// Older tokens name the issuer without its scheme: it is one namespace.
		identify: func(_ *connectors.Connector, claims map[string]any) (string, string) {
			return "https://accounts.google.com", word(claims, "sub")
		},
		trusts: runsMailbox, prompt: "select_account",
	},
	connectors.KindAzureAD: {
		source: func(c *connectors.Connector, _ string) source {
			at := "https://login.microsoftonline.com/" + authority(c.Settings.Tenants)
			return source{discovery: at + "/v2.0/.well-known/openid-configuration", known: Metadata{
				Authorization: at + "/oauth2/v2.0/authorize", Token: at + "/oauth2/v2.0/token", JWKS: at + "/discovery/v2.0/keys",
			}}
		},
		scopes: []string{"openid", "profile", "email"}, algs: []string{"RS256"}, prompt: "login",
		issuer: func(c *connectors.Connector, _ Metadata, claims map[string]any) string {
			if tenant := word(claims, "tid"); slices.Contains(c.Settings.Tenants, tenant) {
				return entra(tenant)
			}
			return "" // nobody's
		},
		identify: func(_ *connectors.Connector, claims map[string]any) (string, string) {
			return entra(word(claims, "tid")), word(claims, "oid") // sub is another one for each application
		},
		// Its e-mail is whatever an administrator of the tenant wrote (nOAuth), unless Microsoft checked the domain's owner.
		trusts: func(_ *connectors.Connector, claims map[string]any) bool { return truth(claims, "xms_edov") },
	},
	connectors.KindB2C: {
		source: func(c *connectors.Connector, policy string) source {
			at := strings.TrimSuffix(c.Settings.Authority, "/") + "/" + policy
			return source{discovery: at + "/v2.0/.well-known/openid-configuration", known: Metadata{
				Issuer: c.Settings.Issuer, Authorization: at + "/oauth2/v2.0/authorize", Token: at + "/oauth2/v2.0/token", JWKS: at + "/discovery/v2.0/keys",
			}}
		},
		scopes: []string{"openid", "profile"}, algs: []string{"RS256"}, issuer: ofMetadata, identify: issuerAndSubject, trusts: trustedDomain, prompt: "login",
	},
	connectors.KindApple: {
		source: func(*connectors.Connector, string) source {
			return source{discovery: "https://appleid.apple.com/.well-known/openid-configuration", known: Metadata{
				Issuer: "https://appleid.apple.com", Authorization: "https://appleid.apple.com/auth/authorize",
				Token: "https://appleid.apple.com/auth/token", JWKS: "https://appleid.apple.com/auth/keys", AuthMethods: []string{"client_secret_post"},
			}}
		},
		scopes: []string{"openid", "name", "email"}, algs: []string{"RS256"}, issuer: ofMetadata,
		extra: url.Values{"response_mode": {"form_post"}}, // Apple refuses these scopes otherwise
		identify: func(c *connectors.Connector, claims map[string]any) (string, string) {
			return "https://appleid.apple.com#" + c.Settings.Team, word(claims, "sub") // subjects are the team's
		},
		trusts: func(_ *connectors.Connector, claims map[string]any) bool { return truth(claims, "email_verified") },
	},
	connectors.KindFacebook: {
		source: func(*connectors.Connector, string) source {
			return source{known: Metadata{
				Issuer: "https://www.facebook.com", Authorization: "https://www.facebook.com/dialog/oauth",
				Token: "https://graph.facebook.com/oauth/access_token",
			}}
		},
		scopes: []string{"public_profile"}, goth: facebookProvider, issuer: ofMetadata, trusts: never,
		identify: func(c *connectors.Connector, claims map[string]any) (string, string) {
			return "facebook:app:" + c.ClientID, word(claims, "id") // ids are the app's
		},
	},
	connectors.KindLINE: {
		source: func(*connectors.Connector, string) source {
			return source{known: Metadata{
				Issuer: "https://access.line.me", Authorization: "https://access.line.me/oauth2/v2.1/authorize", Token: "https://api.line.me/oauth2/v2.1/token",
			}}
		},
		scopes: []string{"profile", "openid", "email"}, goth: lineProvider, issuer: ofMetadata, trusts: never, prompt: "login",
		identify: func(c *connectors.Connector, claims map[string]any) (string, string) {
			return "line:provider:" + c.Settings.Provider, word(claims, "sub")
		},
	},
}

func never(*connectors.Connector, map[string]any) bool { return false }

func ofMetadata(_ *connectors.Connector, m Metadata, _ map[string]any) string { return m.Issuer }

func issuerAndSubject(_ *connectors.Connector, claims map[string]any) (string, string) {
	return word(claims, "iss"), word(claims, "sub")
}

// verified believes a provider about the domains that an administrator trusts it with.
func verified(c *connectors.Connector, claims map[string]any) bool {
	return truth(claims, "email_verified") && trustedDomain(c, claims)
}

func trustedDomain(c *connectors.Connector, claims map[string]any) bool {
	return c.Trusts(domain(claims))
}

// runsMailbox believes Google about mailboxes that it runs. Other addresses were verified once, and may be another's since.
func runsMailbox(c *connectors.Connector, claims map[string]any) bool {
	at := domain(claims)
	return truth(claims, "email_verified") && at != "" && (at == "gmail.com" || at == strings.ToLower(word(claims, "hd")) || c.Trusts(at))
}

// personal is Microsoft's tenant of people without an organisation.
const personal = "9188040d-6c67-4c5b-b112-36a304b66dad"

// authority is whose sign-in page fits the tenants.
func authority(tenants []string) string {
	switch {
	case len(tenants) == 1:
		return tenants[0]
	case slices.Contains(tenants, personal):
		return "common"
	}
	return "organizations"
}

func entra(tenant string) string { return "https://login.microsoftonline.com/" + tenant + "/v2.0" }

// word is a claim that is a text, or "".
func word(claims map[string]any, name string) string {
	text, _ := claims[name].(string)
	return text
}

// truth is a claim that is true. Apple writes it as a text, Microsoft as a number, too.
func truth(claims map[string]any, name string) bool {
	switch v := claims[name].(type) {
	case bool:
		return v
	case string:
		return v == "true" || v == "1"
	case float64:
		return v == 1
	}
	return false
}

// address is what a provider says somebody's e-mail is. B2C has a list.
func address(claims map[string]any) string {
	if text := word(claims, "email"); text != "" {
		return text
	}
	list, _ := claims["emails"].([]any)
	if len(list) == 0 {
		return ""
	}
	text, _ := list[0].(string)
	return text
}

func domain(claims map[string]any) string {
	_, at, _ := strings.Cut(address(claims), "@")
	return strings.ToLower(at)
}
