package server_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc/oidctest"

	"pratu/flows/connectors"
	"pratu/flows/social"
)

// elsewhere is where games' SDKs get their tokens: providers whose ID tokens and keys are go-oidc's, and handlers of ours in
// the shape of Facebook's Graph, Google's tokeninfo and LINE, which nobody offers.
type elsewhere struct {
	*games
	mux  *http.ServeMux
	keys map[string]*oidctest.Server // by prefix

	mu       sync.Mutex
	asked    []string
	fault    func(path string) http.HandlerFunc // what answers instead, while it says so
	google   map[string]kv
	graph    map[string]kv // debug_token's data, by token
	profiles map[string]kv // by token
	line     map[string]kv
}

var signingKey = sync.OnceValue(func() *rsa.PrivateKey {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return k
})

const (
	b2cIssuer   = "https://b2c.test/0de40ba6-4297-4ed0-9c42-8a1a8c9e5d9a/v2.0/"
	appID       = "1208374650"
	appSecret   = "facebook-app-secret-canary"
	googleWeb   = "1-web.apps.googleusercontent.com"
	googleApp   = "1-android.apps.googleusercontent.com"
	lineID      = "1657000001"
	appleTeam   = "TEAM1"
	appleBundle = "com.example.game"
)

func onElsewhere(t *testing.T, run func(t *testing.T, e *elsewhere)) {
	t.Helper()
	onGames(t, func(t *testing.T, g *games) {
		e := &elsewhere{
			games: g, mux: http.NewServeMux(), keys: map[string]*oidctest.Server{},
			google: map[string]kv{}, graph: map[string]kv{}, profiles: map[string]kv{}, line: map[string]kv{},
		}
		there := httptest.NewServer(e)
		t.Cleanup(there.Close)
		hosts := map[string]string{"b2c.test": "", "oauth2.googleapis.com": "/tokeninfo-host", "accounts.google.com": "/google", "www.googleapis.com": "/google",
			"graph.facebook.com": "/graph", "www.facebook.com": "/fb", "limited.facebook.com": "/fb", "api.line.me": "/line", "appleid.apple.com": "/apple"}
		list := make([]string, 0, len(hosts))
		for host, path := range hosts {
			list = append(list, host+"="+there.URL+path)
		}
		var err error
		g.social.Hosts, err = social.ParseHosts(strings.Join(list, ","))
		must(t, err)
		e.provider("/tenant/B2C_1_signin/v2.0", "https://b2c.test/tenant/B2C_1_signin/v2.0")
		e.provider("/google", "https://accounts.google.com")
		e.provider("/apple", "https://appleid.apple.com")
		e.provider("/fb/.well-known/oauth/openid", "https://www.facebook.com")
		e.mux.HandleFunc("POST /tokeninfo-host/tokeninfo", e.tokeninfo)
		e.mux.HandleFunc("GET /graph/v24.0/debug_token", e.debugToken)
		e.mux.HandleFunc("GET /graph/v24.0/me", e.me)
		e.mux.HandleFunc("/line/", e.lineAPI)
		for _, d := range []connectors.Document{
			{ID: "b2c", Kind: connectors.KindB2C, ClientID: "b2c-app", Settings: connectors.Settings{
				Issuer: b2cIssuer, Authority: "https://b2c.test/tenant", Policies: []string{"B2C_1_signin", "B2C_1_other"}}},
			{ID: "google", Kind: connectors.KindGoogle, ClientID: googleWeb, Secret: "google-secret-canary", Settings: connectors.Settings{ClientIDs: []string{googleApp}}},
			{ID: "facebook", Kind: connectors.KindFacebook, ClientID: appID, Secret: appSecret},
			{ID: "line", Kind: connectors.KindLINE, ClientID: lineID, Secret: "line-secret-canary"},
			{ID: "apple", Kind: connectors.KindApple, ClientID: "com.example.web", Secret: applePEM(t), Settings: connectors.Settings{
				Team: appleTeam, Key: "KEY1", ClientIDs: []string{appleBundle}}},
		} {
			g.connector(d)
		}
		run(t, e)
		for _, canary := range []string{"canary", "opaque-"} {
			if strings.Contains(g.log.String(), canary) {
				t.Errorf("the log holds %q: %s", canary, line(g.log.String(), canary))
			}
		}
	})
}

// applePEM is a private key as Apple gives it.
func applePEM(t *testing.T) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	must(t, err)
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw}))
}

// provider publishes the signing key below a path.
func (e *elsewhere) provider(prefix, issuer string) {
	s := &oidctest.Server{PublicKeys: []oidctest.PublicKey{{PublicKey: signingKey().Public(), KeyID: "k1", Algorithm: "RS256"}}}
	s.SetIssuer(issuer)
	e.keys[prefix] = s
	h := http.StripPrefix(prefix, s)
	e.mux.Handle(prefix+"/", h)
	if strings.HasPrefix(prefix, "/fb") {
		e.mux.HandleFunc(prefix+"/jwks/", func(w http.ResponseWriter, r *http.Request) {
			r.URL.Path = prefix + "/keys"
			h.ServeHTTP(w, r)
		})
	}
}

func (e *elsewhere) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e.mu.Lock()
	e.asked = append(e.asked, r.URL.Path)
	var fault http.HandlerFunc
	if e.fault != nil {
		fault = e.fault(r.URL.Path)
	}
	e.mu.Unlock()
	if fault != nil {
		fault(w, r)
		return
	}
	e.mux.ServeHTTP(w, r)
}

// breaks answers with a status, whatever is asked, until it is 0.
func (e *elsewhere) breaks(status int) {
	if status == 0 {
		e.fails(nil)
		return
	}
	e.fails(func(string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }
	})
}

func (e *elsewhere) fails(fault func(path string) http.HandlerFunc) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.fault = fault
}

// fetched counts calls to paths with an ending, since the last time.
func (e *elsewhere) fetched(ending string) (n int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, path := range e.asked {
		if strings.HasSuffix(path, ending) {
			n++
		}
	}
	e.asked = nil
	return n
}

func answerJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

// tokeninfo is in the shape of https://oauth2.googleapis.com/tokeninfo.
func (e *elsewhere) tokeninfo(w http.ResponseWriter, r *http.Request) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if info, known := e.google[r.PostFormValue("access_token")]; known && r.URL.RawQuery == "" {
		answerJSON(w, 200, info)
		return
	}
	answerJSON(w, 400, kv{"error": "invalid_token", "error_description": "Invalid Value"})
}

// debugToken is in the shape of Graph's: only for who proves to be the application.
func (e *elsewhere) debugToken(w http.ResponseWriter, r *http.Request) {
	e.mu.Lock()
	defer e.mu.Unlock()
	q, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil || len(q) != 1 || r.Header.Get("Authorization") != "Bearer "+appID+"|"+appSecret {
		answerJSON(w, 400, kv{"error": kv{"type": "OAuthException", "code": 190}})
		return
	}
	data, known := e.graph[q.Get("input_token")]
	if !known {
		data = kv{"is_valid": false, "error": kv{"code": 190}, "scopes": []string{}}
	}
	answerJSON(w, 200, kv{"data": data})
}

// me is in the shape of Graph's, with proof of the application's secret.
func (e *elsewhere) me(w http.ResponseWriter, r *http.Request) {
	e.mu.Lock()
	defer e.mu.Unlock()
	token := r.URL.Query().Get("access_token")
	mac := hmac.New(sha256.New, []byte(appSecret))
	mac.Write([]byte(token))
	if hex.EncodeToString(mac.Sum(nil)) != r.URL.Query().Get("appsecret_proof") {
		answerJSON(w, 400, kv{"error": kv{"code": 100, "message": "Invalid appsecret_proof"}})
		return
	}
	answerJSON(w, 200, e.profiles[token])
}

// lineAPI is in the shape of api.line.me.
func (e *elsewhere) lineAPI(w http.ResponseWriter, r *http.Request) {
	e.mu.Lock()
	defer e.mu.Unlock()
	var answer kv
	switch r.URL.Path {
	case "/line/oauth2/v2.1/verify":
		token := r.FormValue("id_token") + r.FormValue("access_token")
		if answer = e.line[token]; r.FormValue("id_token") != "" && r.FormValue("client_id") != answer["aud"] {
			answer = nil
		}
	case "/line/v2/profile":
		answer = e.line["profile "+r.Header.Get("Authorization")]
	}
	if answer == nil {
		answerJSON(w, 400, kv{"error": "invalid_request"})
		return
	}
	answerJSON(w, 200, answer)
}

// b2c is a token of the provider, with changes; nil takes a claim away.
func (e *elsewhere) b2c(subject string, changes kv) string {
	now := e.now().Unix()
	return signed(signingKey(), "k1", "RS256", kv{
		"exp": now + 3600, "nbf": now, "iat": now, "auth_time": now, "ver": "1.0", "iss": b2cIssuer, "sub": subject, "aud": "b2c-app",
		"nonce": "n-" + subject, "given_name": "Nok", "family_name": "Jaidee", "name": "", "idp": "facebook.com", "oid": "",
		"emails": []string{"nok@example.com"}, "tfp": "B2C_1_signin", "jti": strconv.Itoa(serial()),
	}, changes)
}

var serials struct {
	sync.Mutex
	n int
}

func serial() int {
	serials.Lock()
	defer serials.Unlock()
	serials.n++
	return serials.n
}

func signed(key crypto.PrivateKey, kid, alg string, claims, changes kv) string {
	claims = maps.Clone(claims)
	maps.Copy(claims, changes)
	maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })
	raw, err := json.Marshal(claims)
	if err != nil {
		panic(err)
	}
	return oidctest.SignIDToken(key, kid, alg, string(raw))
}

func (e *elsewhere) posts(provider string, body kv, header ...string) reply {
	e.t.Helper()
	return e.call("registerOrLogin/"+provider, body, header...)
}

func (e *elsewhere) microsoft(token string) reply {
	e.t.Helper()
	return e.posts("microsoftAD", kv{"JWTToken": token})
}

// session is the session token of a sign-in by a B2C token.
func (e *elsewhere) session(answer reply) string {
	e.t.Helper()
	e.data(answer)
	return text(answer.json(e.t), "token")
}

// untouched fails when alice has got a login elsewhere.
func (e *elsewhere) untouched(subject string) {
	e.t.Helper()
	if n := e.count(`SELECT COUNT(*) FROM identities WHERE account_id = 'alice'`); n != 0 {
		e.t.Errorf("alice has %d logins elsewhere", n)
	}
	if n := e.count(`SELECT COUNT(*) FROM identities WHERE subject = '` + subject + `'`); n != 1 {
		e.t.Errorf("%d identities of %s", n, subject)
	}
}

// documentFor makes a connector one of a client's only.
func documentFor(client string) func(d *connectors.Document) error {
	return func(d *connectors.Document) error {
		d.Settings.Clients = []string{client}
		return nil
	}
}
