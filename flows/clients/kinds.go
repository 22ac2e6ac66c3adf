package clients

import "slices"

// DefaultScope is what a client of people may ask for unless it is registered for less or more.
const DefaultScope = "openid profile email phone address offline_access"

// AdminScope is what scopes of the admin API begin with. Only an administrator registers a client for them, of kind machine.
const AdminScope = "admin:"

// rules of one kind: defaults and what the kind can be.
type rules struct {
	auth     string   // default method at the token endpoint
	auths    []string // allowed methods
	grants   []string // allowed grant types, the defaults among them
	implied  []string // default grant types
	alg      string   // of ID tokens (spec 3.4: ES256 where the libraries of the kind all take it)
	channel  string
	redirect bool // needs at least one redirect URI
	people   bool // people sign in through it
}

var (
	secretAuths = []string{AuthBasic, AuthPost, AuthPrivateKeyJWT}
	codeGrants  = []string{GrantCode, GrantRefresh}
)

var kinds = map[string]rules{
	KindWeb: {
		auth: AuthBasic, auths: secretAuths, grants: []string{GrantCode, GrantRefresh, GrantClientCredentials, GrantExchange, GrantImplicit},
		implied: codeGrants, alg: "RS256", channel: "web", redirect: true, people: true,
	},
	KindSPA: {
		auth: AuthNone, auths: []string{AuthNone}, grants: []string{GrantCode, GrantRefresh, GrantImplicit}, implied: codeGrants,
		alg: "ES256", channel: "web", redirect: true, people: true,
	},
	KindNative: {
		auth: AuthNone, auths: []string{AuthNone}, grants: []string{GrantCode, GrantRefresh, GrantDevice},
		implied: codeGrants, alg: "ES256", channel: "app", redirect: true, people: true,
	},
	KindTV: {
		auth: AuthNone, auths: []string{AuthNone}, grants: []string{GrantCode, GrantRefresh, GrantDevice},
		implied: []string{GrantDevice, GrantRefresh}, alg: "ES256", channel: "stb", people: true,
	},
	KindGame: {
		auth: AuthNone, auths: []string{AuthNone, AuthBasic, AuthPost, AuthPrivateKeyJWT},
		grants:  []string{GrantCode, GrantRefresh, GrantDevice, GrantClientCredentials, GrantExchange},
		implied: []string{GrantDevice, GrantRefresh}, alg: "ES256", channel: "app", people: true,
	},
	KindMachine: {
		auth: AuthBasic, auths: secretAuths, grants: []string{GrantClientCredentials, GrantExchange},
		implied: []string{GrantClientCredentials}, alg: "RS256",
	},
}

// Kinds in the order in which they are shown.
func Kinds() []string {
	return []string{KindWeb, KindSPA, KindNative, KindTV, KindMachine, KindGame}
}

// fill writes the kind's defaults into whatever the document leaves open.
func (d *Document) fill() {
	r, ok := kinds[d.Kind]
	if !ok {
		return
	}
	m := &d.Metadata
	if m.TokenEndpointAuthMethod == "" { // stays open where a secret is the default, see Accepts
		switch {
		case r.auth == AuthNone:
			m.TokenEndpointAuthMethod = AuthNone
		case m.JWKS != nil || m.JWKSURI != "":
			m.TokenEndpointAuthMethod = AuthPrivateKeyJWT
		}
	}
	if len(m.GrantTypes) == 0 {
		m.GrantTypes = slices.Clone(r.implied)
		if len(m.RedirectURIs) > 0 && !slices.Contains(m.GrantTypes, GrantCode) && slices.Contains(r.grants, GrantCode) {
			m.GrantTypes = append([]string{GrantCode}, m.GrantTypes...)
		}
		if slices.Contains(grantsOf(m.ResponseTypes), GrantImplicit) {
			m.GrantTypes = append(m.GrantTypes, GrantImplicit)
		}
	}
	if len(m.ResponseTypes) == 0 && slices.Contains(m.GrantTypes, GrantCode) {
		m.ResponseTypes = []string{"code"}
	}
	if m.IDTokenAlg == "" && r.people {
		m.IDTokenAlg = r.alg
	}
	if m.Scope == "" && r.people {
		m.Scope = DefaultScope
		if d.Settings.readsAccounts() {
			m.Scope += " " + DirectoryScope
		}
	}
	if m.ApplicationType == "" && r.people {
		m.ApplicationType = "web"
		if r.channel != "web" {
			m.ApplicationType = "native"
		}
	}
	if d.Settings.SubjectType != "" {
		m.SubjectType = d.Settings.SubjectType
	}
	if m.SubjectType == "" && r.people {
		m.SubjectType = SubjectPublic
	}
	if d.Settings.Channel == "" {
		d.Settings.Channel = r.channel
	}
	if d.Settings.AccessTokenFormat == "" {
		d.Settings.AccessTokenFormat = FormatJWT
	}
}
