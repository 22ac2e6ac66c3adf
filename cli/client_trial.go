package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"pratu/cli/party"
	"pratu/flows/clients"
)

// trialView is what came of a sign-in, as scripts see it.
type trialView struct {
	*party.Result
	IDTokenSays     *decodedToken `json:"id_token_says,omitempty"`
	AccessTokenSays *decodedToken `json:"access_token_says,omitempty"` // of a JWT
}

func (a *app) clientTest() *cobra.Command {
	var secretStdin bool
	var redirect, scope string
	patience := 5 * time.Minute
	cmd := &cobra.Command{
		Use: "test ID", Short: "Sign in as a client would, from this machine, and show the tokens and claims that it gets", Args: args(cobra.ExactArgs(1)),
		Long: "Sign in as a client would, from this machine, and show the tokens and claims that it gets. The address to open in a browser is\n" +
			"printed; the answer comes to a redirect URI of this machine (http://127.0.0.1…), which the client has to be registered with and\n" +
			"whose port has to be free. A confidential client's secret comes by --secret-stdin. Other clients are tried out in the console.",
		RunE: func(cmd *cobra.Command, list []string) error {
			secret := ""
			if secretStdin {
				var err error
				if secret, err = a.secretFromStdin(); err != nil {
					return err
				}
			}
			p := &party.Party{ClientSecret: secret, HTTP: &http.Client{Timeout: 20 * time.Second}}
			var c *clients.Client
			err := a.withTools(cmd, func(t *tools) (err error) {
				p.Issuer = t.cfg.issuer.String()
				c, err = t.clients.Get(t.ctx, list[0])
				return err
			})
			if err != nil {
				return err
			}
			if err := prepare(p, c, redirect, scope); err != nil {
				return err
			}
			ctx, cancel := context.WithTimeout(cmd.Context(), patience)
			defer cancel()
			result, err := p.Run(ctx, func(request string) { fmt.Fprintf(a.stderr, "Open this in a browser:\n%s\n", request) })
			if err != nil {
				return err
			}
			return a.printTrial(result)
		},
	}
	cmd.Flags().BoolVar(&secretStdin, "secret-stdin", false, "read the client's secret from stdin")
	cmd.Flags().StringVar(&redirect, "redirect-uri", "", "which of the client's redirect URIs; the first of this machine when left out")
	cmd.Flags().StringVar(&scope, "scope", "", "scopes to ask for, separated by spaces; all of the client's when left out")
	cmd.Flags().DurationVar(&patience, "timeout", patience, "how long to wait for the browser")
	return cmd
}

// prepare finds out how the client is to be played.
func prepare(p *party.Party, c *clients.Client, redirect, scope string) error {
	p.ClientID, p.Scopes, p.InBody = c.ID, strings.Fields(scope), c.Public() || !c.Accepts(clients.AuthBasic)
	if scope == "" {
		p.Scopes = c.Scopes()
	}
	switch {
	case !c.Allows(clients.GrantCode):
		return usage("nobody signs in to %s: it is a client of kind %s", c.ID, c.Kind)
	case !c.Public() && !c.Accepts(clients.AuthBasic) && !c.Accepts(clients.AuthPost):
		return usage("%s proves itself by %s, which this command can't: try it out in the console", c.ID, c.Metadata.AuthMethod())
	case !c.Public() && p.ClientSecret == "":
		return usage("%s proves itself by a secret: give it with --secret-stdin", c.ID)
	}
	i := slices.IndexFunc(c.Metadata.RedirectURIs, func(uri string) bool { return ofThisMachine(uri) && (redirect == "" || uri == redirect) })
	if i < 0 {
		return usage("%s has no such redirect URI of this machine (http://127.0.0.1…): register one, or try it out in the console", c.ID)
	}
	p.RedirectURI = c.Metadata.RedirectURIs[i]
	u, err := url.Parse(p.RedirectURI)
	if err != nil {
		return err
	}
	p.AnyPort = net.ParseIP(u.Hostname()) != nil // RFC 8252 section 7.3
	return nil
}

func ofThisMachine(uri string) bool {
	u, err := url.Parse(uri)
	if err != nil || u.Scheme != "http" {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}

func (a *app) printTrial(result *party.Result) error {
	v := trialView{Result: result}
	rows := [][2]string{{"scope", v.Scope}, {"expires", v.ExpiresAt.Format(time.RFC3339)}, {"access_token", v.AccessToken}, {"refresh_token", v.RefreshToken}, {"id_token", v.IDToken}}
	for _, x := range []struct {
		name, token string
		says        **decodedToken
	}{{"id_token", v.IDToken, &v.IDTokenSays}, {"access_token", v.AccessToken, &v.AccessTokenSays}} {
		if d, err := decodeToken(x.token); err == nil {
			d.Ours = true // its keys verified it
			*x.says = &d
			rows = append(rows, named(x.name, d.Payload)...)
		}
	}
	return a.print.one(v, append(rows, named("userinfo", v.Userinfo)...))
}

// named puts the name of a token before each of its members.
func named(name string, members json.RawMessage) [][2]string {
	if members == nil {
		return nil
	}
	rows := memberRows(members)
	for i := range rows {
		rows[i][0] = name + " " + rows[i][0]
	}
	return rows
}
