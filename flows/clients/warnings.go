package clients

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/idna"
)

// Warnings are things that are allowed but often a mistake.
func (c *Client) Warnings() []Problem {
	var ps Problems
	for i, raw := range c.Metadata.RedirectURIs {
		pointer := fmt.Sprintf("/redirect_uris/%d", i)
		u, err := url.Parse(raw)
		if err != nil {
			continue
		}
		switch {
		case strings.Contains(u.Hostname(), "xn--"):
			if host, err := idna.Display.ToUnicode(u.Hostname()); err == nil {
				ps.add(pointer, "uri.warn_idn", "the host reads %s: is that the domain you mean?", host)
			}
		case u.Scheme == "http" && u.Hostname() == "localhost" && c.Kind == KindNative:
			ps.add(pointer, "uri.warn_localhost", "localhost is not 127.0.0.1: only with an IP literal any port is accepted (RFC 8252 section 7.3)")
		case u.Scheme == "http" && c.Kind != KindNative && loopback(u.Hostname()):
			ps.add(pointer, "uri.warn_localhost", "localhost, 127.0.0.1 and [::1] are three addresses: the one that the application sends has to be here")
		case (u.Scheme == "https" && u.Port() == "443") || (u.Scheme == "http" && u.Port() == "80"):
			ps.add(pointer, "uri.warn_port", "the default port is part of the comparison: most applications leave it out")
		case len(u.Path) > 1 && u.Path[len(u.Path)-1] == '/':
			ps.add(pointer, "uri.warn_slash", "the trailing slash is part of the comparison")
		}
	}
	if a, ok := ParseAccent(c.Settings.AccentColor); ok && (a.Light != c.Settings.AccentColor || a.Dark != c.Settings.AccentColor) {
		ps.add("/settings/accent_color", "setting.warn_accent", "to be readable it is shown as %s, in the dark scheme as %s", a.Light, a.Dark)
	}
	c.warnScopes(&ps)
	if !c.RequirePKCE() {
		ps.add("/settings/require_pkce", "setting.warn_pkce", "PKCE is off for this client: codes are protected by its secret alone")
	}
	if c.Metadata.inFront() {
		ps.add("/response_types", "client.warn_front", "tokens go through the browser, where pages and histories see them: code with PKCE does the same without")
	}
	return ps
}

// warnScopes finds slips among scopes. An application's own are free, so none is refused for being unknown.
func (c *Client) warnScopes(ps *Problems) {
	known, people := strings.Fields(DefaultScope+" "+DirectoryScope), kinds[c.Kind].people
	for _, s := range c.Scopes() {
		if strings.Contains(s, ",") {
			ps.add("/scope", "scope.warn_comma", "%s is one scope: separate scopes by spaces", s)
		} else if near := DidYouMean(s, known); people && near != "" && !slices.Contains(known, s) {
			ps.add("/scope", "scope.warn_unknown", "%s is none of the standard scopes%s", s, near)
		}
	}
	if people && !slices.Contains(c.Scopes(), "openid") {
		ps.add("/scope", "scope.warn_openid", "without openid there is no ID token: add it if people sign in")
	}
}
