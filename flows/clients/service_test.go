package clients

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pratu/flows/kind"
	"pratu/storage"
)

// memory is a Store without a database; storage's own suite proves the real one.
type memory struct {
	mu       sync.Mutex
	rows     map[string]storage.Client
	reads    atomic.Int64
	slow     time.Duration
	accounts map[int64]bool
}

func (m *memory) InTx(ctx context.Context, fn func(context.Context) error) error { return fn(ctx) }

func (m *memory) AfterCommit(ctx context.Context, fn func(context.Context)) { fn(ctx) }

func (m *memory) CreateClient(_ context.Context, c storage.Client) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, taken := m.rows[c.ID]; taken {
		return storage.ErrExists
	}
	m.rows[c.ID] = c
	return nil
}

func (m *memory) Client(_ context.Context, id string) (storage.Client, error) {
	m.reads.Add(1)
	time.Sleep(m.slow)
	m.mu.Lock()
	defer m.mu.Unlock()
	c, ok := m.rows[id]
	if !ok || !c.DeletedAt.IsZero() {
		return storage.Client{}, storage.ErrNotFound
	}
	c.Secrets = slices.Clone(c.Secrets)
	return c, nil
}

func (m *memory) ClientIDUsed(_ context.Context, id string) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, used := m.rows[id]
	return used, nil
}

func (m *memory) FindClients(ctx context.Context, f storage.ClientFilter) ([]storage.Client, error) {
	return m.Clients(ctx, f.After, f.Limit)
}

func (m *memory) Clients(_ context.Context, after string, limit int) ([]storage.Client, error) {
	var list []storage.Client
	for _, id := range slices.Sorted(maps.Keys(m.rows)) {
		if id > after && len(list) < limit {
			list = append(list, m.rows[id])
		}
	}
	return list, nil
}

func (m *memory) UpdateClient(_ context.Context, c storage.Client, ifUpdatedAt storage.Instant) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	old := m.rows[c.ID]
	if ifUpdatedAt != 0 && old.UpdatedAt != ifUpdatedAt {
		return storage.ErrConflict
	}
	c.Secrets = old.Secrets
	m.rows[c.ID] = c
	return nil
}

func (m *memory) DeleteClient(_ context.Context, id string, now storage.Instant) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := m.rows[id]
	c.DeletedAt = now
	m.rows[id] = c
	return nil
}

func (m *memory) AddClientSecret(_ context.Context, s storage.ClientSecret) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := m.rows[s.ClientID]
	c.Secrets = append(slices.Clone(c.Secrets), s)
	m.rows[c.ID] = c
	return nil
}

func (m *memory) ExpireClientSecrets(_ context.Context, id, except string, at storage.Instant) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := m.rows[id]
	c.Secrets = slices.Clone(c.Secrets)
	for i := range c.Secrets {
		if s := &c.Secrets[i]; s.ID != except && (s.ExpiresAt.IsZero() || s.ExpiresAt > at) {
			s.ExpiresAt = at
		}
	}
	m.rows[id] = c
	return nil
}

func (m *memory) PutClientLogo(context.Context, storage.ClientLogo) error { return nil }

func (m *memory) DeleteClientLogo(context.Context, string) error { return nil }

func (m *memory) ClientLogo(context.Context, string) (storage.ClientLogo, error) {
	return storage.ClientLogo{}, storage.ErrNotFound
}

func (m *memory) NoteRefusedRedirect(context.Context, storage.RefusedRedirect, storage.Instant) (bool, error) {
	return false, nil
}

func (m *memory) RefusedRedirects(context.Context, string) ([]storage.RefusedRedirect, error) {
	return nil, nil
}

func (m *memory) ForgetRefusedRedirect(context.Context, string, string) error { return nil }

func (m *memory) AccountBySSOID(_ context.Context, ssoid int64) (storage.Account, error) {
	if m.accounts[ssoid] {
		return storage.Account{}, nil
	}
	return storage.Account{}, storage.ErrNotFound
}

// slowHash counts, since what matters is how often it is asked.
type slowHash struct{ verified atomic.Int64 }

func (*slowHash) Hash(_ context.Context, pw string) (string, error) { return "$slow$" + pw, nil }

func (h *slowHash) Verify(_ context.Context, phc, pw string) (bool, bool, error) {
	h.verified.Add(1)
	return phc == "$slow$"+pw, false, nil
}

func newService() (*Service, *memory, *slowHash) {
	m, h := &memory{rows: map[string]storage.Client{}}, &slowHash{}
	return &Service{Store: m, Hasher: h, Now: time.Now}, m, h
}

func web(id string) Document {
	return Document{ClientID: id, Kind: KindWeb, Metadata: Metadata{RedirectURIs: []string{"https://rp.test/cb"}}}
}

func TestCache(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, m, _ := newService()
		ctx := t.Context()
		if _, err := s.Get(ctx, "shop"); kind.Of(err) != kind.NotFound {
			t.Fatalf("unknown: %v", err)
		}
		if _, _, err := s.Create(ctx, web("shop")); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Get(ctx, "shop"); err != nil {
			t.Errorf("a new client must work at once: %v", err)
		}
		m.reads.Store(0)
		m.slow = 100 * time.Millisecond
		s.forget(t.Context(), "shop")
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				if _, err := s.Get(ctx, "shop"); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if n := m.reads.Load(); n != 1 {
			t.Errorf("50 requests made %d reads", n)
		}
		// Another replica disables the client; this one hears of it within a second of its last read.
		other := &Service{Store: m, Now: time.Now}
		if _, err := other.Update(ctx, "shop", func(d *Document) error { d.Disabled = true; return nil }); err != nil {
			t.Fatal(err)
		}
		time.Sleep(cacheAge)
		if _, err := s.Get(ctx, "shop"); kind.Of(err) != kind.Forbidden {
			t.Errorf("a disabled client works: %v", err)
		}
		if _, err := s.Find(ctx, "shop"); err != nil {
			t.Errorf("the console must still see it: %v", err)
		}
	})
}

// The one who began the shared read gives up; the others still get their answer.
func TestCacheSurvivesACancelledLeader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, m, _ := newService()
		if _, _, err := s.Create(t.Context(), web("shop")); err != nil {
			t.Fatal(err)
		}
		m.slow = time.Second
		ctx, cancel := context.WithCancel(t.Context())
		go func() { _, _ = s.Get(ctx, "shop") }()
		synctest.Wait()
		time.AfterFunc(10*time.Millisecond, cancel)
		if _, err := s.Get(t.Context(), "shop"); err != nil {
			t.Error(err)
		}
	})
}

func TestInvalidIDsMakeNoQuery(t *testing.T) {
	s, m, _ := newService()
	for _, id := range []string{"", "a b", "a\x00", strings.Repeat("a", 65), "../x", "ลูกค้า"} {
		if _, err := s.Get(t.Context(), id); kind.Of(err) != kind.NotFound {
			t.Errorf("%q: %v", id, err)
		}
	}
	if m.reads.Load() != 0 {
		t.Error("queries for ids that can't exist")
	}
}

func TestSecrets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _, h := newService()
		ctx := t.Context()
		c, secret, err := s.Create(ctx, web("shop"))
		if err != nil || !strings.HasPrefix(secret, secretPrefix) || !strings.HasPrefix(c.Secrets[0].Hash, hashPrefix) ||
			strings.Contains(c.Secrets[0].Hash, secret) {
			t.Fatalf("%v %v", err, c.Secrets)
		}
		verify := func(secret string, want bool) {
			t.Helper()
			c, err := s.Get(ctx, "shop")
			if err != nil {
				t.Fatal(err)
			}
			if ok, err := s.VerifySecret(ctx, c, secret); ok != want || err != nil {
				t.Errorf("got %v %v, want %v", ok, err, want)
			}
		}
		verify(secret, true)
		verify(secret+"x", false)
		verify("", false)
		if h.verified.Load() != 0 {
			t.Error("a generated secret went through the slow hash")
		}
		// Two secrets during the overlap, one after it.
		second, err := s.RotateSecret(ctx, "shop", "a secret that a person chose", time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		verify(secret, true)
		verify(second, true)
		time.Sleep(time.Hour)
		verify(secret, false)
		verify(second, true)
		before := h.verified.Load()
		verify(second, true)
		if h.verified.Load() != before {
			t.Error("a known good secret was hashed again")
		}
		verify("wrong", false)
		verify("wrong", false)
		if h.verified.Load() != before+2 {
			t.Error("a wrong secret was remembered")
		}
		third, err := s.RotateSecret(ctx, "shop", "", 0)
		if err != nil {
			t.Fatal(err)
		}
		verify(second, false)
		verify(third, true)
	})
}

// What a document has that isn't known, or is of another type, hides nothing of what is wrong otherwise.
func TestAllProblemsAtOnce(t *testing.T) {
	s, _, _ := newService()
	ctx := t.Context()
	if _, _, err := s.Create(ctx, web("2171")); err != nil {
		t.Fatal(err)
	}
	read := func(text string) Document {
		d, err := ReadDocument(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	for text, want := range map[string]string{
		`{"client_id":"2171","kind":"web","typo":1,"client_name":7,"redirect_uris":["https://a.test/cb","http://a.test/cb"]}`: "/typo document.unknown; /client_name document.type; /redirect_uris/1 uri.http",
		`{"client_id":"2171","kind":"web","redirect_uris":"https://a.test/cb","scope":"\u0000"}`:                              "/redirect_uris document.type; /scope client.scope; /scope client.text",
		`{"client_id":"2171","kind":1}`: "/kind document.type",
		`{"client_id":"2171","kind":"web","redirect_uris":["https://a.test/cb"],"settings":{"typo":true}}`: "/settings/typo document.unknown",
	} {
		_, _, err := s.Create(ctx, read(text))
		if got := codes(problemsOf(t, err)); got != want {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
		_, err = s.Update(ctx, "2171", func(d *Document) error { *d = read(text); return nil })
		if got := codes(problemsOf(t, err)); got != want {
			t.Errorf("%s: updated: got %q, want %q", text, got, want)
		}
	}
}

func TestLifeOfAClient(t *testing.T) {
	s, m, _ := newService()
	ctx := t.Context()
	m.accounts = map[int64]bool{1331: true}
	if _, _, err := s.Create(ctx, web("1331")); kind.Of(err) != kind.Exists {
		t.Errorf("the number of an account was given to a client: %v", err)
	}
	if _, _, err := s.Create(ctx, web("2171")); err != nil {
		t.Error(err)
	}
	if _, _, err := s.Create(ctx, web("2171")); kind.Of(err) != kind.Exists {
		t.Errorf("%v", err)
	}
	if _, err := s.Update(ctx, "2171", func(d *Document) error { d.Kind = KindSPA; return nil }); kind.Of(err) != kind.Invalid {
		t.Errorf("the kind changed: %v", err)
	}
	c, err := s.Update(ctx, "2171", func(d *Document) error { d.ClientName = "Shop"; d.Settings.FirstParty = true; return nil })
	if err != nil || c.DisplayName() != "Shop" || !c.FirstParty() || len(c.Secrets) != 1 {
		t.Errorf("%v %+v", err, c)
	}
	// Two administrators at once: the second one is told.
	_, err = s.Update(ctx, "2171", func(d *Document) error {
		_, err := s.Update(ctx, "2171", func(d *Document) error { d.ClientName = "First"; return nil })
		d.ClientName = "Second"
		return err
	})
	if kind.Of(err) != kind.Conflict {
		t.Errorf("lost update: %v", err)
	}
	if err := s.Delete(ctx, "2171"); err != nil {
		t.Error(err)
	}
	if _, err := s.Get(ctx, "2171"); kind.Of(err) != kind.NotFound {
		t.Errorf("deleted: %v", err)
	}
	if _, _, err := s.Create(ctx, web("2171")); kind.Of(err) != kind.Exists {
		t.Errorf("an id was used again: %v", err)
	}
	if err := s.Delete(ctx, "2171"); kind.Of(err) != kind.NotFound {
		t.Errorf("%v", err)
	}
	_, _, err = s.Create(ctx, Document{Kind: KindWeb})
	var ps Problems
	if !errors.As(err, &ps) || kind.Of(err) != kind.Invalid {
		t.Errorf("%v", err)
	}
}

func TestHelpers(t *testing.T) {
	no := false
	c := &Client{Kind: KindWeb, Metadata: Metadata{TokenEndpointAuthMethod: AuthBasic, RedirectURIs: []string{
		"https://rp.test/cb", "https://rp.test/other", "http://localhost:3000/cb", "com.example.app:/cb"},
		AllowedOrigins: []string{"https://spa.test"}, Scope: "openid email"}, Settings: Settings{RequirePKCE: &no}}
	if got := strings.Join(c.RedirectOrigins(), " "); got != "https://rp.test http://localhost:3000 https://spa.test" {
		t.Error(got)
	}
	if c.RequirePKCE() || c.Public() || c.IDTokenAlg() != "RS256" || c.AccessTokenLifetime() != time.Hour || len(c.Scopes()) != 2 {
		t.Errorf("%+v", c)
	}
	c.Metadata.TokenEndpointAuthMethod = AuthNone
	if !c.RequirePKCE() {
		t.Error("a public client went without PKCE")
	}
}

// A client that named its method is held to it; one that named none sends its secret either way, and stays like that.
func TestAuthMethods(t *testing.T) {
	s, _, _ := newService()
	ways := func(c *Client) string {
		var accepted []string
		for _, m := range []string{AuthNone, AuthBasic, AuthPost, AuthPrivateKeyJWT} {
			if c.Accepts(m) {
				accepted = append(accepted, m)
			}
		}
		return strings.Join(accepted, " ")
	}
	const either = AuthBasic + " " + AuthPost
	for named, want := range map[string]string{"": either, AuthBasic: AuthBasic, AuthPost: AuthPost} {
		d := web("")
		d.TokenEndpointAuthMethod = named
		c, plain, err := s.Create(t.Context(), d)
		if err != nil || plain == "" || ways(c) != want || c.Public() {
			t.Errorf("%q: accepts %q: %v", named, ways(c), err)
			continue
		}
		if got := c.Document().TokenEndpointAuthMethod; got != (Metadata{TokenEndpointAuthMethod: named}).AuthMethod() {
			t.Errorf("%q is shown as %q", named, got)
		}
		c, err = s.Update(t.Context(), c.ID, func(d *Document) error { d.ClientName = "New"; return nil })
		if err != nil || ways(c) != want {
			t.Errorf("%q: after an update %q: %v", named, ways(c), err)
		}
		if _, err := s.RotateSecret(t.Context(), c.ID, "", 0); err != nil {
			t.Errorf("%q: %v", named, err)
		}
	}
	for kindName, want := range map[string]string{KindMachine: either, KindTV: AuthNone} {
		if c, _, err := s.Create(t.Context(), Document{Kind: kindName}); err != nil || ways(c) != want {
			t.Errorf("%s: %q %v", kindName, ways(c), err)
		}
	}
	key := []byte(`{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}`)
	if c, _, err := s.Create(t.Context(), Document{Kind: KindMachine, Metadata: Metadata{JWKS: key}}); err != nil || ways(c) != AuthPrivateKeyJWT {
		t.Errorf("with keys: %v", err)
	}
}

func TestScopeWarnings(t *testing.T) {
	for _, c := range []struct{ kind, scope, want string }{
		{KindWeb, DefaultScope, ""},
		{KindWeb, "openid orders.read", ""},
		{KindWeb, "opnid", "scope.warn_unknown scope.warn_openid"},
		{KindWeb, "openid,profile", "scope.warn_comma scope.warn_openid"},
		{KindMachine, "emails orders.read", ""},
		{KindMachine, "a,b", "scope.warn_comma"},
	} {
		var codes []string
		for _, p := range (&Client{Kind: c.kind, Metadata: Metadata{Scope: c.scope}}).Warnings() {
			codes = append(codes, p.Code)
		}
		if got := strings.Join(codes, " "); got != c.want {
			t.Errorf("%s %q: %q, want %q", c.kind, c.scope, got, c.want)
		}
	}
}
