package demo

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	_ "embed" // the page travels in the binary
	"encoding/base64"
	"encoding/json"
	"html/template"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Path is where the pretend provider lives below the demo's address; with it, its issuer.
const Path = "/elsewhere"

// Elsewhere is a provider that isn't one: it takes anybody's word for who they are. With it the button of a connector works on
// a machine without a network.
type Elsewhere struct {
	Issuer      string
	ClientID    string
	Secret      string
	RedirectURI string
	Now         func() time.Time

	key   *ecdsa.PrivateKey
	mu    sync.Mutex
	codes map[string]given
}

// given is what a code stands for.
type given struct {
	person           person
	nonce, challenge string
	until            time.Time
}

// person is somebody to be there.
type person struct{ ID, Name, GivenName, FamilyName, Email string }

// Domain is that of the addresses; nobody has it (RFC 2606).
const Domain = "elsewhere.example"

var people = []person{
	{"1", "Somchai Jaidee", "Somchai", "Jaidee", "somchai@" + Domain},
	{"2", "มาลี ใจงาม", "มาลี", "ใจงาม", "malee@" + Domain},
	{"3", "Alex Visitor", "Alex", "Visitor", ""},
}

//go:embed elsewhere.html
var elsewhereText string

var elsewherePage = template.Must(template.New("elsewhere").Parse(elsewhereText))

const codeLife = time.Minute

// Handler answers below Path.
func (e *Elsewhere) Handler() (http.Handler, error) {
	var err error
	if e.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return nil, err
	}
	e.codes = map[string]given{}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+Path+"/.well-known/openid-configuration", e.metadata)
	mux.HandleFunc("GET "+Path+"/keys", e.keys)
	mux.HandleFunc("GET "+Path+"/authorize", e.choose)
	mux.HandleFunc("POST "+Path+"/authorize", e.chosen)
	mux.HandleFunc("POST "+Path+"/token", e.token)
	return headers(mux), nil
}

func (e *Elsewhere) metadata(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, map[string]any{
		"issuer": e.Issuer, "authorization_endpoint": e.Issuer + "/authorize", "token_endpoint": e.Issuer + "/token", "jwks_uri": e.Issuer + "/keys",
		"response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"},
		"id_token_signing_alg_values_supported": []string{"ES256"}, "token_endpoint_auth_methods_supported": []string{"client_secret_post"},
		"code_challenge_methods_supported": []string{"S256"}, "authorization_response_iss_parameter_supported": true,
	})
}

func (e *Elsewhere) keys(w http.ResponseWriter, _ *http.Request) {
	point, err := e.key.PublicKey.Bytes()
	if err != nil {
		http.Error(w, "no key", http.StatusInternalServerError)
		return
	}
	part := base64.RawURLEncoding.EncodeToString
	answer(w, http.StatusOK, map[string]any{"keys": []any{map[string]string{
		"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": e.kid(), "x": part(point[1:33]), "y": part(point[33:]),
	}}})
}

// kid is another one with every start, as the key is.
func (e *Elsewhere) kid() string {
	point, _ := e.key.PublicKey.Bytes()
	sum := sha256.Sum256(point)
	return base64.RawURLEncoding.EncodeToString(sum[:8])
}

// asked tells whether a request is the one that this provider is for; nobody else is sent anywhere.
func (e *Elsewhere) asked(q url.Values) bool {
	return q.Get("client_id") == e.ClientID && q.Get("redirect_uri") == e.RedirectURI && q.Get("response_type") == "code" &&
		q.Get("code_challenge_method") == "S256" && q.Get("code_challenge") != ""
}

func (e *Elsewhere) choose(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if !e.asked(q) {
		http.Error(w, "This provider only knows the one beside it.", http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = elsewherePage.Execute(w, map[string]any{"People": people})
}

func (e *Elsewhere) chosen(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 16<<10)
	q := r.URL.Query()
	if err := r.ParseForm(); err != nil || !e.asked(q) {
		http.Error(w, "This provider only knows the one beside it.", http.StatusBadRequest)
		return
	}
	back := url.Values{"state": {q.Get("state")}, "iss": {e.Issuer}}
	for _, p := range people {
		if p.ID == r.PostForm.Get("person") {
			back.Set("code", e.give(given{p, q.Get("nonce"), q.Get("code_challenge"), e.Now().Add(codeLife)}))
		}
	}
	if !back.Has("code") {
		back.Set("error", "access_denied")
	}
	http.Redirect(w, r, e.RedirectURI+"?"+back.Encode(), http.StatusSeeOther)
}

func (e *Elsewhere) give(g given) (code string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.codes) > 100 {
		clear(e.codes)
	}
	code = rand.Text()
	e.codes[code] = g
	return code
}

// take is what a code stands for, once.
func (e *Elsewhere) take(code string) (g given, ok bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	g, ok = e.codes[code]
	delete(e.codes, code)
	return g, ok && e.Now().Before(g.until)
}

func (e *Elsewhere) token(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 16<<10)
	if err := r.ParseForm(); err != nil || r.PostForm.Get("client_id") != e.ClientID ||
		subtle.ConstantTimeCompare([]byte(r.PostForm.Get("client_secret")), []byte(e.Secret)) != 1 {
		answer(w, http.StatusUnauthorized, map[string]string{"error": "invalid_client"})
		return
	}
	g, ok := e.take(r.PostForm.Get("code"))
	sum := sha256.Sum256([]byte(r.PostForm.Get("code_verifier")))
	if !ok || base64.RawURLEncoding.EncodeToString(sum[:]) != g.challenge || r.PostForm.Get("redirect_uri") != e.RedirectURI {
		answer(w, http.StatusBadRequest, map[string]string{"error": "invalid_grant"})
		return
	}
	now := e.Now()
	claims := jwt.MapClaims{
		"iss": e.Issuer, "aud": e.ClientID, "sub": g.person.ID, "nonce": g.nonce, "iat": now.Unix(), "exp": now.Add(codeLife).Unix(), "auth_time": now.Unix(),
		"name": g.person.Name, "given_name": g.person.GivenName, "family_name": g.person.FamilyName,
	}
	if g.person.Email != "" {
		claims["email"], claims["email_verified"] = g.person.Email, true
	}
	id := jwt.NewWithClaims(jwt.SigningMethodES256, claims)
	id.Header["kid"] = e.kid()
	signed, err := id.SignedString(e.key)
	if err != nil {
		answer(w, http.StatusInternalServerError, map[string]string{"error": "server_error"})
		return
	}
	answer(w, http.StatusOK, map[string]any{"access_token": rand.Text(), "token_type": "Bearer", "expires_in": int(codeLife.Seconds()), "id_token": signed})
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

// Below sends requests below Path to one handler, and all others to another.
func Below(elsewhere, others http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, Path+"/") {
			elsewhere.ServeHTTP(w, r)
			return
		}
		others.ServeHTTP(w, r)
	})
}
