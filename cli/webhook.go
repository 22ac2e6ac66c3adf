package cli

import (
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"pratu/flows/office"
	"pratu/flows/webhooks"
)

func (a *app) webhookCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "webhook", Short: "Tell other servers of events, signed", Args: args(cobra.NoArgs), RunE: help}
	cmd.AddCommand(a.webhookCreate(), a.webhookList(), a.webhookGet(), a.webhookUpdate(), a.webhookDelete(), a.webhookRotate(),
		a.webhookTest(), a.webhookDeliveries(), a.webhookReplay())
	return cmd
}

// webhookView is a webhook as scripts see it.
type webhookView struct {
	*webhooks.Webhook
	Secret string `json:"secret,omitempty"` // once
}

func (a *app) printWebhook(w *webhooks.Webhook, secret string) error {
	return a.print.one(webhookView{w, secret}, [][2]string{
		{"id", w.ID}, {"url", w.URL}, {"events", strings.Join(w.Events, " ")}, {"description", w.Description},
		{"state", webhookState(w)}, {"secret", secret},
	})
}

func webhookState(w *webhooks.Webhook) string {
	if w.Disabled {
		return "disabled"
	}
	return "active"
}

func webhookFlags(cmd *cobra.Command, in *webhooks.Settings) {
	cmd.Flags().StringVar(&in.URL, "url", "", "where events are posted to")
	cmd.Flags().StringArrayVar(&in.Events, "event", nil, "an event that is told (repeat for more): "+strings.Join(webhooks.Events(), ", "))
	cmd.Flags().StringVar(&in.Description, "description", "", "what it is for")
}

func (a *app) webhookCreate() *cobra.Command {
	var in webhooks.Settings
	cmd := &cobra.Command{
		Use: "create --url URL --event NAME …", Short: "Set a webhook up; it is told of what happens from now on", Args: args(cobra.NoArgs),
		Long: "Messages are signed as Standard Webhooks has it; docs/webhooks.md shows how to verify them. The secret is printed once.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withTools(cmd, func(t *tools) error {
				w, secret, err := t.office.CreateWebhook(t.ctx, office.Host(), in)
				if err != nil {
					return err
				}
				a.say("The secret is shown this once; keep it.")
				return a.printWebhook(w, secret)
			})
		},
	}
	webhookFlags(cmd, &in)
	return cmd
}

func (a *app) webhookList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "Show all webhooks", Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withTools(cmd, func(t *tools) error {
				list, err := t.office.WebhookList(t.ctx, office.Host())
				if err != nil {
					return err
				}
				rows := make([][]string, len(list))
				for i, w := range list {
					rows[i] = []string{w.ID, w.URL, strings.Join(w.Events, " "), webhookState(w)}
				}
				return a.print.list(list, []string{"id", "url", "events", "state"}, rows)
			})
		},
	}
}

func (a *app) webhookGet() *cobra.Command {
	return &cobra.Command{
		Use: "get ID", Short: "Show one webhook", Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, list []string) error {
			return a.withTools(cmd, func(t *tools) error {
				w, err := t.office.Webhook(t.ctx, office.Host(), list[0])
				if err != nil {
					return err
				}
				return a.printWebhook(w, "")
			})
		},
	}
}

func (a *app) webhookUpdate() *cobra.Command {
	var in webhooks.Settings
	var disable, enable bool
	cmd := &cobra.Command{
		Use: "update ID", Short: "Change a webhook, or switch it off and on", Args: args(cobra.ExactArgs(1)),
		Long: "What isn't given stays. What happens while a webhook is disabled isn't told later.",
		RunE: func(cmd *cobra.Command, list []string) error {
			if disable && enable {
				return usage("--disable and --enable exclude each other")
			}
			return a.withTools(cmd, func(t *tools) error {
				w, err := t.office.ChangeWebhook(t.ctx, office.Host(), list[0], 0, func(s *webhooks.Settings) error {
					for name, set := range map[string]func(){
						"url": func() { s.URL = in.URL }, "event": func() { s.Events = in.Events }, "description": func() { s.Description = in.Description },
					} {
						if cmd.Flags().Changed(name) {
							set()
						}
					}
					if disable || enable {
						s.Disabled = disable
					}
					return nil
				})
				if err != nil {
					return err
				}
				return a.printWebhook(w, "")
			})
		},
	}
	webhookFlags(cmd, &in)
	cmd.Flags().BoolVar(&disable, "disable", false, "tell it nothing any more")
	cmd.Flags().BoolVar(&enable, "enable", false, "let a disabled webhook work again")
	return cmd
}

func (a *app) webhookDelete() *cobra.Command {
	return &cobra.Command{
		Use: "delete ID", Short: "Remove a webhook; what waits for it isn't sent", Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, list []string) error {
			return a.withTools(cmd, func(t *tools) error {
				if err := t.office.DeleteWebhook(t.ctx, office.Host(), list[0], 0); err != nil {
					return err
				}
				a.say("Webhook %s is deleted.", list[0])
				return nil
			})
		},
	}
}

func (a *app) webhookRotate() *cobra.Command {
	overlap := 24 * time.Hour
	cmd := &cobra.Command{
		Use: "rotate-secret ID", Short: "Give a webhook a new secret; the old one signs as well for the overlap", Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, list []string) error {
			return a.withTools(cmd, func(t *tools) error {
				secret, err := t.office.RotateWebhookSecret(t.ctx, office.Host(), list[0], overlap)
				if err != nil {
					return err
				}
				a.say("%s", overlapText("The secret before it signs", overlap))
				v := struct {
					ID     string `json:"id"`
					Secret string `json:"secret"`
				}{list[0], secret}
				return a.print.one(v, [][2]string{{"id", v.ID}, {"secret", v.Secret}})
			})
		},
	}
	cmd.Flags().DurationVar(&overlap, "overlap", overlap, "how long the secret before still signs; 0 ends it at once")
	return cmd
}

func (a *app) webhookDeliveries() *cobra.Command {
	limit := 100
	cmd := &cobra.Command{
		Use: "deliveries ID", Short: "Show what a webhook was told in the last week, the newest first", Args: args(cobra.ExactArgs(1)),
		Long: "A delivery is tried for a day and then given up; pratu webhook replay sends it once more.",
		RunE: func(cmd *cobra.Command, ids []string) error {
			return a.withTools(cmd, func(t *tools) error {
				list, _, err := t.office.Deliveries(t.ctx, office.Host(), ids[0], webhooks.Cursor{}, limit)
				if err != nil {
					return err
				}
				rows := make([][]string, len(list))
				for i, d := range list {
					rows[i] = []string{d.ID, d.Event, string(d.State), strconv.FormatInt(d.Attempts, 10), d.CreatedAt.Format(time.RFC3339), d.LastError}
				}
				if list == nil {
					list = []webhooks.Delivery{}
				}
				return a.print.list(list, []string{"id", "event", "state", "failed", "written", "last error"}, rows)
			})
		},
	}
	cmd.Flags().IntVar(&limit, "limit", limit, "at most so many")
	return cmd
}

func (a *app) webhookTest() *cobra.Command {
	return &cobra.Command{
		Use: "test ID", Short: "Have the running server send a signed webhook.test", Args: args(cobra.ExactArgs(1)),
		Long: "It is tried again as any other delivery; pratu webhook deliveries shows what became of it.",
		RunE: func(cmd *cobra.Command, list []string) error {
			return a.withTools(cmd, func(t *tools) error {
				d, err := t.office.TestWebhook(t.ctx, office.Host(), list[0])
				if err != nil {
					return err
				}
				return a.print.one(d, [][2]string{{"id", d.ID}, {"event", d.Event}, {"state", string(d.State)}})
			})
		},
	}
}

func (a *app) webhookReplay() *cobra.Command {
	return &cobra.Command{
		Use: "replay ID DELIVERY", Short: "Have a delivery sent once more, under the same webhook-id, by the running server", Args: args(cobra.ExactArgs(2)),
		RunE: func(cmd *cobra.Command, list []string) error {
			return a.withTools(cmd, func(t *tools) error {
				if err := t.office.ReplayDelivery(t.ctx, office.Host(), list[0], list[1]); err != nil {
					return err
				}
				a.say("Delivery %s is sent once more.", list[1])
				return nil
			})
		},
	}
}
