package cli

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"pratu/storage"
)

func (a *app) clientPreview() *cobra.Command {
	var account, scope string
	cmd := &cobra.Command{
		Use:   "claims-preview CLIENT --account ACCOUNT",
		Short: "Show what each token of a client would hold for an account",
		Args:  args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, list []string) error {
			return a.withTools(cmd, func(t *tools) error {
				c, err := t.clients.Find(t.ctx, list[0])
				if err != nil {
					return err
				}
				var row storage.Account // nobody's: of a client that gets tokens for itself
				if account != "" {
					if row, err = t.accounts.Named(t.ctx, account); err != nil {
						return err
					}
				}
				_, provider := t.protocol()
				preview, err := provider.Preview(t.ctx, c, row.SSOID, strings.Fields(scope))
				if err != nil {
					return err
				}
				var rows [][2]string
				for _, token := range []struct {
					name   string
					claims map[string]any
				}{{"id_token", preview.IDToken}, {"userinfo", preview.Userinfo}, {"access_token", preview.AccessToken}} {
					for _, claim := range slices.Sorted(maps.Keys(token.claims)) {
						value, err := json.Marshal(token.claims[claim])
						if err != nil {
							return err
						}
						rows = append(rows, [2]string{token.name + " " + claim, string(value)})
					}
				}
				return a.print.one(preview, rows)
			})
		},
	}
	cmd.Flags().StringVar(&account, "account", "", accountNamed)
	cmd.Flags().StringVar(&scope, "scope", "", "scopes as if asked for, separated by spaces; all of the client's when left out")
	return cmd
}
