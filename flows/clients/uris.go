package clients

import (
	"fmt"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/idna"
)

const (
	maxURI  = 2048
	maxURIs = 100
)

// Schemes that execute or read instead of opening a page (Keycloak CVE-2026-9086). Only the schemes of the allow-list
// pass anyway; these get a message of their own.
var dangerous = map[string]bool{
	"javascript": true, "data": true, "file": true, "vbscript": true, "blob": true, "about": true, "view-source": true,
	"filesystem": true, "chrome": true, "intent": true, "jar": true, "ftp": true, "ws": true, "wss": true,
}

var privateUse = regexp.MustCompile(`^[a-z][a-z0-9+-]*(\.[a-z0-9][a-z0-9+-]*)+$`)

// redirectURIs checks a list of URIs that browsers are sent to. field is the JSON member.
func redirectURIs(ps *Problems, field, clientKind string, uris []string) {
	if len(uris) > maxURIs {
		ps.add("/"+field, "uri.too_many", "at most %d URIs", maxURIs)
		return
	}
	seen := map[string]int{}
	for i, raw := range uris {
		pointer := fmt.Sprintf("/%s/%d", field, i)
		if first, dup := seen[raw]; dup {
			ps.add(pointer, "uri.duplicate", "the same URI as number %d of the list; leave one out", first)
			continue
		}
		seen[raw] = i
		if u := plainURI(ps, pointer, raw); u != nil {
			redirectScheme(ps, pointer, clientKind, u)
		}
	}
}

// plainURI refuses what no URI of a client may have, whatever it is for. It returns nil after adding a problem.
func plainURI(ps *Problems, pointer, raw string) *url.URL {
	refuse := func(code, format string, args ...any) *url.URL {
		ps.add(pointer, code, format, args...)
		return nil
	}
	switch {
	case raw == "":
		return refuse("uri.empty", "is empty: leave it out")
	case len(raw) > maxURI:
		return refuse("uri.too_long", "longer than %d bytes: shorten it", maxURI)
	case strings.ContainsFunc(raw, func(r rune) bool { return r <= ' ' || r == 0x7f || r == '\\' }):
		return refuse("uri.characters", "spaces, control characters and backslashes are not allowed; percent-encode them")
	case strings.Contains(raw, "*"):
		return refuse("uri.wildcard", "wildcards are not supported: list each URI")
	case strings.Contains(raw, "#"):
		return refuse("uri.fragment", "a fragment is not allowed: leave out the # and what follows (RFC 6749 section 3.1.2)")
	case !ascii(raw):
		return refuse("uri.non_ascii", "only ASCII is allowed%s", punycode(raw))
	}
	scheme, _, found := strings.Cut(raw, ":")
	if found && dangerous[strings.ToLower(scheme)] {
		return refuse("uri.scheme", "the scheme %s is refused: use https", strings.ToLower(scheme))
	}
	u, err := url.Parse(raw)
	if err != nil || u.Scheme == "" {
		return refuse("uri.not_absolute", "must be an absolute URI such as https://app.example.com/callback")
	}
	switch {
	case scheme != u.Scheme || u.Host != strings.ToLower(u.Host):
		return refuse("uri.case", "write scheme and host in lower case: redirect URIs are compared byte by byte")
	case u.User != nil || strings.Contains(authority(raw), "@"):
		return refuse("uri.userinfo", "user information (name@) is not allowed: leave it out")
	}
	return u
}

func redirectScheme(ps *Problems, pointer, clientKind string, u *url.URL) {
	web := clientKind == KindWeb || clientKind == KindSPA
	switch {
	case u.Scheme == "https" || u.Scheme == "http":
		if u.Hostname() == "" || u.Opaque != "" {
			ps.add(pointer, "uri.not_absolute", "must be an absolute URI such as https://app.example.com/callback")
		} else if u.Scheme == "http" && !loopback(u.Hostname()) {
			ps.add(pointer, "uri.http", "http only for localhost, 127.0.0.1 and [::1]: use https")
		} else if p := u.Port(); strings.HasSuffix(u.Host, ":") || (p != "" && !validPort(p)) {
			ps.add(pointer, "uri.port", "the port is empty or out of range: write 1 to 65535, or no colon")
		}
	case web:
		ps.add(pointer, "uri.kind", "kind %s expects https (http only for localhost), not %s: – an installed app is kind native", clientKind, u.Scheme)
	case !privateUse.MatchString(u.Scheme):
		ps.add(pointer, "uri.private_use",
			"an app's scheme is a reversed domain name with a period, such as com.example.app:/callback (RFC 8252 section 7.1), not %s:",
			u.Scheme)
	case !strings.HasPrefix(u.String(), u.Scheme+":/"):
		ps.add(pointer, "uri.not_absolute", "must look like %s:/callback", u.Scheme)
	}
}

// pageURI checks an address that a page links to or, for logos, shows.
func pageURI(ps *Problems, field, raw string) {
	if raw == "" {
		return
	}
	pointer := "/" + field
	u := plainURI(ps, pointer, raw)
	switch {
	case u == nil:
	case u.Scheme == "https" && u.Hostname() != "":
	case u.Scheme == "http" && loopback(u.Hostname()):
	default:
		ps.add(pointer, "uri.http", "must be https (http only for localhost)")
	}
}

// logoutURIs checks where a client hears of the end of a session. What is loaded in a frame of our page has to be of an
// origin that people are sent to anyway (Front-Channel Logout section 2).
func logoutURIs(ps *Problems, clientKind string, m *Metadata) {
	for _, u := range []struct {
		field, uri string
		session    bool
	}{
		{"backchannel_logout", m.BackchannelLogoutURI, m.BackchannelSession},
		{"frontchannel_logout", m.FrontchannelLogoutURI, m.FrontchannelSession},
	} {
		switch {
		case u.uri != "" && clientKind == KindMachine:
			ps.add("/"+u.field+"_uri", "uri.kind", "kind machine has no sessions: leave it out")
		case u.uri == "" && u.session:
			ps.add("/"+u.field+"_session_required", "uri.missing", "needs %s_uri", u.field)
		default:
			pageURI(ps, u.field+"_uri", u.uri)
		}
	}
	front, err := url.Parse(m.FrontchannelLogoutURI)
	if m.FrontchannelLogoutURI == "" || err != nil || clientKind == KindMachine {
		return
	}
	if !slices.ContainsFunc(m.RedirectURIs, func(raw string) bool {
		u, err := url.Parse(raw)
		return err == nil && u.Scheme == front.Scheme && u.Host == front.Host
	}) {
		ps.add("/frontchannel_logout_uri", "uri.frontchannel", "must have scheme, host and port of a redirect URI")
	}
}

// numeric is a host that resolvers take for an address: 2130706433, 0x7f.1, 0 (WHATWG URL section 3.5).
var numeric = regexp.MustCompile(`(?i)(^|\.)([0-9]+|0x[0-9a-f]*)\.?$`)

// fetchedURI checks an address that we fetch. The guarded client refuses what isn't public; what is stored must not become
// a lever for requests into our own network either (Keycloak CVE-2026-1180), so it is https to a name.
func fetchedURI(ps *Problems, field, raw string) {
	if raw == "" {
		return
	}
	u := plainURI(ps, "/"+field, raw)
	if u == nil {
		return
	}
	if u.Scheme != "https" || u.Hostname() == "" || loopback(u.Hostname()) || net.ParseIP(u.Hostname()) != nil || numeric.MatchString(u.Hostname()) {
		ps.add("/"+field, "uri.fetched", "must be https with a public host name, no IP address")
	}
}

// requestURIs checks where the client keeps requests: signed ones, so it has keys. A fragment only says that one changed
// (OpenID Connect Core section 6.2).
func requestURIs(ps *Problems, m *Metadata) {
	if len(m.RequestURIs) > maxURIs {
		ps.add("/request_uris", "uri.too_many", "at most %d URIs", maxURIs)
		return
	}
	if len(m.RequestURIs) > 0 && m.JWKS == nil && m.JWKSURI == "" {
		ps.add("/request_uris", "client.jwks", "requests are signed: give jwks or jwks_uri")
	}
	for i, raw := range m.RequestURIs {
		bare, _, _ := strings.Cut(raw, "#")
		fetchedURI(ps, fmt.Sprintf("request_uris/%d", i), bare)
	}
}

func origins(ps *Problems, list []string) {
	for i, raw := range list {
		pointer := fmt.Sprintf("/allowed_origins/%d", i)
		u := plainURI(ps, pointer, raw)
		if u == nil {
			continue
		}
		if u.Scheme+"://"+u.Host != raw || u.Hostname() == "" || (u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname()))) {
			ps.add(pointer, "uri.origin", "an origin is https://host[:port] without a path (http only for localhost)")
		}
	}
}

// loopback knows the hosts for which plain http is harmless.
func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

func validPort(p string) bool {
	n := 0
	for _, r := range p {
		if r < '0' || r > '9' || n > 65535 {
			return false
		}
		n = n*10 + int(r-'0')
	}
	return n > 0 && n <= 65535
}

// authority is what stands between // and the next slash or question mark.
func authority(raw string) string {
	_, rest, ok := strings.Cut(raw, "://")
	if !ok {
		return ""
	}
	if i := strings.IndexAny(rest, "/?"); i >= 0 {
		rest = rest[:i]
	}
	return rest
}

func ascii(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > 0x7e })
}

// punycode suggests how a Unicode host is written, e.g. https://xn--… for a Thai domain.
func punycode(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Hostname() == "" || ascii(u.Hostname()) {
		return "; percent-encode the rest"
	}
	host, err := idna.Lookup.ToASCII(u.Hostname())
	if err != nil {
		return ""
	}
	return fmt.Sprintf("; write the host %s as %s", u.Hostname(), host)
}
