package cli

import (
	"github.com/spf13/cobra"

	"pratu/flows/clients"
	"pratu/flows/kind"
)

func (a *app) titleCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "title", Short: "Look at titles: games, whose players are looked after here", Args: args(cobra.NoArgs), RunE: help,
		Long: "A title is a client of kind game: pratu client create --kind game makes one, and pratu client changes it.",
	}
	cmd.AddCommand(a.titleGet(), a.titleList())
	return cmd
}

func (a *app) titleGet() *cobra.Command {
	return &cobra.Command{
		Use: "get ID", Short: "Show one title", Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, list []string) error {
			return a.withTools(cmd, func(t *tools) error {
				c, err := t.clients.Find(t.ctx, list[0])
				if err == nil && c.Kind != clients.KindGame {
					err = kind.New(kind.NotFound, "title.unknown")
				}
				if err != nil {
					return err
				}
				return a.print.one(c.Document(), clientRows(c, ""))
			})
		},
	}
}

func (a *app) titleList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "Show all titles", Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withTools(cmd, func(t *tools) error {
				return a.listClients(t, func(c *clients.Client) bool { return c.Kind == clients.KindGame })
			})
		},
	}
}
