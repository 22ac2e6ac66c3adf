package oidc

import (
	"context"
	"encoding/base64"
	"strings"
	"time"

	"github.com/ory/fosite"

	"pratu/flows/clients"
	"pratu/flows/keys"
	"pratu/flows/secret"
	"pratu/storage"
)

// Prefixes of our tokens, for secret scanners. They are part of the token: it is known by the hash of all of it, so
// there is one spelling and no kind passes for another.
const (
	prefixCode    = "pratu_ac_"
	prefixRefresh = "pratu_rt_"
	prefixAccess  = "pratu_at_"
)

// strategy makes codes, refresh tokens and access tokens for fosite's handlers. A token's signature, which fosite keys
// its storage by, is its SHA-256.
type strategy struct{ *Provider }

func (s *strategy) AuthorizeCodeSignature(_ context.Context, token string) string {
	return secret.Hash(token)
}

func (s *strategy) GenerateAuthorizeCode(ctx context.Context, _ fosite.Requester) (token, signature string, err error) {
	if u := unitOf(ctx); u.carries {
		token = s.sealCode(u.grant.Grant)
		u.carries = token != ""
	}
	if token == "" {
		token = prefixCode + secret.Token()
	}
	return token, secret.Hash(token), nil
}

// ValidateAuthorizeCode has nothing left to do: Token has judged the code before fosite began.
func (s *strategy) ValidateAuthorizeCode(context.Context, fosite.Requester, string) error { return nil }

func (s *strategy) RefreshTokenSignature(_ context.Context, token string) string {
	return secret.Hash(token)
}

// GenerateRefreshToken derives the successor of a refresh token from it under a key of ours, so that every retry, on
// every replica, gets the same one and nothing has to be stored for it. With a code it is random, and there is none
// where nobody asked for offline access, except for public clients, whose token ends with the browser session.
func (s *strategy) GenerateRefreshToken(ctx context.Context, _ fosite.Requester) (token, signature string, err error) {
	u := unitOf(ctx)
	switch {
	case u.presented != "":
		token = s.successor(u.presented)
	case !u.once && (u.grant.Offline || u.client.Public()):
		token = prefixRefresh + secret.Token()
	default:
		return "", "", nil
	}
	return token, secret.Hash(token), nil
}

func (p *Provider) successor(presented string) string {
	sum := p.Keyring.MACBytes("refresh-successor", presented)
	return prefixRefresh + base64.RawURLEncoding.EncodeToString(sum)
}

func (s *strategy) ValidateRefreshToken(context.Context, fosite.Requester, string) error { return nil }

func (s *strategy) AccessTokenSignature(_ context.Context, token string) string {
	return secret.Hash(token)
}

// GenerateAccessToken makes a JWT (RFC 9068) or an opaque token, as the client wants.
func (s *strategy) GenerateAccessToken(ctx context.Context, r fosite.Requester) (token, signature string, err error) {
	u := unitOf(ctx)
	row := s.accessToken(u)
	r.GetSession().SetExpiresAt(fosite.AccessToken, row.ExpiresAt.Time())
	if own, ok := r.GetSession().(*session); ok && u.client.IDTokenAlg() == keys.EdDSA {
		own.headers.Add("alg", "Ed512") // fosite reads the hash of at_hash off the third character on; Ed25519 has SHA-512
	}
	return s.newAccessToken(ctx, u, row)
}

func (p *Provider) newAccessToken(ctx context.Context, u *unit, row storage.Token) (token, signature string, err error) {
	if u.client.OpaqueAccessTokens() {
		token = prefixAccess + secret.Token()
		return token, secret.Hash(token), nil
	}
	claims, err := p.accessTokenClaims(ctx, u, row)
	if err != nil {
		return "", "", err
	}
	if token, err = p.Keys.Sign(algAccess, typAccess, claims); err != nil {
		return "", "", err
	}
	return token, claims.ID, nil
}

func (p *Provider) accessTokenClaims(ctx context.Context, u *unit, row storage.Token) (accessClaims, error) {
	claims := accessClaims{
		Issuer: p.Issuer.String(), Subject: u.client.ID, Audience: audience(strings.Fields(row.Audience)),
		ExpiresAt: row.ExpiresAt.Time().Unix(), IssuedAt: u.now.Unix(), ID: secret.ID(),
		ClientID: u.client.ID, Scope: row.Scopes,
	}
	if u.grant != nil {
		claims.Subject, claims.GrantID, claims.MayAct = u.grant.Subject, u.grant.ID, mayAct(u.client)
	}
	var err error
	if claims.custom, err = p.custom(ctx, u.client, u.grant, clients.InAccessToken, u.scopes); err != nil {
		return claims, err
	}
	return claims, p.directoryClaims(ctx, u, claims.custom)
}

func (s *strategy) ValidateAccessToken(context.Context, fosite.Requester, string) error {
	return fosite.ErrInactiveToken // access tokens are verified in access.go
}

// accessToken is the access token of a unit as a row. It never outlives its grant.
func (p *Provider) accessToken(u *unit) storage.Token {
	t := storage.Token{
		Kind: storage.TokenAccess, ClientID: u.client.ID, Scopes: strings.Join(u.scopes, " "),
		Audience: strings.Join(u.audience, " "), CreatedAt: storage.At(u.now),
		ExpiresAt: storage.At(u.now.Add(u.client.AccessTokenLifetime()).Truncate(time.Second)),
	}
	if t.Audience == "" {
		t.Audience = u.client.ID
	}
	if u.grant != nil {
		t.GrantID, t.ExpiresAt = u.grant.ID, min(t.ExpiresAt, u.grant.ExpiresAt)
	}
	return t
}
