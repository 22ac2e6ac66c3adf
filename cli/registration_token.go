package cli

import (
	"crypto/rand"
	"net/http"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"pratu/flows/office"
	"pratu/server/adminapi"
)

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
				made, plain, err := t.office.CreateRegistrationToken(t.ctx, office.Host(), note, uses, life)
				if err != nil {
					return err
				}
				if !t.register.On() {
					a.say("Registration is off: set PRATU_REGISTRATION=token.")
				}
				a.say("The token is shown this once; keep it.")
				return a.printNewToken(adminapi.ViewRegistrationToken(made, plain))
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
				list, err := t.office.RegistrationTokens(t.ctx, office.Host())
				if err != nil {
					return err
				}
				views := make([]adminapi.RegistrationToken, len(list))
				for i, x := range list {
					views[i] = adminapi.ViewRegistrationToken(x, "")
				}
				return a.printTokens(views)
			})
		},
	}
}

func (a *app) registrationTokenDelete() *cobra.Command {
	return &cobra.Command{
		Use: "delete ID", Short: "End a registration token; applications that it registered stay", Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, list []string) error {
			return a.withTools(cmd, func(t *tools) error {
				if err := t.office.DeleteRegistrationToken(t.ctx, office.Host(), list[0]); err != nil {
					return err
				}
				a.say("Registration token %s is deleted.", list[0])
				return nil
			})
		},
	}
}

func (a *app) printNewToken(v adminapi.RegistrationToken) error {
	return a.print.one(v, [][2]string{
		{"id", v.ID}, {"token", v.Token}, {"note", v.Note}, {"uses", strconv.FormatInt(v.Uses, 10)}, {"expires", v.ExpiresAt.Format(time.RFC3339)},
	})
}

func (a *app) printTokens(list []adminapi.RegistrationToken) error {
	rows := make([][]string, len(list))
	for i, v := range list {
		rows[i] = []string{v.ID, v.Note, strconv.FormatInt(v.Uses, 10), v.ExpiresAt.Format(time.RFC3339)}
	}
	return a.print.list(list, []string{"id", "note", "uses left", "expires"}, rows)
}

func remoteTokenCreate(r *remote) error {
	raw, _, err := r.ask(http.MethodPost, "/registration-tokens", r.flags("note", "uses", "expires-in"), "Idempotency-Key", rand.Text())
	if err != nil {
		return err
	}
	made, err := as[adminapi.RegistrationToken](raw)
	if err != nil {
		return err
	}
	r.say("The token is shown this once; keep it.")
	return r.printNewToken(made)
}

func remoteTokenList(r *remote) error {
	items, err := r.pages("/registration-tokens", nil, 0)
	if err != nil {
		return err
	}
	list, err := as[[]adminapi.RegistrationToken](items)
	if err != nil {
		return err
	}
	return r.printTokens(list)
}
