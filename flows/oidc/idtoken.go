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
	"pratu/flows/keys"
)

const (
	algAccess = keys.ES256 // 1/30 of the cost of RS256
	typAccess = "at+jwt"
	typID     = "JWT"
)

// idTokens makes ID tokens for fosite's OpenID handlers. They are built afresh each time; nothing of them is stored.
type idTokens struct{ *Provider }

// GenerateIDToken signs with the client's algorithm. The person's claims are in it only where the claims parameter asked
// for them there; scopes open them at userinfo (OpenID Connect Core section 5.4).
func (t *idTokens) GenerateIDToken(ctx context.Context, life time.Duration, r fosite.Requester) (string, error) {
	u := unitOf(ctx)
	own, ok := r.GetSession().(*session)
	if !ok || own.grant == nil {
		return "", fosite.ErrServerError.WithDebug("no grant in the session")
	}
	g := own.grant
	claims, err := t.askedInIDToken(ctx, u)
	if err != nil {
		return "", err
	}
	maps.Copy(claims, map[string]any{
		"iss": t.Issuer.String(), "sub": g.Subject, "aud": u.client.ID, "iat": u.now.Unix(), "exp": u.now.Add(life).Unix(),
		"auth_time": g.AuthTime.Time().Unix(), "acr": g.ACR, "amr": strings.Fields(g.AMR), "sid": g.SessionID,
	})
	if u.client.Settings.TokenExchange != nil { // what it is exchanged for dies with the grant
		claims["gid"] = g.ID
	}
	if hash := own.claims.AccessTokenHash; hash != "" {
		claims["at_hash"] = hash
	}
	if nonce := u.form.Get("nonce"); nonce != "" && u.presented == "" {
		claims["nonce"] = nonce
	}
	return t.Keys.Sign(u.client.IDTokenAlg(), typID, claims)
}

func (t *idTokens) askedInIDToken(ctx context.Context, u *unit) (map[string]any, error) {
	asked, err := authorize.ParseClaims(u.grant.Claims)
	if err != nil {
		return nil, err
	}
	if len(asked.IDToken) == 0 {
		return map[string]any{}, nil
	}
	contacts, err := t.contactsFor(ctx, u.grant.AccountID, slices.Collect(maps.Keys(asked.IDToken)))
	if err != nil {
		return nil, err
	}
	return t.assemble(u.grant, contacts, nil, asked.IDToken)
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
