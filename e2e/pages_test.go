package e2e

import (
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
)

// looks are the combinations that every page is seen in: each pair of language, scheme and width at least once, or with
// PRATU_E2E=full all of them.
func looks() []look {
	if os.Getenv("PRATU_E2E") != "full" {
		return []look{
			{"en", "light", 320}, {"en", "dark", 390}, {"en", "light", 1280},
			{"th", "dark", 320}, {"th", "light", 390}, {"th", "dark", 1280},
		}
	}
	var all []look
	for _, lang := range []string{"en", "th"} {
		for _, scheme := range []string{"light", "dark"} {
			for _, width := range []int64{320, 390, 1280} {
				all = append(all, look{lang, scheme, width})
			}
		}
	}
	return all
}

// sight is a page, and the way to it in a tab that speaks one language.
type sight struct {
	name   string
	status int
	visit  func(b *tab) int
	lang   string // of pages that have one language only
}

func at(name, url string) sight {
	return sight{name: name, status: http.StatusOK, visit: func(b *tab) int { return b.open(url) }}
}

// TestPages looks at every page in both languages, both colour schemes and three widths: axe finds nothing, nothing
// overflows, and the console stays silent.
func TestPages(t *testing.T) {
	t.Parallel()
	p := startDev(t)
	p.account("mali@example.com")
	t.Run("signed out", func(t *testing.T) { p.look(t, func(*tab) {}, p.signedOut()) })
	t.Run("signed in", func(t *testing.T) {
		p.look(t, func(b *tab) {
			b.open(p.Issuer + "/login")
			b.signIn("mali@example.com")
			b.at(p.Issuer + "/account")
		}, p.signedIn())
	})
}

// look visits each page once for each language, and lets it appear in all its looks there.
func (p *program) look(t *testing.T, prepare func(*tab), sights []sight) {
	for _, lang := range []string{"en", "th"} {
		b := newTab(t)
		b.speak(lang)
		prepare(b)
		for _, s := range sights {
			if s.lang != "" && s.lang != lang {
				continue
			}
			b.appear(look{lang, "light", 390})
			if status := s.visit(b); status != s.status {
				t.Errorf("%s in %s: status %d, not %d", s.name, lang, status, s.status)
			}
			for _, l := range looks() {
				if l.lang == lang {
					b.appear(l)
					b.wellFormed(s.name, l)
					b.picture(s.name + "-" + l.String())
				}
			}
			b.quiet()
		}
	}
}

// signedOut are the pages of somebody who isn't known yet.
func (p *program) signedOut() []sight {
	login := p.Issuer + "/login"
	demo := at("demo", p.Demo)
	demo.lang = "en"
	return []sight{
		demo,
		at("login", login),
		{name: "login-from-demo", status: http.StatusOK, visit: func(b *tab) int { return b.open(p.Demo + "/sign-in") }},
		{name: "login-refused", status: http.StatusUnprocessableEntity, visit: func(b *tab) int {
			b.open(login)
			b.fill(`#sign-in [name=username]`, "nobody@example.com")
			b.fill(`#sign-in [name=password]`, "wrong "+password)
			return b.click(`#sign-in-submit`)
		}},
		at("sign-up", p.Issuer+"/sign-up"),
		{name: "sign-up-refused", status: http.StatusUnprocessableEntity, visit: func(b *tab) int {
			b.open(p.Issuer + "/sign-up")
			b.fill(`#sign-up [name=email]`, "new@example.com")
			b.fill(`#sign-up [name=password]`, "short")
			return b.click(`#sign-up [type=submit]`)
		}},
		{name: "verify", status: http.StatusOK, visit: func(b *tab) int {
			b.open(p.Issuer + "/sign-up")
			b.fill(`#sign-up [name=email]`, "new@example.com")
			b.fill(`#sign-up [name=password]`, password)
			return b.click(`#sign-up [type=submit]`)
		}},
		{name: "link", status: http.StatusOK, visit: func(b *tab) int {
			p.mails(b)
			b.open(eval[string](b, `[...document.querySelectorAll('#mails a')].find(a => a.closest('li, tr, div').textContent.includes('new@example.com')).href`))
			call(b, network.ClearBrowserCookies, cdp.Empty{}) // as in the browser of a mail program
			return b.click(`#mail-links a`)
		}},
		{name: "sign-up-empty", status: http.StatusUnprocessableEntity, visit: func(b *tab) int {
			b.open(p.Issuer + "/sign-up")
			eval[bool](b, `document.querySelectorAll('#sign-up [required]').forEach(e => { e.required = false }), true`)
			return b.click(`#sign-up [type=submit]`)
		}},
		at("login-code", p.Issuer+"/login/code"),
		{name: "login-code-verify", status: http.StatusOK, visit: func(b *tab) int {
			b.open(p.Issuer + "/login/code")
			b.fill(`#login-code [name=username]`, "mali@example.com")
			return b.click(`#login-code [type=submit]`)
		}},
		at("recover", p.Issuer+"/recover"),
		{name: "recover-verify", status: http.StatusOK, visit: func(b *tab) int {
			b.open(p.Issuer + "/recover")
			b.fill(`#recover [name=username]`, "mali@example.com")
			return b.click(`#recover [type=submit]`)
		}},
		at("signed-out", p.Issuer+"/signed-out"),
		at("setup", p.Setup),
		at("dev-mail", p.Issuer+"/dev/mail"),
		{name: "not-found", status: http.StatusNotFound, visit: func(b *tab) int { return b.open(p.Issuer + "/nowhere") }},
		{name: "other-host", status: http.StatusMisdirectedRequest, visit: func(b *tab) int {
			return b.open(strings.Replace(p.Issuer, "localhost", "127.0.0.1", 1) + "/login")
		}},
		{name: "unknown-client", status: http.StatusBadRequest, visit: func(b *tab) int {
			return b.open(p.Issuer + "/oauth2/authorize?client_id=nobody&response_type=code&redirect_uri=" + url.QueryEscape("https://nowhere.test/"))
		}},
		{name: "redirect-uri", status: http.StatusBadRequest, visit: func(b *tab) int {
			return b.open(p.Issuer + "/oauth2/authorize?client_id=demo-web&response_type=code&redirect_uri=" + url.QueryEscape("https://nowhere.test/a/long/way/back?with=a-query&and=more-of-it\u202e"))
		}},
		{name: "expired", status: http.StatusNotFound, visit: func(b *tab) int { return b.open(login + "?interaction=gone") }},
	}
}

// signedIn are the pages of somebody with a session.
func (p *program) signedIn() []sight {
	ask := func(query string) func(b *tab) int {
		return func(b *tab) int { return b.open(p.Demo + "/sign-in?" + query) }
	}
	return []sight{
		at("account", p.Issuer+"/account"),
		at("profile", p.Issuer+"/account/profile"),
		at("password", p.Issuer+"/account/password"),
		at("security", p.Issuer+"/account/security"),
		at("authenticator", p.Issuer+"/account/authenticator"),
		at("recovery-codes", p.Issuer+"/account/recovery-codes"),
		at("sessions", p.Issuer+"/account/sessions"),
		at("applications", p.Issuer+"/account/applications"),
		at("activity", p.Issuer+"/account/activity"),
		at("data", p.Issuer+"/account/data"),
		at("delete", p.Issuer+"/account/delete"),
		at("confirm", p.Issuer+"/account/confirm?to=/account/password"),
		at("passkeys", p.Issuer+"/account/passkeys"),
		at("logins", p.Issuer+"/account/logins"),
		{name: "consent", status: http.StatusOK, visit: ask("prompt=consent")},
		{name: "select-account", status: http.StatusOK, visit: ask("prompt=select_account")},
		{name: "login-again", status: http.StatusOK, visit: ask("prompt=login")},
		at("sign-out", p.Issuer+"/sign-out"),
		{name: "demo-signed-in", status: http.StatusOK, lang: "en", visit: func(b *tab) int {
			b.open(p.Demo + "/sign-in")
			if b.has(`#consent-allow`) {
				return b.click(`#consent-allow`)
			}
			return http.StatusOK
		}},
		at("applications", p.Issuer+"/account/applications"),
		{name: "profile-wrong", status: http.StatusUnprocessableEntity, visit: func(b *tab) int {
			b.open(p.Issuer + "/account/profile")
			eval[bool](b, `document.getElementById('birthdate').value = '2542-01-02', document.getElementById('website').value = 'mali', true`)
			return b.click(`#profile-form [type=submit]`)
		}},
		{name: "delete-unsure", status: http.StatusUnprocessableEntity, visit: func(b *tab) int {
			b.open(p.Issuer + "/account/delete")
			eval[bool](b, `document.getElementById('confirm').required = false, true`)
			return b.click(`#delete-submit`)
		}},
		{name: "forged-form", status: http.StatusForbidden, visit: func(b *tab) int {
			b.open(p.Issuer + "/sign-out")
			eval[bool](b, `document.querySelector('#sign-out [name=csrf]').value = 'forged', true`)
			return b.click(`#sign-out-confirm`)
		}},
	}
}

// Each pair of values has to be among the looks, or the reduced matrix leaves something out.
func TestLooksArePairwise(t *testing.T) {
	all := looks()
	for _, a := range []string{"en", "th"} {
		for _, s := range []string{"light", "dark"} {
			if !slices.ContainsFunc(all, func(l look) bool { return l.lang == a && l.scheme == s }) {
				t.Errorf("%s is never seen in %s", a, s)
			}
			for _, w := range []int64{320, 390, 1280} {
				if !slices.ContainsFunc(all, func(l look) bool { return l.lang == a && l.width == w }) ||
					!slices.ContainsFunc(all, func(l look) bool { return l.scheme == s && l.width == w }) {
					t.Errorf("%s or %s is never seen at %d px", a, s, w)
				}
			}
		}
	}
}
