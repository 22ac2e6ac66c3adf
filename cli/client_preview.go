package cli

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

func (a *app) clientPreview() *cobra.Command {
	var account int64
	var scope string
	cmd := &cobra.Command{
		Use:   "claims-preview CLIENT --account SSOID",
		Short: "Show what each token of a client would hold for an account",
		Args:  args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, list []string) error {
			return a.withTools(cmd, func(t *tools) error {
				c, err := t.clients.Find(t.ctx, list[0])
				if err != nil {
					return err
				}
				_, provider := t.protocol()
				preview, err := provider.Preview(t.ctx, c, account, strings.Fields(scope))
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
	cmd.Flags().Int64Var(&account, "account", 0, "ssoid of the account")
	cmd.Flags().StringVar(&scope, "scope", "", "scopes as if asked for, separated by spaces; all of the client's when left out")
	return cmd
}
