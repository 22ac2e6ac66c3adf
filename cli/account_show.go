package cli

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"pratu/flows/accounts"
	"pratu/flows/office"
	"pratu/storage"
)

// accountView is an account as scripts see it.
type accountView struct {
	SSOID     string        `json:"ssoid"`
	OID       string        `json:"oid"`
	Subject   string        `json:"sub"`
	Status    string        `json:"status"`
	Contacts  []contactView `json:"contacts"`
	CreatedAt time.Time     `json:"created_at"`
}

type contactView struct {
	Type       string `json:"type"`
	Identifier string `json:"identifier"`
	Verified   bool   `json:"verified"`
	Preferred  bool   `json:"preferred"`
}

func viewAccount(x *accounts.Account) accountView {
	subject := strconv.FormatInt(x.SSOID, 10)
	v := accountView{SSOID: subject, OID: x.OID, Subject: subject, Status: x.Status, Contacts: []contactView{}, CreatedAt: x.CreatedAt.UTC()}
	for _, c := range x.Contacts {
		v.Contacts = append(v.Contacts, contactView{c.Kind, c.Value, c.Verified, c.Preferred})
	}
	return v
}

func (v accountView) rows() [][2]string {
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

// personView is an account with what is around it. Of factors it says that they are there, and nothing else.
type personView struct {
	accountView
	DisabledFor string         `json:"disabled_for,omitempty"`
	Profile     map[string]any `json:"profile"`
	Roles       []string       `json:"roles"`
	Locale      string         `json:"locale"`
	RegisterBy  string         `json:"register_by"`
	Factors     factorsView    `json:"factors"`
	Sessions    int            `json:"sessions"`
}

type factorsView struct {
	Password      bool  `json:"password"`
	App           bool  `json:"app"`
	Passkeys      int64 `json:"passkeys"`
	RecoveryCodes int64 `json:"recovery_codes"`
}

func (a *app) accountGet() *cobra.Command {
	return a.onAccount("get ACCOUNT", "Show one account", func(_ *tools, p *office.Person) error {
		v := personView{
			accountView: viewAccount(p.Account), DisabledFor: p.Reason, Profile: p.Profile, Roles: append([]string{}, p.Roles...), Locale: p.Locale,
			RegisterBy: p.RegisterBy, Sessions: len(p.Sessions),
			Factors: factorsView{p.Factors.Password, p.Factors.TOTP, p.Factors.Passkeys, p.Factors.Recovery},
		}
		name, _ := v.Profile["name"].(string)
		rows := append(v.rows(), [2]string{"disabled for", v.DisabledFor}, [2]string{"name", name}, [2]string{"roles", strings.Join(v.Roles, " ")},
			[2]string{"factors", v.Factors.String()}, [2]string{"sessions", strconv.Itoa(v.Sessions)}, [2]string{"since", v.CreatedAt.Format(time.DateOnly)})
		return a.print.one(v, rows)
	})
}

func (f factorsView) String() string {
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
				row, err := t.accounts.Named(t.ctx, list[0])
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
				views, rows := []accountView{}, [][]string{}
				for after := ""; len(views) < limit; {
					found, err := t.office.FindAccounts(t.ctx, office.Host(), text, after, min(limit-len(views), 200))
					if err != nil {
						return err
					}
					for _, x := range found.Accounts {
						v := viewAccount(x)
						name, _ := x.Profile["name"].(string)
						views = append(views, v)
						rows = append(rows, []string{v.SSOID, statusWord(v.Status), x.Email(), name, v.CreatedAt.Format(time.DateOnly)})
					}
					if after = found.Next; after == "" {
						break
					}
				}
				return a.print.list(views, []string{"ssoid", "status", "email", "name", "created"}, rows)
			})
		},
	}
	cmd.Flags().IntVar(&limit, "limit", limit, "at most so many")
	return cmd
}

// sessionView is a sign-in as scripts see it.
type sessionView struct {
	ID         string    `json:"id"`
	AMR        []string  `json:"amr"`
	IP         string    `json:"ip"`
	UserAgent  string    `json:"user_agent"`
	Title      string    `json:"title,omitempty"`
	CreatedAt  time.Time `json:"created_at"`
	LastSeenAt time.Time `json:"last_seen_at"`
	ExpiresAt  time.Time `json:"expires_at"`
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
		views, rows := make([]sessionView, len(p.Sessions)), make([][]string, len(p.Sessions))
		for i, s := range p.Sessions {
			v := sessionView{s.ID, strings.Fields(s.AMR), s.IP, s.UserAgent, s.Title, s.CreatedAt.Time(), s.LastSeenAt.Time(), s.ExpiresAt.Time()}
			views[i], rows[i] = v, []string{v.ID, s.AMR, v.IP, v.Title, v.LastSeenAt.Format(time.RFC3339), v.UserAgent}
		}
		return a.print.list(views, []string{"id", "by", "ip", "title", "last seen", "with"}, rows)
	})
	cmd.Flags().BoolVar(&end, "end", false, "sign it out everywhere, and take from applications what they have")
	return cmd
}
