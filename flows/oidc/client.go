package oidc

import (
	"slices"

	"github.com/ory/fosite"

	"pratu/flows/clients"
)

// client shows a relying party to fosite. It is deliberately no fosite.OpenIDConnectClient: fosite takes unsigned request
// objects from those (alg none) and renders their claims wrongly.
type client struct {
	*clients.Client
	trial string // where an administrator's trial comes back to, or ""
}

func (c client) GetID() string                      { return c.ID }
func (c client) GetHashedSecret() []byte            { return nil } // secrets are ours to compare
func (c client) GetResponseTypes() fosite.Arguments { return fosite.Arguments{"code"} }
func (c client) GetScopes() fosite.Arguments        { return c.Scopes() }
func (c client) IsPublic() bool                     { return c.Public() }
func (c client) GetAudience() fosite.Arguments      { return c.Resources() }

// GetRedirectURIs adds the trial's to those that the client is registered with.
func (c client) GetRedirectURIs() []string {
	if c.trial == "" {
		return c.Metadata.RedirectURIs
	}
	return append(slices.Clone(c.Metadata.RedirectURIs), c.trial)
}

// GetGrantTypes adds the code to the device's grant, which is exchanged as one.
func (c client) GetGrantTypes() fosite.Arguments {
	if c.Allows(clients.GrantDevice) {
		return append(slices.Clone(c.Metadata.GrantTypes), clients.GrantCode)
	}
	return c.Metadata.GrantTypes
}

// GetResponseModes lets a client choose between the two modes that fit a code.
func (c client) GetResponseModes() []fosite.ResponseModeType {
	return []fosite.ResponseModeType{fosite.ResponseModeQuery, fosite.ResponseModeFormPost}
}
