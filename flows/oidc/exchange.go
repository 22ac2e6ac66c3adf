package oidc

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"

	"pratu/flows/audit"
	"pratu/flows/clients"
	"pratu/flows/secret"
	"pratu/storage"
)

// Token types (RFC 8693 section 3).
const (
	typeAccess = "urn:ietf:params:oauth:token-type:access_token"
	typeID     = "urn:ietf:params:oauth:token-type:id_token"
)

// maxActors bounds a chain of delegation, which grows by one with each exchange.
const maxActors = 4

// Actor is who acts for the subject of a token, and for whom that one acts in turn (RFC 8693 section 4.1).
type Actor struct {
	Subject string `json:"sub"`
	Act     *Actor `json:"act,omitempty"`
}

// mayAct is who alone may become the actor for a client's tokens (section 4.4); nil for nobody in particular.
func mayAct(c *clients.Client) *Actor {
	if c.Settings.MayAct == "" {
		return nil
	}
	return &Actor{Subject: c.Settings.MayAct}
}

func (a *Actor) length() int {
	if a == nil {
		return 0
	}
	return 1 + a.Act.length()
}

// errExchange is the answer to a token that can't be exchanged: RFC 8693 section 2.2.2 wants invalid_request.
func errExchange(name string, err error) error {
	return refuse(InvalidRequest, name+" is invalid, expired, revoked or not this client's to exchange").with(err)
}

// exchangeToken makes an access token out of another one (RFC 8693): by impersonation, or by delegation to an actor. It
// is the subject token's grant's, so it ends with that; it never says more, nor for longer, and there is no refresh token.
// It is a JWT for every client, since whoever gets it has to read act.
func (p *Provider) exchangeToken(ctx context.Context, c *clients.Client, form url.Values) (*Tokens, error) {
	policy := c.Settings.TokenExchange
	if policy == nil || c.Public() {
		return nil, refuse(UnauthorizedClient, "the client may not exchange tokens")
	}
	if err := checkExchange(form, policy); err != nil {
		return nil, err
	}
	subject, err := p.exchangeable(ctx, c, form, "subject_token")
	if err != nil {
		return nil, err
	}
	if subject.grant == nil {
		return nil, errExchange("subject_token", errors.New("nobody's: of client_credentials"))
	}
	// A pairwise subject is for its own sector: each client knows the person by the name that it would get itself.
	known, err := p.Subject(ctx, c, storage.Account{ID: subject.grant.AccountID, SSOID: subject.grant.AccountSSOID})
	if err != nil {
		return nil, err
	}
	now := p.Now()
	claims := accessClaims{
		Issuer: p.Issuer.String(), Subject: known, IssuedAt: now.Unix(), ID: secret.ID(), ClientID: c.ID,
		GrantID: subject.grant.ID, MayAct: mayAct(c), Act: subject.Act, // impersonation doesn't hide who acted before
		ExpiresAt: min(now.Add(c.AccessTokenLifetime()).Unix(), subject.ExpiresAt.Unix(), subject.grant.ExpiresAt.Time().Unix()),
	}
	if form.Has("actor_token") {
		actor, err := p.exchangeable(ctx, c, form, "actor_token")
		if err != nil {
			return nil, err
		}
		if actor.Act != nil {
			return nil, errExchange("actor_token", errors.New("somebody acts for its subject"))
		}
		if only := subject.Client.Settings.MayAct; only != "" && actor.Subject != only {
			return nil, errExchange("actor_token", errors.New("another may act by the subject token"))
		}
		claims.Act = &Actor{Subject: actor.Subject, Act: subject.Act}
		claims.ExpiresAt = min(claims.ExpiresAt, actor.ExpiresAt.Unix())
	}
	if claims.Act.length() > maxActors {
		return nil, refuse(InvalidRequest, "the chain of actors is too long")
	}
	if claims.Scope, err = exchangedScope(form, subject, c); err != nil {
		return nil, err
	}
	if claims.Audience, err = exchangedAudience(form, c); err != nil {
		return nil, err
	}
	token, err := p.Keys.Sign(algAccess, typAccess, claims)
	if err != nil {
		return nil, err
	}
	return &Tokens{
		AccessToken: token, IssuedType: typeAccess, TokenType: "Bearer", Scope: claims.Scope, ExpiresIn: claims.ExpiresAt - now.Unix(),
	}, p.recordExchange(ctx, subject, claims)
}

// checkExchange looks at the request by itself.
func checkExchange(form url.Values, policy *clients.Exchange) error {
	known := []string{typeAccess, typeID}
	delegation := form.Has("actor_token")
	switch wanted := form.Get("requested_token_type"); {
	case !form.Has("subject_token"):
		return refuse(InvalidRequest, "subject_token is missing")
	case !slices.Contains(known, form.Get("subject_token_type")):
		return refuse(InvalidRequest, "subject_token_type is one of "+strings.Join(known, ", "))
	case delegation && !slices.Contains(known, form.Get("actor_token_type")):
		return refuse(InvalidRequest, "actor_token_type is one of "+strings.Join(known, ", "))
	case !delegation && form.Has("actor_token_type"):
		return refuse(InvalidRequest, "actor_token_type without actor_token")
	case wanted != "" && wanted != typeAccess:
		return refuse(InvalidRequest, "the only requested_token_type is "+typeAccess)
	case delegation && !policy.Delegation:
		return refuse(InvalidRequest, "the client may not exchange for an actor")
	case !delegation && !policy.Impersonation:
		return refuse(InvalidRequest, "the client may not exchange without actor_token")
	}
	return nil
}

// exchangeable reads one of the two tokens and finds that it lives and is the client's to exchange.
func (p *Provider) exchangeable(ctx context.Context, c *clients.Client, form url.Values, name string) (*Access, error) {
	read := p.Access
	if form.Get(name+"_type") == typeID {
		read = p.idTokenAccess
	}
	a, err := read(ctx, form.Get(name))
	if e := (*Error)(nil); errors.As(err, &e) && e.Code == InvalidToken {
		return nil, errExchange(name, err)
	}
	if err != nil {
		return nil, err
	}
	if !c.Exchanges(a.Client.ID, a.Audience) || form.Get(name+"_type") == typeID && a.Client.ID != c.ID {
		return nil, errExchange(name, errors.New("of another client, or for another"))
	}
	return a, nil
}

// idTokenAccess is what an ID token stands for: all that its grant gave, as long as that and the token itself live.
// Only clients that exchange tokens get ID tokens that name their grant.
func (p *Provider) idTokenAccess(ctx context.Context, token string) (*Access, error) {
	hint, err := p.Hint(token)
	if err != nil {
		return nil, errToken(err)
	}
	g, err := p.Store.GrantByID(ctx, hint.GrantID)
	if err != nil {
		return nil, unknownToken(err)
	}
	now := storage.At(p.Now())
	switch {
	case g.ClientID != hint.ClientID, g.Subject != hint.Subject:
		return nil, errToken(errors.New("the grant is another's"))
	case hint.ExpiresAt <= p.Now().Unix(), g.ExpiresAt <= now, !g.RevokedAt.IsZero(), !signsIn(g.AccountStatus):
		return nil, errToken(errors.New("expired, or its grant or account has ended"))
	}
	return p.finish(ctx, &Access{
		Scopes: strings.Fields(g.Scopes), Audience: []string{g.ClientID}, ExpiresAt: time.Unix(hint.ExpiresAt, 0), grant: &g,
	}, g.ClientID)
}

// exchangedScope is what the subject token, the client and its policy all have, or the part of it that is asked for.
func exchangedScope(form url.Values, subject *Access, c *clients.Client) (string, error) {
	allowed := slices.DeleteFunc(slices.Clone(subject.Scopes), func(s string) bool {
		return s == "offline_access" || !slices.Contains(c.Scopes(), s) || !slices.Contains(c.Settings.TokenExchange.Scopes, s)
	})
	asked := c.ReadScopes(form.Get("scope"))
	switch {
	case len(asked) == 0:
		asked = allowed
	case !within(asked, allowed):
		return "", refuse(InvalidScope, "the scope is wider than that of the subject token or of what the client may exchange")
	}
	return strings.Join(asked, " "), nil
}

// exchangedAudience is for whom the token is: resources and clients that the policy has, or the client itself.
func exchangedAudience(form url.Values, c *clients.Client) (audience, error) {
	resources, names, allowed := form["resource"], form["audience"], c.Settings.TokenExchange.Audiences
	if len(resources)+len(names) == 0 {
		return audience{c.ID}, nil
	}
	if err := checkResources(resources, allowed); err != nil {
		return nil, err
	}
	if !within(names, allowed) {
		return nil, refuse(InvalidTarget, "the client may not ask for one of the audiences")
	}
	list := slices.Sorted(slices.Values(slices.Concat(resources, names)))
	return slices.Compact(list), nil
}

func (p *Provider) recordExchange(ctx context.Context, subject *Access, claims accessClaims) error {
	details := map[string]any{
		"subject": claims.Subject, "subject_client": subject.Client.ID, "grant": claims.GrantID, "token": claims.ID,
		"audience": claims.Audience, "scope": claims.Scope,
	}
	if claims.Act != nil {
		details["act"] = claims.Act
	}
	return p.Store.InTx(ctx, func(ctx context.Context) error {
		return p.Audit.Append(ctx, audit.Event{
			Name: "token.exchanged", ActorKind: audit.Client, ActorID: claims.ClientID, ClientID: claims.ClientID,
			AccountID: subject.grant.AccountID, SessionID: subject.grant.SessionID, Details: details,
		})
	})
}
