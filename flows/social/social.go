// Package social owns how people sign in with a provider elsewhere: the way there and back, what is believed of what it
// says, and whom that makes of somebody here. Goth speaks to providers; what it leaves open (state, nonce, PKCE, signatures,
// deadlines, sizes, redirects) is closed around it. How connectors are set up is flows/connectors', accounts are
// flows/accounts', sessions flows/signin's.
package social

import (
	"net/url"
	"strings"
	"time"

	"pratu/flows/accounts"
	"pratu/flows/audit"
	"pratu/flows/connectors"
	"pratu/flows/issuer"
	"pratu/flows/limits"
	"pratu/flows/outbound"
	"pratu/flows/secret"
	"pratu/storage"
)

const (
	// RequestLife is how long somebody may be away at a provider.
	RequestLife = 10 * time.Minute
	// AnswerTime is how long a provider may keep us, all calls of a sign-in together.
	AnswerTime = 4 * time.Second
	// Most is how many logins elsewhere an account may have.
	Most = 20
	// AMR is what a sign-in elsewhere is among methods.
	AMR = "fed"
)

// Service brokers sign-ins. Hosts may be empty; the rest is required.
type Service struct {
	Store      *storage.Store
	Keyring    *secret.Keyring
	Connectors *connectors.Service
	Accounts   *accounts.Service
	Limiter    *limits.Limiter
	Audit      *audit.Log
	Outbound   *outbound.Client
	Issuer     issuer.Issuer
	Hosts      Hosts
	Now        func() time.Time

	sources sources
	keys    keyCache
}

// Trust is how far a provider is believed about an address.
type Trust int

// An address that is only asserted may be anybody's: tenants of Microsoft write what they like into it (nOAuth, 2023).
const (
	None          Trust = iota // there is no address
	Asserted                   // a note, never an identifier
	Authoritative              // the provider runs the mailbox, or the administrator trusts it with the domain
)

// Identity is who somebody is elsewhere, as a provider just said.
type Identity struct {
	Connector *connectors.Connector
	Namespace string // whose subject it is
	Subject   string
	Email     string
	Trust     Trust
	Claims    map[string]any // what else was said; none of it is proven
	AuthTime  time.Time      // zero where the provider didn't say
}

// Hosts points providers at fakes, in development: host → where it is.
type Hosts map[string]*url.URL

// ParseHosts reads host=URL pairs, separated by commas.
func ParseHosts(text string) (Hosts, error) {
	h := Hosts{}
	for pair := range strings.SplitSeq(text, ",") {
		if pair = strings.TrimSpace(pair); pair == "" {
			continue
		}
		host, target, ok := strings.Cut(pair, "=")
		u, err := url.Parse(target)
		if !ok || err != nil || host == "" || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.RawQuery != "" {
			return nil, &url.Error{Op: "parse", URL: pair, Err: errHosts}
		}
		h[strings.ToLower(host)] = u
	}
	return h, nil
}

// at is where a URL of a provider is to be found.
func (h Hosts) at(u *url.URL) *url.URL {
	fake, ok := h[strings.ToLower(u.Host)]
	if !ok {
		return u
	}
	moved := *u
	moved.Scheme, moved.Host = fake.Scheme, fake.Host
	moved.Path, moved.RawPath = strings.TrimSuffix(fake.Path, "/")+u.Path, ""
	return &moved
}

// callback is the address of ours that one connector answers at: one for each, so that no provider's answer passes for
// another's (mix-up; OAuth 2.0 Security BCP section 4.4.2.2).
func (s *Service) callback(c *connectors.Connector) string {
	return s.Issuer.URL(issuer.PathFederation + "/" + c.ID + "/callback")
}
