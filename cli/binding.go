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

func viewBinding(ssoid string, b storage.Binding) bindingView {
	status := "1"
	if !b.EndedAt.IsZero() {
		status = "0"
	}
	return bindingView{b.ID, ssoid, b.Partner, b.ExternalID, status, b.CreatedAt.Time(), maybe(b.EndedAt)}
}

func (a *app) bindingCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "binding", Short: "Say what accounts are called at partners'", Args: args(cobra.NoArgs), RunE: help}
	cmd.AddCommand(a.bindingCreate(), a.bindingList(), a.bindingEnd())
	return cmd
}

// number reads an account's ssoid.
func number(text string) (int64, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n <= 0 {
		return 0, usage("--account %q: write the account's ssoid, such as 21985824", text)
	}
	return n, nil
}

func (a *app) bindingCreate() *cobra.Command {
	var account, partner, external string
	cmd := &cobra.Command{
		Use: "create --account SSOID --partner NAME --external-id ID", Short: "Bind an account to a partner's id", Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			ssoid, err := number(account)
			if err != nil {
				return err
			}
			return a.withTools(cmd, func(t *tools) error {
				b, err := t.directory(nil).Bind(t.ctx, ssoid, partner, external)
				if err != nil {
					return err
				}
				v := viewBinding(account, b)
				return a.print.one(v, [][2]string{{"id", v.ID}, {"account", account}, {"partner", partner}, {"external id", external}})
			})
		},
	}
	cmd.Flags().StringVar(&account, "account", "", "the account's ssoid")
	cmd.Flags().StringVar(&partner, "partner", "", "the partner's name, such as truemoney")
	cmd.Flags().StringVar(&external, "external-id", "", "what the partner calls the account")
	return cmd
}

func (a *app) bindingList() *cobra.Command {
	var account string
	var all bool
	cmd := &cobra.Command{
		Use: "list --account SSOID", Short: "Show what an account is called at partners'", Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			ssoid, err := number(account)
			if err != nil {
				return err
			}
			return a.withTools(cmd, func(t *tools) error {
				list, err := t.directory(nil).BindingsOf(t.ctx, ssoid, all)
				if err != nil {
					return err
				}
				views, rows := make([]bindingView, len(list)), make([][]string, len(list))
				for i, b := range list {
					v := viewBinding(account, b)
					views[i] = v
					rows[i] = []string{v.ID, v.Partner, v.ExternalID, v.CreatedAt.Format(time.RFC3339), moment(v.EndedAt)}
				}
				return a.print.list(views, []string{"id", "partner", "external id", "created", "ended"}, rows)
			})
		},
	}
	cmd.Flags().StringVar(&account, "account", "", "the account's ssoid")
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
