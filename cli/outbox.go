package cli

import (
	"crypto/rand"
	"net/http"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"pratu/flows/kind"
	"pratu/flows/office"
	"pratu/server/adminapi"
)

func (a *app) outboxCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "outbox", Short: "Look at mails and texts, and send one by way of trial", Args: args(cobra.NoArgs), RunE: help}
	cmd.AddCommand(a.outboxList(), a.outboxGet(), a.outboxRetry(), a.outboxTest())
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
				list, rows := make([]adminapi.Message, len(messages)), make([][]string, len(messages))
				for i, m := range messages {
					v := adminapi.ViewMessage(m)
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

func (a *app) outboxGet() *cobra.Command {
	return &cobra.Command{
		Use: "get ID", Short: "Show what became of a mail or text", Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, ids []string) error {
			return a.withTools(cmd, func(t *tools) error {
				m, err := t.office.Message(t.ctx, office.Host(), ids[0])
				if err != nil {
					return err
				}
				return a.printMessage(adminapi.ViewMessage(m))
			})
		},
	}
}

func (a *app) outboxTest() *cobra.Command {
	var messageKind string
	cmd := &cobra.Command{
		Use: "test ACCOUNT", Short: "Have the running server send an administrator a mail or text by way of trial", Args: args(cobra.ExactArgs(1)),
		Long: "It goes to a verified address or number of an owner or admin, and to nobody else; pratu outbox get shows what became of it.",
		RunE: func(cmd *cobra.Command, list []string) error {
			return a.withTools(cmd, func(t *tools) error {
				row, err := t.office.Named(t.ctx, office.Host(), list[0])
				if err != nil {
					return err
				}
				m, err := t.office.TestFor(t.ctx, office.Host(), row.SSOID, messageKind)
				if err != nil {
					return err
				}
				return a.printMessage(adminapi.ViewMessage(m))
			})
		},
	}
	cmd.Flags().StringVar(&messageKind, "kind", "mail", "mail or sms")
	return cmd
}

func (a *app) printMessage(v adminapi.Message) error {
	return a.print.one(v, [][2]string{
		{"id", v.ID}, {"kind", v.Kind}, {"state", v.State}, {"attempts", strconv.FormatInt(v.Attempts, 10)},
		{"written", v.CreatedAt.Format(time.RFC3339)}, {"delivered", moment(v.DeliveredAt)}, {"last error", v.LastError},
	})
}

func (r *remote) message(method, path string, body any, headers ...string) error {
	raw, _, err := r.ask(method, path, body, headers...)
	if err != nil {
		return err
	}
	v, err := as[adminapi.Message](raw)
	if err != nil {
		return err
	}
	return r.printMessage(v)
}

func remoteOutboxTest(r *remote) error {
	one, err := r.account(r.args[0])
	if err != nil {
		return err
	}
	return r.message(http.MethodPost, "/messages/test", map[string]any{"account": one.SSOID, "kind": r.flag("kind")}, "Idempotency-Key", rand.Text())
}
