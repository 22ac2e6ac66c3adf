package connectors

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pratu/flows/audit"
	"pratu/flows/kind"
	"pratu/flows/secret"
	"pratu/storage"
	"pratu/storage/storagetest"
)

func service(t *testing.T, store *storage.Store) *Service {
	t.Helper()
	keyring, err := secret.NewKeyring([]byte(strings.Repeat("k", secret.KeySize)))
	if err != nil {
		t.Fatal(err)
	}
	now := func() time.Time { return time.Date(2026, 5, 17, 9, 30, 0, 0, time.UTC) }
	return &Service{Store: store, Keyring: keyring, Now: now, Audit: &audit.Log{Store: store, Now: now}}
}

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func ids(list []*Connector) string {
	var all []string
	for _, c := range list {
		all = append(all, c.ID)
	}
	return strings.Join(all, " ")
}

func client(t *testing.T, store *storage.Store, id string) {
	t.Helper()
	if err := store.CreateClient(t.Context(), storage.Client{ID: id, Kind: "web", Name: id, Metadata: "{}", Settings: "{}", CreatedAt: 1, UpdatedAt: 1}); err != nil {
		t.Fatal(err)
	}
}

// A connector is for clients that there are. One that is deleted later keeps nobody from changing it.
func TestClientsAreThere(t *testing.T) {
	storagetest.Engines(t, func(t *testing.T, store *storage.Store) {
		ctx, s := t.Context(), service(t, store)
		client(t, store, "shop")
		d := Document{Kind: KindOIDC, ID: "corp", ClientID: "pratu", Settings: Settings{Issuer: "https://idp.test", Clients: []string{"shop", "pratu-console", "blog"}}}
		refused := func(_ any, err error) {
			t.Helper()
			var ps Problems
			if !errors.As(err, &ps) || len(ps) != 1 || ps[0].Pointer != "/settings/clients/2" || ps[0].Code != "connector.client" {
				t.Errorf("%v", err)
			}
		}
		refused(s.Create(ctx, d))
		d.Settings.Clients = d.Settings.Clients[:2]
		must[*Connector](t)(s.Create(ctx, d))
		list := func(ids ...string) (*Connector, error) {
			return s.Update(ctx, "corp", func(d *Document) error { d.Settings.Clients = ids; return nil })
		}
		refused(list("shop", "pratu-console", "blog"))
		if _, err := s.Judge(ctx, nil, Document{Kind: KindOIDC, ID: "x", ClientID: "y", Settings: Settings{Issuer: "https://idp.test", Clients: []string{"blog"}}}, "blog"); err != nil {
			t.Error(err)
		}
		if err := store.DeleteClient(ctx, "shop", 2); err != nil {
			t.Fatal(err)
		}
		must[*Connector](t)(list("pratu-console", "shop"))
		must[*Connector](t)(list("pratu-console"))
		refused(list("pratu-console", "pratu-console", "shop")) // named anew
	})
}

func TestService(t *testing.T) {
	storagetest.Engines(t, func(t *testing.T, store *storage.Store) {
		ctx, s := t.Context(), service(t, store)
		client(t, store, "shop")
		one := must[*Connector](t)
		google := one(s.Create(ctx, Document{Kind: KindGoogle, ClientID: "at-google", Secret: "canary-secret"}))
		one(s.Create(ctx, Document{Kind: KindOIDC, ID: "corp", ClientID: "pratu", Settings: Settings{
			Issuer: "https://idp.test", Clients: []string{"shop"}, Domains: []string{"Corp.Test"},
		}}))
		if google.ID != "google" || google.Name != "Google" {
			t.Errorf("%+v", google)
		}
		_, err := s.Create(ctx, Document{Kind: KindGoogle, ClientID: "x", Secret: "s"})
		if !kind.Is(err, "connector.exists") {
			t.Error(err)
		}
		rows := must[[]storage.Connector](t)(store.Connectors(ctx))
		for _, row := range rows {
			if strings.Contains(row.Secret+row.Settings, "canary") {
				t.Errorf("the secret is in the open: %+v", row)
			}
		}
		for client, want := range map[string]string{"": "corp google", "shop": "corp google", "other": "google"} {
			if got := ids(must[[]*Connector](t)(s.For(ctx, client))); got != want {
				t.Errorf("for %q: %s", client, got)
			}
		}
		if c := one(s.OfDomain(ctx, "CORP.test", "shop")); c == nil || c.ID != "corp" {
			t.Errorf("%+v", c)
		}
		if c := one(s.OfDomain(ctx, "corp.test", "other")); c != nil {
			t.Errorf("%+v", c)
		}
		off := one(s.Update(ctx, "google", func(d *Document) error { d.Disabled, d.Secret = true, "another"; return nil }))
		if got := one(s.Find(ctx, "google")); !cmp.Equal(got, off) || got.Secret != "another" {
			t.Errorf("%+v", got)
		}
		if _, err := s.Get(ctx, "google"); !kind.Is(err, "connector.disabled") {
			t.Error(err)
		}
		if list := must[[]*Connector](t)(s.OfKind(ctx, KindGoogle, "")); len(list) != 0 {
			t.Errorf("%+v", list)
		}
		if err := s.Delete(ctx, "google"); err != nil {
			t.Error(err)
		}
		if _, err := s.Get(ctx, "google"); !kind.Is(err, "connector.unknown") {
			t.Error(err)
		}
	})
}

// A replica that made no change sees it within a second.
func TestReplica(t *testing.T) {
	storagetest.Replicas(t, 2, func(t *testing.T, stores []*storage.Store) {
		ctx, a, b := t.Context(), service(t, stores[0]), service(t, stores[1])
		now := time.Now()
		b.Now = func() time.Time { return now }
		must[*Connector](t)(a.Create(ctx, Document{Kind: KindGoogle, ClientID: "x", Secret: "s"}))
		must[*Connector](t)(b.Get(ctx, "google"))
		must[*Connector](t)(a.Update(ctx, "google", func(d *Document) error { d.Disabled = true; return nil }))
		now = now.Add(cacheAge)
		if _, err := b.Get(ctx, "google"); !kind.Is(err, "connector.disabled") {
			t.Error(err)
		}
	})
}

// By these people are known: with another value everybody would be somebody else.
func TestKnownBy(t *testing.T) {
	s := &Service{}
	for pointer, docs := range map[string][2]Document{
		"/settings/issuer": {
			{Kind: KindOIDC, ID: "a", ClientID: "x", Settings: Settings{Issuer: "https://a.test"}},
			{Kind: KindOIDC, ID: "a", ClientID: "x", Settings: Settings{Issuer: "https://b.test"}},
		},
		"/settings/provider": {{Kind: KindLINE, ClientID: "1", Secret: "s"}, {Kind: KindLINE, ClientID: "2", Secret: "s"}},
		"/client_id":         {{Kind: KindFacebook, ClientID: "1", Secret: "s"}, {Kind: KindFacebook, ClientID: "2", Secret: "s"}},
		"":                   {{Kind: KindGoogle, ClientID: "1", Secret: "s"}, {Kind: KindGoogle, ClientID: "2", Secret: "s"}},
	} {
		was := must[Document](t)(s.Judge(t.Context(), nil, docs[0]))
		old := &Connector{ID: was.ID, Kind: was.Kind, Name: was.Name, ClientID: was.ClientID, Secret: was.Secret, Settings: was.Settings}
		_, err := s.Judge(t.Context(), old, docs[1])
		var ps Problems
		if errors.As(err, &ps) != (pointer != "") || pointer != "" && (len(ps) != 1 || ps[0].Pointer != pointer) {
			t.Errorf("%s: %v", pointer, err)
		}
	}
}

// A secret that nobody sees isn't sent to where somebody says later, unless they have it themselves.
func TestSecretStaysAtItsAuthority(t *testing.T) {
	storagetest.Engines(t, func(t *testing.T, store *storage.Store) {
		ctx, s := t.Context(), service(t, store)
		must[*Connector](t)(s.Create(ctx, Document{Kind: KindB2C, ClientID: "x", Secret: "canary-secret", Settings: Settings{
			Issuer: "https://b2c.test/t/v2.0/", Authority: "https://b2c.test/t", Policies: []string{"B2C_1_signin"},
		}}))
		moved := func(secret string) error {
			_, err := s.Update(ctx, "b2c", func(d *Document) error { d.Settings.Authority, d.Secret = "https://evil.test/t", secret; return nil })
			return err
		}
		var ps Problems
		if err := moved(""); !errors.As(err, &ps) || ps[0].Pointer != "/secret" {
			t.Errorf("the secret goes elsewhere: %v", err)
		}
		if c := must[*Connector](t)(s.Update(ctx, "b2c", func(d *Document) error { d.Name = "Corp"; return nil })); c.Secret != "canary-secret" {
			t.Errorf("the secret is %q", c.Secret)
		}
		if err := moved("canary-secret"); err != nil {
			t.Error(err)
		}
	})
}

func TestValidate(t *testing.T) {
	for name, c := range map[string]struct {
		d    Document
		want string // pointers of problems
	}{
		"google":              {Document{Kind: KindGoogle, ClientID: "x", Secret: "s"}, ""},
		"no kind":             {Document{ClientID: "x"}, "/kind"},
		"no id there":         {Document{Kind: KindGoogle, Secret: "s"}, "/client_id"},
		"no secret":           {Document{Kind: KindFacebook, ClientID: "x"}, "/secret"},
		"id in an address":    {Document{Kind: KindGoogle, ID: "../x", ClientID: "x", Secret: "s"}, "/id"},
		"another's setting":   {Document{Kind: KindGoogle, ClientID: "x", Secret: "s", Settings: Settings{Issuer: "https://x.test"}}, "/settings/issuer"},
		"no name":             {Document{Kind: KindOIDC, ClientID: "x", Settings: Settings{Issuer: "https://idp.test"}}, "/name"},
		"no issuer":           {Document{Kind: KindOIDC, ID: "idp", ClientID: "x"}, "/settings/issuer"},
		"plain http":          {Document{Kind: KindOIDC, ID: "idp", ClientID: "x", Settings: Settings{Issuer: "http://idp.test"}}, "/settings/issuer"},
		"any tenant":          {Document{Kind: KindAzureAD, ClientID: "x", Secret: "s"}, "/settings/tenants"},
		"tenant by name":      {Document{Kind: KindAzureAD, ClientID: "x", Secret: "s", Settings: Settings{Tenants: []string{"common"}}}, "/settings/tenants/0"},
		"a word for apple":    {Document{Kind: KindApple, ClientID: "x", Secret: "s", Settings: Settings{Team: "T", Key: "K"}}, "/secret"},
		"line alone":          {Document{Kind: KindLINE, ClientID: "x", Secret: "s"}, ""},
		"an address by claim": {Document{Kind: KindGoogle, ClientID: "x", Secret: "s", Settings: Settings{Claims: map[string]string{"email": "upn"}}}, "/settings/claims/email"},
		"sync":                {Document{Kind: KindGoogle, ClientID: "x", Secret: "s", Settings: Settings{Sync: "daily"}}, "/settings/sync"},
	} {
		c.d.fill()
		var pointers []string
		for _, p := range c.d.validate(false) {
			pointers = append(pointers, p.Pointer)
		}
		if got := strings.Join(pointers, " "); got != c.want {
			t.Errorf("%s: %v", name, c.d.validate(false))
		}
	}
	d := Document{Kind: KindOIDC, ID: "idp", ClientID: "x", Settings: Settings{Issuer: "http://127.0.0.1:1"}}
	d.fill()
	var ps Problems
	if err := d.validate(true).Err(); err != nil || errors.As(d.validate(true).Err(), &ps) {
		t.Error(err)
	}
}

func TestSet(t *testing.T) {
	var s Settings
	for _, pair := range [][2]string{{"tenants", "a, b"}, {"issuer", "https://x.test"}, {"claims", "name=displayName"}, {"no_sign_up", "true"}, {"scopes", ""}} {
		if err := s.Set(pair[0], pair[1]); err != nil {
			t.Error(err)
		}
	}
	want := Settings{Tenants: []string{"a", "b"}, Issuer: "https://x.test", Claims: map[string]string{"name": "displayName"}, NoSignUp: true}
	if diff := cmp.Diff(want, s); diff != "" {
		t.Error(diff)
	}
	var again Settings
	for _, key := range Keys() {
		if err := again.Set(key, s.Get(key)); err != nil {
			t.Error(err)
		}
	}
	if diff := cmp.Diff(want, again); diff != "" {
		t.Error(diff)
	}
	for _, pair := range [][2]string{{"tenant", "a"}, {"claims", "name"}, {"no_sign_up", "yes"}} {
		if s.Set(pair[0], pair[1]) == nil {
			t.Errorf("%v", pair)
		}
	}
}
