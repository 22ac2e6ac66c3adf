package oidc

import (
	"context"
	"errors"
	"net/url"

	"pratu/flows/clients"
	"pratu/storage"
)

// Redemption is what another envelope adds to the exchange of a code: a judgement, and a record.
type Redemption struct {
	// Judge looks at whose code it is, after all else was found right. Its error spends the code and is the answer.
	Judge func(ctx context.Context, accountID string) error
	// Record writes what happened, in the transaction that spends the code; refused is Judge's error or nil.
	Record func(ctx context.Context, accountID string, refused error) error
}

// Redeem exchanges a code of an authenticated client by the rules of the token endpoint, in which it is spent with whatever
// is asked there at the same time. It buys an access token and an ID token, and nothing that lives on.
func (p *Provider) Redeem(ctx context.Context, c *clients.Client, form url.Values, r Redemption) (*Tokens, error) {
	if !c.Allows(clients.GrantCode) {
		return nil, refuse(UnauthorizedClient, "the client is not registered for this grant type")
	}
	if form.Get("redirect_uri") == "" && len(c.Metadata.RedirectURIs) == 1 {
		form.Set("redirect_uri", c.Metadata.RedirectURIs[0])
	}
	form.Set("grant_type", clients.GrantCode)
	u := &unit{client: c, now: p.Now(), once: true}
	if err := p.prepareCode(ctx, u, form); err != nil {
		return nil, err
	}
	account := u.grant.AccountID
	if refused := r.Judge(ctx, account); refused != nil {
		err := p.Store.InTx(ctx, func(ctx context.Context) error {
			if _, err := p.Store.Apply(ctx, p.useCode(u)); err != nil {
				return err
			}
			return r.Record(ctx, account, refused)
		})
		if err != nil && !errors.Is(err, errSpent) && !errors.Is(err, storage.ErrExists) { // see Commit
			return nil, err
		}
		return nil, refused
	}
	u.record = func(ctx context.Context) error { return r.Record(ctx, account, nil) }
	tokens, err := p.exchange(ctx, u, form)
	if err != nil || tokens.IDToken != "" {
		return tokens, err
	}
	claims, err := p.idTokenClaims(ctx, u, IDTokenLife) // the envelope has one, whether it was asked for or not
	if err != nil {
		return nil, err
	}
	if nonce := u.form.Get("nonce"); nonce != "" {
		claims["nonce"] = nonce
	}
	tokens.IDToken, err = p.Keys.Sign(c.IDTokenAlg(), typID, claims)
	return tokens, err
}
