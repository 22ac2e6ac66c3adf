package cli

import "github.com/spf13/cobra"

func (a *app) accountCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "account", Short: "Create and look up people's accounts", Args: args(cobra.NoArgs), RunE: help}
	cmd.AddCommand(a.accountCreate(), a.accountGet(), a.accountList(), a.accountSessions(), a.accountDisable(), a.accountEnable(), a.accountResetPassword(), a.accountResetFactors(), a.accountDelete(), a.accountMerge(), a.accountExport(), a.accountImport())
	return cmd
}
