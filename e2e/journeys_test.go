package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"
)

// signIn fills in the sign-in page.
func (b *tab) signIn(email string) int {
	b.t.Helper()
	b.fill(`#sign-in [name=username]`, email)
	b.fill(`#sign-in [name=password]`, password)
	return b.click(`#sign-in-submit`)
}

// signUp fills in the sign-up page and proves the address with the mailed code, as /dev/mail shows it.
func (b *tab) signUp(p *program, email string) {
	b.t.Helper()
	b.fill(`#sign-up [name=email]`, email)
	b.fill(`#sign-up [name=password]`, password)
	if b.click(`#sign-up [type=submit]`) >= 400 {
		b.t.Fatalf("sign-up was refused: %s", b.text("body"))
	}
	b.at(p.Issuer + "/sign-up/verify")
	b.fill(`[name=code]`, p.mailedCode(email))
	if status := b.click(`#verify [type=submit]`); status >= 400 {
		b.t.Fatalf("the mailed code was refused with %d: %s", status, b.text("body"))
	}
}

var sixDigits = regexp.MustCompile(`\b\d{6}\b`)

// mails opens the mailbox. A mail leaves a moment after the answer.
func (p *program) mails(b *tab) {
	p.t.Helper()
	time.Sleep(250 * time.Millisecond)
	b.open(p.Issuer + "/dev/mail")
}

// mailedCode reads the newest code mailed to an address from /dev/mail, in a tab of its own.
func (p *program) mailedCode(email string) string {
	p.t.Helper()
	mails := newTab(p.t)
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(200 * time.Millisecond) {
		mails.open(p.Issuer + "/dev/mail")
		// The newest mail stands first; a subject begins with the code.
		row := eval[string](mails, fmt.Sprintf(`([...document.querySelectorAll('main li')].find(e => e.innerText.includes(%q)) ?? {}).innerText ?? ''`, email))
		if code := sixDigits.FindString(row); code != "" {
			return code
		}
	}
	p.t.Fatalf("no mail to %s within %s: %s", email, patience, mails.text("main"))
	return ""
}

// TestDemo is what a newcomer does first: from the demo application's button to its claims, and back out.
func TestDemo(t *testing.T) {
	p := startDev(t)
	for name, off := range map[string]bool{"with scripts": false, "without scripts": true} {
		t.Run(name, func(t *testing.T) {
			b := newTab(t)
			b.scriptless(off)
			email := strings.ReplaceAll(name, " ", ".") + "@example.com"
			b.open(p.Demo)
			b.click(`#sign-in`)
			b.at(p.Issuer + "/login")
			b.click(`a[href*="/sign-up"]`)
			b.signUp(p, email)
			b.at(p.Issuer + "/consent")
			b.click(`#consent-allow`)
			b.at(p.Demo + "/")
			b.claims(email)

			b.click(`#refresh`)
			if got := b.text(`#refreshed`); got != "1" {
				t.Errorf("refreshed %q times", got)
			}
			b.click(`#userinfo`)
			if !strings.Contains(b.text(`#userinfo-claims`), email) {
				t.Errorf("userinfo lacks the address: %s", b.text(`#userinfo-claims`))
			}

			// The shop forgets; the provider doesn't: no page is shown on the way.
			b.click(`#forget`)
			b.click(`#sign-in`)
			b.at(p.Demo + "/")
			b.claims(email)

			b.click(`#sign-out`)
			for b.has(`#sign-out-confirm`) {
				b.click(`#sign-out-confirm`)
			}
			b.at(p.Demo + "/")
			b.click(`#sign-in`)
			b.at(p.Issuer + "/login")
			b.signIn(email)
			b.at(p.Demo + "/") // consent is remembered
			b.claims(email)
		})
	}
}

func (b *tab) claims(email string) {
	b.t.Helper()
	var claims map[string]any
	if err := json.Unmarshal([]byte(b.text(`#id-claims`)), &claims); err != nil {
		b.t.Fatalf("no claims at %s: %s", b.url(), tail(b.text("body"), 800))
	}
	if claims["sub"] != b.text(`#subject`) || claims["sid"] == nil || claims["nonce"] == nil {
		b.t.Errorf("claims of the ID token: %v", claims)
	}
	if info := b.text(`#userinfo-claims`); !strings.Contains(info, email) {
		b.t.Errorf("userinfo lacks the address: %s", info)
	}
}

// TestSignInReachesAThirdOrigin guards that no form-action stops a sign-in: browsers apply it to every redirect after a
// form's POST, also to those of the relying party, and then silently stay on the page.
func TestSignInReachesAThirdOrigin(t *testing.T) {
	third := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprint(w, `<!doctype html><html lang="en"><title>Arrived</title><h1 id="arrived">Arrived</h1>`)
	}))
	defer third.Close()
	rp := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, third.URL+"/home", http.StatusFound)
	}))
	defer rp.Close()
	p := startDev(t)
	p.account("mali@example.com")
	redirect := strings.Replace(rp.URL, "127.0.0.1", "localhost", 1) + "/callback"
	p.client(map[string]any{"client_id": "third", "kind": "web", "redirect_uris": []string{redirect}})
	b := newTab(t)
	b.open(p.Issuer + "/oauth2/authorize?response_type=code&client_id=third&scope=openid&state=s&nonce=n&code_challenge_method=S256&code_challenge=" +
		challenge + "&redirect_uri=" + redirect)
	b.at(p.Issuer + "/login")
	b.signIn("mali@example.com")
	b.at(p.Issuer + "/consent")
	b.click(`#consent-allow`)
	b.at(third.URL)
	if !b.has(`#arrived`) {
		t.Error("the third origin was not reached")
	}

	// Inside an interaction the directive is left out; the account's own forms stay at home.
	a := newAgent(t)
	a.get(p.Issuer + "/login")
	a.submit("sign-in", map[string]string{"username": "mali@example.com", "password": password})
	a.get(p.Issuer + "/account")
	if policy := a.header.Get("Content-Security-Policy"); !strings.Contains(policy, "form-action 'self'") {
		t.Errorf("%s has the policy %q", a.at, policy)
	}
}
