package clients

import (
	"net/url"
	"slices"
	"strings"
)

// initiateURI checks where a sign-in can be begun from elsewhere. It is https (OpenID Connect Core section 4); by http it is
// only that of an application which lives on the developer's own machine as a whole.
func initiateURI(ps *Problems, m *Metadata) {
	const field = "initiate_login_uri"
	before := len(*ps)
	pageURI(ps, field, m.InitiateLoginURI)
	plain := func(uri string) bool { return strings.HasPrefix(uri, "http:") }
	if len(*ps) == before && plain(m.InitiateLoginURI) && !slices.ContainsFunc(m.RedirectURIs, plain) {
		ps.add("/"+field, "uri.http", "must be https")
	}
}

// StartURL is where a person begins to sign in to the client: its initiate_login_uri, told who asks (OpenID Connect Core
// section 4), or "". A client that nobody vetted has people sent only to where it has them sent back to anyway.
func (c *Client) StartURL(issuer string) string {
	u, err := url.Parse(c.Metadata.InitiateLoginURI)
	if err != nil || u.Host == "" {
		return ""
	}
	known := slices.ContainsFunc(c.Metadata.RedirectURIs, func(uri string) bool {
		r, err := url.Parse(uri)
		return err == nil && r.Host == u.Host
	})
	if c.Unverified() && !known {
		return ""
	}
	iss := "iss=" + url.QueryEscape(issuer)
	if u.RawQuery != "" { // kept as it was registered
		iss = u.RawQuery + "&" + iss
	}
	u.RawQuery = iss
	return u.String()
}
