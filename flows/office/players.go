package office

import (
	"context"
	"errors"
	"slices"
	"strings"

	"pratu/flows/audit"
	"pratu/flows/clients"
	"pratu/flows/kind"
	"pratu/flows/players"
	"pratu/storage"
)

// owns tells whether an actor may do something with a title.
func (a Actor) owns(action Action, title string) bool {
	return a.Everywhere(action) || slices.Contains(a.own, action) && slices.Contains(a.Titles, title)
}

// FindTitles reads up to limit games in the order of ids after one; next is where to go on, "" at the end. Title owners find
// their own.
func (s *Service) FindTitles(ctx context.Context, a Actor, after string, limit int) (list []*clients.Client, next string, err error) {
	may := func(action Action, c *clients.Client) bool { return a.owns(action, c.ID) }
	return s.search(ctx, a, ReadPlayers, storage.ClientFilter{Kind: clients.KindGame, After: after, Limit: limit}, may)
}

// Title is one game, switched off or not. Somebody else's is as unknown as one that isn't there.
func (s *Service) Title(ctx context.Context, a Actor, id string) (*clients.Client, error) {
	_, c, err := s.title(ctx, a, ReadPlayers, id)
	return c, err
}

// title is what every action on a title's players begins with.
func (s *Service) title(ctx context.Context, a Actor, action Action, id string) (context.Context, *clients.Client, error) {
	ctx, err := a.enter(ctx, action)
	if err != nil {
		return ctx, nil, err
	}
	if !a.owns(action, id) { // before anything is read: it takes as long as for one that isn't there
		return ctx, nil, unknownTitle(nil)
	}
	c, err := s.Clients.Find(ctx, id)
	if kind.Is(err, "client.unknown") || err == nil && c.Kind != clients.KindGame {
		err = unknownTitle(err)
	}
	return ctx, c, err
}

func unknownTitle(err error) error { return kind.New(kind.NotFound, "title.unknown").WithErr(err) }

// FindPlayers reads up to limit players of a title, the newest first, before one. With a text it finds the one whose id in
// games it is, and for who may read accounts those of whom FindAccounts finds.
func (s *Service) FindPlayers(ctx context.Context, a Actor, title, text, before string, limit int) (list []storage.TitlePlayer, next string, err error) {
	ctx, _, err = s.title(ctx, a, ReadPlayers, title)
	if err != nil {
		return nil, "", err
	}
	if text = strings.TrimSpace(text); text != "" {
		list, err = s.playersNamed(ctx, a, title, text, limit)
		return list, "", err
	}
	if list, err = s.Store.PlayersIn(ctx, title, before, limit+1); err != nil {
		return nil, "", err
	}
	if len(list) > limit {
		list = list[:limit]
		next = list[limit-1].ID
	}
	return list, next, nil
}

func (s *Service) playersNamed(ctx context.Context, a Actor, title, text string, limit int) (list []storage.TitlePlayer, err error) {
	if !a.Everywhere(ReadAccounts) {
		p, err := s.player(ctx, title, text)
		if kind.Is(err, "player.unknown") {
			return nil, nil
		}
		return []storage.TitlePlayer{p}, err
	}
	found, err := s.FindAccounts(ctx, a, text, "", limit)
	if err != nil {
		return nil, err
	}
	for _, x := range found.Accounts {
		p, err := s.Store.PlayerOf(ctx, x.ID, title)
		if errors.Is(err, storage.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		list = append(list, storage.TitlePlayer{Player: p, OID: x.OID, SSOID: x.SSOID})
	}
	return list, nil
}

// Player is a title's player, banned or not, by the id that games know.
func (s *Service) Player(ctx context.Context, a Actor, title, oid string) (storage.TitlePlayer, error) {
	ctx, _, err := s.title(ctx, a, ReadPlayers, title)
	if err != nil {
		return storage.TitlePlayer{}, err
	}
	return s.player(ctx, title, oid)
}

func (s *Service) player(ctx context.Context, title, oid string) (storage.TitlePlayer, error) {
	p, err := s.Players.Player(ctx, title, oid)
	if err != nil {
		return storage.TitlePlayer{}, err
	}
	row, err := s.account(ctx, p.AccountID)
	return storage.TitlePlayer{Player: p, OID: row.OID, SSOID: row.SSOID}, err
}

// Ledger reads up to limit of what a player got and spent of a currency, the newest first, before an entry; next is where to
// go on, 0 at the end.
func (s *Service) Ledger(ctx context.Context, a Actor, title, oid, currency string, before int64, limit int) (list []storage.LedgerEntry, next int64, err error) {
	p, err := s.Player(ctx, a, title, oid)
	if err == nil && currency != storage.Coin && currency != storage.Diamond {
		err = kind.New(kind.Invalid, "ledger.currency").WithField("currency")
	}
	if err != nil {
		return nil, 0, err
	}
	if list, err = s.Store.LedgerIn(ctx, p.ID, currency, before, limit+1); err != nil {
		return nil, 0, err
	}
	if len(list) > limit {
		list = list[:limit]
		next = list[limit-1].Entry
	}
	return list, next, nil
}

// BanPlayer keeps a player out of a title, at once. The reason is told to the player; a second ban changes it.
func (s *Service) BanPlayer(ctx context.Context, a Actor, title, oid, reason string) error {
	ctx, _, err := s.title(ctx, a, WritePlayers, title)
	if err != nil {
		return err
	}
	if reason, err = reasoned(reason); err != nil {
		return err
	}
	return s.Players.Ban(ctx, title, oid, reason, players.Actor{Kind: audit.System}) // enter said who acts
}

// UnbanPlayer lets a player play again. One who isn't banned may stay as is.
func (s *Service) UnbanPlayer(ctx context.Context, a Actor, title, oid string) error {
	ctx, _, err := s.title(ctx, a, WritePlayers, title)
	if err != nil {
		return err
	}
	return s.Players.Unban(ctx, title, oid, players.Actor{Kind: audit.System})
}
