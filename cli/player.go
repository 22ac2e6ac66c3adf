package cli

import (
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"pratu/flows/audit"
	"pratu/flows/kind"
	"pratu/flows/office"
	"pratu/flows/players"
	"pratu/storage"
)

// playerView is a player as scripts see one, with the newest entries of the ledger.
type playerView struct {
	ID        string      `json:"id"`
	Title     string      `json:"title"`
	Name      string      `json:"name"`
	Team      int64       `json:"team"`
	Costume   int64       `json:"costume"`
	Coin      int64       `json:"coin"`
	Diamond   int64       `json:"diamond"`
	BanReason string      `json:"ban_reason,omitempty"`
	Banned    bool        `json:"banned"`
	CreatedAt time.Time   `json:"created_at"`
	Ledger    []entryView `json:"ledger"`
}

type entryView struct {
	Currency  string    `json:"currency"`
	Amount    int64     `json:"amount"`
	Balance   int64     `json:"balance"`
	Reason    string    `json:"reason"`
	ClientID  string    `json:"client_id"`
	CreatedAt time.Time `json:"created_at"`
}

func (a *app) playerCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "player", Short: "Look at players of a title, and keep them out", Args: args(cobra.NoArgs), RunE: help}
	var title, reason string
	cmd.PersistentFlags().StringVar(&title, "title", "", "client id of the title; empty: that of PRATU_GAME_DEFAULT_TITLE")
	by := players.Actor{Kind: audit.CLI}
	ban := a.onPlayer("ban PLAYER --reason R", "Keep a player out of a title, at once; the reason is told", &title, func(t *tools, title, oid string) error {
		if err := t.players.Ban(t.ctx, title, oid, reason, by); err != nil {
			return err
		}
		a.say("The player is banned from %s.", title)
		return nil
	})
	ban.Flags().StringVar(&reason, "reason", "", "why, as the player is told")
	cmd.AddCommand(
		a.onPlayer("get PLAYER", "Show a player and the newest entries of the ledger", &title, a.showPlayer), ban,
		a.onPlayer("unban PLAYER", "Let a banned player play again", &title, func(t *tools, title, oid string) error {
			if err := t.players.Unban(t.ctx, title, oid, by); err != nil {
				return err
			}
			a.say("The player may play %s.", title)
			return nil
		}),
	)
	return cmd
}

// onPlayer is a command on one player, named as an account is.
func (a *app) onPlayer(use, short string, title *string, run func(t *tools, title, oid string) error) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: short, Args: args(cobra.ExactArgs(1)),
		Long: short + ". PLAYER is the id that the game API gives, an ssoid, or a verified address or number.",
		RunE: func(cmd *cobra.Command, list []string) error {
			return a.withTools(cmd, func(t *tools) error {
				game, err := t.players.Title(t.ctx, *title)
				if kind.Is(err, "title.unknown") { // to a game it is a key that opens nothing
					err = kind.New(kind.NotFound, "title.unknown").WithErr(err)
				}
				if err != nil {
					return err
				}
				account, err := t.office.Named(t.ctx, office.Host(), list[0])
				if err != nil {
					return err
				}
				return run(t, game.ID, account.OID)
			})
		},
	}
}

func (a *app) showPlayer(t *tools, title, oid string) error {
	p, err := t.players.Player(t.ctx, title, oid)
	if err != nil {
		return err
	}
	entries, err := t.store.Ledger(t.ctx, p.ID, 20)
	if err != nil {
		return err
	}
	v := playerView{
		ID: oid, Title: title, Name: p.Name, Team: p.TeamID, Costume: p.CostumeID, Coin: p.Coin, Diamond: p.Diamond,
		Banned: !p.BannedAt.IsZero(), BanReason: p.BanReason, CreatedAt: p.CreatedAt.Time(), Ledger: []entryView{},
	}
	number := func(n int64) string { return strconv.FormatInt(n, 10) }
	rows := [][2]string{
		{"id", oid}, {"title", title}, {"name", p.Name}, {"team", number(p.TeamID)}, {"costume", number(p.CostumeID)},
		{"coin", number(p.Coin)}, {"diamond", number(p.Diamond)}, {"banned", p.BanReason}, {"since", v.CreatedAt.Format(time.DateOnly)},
	}
	for _, e := range entries {
		v.Ledger = append(v.Ledger, viewEntry(e))
		rows = append(rows, [2]string{e.CreatedAt.Time().Format(time.RFC3339), number(e.Amount) + " " + e.Currency + " = " + number(e.Balance) + ": " + e.Reason})
	}
	return a.print.one(v, rows)
}

func viewEntry(e storage.LedgerEntry) entryView {
	return entryView{e.Currency, e.Amount, e.Balance, e.Reason, e.ClientID, e.CreatedAt.Time()}
}
