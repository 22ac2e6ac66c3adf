package clients

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
)

// Exchange is what a client may get for other tokens (RFC 8693). Only an administrator gives it: without it there is no
// token exchange, whatever grant types the client is registered for.
type Exchange struct {
	SubjectClients   []string `json:"subject_clients,omitempty"`   // whose tokens it may exchange, beside its own
	SubjectAudiences []string `json:"subject_audiences,omitempty"` // audiences that mean this client, beside its id
	Impersonation    bool     `json:"impersonation,omitempty"`     // without an actor
	Delegation       bool     `json:"delegation,omitempty"`        // with one
	Audiences        []string `json:"audiences,omitempty"`         // clients and resources it may ask for, at most
	Scopes           []string `json:"scopes,omitempty"`            // the same for scopes
}

// UnmarshalJSON refuses unknown members: a misspelt bound would be none.
func (e *Exchange) UnmarshalJSON(raw []byte) error {
	type plain Exchange
	v, err := strictly[plain](raw)
	*e = Exchange(v)
	return err
}

// strictly reads afresh: decoded over an older value, what isn't named now would stay.
func strictly[T any](raw []byte) (v T, err error) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	err = dec.Decode(&v)
	return v, err
}

// Exchanges tells whether a token that was issued to a client for an audience is this client's to exchange: its own, or
// one of a client it was allowed, and meant for it. Else whoever is sent a token could become its owner elsewhere.
func (c *Client) Exchanges(clientID string, audience []string) bool {
	e := c.Settings.TokenExchange
	switch {
	case e == nil:
		return false
	case clientID == c.ID:
		return true
	}
	return slices.Contains(e.SubjectClients, clientID) && slices.ContainsFunc(audience, func(a string) bool {
		return a == c.ID || slices.Contains(e.SubjectAudiences, a)
	})
}

const maxExchange = 50

func (d *Document) validateExchange(ps *Problems) {
	e, asked := d.Settings.TokenExchange, slices.Contains(d.GrantTypes, GrantExchange)
	const at = "/settings/token_exchange"
	switch {
	case e == nil && !asked:
		return
	case e == nil:
		ps.add("/grant_types", "client.grant", "token exchange needs the setting token_exchange, which says what may be exchanged")
		return
	case !asked:
		ps.add(at, "setting.token_exchange", "add %s to the grant types", GrantExchange)
	}
	if d.TokenEndpointAuthMethod == AuthNone {
		ps.add(at, "setting.token_exchange", "only for clients that authenticate")
	}
	if !e.Impersonation && !e.Delegation {
		ps.add(at, "setting.token_exchange", "allow impersonation, delegation or both")
	}
	list := func(name, what string, values []string, valid func(string) bool) {
		if len(values) > maxExchange {
			ps.add(at+"/"+name, "setting.token_exchange", "at most %d", maxExchange)
		}
		for i, v := range values {
			if !valid(v) {
				ps.add(fmt.Sprintf("%s/%s/%d", at, name, i), "setting.token_exchange", "%q is no %s", v, what)
			}
		}
	}
	target := func(v string) bool {
		u := plainURI(&Problems{}, "", v)
		return validID(v) || u != nil && u.Scheme != "" && u.Host+u.Opaque != ""
	}
	list("subject_clients", "client id", e.SubjectClients, validID)
	list("subject_audiences", "client id and no absolute URI (RFC 8707 section 2)", e.SubjectAudiences, target)
	list("audiences", "client id and no absolute URI (RFC 8707 section 2)", e.Audiences, target)
	list("scopes", "scope", e.Scopes, scopeSyntax.MatchString)
}
