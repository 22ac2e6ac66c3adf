package cli

import (
	"strconv"
	"time"

	"github.com/spf13/cobra"
)

// usageView is how often a client called something on a day.
type usageView struct {
	ClientID string `json:"client_id"`
	Call     string `json:"call"`
	Day      string `json:"day"`
	Calls    int64  `json:"calls"`
}

// clientUsage tells who still calls what is obsolete.
func (a *app) clientUsage() *cobra.Command {
	var days int64
	cmd := &cobra.Command{
		Use: "usage [ID]", Short: "Show how often clients call the Identity API and the partner exchange, by day", Args: args(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, list []string) error {
			if days < 1 || days > 400 {
				return usage("--days is between 1 and 400")
			}
			id := ""
			if len(list) == 1 {
				id = list[0]
			}
			return a.withTools(cmd, func(t *tools) error {
				counts, err := t.store.CallCounts(t.ctx, id, t.now().Unix()/86400-days+1)
				if err != nil {
					return err
				}
				views, rows := make([]usageView, len(counts)), make([][]string, len(counts))
				for i, c := range counts {
					v := usageView{c.ClientID, c.Call, time.Unix(c.Day*86400, 0).UTC().Format(time.DateOnly), c.Calls}
					views[i] = v
					rows[i] = []string{v.ClientID, v.Call, v.Day, strconv.FormatInt(v.Calls, 10)}
				}
				return a.print.list(views, []string{"client", "call", "day", "calls"}, rows)
			})
		},
	}
	cmd.Flags().Int64Var(&days, "days", 30, "how many days, today among them")
	return cmd
}
