package cli

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"pratu/flows/office"
	"pratu/server/adminapi"
)

func (a *app) accountMerge() *cobra.Command {
	var dry bool
	cmd := &cobra.Command{
		Use: "merge FROM INTO", Short: "Let one account go into another of the same person", Args: args(cobra.ExactArgs(2)),
		Long: "Let one account go into another of the same person: contacts, linked logins, players and consents go over, what signs in to it\n" +
			"is void, its numbers are never anybody's again. FROM and INTO are an ssoid or oid, or a verified address or number. It can't be\n" +
			"undone: look at it with --dry-run first.",
		RunE: func(cmd *cobra.Command, list []string) error {
			return a.withTools(cmd, func(t *tools) error {
				numbers := [2]int64{}
				for i, name := range list {
					one, err := t.office.Named(t.ctx, office.Host(), name)
					if err != nil {
						return err
					}
					numbers[i] = one.SSOID
				}
				m, err := t.office.PreviewMerge(t.ctx, office.Host(), numbers[0], strconv.FormatInt(numbers[1], 10))
				if err != nil {
					return err
				}
				if !dry {
					if err := t.office.MergeAccounts(t.ctx, office.Host(), numbers[0], numbers[1], m.Seen()); err != nil {
						return err
					}
					a.say("Account %d went into %d.", numbers[0], numbers[1])
				}
				v := adminapi.ViewMerge(m)
				return a.print.one(v, mergeRows(v))
			})
		},
	}
	cmd.Flags().BoolVar(&dry, "dry-run", false, "show what would become of both, and change nothing")
	return cmd
}

func mergeRows(v adminapi.Merge) [][2]string {
	rows := [][2]string{{"from", v.From.SSOID}, {"into", v.Into.SSOID}}
	for _, c := range v.From.Contacts {
		rows = append(rows, [2]string{"goes over", c.Identifier})
	}
	if len(v.Claims) > 0 {
		rows = append(rows, [2]string{"goes over", strings.Join(v.Claims, " ")})
	}
	for _, p := range v.Players {
		what := "goes over"
		if p.Stays {
			what = "stays behind"
		}
		rows = append(rows, [2]string{what, fmt.Sprintf("player of %s, %d coin, %d diamond", p.Title, p.Coin, p.Diamond)})
	}
	for _, n := range []struct {
		what  string
		count int
	}{{"linked logins", v.Logins}, {"consents", v.Applications}, {"partners", v.Partners}, {"sessions that end", v.Sessions}} {
		if n.count > 0 {
			rows = append(rows, [2]string{n.what, strconv.Itoa(n.count)})
		}
	}
	return rows
}

func (a *app) accountExport() *cobra.Command {
	return a.onAccount("export ACCOUNT", "Print what we know of a person as JSON, as they could download it themselves; they are told", func(t *tools, p *office.Person) error {
		export, err := t.office.ExportAccount(t.ctx, office.Host(), p.SSOID)
		if err != nil {
			return err
		}
		if a.print.format == "table" {
			a.print.format = "json"
		}
		return a.print.encode(export)
	})
}
