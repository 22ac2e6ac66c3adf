package pages

import (
	"net/http"
	"net/url"
	"strings"

	"pratu/flows/clients"
	"pratu/flows/issuer"
	"pratu/server/web"
)

// brand shows a client in the language of an answer. A client that nobody vetted may name any page as its own: what it
// is shown with is where the browser goes, redirectHost, or the first place where it could.
func (s *Server) brand(r *http.Request, c *clients.Client, redirectHost string) *web.Brand {
	locale := web.LocaleOf(r.Context())
	word := func(member string) string { return c.Metadata.Word(member, locale) }
	host := hostOf(word("client_uri"), nil)
	switch {
	case c.Origin == clients.OriginDocument:
		host = hostOf(c.ID, nil)
	case c.Unverified() && redirectHost != "":
		host = web.Inert(redirectHost)
	case c.Unverified():
		host = hostOf("", c.Metadata.RedirectURIs)
	}
	b := web.NewBrand(c.ID, c.NameIn(locale), host, link(word("policy_uri")), link(word("tos_uri")))
	if version := c.LogoVersion(); version != "" {
		b.Logo = s.Web.Issuer.Path() + issuer.PathClientLogo + "/" + c.ID + "?v=" + version
	}
	if _, ok := c.Accent(); ok {
		b.Style = s.Web.Issuer.Path() + issuer.PathClientStyle + "/" + strings.TrimPrefix(c.Settings.AccentColor, "#") + ".css"
	}
	if !c.Unverified() {
		b.Text = web.InertText(c.Settings.SignInText.In(locale))
	}
	return b
}

// clientName is what a mail calls the client, or "". What a stranger wrote has no place in mails of ours.
func (v visit) clientName() string {
	if v.interaction == nil || v.interaction.Client.Unverified() {
		return ""
	}
	return v.interaction.Client.NameIn(web.LocaleOf(v.r.Context()))
}

// link lets only what a browser may follow into a page.
func link(uri string) string {
	if u, err := url.Parse(uri); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return ""
	}
	return uri
}

// hostOf is where a client lives: its own page's host, else where it has browsers sent back to.
func hostOf(clientURI string, redirectURIs []string) string {
	for _, uri := range append([]string{clientURI}, redirectURIs...) {
		if u, err := url.Parse(uri); err == nil && u.Host != "" {
			return web.Inert(u.Host)
		}
	}
	return ""
}
