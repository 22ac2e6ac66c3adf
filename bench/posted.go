package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"

	"pratu/bench/floor"
)

// What a game's players bring: ID tokens of Azure AD B2C. The provider is the driver itself; it is asked for its keys once.
const (
	tenant = "https://b2c.test/tenant"
	policy = "B2C_1_signin"
	title  = "77"
)

// provider's key signs in the driver, whose CPU time isn't the server's: about a millisecond of an operation's latency.
var provider = sync.OnceValue(func() floor.Signer {
	s, err := floor.NewRS256()
	if err != nil {
		panic(err)
	}
	return s
})

// serveProvider answers with the provider's metadata and keys.
func serveProvider() *httptest.Server {
	base := tenant + "/" + policy + "/v2.0"
	documents := map[string]any{
		"/.well-known/openid-configuration": map[string]any{
			"issuer": tenant + "/v2.0/", "jwks_uri": base + "/keys", "authorization_endpoint": base + "/authorize",
			"token_endpoint": base + "/token", "id_token_signing_alg_values_supported": []string{"RS256"},
		},
		"/keys": map[string]any{"keys": []any{provider().JWK}},
	}
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		document, known := documents[strings.TrimPrefix(r.URL.Path, strings.TrimPrefix(base, "https://b2c.test"))]
		if !known {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(document)
	}))
}

// title registers a game and the provider whose tokens it brings.
func (i *installation) title() error {
	if _, err := i.run("", "client", "create", "--kind", "game", "--id", title, "-o", "json"); err != nil {
		return err
	}
	_, err := i.run("", "connector", "create", "--kind", "b2c", "--id", "b2c", "--client-id", "b2c-app",
		"--set", "issuer="+tenant+"/v2.0/", "--set", "authority="+tenant, "--set", "policies="+policy)
	return err
}

// posted signs a player in by a token that is new each time: it works once.
func posted(s *session) error {
	now := time.Now().Unix()
	token, err := provider().Token(map[string]any{
		"iss": tenant + "/v2.0/", "aud": "b2c-app", "sub": s.username, "iat": now, "nbf": now, "exp": now + 3600, "tfp": policy,
		"nonce": randomString(), "given_name": "Nok", "family_name": "Jaidee",
	})
	if err != nil {
		return err
	}
	body := fmt.Sprintf(`{"JWTToken":%q}`, token)
	req, err := http.NewRequest(http.MethodPost, s.t.issuer+"/api/v1/auth/registerOrLogin/microsoftAD", strings.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Client-Identifier", title)
	r, err := s.do(req)
	if err != nil {
		return err
	}
	var answer struct {
		IsSuccess bool
		Token     string
	}
	if json.Unmarshal(r.Body, &answer) != nil || !answer.IsSuccess || answer.Token == "" {
		return unexpected("posted token", r)
	}
	return nil
}
