package server_test

import (
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"pratu/flows/issuer"
	"pratu/flows/mail"
	"pratu/server"
	"pratu/server/identity"
	"pratu/server/oauth"
	"pratu/server/pages"
	"pratu/server/web"
	"pratu/static"
	"pratu/templates"
)

// A link signs nobody out; the form does, all of the browser, and then leads only where we said.
func TestSignOut(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		b := s.browser()
		b.to(b.login(malisMail, malisPassword), "/account")
		cookie := b.cookies[sessionName]
		page := b.get("/sign-out").expect(t, 200, `id="sign-out-confirm"`, "m•••@x.test")
		if !b.isIn() {
			t.Fatal("signed out by looking")
		}
		b.send(post("/sign-out", url.Values{})).expect(t, 403)
		b.to(b.get("/signed-out"), "/account").expect(t, 200, "Mali Saelim")
		b.to(b.submit(page, "sign-out"), "/signed-out").expect(t, 200)
		if b.cookies[sessionName] != "" {
			t.Error("the cookie stays")
		}
		b.cookies[sessionName] = cookie
		if b.isIn() {
			t.Error("the cookie still works")
		}
		b.to(b.get("/sign-out"), "/signed-out")
		// After RP-initiated logout the way leads to the relying party, if a person says so.
		id := text(s.tokens(s.signedIn("bob")), "id_token")
		b = s.signedIn("alice")
		asked := b.get("/oauth2/logout?" + url.Values{"id_token_hint": {id}, "post_logout_redirect_uri": {"https://rp.test/bye"}, "state": {"s1"}}.Encode())
		page = b.to(asked, "/sign-out").expect(t, 200)
		if target, params := b.submit(page, "sign-out").location(t); target != "https://rp.test/bye" || params.Get("state") != "s1" {
			t.Error(target, params)
		}
	})
}

// Disabled accounts are out within one request (HP, rulings 3.4).
func TestDisabledAccountIsOut(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		b := s.browser()
		b.to(b.login(malisMail, malisPassword), "/account")
		s.exec(`UPDATE accounts SET status = '2' WHERE id = '` + s.mali.ID + `'`)
		b.to(b.get("/account"), "/login").expect(t, 200, `id="sign-in"`)
	})
}

// Mails of a developer's machine: readable there, and nowhere else.
func TestDevMail(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		b := s.browser()
		b.get("/dev/mail").expect(t, 404)
		dir := t.TempDir()
		s.dev(dir)
		b.get("/dev/mail").expect(t, 200)
		sender := must1(mail.Open("file:"+dir, nil))(t)
		must(t, sender.Send(t.Context(), mail.Envelope{
			ID: "m1", From: "Pratu <no-reply@op.test>", To: newcomer, Subject: "123456 – ยืนยันอีเมล", Date: s.now(), Locale: "th",
			Text: "รหัส 123456\n" + op + "/sign-up/link?token=t1\n", HTML: "<p>123456</p>",
		}))
		must(t, os.WriteFile(filepath.Join(dir, "secret.txt"), []byte("Subject: no\r\n\r\nno mail"), 0o600))
		must(t, os.WriteFile(filepath.Join(dir, "broken.eml"), []byte("no mail"), 0o600))
		page := b.get("/dev/mail").expect(t, 200, "ยืนยันอีเมล", newcomer)
		b.get(linkTo(t, page.body, "/dev/mail/"+nameIn(t, dir))).expect(t, 200, "รหัส 123456", `href="`+op+`/sign-up/link?token=t1"`)
		for _, name := range []string{"secret.txt", "broken.eml", "..%2fsecret.txt", "%2e%2e", "none.eml"} {
			b.get("/dev/mail/"+name).expect(t, 404)
		}
	})
}

func nameIn(t *testing.T, dir string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "2*.eml"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	return filepath.Base(files[0])
}

// dev turns the site into one of development, whose mails are files in a directory.
func (s *site) dev(dir string) { s.moved(op, dir) }

// moved puts the pages at another issuer.
func (s *site) moved(to, dir string) {
	s.t.Helper()
	i := must1(issuer.New(to))(s.t)
	kernel := &web.Kernel{
		Issuer: i, Keyring: s.ring, Renderer: must1(web.New(templates.FS, static.FS, i.Path()))(s.t), Now: s.now, Dev: dir != "",
		Logger: slog.New(slog.NewJSONHandler(s.log, nil)),
	}
	s.handler = server.Handler(server.Deps{Web: kernel, OAuth: &oauth.Server{Metadata: []byte("{}")}, Identity: &identity.Server{
		LookupPath: issuer.PathAccountsByMobile, PartnerPath: issuer.PathPartnerToken,
	}, Pages: &pages.Server{
		Web: kernel, Social: s.social, Signin: s.signin, Farewells: s.logout, Accounts: s.accounts, Passkeys: s.passkeysAt(i), MailDir: dir, Now: s.now,
	}})
}

// An issuer with a path: everything below it, nothing beside it, but RFC 8414 section 3.1.
func TestIssuerPath(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		s.moved(op+"/auth", "")
		b := s.browser()
		for path, status := range map[string]int{
			"/login": 404, "/": 404, "/auth": 404, "/auth/nothing": 404, "/auth/login": 200, "/.well-known/oauth-authorization-server/auth": 200,
			"/auth/.well-known/openid-configuration": 200, "/.well-known/openid-configuration": 404,
		} {
			b.get(path).expect(t, status)
		}
		s.refused(b.get("/auth/oauth2/nothing"), 404, "not_found")
		page := b.get("/auth/login")
		for _, link := range regexp.MustCompile(`(?:href|src|action)="([^"]*)"`).FindAllStringSubmatch(page.body, -1) {
			if !strings.HasPrefix(link[1], "/auth/") {
				t.Errorf("a link to %s", link[1])
			}
		}
		b.to(b.get(linkTo(t, b.get("/auth/signed-out").body, "/auth/language")), "/auth/signed-out").expect(t, 200, `<html lang="th">`)
		in := b.to(b.submit(page, "sign-in", "username", malisMail, "password", malisPassword), "/auth/account").expect(t, 200)
		b.to(b.submit(b.get(linkTo(t, in.body, "/auth/sign-out")), "sign-out"), "/auth/signed-out").expect(t, 200)
	})
}
