package cli

import (
	"strings"
	"time"

	"github.com/spf13/cobra"

	"pratu/flows/keys"
	"pratu/flows/office"
)

func (a *app) keyCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "key", Short: "Look at the signing keys and replace them", Args: args(cobra.NoArgs), RunE: help}
	cmd.AddCommand(a.keyList(), a.keyRotate(), a.keyRetire(), a.keyReindex())
	return cmd
}

func (a *app) keyList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "Show the published signing keys", Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withTools(cmd, func(t *tools) error {
				if err := t.keys.Ensure(t.ctx); err != nil {
					return err
				}
				list, err := t.office.SigningKeys(t.ctx, office.Host())
				if err != nil {
					return err
				}
				return a.printKeys(list)
			})
		},
	}
}

func (a *app) keyRotate() *cobra.Command {
	var o keys.RotateOptions
	cmd := &cobra.Command{
		Use: "rotate", Short: "Publish new signing keys; running servers follow by themselves",
		Long: "A new key is published at once and signs after 15 minutes, when every application has had time to see it.\n" +
			"The key it replaces stays published until the last token it signed is over. The server does this by itself every\n" +
			"PRATU_KEY_ROTATION; --compromised is for a key that has leaked.",
		Args: args(cobra.NoArgs),
		PreRunE: func(cmd *cobra.Command, _ []string) error { // with --server too
			if cmd.Flags().Changed("bits") && (o.Alg == keys.ES256 || o.Alg == keys.EdDSA) {
				return usage("--bits is for RSA: the length of %s is fixed", o.Alg)
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withTools(cmd, func(t *tools) error {
				if err := t.keys.Ensure(t.ctx); err != nil {
					return err
				}
				made, err := t.office.RotateKeys(t.ctx, office.Host(), o)
				if err != nil {
					return err
				}
				return a.printKeys(made)
			})
		},
	}
	cmd.Flags().StringVar(&o.Alg, "alg", "", strings.Join(keys.Algorithms(), ", ")+"; all when left out")
	cmd.Flags().IntVar(&o.Bits, "bits", keys.DefaultBits, "length of a new RSA key")
	cmd.Flags().BoolVar(&o.Now, "now", false, "sign with the new keys at once")
	cmd.Flags().BoolVar(&o.Compromised, "compromised", false, "a key has leaked: sign with the new ones at once, and refuse whatever the old ones signed")
	return cmd
}

func (a *app) keyRetire() *cobra.Command {
	return &cobra.Command{
		Use: "retire KID", Short: "Take a key that was replaced out of the key set before its time", Args: args(cobra.ExactArgs(1)),
		Long: "Take a key that was replaced out of the key set before its time: whatever it signed is refused from now on. A key that signs, or is\n" +
			"going to, has to be replaced first: pratu key rotate --now, or --compromised for one that has leaked, which does both.",
		RunE: func(cmd *cobra.Command, list []string) error {
			return a.withTools(cmd, func(t *tools) error {
				if err := t.keys.Ensure(t.ctx); err != nil {
					return err
				}
				if err := t.office.RetireKey(t.ctx, office.Host(), list[0]); err != nil {
					return err
				}
				a.say("Key %s is published no more.", list[0])
				return nil
			})
		},
	}
}

func (a *app) printKeys(list []keys.Info) error {
	rows := make([][]string, len(list))
	for i, k := range list {
		until := ""
		if !k.RetiredAt.IsZero() {
			until = k.RetiredAt.Format(time.RFC3339)
		}
		rows[i] = []string{k.ID, k.Alg, k.State, k.ActiveAt.Format(time.RFC3339), until}
	}
	return a.print.list(list, []string{"kid", "alg", "state", "signs from", "published until"}, rows)
}

// doctorKeys looks at the age of what signs.
func (a *app) doctorKeys(t *tools, fs *findings) error {
	list, err := t.keys.List(t.ctx)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		fs.ok("signing keys", "none yet: the first start makes them")
		return nil
	}
	if err := t.keys.Refresh(t.ctx); err != nil {
		fs.fail("signing keys", "can't be opened: give the secret key they were sealed with as PRATU_SECRET_KEY or PRATU_SECRET_KEY_PREVIOUS")
		return nil //nolint:nilerr // a finding of the doctor's, who goes on
	}
	for _, k := range list {
		age := t.now().Sub(k.CreatedAt)
		switch {
		case k.State == "signing" && age > oldKey:
			fs.warn("signing keys", "%s is %d days old: run pratu key rotate", k.Alg, int(age.Hours()/24))
		case k.State == "signing":
			fs.ok("signing keys", "%s, %d days old", k.Alg, int(age.Hours()/24))
		}
	}
	return nil
}
