package cli

import (
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"pratu/storage"
)

// registrationToken is an initial access token as scripts see it.
type registrationToken struct {
	ID        string    `json:"id"`
	Token     string    `json:"token,omitempty"` // once
	Note      string    `json:"note"`
	Uses      int64     `json:"uses"`
	ExpiresAt time.Time `json:"expires_at"`
}

func viewToken(t storage.RegistrationToken, plain string) registrationToken {
	return registrationToken{t.ID, plain, t.Note, t.Uses, t.ExpiresAt.Time().UTC()}
}

func (t registrationToken) cells() []string {
	return []string{t.ID, t.Note, strconv.FormatInt(t.Uses, 10), t.ExpiresAt.Format(time.RFC3339)}
}

func (a *app) registrationTokenCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "registration-token", Short: "Let somebody register applications without an administrator", Args: args(cobra.NoArgs), RunE: help,
	}
	cmd.AddCommand(a.registrationTokenCreate(), a.registrationTokenList(), a.registrationTokenDelete())
	return cmd
}

func (a *app) registrationTokenCreate() *cobra.Command {
	var note string
	var uses int64
	var life time.Duration
	cmd := &cobra.Command{
		Use: "create", Short: "Make a token for /oauth2/register; it is shown once", Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withTools(cmd, func(t *tools) error {
				made, plain, err := t.register.NewInitialToken(t.ctx, note, uses, life)
				if err != nil {
					return err
				}
				if !t.register.On() {
					a.say("Registration is off: set PRATU_REGISTRATION=token.")
				}
				a.say("The token is shown this once; keep it.")
				v := viewToken(made, plain)
				return a.print.one(v, [][2]string{
					{"id", v.ID}, {"token", plain}, {"note", note}, {"uses", strconv.FormatInt(uses, 10)}, {"expires", v.ExpiresAt.Format(time.RFC3339)},
				})
			})
		},
	}
	cmd.Flags().StringVar(&note, "note", "", "whom it is for")
	cmd.Flags().Int64Var(&uses, "uses", 1, "how many applications it registers")
	cmd.Flags().DurationVar(&life, "expires-in", 24*time.Hour, "how long it works, 1m to 8784h")
	return cmd
}

func (a *app) registrationTokenList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "Show all registration tokens, those that are over for 30 days", Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withTools(cmd, func(t *tools) error {
				list, err := t.store.RegistrationTokens(t.ctx)
				if err != nil {
					return err
				}
				views, rows := make([]registrationToken, len(list)), make([][]string, len(list))
				for i, x := range list {
					views[i] = viewToken(x, "")
					rows[i] = views[i].cells()
				}
				return a.print.list(views, []string{"id", "note", "uses left", "expires"}, rows)
			})
		},
	}
}

func (a *app) registrationTokenDelete() *cobra.Command {
	return &cobra.Command{
		Use: "delete ID", Short: "End a registration token; applications that it registered stay", Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, list []string) error {
			return a.withTools(cmd, func(t *tools) error {
				if err := t.register.RemoveInitialToken(t.ctx, list[0]); err != nil {
					return err
				}
				a.say("Registration token %s is deleted.", list[0])
				return nil
			})
		},
	}
}
