package oidc

import (
	"context"
	"encoding/json"
	"errors"

	"pratu/flows/authorize"
	"pratu/flows/contact"
	"pratu/storage"
)

// Hint is what an ID token of ours, expired or not, says about a sign-in.
type Hint struct {
	Subject, ClientID, SessionID string
	GrantID                      string // only where the client exchanges tokens
	ExpiresAt                    int64
}

// Hint verifies an id_token_hint: signed by one of our published keys, of the type of ID tokens, from this issuer. An
// access token doesn't pass, and its expiry doesn't matter (RP-Initiated Logout section 2).
func (p *Provider) Hint(token string) (Hint, error) {
	payload, _, err := p.Keys.Verify(token, typID)
	if err != nil {
		return Hint{}, err
	}
	var c struct {
		Issuer    string   `json:"iss"`
		Subject   string   `json:"sub"`
		Audience  audience `json:"aud"`
		SessionID string   `json:"sid"`
		AuthTime  int64    `json:"auth_time"`
		ExpiresAt int64    `json:"exp"`
		GrantID   string   `json:"gid"`
	}
	if err := json.Unmarshal(payload, &c); err != nil {
		return Hint{}, err
	}
	if c.Issuer != p.Issuer.String() || c.Subject == "" || len(c.Audience) != 1 || c.AuthTime == 0 {
		return Hint{}, errors.New("not an ID token of ours")
	}
	return Hint{Subject: c.Subject, ClientID: c.Audience[0], SessionID: c.SessionID, GrantID: c.GrantID, ExpiresAt: c.ExpiresAt}, nil
}

func (p *Provider) readHint(_ context.Context, r *Request) error {
	hint := r.Params.Get("id_token_hint")
	if hint == "" {
		return nil
	}
	h, err := p.Hint(hint)
	if err != nil || h.ClientID != r.Client.ID {
		return refuse(InvalidRequest, "id_token_hint is not an ID token that we gave to this client").with(err)
	}
	if r.Subject != "" && r.Subject != h.Subject {
		return refuse(InvalidRequest, "id_token_hint and claims name different subjects")
	}
	r.Subject = h.Subject
	return nil
}

// LoginHint tells whether login_hint names somebody, by an address or number, and which account has that proven; "" when
// nobody has. A hint of another kind says nothing to us, and beside a subject it has nothing to say.
func (p *Provider) LoginHint(ctx context.Context, r *authorize.Request) (account string, named bool, err error) {
	hint := r.Params.Get("login_hint")
	if hint == "" || r.Subject != "" {
		return "", false, nil
	}
	c, err := contact.Parse(hint)
	if err != nil {
		return "", false, nil //nolint:nilerr // no contact, so no hint
	}
	row, _, err := p.Store.AccountByContact(ctx, c.Kind, p.Keyring.Digests(c.Kind, c.Canonical))
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return "", false, err
	}
	return row.ID, true, nil
}
