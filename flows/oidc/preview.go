package oidc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"pratu/flows/clients"
	"pratu/flows/kind"
	"pratu/storage"
)

// Preview is what the tokens of a client would hold for an account. What only a sign-in knows is made up.
type Preview struct {
	IDToken     map[string]any `json:"id_token,omitempty"`
	Userinfo    map[string]any `json:"userinfo,omitempty"`
	AccessToken map[string]any `json:"access_token,omitempty"` // absent where it is opaque
	Scopes      []ScopeClaims  `json:"-"`                      // which of them gives what
}

// Preview makes the claims of each token as for a sign-in just now with these scopes, all of the client's if none, and
// neither signs nor stores anything. A client without people has its own access token only.
func (p *Provider) Preview(ctx context.Context, c *clients.Client, ssoid int64, scopes []string) (Preview, error) {
	if i := slices.IndexFunc(scopes, func(s string) bool { return !slices.Contains(c.Scopes(), s) }); i >= 0 {
		return Preview{}, kind.New(kind.Invalid, "client.scope").WithField("scope").WithErr(fmt.Errorf("the client may not ask for the scope %q", scopes[i]))
	}
	u := &unit{client: c, now: p.Now()}
	if c.Kind == clients.KindMachine {
		if err := prepareMachine(u, url.Values{"scope": {strings.Join(scopes, " ")}}); err != nil {
			return Preview{}, err
		}
		return p.previewAccess(ctx, u, Preview{})
	}
	if len(scopes) == 0 {
		scopes = c.Scopes()
	}
	u.scopes = scopes
	account, err := p.Store.AccountBySSOID(ctx, ssoid)
	if errors.Is(err, storage.ErrNotFound) {
		return Preview{}, kind.New(kind.NotFound, "account.unknown").WithErr(err)
	}
	if err != nil {
		return Preview{}, err
	}
	subject, err := p.Subject(ctx, c, account)
	if err != nil {
		return Preview{}, err
	}
	now := storage.At(u.now)
	u.grant = &storage.GrantView{
		Grant: storage.Grant{
			ID: "preview", ClientID: c.ID, AccountID: account.ID, SessionID: "preview", Subject: subject,
			Scopes: strings.Join(scopes, " "), AuthTime: now, ACR: "1", AMR: "pwd", ExpiresAt: storage.At(u.now.Add(24 * time.Hour)),
			Told: storage.ToldAll,
		},
		AccountSSOID: account.SSOID, AccountOID: account.OID, AccountStatus: account.Status, AccountProfile: account.Profile,
		AccountLocale: account.Locale, AccountUpdatedAt: account.UpdatedAt,
	}
	var v Preview
	if slices.Contains(scopes, "openid") {
		if v.IDToken, err = p.idTokenClaims(ctx, u, IDTokenLife); err != nil {
			return Preview{}, err
		}
		a := &Access{Client: c, Subject: u.grant.Subject, Scopes: scopes, grant: u.grant}
		if v.Userinfo, err = p.userinfoClaims(ctx, a); err != nil {
			return Preview{}, err
		}
	}
	v.Scopes = explain(c, scopes, v.Userinfo, v.IDToken)
	return p.previewAccess(ctx, u, v)
}

func (p *Provider) previewAccess(ctx context.Context, u *unit, v Preview) (Preview, error) {
	if u.client.OpaqueAccessTokens() {
		return v, nil
	}
	claims, err := p.accessTokenClaims(ctx, u, p.accessToken(u))
	if err != nil {
		return v, err
	}
	raw, err := json.Marshal(claims)
	if err != nil {
		return v, err
	}
	return v, json.Unmarshal(raw, &v.AccessToken)
}
