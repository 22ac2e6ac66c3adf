package adminapi

import (
	"net/http"
	"strconv"
	"time"

	"pratu/storage"
)

// Title is a game as programs see it; the rest of it is a client.
type Title struct {
	ClientID string `json:"client_id"`
	Name     string `json:"client_name"`
	Disabled bool   `json:"disabled"`
}

// Player is an account in a title. Its id is the one that games know.
type Player struct {
	ID        string     `json:"id"`
	SSOID     string     `json:"ssoid"`
	Title     string     `json:"title"`
	Name      string     `json:"name"`
	Team      int64      `json:"team"`
	Costume   int64      `json:"costume"`
	Coin      int64      `json:"coin"`
	Diamond   int64      `json:"diamond"`
	BannedAt  *time.Time `json:"banned_at,omitempty"`
	BanReason string     `json:"ban_reason,omitempty"`
	CreatedAt time.Time  `json:"created_at"`
}

// Entry is what a player got or spent.
type Entry struct {
	Currency  string    `json:"currency"`
	Entry     int64     `json:"entry"` // 1, 2, 3 … in its currency
	Amount    int64     `json:"amount"`
	Balance   int64     `json:"balance"` // after it
	Reason    string    `json:"reason"`
	ClientID  string    `json:"client_id"`
	CreatedAt time.Time `json:"created_at"`
}

func playerOf(p storage.TitlePlayer) Player {
	return Player{
		ID: p.OID, SSOID: strconv.FormatInt(p.SSOID, 10), Title: p.Title, Name: p.Name, Team: p.TeamID, Costume: p.CostumeID, Coin: p.Coin, Diamond: p.Diamond,
		BannedAt: maybe(p.BannedAt), BanReason: p.BanReason, CreatedAt: p.CreatedAt.Time(),
	}
}

// maybe is an instant, or nothing where it never was.
func maybe(i storage.Instant) *time.Time {
	if i.IsZero() {
		return nil
	}
	t := i.Time()
	return &t
}

func listTitles(s *Server, c *call) error {
	limit, err := c.limit()
	if err != nil {
		return err
	}
	list, next, err := s.Office.FindTitles(c.r.Context(), c.actor, c.r.URL.Query().Get("cursor"), limit)
	if err != nil {
		return err
	}
	var items []Title
	for _, x := range list {
		items = append(items, Title{x.ID, x.DisplayName(), x.Disabled()})
	}
	return paged(c, items, next)
}

func listPlayers(s *Server, c *call) error {
	limit, err := c.limit()
	if err != nil {
		return err
	}
	list, next, err := s.Office.FindPlayers(c.r.Context(), c.actor, c.r.PathValue("title"), "", c.r.URL.Query().Get("cursor"), limit)
	if err != nil {
		return err
	}
	var items []Player
	for _, p := range list {
		items = append(items, playerOf(p))
	}
	return paged(c, items, next)
}

func getPlayer(s *Server, c *call) error {
	p, err := s.Office.Player(c.r.Context(), c.actor, c.r.PathValue("title"), c.r.PathValue("player"))
	if err != nil {
		return err
	}
	return write(c, http.StatusOK, playerOf(p))
}

// listEntries is a player's ledger: of one currency, since each has its own numbers and balances.
func listEntries(s *Server, c *call) error {
	limit, err := c.limit()
	if err != nil {
		return err
	}
	q, before := c.r.URL.Query(), int64(0)
	if q.Has("cursor") {
		if before, err = strconv.ParseInt(q.Get("cursor"), 10, 64); err != nil || before <= 0 {
			return invalid("query.cursor", "", "cursor is a next_cursor of this list")
		}
	}
	currency := q.Get("currency")
	if currency == "" {
		currency = storage.Coin
	}
	list, next, err := s.Office.Ledger(c.r.Context(), c.actor, c.r.PathValue("title"), c.r.PathValue("player"), currency, before, limit)
	if err != nil {
		return err
	}
	var items []Entry
	for _, e := range list {
		items = append(items, Entry{e.Currency, e.Entry, e.Amount, e.Balance, e.Reason, e.ClientID, e.CreatedAt.Time()})
	}
	cursor := ""
	if next > 0 {
		cursor = strconv.FormatInt(next, 10)
	}
	return paged(c, items, cursor)
}

func banPlayer(s *Server, c *call) error {
	var in why
	err := decode(c.body, &in)
	if err == nil {
		err = s.Office.BanPlayer(c.r.Context(), c.actor, c.r.PathValue("title"), c.r.PathValue("player"), in.Reason)
	}
	if err == nil {
		c.w.WriteHeader(http.StatusNoContent)
	}
	return err
}

func unbanPlayer(s *Server, c *call) error {
	err := s.Office.UnbanPlayer(c.r.Context(), c.actor, c.r.PathValue("title"), c.r.PathValue("player"))
	if err == nil {
		c.w.WriteHeader(http.StatusNoContent)
	}
	return err
}
