package clients

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"pratu/flows/keys"
)

var (
	idSyntax    = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)
	scopeSyntax = regexp.MustCompile(`^[\x21\x23-\x5B\x5D-\x7E]+$`) // RFC 6749 section 3.3
	responseAlg = keys.Algorithms()
	authAlgs    = []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
)

// maxSignInText bounds what pages say for a client.
const maxSignInText = 160

func unprintable(r rune) bool { return !unicode.IsPrint(r) }

func validID(id string) bool { return idSyntax.MatchString(id) }

// validate returns every reason why the document can't be registered. The defaults are already filled in.
func (d *Document) validate() Problems {
	var ps Problems
	r, ok := kinds[d.Kind]
	if !ok {
		ps.add("/kind", "client.kind", "%q is none of %s%s", d.Kind, strings.Join(Kinds(), ", "), DidYouMean(d.Kind, Kinds()))
		return ps
	}
	if d.ClientID != "" && !validID(d.ClientID) {
		ps.add("/client_id", "client.id", "write 1 to 64 characters of A-Z a-z 0-9 . _ -, or leave it out and one is made")
	}
	d.validateURIs(&ps, r)
	d.validateAuth(&ps, r)
	d.validateGrants(&ps, r)
	d.validateSubject(&ps)
	d.validateTexts(&ps)
	d.validateSettings(&ps)
	d.validateExchange(&ps)
	d.validateClaims(&ps)
	d.validateTitle(&ps)
	return ps
}

func (d *Document) validateURIs(ps *Problems, r rules) {
	m := &d.Metadata
	if d.Kind == KindMachine {
		if len(m.RedirectURIs)+len(m.PostLogoutRedirectURIs) > 0 {
			ps.add("/redirect_uris", "uri.kind", "kind machine has no browser: leave redirect URIs out")
		}
	} else {
		if r.redirect && len(m.RedirectURIs) == 0 {
			ps.add("/redirect_uris", "uri.missing", "kind %s needs at least one redirect URI, such as https://app.example.com/callback", d.Kind)
		}
		redirectURIs(ps, "redirect_uris", d.Kind, m.RedirectURIs)
		redirectURIs(ps, "post_logout_redirect_uris", d.Kind, m.PostLogoutRedirectURIs)
	}
	for _, x := range m.localized() {
		if !strings.HasPrefix(x.name, "client_name") {
			pageURI(ps, x.name, x.value)
		}
	}
	initiateURI(ps, m)
	logoutURIs(ps, d.Kind, m)
	fetchedURI(ps, "jwks_uri", m.JWKSURI)
	requestURIs(ps, m)
	origins(ps, m.AllowedOrigins)
}

func (d *Document) validateAuth(ps *Problems, r rules) {
	m := &d.Metadata
	method := m.AuthMethod()
	switch {
	case !slices.Contains(r.auths, method) && d.Kind != KindMachine && method != AuthNone && slices.Contains(secretAuths, method):
		ps.add("/token_endpoint_auth_method", "client.auth", "kind %s can't keep a secret: its method is none", d.Kind)
	case !slices.Contains(r.auths, method):
		ps.add("/token_endpoint_auth_method", "client.auth", "%q is not for kind %s: one of %s%s", method, d.Kind, strings.Join(r.auths, ", "), DidYouMean(method, r.auths))
	}
	if m.JWKS != nil && m.JWKSURI != "" {
		ps.add("/jwks_uri", "client.jwks", "give jwks or jwks_uri, not both (RFC 7591 section 2)")
	}
	if m.JWKS != nil {
		validateJWKS(ps, m.JWKS)
	}
	if method == AuthPrivateKeyJWT && m.JWKS == nil && m.JWKSURI == "" {
		ps.add("/jwks", "client.jwks", "private_key_jwt needs the public keys in jwks, or at jwks_uri")
	}
	if a := m.TokenEndpointAuthAlg; a != "" && !slices.Contains(authAlgs, a) {
		ps.add("/token_endpoint_auth_signing_alg", "client.alg", "one of %s", strings.Join(authAlgs, ", "))
	}
	if a := m.RequestObjectAlg; a != "" && !slices.Contains(authAlgs, a) {
		ps.add("/request_object_signing_alg", "client.alg", "one of %s", strings.Join(authAlgs, ", "))
	}
	if a := m.IDTokenAlg; a != "" && !slices.Contains(responseAlg, a) {
		ps.add("/id_token_signed_response_alg", "client.alg", "one of %s", strings.Join(responseAlg, ", "))
	}
	if a := m.UserinfoAlg; a != "" && !slices.Contains(responseAlg, a) {
		ps.add("/userinfo_signed_response_alg", "client.alg", "one of %s, or left out for plain JSON", strings.Join(responseAlg, ", "))
	}
	if d.ClientSecret == "" {
		return
	}
	switch n := utf8.RuneCountInString(d.ClientSecret); {
	case !sendsSecret(method):
		ps.add("/client_secret", "client.secret", "method %s has no secret", method)
	case n < minChosen || len(d.ClientSecret) > maxSecret:
		ps.add("/client_secret", "client.secret", "a secret has %d to %d characters; leave it out and one is made", minChosen, maxSecret)
	case strings.ContainsFunc(d.ClientSecret, func(r rune) bool { return r < 0x20 || r > 0x7e }):
		ps.add("/client_secret", "client.secret", "only printable ASCII (RFC 6749 appendix A.2)")
	}
}

func (d *Document) validateGrants(ps *Problems, r rules) {
	m := &d.Metadata
	for i, g := range m.GrantTypes {
		if !slices.Contains(r.grants, g) {
			ps.add(fmt.Sprintf("/grant_types/%d", i), "client.grant", "%q is not for kind %s: one of %s", g, d.Kind, strings.Join(r.grants, ", "))
		}
	}
	d.validateResponses(ps)
	if slices.Contains(m.GrantTypes, GrantClientCredentials) && m.TokenEndpointAuthMethod == AuthNone {
		ps.add("/grant_types", "client.grant", "client_credentials needs a client that authenticates (RFC 6749 section 4.4)")
	}
	for _, s := range strings.Fields(m.Scope) {
		if strings.HasPrefix(s, AdminScope) && d.Kind != KindMachine {
			ps.add("/scope", "client.scope", "%s is a scope of the admin API, which is for kind machine", s)
		}
		if !scopeSyntax.MatchString(s) {
			ps.add("/scope", "client.scope", "%q is not a scope: separate scopes by spaces, and use printable ASCII without quotes and backslashes (RFC 6749 section 3.3)", s)
		}
	}
	if m.DefaultMaxAge != nil && *m.DefaultMaxAge < 0 {
		ps.add("/default_max_age", "client.number", "zero or more seconds")
	}
}

func (d *Document) validateTexts(ps *Problems) {
	m := &d.Metadata
	text := func(pointer, value string, max int) {
		if utf8.RuneCountInString(value) > max || !utf8.ValidString(value) || strings.ContainsFunc(value, unicode.IsControl) {
			ps.add(pointer, "client.text", "at most %d characters, no control characters", max)
		}
	}
	for _, x := range m.localized() {
		if strings.HasPrefix(x.name, "client_name") {
			text("/"+x.name, x.value, 120)
		}
	}
	text("/software_id", m.SoftwareID, 200)
	text("/software_version", m.SoftwareVersion, 200)
	text("/scope", m.Scope, 2000)
	if len(m.DefaultACRValues) > 10 {
		ps.add("/default_acr_values", "client.number", "at most 10")
	}
	for i, v := range m.DefaultACRValues {
		text(fmt.Sprintf("/default_acr_values/%d", i), v, 100)
	}
	if len(m.Contacts) > maxURIs {
		ps.add("/contacts", "client.number", "at most %d", maxURIs)
	}
	for i, c := range m.Contacts {
		text(fmt.Sprintf("/contacts/%d", i), c, 254)
	}
	if a := m.ApplicationType; a != "" && a != "web" && a != "native" {
		ps.add("/application_type", "client.application_type", "web or native")
	}
}

func (d *Document) validateSettings(ps *Problems) {
	s := &d.Settings
	if s.RequirePKCE != nil && !*s.RequirePKCE && d.TokenEndpointAuthMethod == AuthNone {
		ps.add("/settings/require_pkce", "setting.require_pkce", "a client without authentication always needs PKCE (RFC 9700 section 2.1.1)")
	}
	if s.AccessTokenFormat != FormatJWT && s.AccessTokenFormat != FormatOpaque {
		ps.add("/settings/access_token_format", "setting.value", "jwt or opaque")
	}
	lifetime := func(name string, v Seconds, min, max time.Duration) {
		if v != 0 && (v < Seconds(min/time.Second) || v > Seconds(max/time.Second)) {
			ps.add("/settings/"+name, "setting.lifetime", "between %s and %s", min, max)
		}
	}
	text := func(pointer, value string) {
		if utf8.RuneCountInString(value) > maxSignInText || !utf8.ValidString(value) || strings.ContainsFunc(value, unprintable) {
			ps.add(pointer, "client.text", "at most %d characters in one line, without marks that turn text around", maxSignInText)
		}
	}
	lifetime("access_token_lifetime", s.AccessTokenLifetime, 10*time.Second, 24*time.Hour)
	lifetime("session_token_lifetime", s.SessionTokenLifetime, time.Minute, 30*24*time.Hour)
	lifetime("refresh_token_lifetime", s.RefreshTokenLifetime, time.Minute, 365*24*time.Hour)
	if c := s.Channel; c != "" && c != "app" && c != "web" && c != "stb" {
		ps.add("/settings/channel", "setting.value", "app, web or stb")
	}
	for i, raw := range s.Resources {
		if u := plainURI(ps, fmt.Sprintf("/settings/resources/%d", i), raw); u != nil && u.Host == "" && u.Opaque == "" {
			ps.add(fmt.Sprintf("/settings/resources/%d", i), "setting.resource", "an absolute URI (RFC 8707 section 2)")
		}
	}
	if _, ok := ParseAccent(s.AccentColor); s.AccentColor != "" && !ok {
		ps.add("/settings/accent_color", "setting.accent_color", "write six hex digits in lower case after a #, such as #c2410c")
	}
	if t := s.SignInText; t != nil {
		text("/settings/sign_in_text/th", t.TH)
		text("/settings/sign_in_text/en", t.EN)
	}
	if s.MinACR != "" && s.MinACR != "1" && s.MinACR != "2" {
		ps.add("/settings/min_acr", "setting.min_acr", "1 for one factor, 2 for two")
	}
	if s.MayAct != "" && !validID(s.MayAct) {
		ps.add("/settings/may_act", "setting.may_act", "the id of the one client that may act for people by this client's tokens")
	}
	// What would promise protection that this version doesn't enforce is refused rather than stored.
	unavailable := func(name string, set bool) {
		if set {
			ps.add("/settings/"+name, "client.unavailable", "not available in this version")
		}
	}
	unavailable("profile", s.Profile != "")
	d.validatePartner(ps)
	d.validatePermissions(ps)
}
