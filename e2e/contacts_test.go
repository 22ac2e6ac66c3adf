package e2e

import (
	"net/http"
	"testing"
)

// TestContactPages looks at recovery, contacts and the end of somebody else's session as TestPages does.
func TestContactPages(t *testing.T) {
	t.Parallel()
	p := startDev(t)
	p.account("mali@example.com")
	signIn := func(b *tab) {
		b.open(p.Issuer + "/login")
		b.signIn("mali@example.com")
		b.at(p.Issuer + "/account")
	}
	// newest opens the link of the newest mail.
	newest := func(b *tab) int {
		p.mails(b)
		b.click(`#mails a`)
		return b.click(`#mail-links a`)
	}
	filled := func(path, form, field, text string, status int) func(b *tab) int {
		return func(b *tab) int {
			b.open(p.Issuer + path)
			b.fill(form+` [name=`+field+`]`, text)
			if got := b.click(form + ` [type=submit]`); got != status {
				t.Errorf("%s: %d", path, got)
			}
			return status
		}
	}
	ok, refused := http.StatusOK, http.StatusUnprocessableEntity
	t.Run("recover", func(t *testing.T) {
		p.look(t, func(*tab) {}, []sight{
			at("recover", p.Issuer+"/recover"),
			{name: "recover-refused", status: refused, visit: filled("/recover", "#recover", "username", "nonsense", refused)},
			{name: "recover-code", status: ok, visit: filled("/recover", "#recover", "username", "mali@example.com", ok)},
			{name: "recover-password", status: ok, visit: newest},
			{name: "recover-password-refused", status: refused, visit: func(b *tab) int {
				newest(b)
				b.fill(`#recover-password [name=password]`, "short")
				return b.click(`#recover-password-submit`)
			}},
		})
	})
	t.Run("contacts", func(t *testing.T) {
		p.look(t, signIn, []sight{
			at("contacts", p.Issuer+"/account/contacts"),
			{name: "contacts-refused", status: refused, visit: filled("/account/contacts", "#contacts", "contact", "nonsense", refused)},
			{name: "contacts-code", status: ok, visit: filled("/account/contacts", "#contacts", "contact", "mali.two@example.com", ok)},
			{name: "contacts-link", status: ok, visit: newest},
		})
	})
	t.Run("end session", func(t *testing.T) {
		p.look(t, signIn, []sight{{name: "end-session", status: ok, visit: newest}})
	})
}
