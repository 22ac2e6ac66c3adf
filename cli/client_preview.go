package cli

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"pratu/flows/kind"
	"pratu/flows/office"
	"pratu/flows/oidc"
)

func (a *app) clientPreview() *cobra.Command {
	var account, scope string
	cmd := &cobra.Command{
		Use:   "claims-preview CLIENT --account ACCOUNT",
		Short: "Show what each token of a client would hold for an account",
		Long:  "Nothing is signed and nobody is signed in. That somebody looked is on the record, where the account's owner reads it.",
		Args:  args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, list []string) error {
			return a.withTools(cmd, func(t *tools) error {
				_, provider := t.protocol()
				_, preview, err := t.trials(provider).Preview(t.ctx, office.Host(), list[0], account, strings.Fields(scope))
				if kind.Is(err, "account.unknown") && account == "" {
					return usage("--account is missing: whose claims are they to be?")
				}
				if kind.Is(err, "account.unknown") { // an argument here, not a member of a form
					err = kind.New(kind.NotFound, "account.unknown").WithErr(err)
				}
				if err != nil {
					return err
				}
				return a.printPreview(preview)
			})
		},
	}
	cmd.Flags().StringVar(&account, "account", "", accountNamed)
	cmd.Flags().StringVar(&scope, "scope", "", "scopes as if asked for, separated by spaces; all of the client's when left out")
	return cmd
}

func (a *app) printPreview(preview oidc.Preview) error {
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
}

func remoteClientPreview(r *remote) error {
	raw, _, err := r.ask(http.MethodPost, r.path("/clients/%s/claims-preview"), r.flags("account", "scope"))
	if err != nil {
		return err
	}
	preview, err := as[oidc.Preview](raw)
	if err != nil {
		return err
	}
	return r.printPreview(preview)
}
