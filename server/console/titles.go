package console

import (
	"net/http"
	"net/url"
	"strconv"
	"time"

	"pratu/flows/issuer"
	"pratu/flows/kind"
	"pratu/flows/office"
	"pratu/server/web"
	"pratu/storage"
)

// Titles is "console/titles".
type Titles struct {
	Page
	Titles  []ClientRow
	NextURL string // "" at the end
}

// Titles is GET /admin/titles.
func (s *Server) Titles(w http.ResponseWriter, r *http.Request) error {
	d, ok, err := s.enter(w, r, issuer.PathAdminTitles)
	if err != nil || !ok {
		return err
	}
	list, next, err := s.Office.FindTitles(r.Context(), d.actor, query(r, "after"), pageSize)
	if err != nil {
		return err
	}
	page := &Titles{Page: s.page(d)}
	for _, c := range list {
		page.Titles = append(page.Titles, ClientRow{ID: c.ID, Name: d.nameOf(c), URL: s.titleURL(c.ID), Disabled: c.Disabled()})
	}
	if next != "" {
		page.NextURL = page.Action + "?" + url.Values{"after": {next}}.Encode()
	}
	return s.show(d, http.StatusOK, "titles", page)
}

func (s *Server) titleURL(id string) string {
	return s.Web.Issuer.Path() + issuer.PathAdminTitles + "/" + url.PathEscape(id)
}

func (s *Server) playerURL(title, oid string) string {
	return s.titleURL(title) + "/players/" + url.PathEscape(oid)
}

// Title is "console/title" [q]. Who is looked for goes in the body of a POST: an address has no place in a URL.
type Title struct {
	Page
	ID, Name, ClientURL string
	Query               string
	Anybody             bool // people are found as accounts are, too
	Players             []PlayerRow
	NextURL             string // "" at the end
}

// PlayerRow is a player in a list.
type PlayerRow struct {
	Name, OID, URL string
	Coin, Diamond  int64
	Banned         bool
	CreatedAt      time.Time
}

// Title is /admin/titles/{title}: the newest players, or by POST those that are looked for.
func (s *Server) Title(w http.ResponseWriter, r *http.Request) error {
	d, ok, err := s.enter(w, r, issuer.PathAdminTitles)
	if err != nil || !ok {
		return err
	}
	c, err := s.Office.Title(r.Context(), d.actor, r.PathValue("title"))
	if err != nil {
		return err
	}
	page := &Title{
		Page: s.page(d), ID: c.ID, Name: d.nameOf(c), Query: line(r.PostForm.Get("q")),
		Anybody: d.actor.Everywhere(office.ReadAccounts),
	}
	if d.actor.May(office.ReadClients) {
		page.ClientURL = s.clientURL(c.ID)
	}
	list, next, err := s.Office.FindPlayers(r.Context(), d.actor, c.ID, page.Query, query(r, "before"), peoplePage)
	if err != nil {
		return err
	}
	for _, p := range list {
		page.Players = append(page.Players, PlayerRow{
			Name: web.Inert(p.Name), OID: p.OID, URL: s.playerURL(c.ID, p.OID), Coin: p.Coin, Diamond: p.Diamond, Banned: !p.BannedAt.IsZero(), CreatedAt: p.CreatedAt.Time(),
		})
	}
	if next != "" {
		page.NextURL = page.Action + "?" + url.Values{"before": {next}}.Encode()
	}
	return s.show(d, http.StatusOK, "title", page)
}

// Player is "console/player" [action=ban with reason | unban].
type Player struct {
	Page
	Name, OID, Title, TitleName, TitleURL string
	Number, AccountURL                    string // "" for who may not read accounts
	Team, Costume                         int64
	CreatedAt, UpdatedAt, BannedAt        time.Time
	BanReason, ReasonTyped                string
	Balances                              []Balance
	Entries                               []Entry // of the currency that is looked at
	OlderURL                              string  // "" at the end
	MayBan                                bool
}

// Balance is what a player has of a currency, whose words are console.currency.NAME, and where its entries are.
type Balance struct {
	Currency, URL string
	Amount        int64
	Here          bool
}

// Entry is of the ledger.
type Entry struct {
	At              time.Time
	Amount, Balance int64
	Reason, Client  string
}

const playerPage = "player"

// Player is GET /admin/titles/{title}/players/{player}.
func (s *Server) Player(w http.ResponseWriter, r *http.Request) error {
	d, ok, err := s.enter(w, r, issuer.PathAdminTitles)
	if err != nil || !ok {
		return err
	}
	page, err := s.playerView(d)
	if err != nil {
		return err
	}
	return s.show(d, http.StatusOK, playerPage, page)
}

func (s *Server) playerView(d desk) (*Player, error) {
	ctx, title, oid := d.r.Context(), d.r.PathValue("title"), d.r.PathValue("player")
	c, err := s.Office.Title(ctx, d.actor, title)
	if err != nil {
		return nil, err
	}
	p, err := s.Office.Player(ctx, d.actor, title, oid)
	if err != nil {
		return nil, err
	}
	page := &Player{
		Page: s.page(d), Name: web.Inert(p.Name), OID: p.OID, Title: title, TitleName: d.nameOf(c), TitleURL: s.titleURL(title),
		Team: p.TeamID, Costume: p.CostumeID, CreatedAt: p.CreatedAt.Time(), UpdatedAt: p.UpdatedAt.Time(), BannedAt: p.BannedAt.Time(),
		BanReason: web.Inert(p.BanReason), ReasonTyped: line(d.r.PostForm.Get("reason")), MayBan: d.actor.May(office.WritePlayers),
	}
	if p.BannedAt.IsZero() {
		page.BannedAt = time.Time{}
	}
	if d.actor.Everywhere(office.ReadAccounts) {
		page.Number, page.AccountURL = strconv.FormatInt(p.SSOID, 10), s.accountURL(p.SSOID)
	}
	return page, s.fillLedger(d, page, p)
}

// fillLedger shows the entries of one currency: each has its own balance, and its own numbers to go on by.
func (s *Server) fillLedger(d desk, page *Player, p storage.TitlePlayer) error {
	currency := query(d.r, "currency")
	if currency != storage.Diamond {
		currency = storage.Coin
	}
	for _, b := range []Balance{{Currency: storage.Coin, Amount: p.Coin}, {Currency: storage.Diamond, Amount: p.Diamond}} {
		b.URL, b.Here = page.Action+"?"+url.Values{"currency": {b.Currency}}.Encode(), b.Currency == currency
		page.Balances = append(page.Balances, b)
	}
	before, _ := strconv.ParseInt(query(d.r, "before"), 10, 64)
	list, next, err := s.Office.Ledger(d.r.Context(), d.actor, page.Title, p.OID, currency, max(before, 0), pageSize)
	if err != nil {
		return err
	}
	for _, e := range list {
		page.Entries = append(page.Entries, Entry{e.CreatedAt.Time(), e.Amount, e.Balance, web.Inert(e.Reason), web.Inert(e.ClientID)})
	}
	if next > 0 {
		page.OlderURL = page.Action + "?" + url.Values{"currency": {currency}, "before": {strconv.FormatInt(next, 10)}}.Encode()
	}
	return nil
}

// PlayerPost is POST /admin/titles/{title}/players/{player}.
func (s *Server) PlayerPost(w http.ResponseWriter, r *http.Request) error {
	d, ok, err := s.enter(w, r, issuer.PathAdminTitles)
	if err != nil || !ok {
		return err
	}
	ctx, title, oid, notice := r.Context(), r.PathValue("title"), r.PathValue("player"), "banned"
	switch r.PostForm.Get("action") {
	case "ban":
		err = s.Office.BanPlayer(ctx, d.actor, title, oid, r.PostForm.Get("reason"))
	case "unban":
		notice, err = "unbanned", s.Office.UnbanPlayer(ctx, d.actor, title, oid)
	default:
		err = kind.New(kind.Invalid, "form")
	}
	if err == nil {
		return s.done(d, d.here, notice)
	}
	return s.again(d, playerPage, err)(s.playerView(d))
}
