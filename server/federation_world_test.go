package server_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/oauth2-proxy/mockoidc"

	"pratu/flows/connectors"
)

// upstream is a provider elsewhere that nobody here wrote. instead answers in its place where it is set.
type upstream struct {
	*mockoidc.MockOIDC
	mu      sync.Mutex
	instead map[string]http.HandlerFunc // by path
	asked   []string
}

func newUpstream(t *testing.T) *upstream {
	t.Helper()
	m, err := mockoidc.NewServer(nil)
	must(t, err)
	_, err = m.Keypair.KeyID() // it keeps it unguarded
	must(t, err)
	u := &upstream{MockOIDC: m, instead: map[string]http.HandlerFunc{}}
	own := map[string]http.HandlerFunc{
		mockoidc.AuthorizationEndpoint: m.Authorize, mockoidc.TokenEndpoint: m.Token, mockoidc.UserinfoEndpoint: m.Userinfo,
		mockoidc.JWKSEndpoint: m.JWKS, mockoidc.DiscoveryEndpoint: m.Discovery,
	}
	there := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		u.mu.Lock()
		u.asked = append(u.asked, r.URL.Path)
		answer := u.instead[r.URL.Path]
		u.mu.Unlock()
		if answer == nil {
			answer = own[r.URL.Path]
		}
		if answer == nil {
			answer = http.NotFound
		}
		answer(w, r)
	}))
	t.Cleanup(there.Close)
	m.Server = there.Config
	m.Server.Addr = there.Listener.Addr().String()
	return u
}

// answers puts an answer in the place of one of the provider's; nil takes it away.
func (u *upstream) answers(path string, h http.HandlerFunc) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.instead[path] = h
}

// requests counts those of a path since the last call.
func (u *upstream) requests(path string) (n int) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, p := range u.asked {
		if p == path {
			n++
		}
	}
	u.asked = nil
	return n
}

// document is a connector of any kind at the provider.
func (u *upstream) document(id string) connectors.Document {
	return connectors.Document{
		ID: id, Kind: connectors.KindOIDC, Name: "Corner <b>IdP</b>", ClientID: u.ClientID, Secret: u.ClientSecret,
		Settings: connectors.Settings{Issuer: u.Issuer(), TrustedDomains: []string{"trusted.test"}},
	}
}

func (w *world) connector(d connectors.Document) *connectors.Connector {
	w.t.Helper()
	c, err := w.connectors.Create(w.t.Context(), d)
	must(w.t, err)
	return c
}

// somebody is who signs in at the provider next.
func somebody(subject, email string) *mockoidc.MockUser {
	return &mockoidc.MockUser{Subject: subject, Email: email, EmailVerified: email != "", PreferredUsername: "name-" + subject}
}

// person is a user whose ID token has claims besides.
type claimant struct {
	*mockoidc.MockUser
	more map[string]any
}

func (c claimant) Claims(scope []string, base *mockoidc.IDTokenClaims) (jwt.Claims, error) {
	claims := jwt.MapClaims{
		"iss": base.Issuer, "sub": base.Subject, "aud": base.Audience, "exp": base.ExpiresAt, "iat": base.IssuedAt, "nonce": base.Nonce,
		"email": c.Email, "email_verified": c.EmailVerified,
	}
	for name, value := range c.more {
		if claims[name] = value; value == nil {
			delete(claims, name)
		}
	}
	return claims, nil
}

// door presses a connector's button on a page.
func (b *browser) door(page reply, id string) reply {
	b.w.t.Helper()
	return b.submit(page, "door-"+id)
}

// there is what the provider answers the browser with: the address that it is sent back to.
func (w *world) there(answer reply) string {
	w.t.Helper()
	target := answer.Header.Get("Location")
	if answer.StatusCode != http.StatusSeeOther || strings.HasPrefix(target, op) {
		w.t.Fatalf("not sent to a provider: %d %s %s", answer.StatusCode, target, answer.body)
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, Timeout: 10 * time.Second}
	at, err := client.Get(target)
	must(w.t, err)
	defer at.Body.Close()
	back := at.Header.Get("Location")
	if !strings.HasPrefix(back, op+"/federation/") {
		w.t.Fatalf("the provider answers %d %s", at.StatusCode, back)
	}
	return back
}

// federated signs somebody in by a door of a page, and returns the answer to the callback.
func (b *browser) federated(page reply, id string) reply {
	b.w.t.Helper()
	return b.get(b.w.there(b.door(page, id)))
}

// returned is a callback by POST, as a page of another site sends it: without our cookies.
func (w *world) returned(id string, form url.Values) reply {
	w.t.Helper()
	r := post("/federation/"+id+"/callback", form)
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	return w.do(r)
}

func mapClaims(c map[string]any) jwt.MapClaims { return jwt.MapClaims(c) }

// writeToken is a token endpoint's answer.
func writeToken(w http.ResponseWriter, idToken string) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"access_token": "upstream-access-canary", "token_type": "bearer", "expires_in": 60, "id_token": idToken})
}

// follow goes on to wherever the browser is sent, until it leaves us or stays.
func (b *browser) follow(answer reply) reply {
	b.w.t.Helper()
	for range 10 {
		target := answer.Header.Get("Location")
		if !strings.HasPrefix(target, op) {
			return answer
		}
		answer = b.get(target)
	}
	b.w.t.Fatal("it goes round in circles")
	return reply{}
}
