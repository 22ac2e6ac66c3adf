package server_test

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"pratu/flows/accounts"
	"pratu/flows/audit"
	"pratu/flows/authorize"
	"pratu/flows/clients"
	"pratu/flows/connectors"
	"pratu/flows/directory"
	"pratu/flows/issuer"
	"pratu/flows/keys"
	"pratu/flows/keys/keystest"
	"pratu/flows/limits"
	"pratu/flows/logout"
	"pratu/flows/office"
	"pratu/flows/oidc"
	"pratu/flows/outbox"
	"pratu/flows/partner"
	"pratu/flows/passwords"
	"pratu/flows/players"
	"pratu/flows/secret"
	"pratu/flows/signin"
	"pratu/flows/social"
	"pratu/server"
	"pratu/server/adminapi"
	"pratu/server/game"
	"pratu/server/identity"
	"pratu/server/oauth"
	"pratu/server/web"
	"pratu/static"
	"pratu/storage"
	"pratu/storage/storagetest"
	"pratu/templates"
)

// Fixtures of the attack catalogue (spec/security.md section 3).
const (
	op           = "https://op.test"
	rp           = "https://rp.test/cb"
	codeVerifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	s1           = "pratu_cs_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
	s2           = "pratu_cs_ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8"
	alicesMail   = "alice@x.test"
)

var codeChallenge = func() string {
	sum := sha256.Sum256([]byte(codeVerifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}()

// secretKey is the configuration's; it has to look random.
var secretKey = func() []byte { sum := sha256.Sum256([]byte("secret key of tests")); return sum[:] }()

// world is one replica behind its real routes, without a network.
type world struct {
	t       *testing.T
	url     string // of the database
	handler http.Handler
	store   *storage.Store
	ring    *secret.Keyring
	hasher  *passwords.Hasher
	clients *clients.Service
	self    *clients.Registrar
	signin  *signin.Service
	keys    *keys.Service
	limiter *limits.Limiter
	log     *lockedBuffer
	remote  *remote
	oidc    *oidc.Provider
	office  *office.Service

	connectors *connectors.Service
	social     *social.Service

	logout    *logout.Service
	farewells *outbox.Outbox
	kernel    *web.Kernel
	people    *accounts.Service // as the routes have it; its mails wait in the outbox
	players   *players.Service
	directory *directory.Service
	presence  *directory.Presence
	metrics   *prometheus.Registry

	seen func(r *http.Request, answer reply) // looks at each answer, or nil

	mu   sync.Mutex
	at   time.Time
	wall bool // time is everybody's, and passes by itself

	foreign bool // what answers isn't ours

	// Where the real program answers (https_test.go):
	certificate *tls.Certificate                   // of what it calls
	port        string                             // of suite.test, ":4711"
	waits       func(d time.Duration, then func()) // does something else meanwhile
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.wall {
		return time.Now()
	}
	return w.at
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.at = w.at.Add(d)
	if most := 1100 * time.Millisecond; w.wall { // another second is all that tests by the wall clock ask for
		if w.foreign { // whose clock may have whole seconds
			most *= 2
		}
		time.Sleep(min(d, most))
	}
}

// after goes on when some time has passed; it is the last thing that a module does.
func (w *world) after(d time.Duration, then func()) {
	if w.waits != nil && d > 0 {
		w.waits(d, then)
		return
	}
	w.pass(d)
	then()
}

// each runs a test on both engines, and looks for planted secrets in the log afterwards.
func each(t *testing.T, run func(w *world)) {
	t.Helper()
	storagetest.Databases(t, func(t *testing.T, database string) {
		w := newWorld(t, database)
		w.populate()
		run(w)
		for _, canary := range []string{s1, s2, codeVerifier, alicesMail, "pratu_ac_", "pratu_rt_", "pratu_at_", "eyJhbGci"} {
			if strings.Contains(w.log.String(), canary) {
				t.Errorf("the log holds %q:\n%s", canary, line(w.log.String(), canary))
			}
		}
	})
}

func line(text, part string) string {
	for _, l := range strings.Split(text, "\n") {
		if strings.Contains(l, part) {
			return l
		}
	}
	return ""
}

// shared spares every world the parsing of the templates, which nobody changes.
var shared = sync.OnceValues(func() (*web.Renderer, error) { return web.New(templates.FS, static.FS, "") })

func newWorld(t *testing.T, database string) *world {
	t.Helper()
	w := &world{t: t, url: database, at: time.Now().Truncate(time.Second), log: &lockedBuffer{}, hasher: passwords.New(passwords.Cheap)}
	w.store = storagetest.Open(t, database)
	ring, err := secret.NewKeyring(secretKey)
	must(t, err)
	w.ring = ring
	i, err := issuer.New(op)
	must(t, err)
	record := &audit.Log{Store: w.store, Now: w.now}
	w.limiter = &limits.Limiter{Store: w.store, Keyring: ring, Now: w.now}
	w.keys = &keys.Service{Store: w.store, Custody: keystest.Custody(ring), Audit: record, Now: w.now}
	must(t, w.keys.Ensure(t.Context()))
	w.remote = &remote{pages: map[string]http.HandlerFunc{}}
	calls := w.remote.client(t)
	w.clients = &clients.Service{Store: w.store, Hasher: w.hasher, Keyring: ring, Fetch: calls, Now: w.now, BuiltIn: clients.Console(i, true)}
	w.self = &clients.Registrar{Clients: w.clients, Store: w.store, Limiter: w.limiter, Guard: clients.GuardOff, RequirePKCE: true}
	w.signin = &signin.Service{Store: w.store, Keyring: ring, Hasher: w.hasher, Limiter: w.limiter, Audit: record, Now: w.now}
	w.hears(i)
	flow := &authorize.Service{Issuer: i, Store: w.store, Keyring: ring, Clients: w.clients, Limiter: w.limiter, Audit: record, Now: w.now}
	w.presence = &directory.Presence{Store: w.store, Now: w.now}
	w.clients.Used = w.presence.SecretUsed
	provider := oidc.New(oidc.Options{
		Issuer: i, Store: w.store, Clients: w.clients, Keys: w.keys, Keyring: ring, Limiter: w.limiter, Audit: record,
		Authorize: flow, Outbound: calls, Presence: w.presence, Now: w.now,
	})
	w.oidc = provider
	renderer, err := shared()
	must(t, err)
	reg := prometheus.NewRegistry()
	w.metrics = reg
	w.directory = &directory.Service{
		Store: w.store, Keyring: ring, Provider: provider, Keys: &clients.APIKeys{Clients: w.clients, Store: w.store}, Limiter: w.limiter,
		Audit: record, Presence: w.presence, Now: w.now,
	}
	kernel := &web.Kernel{
		Issuer: i, Keyring: ring, Renderer: renderer, Metrics: web.NewMetrics(reg), Now: w.now,
		APIs:   []string{issuer.PathAccounts, issuer.PathPartnerToken},
		Logger: slog.New(slog.NewJSONHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	w.kernel = kernel
	document, err := provider.Metadata([]string{"th", "en"}, []string{signin.ACRSingle, signin.ACRMulti})
	must(t, err)
	site := w.pages(i, kernel, flow, record)
	w.players = &players.Service{
		Store: w.store, Keyring: ring, Clients: w.clients, Keys: w.keys, Accounts: w.people, Signin: w.signin, Social: w.social, Limiter: w.limiter,
		Audit: record, Issuer: i, Now: w.now,
	}
	desk := w.console(kernel, site.Accounts, record)
	api := &adminapi.Server{Web: kernel, Office: w.office, Provider: provider, Trials: desk.Trials, Settings: desk.Settings, Now: w.now}
	desk.Document = func() ([]byte, error) { return adminapi.OpenAPI(i) }
	protocol := &oauth.Server{
		Provider: provider, Authorize: flow, Clients: w.clients, Registrar: w.self, Signin: w.signin, Farewells: w.logout, Keys: w.keys, Web: kernel,
		Metrics: oauth.NewMetrics(reg), Metadata: document, Now: w.now,
	}
	site.Answers = protocol
	w.handler = server.Handler(server.Deps{
		Web:     kernel,
		OAuth:   protocol,
		Pages:   site,
		Console: desk,
		API:     api,
		Game:    &game.Server{Players: w.players, Provider: provider, Web: kernel},
		Identity: &identity.Server{
			Directory: w.directory, Metrics: identity.NewMetrics(reg), Issuer: i, Prefixes: map[string]string{"truemoney": "tmn"},
			Partner:    &partner.Service{Store: w.store, Keyring: ring, Clients: w.clients, Provider: provider, Audit: record, Now: w.now},
			LookupPath: issuer.PathAccountsByMobile, PartnerPath: issuer.PathPartnerToken, Now: w.now,
		},
	})
	return w
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) populate() {
	w.t.Helper()
	for _, d := range []clients.Document{
		{ClientID: "web1", Kind: clients.KindWeb, ClientSecret: s1, Metadata: clients.Metadata{
			RedirectURIs: []string{rp}, PostLogoutRedirectURIs: []string{"https://rp.test/bye"}, IDTokenAlg: "ES256", TokenEndpointAuthMethod: clients.AuthBasic,
		}},
		{ClientID: "ours", Kind: clients.KindWeb, ClientSecret: s1, Settings: clients.Settings{FirstParty: true}, Metadata: clients.Metadata{
			RedirectURIs: []string{rp}, PostLogoutRedirectURIs: []string{"https://rp.test/bye", "https://rp.test/bye?app=1"}, IDTokenAlg: "ES256",
			TokenEndpointAuthMethod: clients.AuthBasic,
		}},
		{ClientID: "web2", Kind: clients.KindWeb, ClientSecret: s2, Metadata: clients.Metadata{RedirectURIs: []string{"https://rp2.test/cb"}}},
		{ClientID: "multi", Kind: clients.KindWeb, ClientSecret: s2, Metadata: clients.Metadata{RedirectURIs: []string{rp, "https://rp.test/other?keep=1"}}},
		{ClientID: "loop", Kind: clients.KindNative, Metadata: clients.Metadata{RedirectURIs: []string{"https://127.0.0.1/cb"}}},
		{ClientID: "spa1", Kind: clients.KindSPA, Metadata: clients.Metadata{RedirectURIs: []string{"https://spa.test/cb"}}},
		{ClientID: "nat1", Kind: clients.KindNative, Metadata: clients.Metadata{RedirectURIs: []string{"http://127.0.0.1/cb", "http://[::1]/cb", "com.example.app:/cb"}}},
		{ClientID: "svc1", Kind: clients.KindMachine, ClientSecret: s2, Metadata: clients.Metadata{Scope: "orders.read"}},
		{ClientID: "off", Kind: clients.KindWeb, ClientSecret: s2, Disabled: true, Metadata: clients.Metadata{RedirectURIs: []string{rp}}},
	} {
		if _, _, err := w.clients.Create(w.t.Context(), d); err != nil {
			w.t.Fatalf("%s: %v", d.ClientID, err)
		}
	}
	storagetest.Exec(w.t, w.url, w.person("alice", 21992040, "1")+w.person("bob", 21985824, "1")+w.person("dave", 21985999, "2"))
}

// person is the statements that make an account with an address.
func (w *world) person(name string, ssoid int64, status string) string {
	at := strconv.FormatInt(w.now().UnixMilli(), 10)
	sealed := w.ring.Seal("contact", []byte(name+"@x.test"), "contact-"+name)
	return `INSERT INTO accounts (id, ssoid, oid, status, register_by, locale, profile, created_at, updated_at)
		VALUES ('` + name + `', ` + strconv.FormatInt(ssoid, 10) + `, 'oid-` + name + `', '` + status + `', '0', 'en', '{"given_name":"` + name + `"}', ` + at + `, ` + at + `);
		INSERT INTO contacts (id, account_id, kind, value, preferred, added_at, verified_at)
		VALUES ('contact-` + name + `', '` + name + `', 'email', '` + sealed + `', 1, ` + at + `, ` + at + `);`
}

// browser is somebody's, with the cookies that browsers keep.
type browser struct {
	w       *world
	cookies map[string]string
}

func (w *world) browser() *browser { return &browser{w: w, cookies: map[string]string{}} }

// signedIn is a browser in which an account has just signed in.
func (w *world) signedIn(account string) *browser {
	w.t.Helper()
	b := w.browser()
	cookie, _, err := w.signin.Begin(w.t.Context(), signin.PasswordProof(account, w.now()), signin.Browser{IP: "192.0.2.1"}, nil)
	must(w.t, err)
	b.cookies["__Host-pratu_session"] = cookie
	return b
}

// reply is an answer, read.
type reply struct {
	*http.Response
	body string
}

func (r reply) json(t *testing.T) map[string]any {
	t.Helper()
	v := map[string]any{}
	if err := json.Unmarshal([]byte(r.body), &v); err != nil {
		t.Fatalf("not JSON (%d): %s", r.StatusCode, r.body)
	}
	return v
}

// location is the redirect's target with its parameters.
func (r reply) location(t *testing.T) (target string, params url.Values) {
	t.Helper()
	text := r.Header.Get("Location")
	u, err := url.Parse(text)
	if err != nil || text == "" {
		t.Fatalf("no redirect: %d %s", r.StatusCode, r.body)
	}
	params = u.Query()
	u.RawQuery = ""
	return u.String(), params
}

// do sends a request and holds what is true of every answer.
func (w *world) do(r *http.Request) reply {
	w.t.Helper()
	if r.Host == "" || r.Host == "example.com" {
		r.Host = "op.test"
	}
	r.RemoteAddr = "192.0.2.1:4711"
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	raw, err := io.ReadAll(rec.Result().Body)
	must(w.t, err)
	answer := reply{rec.Result(), string(raw)}
	answer.Request = r
	if w.seen != nil {
		w.seen(r, answer)
	}
	switch {
	case w.foreign:
	case answer.StatusCode >= 500 && !strings.Contains(answer.body, `"upstream_unavailable"`): // somebody else's failure
		w.t.Errorf("%s %s: %d %s\n%s", r.Method, r.URL.Path, answer.StatusCode, answer.body, w.log)
	case len(raw) > 64<<10 && !strings.HasPrefix(r.URL.Path, "/admin/api/"): // its document has a paragraph for each call
		w.t.Errorf("%s %s: %d bytes", r.Method, r.URL.Path, len(raw))
	case len(raw) > 0 && answer.Header.Get("Content-Type") == "":
		w.t.Errorf("%s %s: no content type", r.Method, r.URL.Path)
	case answer.Header.Get("X-Content-Type-Options") != "nosniff" || answer.Header.Get("X-Request-Id") == "":
		w.t.Errorf("%s %s: headers %v", r.Method, r.URL.Path, answer.Header)
	}
	for _, leak := range []string{"goroutine ", "SELECT ", "pq:", "sqlite", ".go:"} {
		if strings.Contains(answer.body, leak) {
			w.t.Errorf("%s %s tells %q: %s", r.Method, r.URL.Path, leak, answer.body)
		}
	}
	return answer
}

func (b *browser) send(r *http.Request) reply {
	b.w.t.Helper()
	for name, value := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	answer := b.w.do(r)
	for _, c := range answer.Cookies() {
		b.cookies[c.Name] = c.Value
		if c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		}
	}
	return answer
}

func (b *browser) get(target string) reply {
	b.w.t.Helper()
	return b.send(httptest.NewRequest(http.MethodGet, strings.TrimPrefix(target, op), nil))
}

func post(path string, form url.Values) *http.Request {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

// changed is v with changes as key, value; "" takes a parameter away.
func changed(v url.Values, changes ...string) url.Values {
	for i := 0; i < len(changes); i += 2 {
		v.Set(changes[i], changes[i+1])
		if changes[i+1] == "" {
			v.Del(changes[i])
		}
	}
	return v
}

// base is the good authorization request of the catalogue.
func base(changes ...string) url.Values {
	return changed(url.Values{
		"response_type": {"code"}, "client_id": {"ours"}, "redirect_uri": {rp}, "scope": {"openid email offline_access"},
		"state": {"12345678"}, "nonce": {"n-12345678"}, "code_challenge": {codeChallenge}, "code_challenge_method": {"S256"},
	}, changes...)
}

func (b *browser) authorize(v url.Values) reply {
	b.w.t.Helper()
	return b.get("/oauth2/authorize?" + v.Encode())
}

// code is what a signed-in browser brings back.
func (b *browser) code(v url.Values) string {
	b.w.t.Helper()
	answer := b.authorize(v)
	_, params := answer.location(b.w.t)
	if params.Get("code") == "" {
		b.w.t.Fatalf("no code: %d %s", answer.StatusCode, answer.Header.Get("Location"))
	}
	return params.Get("code")
}

// token posts to an endpoint as a client with Basic; secret "" sends none.
func (w *world) post(path, client, secret string, form url.Values) reply {
	w.t.Helper()
	r := post(path, form)
	if secret != "" {
		r.SetBasicAuth(client, secret)
	}
	return w.do(r)
}

func grant(code string, changes ...string) url.Values {
	return changed(url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {rp}, "code_verifier": {codeVerifier},
	}, changes...)
}

// tokens is a whole exchange of client ours for alice.
func (w *world) tokens(b *browser, changes ...string) map[string]any {
	w.t.Helper()
	answer := w.post("/oauth2/token", "ours", s1, grant(b.code(base(changes...))))
	if answer.StatusCode != http.StatusOK {
		w.t.Fatalf("%d %s", answer.StatusCode, answer.body)
	}
	return answer.json(w.t)
}

// refused expects a protocol error as JSON that nobody keeps.
func (w *world) refused(answer reply, status int, code string) {
	w.t.Helper()
	if answer.StatusCode != status {
		w.t.Errorf("status %d, want %d: %s", answer.StatusCode, status, answer.body)
		return
	}
	if got := answer.json(w.t)["error"]; got != code {
		w.t.Errorf("error %v, want %s: %s", got, code, answer.body)
	}
	if answer.Header.Get("Cache-Control") != "no-store" {
		w.t.Errorf("Cache-Control is %q", answer.Header.Get("Cache-Control"))
	}
	if ct := answer.Header.Get("Content-Type"); ct != "application/json; charset=utf-8" {
		w.t.Errorf("content type %s", ct)
	}
}

// metric adds up the series of a counter that have a label's value.
func (w *world) metric(name, value string) (sum float64) {
	w.t.Helper()
	families, err := w.metrics.Gather()
	must(w.t, err)
	for _, family := range families {
		for _, series := range family.GetMetric() {
			for _, label := range series.GetLabel() {
				if family.GetName() == name && label.GetValue() == value {
					sum += series.GetCounter().GetValue()
				}
			}
		}
	}
	return sum
}
