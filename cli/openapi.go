package cli

import (
	"encoding/json"

	"github.com/spf13/cobra"

	"pratu/docs"
	"pratu/server/adminapi"
)

// openapis are the descriptions of our APIs by name.
var openapis = []string{"admin", "identity", "game"}

func (a *app) openapiCommand() *cobra.Command {
	return &cobra.Command{
		Use: "openapi [admin|identity|game]", Short: "Print the OpenAPI document of an API", ValidArgs: openapis,
		Args: args(cobra.MatchAll(cobra.MaximumNArgs(1), cobra.OnlyValidArgs)),
		RunE: func(cmd *cobra.Command, list []string) error {
			name := openapis[0]
			if len(list) == 1 {
				name = list[0]
			}
			raw := map[string][]byte{"identity": docs.IdentityOpenAPI, "game": docs.GamesOpenAPI}[name]
			if name == "admin" {
				c, ps := loadConfig(cmd, a.environ)
				c.checkIssuer(&ps)
				if err := ps.err(); err != nil {
					return err
				}
				var err error
				if raw, err = adminapi.OpenAPI(c.issuer); err != nil {
					return err
				}
			}
			if a.print.format == "table" && name == "identity" {
				_, err := a.stdout.Write(raw)
				return err
			}
			doc, err := documentJSON(raw)
			if err != nil {
				return err
			}
			if a.print.format == "table" {
				a.print.format = "json"
			}
			return a.print.encode(json.RawMessage(doc))
		},
	}
}
