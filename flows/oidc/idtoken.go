package oidc

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/ory/fosite"

	"pratu/flows/authorize"
	"pratu/flows/clients"
	"pratu/flows/keys"
)

const (
	algAccess = keys.ES256 // 1/30 of the cost of RS256
	typAccess = "at+jwt"
	typID     = "JWT"
)

// idTokens makes ID tokens for fosite's OpenID handlers. They are built afresh each time; nothing of them is stored.
type idTokens struct{ *Provider }

// GenerateIDToken signs with the client's algorithm.
func (t *idTokens) GenerateIDToken(ctx context.Context, life time.Duration, r fosite.Requester) (string, error) {
	u := unitOf(ctx)
	own, ok := r.GetSession().(*session)
	if !ok || own.grant == nil {
		return "", fosite.ErrServerError.WithDebug("no grant in the session")
	}
	claims, err := t.idTokenClaims(ctx, u, life)
	if err != nil {
		return "", err
	}
	if hash := own.claims.AccessTokenHash; hash != "" {
		claims["at_hash"] = hash
	}
	if nonce := u.form.Get("nonce"); nonce != "" && u.presented == "" {
		claims["nonce"] = nonce
	}
	return t.Keys.Sign(u.client.IDTokenAlg(), typID, claims)
}

// idTokenClaims are what is in an ID token whatever it is issued with. The protocol's claims are written last: nothing
// takes their place.
func (p *Provider) idTokenClaims(ctx context.Context, u *unit, life time.Duration) (map[string]any, error) {
	g := u.grant
	claims, err := p.custom(ctx, u.client, g, clients.InIDToken, u.scopes)
	if err != nil {
		return nil, err
	}
	told, err := p.toldInIDToken(ctx, u)
	if err != nil {
		return nil, err
	}
	maps.Copy(claims, told)
	maps.Copy(claims, map[string]any{
		"iss": p.Issuer.String(), "sub": g.Subject, "aud": u.client.ID, "iat": u.now.Unix(), "exp": u.now.Add(life).Unix(),
		"auth_time": g.AuthTime.Time().Unix(), "acr": g.ACR, "amr": strings.Fields(g.AMR), "sid": g.SessionID,
	})
	if u.client.Settings.TokenExchange != nil { // what it is exchanged for dies with the grant
		claims["gid"] = g.ID
	}
	return claims, nil
}

// toldInIDToken are the standard claims about the person: those that the claims parameter asked for here. What scopes
// open is told at userinfo, and here where there is no access token to ask it with (OpenID Connect Core section 5.4), or the
// client wants it so.
func (p *Provider) toldInIDToken(ctx context.Context, u *unit) (map[string]any, error) {
	asked, err := authorize.ParseClaims(u.grant.Claims)
	if err != nil {
		return nil, err
	}
	var names []string
	if u.client.Settings.IDTokenClaims || u.alone {
		names = byScopes(u.scopes)
	}
	if len(names)+len(asked.IDToken) == 0 {
		return nil, nil
	}
	contacts, err := p.contactsFor(ctx, u.grant.AccountID, slices.AppendSeq(slices.Clone(names), maps.Keys(asked.IDToken)))
	if err != nil {
		return nil, err
	}
	return p.assemble(u.grant, contacts, names, asked.IDToken)
}

// accessClaims is a JWT access token (RFC 9068). gid is ours: the grant it lives and dies with.
type accessClaims struct {
	Issuer    string   `json:"iss"`
	Subject   string   `json:"sub"`
	Audience  audience `json:"aud"`
	ExpiresAt int64    `json:"exp"`
	IssuedAt  int64    `json:"iat"`
	ID        string   `json:"jti"`
	ClientID  string   `json:"client_id"`
	Scope     string   `json:"scope,omitempty"`
	GrantID   string   `json:"gid,omitempty"`
	Act       *Actor   `json:"act,omitempty"`
	MayAct    *Actor   `json:"may_act,omitempty"` // RFC 8693 section 4.4

	custom map[string]any // of the client's rules
}

// MarshalJSON puts the client's own claims around ours, never over them.
func (c accessClaims) MarshalJSON() ([]byte, error) {
	type plain accessClaims
	raw, err := json.Marshal(plain(c))
	if err != nil || len(c.custom) == 0 {
		return raw, err
	}
	all := maps.Clone(c.custom)
	if err := json.Unmarshal(raw, &all); err != nil {
		return nil, err
	}
	return json.Marshal(all)
}

// audience is one value as a string, several as an array (RFC 7519 section 4.1.3).
type audience []string

// MarshalJSON writes it.
func (a audience) MarshalJSON() ([]byte, error) {
	if len(a) == 1 {
		return json.Marshal(a[0])
	}
	return json.Marshal([]string(a))
}

// UnmarshalJSON reads both forms.
func (a *audience) UnmarshalJSON(raw []byte) error {
	var one string
	if json.Unmarshal(raw, &one) == nil {
		*a = audience{one}
		return nil
	}
	return json.Unmarshal(raw, (*[]string)(a))
}
