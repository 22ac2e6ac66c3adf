package server_test

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"pratu/flows/accounts"
	"pratu/flows/office"
	"pratu/flows/signin"
	"pratu/storage"
)

// Somebody with a role comes in by the sign-in of everybody, with two factors, and is back where they wanted to go.
func TestOfficeSignIn(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		must(t, s.store.GrantRole(t.Context(), s.mali.ID, office.Owner, storage.At(s.now())))
		_, app := s.malis()
		b := s.browser()
		b.cookies["pratu_locale"] = "en"
		begun := b.get("/admin?days=30")
		target, params := begun.location(t)
		if target != op+"/oauth2/authorize" || params.Get("client_id") != "pratu-console" || params.Get("max_age") != "28800" {
			t.Fatalf("%s %v", target, params)
		}
		page := b.to(b.get(begun.Header.Get("Location")), "/login").expect(t, 200, "Pratu administration")
		page = b.to(b.submit(page, "sign-in", "username", malisMail, "password", malisPassword), "/login/factor")
		back := b.proceed(b.submit(page, "factor", "code", app.next()))
		target, params = back.location(t)
		if target != op+"/admin/enter" || params.Get("code") == "" {
			t.Fatalf("%s %v", target, params)
		}
		back = b.get(back.Header.Get("Location"))
		if got := back.Header.Get("Location"); got != op+"/admin?days=30" {
			t.Errorf("led to %s", got)
		}
		b.get("/admin").expect(t, 200, "Administration", `class="chart"`)
		b.get("/account").expect(t, 200, `href="/admin"`)
		b.get("/account/applications").expect(t, 200, "None yet.")
		// What it came with opens nothing elsewhere: the client has no secret, and nobody the verifier.
		refused := s.post("/oauth2/token", "", "", grant(params.Get("code"), "redirect_uri", op+"/admin/enter", "client_id", "pratu-console"))
		if refused.StatusCode < 400 {
			t.Errorf("the code was exchanged: %s", refused.body)
		}
		// After eight hours it is asked again.
		s.pass(8*time.Hour + time.Second)
		again := b.get("/admin")
		if target, _ := again.location(t); target != op+"/oauth2/authorize" {
			t.Errorf("open after eight hours: %d", again.StatusCode)
		}
		b.to(b.get(again.Header.Get("Location")), "/login").expect(t, 200, malisMail)
	})
}

// Who may not be here is told so, by every page, and finds no way around: one factor, no role, a closed account, somebody
// else's address to go back to.
func TestOfficeIsClosed(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		_, nobody := s.appointed("nobody@x.test")
		owner, inside := s.appointed("owner@x.test", office.Owner)
		for _, path := range officePages {
			begun := s.browser().get(path)
			if target, _ := begun.location(t); target != op+"/oauth2/authorize" {
				t.Errorf("%s without a session: %d", path, begun.StatusCode)
			}
			nobody.get(path).expect(t, 403, "console.no_role")
			page := inside.get(path).expect(t, 200)
			for name, want := range map[string]string{
				"Content-Security-Policy": "; form-action 'self'", "Cross-Origin-Opener-Policy": "same-origin", "Cache-Control": "no-store",
				"X-Frame-Options": "DENY", "Referrer-Policy": "same-origin",
			} {
				if got := page.Header.Get(name); !strings.HasSuffix(got, want) {
					t.Errorf("%s: %s is %q", path, name, got)
				}
			}
		}
		single := s.signedIn(owner.ID)
		begun := single.get("/admin")
		asked := single.to(single.get(begun.Header.Get("Location")), "/login/factor")
		asked.expect(t, 200, "/account/authenticator") // there is none: it says where to set one up
		_, params := begun.location(t)
		single.get("/admin/enter?"+url.Values{"state": {params.Get("state")}}.Encode()).expect(t, 403, "console.not_in")
		for _, evil := range []string{"https://evil.test", "//evil.test", "/account", "/adminevil", s.kernel.SealLocal("//evil.test"), s.kernel.SealLocal("/account"), ""} {
			answer := inside.get("/admin/enter?" + url.Values{"state": {evil}}.Encode())
			if got := answer.Header.Get("Location"); answer.StatusCode != http.StatusSeeOther || got != op+"/admin" {
				t.Errorf("%q leads to %q", evil, got)
			}
		}
		// The way back in from the host's command line needs no second factor.
		cookie, _, err := s.signin.Begin(t.Context(), signin.Proof{AccountID: owner.ID, AMR: []string{accounts.AMRLink}, ACR: signin.ACRSingle, At: s.now()}, signin.Browser{}, nil)
		must(t, err)
		linked := s.browser()
		linked.cookies[sessionName] = cookie
		linked.get("/admin").expect(t, 200)
		// A slash too many, or too few, is no other page, and leads nowhere else.
		for typed, page := range map[string]string{
			"/admin/": "/admin", "/admin/?days=7": "/admin?days=7", "/admin/clients/web1/": "/admin/clients/web1", "/admin/api": "/admin/api/",
			"/admin/%2F%2Fevil.test/": "/admin/%2F%2Fevil.test",
		} {
			if answer := inside.get(typed); answer.StatusCode != http.StatusSeeOther || answer.Header.Get("Location") != op+page {
				t.Errorf("%s: %d to %q", typed, answer.StatusCode, answer.Header.Get("Location"))
			}
		}
		for _, nothing := range []string{"/admin/nothing", "/adminevil/", "//admin/", "/admin//", "/account/"} {
			inside.get(nothing).expect(t, 404)
		}
		inside.send(post("/admin/", url.Values{"csrf": {inside.csrf()}})).expect(t, 404)
		// A role that is taken away closes the door at once.
		must(t, s.store.RevokeRole(t.Context(), owner.ID, office.Owner))
		inside.get("/admin").expect(t, 403, "console.no_role")
	})
}

// officePages are those that everybody who may all can look at.
var officePages = []string{"/admin", "/admin/clients", "/admin/new-client", "/admin/new-client?kind=web", "/admin/clients/web1",
	"/admin/accounts", "/admin/accounts/21992040", "/admin/clients/web1/access", "/admin/titles", "/admin/connectors", "/admin/webhooks", "/admin/new-connector", "/admin/new-connector?kind=oidc", "/admin/roles", "/admin/audit", "/admin/keys", "/admin/mail", "/admin/settings"}

// Everybody sees the sections that are theirs, and is refused the others whatever they type (role × page).
func TestOfficePermissions(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		links := regexp.MustCompile(`<nav class="sections"[^>]*>.*?</nav>`)
		for _, role := range office.Roles() {
			_, b := s.appointed(role+"@x.test", role)
			front := b.get("/admin")
			if role == office.TitleOwner {
				front = b.to(front, "/admin/clients")
			}
			nav := links.FindString(strings.ReplaceAll(front.expect(t, 200).body, "\n", ""))
			for path, action := range officeActions {
				actor, err := s.office.Of(t.Context(), s.idOf(role+"@x.test"))
				must(t, err)
				may := actor.May(action)
				if listed := strings.Contains(nav, `href="`+html.EscapeString(path)+`"`); listed != may {
					t.Errorf("%s: %s listed: %v", role, path, listed)
				}
				want := http.StatusForbidden
				if may {
					want = http.StatusOK
				}
				if path == "/admin" && !may {
					continue // leads to the first that is theirs
				}
				b.get(path).expect(t, want)
			}
		}
	})
}

// officeActions are what one needs for each page of the navigation.
var officeActions = map[string]office.Action{
	"/admin": office.ReadDashboard, "/admin/clients": office.ReadClients, "/admin/accounts": office.ReadAccounts, "/admin/titles": office.ReadPlayers, "/admin/connectors": office.ReadConnectors, "/admin/roles": office.ReadRoles,
	"/admin/audit": office.ReadAudit, "/admin/keys": office.ReadKeys, "/admin/mail": office.ReadMail, "/admin/settings": office.ReadSettings,
}

func (s *site) idOf(email string) string {
	s.t.Helper()
	a, err := s.office.Named(s.t.Context(), office.Host(), email)
	must(s.t, err)
	return a.ID
}
