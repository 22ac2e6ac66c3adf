package cli

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"pratu/flows/clients"
	"pratu/flows/keys"
)

// clientFlags are the members of a document that have a flag of their own; the rest comes by -f.
type clientFlags struct {
	file, name, authMethod, scope, jwksFile, idTokenAlg, userinfoAlg      string
	redirects, logouts, grants, responses, origins, settings, permissions []string
	uris                                                                  [7]string // as in uriFlags
	secretStdin, requirePAR                                               bool
}

var uriFlags = []struct{ flag, doc string }{
	{"client-uri", "the application's home page"},
	{"logo-uri", "its logo"},
	{"policy-uri", "its privacy policy"},
	{"tos-uri", "its terms of service"},
	{"initiate-login-uri", "where a sign-in begins from our pages, by https"},
	{"backchannel-logout-uri", "what gets a logout token when a session ends"},
	{"frontchannel-logout-uri", "what is loaded in a frame when somebody signs out"},
}

func (f *clientFlags) add(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.StringVarP(&f.file, "file", "f", "", "JSON document with RFC 7591 names, kind and settings; - reads it from stdin")
	fs.StringVar(&f.name, "name", "", "name shown to people")
	fs.StringArrayVar(&f.redirects, "redirect-uri", nil, "where people return after signing in (repeat for more)")
	fs.StringArrayVar(&f.logouts, "post-logout-redirect-uri", nil, "where people return after signing out (repeat for more)")
	fs.StringVar(&f.authMethod, "auth-method", "", "client_secret_basic, client_secret_post, private_key_jwt or none, and no other way; default by kind, a secret either way")
	fs.StringArrayVar(&f.grants, "grant-type", nil, "grant type (repeat for more); default by kind")
	fs.StringArrayVar(&f.responses, "response-type", nil, "response type (repeat for more); default code, others need enable_front_channel_tokens")
	fs.StringVar(&f.scope, "scope", "", "scopes it may ask for, separated by spaces")
	fs.StringVar(&f.jwksFile, "jwks-file", "", "file with the client's public keys (JWK Set)")
	fs.StringVar(&f.idTokenAlg, "id-token-alg", "", strings.Join(keys.Algorithms(), ", ")+"; default by kind")
	fs.StringVar(&f.userinfoAlg, "userinfo-alg", "", strings.Join(keys.Algorithms(), ", ")+", for signed userinfo; default plain JSON")
	fs.BoolVar(&f.requirePAR, "require-par", false, "only pushed authorization requests")
	fs.StringArrayVar(&f.origins, "allowed-origin", nil, "origin that may call us from a page, beside those of the redirect URIs")
	fs.StringArrayVar(&f.permissions, "permission", nil, strings.Join(clients.Permissions(), ", ")+" (repeat for more; an empty one takes all away)")
	fs.StringArrayVar(&f.settings, "set", nil, "key=value of a setting, e.g. first_party=true (repeat for more)")
	for i, u := range uriFlags {
		fs.StringVar(&f.uris[i], u.flag, "", "address of "+u.doc)
	}
}

// apply writes the given flags over the document.
func (f *clientFlags) apply(cmd *cobra.Command, d *clients.Document) error {
	text := func(name, value string, to *string) {
		if cmd.Flags().Changed(name) {
			*to = value
		}
	}
	list := func(name string, value []string, to *[]string) {
		if cmd.Flags().Changed(name) {
			*to = slices.DeleteFunc(value, func(v string) bool { return v == "" })
		}
	}
	text("name", f.name, &d.ClientName)
	text("auth-method", f.authMethod, &d.TokenEndpointAuthMethod)
	text("scope", f.scope, &d.Scope)
	text("id-token-alg", f.idTokenAlg, &d.IDTokenAlg)
	text("userinfo-alg", f.userinfoAlg, &d.UserinfoAlg)
	list("redirect-uri", f.redirects, &d.RedirectURIs)
	list("post-logout-redirect-uri", f.logouts, &d.PostLogoutRedirectURIs)
	list("grant-type", f.grants, &d.GrantTypes)
	list("response-type", f.responses, &d.ResponseTypes)
	list("allowed-origin", f.origins, &d.AllowedOrigins)
	list("permission", f.permissions, &d.Settings.Permissions)
	for i, to := range []*string{&d.ClientURI, &d.LogoURI, &d.PolicyURI, &d.TosURI, &d.InitiateLoginURI, &d.BackchannelLogoutURI, &d.FrontchannelLogoutURI} {
		text(uriFlags[i].flag, f.uris[i], to)
	}
	if cmd.Flags().Changed("require-par") {
		d.RequirePAR = f.requirePAR
	}
	if f.jwksFile != "" {
		raw, err := readFile("--jwks-file", f.jwksFile)
		if err != nil {
			return err
		}
		d.JWKS = raw
	}
	for _, pair := range f.settings {
		key, value, ok := strings.Cut(pair, "=")
		if !ok {
			return usage("--set %q: write key=value", pair)
		}
		if err := d.Settings.Set(key, value); err != nil {
			return usage("--set: %s", plain(err))
		}
	}
	return nil
}

func (a *app) readDocument(path string, d *clients.Document) error {
	if path == "" {
		return nil
	}
	r, done, err := a.openInput("-f", path)
	if err != nil {
		return err
	}
	defer done()
	*d, err = clients.ReadDocument(r)
	return err
}

// warn prints what is allowed but often a mistake.
func (a *app) warn(c *clients.Client) {
	for _, p := range c.Warnings() {
		fmt.Fprintln(a.stderr, "warning:", p)
	}
}

func clientRows(c *clients.Client, secret string) [][2]string {
	d, state, method := c.Document(), "active", c.Metadata.AuthMethod()
	if c.Accepts(clients.AuthBasic) && c.Accepts(clients.AuthPost) {
		method = "client_secret_basic or client_secret_post"
	}
	if d.Disabled {
		state = "disabled"
	}
	rows := [][2]string{
		{"client_id", d.ClientID}, {"client_secret", secret}, {"kind", d.Kind}, {"name", d.ClientName}, {"state", state},
		{"auth method", method}, {"grant types", strings.Join(d.GrantTypes, " ")}, {"scope", d.Scope},
		{"id token alg", d.IDTokenAlg},
	}
	if types := strings.Join(d.ResponseTypes, ", "); types != "" && types != "code" {
		rows = append(rows, [2]string{"response types", types})
	}
	for _, u := range d.RedirectURIs {
		rows = append(rows, [2]string{"redirect", u})
	}
	for _, u := range d.PostLogoutRedirectURIs {
		rows = append(rows, [2]string{"after logout", u})
	}
	for _, u := range [][2]string{{"back-channel logout", d.BackchannelLogoutURI}, {"front-channel logout", d.FrontchannelLogoutURI}} {
		if u[1] != "" {
			rows = append(rows, u)
		}
	}
	if c.Unverified() {
		rows = append(rows, [2]string{"origin", "it registered itself: nobody vetted it"})
	}
	return append(append(rows, settingRows(d.Settings)...), [2]string{"partner_mobile_key", c.NewPartnerKey()})
}

// settingRows are all settings that are set, by the names that --set knows.
func settingRows(s any) (rows [][2]string) {
	raw, err := json.Marshal(s)
	if err != nil {
		return nil
	}
	members, _ := clients.Members(raw)
	for _, m := range members {
		text := string(m.Value)
		if plain := ""; json.Unmarshal(m.Value, &plain) == nil {
			text = plain
		}
		if words := []string(nil); json.Unmarshal(m.Value, &words) == nil {
			text = strings.Join(words, " ")
		}
		rows = append(rows, [2]string{m.Name, text})
	}
	return rows
}
