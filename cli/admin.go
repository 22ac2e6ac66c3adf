package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
)

func (a *app) adminCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "admin", Short: "Let administrators in", Args: args(cobra.NoArgs), RunE: help}
	cmd.AddCommand(&cobra.Command{
		Use: "login-link", Short: "Print a one-time link: sets the first administrator up, later signs that one in", Args: args(cobra.NoArgs),
		Long: "While there is no administrator the link makes the first one (60 minutes): a new account, or the\n" +
			"one that is signed in where it is opened. Later it signs the first one in (15 minutes).\n" +
			"Each link works once; a new one takes the place of the one before.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withTools(cmd, func(t *tools) error {
				link, err := t.accounts.LoginLink(t.ctx)
				if err != nil {
					return err
				}
				if a.print.format != "table" {
					return a.print.one(struct {
						Link string `json:"link"`
					}{link}, nil)
				}
				_, err = fmt.Fprintln(a.stdout, link)
				return err
			})
		},
	})
	return cmd
}

// setupLink is the first administrator's link, or "" once there is one.
func (s *running) setupLink(ctx context.Context) (string, error) { return s.accounts.SetupLink(ctx) }

// announceSetup says how the first administrator gets in. The link itself isn't printed by serve: its output is kept.
func (a *app) announceSetup(ctx context.Context, s *running) {
	exists, err := s.accounts.HasAdmin(ctx)
	if err == nil && !exists {
		s.log.Info("no administrator yet: run pratu admin login-link", "event", "admin.missing")
	}
}
