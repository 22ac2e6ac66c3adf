package e2e

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // what RFC 6238 and the apps use
	"encoding/base32"
	endian "encoding/binary"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
)

// totp is the code of an app now, or so many steps from now (RFC 6238).
func totp(t *testing.T, secret string, steps int64) string {
	t.Helper()
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.ReplaceAll(secret, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	mac := hmac.New(sha1.New, key)
	mac.Write(endian.BigEndian.AppendUint64(nil, uint64(time.Now().Unix()/30+steps)))
	sum := mac.Sum(nil)
	at := sum[len(sum)-1] & 15
	return fmt.Sprintf("%06d", endian.BigEndian.Uint32(sum[at:])&0x7fffffff%1e6)
}

// Items 34 and 52: without scripts somebody sets up an app and paper codes, signs in with both factors after mistakes in
// each, consents and leaves. The codes are shown once, and printed without anything else.
func TestTwoFactorsWithoutScripts(t *testing.T) {
	p := startDev(t)
	p.account("mali@example.com")
	b := newTab(t)
	b.scriptless(true)
	refused := func(submit, because string) {
		t.Helper()
		if status := b.click(submit); status != http.StatusUnprocessableEntity || !b.has(`[role=alert]`) {
			t.Errorf("%s: %d: %s", because, status, b.text("main"))
		}
	}
	b.open(p.Issuer + "/login")
	b.signIn("mali@example.com")
	b.open(p.Issuer + "/account/authenticator")
	b.click(`#authenticator-start [type=submit]`)
	secret := b.text(`#authenticator-secret`)
	b.fill(`#code`, "000000")
	refused(`#authenticator-confirm [type=submit]`, "a wrong code of the app")
	b.fill(`#code`, totp(t, secret, 0))
	b.click(`#authenticator-confirm [type=submit]`)
	b.open(p.Issuer + "/account/recovery-codes")
	b.click(`#recovery-make [type=submit]`)
	if n := eval[int](b, `document.querySelectorAll('#recovery-list li').length`); n != 10 {
		t.Errorf("%d codes", n)
	}
	call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"})
	for css, printed := range map[string]bool{`#recovery-list code`: true, "h1": true, "header": false, ".sections": false, "footer": false, "form": false} {
		if b.visible(css) != printed {
			t.Errorf("on paper %s: %v", css, !printed)
		}
	}
	b.picture("recovery-codes-printed")
	call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{})
	b.click(`#recovery-saved [type=submit]`)
	b.at(p.Issuer + "/account/security")
	b.open(p.Issuer + "/account/recovery-codes")
	if b.has(`#recovery-list`) {
		t.Error("the codes are shown again")
	}
	b.signOut(p)

	b.open(p.Demo + "/sign-in")
	b.fill(`#username`, "mali@example.com")
	b.fill(`#password`, "wrong "+password)
	refused(`#sign-in-submit`, "a wrong password")
	b.fill(`#password`, password)
	b.click(`#sign-in-submit`)
	b.at(p.Issuer + "/login/factor")
	b.fill(`#code`, "000000")
	refused(`#factor-submit`, "a wrong code")
	b.fill(`#code`, totp(t, secret, 1)) // the one that set it up is used
	b.click(`#factor-submit`)
	b.at(p.Issuer + "/consent")
	b.click(`#consent-allow`)
	b.at(p.Demo + "/")
	b.claims("mali@example.com")
	b.click(`#sign-out`)
	for b.has(`#sign-out-confirm`) {
		b.click(`#sign-out-confirm`)
	}
	b.at(p.Demo + "/")
	b.open(p.Issuer + "/account")
	b.at(p.Issuer + "/login")
}

// Item 50: another browser that is signed out is out at its next request, and this one is marked.
func TestAnotherBrowserEnds(t *testing.T) {
	p := startDev(t)
	p.account("mali@example.com")
	lost, mine := newTab(t), newTab(t)
	for _, b := range []*tab{lost, mine} {
		b.open(p.Issuer + "/login")
		b.signIn("mali@example.com")
		b.at(p.Issuer + "/account")
	}
	mine.open(p.Issuer + "/account/sessions")
	if this := mine.text(`#session-list li:first-child .tag`); this != "this browser" {
		t.Errorf("the first is marked %q", this)
	}
	mine.click(`#session-list [name=session]`)
	lost.open(p.Issuer + "/account/profile")
	lost.at(p.Issuer + "/login")
	mine.open(p.Issuer + "/account")
	mine.at(p.Issuer + "/account")
}
