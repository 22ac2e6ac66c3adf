package cli

import (
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"pratu/storage"
)

// bindingView is a binding as scripts see it.
type bindingView struct {
	ID         string     `json:"id"`
	Account    string     `json:"account"`
	Partner    string     `json:"partner"`
	ExternalID string     `json:"external_id"`
	Status     string     `json:"status"` // 1 while it holds, 0 when it has ended
	CreatedAt  time.Time  `json:"created_at"`
	EndedAt    *time.Time `json:"ended_at"`
}

func viewBinding(ssoid int64, b storage.Binding) bindingView {
	status := "1"
	if !b.EndedAt.IsZero() {
		status = "0"
	}
	return bindingView{b.ID, strconv.FormatInt(ssoid, 10), b.Partner, b.ExternalID, status, b.CreatedAt.Time(), maybe(b.EndedAt)}
}

func (a *app) bindingCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "binding", Short: "Say what accounts are called at partners'", Args: args(cobra.NoArgs), RunE: help}
	cmd.AddCommand(a.bindingCreate(), a.bindingList(), a.bindingEnd())
	return cmd
}

// accountNamed is the help of flags that name an account.
const accountNamed = "the account's ssoid or oid, or a verified address or number"

func (a *app) bindingCreate() *cobra.Command {
	var account, partner, external string
	cmd := &cobra.Command{
		Use: "create --account ACCOUNT --partner NAME --external-id ID", Short: "Bind an account to a partner's id", Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if account == "" {
				return usage("--account is missing: pratu account list finds one")
			}
			return a.withTools(cmd, func(t *tools) error {
				row, err := t.accounts.Named(t.ctx, account)
				if err != nil {
					return err
				}
				b, err := t.directory(nil).Bind(t.ctx, row.SSOID, partner, external)
				if err != nil {
					return err
				}
				v := viewBinding(row.SSOID, b)
				return a.print.one(v, [][2]string{{"id", v.ID}, {"account", v.Account}, {"partner", partner}, {"external id", external}})
			})
		},
	}
	cmd.Flags().StringVar(&account, "account", "", accountNamed)
	cmd.Flags().StringVar(&partner, "partner", "", "the partner's name, such as truemoney")
	cmd.Flags().StringVar(&external, "external-id", "", "what the partner calls the account")
	return cmd
}

func (a *app) bindingList() *cobra.Command {
	var account string
	var all bool
	cmd := &cobra.Command{
		Use: "list --account ACCOUNT", Short: "Show what an account is called at partners'", Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if account == "" {
				return usage("--account is missing: pratu account list finds one")
			}
			return a.withTools(cmd, func(t *tools) error {
				row, err := t.accounts.Named(t.ctx, account)
				if err != nil {
					return err
				}
				list, err := t.directory(nil).BindingsOf(t.ctx, row.SSOID, all)
				if err != nil {
					return err
				}
				views, rows := make([]bindingView, len(list)), make([][]string, len(list))
				for i, b := range list {
					v := viewBinding(row.SSOID, b)
					views[i] = v
					rows[i] = []string{v.ID, v.Partner, v.ExternalID, v.CreatedAt.Format(time.RFC3339), moment(v.EndedAt)}
				}
				return a.print.list(views, []string{"id", "partner", "external id", "created", "ended"}, rows)
			})
		},
	}
	cmd.Flags().StringVar(&account, "account", "", accountNamed)
	cmd.Flags().BoolVar(&all, "all", false, "those that ended too")
	return cmd
}

func (a *app) bindingEnd() *cobra.Command {
	return &cobra.Command{
		Use: "end ID", Short: "End a binding; its owner can do so in the portal", Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, list []string) error {
			return a.withTools(cmd, func(t *tools) error {
				b, err := t.directory(nil).EndBinding(t.ctx, "", list[0])
				if err != nil {
					return err
				}
				a.say("The account is %s at %s no more.", b.ExternalID, b.Partner)
				return nil
			})
		},
	}
}
