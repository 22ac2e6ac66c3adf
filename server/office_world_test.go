package server_test

import (
	"pratu/flows/accounts"
	"pratu/flows/audit"
	"pratu/flows/clients"
	"pratu/flows/office"
	"pratu/flows/players"
	"pratu/flows/record"
	"pratu/flows/signin"
	"pratu/flows/trials"
	"pratu/server/console"
	"pratu/server/web"
	"pratu/storage"
)

// console is the real one: two factors are required.
func (w *world) console(kernel *web.Kernel, people *accounts.Service, events *audit.Log) *console.Server {
	chain := &record.Chain{Store: w.store, Keyring: w.ring, Keep: record.Keep, Now: w.now}
	w.office = &office.Service{Store: w.store, Clients: w.clients, Accounts: people, Keys: w.keys, Keyring: w.ring, Audit: events, Chain: chain, Now: w.now}
	w.office.Connectors, w.office.Players = w.social.Connectors, &players.Service{Store: w.store, Audit: events, Now: w.now}
	w.office.APIKeys = &clients.APIKeys{Clients: w.clients, Store: w.store}
	w.office.Registrar, w.office.Bindings = w.self, w.directory
	w.office.Webhooks = w.tells(events)
	chain.Sealed = w.office.Webhooks.Queue
	settings := func() []office.Setting {
		return []office.Setting{{Name: "issuer", Value: op}, {Name: "secret_key", Secret: true, Set: true}}
	}
	return &console.Server{Web: kernel, Signin: w.signin, Office: w.office, People: people, Trials: &trials.Service{Office: w.office, Provider: w.oidc, Store: w.store, Fetch: w.clients.Fetch, Now: w.now}, Settings: settings, Second: true, Now: w.now}
}

// appointed is somebody with roles, and a browser in which they signed in with two factors a moment ago.
func (s *site) appointed(email string, roles ...string) (*accounts.Account, *browser) {
	s.t.Helper()
	a, err := s.accounts.Create(s.t.Context(), accounts.New{Email: email, EmailVerified: true, Locale: "en"})
	must(s.t, err)
	for _, role := range roles {
		must(s.t, s.store.GrantRole(s.t.Context(), a.ID, role, storage.At(s.now())))
		if role == office.TitleOwner {
			must(s.t, s.store.GrantTitle(s.t.Context(), a.ID, "dragons", storage.At(s.now())))
		}
	}
	return a, s.proven(a.ID)
}

// proven is a browser in which an account signed in with two factors.
func (s *site) proven(accountID string) *browser {
	s.t.Helper()
	b := s.browser()
	cookie, _, err := s.signin.Begin(s.t.Context(), signin.Proof{
		AccountID: accountID, AMR: []string{signin.AMRPassword, signin.AMROTP, signin.AMRMulti}, ACR: signin.ACRMulti, At: s.now(),
	}, signin.Browser{IP: "192.0.2.1"}, nil)
	must(s.t, err)
	b.cookies[sessionName] = cookie
	return b
}
