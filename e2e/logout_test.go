package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// shop is an application that hears of logouts by every channel. It has an origin of its own and the provider's site, like
// shop.example.com beside id.example.com; away is the same on another site.
type shop struct {
	*httptest.Server
	URL, away string

	p      *program
	secret string

	mu          sync.Mutex
	hint        string
	front, back []url.Values
}

const shopID = "watching"

func openShop(t *testing.T, p *program) *shop {
	t.Helper()
	s := &shop{p: p}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	s.away, s.URL = s.Server.URL, strings.Replace(s.Server.URL, "127.0.0.1", "localhost", 1)
	s.secret = p.client(map[string]any{
		"client_id": shopID, "kind": "web", "client_name": "Watching Shop", "settings": map[string]any{"first_party": true, "require_pkce": false},
		"redirect_uris": []string{s.URL + "/cb"}, "post_logout_redirect_uris": []string{s.URL + "/bye"},
		"backchannel_logout_uri": s.URL + "/back", "frontchannel_logout_uri": s.URL + "/front", "frontchannel_logout_session_required": true,
	})
	return s
}

// watching is the page of somebody who is signed in: it asks the provider's frame twice a second.
const watching = `<!doctype html><html lang="en"><title>Shop</title><h1>Shop</h1><p id="state"></p>
<iframe id="op" src="%s" hidden title="x"></iframe><script>
const op = document.getElementById('op'), origin = new URL(op.src).origin;
let was, question = %q;
addEventListener('message', (e) => { if (e.origin === origin) document.getElementById('state').textContent = e.data; });
setInterval(() => op.contentWindow.postMessage(question, origin), 500);
</script>`

func (s *shop) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	s.mu.Lock()
	defer s.mu.Unlock()
	switch r.URL.Path {
	case "/cb":
		answer, err := http.PostForm(s.p.Issuer+"/oauth2/token", url.Values{
			"grant_type": {"authorization_code"}, "code": {r.Form.Get("code")}, "redirect_uri": {s.URL + "/cb"}, "client_id": {shopID}, "client_secret": {s.secret},
		})
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer answer.Body.Close()
		var tokens struct {
			ID string `json:"id_token"`
		}
		_ = json.NewDecoder(answer.Body).Decode(&tokens)
		s.hint = tokens.ID
		_, _ = fmt.Fprintf(w, watching, s.p.Issuer+"/oauth2/session", shopID+" "+r.Form.Get("session_state"))
	case "/elsewhere":
		_, _ = fmt.Fprintf(w, watching, s.p.Issuer+"/oauth2/session", shopID+" 00.salt")
	case "/front":
		s.front = append(s.front, r.URL.Query())
	case "/back":
		s.back = append(s.back, r.PostForm)
	default:
		_, _ = fmt.Fprint(w, `<!doctype html><html lang="en"><title>Bye</title><h1 id="bye">Bye</h1>`)
	}
}

func (s *shop) heard() (front, back []url.Values, hint string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.front, s.back, s.hint
}

// eventually waits for what another process does.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !is(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal(what)
		}
	}
}

// TestSessionManagement signs out in one tab what another watches: oidcc-session-management-discovery-endpoint-verification
// and -rp-initiated-logout.
func TestSessionManagement(t *testing.T) {
	p := startDev(t, "PRATU_SESSION_MANAGEMENT=true")
	p.account("mali@example.com")
	s := openShop(t, p)
	b := newTab(t)
	b.open(p.Issuer + "/.well-known/openid-configuration")
	if !strings.Contains(b.text("body"), p.Issuer+"/oauth2/session") {
		t.Errorf("not announced: %s", b.text("body"))
	}
	s.enter(b)
	eventually(t, "the frame never answered unchanged", func() bool { return b.text("#state") == "unchanged" })
	for question, want := range map[string]string{"nonsense": "error", shopID + " 00.salt": "changed"} {
		eval[bool](b, fmt.Sprintf(`[was, question] = [question, %q], true`, question))
		eventually(t, question+" isn't answered by "+want, func() bool { return b.text("#state") == want })
		eval[bool](b, `question = was, true`)
		eventually(t, "not unchanged any more", func() bool { return b.text("#state") == "unchanged" })
	}
	_, _, hint := s.heard()
	// This browser keeps third-party cookies from frames: no change is made up out of that.
	foreign := newTab(t)
	foreign.open(s.away + "/elsewhere")
	eventually(t, "a frame that sees nothing doesn't say so", func() bool { return foreign.text("#state") == "error" })

	ctx, cancel := chromedp.NewContext(b.ctx) // another tab of the same browser
	defer cancel()
	(&tab{t: t, ctx: ctx}).open(s.bye(hint))
	eventually(t, "the frame never answered changed", func() bool { return b.text("#state") == "changed" })
}

// bye is the shop's way out.
func (s *shop) bye(hint string) string {
	return s.p.Issuer + "/oauth2/logout?" + url.Values{"id_token_hint": {hint}, "post_logout_redirect_uri": {s.URL + "/bye"}, "state": {"x"}}.Encode()
}

// enter signs in to the shop.
func (s *shop) enter(b *tab) {
	b.t.Helper()
	b.open(s.p.Issuer + "/oauth2/authorize?" + url.Values{
		"response_type": {"code"}, "client_id": {shopID}, "scope": {"openid"}, "state": {"s"}, "nonce": {"n"}, "redirect_uri": {s.URL + "/cb"},
	}.Encode())
	b.signIn("mali@example.com")
	b.at(s.URL + "/cb")
}

// TestLogoutReachesApplications: the signed-out page tells who hears of it, loads the frames that its policy allows and leads
// on, none of it by a script; the logout token comes by itself.
func TestLogoutReachesApplications(t *testing.T) {
	p := startDev(t)
	p.account("mali@example.com")
	s := openShop(t, p)
	for i, name := range []string{"with scripts", "without scripts"} {
		t.Run(name, func(t *testing.T) {
			b := newTab(t)
			b.scriptless(i == 1)
			s.enter(b)
			_, _, hint := s.heard()
			b.open(s.bye(hint))
			b.at(p.Issuer + "/signed-out")
			if !strings.Contains(b.text("#applications"), "Watching Shop") {
				t.Errorf("the page tells %s", b.text("main"))
			}
			b.picture("signed-out-of")
			eventually(t, "the way doesn't lead on", func() bool { return strings.HasPrefix(b.url(), s.URL+"/bye?state=x") })
			eventually(t, "no logout token", func() bool { _, back, _ := s.heard(); return len(back) == i+1 && back[i].Get("logout_token") != "" })
			if front, _, _ := s.heard(); len(front) != i+1 || front[i].Get("iss") != p.Issuer || front[i].Get("sid") == "" {
				t.Errorf("by the front channel: %v", front)
			}
			b.open(p.Issuer + "/account")
			b.at(p.Issuer + "/login")
		})
	}
}

// TestSignedOutLooks looks at the page that names applications, with nowhere to lead on.
func TestSignedOutLooks(t *testing.T) {
	p := startDev(t)
	p.account("mali@example.com")
	s := openShop(t, p)
	p.look(t, func(b *tab) { s.enter(b) }, []sight{{name: "signed-out-of", status: http.StatusOK, visit: func(b *tab) int {
		_, _, hint := s.heard()
		return b.open(strings.Replace(s.bye(hint), "post_logout_redirect_uri", "none", 1))
	}}})
}
