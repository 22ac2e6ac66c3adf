package cli

import (
	"net/url"
	"strconv"

	"github.com/spf13/cobra"

	"pratu/flows/office"
	"pratu/server/adminapi"
	"pratu/storage"
)

// maxUsage is how many counts are shown.
const maxUsage = 100_000

// clientUsage tells who still calls what is obsolete.
func (a *app) clientUsage() *cobra.Command {
	var days int64
	cmd := &cobra.Command{
		Use: "usage [ID]", Short: "Show how often clients call the Identity API and the partner exchange, by day", Args: args(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, list []string) error {
			id := ""
			if len(list) == 1 {
				id = list[0]
			}
			return a.withTools(cmd, func(t *tools) error {
				counts, _, err := t.office.Usage(t.ctx, office.Host(), id, days, storage.CallCount{}, maxUsage)
				if err != nil {
					return err
				}
				views := make([]adminapi.Usage, len(counts))
				for i, c := range counts {
					views[i] = adminapi.ViewUsage(c)
				}
				return a.printUsage(views)
			})
		},
	}
	cmd.Flags().Int64Var(&days, "days", 30, "how many days, today among them")
	return cmd
}

func (a *app) printUsage(list []adminapi.Usage) error {
	rows := make([][]string, len(list))
	for i, v := range list {
		rows[i] = []string{v.ClientID, v.Call, v.Day, strconv.FormatInt(v.Calls, 10)}
	}
	return a.print.list(list, []string{"client", "call", "day", "calls"}, rows)
}

func remoteClientUsage(r *remote) error {
	q := url.Values{"days": {r.flag("days")}}
	if len(r.args) > 0 {
		q.Set("client", r.args[0])
	}
	items, err := r.pages("/usage?"+q.Encode()+"&", nil, maxUsage)
	if err != nil {
		return err
	}
	list, err := as[[]adminapi.Usage](items)
	if err != nil {
		return err
	}
	return r.printUsage(list)
}
