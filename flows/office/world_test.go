package office_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"pratu/flows/accounts"
	"pratu/flows/audit"
	"pratu/flows/clients"
	"pratu/flows/codes"
	"pratu/flows/connectors"
	"pratu/flows/directory"
	"pratu/flows/issuer"
	"pratu/flows/keys"
	"pratu/flows/keys/keystest"
	"pratu/flows/limits"
	"pratu/flows/mail"
	"pratu/flows/office"
	"pratu/flows/outbox"
	"pratu/flows/passwords"
	"pratu/flows/players"
	"pratu/flows/record"
	"pratu/flows/secret"
	"pratu/flows/webhooks"
	"pratu/storage"
	"pratu/storage/storagetest"
)

// world is an office with somebody of each role in it.
type world struct {
	*office.Service
	t   *testing.T
	url string

	victim   int64 // number of an account that things are done to
	victimID string

	victimOID string

	mu sync.Mutex
	at time.Time
}

func (w *world) now() time.Time { w.mu.Lock(); defer w.mu.Unlock(); return w.at }

func (w *world) pass(d time.Duration) { w.mu.Lock(); defer w.mu.Unlock(); w.at = w.at.Add(d) }

// recorder is how wiring records changes of clients.
type recorder struct{ log *audit.Log }

func (r recorder) Client(ctx context.Context, event, clientID string, _ bool, details map[string]any) error {
	return r.log.Append(ctx, audit.Event{Name: event, ClientID: clientID, Details: details})
}

func each(t *testing.T, run func(w *world)) {
	t.Helper()
	storagetest.Databases(t, func(t *testing.T, url string) {
		store := storagetest.Open(t, url)
		ring, err := secret.NewKeyring([]byte(strings.Repeat("k", 32)))
		must(t, err)
		i, err := issuer.New("https://op.test")
		must(t, err)
		w := &world{t: t, url: url, at: time.Now().Truncate(time.Second)}
		log, hasher := &audit.Log{Store: store, Now: w.now}, passwords.New(passwords.Cheap)
		box := &outbox.Outbox{Store: store, Keyring: ring, Now: w.now}
		w.Service = &office.Service{
			Store: store, Keyring: ring, Audit: log, Now: w.now, Chain: &record.Chain{Store: store, Keyring: ring, Keep: record.Keep, Now: w.now},
			Webhooks: &webhooks.Service{Store: store, Keyring: ring, Audit: log, Now: w.now, Outbox: box},
			Clients:  &clients.Service{Store: store, Hasher: hasher, Audit: recorder{log}, Now: w.now},
			Keys:     &keys.Service{Store: store, Custody: keystest.Custody(ring), Audit: log, Now: w.now},

			Connectors: &connectors.Service{Store: store, Keyring: ring, Audit: log, Now: w.now},
			Players:    &players.Service{Store: store, Audit: log, Now: w.now},
			Accounts: &accounts.Service{
				Store: store, Keyring: ring, Hasher: hasher, Limiter: &limits.Limiter{Store: store, Keyring: ring, Now: w.now},
				Audit: log, Issuer: i, Product: "Pratu", Now: w.now, Mail: &mail.Service{Outbox: box, From: "Pratu <no-reply@op.test>", Now: w.now},
			},
		}
		w.Accounts.Codes = &codes.Service{
			Store: store, Keyring: ring, Limiter: w.Accounts.Limiter, Mail: w.Accounts.Mail, Issuer: i, Product: "Pratu", Now: w.now,
		}
		w.APIKeys = &clients.APIKeys{Clients: w.Clients, Store: store}
		w.Registrar = &clients.Registrar{Clients: w.Clients, Store: store, Limiter: w.Accounts.Limiter}
		w.Service.Bindings = &directory.Service{Store: store, Audit: log, Now: w.now}
		run(w)
	})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// person is an account with roles. Title owners own the title dragons.
func (w *world) person(name string, roles ...string) office.Actor {
	w.t.Helper()
	a, err := w.Accounts.Create(w.t.Context(), accounts.New{
		Email: name + "@x.test", EmailVerified: true, Profile: map[string]any{"name": "Khun " + name}, Locale: "en",
	})
	must(w.t, err)
	for _, role := range roles {
		must(w.t, w.Store.GrantRole(w.t.Context(), a.ID, role, storage.At(w.now())))
		if role == office.TitleOwner {
			must(w.t, w.Store.GrantTitle(w.t.Context(), a.ID, "dragons", storage.At(w.now())))
		}
	}
	actor, err := w.Of(w.t.Context(), a.ID)
	must(w.t, err)
	return actor
}

func (w *world) client(d clients.Document) {
	w.t.Helper()
	_, _, err := w.Clients.Create(w.t.Context(), d)
	must(w.t, err)
}
