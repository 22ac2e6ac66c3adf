package oidc_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"pratu/flows/audit"
	"pratu/flows/authorize"
	"pratu/flows/clients"
	"pratu/flows/issuer"
	"pratu/flows/keys"
	"pratu/flows/keys/keystest"
	"pratu/flows/limits"
	"pratu/flows/oidc"
	"pratu/flows/outbound"
	"pratu/flows/passwords"
	"pratu/flows/secret"
	"pratu/storage"
	"pratu/storage/storagetest"
)

const (
	codeVerifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	webSecret    = "pratu_cs_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
	web2Secret   = "pratu_cs_ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8"
)

var codeChallenge = func() string {
	sum := sha256.Sum256([]byte(codeVerifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}()

// clock is time that tests move.
type clock struct {
	sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time { c.Lock(); defer c.Unlock(); return c.at }

func (c *clock) pass(d time.Duration) { c.Lock(); defer c.Unlock(); c.at = c.at.Add(d) }

// world is one replica with its clients and alice, who is signed in.
type world struct {
	*oidc.Provider
	t      *testing.T
	clock  *clock
	keys   *keys.Service
	ring   *secret.Keyring
	alice  authorize.Session
	hasher *passwords.Hasher
}

func newWorld(t *testing.T, s *storage.Store, c *clock) *world {
	t.Helper()
	ring, err := secret.NewKeyring([]byte(strings.Repeat("k", 32)))
	if err != nil {
		t.Fatal(err)
	}
	i, err := issuer.New("https://op.test")
	if err != nil {
		t.Fatal(err)
	}
	log := &audit.Log{Store: s, Now: c.now}
	w := &world{t: t, clock: c, ring: ring, hasher: passwords.New(passwords.Cheap)}
	w.keys = &keys.Service{Store: s, Custody: keystest.Custody(ring), Audit: log, Now: c.now}
	if err := w.keys.Ensure(t.Context()); err != nil {
		t.Fatal(err)
	}
	service := &clients.Service{Store: s, Hasher: w.hasher, Now: c.now}
	w.Provider = oidc.New(oidc.Options{
		Issuer: i, Store: s, Clients: service, Keys: w.keys, Keyring: ring, Audit: log, Now: c.now,
		Limiter:   &limits.Limiter{Store: s, Keyring: ring, Now: c.now},
		Authorize: &authorize.Service{Issuer: i, Store: s, Keyring: ring, Clients: service, Audit: log, Now: c.now},
		Outbound:  outbound.New(outbound.Options{}),
	})
	return w
}

// populate registers the clients of the attack catalogue and signs alice in.
func (w *world) populate(url string) {
	w.t.Helper()
	off := false
	for _, d := range []clients.Document{
		{ClientID: "web1", Kind: clients.KindWeb, ClientSecret: webSecret, Metadata: clients.Metadata{RedirectURIs: []string{"https://rp.test/cb"}, IDTokenAlg: "ES256"}},
		{ClientID: "web2", Kind: clients.KindWeb, ClientSecret: web2Secret, Metadata: clients.Metadata{RedirectURIs: []string{"https://rp2.test/cb"}}},
		{ClientID: "free", Kind: clients.KindWeb, ClientSecret: webSecret + "x", Metadata: clients.Metadata{RedirectURIs: []string{"https://rp.test/cb"}}, Settings: clients.Settings{RequirePKCE: &off}},
		{ClientID: "opaque", Kind: clients.KindWeb, ClientSecret: webSecret + "y", Metadata: clients.Metadata{RedirectURIs: []string{"https://rp.test/cb"}}, Settings: clients.Settings{AccessTokenFormat: clients.FormatOpaque}},
		{ClientID: "spa1", Kind: clients.KindSPA, Metadata: clients.Metadata{RedirectURIs: []string{"https://spa.test/cb"}}},
		{ClientID: "nat1", Kind: clients.KindNative, Metadata: clients.Metadata{RedirectURIs: []string{"http://127.0.0.1/cb", "http://[::1]/cb", "com.example.app:/cb"}}},
		{ClientID: "svc1", Kind: clients.KindMachine, ClientSecret: webSecret + "z", Metadata: clients.Metadata{Scope: "orders.read orders.write"}, Settings: clients.Settings{Resources: []string{"https://api.test/orders"}}},
	} {
		if _, _, err := w.Clients.Create(w.t.Context(), d); err != nil {
			w.t.Fatalf("%s: %v", d.ClientID, err)
		}
	}
	w.alice = authorize.Session{
		ID: "session-alice", AccountID: "account-alice", Subject: "21992040", Active: true, AuthTime: w.clock.now(),
		ACR: "1", AMR: []string{"pwd"}, ExpiresAt: w.clock.now().Add(30 * 24 * time.Hour),
	}
	now := strconv.FormatInt(w.clock.now().UnixMilli(), 10)
	storagetest.Exec(w.t, url, `INSERT INTO accounts (id, ssoid, oid, status, register_by, locale, profile, created_at, updated_at)
		VALUES ('account-alice', 21992040, 'oid', '1', '0', 'th', '{"given_name":"Alice","family_name":"Liddell","birthdate":"1990-01-31"}', `+now+`, `+now+`)`)
	sealed := w.ring.Seal("contact", []byte("alice@x.test"), "contact-alice")
	storagetest.Exec(w.t, url, `INSERT INTO contacts (id, account_id, kind, value, preferred, added_at, verified_at)
		VALUES ('contact-alice', 'account-alice', 'email', '`+sealed+`', 1, `+now+`, `+now+`)`)
	expires := strconv.FormatInt(w.alice.ExpiresAt.UnixMilli(), 10)
	storagetest.Exec(w.t, url, `INSERT INTO sessions (id, cookie_hash, account_id, auth_time, acr, amr, ip, user_agent, created_at, selected_at, last_seen_at, expires_at, ended_at)
		VALUES ('session-alice', 'cookie', 'account-alice', `+now+`, '1', 'pwd', '', '', `+now+`, `+now+`, `+now+`, `+expires+`, 0)`)
	for _, client := range []string{"web1", "web2", "free", "opaque", "spa1", "nat1"} {
		w.consent(client)
	}
}

// worlds runs a test on both engines with n replicas.
func worlds(t *testing.T, n int, run func(t *testing.T, w []*world)) {
	t.Helper()
	storagetest.Databases(t, func(t *testing.T, url string) {
		c := &clock{at: time.Now().Truncate(time.Second)}
		list := make([]*world, n)
		for i := range list {
			list[i] = newWorld(t, storagetest.Open(t, url), c)
		}
		list[0].populate(url)
		for _, w := range list[1:] {
			w.alice = list[0].alice
		}
		run(t, list)
	})
}

// each is worlds with one replica.
func each(t *testing.T, run func(w *world)) {
	t.Helper()
	worlds(t, 1, func(t *testing.T, w []*world) { w[0].t = t; run(w[0]) })
}

// params are a good authorization request with changes as key, value; an empty value takes the parameter away.
func params(client, redirect string, changes ...string) url.Values {
	v := url.Values{
		"response_type": {"code"}, "client_id": {client}, "redirect_uri": {redirect}, "scope": {"openid email offline_access"},
		"state": {"12345678"}, "nonce": {"n-12345678"}, "code_challenge": {codeChallenge}, "code_challenge_method": {"S256"},
	}
	for i := 0; i < len(changes); i += 2 {
		v.Set(changes[i], changes[i+1])
		if changes[i+1] == "" {
			v.Del(changes[i])
		}
	}
	return v
}

// consent is alice's to all that a client may ask for, as the page of it writes it down.
func (w *world) consent(id string) {
	w.t.Helper()
	client, err := w.Clients.Get(w.t.Context(), id)
	if err != nil {
		w.t.Fatal(err)
	}
	w.allow(id, client.Scopes(), authorize.ClaimNames(client, client.Scopes(), `{"userinfo":{"birthdate":null}}`))
}

func (w *world) allow(id string, scopes, claims []string) {
	w.t.Helper()
	now := w.clock.now()
	c := storage.Consent{
		AccountID: w.alice.AccountID, ClientID: id, Scopes: strings.Join(scopes, " "), Claims: strings.Join(claims, " "),
		GrantedAt: storage.At(now), ExpiresAt: storage.At(now.Add(authorize.ConsentLife)),
	}
	if err := w.Store.PutConsent(w.t.Context(), c); err != nil {
		w.t.Fatal(err)
	}
}

// code lets alice grant a request.
func (w *world) code(v url.Values) string {
	w.t.Helper()
	r, err := w.Authorization(w.t.Context(), v, w.clock.now())
	if err != nil {
		w.t.Fatal(err)
	}
	redirect, err := w.Issue(w.t.Context(), r, w.alice, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return redirect.Params.Get("code")
}

var secrets = map[string]string{"web1": webSecret, "web2": web2Secret, "free": webSecret + "x", "opaque": webSecret + "y", "svc1": webSecret + "z",
	"shop": webSecret + "1", "orders": webSecret + "2", "stock": webSecret + "3"}

// token authenticates a client and asks for tokens.
func (w *world) token(ctx context.Context, client string, form url.Values) (*oidc.Tokens, error) {
	r := &http.Request{Method: http.MethodPost, Header: http.Header{}}
	if s := secrets[client]; s != "" {
		r.SetBasicAuth(client, s)
	} else {
		form.Set("client_id", client)
	}
	c, err := w.Authenticate(ctx, r, form, "192.0.2.1")
	if err != nil {
		return nil, err
	}
	return w.Token(ctx, c, form)
}

func exchange(code, redirect string, changes ...string) url.Values {
	v := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {redirect}, "code_verifier": {codeVerifier}}
	for i := 0; i < len(changes); i += 2 {
		v.Set(changes[i], changes[i+1])
		if changes[i+1] == "" {
			v.Del(changes[i])
		}
	}
	return v
}

func refresh(token string, changes ...string) url.Values {
	v := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}}
	for i := 0; i < len(changes); i += 2 {
		v.Set(changes[i], changes[i+1])
	}
	return v
}

// tokens is a whole exchange.
func (w *world) tokens(client, redirect string, changes ...string) *oidc.Tokens {
	w.t.Helper()
	t, err := w.token(w.t.Context(), client, exchange(w.code(params(client, redirect, changes...)), redirect))
	if err != nil {
		w.t.Fatal(err)
	}
	return t
}

// refused expects an error code of the protocol.
func (w *world) refused(err error, code string) {
	w.t.Helper()
	if err == nil {
		w.t.Errorf("no error, want %s", code)
		return
	}
	if e := oidc.Answer(err); e.Code != code {
		w.t.Errorf("%s, want %s (%v)", e.Code, code, err)
	}
}

// alive tells whether an access token opens anything.
func (w *world) alive(token string) bool {
	w.t.Helper()
	_, err := w.Access(w.t.Context(), token)
	if e := (*oidc.Error)(nil); err != nil && (!errors.As(err, &e) || e.Code != oidc.InvalidToken) {
		w.t.Fatal(err)
	}
	return err == nil
}

// claims of a JWT, unverified.
func (w *world) claims(jwt string) map[string]any {
	w.t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(strings.Split(jwt, ".")[1])
	if err != nil {
		w.t.Fatal(err)
	}
	c := map[string]any{}
	if err := json.Unmarshal(raw, &c); err != nil {
		w.t.Fatal(err)
	}
	return c
}

// writes is a number of statements of which the two that write go to PostgreSQL as one.
func (w *world) writes(statements int64) int64 {
	if w.Store.Engine() == "postgres" {
		return statements - 1
	}
	return statements
}

// costs expects a number of statements.
func (w *world) costs(want int64, what string, run func()) {
	w.t.Helper()
	before := w.Store.Statements()
	run()
	if got := w.Store.Statements() - before; got != want {
		w.t.Errorf("%s took %d statements, want %d", what, got, want)
	}
}
