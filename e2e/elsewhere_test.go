package e2e

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/security"
	"github.com/chromedp/chromedp"
)

// challenge and verifier are those of RFC 7636 appendix B.
const (
	challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
	verifier  = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
)

// elsewhere is another site: it keeps what browsers tell it, and shows a page of anything.
type elsewhere struct {
	*httptest.Server
	mu   sync.Mutex
	Seen []http.Request
	Body string
}

func newElsewhere(t *testing.T) *elsewhere {
	e := &elsewhere{}
	e.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/favicon.ico" {
			return
		}
		e.mu.Lock()
		defer e.mu.Unlock()
		_ = r.ParseForm()
		e.Seen = append(e.Seen, *r)
		_, _ = fmt.Fprintf(w, `<!doctype html><html lang="en"><title>Elsewhere</title><h1 id="arrived">Elsewhere</h1>%s`, e.Body)
	}))
	t.Cleanup(e.Close)
	return e
}

// last is the newest request that arrived.
func (e *elsewhere) last() *http.Request {
	e.mu.Lock()
	defer e.mu.Unlock()
	return &e.Seen[len(e.Seen)-1]
}

// callback is a redirect URI there; localhost is the host that a demonstration may have without TLS.
func (e *elsewhere) callback() string {
	return strings.Replace(e.URL, "127.0.0.1", "localhost", 1) + "/callback"
}

// asks registers a client of that site and returns an authorization request of it.
func (e *elsewhere) asks(p *program, kind string, more ...string) string {
	document := map[string]any{"client_id": kind, "kind": kind, "redirect_uris": []string{e.callback()}}
	if kind == "spa" {
		document["token_endpoint_auth_method"] = "none"
	}
	p.client(document)
	query := url.Values{"response_type": {"code"}, "client_id": {kind}, "scope": {"openid"}, "nonce": {"n"}, "redirect_uri": {e.callback()},
		"code_challenge_method": {"S256"}, "code_challenge": {challenge}}
	for i := 0; i < len(more); i += 2 {
		query.Set(more[i], more[i+1])
	}
	return p.Issuer + "/oauth2/authorize?" + query.Encode()
}

// Item 26: in two tabs both requests are answered; back and again lead to a page that explains.
func TestTwoTabs(t *testing.T) {
	p := startDev(t)
	p.account("mali@example.com")
	rp := newElsewhere(t)
	ask := rp.asks(p, "web")
	first := newTab(t)
	second := first.another()
	first.open(ask + "&state=one")
	second.open(ask + "&state=two")
	second.signIn("mali@example.com")
	second.at(p.Issuer + "/consent")
	first.signIn("mali@example.com")
	first.at(p.Issuer + "/consent")
	back := eval[string](first, `location.href`)
	first.load("a double click", chromedp.Evaluate[chromedp.Void](`(allow => { allow.click(); setTimeout(() => allow.click(), 5) })(document.getElementById('consent-allow'))`))
	first.at(rp.callback())
	if got := rp.last().Form; got.Get("state") != "one" || got.Get("code") == "" {
		t.Errorf("the first tab's answer: %v", got)
	}
	if n := len(rp.Seen); n != 1 {
		t.Errorf("a double click arrived %d times", n)
	}
	second.click(`#consent-allow`) // the sign-in in the first tab went on with the session of this one
	second.at(rp.callback())
	if got := rp.last().Form; got.Get("state") != "two" || got.Get("code") == "" {
		t.Errorf("the second tab's answer: %v", got)
	}
	if status := first.open(back); status >= 500 { // what the back button asks for, where the browser didn't keep the page
		t.Errorf("back: %d", status)
	}
	if first.text("h1") == "" || !first.has(`a[href]`) {
		t.Errorf("back is a page that explains nothing: %s", first.text("body"))
	}
}

// Item 28: who keeps no cookies is told so. Item 27: what a person copies for support has the request's id.
func TestExplained(t *testing.T) {
	p := startDev(t)
	b := newTab(t)
	b.open(p.Issuer + "/login")
	b.fill(`#username`, "mali@example.com")
	b.fill(`#password`, password)
	call(b, network.ClearBrowserCookies, cdp.Empty{}) // as if it had kept none
	if status := b.click(`#sign-in-submit`); status != http.StatusForbidden || !strings.Contains(b.text("main"), "cookies") {
		t.Errorf("%d: %s", status, b.text("main"))
	}
	b.before(`Object.defineProperty(navigator, 'clipboard', {value: {writeText: async text => { globalThis.copied = text }}})`)
	if status := b.open(p.Issuer + "/oauth2/authorize?client_id=nobody&redirect_uri=https://nowhere.test/"); status != http.StatusBadRequest {
		t.Errorf("an unknown client: %d", status)
	}
	b.at(p.Issuer)
	b.press(`[data-copy]`)
	if copied := eval[string](b, `globalThis.copied ?? ''`); !strings.Contains(copied, b.text(`#request-id`)) || b.text(`#request-id`) == "" {
		t.Errorf("copied %q", copied)
	}
}

// Item 38: in a frame of another site nothing of ours is shown.
func TestNoFrames(t *testing.T) {
	p := startDev(t)
	evil := newElsewhere(t)
	b := newTab(t)
	for _, path := range []string{"/login", "/account", "/consent", "/nowhere"} {
		evil.Body = `<iframe src="` + p.Issuer + path + `"></iframe>`
		b.open(evil.URL)
		if said := b.complains(); !strings.Contains(said, "frame-ancestors") {
			t.Errorf("%s in a frame: the browser says %q", path, said)
		}
	}
}

// complains waits for something in the console, and takes it from there.
func (b *tab) complains() (said string) {
	for deadline := time.Now().Add(patience); said == "" && time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		b.mu.Lock()
		said = strings.Join(b.console, " ")
		b.console = nil
		b.mu.Unlock()
	}
	return said
}

// Item 56: a form of another site does nothing and gets a page of ours; a browser application of a registered origin
// redeems its code by itself, and no other origin may read the answer.
func TestOtherOrigins(t *testing.T) {
	p := startDev(t)
	p.account("mali@example.com")
	site := newElsewhere(t)
	b := newTab(t)
	b.open(site.asks(p, "spa"))
	b.signIn("mali@example.com")
	b.click(`#consent-allow`)
	b.at(site.callback())
	redeem := fmt.Sprintf(`fetch(%q, {method: 'POST', body: new URLSearchParams({grant_type: 'authorization_code', client_id: 'spa',
		code: %q, redirect_uri: %q, code_verifier: %q})}).then(async r => r.status + ' ' + Object.keys(await r.json()), e => 'refused')`,
		p.Issuer+"/oauth2/token", site.last().Form.Get("code"), site.callback(), verifier)
	if got := eval[string](b, redeem, chromedp.EvalAwaitPromise); !strings.HasPrefix(got, "200 ") || !strings.Contains(got, "access_token") {
		t.Errorf("the token endpoint said %q", got)
	}
	for path, fields := range map[string]string{
		"/login": `<input name="username" value="mali@example.com"><input name="password" value="x">`, "/consent": `<input name="decision" value="allow">`,
		"/account/delete": `<input name="confirm" value="1">`, "/sign-out": ``,
	} {
		site.Body = `<form method="post" action="` + p.Issuer + path + `">` + fields + `<button id="attack">Win</button></form>`
		b.open(site.URL)
		if status := b.click(`#attack`); status != http.StatusForbidden || b.text(`#error-code`) != "csrf.cross_site" || !b.has(`.brand`) {
			t.Errorf("%s: %d: %s", path, status, b.text("body"))
		}
	}
	b.open(site.URL)
	if got := eval[string](b, redeem, chromedp.EvalAwaitPromise); got != "refused" {
		t.Errorf("another origin reads %q", got)
	}
	b.complains() // of what it may not read
}

// Item 55: behind TLS, the cookies of a session are the host's alone, new after a sign-in, and go nowhere else.
func TestCookiesBehindTLS(t *testing.T) {
	ports := freePorts(t, 1)
	inside := fmt.Sprintf("127.0.0.1:%d", ports[0])
	tls := httptest.NewUnstartedServer(httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: inside}))
	tls.Config.ErrorLog = log.New(io.Discard, "", 0) // the browser doesn't like its certificate at first
	tls.StartTLS()
	defer tls.Close()
	issuer := strings.Replace(tls.URL, "127.0.0.1", "localhost", 1)
	p := startDev(t, "PRATU_ISSUER="+issuer, "PRATU_LISTEN="+inside)
	p.Issuer = issuer
	p.account("mali@example.com")
	rp := newElsewhere(t)
	b := newTab(t)
	call(b, security.SetIgnoreCertificateErrors, security.SetIgnoreCertificateErrorsParams{Ignore: true})
	cookies := func() map[string]string {
		kept := map[string]string{}
		for _, c := range ask(b, network.GetCookies, network.GetCookiesParams{URLs: []string{issuer}}).Cookies {
			if !strings.HasPrefix(c.Name, "__Host-") || !c.Secure || !c.HTTPOnly || c.SameSite != network.CookieSameSiteLax || c.Path != "/" {
				t.Errorf("%+v", c)
			}
			kept[c.Name] = c.Value
		}
		return kept
	}
	b.open(rp.asks(p, "web", "state", "s"))
	before := cookies()
	b.signIn("mali@example.com")
	b.click(`#consent-allow`)
	b.at(rp.callback())
	after := cookies()
	const session = "__Host-pratu_session"
	if after[session] == "" || after[session] == before[session] {
		t.Errorf("before %v, after %v", before, after)
	}
	b.open(issuer + "/account/confirm")
	b.fill(`#password`, password)
	b.click(`#confirm-submit`)
	if now := cookies()[session]; now == "" || now == after[session] {
		t.Error("after a fresh proof the session has the same cookie")
	}
	rp.mu.Lock()
	defer rp.mu.Unlock()
	for _, r := range rp.Seen {
		if from := r.Referer(); from != "" {
			t.Errorf("the application hears where the browser was: %q", from)
		}
		for name, value := range after {
			if strings.Contains(r.URL.String(), value) {
				t.Errorf("%s is in %s", name, r.URL)
			}
		}
	}
}
