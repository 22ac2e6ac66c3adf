package cli

import (
	"context"

	"github.com/spf13/cobra"

	"pratu/flows/accounts"
	"pratu/flows/office"
)

func (a *app) accountDisable() *cobra.Command {
	var reason string
	cmd := a.accountChange("disable ACCOUNT --reason R", "Keep an account out everywhere, at once", "is disabled", func(ctx context.Context, t *tools, one *accounts.Account) error {
		if reason == "" {
			return usage("--reason is missing: it is written into the record")
		}
		return t.office.DisableAccount(ctx, office.Host(), one.SSOID, reason)
	})
	cmd.Flags().StringVar(&reason, "reason", "", "why, for the record")
	return cmd
}

func (a *app) accountEnable() *cobra.Command {
	return a.accountChange("enable ACCOUNT", "Let a disabled account in again", "is enabled", func(ctx context.Context, t *tools, one *accounts.Account) error {
		return t.office.EnableAccount(ctx, office.Host(), one.SSOID)
	})
}

func (a *app) accountResetFactors() *cobra.Command {
	return a.accountChange("reset-factors ACCOUNT", "Take passkeys, authenticator app and recovery codes away, for who has lost them", "has a password alone, and is signed out everywhere",
		func(ctx context.Context, t *tools, one *accounts.Account) error {
			return t.office.ResetFactors(ctx, office.Host(), one.SSOID)
		})
}

func (a *app) accountResetPassword() *cobra.Command {
	return a.accountChange("reset-password ACCOUNT", "Mail the owner a link to choose a new password; the old one works until then", "gets a link by mail, from the running server",
		func(ctx context.Context, t *tools, one *accounts.Account) error {
			return t.office.SendRecovery(ctx, office.Host(), one.SSOID)
		})
}

func (a *app) accountDelete() *cobra.Command {
	return a.accountChange("delete ACCOUNT", "Close an account as its owner would; it is erased when the grace is over", "is closed; until it is erased its owner can come back",
		func(ctx context.Context, t *tools, one *accounts.Account) error {
			return t.office.DeleteAccount(ctx, office.Host(), one.SSOID)
		})
}

// accountChange is a command on one account, named by its ssoid, its oid, an address or a number.
func (a *app) accountChange(use, short, done string, change func(ctx context.Context, t *tools, one *accounts.Account) error) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: short, Args: args(cobra.ExactArgs(1)),
		Long: short + ". ACCOUNT is its ssoid or oid, or a verified address or number.",
		RunE: func(cmd *cobra.Command, list []string) error {
			return a.withTools(cmd, func(t *tools) error {
				account, err := t.office.Named(t.ctx, office.Host(), list[0])
				if err != nil {
					return err
				}
				if err := change(t.ctx, t, account); err != nil {
					return err
				}
				a.say("Account %d %s.", account.SSOID, done)
				return nil
			})
		},
	}
}
