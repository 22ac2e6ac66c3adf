package oidc

import (
	"encoding/json"
	"errors"
)

// Hint is what an ID token of ours, expired or not, says about a sign-in.
type Hint struct {
	Subject, ClientID, SessionID string
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
	}
	if err := json.Unmarshal(payload, &c); err != nil {
		return Hint{}, err
	}
	if c.Issuer != p.Issuer.String() || c.Subject == "" || len(c.Audience) != 1 || c.AuthTime == 0 {
		return Hint{}, errors.New("not an ID token of ours")
	}
	return Hint{Subject: c.Subject, ClientID: c.Audience[0], SessionID: c.SessionID}, nil
}
