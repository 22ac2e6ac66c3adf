// Package oidc owns the protocol: fosite's handlers behind strict checks of our own, the mapping between its requests
// and one row for each grant, tokens, claims, client authentication, introspection, revocation and metadata. It decides
// nothing about people (flows/authorize) and writes no HTTP answer (server/oauth). Beside that package it is the only
// one that imports fosite; docs/decisions.md lists which of fosite's holes are closed where.
package oidc

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/ory/fosite"
	"github.com/ory/fosite/handler/oauth2"
	"github.com/ory/fosite/handler/openid"
	"github.com/ory/fosite/handler/pkce"

	"pratu/flows/audit"
	"pratu/flows/authorize"
	"pratu/flows/clients"
	"pratu/flows/issuer"
	"pratu/flows/limits"
	"pratu/flows/outbound"
	"pratu/flows/secret"
	"pratu/storage"
)

// Lifetimes (spec 0.3).
const (
	CodeLife    = time.Minute
	PushedLife  = 90 * time.Second
	IDTokenLife = time.Hour
	RefreshIdle = 7 * 24 * time.Hour
	// RetryWindow is how long a refresh may be repeated with the same result, for clients whose answer got lost.
	RetryWindow = 10 * time.Second
	// maxProofs is how many wrong verifiers spend a code.
	maxProofs = 5
)

// Keys signs and verifies.
type Keys interface {
	Sign(alg, typ string, claims any) (string, error)
	Verify(token string, types ...string) (payload []byte, alg string, err error)
	Generation() string
}

// Presence notes in passing who was where.
type Presence interface {
	SignedIn(accountID, channel string, device storage.AccountDevice)
}

// Options of a provider; all but the switches and Presence are required.
type Options struct {
	Issuer    issuer.Issuer
	Store     *storage.Store
	Clients   *clients.Service
	Keys      Keys
	Keyring   *secret.Keyring
	Limiter   *limits.Limiter
	Audit     *audit.Log
	Authorize *authorize.Service
	Outbound  *outbound.Client
	Now       func() time.Time
	Presence  Presence // nil: nothing is noted

	SessionManagement bool // announces check_session_iframe
	Registration      bool // applications may register themselves
	// FrontChannelTokens allows the implicit and hybrid flows to clients that are registered for them.
	FrontChannelTokens bool
}

// Provider speaks the protocol.
type Provider struct {
	Options
	engine   *fosite.Fosite
	verified verified
	keySets  keySets
	pairwise pairwise
}

// New wires fosite's handlers. Everything that fosite would otherwise choose at the first request is set here: its lazy
// defaults are a data race.
func New(o Options) *Provider {
	p := &Provider{Options: o}
	st := &store{p}
	core := &strategy{p}
	config := &fosite.Config{
		ScopeStrategy:                  fosite.ExactScopeStrategy,
		AudienceMatchingStrategy:       fosite.ExactAudienceMatchingStrategy,
		ClientSecretsHasher:            noHasher{},
		ClientAuthenticationStrategy:   authenticated,
		RedirectSecureChecker:          func(context.Context, *url.URL) bool { return true }, // judged at registration
		EnforcePKCEForPublicClients:    true,
		OmitRedirectScopeParam:         true,
		MinParameterEntropy:            1,
		AuthorizeCodeLifespan:          CodeLife,
		IDTokenLifespan:                IDTokenLife,
		AccessTokenLifespan:            clients.DefaultAccessTokenLifetime,
		RefreshTokenLifespan:           clients.DefaultRefreshTokenLifetime,
		RefreshTokenScopes:             []string{},               // who gets one is decided in GenerateRefreshToken
		SanitationWhiteList:            []string{"redirect_uri"}, // cap == len: fosite appends to it in each request
		IsPushedAuthorizeEnforced:      false,
		PushedAuthorizeContextLifespan: PushedLife,
		IDTokenIssuer:                  o.Issuer.String(),
		AccessTokenIssuer:              o.Issuer.String(),
	}
	helper := &openid.IDTokenHandleHelper{IDTokenStrategy: &idTokens{p}}
	code := &oauth2.AuthorizeExplicitGrantHandler{
		AccessTokenStrategy: core, RefreshTokenStrategy: core, AuthorizeCodeStrategy: core,
		CoreStorage: st, TokenRevocationStorage: st, Config: config,
	}
	codeID := &openid.OpenIDConnectExplicitHandler{
		OpenIDConnectRequestStorage:   st,
		OpenIDConnectRequestValidator: openid.NewOpenIDConnectRequestValidator(nil, config), // hints are ours to verify
		Config:                        config, IDTokenHandleHelper: helper,
	}
	proof := &pkce.Handler{AuthorizeCodeStrategy: core, Storage: st, Config: config}
	config.AuthorizeEndpointHandlers = fosite.AuthorizeEndpointHandlers{code, codeID, proof}
	config.TokenEndpointHandlers = fosite.TokenEndpointHandlers{
		code,
		&oauth2.RefreshTokenGrantHandler{AccessTokenStrategy: core, RefreshTokenStrategy: core, TokenRevocationStorage: st, Config: config},
		&oauth2.ClientCredentialsGrantHandler{
			HandleHelper: &oauth2.HandleHelper{AccessTokenStrategy: core, AccessTokenStorage: st, Config: config}, Config: config,
		},
		codeID,
		&openid.OpenIDConnectRefreshHandler{IDTokenHandleHelper: helper, Config: config},
		proof,
	}
	p.engine = fosite.NewOAuth2Provider(st, config)
	return p
}

// authenticated hands the client, which Authenticate has proven before, to fosite.
func authenticated(ctx context.Context, _ *http.Request, _ url.Values) (fosite.Client, error) {
	if u := unitOf(ctx); u != nil && u.client != nil {
		return client{Client: u.client}, nil
	}
	return nil, fosite.ErrInvalidClient
}

// noHasher stands where fosite would compare client secrets: it never may.
type noHasher struct{}

func (noHasher) Compare(context.Context, []byte, []byte) error { return fosite.ErrInvalidClient }

func (noHasher) Hash(context.Context, []byte) ([]byte, error) { return nil, fosite.ErrServerError }
