// Package floor is the least a server can do for the operations that the driver measures: net/http, JSON, and every
// signature that the operation needs, with everything in memory, no password hash and no storage. It is no OpenID
// provider to use. It shows what can't be saved, and it is the driver's own test target.
package floor

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"math/big"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// Options are the fixed settings of a Server.
type Options struct {
	Issuer, ClientID, ClientSecret, RedirectURI, Username, Password string
	Algorithm                                                       string // of ID tokens: ES256 or RS256; access tokens are ES256
	Provider                                                        string // modulus of the key whose posted tokens sign in, in base64url
	Database                                                        string // address of a PostgreSQL database for transactions, or ""
	Durable                                                         bool   // every operation asks or changes that database too
}

// Server answers the requests of one client and one user.
type Server struct {
	o               Options
	id, access      Signer
	discovery, jwks []byte
	transactions    *transactions // nil without a database

	mu       sync.Mutex
	sessions map[string]bool
	codes    map[string]grant
	refresh  map[string]grant
	live     map[string]time.Time // access tokens
}

type grant struct {
	challenge, nonce, scope string
	expires                 time.Time
}

// Signer makes compact JWTs with one key.
type Signer struct {
	header string
	JWK    map[string]string
	sign   func([]byte) ([]byte, error)
}

// New makes a Server with new keys.
func New(o Options) (*Server, error) {
	s := &Server{o: o, sessions: map[string]bool{}, codes: map[string]grant{}, refresh: map[string]grant{}, live: map[string]time.Time{}}
	es, err := newES256()
	if err != nil {
		return nil, err
	}
	s.id, s.access = es, es
	keys := []any{es.JWK}
	if o.Algorithm == "RS256" {
		if s.id, err = NewRS256(); err != nil {
			return nil, err
		}
		keys = append(keys, s.id.JWK)
	}
	if o.Database != "" {
		if s.transactions, err = openTransactions(o.Database); err != nil {
			return nil, err
		}
	}
	s.jwks, _ = json.Marshal(map[string]any{"keys": keys})
	s.discovery, _ = json.Marshal(map[string]any{
		"issuer": o.Issuer, "authorization_endpoint": o.Issuer + "/authorize", "token_endpoint": o.Issuer + "/token",
		"userinfo_endpoint": o.Issuer + "/userinfo", "introspection_endpoint": o.Issuer + "/introspect",
		"jwks_uri": o.Issuer + "/jwks", "response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"},
		"id_token_signing_alg_values_supported": []string{o.Algorithm}, "code_challenge_methods_supported": []string{"S256"},
	})
	return s, nil
}

var b64 = base64.RawURLEncoding.EncodeToString

// NewRS256 makes a signer, and a key.
func NewRS256() (Signer, error) {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return Signer{}, err
	}
	return Signer{
		header: b64([]byte(`{"alg":"RS256","kid":"RS256"}`)) + ".",
		JWK:    map[string]string{"kty": "RSA", "n": b64(k.N.Bytes()), "e": "AQAB", "kid": "RS256", "use": "sig", "alg": "RS256"},
		sign: func(in []byte) ([]byte, error) {
			h := sha256.Sum256(in)
			return rsa.SignPKCS1v15(nil, k, crypto.SHA256, h[:])
		},
	}, nil
}

func newES256() (Signer, error) {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return Signer{}, err
	}
	pub, err := k.PublicKey.Bytes()
	if err != nil {
		return Signer{}, err
	}
	return Signer{
		header: b64([]byte(`{"alg":"ES256","kid":"ES256"}`)) + ".",
		JWK:    map[string]string{"kty": "EC", "crv": "P-256", "x": b64(pub[1:33]), "y": b64(pub[33:]), "kid": "ES256", "use": "sig", "alg": "ES256"},
		sign: func(in []byte) ([]byte, error) {
			h := sha256.Sum256(in)
			r, t, err := ecdsa.Sign(rand.Reader, k, h[:])
			if err != nil {
				return nil, err
			}
			out := make([]byte, 64)
			r.FillBytes(out[:32])
			t.FillBytes(out[32:])
			return out, nil
		},
	}, nil
}

// Token signs claims.
func (s Signer) Token(claims map[string]any) (string, error) {
	raw, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	in := s.header + b64(raw)
	sig, err := s.sign([]byte(in))
	return in + "." + b64(sig), err
}

// Handler routes the endpoints.
func (s *Server) Handler() http.Handler {
	m := http.NewServeMux()
	static := func(b []byte) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write(b)
		}
	}
	m.HandleFunc("GET /.well-known/openid-configuration", static(s.discovery))
	m.HandleFunc("GET /jwks", static(s.jwks))
	m.HandleFunc("GET /authorize", s.stored(read, s.authorize))
	m.HandleFunc("POST /login", s.stored(write, s.login))
	m.HandleFunc("POST /token", s.stored(write, s.token))
	m.HandleFunc("POST /introspect", s.stored(read, s.introspect))
	m.HandleFunc("GET /userinfo", s.stored(read, s.userinfo))
	m.HandleFunc("GET /transaction", s.transaction)
	m.HandleFunc("POST /api/v1/auth/registerOrLogin/microsoftAD", s.posted)
	return m
}

func random() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b)
	return b64(b)
}

func (s *Server) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if q.Get("client_id") != s.o.ClientID || q.Get("redirect_uri") != s.o.RedirectURI || q.Get("code_challenge_method") != "S256" {
		http.Error(w, "invalid request", http.StatusBadRequest)
		return
	}
	c, err := r.Cookie("session")
	s.mu.Lock()
	known := err == nil && s.sessions[c.Value]
	s.mu.Unlock()
	switch {
	case !known:
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, `<!doctype html><form id="sign-in" method="post" action="/login"><input type="hidden" name="back" value="%s">
<input name="username"><input type="password" name="password"><button>Sign in</button></form>`, html.EscapeString(r.URL.RequestURI()))
	default:
		code := random()
		s.mu.Lock()
		s.codes[code] = grant{q.Get("code_challenge"), q.Get("nonce"), q.Get("scope"), time.Now().Add(time.Minute)}
		s.mu.Unlock()
		http.Redirect(w, r, s.o.RedirectURI+"?"+url.Values{"code": {code}, "state": {q.Get("state")}, "iss": {s.o.Issuer}}.Encode(), http.StatusSeeOther)
	}
}

func (s *Server) login(w http.ResponseWriter, r *http.Request) {
	back := r.PostFormValue("back")
	if !strings.HasPrefix(back, "/authorize?") || !same(r.PostFormValue("username"), s.o.Username) || !same(r.PostFormValue("password"), s.o.Password) {
		http.Error(w, "wrong credentials", http.StatusForbidden)
		return
	}
	id := random()
	s.mu.Lock()
	s.sessions[id] = true
	s.mu.Unlock()
	http.SetCookie(w, &http.Cookie{Name: "session", Value: id, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
	http.Redirect(w, r, back, http.StatusSeeOther)
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

func (s *Server) clientOK(r *http.Request) bool {
	id, secret, ok := r.BasicAuth()
	id, _ = url.QueryUnescape(id)
	secret, _ = url.QueryUnescape(secret)
	return ok && same(id, s.o.ClientID) && same(secret, s.o.ClientSecret)
}

// take removes a single-use grant.
func (s *Server) take(from map[string]grant, key string) (grant, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, ok := from[key]
	delete(from, key)
	return g, ok && time.Now().Before(g.expires)
}

func (s *Server) token(w http.ResponseWriter, r *http.Request) {
	if !s.clientOK(r) {
		fail(w, http.StatusUnauthorized, "invalid_client")
		return
	}
	var g grant
	ok := true
	switch r.PostFormValue("grant_type") {
	case "client_credentials":
		g.scope = r.PostFormValue("scope")
	case "refresh_token":
		g, ok = s.take(s.refresh, r.PostFormValue("refresh_token"))
	case "authorization_code":
		g, ok = s.take(s.codes, r.PostFormValue("code"))
		sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
		ok = ok && same(b64(sum[:]), g.challenge)
	default:
		fail(w, http.StatusBadRequest, "unsupported_grant_type")
		return
	}
	if !ok {
		fail(w, http.StatusBadRequest, "invalid_grant")
		return
	}
	out, err := s.issue(g)
	if err != nil {
		fail(w, http.StatusInternalServerError, "server_error")
		return
	}
	answer(w, out)
}

// issue signs an access token, and an ID token when openid is in the scope.
func (s *Server) issue(g grant) (map[string]any, error) {
	now := time.Now()
	g.expires = now.Add(time.Hour)
	access, err := s.access.Token(map[string]any{"iss": s.o.Issuer, "sub": s.o.Username, "aud": s.o.ClientID, "client_id": s.o.ClientID,
		"exp": g.expires.Unix(), "iat": now.Unix(), "jti": random(), "scope": g.scope})
	if err != nil {
		return nil, err
	}
	out := map[string]any{"access_token": access, "token_type": "Bearer", "expires_in": 3600}
	scopes := strings.Fields(g.scope)
	if slices.Contains(scopes, "openid") {
		if out["id_token"], err = s.id.Token(map[string]any{"iss": s.o.Issuer, "sub": s.o.Username, "aud": s.o.ClientID,
			"exp": g.expires.Unix(), "iat": now.Unix(), "nonce": g.nonce}); err != nil {
			return nil, err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.live[access] = g.expires
	if slices.Contains(scopes, "offline_access") {
		successor := random()
		out["refresh_token"] = successor
		s.refresh[successor] = g
	}
	return out, nil
}

func (s *Server) alive(token string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Now().Before(s.live[token])
}

func (s *Server) introspect(w http.ResponseWriter, r *http.Request) {
	if !s.clientOK(r) {
		fail(w, http.StatusUnauthorized, "invalid_client")
		return
	}
	answer(w, map[string]any{"active": s.alive(r.PostFormValue("token")), "sub": s.o.Username, "client_id": s.o.ClientID})
}

func (s *Server) userinfo(w http.ResponseWriter, r *http.Request) {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok || !s.alive(token) {
		fail(w, http.StatusUnauthorized, "invalid_token")
		return
	}
	answer(w, map[string]any{"sub": s.o.Username})
}

// posted signs in by a token of a provider: one signature to check and one to make.
func (s *Server) posted(w http.ResponseWriter, r *http.Request) {
	var in struct{ JWTToken string }
	var claims struct {
		Sub string
		Exp int64
	}
	n, _ := base64.RawURLEncoding.DecodeString(s.o.Provider)
	key := &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: 65537}
	if json.NewDecoder(r.Body).Decode(&in) != nil || verify(key, in.JWTToken, &claims) != nil || claims.Exp < time.Now().Unix() {
		fail(w, http.StatusUnauthorized, "invalid_token")
		return
	}
	token, err := s.access.Token(map[string]any{"iss": s.o.Issuer, "sub": claims.Sub, "aud": "77", "exp": claims.Exp, "jti": random()})
	if err != nil {
		fail(w, http.StatusInternalServerError, "server_error")
		return
	}
	answer(w, map[string]any{"isSuccess": true, "token": token})
}

func verify(key *rsa.PublicKey, token string, claims any) error {
	dot := strings.LastIndexByte(token, '.')
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return errors.New("no JWT")
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		return err
	}
	digest := sha256.Sum256([]byte(token[:dot]))
	if err := rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], signature); err != nil {
		return err
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return err
	}
	return json.Unmarshal(raw, claims)
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_ = json.NewEncoder(w).Encode(v)
}

func fail(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"error": code})
}
