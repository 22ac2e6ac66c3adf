package oidc

import (
	"context"
	"errors"
	"slices"
	"strings"

	"pratu/flows/audit"
	"pratu/flows/clients"
	"pratu/flows/kind"
	"pratu/flows/secret"
	"pratu/storage"
)

// Introspection is the answer of RFC 7662 section 2.2. The zero value is {"active":false}.
type Introspection struct {
	Active    bool     `json:"active"`
	Scope     string   `json:"scope,omitempty"`
	ClientID  string   `json:"client_id,omitempty"`
	TokenType string   `json:"token_type,omitempty"`
	ExpiresAt int64    `json:"exp,omitempty"`
	IssuedAt  int64    `json:"iat,omitempty"`
	Subject   string   `json:"sub,omitempty"`
	Audience  audience `json:"aud,omitempty"`
	Issuer    string   `json:"iss,omitempty"`
	ID        string   `json:"jti,omitempty"`
	Act       *Actor   `json:"act,omitempty"`
	MayAct    *Actor   `json:"may_act,omitempty"`
}

// Introspect tells a client about a token that is its own or meant for it. Any other token, known or not, is inactive.
func (p *Provider) Introspect(ctx context.Context, caller *clients.Client, token string) (Introspection, error) {
	if caller.Public() {
		return Introspection{}, refuse(UnauthorizedClient, "introspection is for clients that authenticate")
	}
	i, err := p.Inspect(ctx, token)
	refresh := strings.HasPrefix(token, prefixRefresh) // is nobody's but its client's
	if err != nil || i.ClientID != caller.ID && (refresh || !slices.Contains(i.Audience, caller.ID)) {
		return Introspection{}, err
	}
	return i, nil
}

// Inspect is Introspect for who administers the server: about any client's token.
func (p *Provider) Inspect(ctx context.Context, token string) (Introspection, error) {
	if strings.HasPrefix(token, prefixRefresh) {
		return p.inspectRefresh(ctx, token)
	}
	a, err := p.Access(ctx, token)
	if e := (*Error)(nil); errors.As(err, &e) && e.Code == InvalidToken {
		return Introspection{}, nil
	}
	if err != nil {
		return Introspection{}, err
	}
	i := Introspection{
		Active: true, Scope: strings.Join(a.Scopes, " "), ClientID: a.Client.ID, TokenType: "Bearer",
		ExpiresAt: a.ExpiresAt.Unix(), IssuedAt: a.IssuedAt.Unix(), Subject: a.Subject, Audience: a.Audience,
		Issuer: p.Issuer.String(), Act: a.Act,
	}
	if a.grant != nil {
		i.MayAct = mayAct(a.Client)
	}
	if !a.Opaque {
		i.ID = a.ID
	}
	return i, nil
}

func (p *Provider) inspectRefresh(ctx context.Context, token string) (Introspection, error) {
	v, err := p.Store.TokenWithGrant(ctx, secret.Hash(token), storage.TokenRefresh)
	if errors.Is(err, storage.ErrNotFound) {
		return Introspection{}, nil
	}
	if err != nil {
		return Introspection{}, err
	}
	if !v.Token.UsedAt.IsZero() || !p.refreshable(v) {
		return Introspection{}, nil
	}
	return Introspection{
		Active: true, Scope: v.Token.Scopes, ClientID: v.Token.ClientID, ExpiresAt: v.Token.ExpiresAt.Time().Unix(),
		IssuedAt: v.Token.CreatedAt.Time().Unix(), Subject: v.Grant.Subject, Issuer: p.Issuer.String(),
	}, nil
}

// RevokeAny is Revoke for who administers the server. A token that isn't active is kind.NotFound "token.unknown".
func (p *Provider) RevokeAny(ctx context.Context, token string) (clientID string, err error) {
	i, err := p.Inspect(ctx, token)
	if err != nil {
		return "", err
	}
	if !i.Active {
		return "", kind.New(kind.NotFound, "token.unknown")
	}
	c, err := p.Clients.Find(ctx, i.ClientID)
	if err != nil {
		return "", err
	}
	return c.ID, p.Revoke(ctx, c, token)
}

// refreshable tells whether a refresh token's surroundings let it work, whether or not it was used.
func (p *Provider) refreshable(v storage.TokenView) bool {
	now := storage.At(p.Now())
	return v.Token.RevokedAt.IsZero() && v.Token.ExpiresAt > now && v.Grant.RevokedAt.IsZero() && v.Grant.ExpiresAt > now &&
		signsIn(v.Grant.AccountStatus)
}

// Revoke ends a token of the caller: a refresh token or an access token of a person ends the whole grant, an access
// token of client_credentials, or one that was exchanged for another client's, only itself. A token that is unknown or another client's changes nothing and is no error
// (RFC 7009 section 2.2): who asks learns nothing.
func (p *Provider) Revoke(ctx context.Context, caller *clients.Client, token string) error {
	grantID := ""
	if strings.HasPrefix(token, prefixRefresh) {
		row, err := p.Store.TokenByID(ctx, secret.Hash(token), storage.TokenRefresh)
		if errors.Is(err, storage.ErrNotFound) || err == nil && row.ClientID != caller.ID {
			return nil
		}
		if err != nil {
			return err
		}
		grantID = row.GrantID
	} else {
		a, err := p.Access(ctx, token)
		if e := (*Error)(nil); errors.As(err, &e) && e.Code == InvalidToken || err == nil && a.Client.ID != caller.ID {
			return nil
		}
		if err != nil {
			return err
		}
		if a.grant == nil || a.exchanged() {
			return p.revokeAlone(ctx, a)
		}
		grantID = a.grant.ID
	}
	return p.Store.InTx(ctx, func(ctx context.Context) error { return p.endGrant(ctx, grantID, caller.ID, "token.revoked") })
}

func (p *Provider) revokeAlone(ctx context.Context, a *Access) error {
	if a.Opaque {
		return p.Store.RevokeToken(ctx, a.ID, storage.TokenAccess, storage.At(p.Now()))
	}
	err := p.Store.MarkSeen(ctx, seenID("revoked", a.Client.ID, a.ID), storage.At(a.ExpiresAt))
	if errors.Is(err, storage.ErrExists) {
		return nil
	}
	return err
}

// endGrant revokes a grant and writes down why; doing it twice is doing it once.
func (p *Provider) endGrant(ctx context.Context, grantID, clientID, event string) error {
	revoked, err := p.Store.RevokeGrant(ctx, grantID, storage.At(p.Now()))
	if err != nil || !revoked {
		return err
	}
	return p.Audit.Append(ctx, audit.Event{
		Name: event, ActorKind: audit.Client, ActorID: clientID, ClientID: clientID, Details: map[string]any{"grant": grantID},
	})
}
