package cli

import (
	"time"

	"github.com/spf13/cobra"

	"pratu/storage"
)

// apiKeyView is a key as scripts see it.
type apiKeyView struct {
	ID         string     `json:"id"`
	Key        string     `json:"key,omitempty"` // once
	Prefix     string     `json:"prefix"`
	ClientID   string     `json:"client_id"`
	Note       string     `json:"note"`
	CreatedAt  time.Time  `json:"created_at"`
	ExpiresAt  *time.Time `json:"expires_at"`
	LastUsedAt *time.Time `json:"last_used_at"`
	RevokedAt  *time.Time `json:"revoked_at"`
}

func viewAPIKey(k storage.APIKey, plain string) apiKeyView {
	return apiKeyView{
		k.ID, plain, k.Prefix, k.ClientID, k.Note, k.CreatedAt.Time(), maybe(k.ExpiresAt), maybe(k.LastUsedAt), maybe(k.RevokedAt),
	}
}

// maybe is an instant for JSON: null when it never was.
func maybe(i storage.Instant) *time.Time {
	if i.IsZero() {
		return nil
	}
	t := i.Time()
	return &t
}

// moment is an instant in a table.
func moment(t *time.Time) string {
	if t == nil {
		return "never"
	}
	return t.Format(time.RFC3339)
}

func (k apiKeyView) state(now time.Time) string {
	switch {
	case k.RevokedAt != nil:
		return "revoked"
	case k.ExpiresAt != nil && !now.Before(*k.ExpiresAt):
		return "expired"
	}
	return "works"
}

func (a *app) apiKeyCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "api-key", Short: "Give clients keys for the Identity API", Args: args(cobra.NoArgs), RunE: help}
	cmd.AddCommand(a.apiKeyCreate(), a.apiKeyList(), a.apiKeyRevoke())
	return cmd
}

func (a *app) apiKeyCreate() *cobra.Command {
	var client, note string
	var life time.Duration
	cmd := &cobra.Command{
		Use: "create --client ID", Short: "Make a key of a client; it is shown once", Args: args(cobra.NoArgs),
		PreRunE: func(*cobra.Command, []string) error { return whoseKey(client) },
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withTools(cmd, func(t *tools) error {
				row, plain, err := t.apiKeys.Create(t.ctx, client, note, life)
				if err != nil {
					return err
				}
				a.say("The key is shown this once; keep it.")
				v := viewAPIKey(row, plain)
				return a.print.one(v, [][2]string{{"id", v.ID}, {"key", plain}, {"client", v.ClientID}, {"note", note}, {"expires", moment(v.ExpiresAt)}})
			})
		},
	}
	cmd.Flags().StringVar(&client, "client", "", "whose key it is")
	cmd.Flags().StringVar(&note, "note", "", "what it is for")
	cmd.Flags().DurationVar(&life, "expires-in", 0, "how long it works, such as 8784h; 0 for ever")
	return cmd
}

func (a *app) apiKeyList() *cobra.Command {
	var client string
	cmd := &cobra.Command{
		Use: "list --client ID", Short: "Show the keys of a client, those that are over for 30 days", Args: args(cobra.NoArgs),
		PreRunE: func(*cobra.Command, []string) error { return whoseKey(client) },
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withTools(cmd, func(t *tools) error {
				list, err := t.apiKeys.List(t.ctx, client)
				if err != nil {
					return err
				}
				views, rows := make([]apiKeyView, len(list)), make([][]string, len(list))
				for i, k := range list {
					v := viewAPIKey(k, "")
					views[i] = v
					rows[i] = []string{v.ID, v.Prefix, v.Note, v.state(t.now()), moment(v.ExpiresAt), moment(v.LastUsedAt)}
				}
				return a.print.list(views, []string{"id", "begins", "note", "state", "expires", "last used"}, rows)
			})
		},
	}
	cmd.Flags().StringVar(&client, "client", "", "whose keys")
	return cmd
}

func (a *app) apiKeyRevoke() *cobra.Command {
	var client string
	cmd := &cobra.Command{
		Use: "revoke ID", Short: "End a key at once", Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, list []string) error {
			return a.withTools(cmd, func(t *tools) error {
				if err := t.apiKeys.Revoke(t.ctx, client, list[0]); err != nil {
					return err
				}
				a.say("API key %s works no more.", list[0])
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&client, "client", "", "whose key it has to be; needed with --server")
	return cmd
}

// whoseKey is checked before either machine is asked.
func whoseKey(client string) error {
	if client == "" {
		return usage("--client is missing: pratu client list shows all")
	}
	return nil
}
