package cli

import (
	"pratu/flows/authorize"
	"pratu/flows/directory"
	"pratu/flows/oidc"
	"pratu/flows/outbound"
	"pratu/flows/trials"
)

// protocol is what speaks OpenID Connect, and what it asks.
func (t *tools) protocol() (*authorize.Service, *oidc.Provider) {
	flow := &authorize.Service{
		Issuer: t.cfg.issuer, Store: t.store, Keyring: t.keyring, Clients: t.clients, Limiter: t.limiter, Audit: t.audit, Now: t.now,
	}
	return flow, oidc.New(oidc.Options{
		Issuer: t.cfg.issuer, Store: t.store, Clients: t.clients, Keys: t.keys, Keyring: t.keyring, Limiter: t.limiter,
		Audit: t.audit, Authorize: flow, Outbound: t.cfg.outbound(outbound.Options{}), Now: t.now,
		Presence: t.presence, Registration: t.register.On(), SessionManagement: t.cfg.SessionManagement,
		FrontChannelTokens: t.cfg.EnableFrontChannelTokens,
	})
}

// directory is what applications ask about accounts.
func (t *tools) directory(provider *oidc.Provider) *directory.Service {
	return &directory.Service{
		Store: t.store, Keyring: t.keyring, Provider: provider, Keys: t.apiKeys, Limiter: t.limiter, Audit: t.audit,
		Presence: t.presence, Now: t.now,
	}
}

// trials is how administrators try an application out.
func (t *tools) trials(provider *oidc.Provider) *trials.Service {
	return &trials.Service{Office: t.office, Provider: provider, Store: t.store, Fetch: t.clients.Fetch, Now: t.now}
}
