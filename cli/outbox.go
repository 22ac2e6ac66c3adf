package cli

import (
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"pratu/flows/kind"
	"pratu/flows/office"
	"pratu/storage"
)

// undelivered is a message as scripts see it. What it says, and to whom, stays sealed.
type undelivered struct {
	ID        string    `json:"id"`
	Kind      string    `json:"kind"`
	State     string    `json:"state"` // waiting, given_up
	Attempts  int64     `json:"attempts"`
	CreatedAt time.Time `json:"created_at"`
	LastError string    `json:"last_error"`
}

func viewMessage(m storage.Message) undelivered {
	v := undelivered{m.ID, m.Kind, "waiting", m.Attempts, m.CreatedAt.Time().UTC(), m.LastError}
	if !m.ParkedAt.IsZero() {
		v.State = "given_up"
	}
	return v
}

func (a *app) outboxCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "outbox", Short: "Look at mails and texts that didn't leave", Args: args(cobra.NoArgs), RunE: help}
	cmd.AddCommand(a.outboxList(), a.outboxRetry())
	return cmd
}

func (a *app) outboxList() *cobra.Command {
	limit := 100
	cmd := &cobra.Command{
		Use: "list", Short: "Show what waits and what was given up, the newest first", Args: args(cobra.NoArgs),
		Long: "Deliveries are tried for a day. What was given up is kept for a week: mend the cause, then run pratu outbox retry.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withTools(cmd, func(t *tools) error {
				messages, err := t.store.Undelivered(t.ctx, limit)
				if err != nil {
					return err
				}
				list, rows := make([]undelivered, len(messages)), make([][]string, len(messages))
				for i, m := range messages {
					v := viewMessage(m)
					list[i] = v
					rows[i] = []string{v.ID, v.Kind, v.State, strconv.FormatInt(v.Attempts, 10), v.CreatedAt.Format(time.RFC3339), v.LastError}
				}
				return a.print.list(list, []string{"id", "kind", "state", "attempts", "written", "last error"}, rows)
			})
		},
	}
	cmd.Flags().IntVar(&limit, "limit", limit, "at most so many")
	return cmd
}

func (a *app) outboxRetry() *cobra.Command {
	var all bool
	cmd := &cobra.Command{
		Use: "retry [ID]", Short: "Have what was given up tried once more, by the running server", Args: args(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, ids []string) error {
			if all == (len(ids) == 1) {
				return usage("give the id of a message, or --all")
			}
			id := ""
			if !all {
				id = ids[0]
			}
			return a.withTools(cmd, func(t *tools) error {
				n, err := t.office.RetryMessage(t.ctx, office.Host(), id)
				if kind.Is(err, "outbox.unknown") {
					err = nil
					if !all {
						err = kind.New(kind.NotFound, "outbox.unknown")
					}
				}
				if err != nil {
					return err
				}
				a.say("Messages that are tried once more: %d", n)
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "everything that was given up")
	return cmd
}
