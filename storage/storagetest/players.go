package storagetest

import (
	"testing"

	"pratu/storage"
)

// Players is the contract of players, their ledger, and sessions in titles.
func Players(t *testing.T, url string) {
	b := browsers{Store: Open(t, url), db: raw(t, url)}
	t.Run("players", b.players)
	t.Run("ledger", b.ledger)
	t.Run("title sessions", b.titleSessions)
}

// player is a new account's in a title.
func (b browsers) player(t *testing.T, title string) storage.Player {
	t.Helper()
	id := account(t, b.db)
	p := storage.Player{ID: name("player"), AccountID: id, Title: title, Name: "undefined", TeamID: -1, CostumeID: -1, CreatedAt: start, UpdatedAt: start}
	if !must[bool](t)(b.CreatePlayer(t.Context(), p)) {
		t.Fatal("not created")
	}
	return p
}

func (b browsers) players(t *testing.T) {
	p := b.player(t, "77")
	q := p
	won := race(t, crowd, func(int) (bool, error) {
		q := q
		q.ID, q.Title = name("player"), "78"
		return b.CreatePlayer(t.Context(), q)
	})
	if won != 1 || must[bool](t)(b.CreatePlayer(t.Context(), p)) {
		t.Errorf("created %d times", won)
	}
	oid := must[storage.Account](t)(b.AccountByID(t.Context(), p.AccountID)).OID
	costs(t, b.Store, 1, func() {
		if got := must[storage.Player](t)(b.PlayerByOID(t.Context(), oid, "77")); got != p {
			t.Errorf("%+v", got)
		}
	})
	if list := must[[]storage.Player](t)(b.PlayersOf(t.Context(), p.AccountID)); len(list) != 2 {
		t.Errorf("%+v", list)
	}
	in := name("title")
	first, second := b.player(t, in), b.player(t, in)
	costs(t, b.Store, 1, func() {
		list := must[[]storage.TitlePlayer](t)(b.PlayersIn(t.Context(), in, "", 9))
		if len(list) != 2 || list[0].ID != max(first.ID, second.ID) || list[0].OID == "" || list[0].SSOID == 0 {
			t.Errorf("%+v", list)
		}
	})
	if list := must[[]storage.TitlePlayer](t)(b.PlayersIn(t.Context(), in, max(first.ID, second.ID), 9)); len(list) != 1 {
		t.Errorf("%+v", list)
	}
	p.Name, p.TeamID = "Nok", 4
	ok(t, b.UpdatePlayer(t.Context(), p, start))
	fails(t, b.UpdatePlayer(t.Context(), p, start), storage.ErrNotFound) // somebody changed it
	if got := must[storage.Player](t)(b.PlayerOf(t.Context(), p.AccountID, "77")); got.Name != "Nok" || got.TeamID != 4 || got.UpdatedAt <= start {
		t.Errorf("%+v", got)
	}
}

func (b browsers) ledger(t *testing.T) {
	p := b.player(t, "77")
	entry := func(currency string, amount int64, key string) (storage.LedgerEntry, error) {
		return b.AppendLedger(t.Context(), storage.LedgerEntry{
			PlayerID: p.ID, Currency: currency, Amount: amount, Reason: "r", Key: key, ClientID: "77", CreatedAt: start,
		})
	}
	for range 2 { // twice is once
		if e := must[storage.LedgerEntry](t)(entry("coin", 500, "grant")); e.Balance != 500 || e.Entry != 1 {
			t.Errorf("%+v", e)
		}
	}
	if e := must[storage.LedgerEntry](t)(entry("coin", -1, "grant")); e.Amount != 500 {
		t.Errorf("a key that was used gives %+v", e)
	}
	won := race(t, crowd, func(int) (bool, error) {
		_, err := entry("coin", -100, name("buy"))
		return verdict(err, storage.ErrConflict)
	})
	if won != 5 {
		t.Errorf("500 bought 100 %d times", won)
	}
	must[storage.LedgerEntry](t)(entry("diamond", 7, "gift"))
	if got := must[storage.Player](t)(b.PlayerOf(t.Context(), p.AccountID, "77")); got.Coin != 0 || got.Diamond != 7 {
		t.Errorf("%+v", got)
	}
	if list := must[[]storage.LedgerEntry](t)(b.Ledger(t.Context(), p.ID, 100)); len(list) != 7 {
		t.Errorf("%d entries", len(list))
	}
	_, err := b.AppendLedger(t.Context(), storage.LedgerEntry{PlayerID: "nobody", Currency: "coin", Amount: 1, Key: "k"})
	fails(t, err, storage.ErrNotFound)
}

func (b browsers) titleSessions(t *testing.T) {
	p := b.player(t, "77")
	begin := func(title string) storage.Session {
		n := session(p.AccountID, name("cookie"), start)
		n.Title = title
		return b.begin(t, n, "")
	}
	browser := begin("")
	for range storage.MaxTitleSessions + 1 {
		begin("77")
	}
	live := func(n storage.Session) bool {
		return must[storage.Session](t)(b.SessionByID(t.Context(), n.ID)).EndedAt == 0
	}
	if n := number(t, b.db, `SELECT COUNT(*) FROM sessions WHERE ended_at = 0 AND title = '77' AND account_id = '`+p.AccountID+`'`); n != storage.MaxTitleSessions || !live(browser) {
		t.Errorf("%d sessions live, the browser's %v", n, live(browser))
	}
	n := begin("77")
	costs(t, b.Store, 1, func() {
		v := must[storage.TitleSession](t)(b.TitleSession(t.Context(), n.ID, "77", start))
		if v.Session != n || v.Account.ID != p.AccountID || v.Player != p {
			t.Errorf("%+v", v)
		}
	})
	_, err := b.TitleSession(t.Context(), n.ID, "78", start)
	fails(t, err, storage.ErrNotFound)
	_, err = b.TitleSession(t.Context(), browser.ID, "", start)
	fails(t, err, storage.ErrNotFound)
	ok(t, b.ProlongSession(t.Context(), n.ID, start.Add(hour), start.Add(day)))
	fails(t, b.ProlongSession(t.Context(), browser.ID, start, start.Add(day)), storage.ErrNotFound)
	ok(t, b.BanPlayer(t.Context(), p, "cheats", start.Add(hour)))
	fails(t, b.ProlongSession(t.Context(), n.ID, start.Add(hour), start.Add(day)), storage.ErrNotFound)
	if got := must[storage.Player](t)(b.PlayerOf(t.Context(), p.AccountID, "77")); got.BanReason != "cheats" || got.BannedAt != start.Add(hour) || !live(browser) {
		t.Errorf("%+v, the browser lives: %v", got, live(browser))
	}
	ok(t, b.UnbanPlayer(t.Context(), p.ID))
	fails(t, b.UnbanPlayer(t.Context(), p.ID), storage.ErrNotFound)
}
