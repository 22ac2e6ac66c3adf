package e2e

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// TestOffice goes, without scripts, from an empty installation to an application that signs somebody in: the first
// administrator, the console, the wizard with a mistake, the secret, and a relying party that uses it.
func TestOffice(t *testing.T) {
	t.Parallel()
	p := startDev(t)
	back := make(chan url.Values, 1)
	shop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case back <- r.URL.Query():
		default: // the icon
		}
		_, _ = w.Write([]byte("<!doctype html><title>shop</title>"))
	}))
	defer shop.Close()
	here := strings.Replace(shop.URL, "127.0.0.1", "localhost", 1) + "/callback"

	b := newTab(t)
	b.speak("en")
	b.scriptless(true)
	b.open(p.Setup)
	b.fill(`#setup [name=email]`, "owner@example.com")
	b.fill(`#setup [name=password]`, password)
	b.click(`#setup-submit`)
	b.open(p.Issuer + "/account")
	b.click(`a[href="/admin"]`)
	b.at(p.Issuer + "/admin")
	for _, l := range looks()[:3] {
		b.appear(l)
		b.scriptless(false)
		b.wellFormed("console", l)
		b.scriptless(true)
		b.picture("console-" + l.String())
	}
	b.click(`.sections a[href="/admin/clients"]`)
	b.click(`#client-new`)
	b.click(`#kind-web`)
	b.fill(`[name=client_name]`, "Shop")
	b.fill(`[name=redirect_uris]`, "http://shop.example.com/callback")
	if status := b.click(`#client-submit`); status != http.StatusUnprocessableEntity || !strings.Contains(b.text("#redirect_uris-problem"), "http only for localhost") {
		t.Fatalf("%d: %s", status, b.text("main"))
	}
	b.fill(`[name=redirect_uris]`, here)
	if status := b.click(`#client-submit`); status != http.StatusCreated {
		t.Fatalf("%d: %s", status, b.text("main"))
	}
	b.picture("console-secret")
	id, secret := b.text(`#client-id`), b.text(`#client-secret`)

	verifier := strings.Repeat("a-verifier-of-the-shop-", 3)
	sum := sha256.Sum256([]byte(verifier))
	b.open(p.Issuer + "/oauth2/authorize?" + url.Values{
		"response_type": {"code"}, "client_id": {id}, "redirect_uri": {here}, "scope": {"openid email"}, "state": {"12345678"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"},
	}.Encode())
	if !strings.Contains(b.text("main"), "Shop") {
		t.Errorf("the consent page doesn't name it: %s", b.text("main"))
	}
	b.click(`#consent-allow`)
	answer := <-back
	q, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.Issuer+"/oauth2/token", strings.NewReader(url.Values{
		"grant_type": {"authorization_code"}, "code": {answer.Get("code")}, "redirect_uri": {here}, "code_verifier": {verifier},
	}.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	q.SetBasicAuth(url.QueryEscape(id), url.QueryEscape(secret))
	response, err := http.DefaultClient.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var tokens struct {
		IDToken string `json:"id_token"`
		Error   string `json:"error"`
	}
	if err := json.NewDecoder(response.Body).Decode(&tokens); err != nil || tokens.IDToken == "" {
		t.Fatalf("%d: %v %+v", response.StatusCode, err, tokens)
	}
	b.open(p.Issuer + "/admin/audit")
	if text := b.text("main"); !strings.Contains(text, "client.created") || !strings.Contains(text, "consent.granted") {
		t.Errorf("not on the record: %s", text)
	}
	b.picture("console-record")
	b.open(p.Issuer + "/admin/settings")
	if text := b.text("main"); !strings.Contains(text, "secret_key") || strings.Contains(text, "mail\nfile:") {
		t.Errorf("settings: %s", text)
	}
	b.quiet()
}
