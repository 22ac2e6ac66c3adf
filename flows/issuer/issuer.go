// Package issuer owns the one URL this provider is known by, and every path below it. Routes, redirects, templates and
// discovery read them here, so metadata cannot drift from the mux. Nothing is ever derived from a request's Host.
package issuer

import (
	"errors"
	"net"
	"net/url"
	"strings"
)

// Paths of the protocol endpoints (RFC 6749, OpenID Connect Core and Discovery, RFC 8414, 9126, 7662, 7009).
const (
	PathDiscovery      = "/.well-known/openid-configuration"
	PathServerMetadata = "/.well-known/oauth-authorization-server"
	PathJWKS           = "/oauth2/jwks"
	PathAuthorize      = "/oauth2/authorize"
	PathContinue       = "/oauth2/authorize/continue"
	PathToken          = "/oauth2/token"
	PathUserinfo       = "/oauth2/userinfo"
	PathIntrospect     = "/oauth2/introspect"
	PathRevoke         = "/oauth2/revoke"
	PathPAR            = "/oauth2/par"
	PathLogout         = "/oauth2/logout"
	PathDeviceRequest  = "/oauth2/device_authorization"
	PathSession        = "/oauth2/session"
	PathRegister       = "/oauth2/register" // and below it a client's own (RFC 7591, RFC 7592)
)

// Paths of the game API.
const (
	PathGame     = "/api/v1"
	PathGameAuth = PathGame + "/auth"
	PathPlayer   = PathGame + "/player"
	PathPlayers  = PathGame + "/players"
)

// Paths of the hosted pages.
const (
	PathLogin         = "/login"
	PathSignUp        = "/sign-up"
	PathSignUpVerify  = "/sign-up/verify"
	PathSignUpLink    = "/sign-up/link"
	PathConsent       = "/consent"
	PathSelectAccount = "/select-account"
	PathSignedOut     = "/signed-out"
	PathAccount       = "/account"
	PathSetup         = "/setup"
	PathLoginLink     = "/login-link"
	PathLanguage      = "/language"
	PathSignOut       = "/sign-out"
	PathDevice        = "/device"
	PathDeviceDone    = "/device/done"
	PathDevMail       = "/dev/mail"
	PathStatic        = "/static"
	PathClientLogo    = "/client-logo"
	PathClientStyle   = "/client-style"
)

// Paths of the other ways to sign in.
const (
	PathLoginCode       = "/login/code"
	PathLoginCodeVerify = "/login/code/verify"
	PathLoginFactor     = "/login/factor"
	PathLoginPasskey    = "/login/passkey"
	PathLoginKeep       = "/login/keep"
	PathPasskeyOptions  = "/login/passkey/options"
	PathPasskeyOffer    = "/login/passkey/offer"
	PathRecover         = "/recover"
	PathRecoverVerify   = "/recover/verify"
	PathRecoverLink     = "/recover/link"
	PathEndSession      = "/end-session"
	PathFederation      = "/federation" // /{connector}, and where it answers: /{connector}/callback
	PathPasskeys        = "/.well-known/passkey-endpoints"
	PathChangePassword  = "/.well-known/change-password"
)

// Paths of the portal. Each is a section with a page of its own.
const (
	PathAccountConfirm        = "/account/confirm"
	PathAccountConfirmPasskey = "/account/confirm/passkey"
	PathAccountProfile        = "/account/profile"
	PathAccountContacts       = "/account/contacts"
	PathAccountContactsVerify = "/account/contacts/verify"
	PathAccountSecurity       = "/account/security"
	PathAccountPassword       = "/account/password"
	PathAccountPasskeys       = "/account/passkeys"
	PathAccountAuthenticator  = "/account/authenticator"
	PathAccountRecoveryCodes  = "/account/recovery-codes"
	PathAccountLogins         = "/account/logins"
	PathAccountSessions       = "/account/sessions"
	PathAccountApplications   = "/account/applications"
	PathAccountActivity       = "/account/activity"
	PathAccountLookups        = "/account/lookups"
	PathAccountPartners       = "/account/partners"
	PathAccountData           = "/account/data"
	PathAccountDelete         = "/account/delete"
)

// Paths of the Identity API below its base path, and of the partner exchange. Those of old clients can be configured.
const (
	PathAccounts         = "/accounts"
	PathAccountsSearch   = "/accounts/search"
	PathAccountsByMobile = "/accounts/by-mobile"
	PathPartnerToken     = "/partner/token"
)

// Paths of the office.
const (
	PathAdmin         = "/admin"
	PathAdminEnter    = "/admin/enter"
	PathAdminClients  = "/admin/clients"    // and below it /{client}
	PathAdminNew      = "/admin/new-client" // no client's id
	PathAdminTrial    = "/admin/trial"      // where a sign-in by way of trial comes back to
	PathAdminAccounts = "/admin/accounts"
	PathAdminRoles    = "/admin/roles"
	PathAdminAudit    = "/admin/audit"
	PathAdminWebhooks = "/admin/webhooks" // and below it /{webhook}
	PathAdminKeys     = "/admin/keys"
	PathAdminMail     = "/admin/mail"
	PathAdminSettings = "/admin/settings"
	PathAdminAPI      = "/admin/api" // and below it /openapi.json and /v1
)

// Paths of the office about who lets people in, and about games.
const (
	PathAdminConnectors   = "/admin/connectors" // and below it /{connector}
	PathAdminNewConnector = "/admin/new-connector"
	PathAdminTitles       = "/admin/titles" // and below it /{title}, /{title}/players/{player}
)

// Paths of the operations listener.
const (
	PathLive    = "/livez"
	PathReady   = "/readyz"
	PathMetrics = "/metrics"
)

// Issuer is an absolute https URL (http only for localhost) without query, fragment, user-info or trailing slash.
type Issuer struct {
	raw  string
	base url.URL
}

// Errors of New; their texts are the causes shown at start.
var (
	ErrSyntax   = errors.New("issuer must be an absolute URL such as https://id.example.com, without query, fragment, user-info or trailing slash")
	ErrInsecure = errors.New("issuer uses plain http and is not localhost")
)

// New parses raw. It returns ErrSyntax or ErrInsecure.
func New(raw string) (Issuer, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil ||
		strings.ContainsAny(raw, "?#") || strings.HasSuffix(raw, "/") || (u.Scheme != "https" && u.Scheme != "http") {
		return Issuer{}, ErrSyntax
	}
	i := Issuer{raw: raw, base: *u}
	if u.Scheme == "http" && !i.Local() {
		return Issuer{}, ErrInsecure
	}
	return i, nil
}

// String is the issuer identifier, byte for byte as configured.
func (i Issuer) String() string { return i.raw }

// URL is the absolute URL of a path of this package.
func (i Issuer) URL(path string) string { return i.raw + path }

// Path is the issuer's own path, "" in most installations; routes live below it.
func (i Issuer) Path() string { return i.base.Path }

// Host is host[:port] as in the Host header of a request that is meant for us.
func (i Issuer) Host() string { return i.base.Host }

// Origin is scheme://host[:port].
func (i Issuer) Origin() string { return i.base.Scheme + "://" + i.base.Host }

// Secure tells whether browsers reach us by https, hence whether cookies carry the __Host- prefix.
func (i Issuer) Secure() bool { return i.base.Scheme == "https" }

// Local tells whether the issuer's host is localhost or a loopback address: the only place for plain http.
func (i Issuer) Local() bool {
	h := i.base.Hostname()
	if h == "localhost" || strings.HasSuffix(h, ".localhost") {
		return true
	}
	ip := net.ParseIP(h)
	return ip != nil && ip.IsLoopback()
}
