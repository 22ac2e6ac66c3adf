package cli

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"pratu/flows/connectors"
	"pratu/flows/issuer"
)

func (a *app) connectorCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "connector", Short: "Let people sign in with a provider elsewhere: Google, Microsoft, …", Args: args(cobra.NoArgs), RunE: help,
	}
	cmd.AddCommand(a.connectorCreate(), a.connectorGet(), a.connectorList(), a.connectorUpdate(), a.connectorDelete())
	return cmd
}

// connectorFlags are the members of a document that have a flag of their own; the rest comes by --set.
type connectorFlags struct {
	name, clientID string
	settings       []string
	secretStdin    bool
}

func (f *connectorFlags) add(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.StringVar(&f.name, "name", "", "what its button says")
	fs.StringVar(&f.clientID, "client-id", "", "the id that the provider gave to this application")
	fs.StringArrayVar(&f.settings, "set", nil, "key=value of a setting, lists separated by commas (repeat for more): "+strings.Join(connectors.Keys(), ", "))
	fs.BoolVar(&f.secretStdin, "secret-stdin", false, "read the secret that the provider gave from stdin; for apple the .p8 file")
}

// apply writes the given flags over the document.
func (f *connectorFlags) apply(cmd *cobra.Command, d *connectors.Document, secret string) error {
	for _, x := range []struct {
		name, value string
		to          *string
	}{{"name", f.name, &d.Name}, {"client-id", f.clientID, &d.ClientID}} {
		if cmd.Flags().Changed(x.name) {
			*x.to = x.value
		}
	}
	if f.secretStdin {
		d.Secret = secret
	}
	for _, pair := range f.settings {
		key, value, ok := strings.Cut(pair, "=")
		if !ok {
			return usage("--set %q: write key=value", pair)
		}
		if err := d.Settings.Set(key, value); err != nil {
			return usage("--set: %v", err)
		}
	}
	return nil
}

// secret reads what --secret-stdin promises: of several lines, since Apple's is a file.
func (f *connectorFlags) secret(a *app) (string, error) {
	if !f.secretStdin {
		return "", nil
	}
	raw, err := io.ReadAll(io.LimitReader(a.stdin, maxInput))
	if err != nil {
		return "", err
	}
	text := string(bytes.TrimSpace(raw))
	if text == "" {
		return "", usage("stdin is empty: the secret is expected there")
	}
	return text, nil
}

func (a *app) connectorCreate() *cobra.Command {
	var f connectorFlags
	var d connectors.Document
	cmd := &cobra.Command{
		Use:   "create --kind KIND --client-id ID --secret-stdin …",
		Short: "Set up a provider; its button is on the sign-in page within a second",
		Args:  args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := f.read(a, cmd, &d); err != nil {
				return err
			}
			return a.withTools(cmd, func(t *tools) error {
				c, err := t.social.Connectors.Create(t.ctx, d)
				if err != nil {
					return err
				}
				a.say("Register this redirect URI at the provider: %s", callbackOf(t, c))
				return a.printConnector(t, c)
			})
		},
	}
	cmd.Flags().StringVar(&d.Kind, "kind", "", strings.Join(connectors.Kinds(), ", "))
	cmd.Flags().StringVar(&d.ID, "id", "", "part of the redirect URI and what idp_hint names; its kind when left out")
	f.add(cmd)
	a.document(cmd, func([]byte) (any, error) {
		err := f.read(a, cmd, &d)
		return d, err
	})
	return cmd
}

// read is what the flags of a creation say.
func (f *connectorFlags) read(a *app, cmd *cobra.Command, d *connectors.Document) error {
	if d.Kind == "" {
		return usage("--kind is missing: one of %s", strings.Join(connectors.Kinds(), ", "))
	}
	secret, err := f.secret(a)
	if err != nil {
		return err
	}
	return f.apply(cmd, d, secret)
}

func callbackOf(t *tools, c *connectors.Connector) string {
	return t.cfg.issuer.URL(issuer.PathFederation + "/" + c.ID + "/callback")
}

// connectorView is a connector as scripts see it.
type connectorView struct {
	connectors.Document
	RedirectURI string `json:"redirect_uri"`
}

func (a *app) printConnector(t *tools, c *connectors.Connector) error {
	v := connectorView{c.Document(), callbackOf(t, c)}
	rows := [][2]string{
		{"id", c.ID}, {"kind", c.Kind}, {"name", c.Name}, {"client_id", c.ClientID}, {"state", stateOf(c)}, {"redirect_uri", v.RedirectURI},
	}
	return a.print.one(v, append(rows, settingRows(c.Settings)...))
}

func stateOf(c *connectors.Connector) string {
	if c.Disabled() {
		return "disabled"
	}
	return "active"
}

func (a *app) connectorGet() *cobra.Command {
	return &cobra.Command{
		Use: "get ID", Short: "Show one connector", Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, list []string) error {
			return a.withTools(cmd, func(t *tools) error {
				c, err := t.social.Connectors.Find(t.ctx, list[0])
				if err != nil {
					return err
				}
				return a.printConnector(t, c)
			})
		},
	}
}

func (a *app) connectorList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "Show all connectors", Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withTools(cmd, func(t *tools) error {
				list, err := t.social.Connectors.List(t.ctx)
				if err != nil {
					return err
				}
				views, rows := make([]connectorView, len(list)), make([][]string, len(list))
				for i, c := range list {
					views[i] = connectorView{c.Document(), callbackOf(t, c)}
					rows[i] = []string{c.ID, c.Kind, c.Name, stateOf(c)}
				}
				return a.print.list(views, []string{"id", "kind", "name", "state"}, rows)
			})
		},
	}
}

func (a *app) connectorUpdate() *cobra.Command {
	var f connectorFlags
	var disable, enable bool
	cmd := &cobra.Command{
		Use: "update ID", Short: "Change a connector, or switch it off and on; running servers follow within a second", Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, list []string) error {
			if disable && enable {
				return usage("--disable and --enable exclude each other")
			}
			secret, err := f.secret(a)
			if err != nil {
				return err
			}
			return a.withTools(cmd, func(t *tools) error {
				c, err := t.social.Connectors.Update(t.ctx, list[0], func(d *connectors.Document) error {
					if disable || enable {
						d.Disabled = disable
					}
					return f.apply(cmd, d, secret)
				})
				if err != nil {
					return err
				}
				return a.printConnector(t, c)
			})
		},
	}
	cmd.Flags().BoolVar(&disable, "disable", false, "take its button away; who signed in with it stays signed in")
	cmd.Flags().BoolVar(&enable, "enable", false, "let a disabled connector work again")
	f.add(cmd)
	a.document(cmd, func(before []byte) (any, error) {
		if disable && enable {
			return nil, usage("--disable and --enable exclude each other")
		}
		secret, err := f.secret(a)
		if err != nil {
			return nil, err
		}
		v := connectorView{}
		if err := json.Unmarshal(before, &v); err != nil {
			return nil, err
		}
		if disable || enable {
			v.Disabled = disable
		}
		err = f.apply(cmd, &v.Document, secret)
		return v, err
	})
	return cmd
}

func (a *app) connectorDelete() *cobra.Command {
	return &cobra.Command{
		Use: "delete ID", Short: "Remove a connector; set up anew, it knows people again", Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, list []string) error {
			return a.withTools(cmd, func(t *tools) error {
				if err := t.social.Connectors.Delete(t.ctx, list[0]); err != nil {
					return err
				}
				a.say("Connector %s is deleted.", list[0])
				return nil
			})
		},
	}
}
