package cli

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"pratu/flows/office"
	"pratu/server/adminapi"
)

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
				return errNoAccount()
			}
			return a.withTools(cmd, func(t *tools) error {
				row, err := t.office.Named(t.ctx, office.Host(), account)
				if err != nil {
					return err
				}
				b, err := t.office.Bind(t.ctx, office.Host(), row.SSOID, partner, external)
				if err != nil {
					return err
				}
				return a.printBinding(adminapi.ViewBinding(row.SSOID, b))
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
				return errNoAccount()
			}
			return a.withTools(cmd, func(t *tools) error {
				row, err := t.office.Named(t.ctx, office.Host(), account)
				if err != nil {
					return err
				}
				list, err := t.office.FindBindings(t.ctx, office.Host(), row.SSOID, all)
				if err != nil {
					return err
				}
				views := make([]adminapi.Binding, len(list))
				for i, b := range list {
					views[i] = adminapi.ViewBinding(row.SSOID, b)
				}
				return a.printBindings(views)
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
				b, err := t.office.EndBinding(t.ctx, office.Host(), list[0])
				if err != nil {
					return err
				}
				a.say("The account is %s at %s no more.", b.ExternalID, b.Partner)
				return nil
			})
		},
	}
}

func (a *app) printBinding(v adminapi.Binding) error {
	return a.print.one(v, [][2]string{{"id", v.ID}, {"account", v.Account}, {"partner", v.Partner}, {"external id", v.ExternalID}})
}

func (a *app) printBindings(list []adminapi.Binding) error {
	rows := make([][]string, len(list))
	for i, v := range list {
		rows[i] = []string{v.ID, v.Partner, v.ExternalID, v.CreatedAt.Format(time.RFC3339), moment(v.EndedAt)}
	}
	return a.print.list(list, []string{"id", "partner", "external id", "created", "ended"}, rows)
}

func remoteBindingCreate(r *remote) error {
	one, err := r.boundAccount()
	if err != nil {
		return err
	}
	raw, _, err := r.ask(http.MethodPost, "/accounts/"+url.PathEscape(one.SSOID)+"/bindings", r.flags("partner", "external-id"), "Idempotency-Key", rand.Text())
	if err != nil {
		return err
	}
	made, err := as[adminapi.Binding](raw)
	if err != nil {
		return err
	}
	return r.printBinding(made)
}

func remoteBindingList(r *remote) error {
	one, err := r.boundAccount()
	if err != nil {
		return err
	}
	items, err := r.pages("/accounts/"+url.PathEscape(one.SSOID)+"/bindings?ended="+r.flag("all"), nil, 0)
	if err != nil {
		return err
	}
	list, err := as[[]adminapi.Binding](items)
	if err != nil {
		return err
	}
	return r.printBindings(list)
}

func (r *remote) boundAccount() (adminapi.Account, error) {
	name := r.flag("account")
	if name == "" {
		return adminapi.Account{}, errNoAccount()
	}
	return r.account(name)
}

func errNoAccount() error { return usage("--account is missing: pratu account list finds one") }
