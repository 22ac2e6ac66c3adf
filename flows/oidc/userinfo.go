package oidc

import (
	"context"
	"maps"
	"net/http"
	"slices"

	"pratu/flows/authorize"
	"pratu/flows/clients"
)

// Userinfo is an answer of the userinfo endpoint: claims, or for clients that registered an algorithm a signed JWT.
type Userinfo struct {
	Claims map[string]any
	JWT    string
}

// Userinfo assembles what a token's scopes and its claims parameter open (OpenID Connect Core section 5.3).
func (p *Provider) Userinfo(ctx context.Context, a *Access) (Userinfo, error) {
	if a.grant == nil || !slices.Contains(a.Scopes, "openid") {
		e := refuse(InsufficientScope, "the access token lacks the scope openid").status(http.StatusForbidden)
		return Userinfo{}, e
	}
	claims, err := p.userinfoClaims(ctx, a)
	alg := a.Client.Metadata.UserinfoAlg
	if err != nil || alg == "" {
		return Userinfo{Claims: claims}, err
	}
	claims["iss"], claims["aud"] = p.Issuer.String(), a.Client.ID
	jwt, err := p.Keys.Sign(alg, typID, claims)
	return Userinfo{JWT: jwt}, err
}

func (p *Provider) userinfoClaims(ctx context.Context, a *Access) (map[string]any, error) {
	asked, err := authorize.ParseClaims(a.grant.Claims)
	if err != nil {
		return nil, err
	}
	if a.exchanged() {
		asked = authorize.ClaimsRequest{} // the person allowed them to the other client
	}
	names := byScopes(a.Scopes)
	if a.contacts == nil {
		for name := range asked.Userinfo {
			names = append(names, name)
		}
		if a.contacts, err = p.contactsFor(ctx, a.grant.AccountID, names); err != nil {
			return nil, err
		}
	}
	claims, err := p.assemble(a.grant, a.contacts, names, asked.Userinfo)
	if err != nil {
		return nil, err
	}
	custom, err := p.custom(ctx, a.Client, a.grant, clients.InUserinfo, a.Scopes)
	if err != nil {
		return nil, err
	}
	maps.Copy(claims, custom) // no name of a rule is one of ours
	claims["sub"] = a.Subject
	return claims, nil
}
