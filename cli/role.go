package cli

import (
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"pratu/flows/office"
)

// holderView is who has a role, as scripts see it.
type holderView struct {
	SSOID  string   `json:"ssoid"`
	Status string   `json:"status"`
	Roles  []string `json:"roles"`
	Titles []string `json:"titles,omitempty"`
}

func (a *app) roleCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "role", Short: "Say who administers what", Args: args(cobra.NoArgs), RunE: help}
	cmd.AddCommand(a.roleList(), a.roleGrant(), a.roleRevoke())
	return cmd
}

func (a *app) roleList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "Show who has a role", Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withTools(cmd, func(t *tools) error {
				list, err := t.office.Holders(t.ctx, office.Host())
				if err != nil {
					return err
				}
				views, rows := make([]holderView, len(list)), make([][]string, len(list))
				for i, h := range list {
					v := holderView{strconv.FormatInt(h.SSOID, 10), h.Status, h.Roles, h.Titles}
					views[i], rows[i] = v, []string{v.SSOID, v.Status, strings.Join(v.Roles, " "), strings.Join(v.Titles, " ")}
				}
				return a.print.list(views, []string{"ssoid", "status", "roles", "titles"}, rows)
			})
		},
	}
}

func (a *app) roleGrant() *cobra.Command {
	return a.roleChange("grant ACCOUNT ROLE", "Give an account a role", func(t *tools, accountID string, r office.Role) error {
		return t.office.Grant(t.ctx, office.Host(), accountID, r)
	}, "the game that a title_owner is to own")
}

func (a *app) roleRevoke() *cobra.Command {
	return a.roleChange("revoke ACCOUNT ROLE", "Take a role from an account", func(t *tools, accountID string, r office.Role) error {
		return t.office.Revoke(t.ctx, office.Host(), accountID, r)
	}, "the game that a title_owner is to lose; all when left out")
}

func (a *app) roleChange(use, short string, change func(t *tools, accountID string, r office.Role) error, title string) *cobra.Command {
	var r office.Role
	cmd := &cobra.Command{
		Use: use, Short: short, Args: args(cobra.ExactArgs(2)),
		Long: short + ". ACCOUNT is an e-mail address, a phone number, an ssoid or an oid that signs somebody in;\n" +
			"ROLE is one of " + strings.Join(office.Roles(), ", ") + ". What a role may do: docs/permissions.md.",
		RunE: func(cmd *cobra.Command, list []string) error {
			r.Name = list[1]
			return a.withTools(cmd, func(t *tools) error {
				account, err := t.office.Named(t.ctx, office.Host(), list[0])
				if err != nil {
					return err
				}
				return change(t, account.ID, r)
			})
		},
	}
	cmd.Flags().StringVar(&r.Title, "title", "", title)
	return cmd
}
