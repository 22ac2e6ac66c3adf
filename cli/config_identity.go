package cli

import (
	"regexp"
	"slices"
	"strings"

	"pratu/flows/issuer"
)

var (
	apiPath     = regexp.MustCompile(`^(/[A-Za-z0-9._~-]+)+$`)
	partnerName = regexp.MustCompile(`^[a-z0-9_-]{1,64}$`)
)

// ownPaths begin the paths of our pages and of the protocol: an API below one of them would hide it.
var ownPaths = []string{
	"oauth2", ".well-known", "login", "sign-up", "consent", "select-account", "signed-out", "account", "admin", "setup", "login-link",
	"language", "sign-out", "device", "dev", "static", "client-logo", "recover", "end-session", "federation", "api",
}

// checkIdentity looks at the paths of the Identity API and at what partners' ids are called.
func (c *Config) checkIdentity(ps *problems) {
	for _, p := range []struct{ name, path, below string }{
		{"identity_api_base_path", c.IdentityAPIBasePath, ""},
		{"identity_api_lookup_path", c.IdentityAPILookupPath, c.IdentityAPIBasePath},
		{"partner_token_path", c.PartnerTokenPath, ""},
	} {
		if p.path == "" && p.name == "identity_api_base_path" {
			continue
		}
		first, _, _ := strings.Cut(strings.TrimPrefix(p.below+p.path, "/"), "/")
		switch {
		case !apiPath.MatchString(p.path):
			ps.add("%s %q: write a path such as /identity/v1, without a slash at its end", p.name, p.path)
		case slices.Contains(ownPaths, first):
			ps.add("%s %q: /%s is ours already, choose another path", p.name, p.path, first)
		}
	}
	if taken := []string{issuer.PathAccounts, issuer.PathAccountsSearch}; slices.Contains(taken, c.IdentityAPILookupPath) {
		ps.add("identity_api_lookup_path %q: the Identity API has this path already", c.IdentityAPILookupPath)
	}
	c.partner = map[string]string{}
	for _, pair := range c.PartnerPrefixes {
		partner, prefix, found := strings.Cut(pair, "=")
		if !found || !partnerName.MatchString(partner) || !partnerName.MatchString(prefix) {
			ps.add("partner_prefixes: %q: write partner=prefix, such as truemoney=tmn", pair)
			continue
		}
		c.partner[partner] = prefix
	}
}

// apis are the paths below which programs are answered.
func (c *Config) apis() []string {
	return []string{c.IdentityAPIBasePath + issuer.PathAccounts, c.IdentityAPIBasePath + c.IdentityAPILookupPath, c.PartnerTokenPath}
}
