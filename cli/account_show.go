package cli

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"pratu/flows/accounts"
	"pratu/flows/contact"
	"pratu/flows/office"
	"pratu/server/adminapi"
	"pratu/storage"
)

func accountRows(v adminapi.Account) [][2]string {
	rows := [][2]string{{"ssoid", v.SSOID}, {"oid", v.OID}, {"status", statusWord(v.Status)}}
	for _, c := range v.Contacts {
		state := c.Identifier
		if !c.Verified {
			state += " (not verified: no sign-in with it)"
		}
		rows = append(rows, [2]string{c.Type, state})
	}
	return rows
}

var statuses = map[string]string{
	storage.StatusActive: "active", storage.StatusDisabled: "disabled", storage.StatusDeletionPending: "deletion pending",
	storage.StatusMerged: "merged", storage.StatusGuest: "guest",
}

func statusWord(status string) string {
	if word := statuses[status]; word != "" {
		return word
	}
	return status
}

func (a *app) accountGet() *cobra.Command {
	return a.onAccount("get ACCOUNT", "Show one account", func(_ *tools, p *office.Person) error { return a.printPerson(adminapi.ViewPerson(p)) })
}

// printPerson says of factors that they are there, and nothing else.
func (a *app) printPerson(v adminapi.Detail) error {
	return a.print.one(v, append(accountRows(v.Account), [][2]string{
		{"disabled for", v.DisabledFor}, {"went into", v.MergedInto}, {"name", calledAs(v.Account)}, {"roles", strings.Join(v.Roles, " ")},
		{"factors", factorWords(v.Factors)}, {"sessions", strconv.Itoa(v.Sessions)}, {"since", v.CreatedAt.Format(time.DateOnly)},
	}...))
}

func factorWords(f adminapi.Factors) string {
	var words []string
	if f.Password {
		words = append(words, "password")
	}
	if f.App {
		words = append(words, "app")
	}
	if f.Passkeys > 0 {
		words = append(words, fmt.Sprintf("%d passkeys", f.Passkeys))
	}
	if f.RecoveryCodes > 0 {
		words = append(words, fmt.Sprintf("%d recovery codes", f.RecoveryCodes))
	}
	return strings.Join(words, ", ")
}

// onAccount is a command on one account with what is around it.
func (a *app) onAccount(use, short string, run func(t *tools, p *office.Person) error) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: short, Args: args(cobra.ExactArgs(1)),
		Long: short + ". ACCOUNT is its ssoid or oid, or a verified address or number.",
		RunE: func(cmd *cobra.Command, list []string) error {
			return a.withTools(cmd, func(t *tools) error {
				row, err := t.office.Named(t.ctx, office.Host(), list[0])
				if err != nil {
					return err
				}
				p, err := t.office.Account(t.ctx, office.Host(), row.SSOID)
				if err != nil {
					return err
				}
				return run(t, p)
			})
		},
	}
}

func (a *app) accountList() *cobra.Command {
	limit := 50
	cmd := &cobra.Command{
		Use: "list [TEXT]", Short: "Show the newest accounts, or those that a text finds", Args: args(cobra.MaximumNArgs(1)),
		Long: "Show the newest accounts, or those that a text finds: an address, a number or an id in full, or how a word of a name begins.",
		RunE: func(cmd *cobra.Command, list []string) error {
			if limit < 1 {
				return usage("--limit is at least 1")
			}
			text := strings.Join(list, "")
			return a.withTools(cmd, func(t *tools) error {
				views := []adminapi.Account{}
				for after := ""; len(views) < limit; {
					found, err := t.office.FindAccounts(t.ctx, office.Host(), text, after, min(limit-len(views), 200))
					if err != nil {
						return err
					}
					for _, x := range found.Accounts {
						views = append(views, adminapi.ViewAccount(x))
					}
					if after = found.Next; after == "" {
						break
					}
				}
				return a.printAccounts(views)
			})
		},
	}
	cmd.Flags().IntVar(&limit, "limit", limit, "at most so many")
	return cmd
}

func (a *app) printAccounts(list []adminapi.Account) error {
	rows := make([][]string, len(list))
	for i, v := range list {
		email := ""
		for _, c := range v.Contacts {
			if c.Type == contact.Email && (email == "" || c.Preferred) {
				email = c.Identifier
			}
		}
		rows[i] = []string{v.SSOID, statusWord(v.Status), email, calledAs(v), v.CreatedAt.Format(time.DateOnly)}
	}
	return a.print.list(list, []string{"ssoid", "status", "email", "name", "created"}, rows)
}

// calledAs is what pages call somebody: of many accounts the profile has the parts of a name alone.
func calledAs(v adminapi.Account) string {
	return (&accounts.Account{Profile: v.Profile}).DisplayName()
}

func (a *app) accountSessions() *cobra.Command {
	var end bool
	cmd := a.onAccount("sessions ACCOUNT", "Show where an account is signed in", func(t *tools, p *office.Person) error {
		if end {
			if err := t.office.EndSessions(t.ctx, office.Host(), p.SSOID); err != nil {
				return err
			}
			a.say("Account %d is signed out everywhere.", p.SSOID)
			return nil
		}
		views := make([]adminapi.Session, len(p.Sessions))
		for i, x := range p.Sessions {
			views[i] = adminapi.ViewSession(x)
		}
		return a.printSessions(views)
	})
	cmd.Flags().BoolVar(&end, "end", false, "sign it out everywhere, and take from applications what they have")
	return cmd
}

func (a *app) printSessions(list []adminapi.Session) error {
	rows := make([][]string, len(list))
	for i, v := range list {
		rows[i] = []string{v.ID, strings.Join(v.AMR, " "), v.IP, v.Title, v.LastSeenAt.Format(time.RFC3339), v.UserAgent}
	}
	return a.print.list(list, []string{"id", "by", "ip", "title", "last seen", "with"}, rows)
}
