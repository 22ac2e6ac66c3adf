package e2e

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"image"
	"image/png"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
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
	b.open(p.Issuer + "/admin/mail")
	b.click(`#test [value=test]`)
	b.says(`[aria-labelledby=result]`, "The mail server took it.") // the page looks again by itself
	b.picture("console-mail-tested")
	b.quiet()
	b.scriptless(false)
	livelyWizard(b, p)
	uploadsLogo(b, p.Issuer+"/admin/clients/"+id)
}

// livelyWizard: with scripts, what is wrong is told when a field is left, and no more once it is mended; nothing is sent off.
func livelyWizard(b *tab, p *program) {
	b.t.Helper()
	wizard := p.Issuer + "/admin/new-client?kind=web"
	b.open(wizard)
	b.fill(`[name=client_name]`, "Lively")
	for uri, told := range map[string]string{"http://shop.example.com/callback": "http only for localhost", "https://*.example.com/cb": "list each URI"} {
		b.fill(`[name=redirect_uris]`, uri)
		b.press(`[name=client_name]`)
		b.says(`#redirect_uris-problem`, told)
		if !b.has(`[name=redirect_uris][aria-invalid=true][aria-describedby~=redirect_uris-problem]`) || !b.has(`[name=client_name]:focus`) {
			b.t.Errorf("what is wrong with %s isn't tied to its field, or the focus is gone", uri)
		}
	}
	b.appear(look{"en", "dark", 320})
	b.wellFormed("wizard-live", look{"en", "dark", 320})
	b.picture("console-wizard-live")
	b.fill(`[name=redirect_uris]`, "https://shop.example.com/callback")
	b.press(`[name=client_name]`)
	b.gone(`#redirect_uris-problem`)
	b.at(wizard)
	b.quiet()
}

// uploadsLogo: a picture from a disk is an application's logo, and what is none is refused in the same place.
func uploadsLogo(b *tab, here string) {
	b.t.Helper()
	dir := b.t.TempDir()
	for name, c := range map[string]struct {
		raw    []byte
		status int
		shown  bool
	}{
		"none.svg": {[]byte("<svg/>"), http.StatusUnprocessableEntity, false}, "logo.png": {pixels(b.t), http.StatusOK, true},
	} {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, c.raw, 0o600); err != nil {
			b.t.Fatal(err)
		}
		b.open(here)
		b.do("choose "+name, chromedp.SetUploadFiles(chromedp.CSS(`#logo`), []string{file}))
		if status := b.click(`#logo-form [type=submit]`); status != c.status || b.has(`#logo-problem`) == c.shown {
			b.t.Errorf("%s: %d: %s", name, status, b.text("main"))
		}
		if drawn := eval[bool](b, `(i => i !== null && i.complete && i.naturalWidth > 0)(document.querySelector('main img.logo'))`); c.shown && !drawn {
			b.t.Errorf("%s isn't shown", name)
		}
	}
	b.quiet()
}

func pixels(t *testing.T) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := png.Encode(&out, image.NewGray(image.Rect(0, 0, 200, 100))); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
