package oidc

import (
	"net"
	"net/url"
	"slices"
	"strings"
)

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
