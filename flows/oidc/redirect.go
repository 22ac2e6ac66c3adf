package oidc

import (
	"net"
	"net/url"
	"slices"
	"strings"

	"pratu/flows/authorize"
)

// Redirect is an answer on its way to the relying party.
type Redirect struct {
	URI    string
	Mode   string
	Params url.Values
}

// redirect adds what every answer has: the request's state, unchanged, and who we are (RFC 9207).
func (p *Provider) redirect(r *Request, params url.Values) Redirect {
	if r.HasState && len(r.State) <= maxState {
		params.Set("state", r.State)
	}
	params.Set("iss", p.Issuer.String())
	return Redirect{URI: r.RedirectURI, Mode: r.ResponseMode, Params: params}
}

// URL is the address of a redirect by query or fragment. The registered URI's own query is kept byte for byte.
func (r Redirect) URL() string {
	if len(r.Params) == 0 {
		return r.URI
	}
	separator := "?"
	if r.Mode == authorize.ModeFragment {
		separator = "#"
	} else if strings.Contains(r.URI, "?") {
		separator = "&"
	}
	return r.URI + separator + r.Params.Encode()
}

// redirectMatches compares byte by byte. The one relaxation is the port of a registered http URI with a loopback IP
// literal (RFC 8252 section 7.3), and there too everything else must be the same bytes: fosite's matcher would ignore
// the registered scheme, accept user information and compare decoded paths.
func redirectMatches(registered []string, asked string) bool {
	if slices.Contains(registered, asked) {
		return true
	}
	bare, ok := withoutLoopbackPort(asked)
	if !ok {
		return false
	}
	return slices.ContainsFunc(registered, func(r string) bool {
		cut, ok := withoutLoopbackPort(r)
		return ok && cut == bare
	})
}

func withoutLoopbackPort(raw string) (string, bool) {
	rest, ok := strings.CutPrefix(raw, "http://")
	if !ok {
		return "", false
	}
	u, err := url.Parse(raw)
	if err != nil || u.User != nil {
		return "", false
	}
	if ip := net.ParseIP(u.Hostname()); ip == nil || !ip.IsLoopback() {
		return "", false
	}
	authority, path := rest, ""
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		authority, path = rest[:i], rest[i:]
	}
	if port := u.Port(); port != "" {
		authority = strings.TrimSuffix(authority, ":"+port)
	}
	return authority + path, !strings.HasSuffix(authority, ":") && !strings.Contains(path, "#")
}
