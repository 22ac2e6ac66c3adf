package e2e

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"
)

// unfaked are the providers that nobody offers a fake of: Facebook's dialog and Graph, and LINE, as their documentation
// describes them.
func unfaked(t *testing.T) *httptest.Server {
	t.Helper()
	var mu sync.Mutex
	nonce := ""
	mux := http.NewServeMux()
	dialog := func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		mu.Lock()
		nonce = q.Get("nonce")
		mu.Unlock()
		back := q.Get("redirect_uri") + "?" + url.Values{"code": {"c"}, "state": {q.Get("state")}}.Encode()
		_, _ = fmt.Fprintf(w, `<!doctype html><html lang="en"><title>Provider</title><a id="go-on" href="%s">Go on as Malee</a>`, back)
	}
	answer := func(v any) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(v)
		}
	}
	mux.HandleFunc("/{version}/dialog/oauth", dialog)
	mux.HandleFunc("/{version}/oauth/access_token", answer(map[string]any{"access_token": "a", "token_type": "bearer"}))
	mux.HandleFunc("/{version}/debug_token", answer(map[string]any{"data": map[string]any{
		"app_id": "4711", "type": "USER", "is_valid": true, "user_id": "1", "scopes": []string{"public_profile"},
	}}))
	mux.HandleFunc("/{version}/me", answer(map[string]any{"id": "1", "name": "Malee Friend"}))
	mux.HandleFunc("/oauth2/v2.1/authorize", dialog)
	mux.HandleFunc("/oauth2/v2.1/token", func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		answer(map[string]any{"access_token": "a", "token_type": "Bearer", "id_token": hs256(t, "line-secret", map[string]any{
			"iss": "https://access.line.me", "aud": "1234567890", "sub": "U1", "nonce": nonce, "exp": time.Now().Add(time.Hour).Unix(), "name": "Malee Line",
		})})(w, r)
	})
	mux.HandleFunc("/v2/profile", answer(map[string]any{"userId": "U1", "displayName": "Malee Line"}))
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server
}

func hs256(t *testing.T, secret string, claims map[string]any) string {
	t.Helper()
	raw, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	text := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + base64.RawURLEncoding.EncodeToString(raw)
	mac := hmac.New(sha256.New, []byte(secret))
	_, _ = mac.Write([]byte(text))
	return text + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}
