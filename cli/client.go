package cli

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"pratu/flows/clients"
)

func (a *app) clientCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "client", Short: "Register and change the applications that sign people in", Args: args(cobra.NoArgs), RunE: help}
	cmd.AddCommand(a.clientCreate(), a.clientGet(), a.clientList(), a.clientUpdate(), a.clientDelete(), a.clientRotate())
	return cmd
}

// clientFlags are the members of a document that have a flag of their own; the rest comes by -f.
type clientFlags struct {
	file, name, authMethod, scope, jwksFile, idTokenAlg, userinfoAlg string
	redirects, logouts, grants, origins, settings                    []string
	uris                                                             [5]string // as in uriFlags
	secretStdin, requirePAR                                          bool
}

var uriFlags = []struct{ flag, doc string }{
	{"client-uri", "the application's home page"},
	{"logo-uri", "its logo"},
	{"policy-uri", "its privacy policy"},
	{"tos-uri", "its terms of service"},
	{"initiate-login-uri", "where an expired sign-in starts again"},
}

func (f *clientFlags) add(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.StringVarP(&f.file, "file", "f", "", "JSON document with RFC 7591 names, kind and settings; - reads it from stdin")
	fs.StringVar(&f.name, "name", "", "name shown to people")
	fs.StringArrayVar(&f.redirects, "redirect-uri", nil, "where people return after signing in (repeat for more)")
	fs.StringArrayVar(&f.logouts, "post-logout-redirect-uri", nil, "where people return after signing out (repeat for more)")
	fs.StringVar(&f.authMethod, "auth-method", "", "the only one of client_secret_basic, client_secret_post, private_key_jwt and none that is accepted; default by kind, a secret either way")
	fs.StringArrayVar(&f.grants, "grant-type", nil, "grant type (repeat for more); default by kind")
	fs.StringVar(&f.scope, "scope", "", "scopes it may ask for, separated by spaces")
	fs.StringVar(&f.jwksFile, "jwks-file", "", "file with the client's public keys (JWK Set)")
	fs.StringVar(&f.idTokenAlg, "id-token-alg", "", "RS256 or ES256; default by kind")
	fs.StringVar(&f.userinfoAlg, "userinfo-alg", "", "RS256 or ES256 for signed userinfo; default plain JSON")
	fs.BoolVar(&f.requirePAR, "require-par", false, "only pushed authorization requests")
	fs.StringArrayVar(&f.origins, "allowed-origin", nil, "origin that may call us from a page, beside those of the redirect URIs")
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
	list("allowed-origin", f.origins, &d.AllowedOrigins)
	for i, to := range []*string{&d.ClientURI, &d.LogoURI, &d.PolicyURI, &d.TosURI, &d.InitiateLoginURI} {
		text(uriFlags[i].flag, f.uris[i], to)
	}
	if cmd.Flags().Changed("require-par") {
		d.RequirePAR = f.requirePAR
	}
	if f.jwksFile != "" {
		raw, err := readFile(f.jwksFile)
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

func (a *app) clientCreate() *cobra.Command {
	var f clientFlags
	var id, kindName string
	cmd := &cobra.Command{
		Use:   "create --kind KIND --redirect-uri URI …",
		Short: "Register an application; a generated secret is shown once",
		Example: "  pratu client create --kind web --name Shop --redirect-uri https://shop.example.com/callback -o json\n" +
			"  pratu client create -f - < client.json",
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			var d clients.Document
			if f.file != "" && f.secretStdin && f.file == "-" {
				return usage("stdin can't be both the document and the secret")
			}
			if err := a.readDocument(f.file, &d); err != nil {
				return err
			}
			if cmd.Flags().Changed("kind") {
				d.Kind = kindName
			}
			if cmd.Flags().Changed("id") {
				d.ClientID = id
			}
			if d.Kind == "" {
				return usage("--kind is missing: one of %s", strings.Join(clients.Kinds(), ", "))
			}
			if err := f.apply(cmd, &d); err != nil {
				return err
			}
			if f.secretStdin {
				var err error
				if d.ClientSecret, err = a.secretFromStdin(); err != nil {
					return err
				}
			}
			given := d.ClientSecret != ""
			return a.withTools(cmd, func(t *tools) error {
				c, secret, err := t.clients.Create(t.ctx, d)
				if err != nil {
					return err
				}
				doc := c.Document()
				doc.ClientSecret = secret
				if secret != "" && !given {
					a.say("The secret is shown this once; keep it.")
				}
				a.warn(c)
				return a.print.one(doc, clientRows(c, secret))
			})
		},
	}
	cmd.Flags().StringVar(&kindName, "kind", "", "web, spa, native, tv, machine or game")
	cmd.Flags().StringVar(&id, "id", "", "client id, 1 to 64 characters of A-Z a-z 0-9 . _ -; made when left out")
	cmd.Flags().BoolVar(&f.secretStdin, "secret-stdin", false, "read the client secret from stdin instead of making one")
	f.add(cmd)
	return cmd
}

func (a *app) readDocument(path string, d *clients.Document) error {
	if path == "" {
		return nil
	}
	r, done, err := a.openInput(path)
	if err != nil {
		return err
	}
	defer done()
	*d, err = clients.ReadDocument(r)
	return err
}

func (a *app) clientGet() *cobra.Command {
	return &cobra.Command{
		Use: "get ID", Short: "Show one client", Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, list []string) error {
			return a.withTools(cmd, func(t *tools) error {
				c, err := t.clients.Find(t.ctx, list[0])
				if err != nil {
					return err
				}
				a.warn(c)
				return a.print.one(c.Document(), clientRows(c, ""))
			})
		},
	}
}

func (a *app) clientList() *cobra.Command {
	const page = 200
	return &cobra.Command{
		Use: "list", Short: "Show all clients", Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withTools(cmd, func(t *tools) error {
				docs, rows, after := []clients.Document{}, [][]string{}, ""
				for {
					batch, err := t.clients.List(t.ctx, after, page)
					if err != nil {
						return err
					}
					for _, c := range batch {
						state := "active"
						if c.Disabled() {
							state = "disabled"
						}
						docs = append(docs, c.Document())
						rows = append(rows, []string{c.ID, c.Kind, c.Name, state, c.CreatedAt.Time().UTC().Format(time.DateOnly)})
						after = c.ID
					}
					if len(batch) < page {
						break
					}
				}
				return a.print.list(docs, []string{"id", "kind", "name", "state", "created"}, rows)
			})
		},
	}
}

func (a *app) clientUpdate() *cobra.Command {
	var f clientFlags
	var disable, enable bool
	cmd := &cobra.Command{
		Use: "update ID", Short: "Change a client: flags change their member, -f replaces the whole document",
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, list []string) error {
			if disable && enable {
				return usage("--disable and --enable exclude each other")
			}
			var whole clients.Document
			if err := a.readDocument(f.file, &whole); err != nil {
				return err
			}
			return a.withTools(cmd, func(t *tools) error {
				c, err := t.clients.Update(t.ctx, list[0], func(d *clients.Document) error {
					if f.file != "" {
						if whole.ClientID == "" {
							whole.ClientID = d.ClientID
						}
						if whole.Kind == "" {
							whole.Kind = d.Kind
						}
						if d.TokenEndpointAuthMethod == "" && whole.TokenEndpointAuthMethod == d.AuthMethod() {
							whole.TokenEndpointAuthMethod = "" // get shows the default where none was named
						}
						*d = whole
					}
					if disable || enable {
						d.Disabled = disable
					}
					return f.apply(cmd, d)
				})
				if err != nil {
					return err
				}
				a.warn(c)
				return a.print.one(c.Document(), clientRows(c, ""))
			})
		},
	}
	cmd.Flags().BoolVar(&disable, "disable", false, "refuse the client everywhere, within a second")
	cmd.Flags().BoolVar(&enable, "enable", false, "let a disabled client work again")
	f.add(cmd)
	return cmd
}

func (a *app) clientDelete() *cobra.Command {
	return &cobra.Command{
		Use: "delete ID", Short: "Remove a client for good; its id is never used again", Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, list []string) error {
			return a.withTools(cmd, func(t *tools) error {
				if err := t.clients.Delete(t.ctx, list[0]); err != nil {
					return err
				}
				a.say("Client %s is deleted.", list[0])
				return nil
			})
		},
	}
}

func (a *app) clientRotate() *cobra.Command {
	var overlap time.Duration
	var fromStdin bool
	cmd := &cobra.Command{
		Use: "rotate-secret ID", Short: "Give a client a new secret; the old one works for the overlap", Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, list []string) error {
			if overlap < 0 {
				return usage("--overlap can't be negative")
			}
			given := ""
			if fromStdin {
				var err error
				if given, err = a.secretFromStdin(); err != nil {
					return err
				}
			}
			return a.withTools(cmd, func(t *tools) error {
				secret, err := t.clients.RotateSecret(t.ctx, list[0], given, overlap)
				if err != nil {
					return err
				}
				a.say("The secrets before it work for another %s.", overlap)
				v := struct {
					ClientID     string `json:"client_id"`
					ClientSecret string `json:"client_secret"`
				}{list[0], secret}
				return a.print.one(v, [][2]string{{"client_id", v.ClientID}, {"client_secret", secret}})
			})
		},
	}
	cmd.Flags().DurationVar(&overlap, "overlap", 24*time.Hour, "how long older secrets still work; 0 ends them at once")
	cmd.Flags().BoolVar(&fromStdin, "secret-stdin", false, "read the new secret from stdin instead of making one")
	return cmd
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
		{"id token alg", d.IDTokenAlg}, {"access tokens", d.Settings.AccessTokenFormat}, {"channel", d.Settings.Channel},
	}
	for _, u := range d.RedirectURIs {
		rows = append(rows, [2]string{"redirect", u})
	}
	for _, u := range d.PostLogoutRedirectURIs {
		rows = append(rows, [2]string{"after logout", u})
	}
	if d.Settings.FirstParty {
		rows = append(rows, [2]string{"first party", "yes: no consent is asked"})
	}
	return rows
}
