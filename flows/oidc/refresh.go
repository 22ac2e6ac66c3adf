package oidc

import (
	"context"
	"errors"
	"net/url"

	"pratu/flows/clients"
	"pratu/flows/secret"
	"pratu/storage"
)

// refresh answers a refresh. Who loses the race for a token finds it spent a moment ago and gets the winner's successor.
func (p *Provider) refresh(ctx context.Context, c *clients.Client, form url.Values) (*Tokens, error) {
	const attempts = 3
	for attempt := 1; ; attempt++ {
		u := &unit{client: c, now: p.Now()}
		if err := p.prepareRefresh(ctx, u, form); err != nil {
			return nil, err
		}
		tokens, err := p.exchange(ctx, u, form)
		if !errors.Is(err, errSpent) || attempt == attempts {
			return tokens, err
		}
	}
}

// prepareRefresh judges a refresh token before fosite does: fosite would take other spellings of it, ignore the scope,
// and end the owner's family for a replay by anybody.
func (p *Provider) prepareRefresh(ctx context.Context, u *unit, form url.Values) error {
	u.presented = form.Get("refresh_token")
	if u.presented == "" {
		return refuse(InvalidRequest, "refresh_token is missing")
	}
	v, err := p.Store.TokenWithGrant(ctx, secret.Hash(u.presented), storage.TokenRefresh)
	if errors.Is(err, storage.ErrNotFound) {
		return errGrant(err)
	}
	if err != nil {
		return err
	}
	switch {
	case v.Token.ClientID != u.client.ID:
		return errGrant(errors.New("refresh token of another client"))
	case !p.refreshable(v):
		return errGrant(errors.New("refresh token or its grant has expired or ended"))
	}
	u.grant = &v.Grant
	if u.form, err = url.ParseQuery(v.Grant.Form); err != nil {
		return err
	}
	if err := u.narrow(form); err != nil {
		return err
	}
	if v.Token.UsedAt.IsZero() {
		return nil
	}
	return p.reused(ctx, u, v.Token)
}

// reused decides what a spent refresh token means. For a few seconds, while its successor is unused, it is a client
// whose answer got lost, and gets the same successor. After that two parties hold the family, and nobody can tell which
// of them is the thief: it ends (RFC 9700 section 4.14.2).
func (p *Provider) reused(ctx context.Context, u *unit, t storage.Token) error {
	if u.now.Sub(t.UsedAt.Time()) <= RetryWindow {
		next, err := p.Store.TokenByID(ctx, secret.Hash(p.successor(u.presented)), storage.TokenRefresh)
		switch {
		case err == nil && next.UsedAt.IsZero() && next.RevokedAt.IsZero():
			u.retry = true
			return nil
		case err != nil && !errors.Is(err, storage.ErrNotFound):
			return err
		}
	}
	err := p.Store.InTx(ctx, func(ctx context.Context) error {
		return p.endGrant(ctx, u.grant.ID, u.client.ID, "token.reuse_detected")
	})
	if err != nil {
		return err
	}
	return errReuse
}

var errReuse = errGrant(errors.New("refresh token was used before: its family has ended"))

// ReuseDetected tells whether an error is a refresh token's second use, for metrics.
func ReuseDetected(err error) bool { return errors.Is(err, errReuse) }
