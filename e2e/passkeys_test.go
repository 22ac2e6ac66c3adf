package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
)

// authenticator gives a tab one that makes passkeys and verifies its user without a touch.
func (b *tab) authenticator() webauthn.AuthenticatorID {
	b.t.Helper()
	call(b, webauthn.Enable, webauthn.EnableParams{})
	return ask(b, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
		Protocol: "ctap2", Ctap2version: "ctap2_1", Transport: "internal", HasResidentKey: true, HasUserVerification: true, IsUserVerified: true,
		AutomaticPresenceSimulation: true,
	}}).AuthenticatorID
}

// verifies decides whether the user of an authenticator is who it knows.
func (b *tab) verifies(id webauthn.AuthenticatorID, yes bool) {
	b.t.Helper()
	call(b, webauthn.SetUserVerified, webauthn.SetUserVerifiedParams{AuthenticatorID: id, IsUserVerified: yes})
}

func (b *tab) passkeys(id webauthn.AuthenticatorID) int {
	b.t.Helper()
	return len(ask(b, webauthn.GetCredentials, webauthn.GetCredentialsParams{AuthenticatorID: id}).Credentials)
}

// arrives waits until the tab is at an address by itself.
func (b *tab) arrives(prefix string) {
	b.t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if strings.HasPrefix(b.url(), prefix) && eval[string](b, `document.readyState`) == "complete" {
			return
		}
	}
	b.at(prefix)
}

// says waits for words in a page.
func (b *tab) says(css, words string) {
	b.t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if strings.Contains(b.text(css), words) {
			return
		}
	}
	b.t.Fatalf("%s doesn't say %q but %q", css, words, b.text(css))
}

// gone waits until a page hasn't something any more.
func (b *tab) gone(css string) {
	b.t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if !b.has(css) {
			return
		}
	}
	b.t.Fatalf("%s stays: %s", css, b.text(css))
}

// press clicks something that doesn't lead to another page at once.
func (b *tab) press(css string) {
	b.t.Helper()
	b.do("press "+css, chromedp.Click(chromedp.CSS(css), chromedp.NodeVisible))
}

func (b *tab) visible(css string) bool {
	return eval[bool](b, fmt.Sprintf(`(e => e !== null && e.getClientRects().length > 0)(document.querySelector(%q))`, css))
}

// before runs a script in every page before its own.
func (b *tab) before(script string) {
	b.t.Helper()
	call(b, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: script})
}

// Items 29, 30 and 32 of the checklist: a passkey is offered after a password, made, signs in by autofill and by the
// button, has a name, confirms, and goes.
func TestPasskeys(t *testing.T) {
	p := startDev(t)
	p.account("mali@example.com")
	b := newTab(t)
	key := b.authenticator()

	// No credential: nothing opens by itself, and the form is of use.
	b.open(p.Issuer + "/login")
	if !b.visible(`#passkey-button`) {
		t.Fatal("the button isn't there")
	}
	b.says(`#sign-in`, "Password")
	if said := b.text(`#passkey-said`); said != "" {
		t.Errorf("the page says %q by itself", said)
	}
	b.press(`#passkey-button`)
	b.says(`#passkey-said`, "Nothing was done")
	b.signIn("mali@example.com")
	b.arrives(p.Issuer + "/login/passkey/offer")
	b.press(`#passkey-create`)
	b.arrives(p.Issuer + "/account/passkeys")
	b.says(`[role=status].notice`, "The passkey is ready")
	if n := b.passkeys(key); n != 1 {
		t.Fatalf("the authenticator has %d passkeys", n)
	}

	// A second one on the same device is refused by the device.
	b.press(`#passkey-create`)
	b.says(`#passkey-said`, "already")

	// Autofill signs in without a click.
	b.signOut(p)
	b.open(p.Issuer + "/login")
	b.arrives(p.Issuer + "/account")

	// The device doesn't recognise its user: the page stays usable. Then the button does it.
	b.signOut(p)
	b.verifies(key, false)
	b.open(p.Issuer + "/login")
	b.press(`#passkey-button`)
	b.says(`#passkey-said`, "Nothing was done")
	b.verifies(key, true)
	eval[bool](b, `(document.querySelector('#passkey-button')?.click(), true)`) // autofill, which waits on, may be there before
	b.arrives(p.Issuer + "/account")
	b.open(p.Issuer + "/account/sessions")
	if !strings.Contains(b.text(`#session-list`), "passkey") {
		t.Errorf("sessions: %s", b.text(`#session-list`))
	}

	b.open(p.Issuer + "/account/confirm?to=/account/passkeys")
	b.press(`#passkey-button`)
	b.arrives(p.Issuer + "/account/passkeys")
	b.press(`#passkey-list summary`)
	b.fill(`#name-0`, "My key")
	if status := b.click(`#passkey-list [name=rename]`); status != http.StatusOK {
		t.Errorf("renamed: %d", status)
	}
	b.says(`#passkey-list strong`, "My key")
	if status := b.click(`#passkey-list [name=delete]`); status != http.StatusOK {
		t.Errorf("deleted: %d", status)
	}
	b.says(`#passkey-list`, "no passkeys")
}

// signOut ends all sessions of the tab.
func (b *tab) signOut(p *program) {
	b.t.Helper()
	b.open(p.Issuer + "/sign-out")
	for b.has(`#sign-out-confirm`) {
		b.click(`#sign-out-confirm`)
	}
}

// On the way to an application a passkey brings the person there.
func TestPasskeyReachesTheApplication(t *testing.T) {
	p := startDev(t)
	p.account("mali@example.com")
	b := newTab(t)
	b.authenticator()
	b.open(p.Issuer + "/login")
	b.signIn("mali@example.com")
	b.arrives(p.Issuer + "/login/passkey/offer")
	b.press(`#passkey-create`)
	b.arrives(p.Issuer + "/account/passkeys")
	b.signOut(p)
	b.open(p.Demo + "/sign-in")
	b.arrives(p.Issuer + "/consent")
	b.click(`#consent-allow`)
	b.at(p.Demo + "/")
	b.claims("mali@example.com")
}

// A passkey that the account doesn't have any more says so, and its browser is told to forget it.
func TestPasskeyDeletedElsewhere(t *testing.T) {
	p := startDev(t)
	p.account("mali@example.com")
	b := newTab(t)
	key := b.authenticator()
	b.open(p.Issuer + "/login")
	b.signIn("mali@example.com")
	b.arrives(p.Issuer + "/login/passkey/offer")
	b.press(`#passkey-create`)
	b.arrives(p.Issuer + "/account/passkeys")
	// As from another device: this browser's page isn't told.
	b.before(`delete PublicKeyCredential.signalUnknownCredential; delete PublicKeyCredential.signalAllAcceptedCredentials`)
	b.open(p.Issuer + "/account/passkeys")
	b.click(`#passkey-list [name=delete]`)
	if n := b.passkeys(key); n != 1 {
		t.Fatalf("the authenticator has %d passkeys", n)
	}
	b.signOut(p)
	b.open(p.Issuer + "/login")
	b.arrives(p.Issuer + "/login/passkey")
	b.says(`#problems`, "no longer known")
	if !b.has(`#passkey[data-unknown]`) {
		t.Error("the browser isn't told to forget it")
	}
}

// TestPasskeyPages looks at the pages that only somebody with an authenticator sees.
func TestPasskeyPages(t *testing.T) {
	p := startDev(t)
	for _, lang := range []string{"en", "th"} {
		email := lang + "@example.com"
		p.account(email)
		p.look(t, func(b *tab) { b.authenticator() }, []sight{
			{name: "passkey-offer", lang: lang, status: http.StatusOK, visit: func(b *tab) int {
				b.open(p.Issuer + "/login")
				b.signIn(email)
				b.arrives(p.Issuer + "/login/passkey/offer")
				return http.StatusOK
			}},
			{name: "passkeys-one", lang: lang, status: http.StatusOK, visit: func(b *tab) int {
				b.press(`#passkey-create`)
				b.arrives(p.Issuer + "/account/passkeys")
				b.press(`#passkey-list summary`)
				return http.StatusOK
			}},
			{name: "confirm-passkey", lang: lang, status: http.StatusOK, visit: func(b *tab) int { return b.open(p.Issuer + "/account/confirm") }},
		})
	}
}

// Item 31: opened at another address than the configured one, the page says so.
func TestPasskeyMismatch(t *testing.T) {
	port := freePorts(t, 1)[0]
	elsewhere := fmt.Sprintf("127.0.0.1:%d", port)
	p := startDev(t, "PRATU_EXTRA_HOSTS="+elsewhere, "PRATU_LISTEN="+elsewhere, fmt.Sprintf("PRATU_ISSUER=http://localhost:%d", port))
	p.Issuer = fmt.Sprintf("http://localhost:%d", port)
	b := newTab(t)
	b.authenticator()
	b.open("http://" + elsewhere + "/login")
	b.press(`#passkey-button`)
	b.says(`#passkey-said`, "http://localhost:")
	b.says(`#passkey-said`, "http://"+elsewhere)
}

// Item 33: a browser without passkeys, and one without scripts, shows nothing of them.
func TestNoPasskeys(t *testing.T) {
	p := startDev(t)
	p.account("mali@example.com")
	for name, prepare := range map[string]func(b *tab){
		"API removed":     func(b *tab) { b.before(`delete window.PublicKeyCredential`) },
		"without scripts": func(b *tab) { b.scriptless(true) },
	} {
		t.Run(name, func(t *testing.T) {
			b := newTab(t)
			b.authenticator()
			prepare(b)
			b.open(p.Issuer + "/login")
			if b.visible(`#passkey-button`) {
				t.Error("the button is there")
			}
			b.signIn("mali@example.com")
			b.at(p.Issuer + "/account") // and nothing is offered
			b.open(p.Issuer + "/account/passkeys")
			if b.visible(`#passkey-create`) || !b.visible(`#passkey-unsupported`) {
				t.Error("a passkey is offered that can't be made")
			}
		})
	}
}
