package oidc

import (
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"pratu/flows/authorize"
	"pratu/flows/clients"
	"pratu/flows/keys"
)

// The implicit and hybrid flows (OpenID Connect Core sections 3.2, 3.3), off unless FrontChannelTokens is set (RFC 9700
// section 2.1.2). The code of a hybrid answer is fosite's; what goes beside it is made here.

// gets tells whether the answer has a part: code, id_token or token. A request for nothing that is known gets nothing.
func (r *Request) gets(part string) bool {
	return slices.Contains(strings.Fields(clients.ResponseType(r.Params.Get("response_type"))), part)
}

// getsCode tells whether there is something to exchange; a device has its code already.
func (r *Request) getsCode() bool { return r.DeviceID != "" || r.gets("code") }

func (r *Request) getsTokens() bool { return r.gets("id_token") || r.gets("token") }

// responseMode is how a request is answered, errors included: never by a query where tokens could be in it (OAuth 2.0
// Multiple Response Types section 3).
func (p *Provider) responseMode(r *Request) string {
	parts := strings.Fields(r.Params.Get("response_type"))
	switch {
	case r.Params.Get("response_mode") == authorize.ModeFormPost:
		return authorize.ModeFormPost
	case p.FrontChannelTokens && (slices.Contains(parts, "token") || slices.Contains(parts, "id_token")):
		return authorize.ModeFragment
	}
	return authorize.ModeQuery
}

func (p *Provider) responseTypes() []string {
	if p.FrontChannelTokens {
		return clients.ResponseTypes()
	}
	return []string{"code"}
}

// checkResponse judges what the answer is to have and how it is to come.
func (p *Provider) checkResponse(r *Request) error {
	asked, mode := r.Params.Get("response_type"), r.Params.Get("response_mode")
	known := clients.ResponseType(asked)
	switch {
	case asked == "":
		return refuse(InvalidRequest, "response_type is missing")
	case known == "" || !slices.Contains(p.responseTypes(), known):
		return refuse(UnsupportedResponse, "the response types are "+strings.Join(p.responseTypes(), ", "))
	case mode != "" && mode != r.ResponseMode:
		return refuse(InvalidRequest, "response_mode is "+r.ResponseMode+" or form_post")
	case r.gets("code") && !r.Client.Allows(clients.GrantCode):
		return refuse(UnauthorizedClient, "the client is not registered for the grant type authorization_code")
	case !r.Client.Answers(known):
		return refuse(UnauthorizedClient, "the client is not registered for this response_type")
	}
	return nil
}

// checkTokensInFront holds what an ID token in the answer needs: without a nonce anybody's would do (OpenID Connect Core
// sections 3.2.2.1, 3.3.2.11).
func checkTokensInFront(r *Request) error {
	switch {
	case !r.gets("id_token"):
		return nil
	case r.Params.Get("nonce") == "":
		return refuse(InvalidRequest, "nonce is missing: an ID token in the answer needs it")
	case !slices.Contains(r.Scopes, "openid"):
		return refuse(InvalidScope, "an ID token needs the scope openid")
	}
	return nil
}

// withoutCode writes the grant of an answer that has no code: as one whose code nobody has, and was used.
func (p *Provider) withoutCode(ctx context.Context, u *unit) error {
	g := &u.grant.Grant
	_, signature, err := (&strategy{p}).GenerateAuthorizeCode(withUnit(ctx, u), nil)
	if err != nil {
		return err
	}
	g.CodeHash, g.CodeUsedAt, g.CodeExpiresAt = signature, g.CreatedAt, g.CreatedAt
	return (&store{p}).CreateAuthorizeCodeSession(withUnit(ctx, u), signature, nil)
}

// tokensInFront adds the tokens of an answer, whose grant was just written.
func (p *Provider) tokensInFront(ctx context.Context, u *unit, r *Request, params url.Values) error {
	view, err := p.Store.GrantByID(ctx, u.grant.ID) // with the account, for claims
	if err != nil {
		return err
	}
	u.grant, u.scopes, u.audience = &view, r.Scopes, r.Resources
	if r.gets("token") {
		if err := p.accessTokenInFront(ctx, u, params); err != nil {
			return err
		}
	}
	if !r.gets("id_token") {
		return nil
	}
	u.alone = !r.gets("token") && !r.gets("code")
	claims, err := p.idTokenClaims(ctx, u, IDTokenLife)
	if err != nil {
		return err
	}
	claims["nonce"] = r.Params.Get("nonce")
	for parameter, name := range map[string]string{"access_token": "at_hash", "code": "c_hash"} {
		if v := params.Get(parameter); v != "" {
			claims[name] = halfHash(u.client.IDTokenAlg(), v)
		}
	}
	token, err := p.Keys.Sign(u.client.IDTokenAlg(), typID, claims)
	if err != nil {
		return err
	}
	params.Set("id_token", token)
	return (&store{p}).join(ctx, u)
}

func (p *Provider) accessTokenInFront(ctx context.Context, u *unit, params url.Values) error {
	row := p.accessToken(u)
	token, signature, err := p.newAccessToken(ctx, u, row)
	if err != nil {
		return err
	}
	if u.client.OpaqueAccessTokens() {
		row.ID = signature
		if _, err := p.Store.Apply(ctx, p.Store.CreateToken(row)); err != nil {
			return err
		}
	}
	params.Set("access_token", token)
	params.Set("token_type", "Bearer")
	params.Set("expires_in", strconv.FormatInt(row.ExpiresAt.Time().Unix()-u.now.Unix(), 10))
	return nil
}

// halfHash is at_hash and c_hash (OpenID Connect Core section 3.3.2.11): half of a hash of the signature's algorithm.
func halfHash(alg, value string) string {
	if alg == keys.EdDSA { // Ed25519 has SHA-512
		sum := sha512.Sum512([]byte(value))
		return base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2])
	}
	sum := sha256.Sum256([]byte(value))
	return base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2])
}
