package cli

import (
	"bytes"
	"cmp"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"pratu/flows/clients"
	"pratu/flows/office"
)

func (a *app) clientCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "client", Short: "Register and change the applications that sign people in", Args: args(cobra.NoArgs), RunE: help}
	cmd.AddCommand(a.clientCreate(), a.clientGet(), a.clientList(), a.clientUpdate(), a.clientDelete(), a.clientRotate(), a.clientTest(), a.clientPreview(), a.clientUsage())
	return cmd
}

func (a *app) clientCreate() *cobra.Command {
	var f clientFlags
	var id, kindName string
	cmd := &cobra.Command{
		Use:   "create --kind KIND --redirect-uri URI …",
		Short: "Register an application; a generated secret is shown once",
		Args:  args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			d, err := a.newClient(cmd, &f, id, kindName)
			if err != nil {
				return err
			}
			given := d.ClientSecret
			return a.withTools(cmd, func(t *tools) error {
				c, secret, err := t.clients.Create(t.ctx, d)
				if err != nil {
					return err
				}
				doc := c.Document()
				if given != "" { // whoever brought it has it
					secret = ""
				}
				doc.ClientSecret, doc.Settings.PartnerMobileKey = secret, c.NewPartnerKey()
				if secret != "" {
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
	a.document(cmd, func([]byte) (any, error) {
		d, err := a.newClient(cmd, &f, id, kindName)
		return d, cmp.Or(err, d.Unread())
	})
	return cmd
}

// newClient is what the flags of a creation say.
func (a *app) newClient(cmd *cobra.Command, f *clientFlags, id, kindName string) (d clients.Document, err error) {
	if f.file != "" && f.secretStdin && f.file == "-" {
		return d, usage("stdin can't be both the document and the secret")
	}
	if err := a.readDocument(f.file, &d); err != nil {
		return d, err
	}
	if cmd.Flags().Changed("kind") {
		d.Kind = kindName
	}
	if cmd.Flags().Changed("id") {
		d.ClientID = id
	}
	if d.Kind == "" {
		if err := d.Unread(); err != nil {
			return d, err
		}
		return d, usage("--kind is missing: one of %s", strings.Join(clients.Kinds(), ", "))
	}
	if err := f.apply(cmd, &d); err != nil {
		return d, err
	}
	if f.secretStdin {
		d.ClientSecret, err = a.secretFromStdin()
	}
	return d, err
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
	return &cobra.Command{
		Use: "list", Short: "Show all clients", Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withTools(cmd, func(t *tools) error { return a.listClients(t, func(*clients.Client) bool { return true }) })
		},
	}
}

func (a *app) listClients(t *tools, wanted func(*clients.Client) bool) error {
	const page = 200
	docs, rows := []clients.Document{}, [][]string{}
	for after := ""; ; {
		batch, err := t.clients.List(t.ctx, after, page)
		if err != nil {
			return err
		}
		for _, c := range batch {
			after = c.ID
			if !wanted(c) {
				continue
			}
			state := "active"
			if c.Disabled() {
				state = "disabled"
			}
			docs = append(docs, c.Document())
			rows = append(rows, []string{c.ID, c.Kind, c.Name, state, c.CreatedAt.Time().UTC().Format(time.DateOnly)})
		}
		if len(batch) < page {
			break
		}
	}
	return a.print.list(docs, []string{"id", "kind", "name", "state", "created"}, rows)
}

func (a *app) clientUpdate() *cobra.Command {
	var f clientFlags
	var disable, enable bool
	cmd := &cobra.Command{
		Use: "update ID", Short: "Change a client: flags change their member, -f replaces the whole document",
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, list []string) error {
			change, err := a.clientChange(&f, disable, enable)
			if err != nil {
				return err
			}
			return a.withTools(cmd, func(t *tools) error {
				c, err := t.clients.Update(t.ctx, list[0], func(d *clients.Document) error { return change(cmd, d) })
				if err != nil {
					return err
				}
				a.warn(c)
				doc := c.Document()
				doc.Settings.PartnerMobileKey = c.NewPartnerKey()
				return a.print.one(doc, clientRows(c, ""))
			})
		},
	}
	cmd.Flags().BoolVar(&disable, "disable", false, "refuse the client everywhere, within a second")
	cmd.Flags().BoolVar(&enable, "enable", false, "let a disabled client work again")
	f.add(cmd)
	a.document(cmd, func(before []byte) (any, error) {
		change, err := a.clientChange(&f, disable, enable)
		if err != nil {
			return nil, err
		}
		d, err := clients.ReadDocument(bytes.NewReader(before))
		if err != nil {
			return nil, err
		}
		err = change(cmd, &d)
		return d, cmp.Or(err, d.Unread())
	})
	return cmd
}

// clientChange is what the flags of an update do to a client.
func (a *app) clientChange(f *clientFlags, disable, enable bool) (func(cmd *cobra.Command, d *clients.Document) error, error) {
	if disable && enable {
		return nil, usage("--disable and --enable exclude each other")
	}
	var whole clients.Document
	if err := a.readDocument(f.file, &whole); err != nil {
		return nil, err
	}
	return func(cmd *cobra.Command, d *clients.Document) error {
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
	}, nil
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

// overlapText says how long what was before still does what it did.
func overlapText(what string, overlap time.Duration) string {
	if overlap == 0 {
		return what + " no more."
	}
	return what + " for another " + span(overlap) + "."
}

// span is a duration as people write it: 24h, and not 24h0m0s.
func span(d time.Duration) string {
	text := d.String()
	if d%time.Minute == 0 {
		text = strings.TrimSuffix(text, "0s")
	}
	if d%time.Hour == 0 {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

func (a *app) clientRotate() *cobra.Command {
	var overlap time.Duration
	var fromStdin bool
	cmd := &cobra.Command{
		Use: "rotate-secret ID", Short: "Give a client a new secret; the old one works for the overlap", Args: args(cobra.ExactArgs(1)),
		PreRunE: func(*cobra.Command, []string) error { // with --server too
			if overlap < 0 || overlap > office.MaxOverlap {
				return usage("--overlap is between 0 and %s", span(office.MaxOverlap))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, list []string) error {
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
				a.say("%s", overlapText("The secrets before it work", overlap))
				if given != "" {
					secret = ""
				}
				v := struct {
					ClientID     string `json:"client_id"`
					ClientSecret string `json:"client_secret,omitempty"`
				}{list[0], secret}
				return a.print.one(v, [][2]string{{"client_id", v.ClientID}, {"client_secret", secret}})
			})
		},
	}
	cmd.Flags().DurationVar(&overlap, "overlap", 24*time.Hour, "how long older secrets still work; 0 ends them at once")
	cmd.Flags().BoolVar(&fromStdin, "secret-stdin", false, "read the new secret from stdin instead of making one")
	return cmd
}
