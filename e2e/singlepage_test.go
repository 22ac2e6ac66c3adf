package e2e

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
)

const singlePageLibrary = "node_modules/oidc-client-ts/dist/browser/oidc-client-ts.min.js"

// singlePage is an application of oidc-client-ts that signs in by a pop-up and watches the session. issuer is ours.
const singlePage = `<!doctype html><html lang="en"><title>Single page</title><script src="/library.js"></script>
<button id="enter">Sign in</button><p id="who"></p><p id="told"></p><script>
const say = (id, text) => { document.getElementById(id).textContent = text; };
const manager = new oidc.UserManager({
  authority: %q, client_id: 'page', redirect_uri: location.origin + '/popup', popup_redirect_uri: location.origin + '/popup',
  silent_redirect_uri: location.origin + '/silent', scope: 'openid email', monitorSession: true, checkSessionIntervalInSeconds: 1,
});
manager.events.addUserSignedOut(() => say('told', 'signed out'));
if (location.pathname === '/popup') manager.signinPopupCallback();
else if (location.pathname === '/silent') manager.signinSilentCallback();
else document.getElementById('enter').addEventListener('click', () => manager.signinPopup().then(
  (user) => say('who', 'sub ' + user.profile.sub), (error) => say('who', String(error))));
</script>`

// TestSinglePage signs in by a pop-up, whose opener the pages of a sign-in must not cut off, and hears of a sign-out that
// happens in another tab.
func TestSinglePage(t *testing.T) {
	library, err := os.ReadFile(singlePageLibrary)
	if err != nil {
		missing(t, "oidc-client-ts (npm ci in e2e)")
	}
	p := startDev(t, "PRATU_SESSION_MANAGEMENT=true")
	p.account("mali@example.com")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/library.js" {
			w.Header().Set("Content-Type", "text/javascript")
			_, _ = w.Write(library)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, fmt.Sprintf(singlePage, p.Issuer))
	}))
	defer server.Close()
	site := strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
	p.client(map[string]any{"client_id": "page", "kind": "spa", "settings": map[string]any{"first_party": true}, "redirect_uris": []string{site + "/popup", site + "/silent"}})

	b := newTab(t)
	b.open(site)
	opened := chromedp.WaitNewTarget(b.ctx, func(i *target.Info) bool { return i.OpenerID != "" })
	b.press(`#enter`)
	popup := openTab(t, b.ctx, chromedp.WithTargetID(<-opened))
	popup.fill(`#username`, "mali@example.com")
	popup.fill(`#password`, password)
	eval[bool](popup, `document.getElementById('sign-in-submit').click(), true`) // and it closes itself
	eventually(t, "the pop-up told nothing", func() bool { return b.text("#who") != "" })
	if who := b.text("#who"); !strings.HasPrefix(who, "sub ") {
		t.Errorf("signed in as %q", who)
	}
	other := b.another()
	other.open(p.Issuer + "/sign-out")
	other.click(`#sign-out-confirm`)
	eventually(t, "the page never heard of the sign-out", func() bool { return b.text("#told") == "signed out" })
}
