package storage

import (
	"context"
	"errors"
)

// Player is an account in a title, with the balances of its ledger.
type Player struct {
	ID        string  `db:"id"`
	AccountID string  `db:"account_id"`
	Title     string  `db:"title"` // client of kind game
	Name      string  `db:"name"`
	TeamID    int64   `db:"team_id"`
	CostumeID int64   `db:"costume_id"`
	BannedAt  Instant `db:"banned_at"` // 0: may play
	BanReason string  `db:"ban_reason"`
	CreatedAt Instant `db:"created_at"`
	UpdatedAt Instant `db:"updated_at"`
	Coin      int64   `db:"coin"`
	Diamond   int64   `db:"diamond"`
}

// Currencies of the ledger.
const (
	Coin    = "coin"
	Diamond = "diamond"
)

const (
	coinBalance = `COALESCE((SELECT l.balance FROM player_ledger l WHERE l.player_id = p.id AND l.currency = 'coin'
		ORDER BY l.entry DESC LIMIT 1), 0)`
	diamondBalance = `COALESCE((SELECT l.balance FROM player_ledger l WHERE l.player_id = p.id AND l.currency = 'diamond'
		ORDER BY l.entry DESC LIMIT 1), 0)`
	playerColumns = `p.id, p.account_id, p.title, p.name, p.team_id, p.costume_id, p.banned_at, p.ban_reason, p.created_at,
		p.updated_at, ` + coinBalance + ` AS coin, ` + diamondBalance + ` AS diamond`
)

// CreatePlayer writes a player without balances. An account that has one in the title keeps it.
func (s *Store) CreatePlayer(ctx context.Context, p Player) (created bool, err error) {
	rows, err := s.exec(ctx, `INSERT INTO players (id, account_id, title, name, team_id, costume_id, banned_at, ban_reason, created_at, updated_at)
		VALUES (?, ?, ?, ?, ?, ?, 0, '', ?, ?) ON CONFLICT (account_id, title) DO NOTHING`,
		p.ID, p.AccountID, p.Title, p.Name, p.TeamID, p.CostumeID, p.CreatedAt, p.UpdatedAt)
	return rows == 1, err
}

// PlayerOf is an account's player in a title.
func (s *Store) PlayerOf(ctx context.Context, accountID, title string) (p Player, err error) {
	err = s.get(ctx, &p, `SELECT `+playerColumns+` FROM players p WHERE p.account_id = ? AND p.title = ?`, accountID, title)
	return p, err
}

// PlayersOf are an account's players, the oldest first.
func (s *Store) PlayersOf(ctx context.Context, accountID string) (list []Player, err error) {
	err = s.list(ctx, &list, `SELECT `+playerColumns+` FROM players p WHERE p.account_id = ? ORDER BY p.created_at, p.id`, accountID)
	return list, err
}

// HasPlayers tells whether anybody plays a title.
func (s *Store) HasPlayers(ctx context.Context, title string) (any bool, err error) {
	err = s.get(ctx, &any, `SELECT EXISTS (SELECT 1 FROM players WHERE title = ?)`, title)
	return any, err
}

// PlayerByOID is a title's player by the id that the game API gives the account.
func (s *Store) PlayerByOID(ctx context.Context, oid, title string) (p Player, err error) {
	err = s.get(ctx, &p, `SELECT `+playerColumns+` FROM accounts a JOIN players p ON p.account_id = a.id
		WHERE a.oid = ? AND p.title = ?`, oid, title)
	return p, err
}

// TitlePlayer is a player with what the account is called.
type TitlePlayer struct {
	Player
	OID   string `db:"oid"`
	SSOID int64  `db:"ssoid"`
}

// PlayersIn reads up to limit players of a title, the newest first, before one; "" begins.
func (s *Store) PlayersIn(ctx context.Context, title, before string, limit int) (list []TitlePlayer, err error) {
	query, args := `SELECT `+playerColumns+`, a.oid, a.ssoid FROM players p JOIN accounts a ON a.id = p.account_id WHERE p.title = ?`, []any{title}
	if before != "" {
		query, args = query+` AND p.id < ?`, append(args, before)
	}
	err = s.list(ctx, &list, query+` ORDER BY p.id DESC LIMIT ?`, append(args, limit)...)
	return list, err
}

// UpdatePlayer writes what a player is called and wears, while nobody changed it.
func (s *Store) UpdatePlayer(ctx context.Context, p Player, now Instant) error {
	return s.guarded(ctx, `UPDATE players SET name = ?, team_id = ?, costume_id = ?, updated_at = ? WHERE id = ? AND updated_at = ?`,
		p.Name, p.TeamID, p.CostumeID, max(now, p.UpdatedAt+1), p.ID, p.UpdatedAt)
}

// BanPlayer keeps a player out and ends the sessions in the title; a second ban changes the reason.
func (s *Store) BanPlayer(ctx context.Context, p Player, reason string, now Instant) error {
	return s.InTx(ctx, func(ctx context.Context) error {
		err := s.guarded(ctx, `UPDATE players SET banned_at = CASE WHEN banned_at = 0 THEN ? ELSE banned_at END, ban_reason = ?,
			updated_at = updated_at + 1 WHERE id = ?`, now, reason, p.ID)
		if err != nil {
			return err
		}
		return s.EndTitleSessions(ctx, p.AccountID, p.Title, now)
	})
}

// UnbanPlayer lets a banned player play; one who isn't banned is ErrNotFound.
func (s *Store) UnbanPlayer(ctx context.Context, id string) error {
	return s.guarded(ctx, `UPDATE players SET banned_at = 0, ban_reason = '', updated_at = updated_at + 1 WHERE id = ? AND banned_at > 0`, id)
}

// LedgerEntry is what a player got or spent.
type LedgerEntry struct {
	PlayerID  string  `db:"player_id"`
	Currency  string  `db:"currency"`
	Entry     int64   `db:"entry"` // 1, 2, 3 … in its currency
	Amount    int64   `db:"amount"`
	Balance   int64   `db:"balance"` // after it
	Reason    string  `db:"reason"`
	Key       string  `db:"idempotency_key"`
	ClientID  string  `db:"client_id"`
	CreatedAt Instant `db:"created_at"`
}

const ledgerColumns = `player_id, currency, entry, amount, balance, reason, idempotency_key, client_id, created_at`

// AppendLedger writes an entry and returns it with its number and balance. One whose key was there already is returned as
// it was written then: whether it says the same is the caller's to look at. ErrConflict: the balance would be below zero.
func (s *Store) AppendLedger(ctx context.Context, e LedgerEntry) (written LedgerEntry, err error) {
	err = s.InTx(ctx, func(ctx context.Context) error {
		// Entries of one player come one after another: the row is held until the end of the transaction.
		if err := s.guarded(ctx, `UPDATE players SET updated_at = updated_at WHERE id = ?`, e.PlayerID); err != nil {
			return err
		}
		err := s.get(ctx, &written, `SELECT `+ledgerColumns+` FROM player_ledger WHERE player_id = ? AND idempotency_key = ?`, e.PlayerID, e.Key)
		if !errors.Is(err, ErrNotFound) {
			return err
		}
		var last LedgerEntry
		err = s.get(ctx, &last, `SELECT `+ledgerColumns+` FROM player_ledger WHERE player_id = ? AND currency = ?
			ORDER BY entry DESC LIMIT 1`, e.PlayerID, e.Currency)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
		written = e
		written.Entry, written.Balance = last.Entry+1, last.Balance+e.Amount
		if written.Balance < 0 {
			return ErrConflict
		}
		_, err = s.exec(ctx, `INSERT INTO player_ledger (`+ledgerColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			written.PlayerID, written.Currency, written.Entry, written.Amount, written.Balance, written.Reason, written.Key,
			written.ClientID, written.CreatedAt)
		return err
	})
	return written, err
}

// Ledger reads a player's entries, the newest first.
func (s *Store) Ledger(ctx context.Context, playerID string, limit int) (list []LedgerEntry, err error) {
	err = s.list(ctx, &list, `SELECT `+ledgerColumns+` FROM player_ledger WHERE player_id = ? ORDER BY created_at DESC, currency, entry DESC LIMIT ?`,
		playerID, limit)
	return list, err
}

// LedgerIn reads up to limit of a player's entries of a currency, the newest first, before one; 0 begins.
func (s *Store) LedgerIn(ctx context.Context, playerID, currency string, before int64, limit int) (list []LedgerEntry, err error) {
	query, args := `SELECT `+ledgerColumns+` FROM player_ledger WHERE player_id = ? AND currency = ?`, []any{playerID, currency}
	if before > 0 {
		query, args = query+` AND entry < ?`, append(args, before)
	}
	err = s.list(ctx, &list, query+` ORDER BY entry DESC LIMIT ?`, append(args, limit)...)
	return list, err
}

// TitleSession is a session in a title with what decides whether it may go on.
type TitleSession struct {
	Session
	Account Account `db:"account"`
	Player  Player  `db:"player"`
}

// TitleSession reads a live session of a title in one statement; ErrNotFound when it ended, or was never one.
func (s *Store) TitleSession(ctx context.Context, id, title string, now Instant) (v TitleSession, err error) {
	err = s.get(ctx, &v, `SELECT `+sessionColumns+`, a.id AS "account.id", a.ssoid AS "account.ssoid", a.oid AS "account.oid",
		a.status AS "account.status", a.register_by AS "account.register_by", a.locale AS "account.locale",
		a.profile AS "account.profile", a.created_at AS "account.created_at", a.updated_at AS "account.updated_at",
		p.id AS "player.id", p.account_id AS "player.account_id", p.title AS "player.title", p.name AS "player.name",
		p.team_id AS "player.team_id", p.costume_id AS "player.costume_id", p.banned_at AS "player.banned_at",
		p.ban_reason AS "player.ban_reason", p.created_at AS "player.created_at", p.updated_at AS "player.updated_at",
		`+coinBalance+` AS "player.coin", `+diamondBalance+` AS "player.diamond"
		FROM sessions s JOIN accounts a ON a.id = s.account_id JOIN players p ON p.account_id = s.account_id AND p.title = s.title
		WHERE s.id = ? AND s.title = ? AND s.title <> '' AND s.ended_at = 0 AND s.expires_at > ?`, id, title, now)
	return v, err
}

// ProlongSession lets a live session of a title go on; one that ended meanwhile is ErrNotFound.
func (s *Store) ProlongSession(ctx context.Context, id string, now, expiresAt Instant) error {
	return s.guarded(ctx, `UPDATE sessions SET last_seen_at = ?, expires_at = ? WHERE id = ? AND title <> '' AND ended_at = 0
		AND expires_at > ?`, now, expiresAt, id, now)
}

// EndTitleSessions ends an account's sessions in a title, "" for all titles.
func (s *Store) EndTitleSessions(ctx context.Context, accountID, title string, now Instant) error {
	condition, args := `account_id = ? AND title <> ''`, []any{accountID}
	if title != "" {
		condition, args = `account_id = ? AND title = ?`, append(args, title)
	}
	_, err := s.end(ctx, now, condition, args...)
	return err
}
