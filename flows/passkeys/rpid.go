package passkeys

import (
	"errors"
	"net"
	"net/url"
	"strings"

	"golang.org/x/net/publicsuffix"

	"pratu/flows/issuer"
)

// ErrRPID is an RP ID that browsers would refuse.
var ErrRPID = errors.New("rp_id is the issuer's host or a domain above it, in lower case, and no public suffix: for https://id.example.com either id.example.com or example.com")

// RPID is the domain that passkeys are made for: the configured one, or the issuer's host. It is "" for a host that is an
// address, where browsers make none.
func RPID(i issuer.Issuer, configured string) (string, error) {
	u, err := url.Parse(i.String())
	if err != nil {
		return "", err
	}
	host := strings.ToLower(u.Hostname())
	switch {
	case net.ParseIP(host) != nil:
		if configured != "" {
			return "", ErrRPID
		}
		return "", nil
	case configured == "" || configured == host:
		return host, nil
	}
	// A public suffix belongs to everybody (WebAuthn section 5.1.3: a registrable domain suffix or equal).
	suffix, _ := publicsuffix.PublicSuffix(configured)
	if !strings.HasSuffix(host, "."+configured) || suffix == configured {
		return "", ErrRPID
	}
	return configured, nil
}
