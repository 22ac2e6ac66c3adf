package players

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"pratu/flows/audit"
	"pratu/flows/clients"
	"pratu/flows/kind"
	"pratu/storage"
)

// Scopes of a title's own server.
const (
	ScopeRead  = "players.read"
	ScopeWrite = "players.write"
)

// Serving is the title whose players a client's server may look after with a scope, which the client still has.
func (s *Service) Serving(ctx context.Context, c *clients.Client, scopes []string, scope string) (*clients.Client, error) {
	if c.TitleOf() == "" || !slices.Contains(scopes, scope) || !slices.Contains(c.Scopes(), scope) {
		return nil, kind.New(kind.Forbidden, "scope.missing").WithArg("scope", scope)
	}
	title, err := s.Title(ctx, c.TitleOf())
	if kind.Of(err) == kind.Unauthorized {
		return nil, kind.New(kind.Forbidden, "title.unknown").WithErr(err)
	}
	return title, err
}

func unknown(err error) error {
	if errors.Is(err, storage.ErrNotFound) || errors.Is(err, storage.ErrInvalid) {
		return kind.New(kind.NotFound, "player.unknown").WithErr(err)
	}
	return err
}

// Player is a title's player, banned or not, by the id of the account.
func (s *Service) Player(ctx context.Context, title, oid string) (storage.Player, error) {
	p, err := s.Store.PlayerByOID(ctx, oid, title)
	return p, unknown(err)
}

// Change is what a player is to be called and to wear; nil leaves it.
type Change struct {
	Name          *string
	Team, Costume *int64
}

// maxName is how many characters a player's name has at most.
const maxName = 60

// Update changes a player. Of two changes at once both happen, one after the other.
func (s *Service) Update(ctx context.Context, title, oid string, c Change) (storage.Player, error) {
	if c.Name != nil {
		name := strings.TrimSpace(*c.Name)
		if name == "" || utf8.RuneCountInString(name) > maxName || !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) {
			return storage.Player{}, kind.New(kind.Invalid, "player.name").WithField("playerName")
		}
		c.Name = &name
	}
	const attempts = 4
	for attempt := 1; ; attempt++ {
		p, err := s.Player(ctx, title, oid)
		if err != nil {
			return p, err
		}
		changed := p
		for to, said := range map[*int64]*int64{&changed.TeamID: c.Team, &changed.CostumeID: c.Costume} {
			if said != nil {
				*to = *said
			}
		}
		if c.Name != nil {
			changed.Name = *c.Name
		}
		if changed == p {
			return p, nil
		}
		err = s.Store.UpdatePlayer(ctx, changed, storage.At(s.Now()))
		if errors.Is(err, storage.ErrNotFound) && attempt < attempts {
			continue
		}
		if err != nil {
			return p, err
		}
		return s.Player(ctx, title, oid)
	}
}

// Entry is what a player is to get, or to spend.
type Entry struct {
	Currency string
	Amount   int64
	Reason   string
	Key      string // of idempotency: the same again is what was written the first time
	ClientID string // whose server says so
}

var keySyntax = regexp.MustCompile(`^[\x21-\x7e]{1,128}$`)

// maxAmount bounds one entry, far from where sums end.
const maxAmount = 1_000_000_000_000

// Append writes an entry of the ledger and returns it with the balance after it: "ledger.short" when there is too little,
// "ledger.key" when the key was used for something else.
func (s *Service) Append(ctx context.Context, title, oid string, e Entry) (storage.LedgerEntry, error) {
	invalid := func(field string) (storage.LedgerEntry, error) {
		return storage.LedgerEntry{}, kind.New(kind.Invalid, "ledger.invalid").WithField(field)
	}
	switch {
	case e.Currency != storage.Coin && e.Currency != storage.Diamond:
		return invalid("currency")
	case e.Amount == 0 || e.Amount > maxAmount || e.Amount < -maxAmount:
		return invalid("amount")
	case strings.TrimSpace(e.Reason) == "" || len(e.Reason) > 200 || strings.ContainsFunc(e.Reason, unicode.IsControl):
		return invalid("reason")
	case !keySyntax.MatchString(e.Key):
		return invalid("Idempotency-Key")
	}
	p, err := s.Player(ctx, title, oid)
	if err != nil {
		return storage.LedgerEntry{}, err
	}
	written, err := s.Store.AppendLedger(ctx, storage.LedgerEntry{
		PlayerID: p.ID, Currency: e.Currency, Amount: e.Amount, Reason: e.Reason, Key: e.Key, ClientID: e.ClientID, CreatedAt: storage.At(s.Now()),
	})
	switch {
	case errors.Is(err, storage.ErrConflict):
		return written, kind.New(kind.Conflict, "ledger.short").WithErr(err)
	case err != nil:
		return written, err
	case written.Currency != e.Currency || written.Amount != e.Amount || written.Reason != e.Reason || written.ClientID != e.ClientID:
		return written, kind.New(kind.Conflict, "ledger.key")
	}
	return written, nil
}

// Actor is who bans: an administrator at the command line, or a title's server.
type Actor struct{ Kind, ID string }

// Ban keeps a player out of a title, at once, and tells why. Other titles and our pages aren't concerned.
func (s *Service) Ban(ctx context.Context, title, oid, reason string, by Actor) error {
	reason = audit.Printable(strings.TrimSpace(reason), 200)
	if reason == "" {
		return kind.New(kind.Invalid, "player.ban_reason").WithField("reason")
	}
	p, err := s.Player(ctx, title, oid)
	if err != nil {
		return err
	}
	return s.Store.InTx(ctx, func(ctx context.Context) error {
		if err := s.Store.BanPlayer(ctx, p, reason, storage.At(s.Now())); err != nil {
			return unknown(err)
		}
		return s.Audit.Append(ctx, audit.Event{
			Name: "player.banned", ActorKind: by.Kind, ActorID: by.ID, AccountID: p.AccountID, ClientID: title, Details: map[string]any{"reason": reason},
		})
	})
}

// Unban lets a player play again. One who isn't banned may stay as is.
func (s *Service) Unban(ctx context.Context, title, oid string, by Actor) error {
	p, err := s.Player(ctx, title, oid)
	if err != nil || p.BannedAt.IsZero() {
		return err
	}
	return s.Store.InTx(ctx, func(ctx context.Context) error {
		if err := s.Store.UnbanPlayer(ctx, p.ID); err != nil {
			return unknown(err)
		}
		return s.Audit.Append(ctx, audit.Event{
			Name: "player.unbanned", ActorKind: by.Kind, ActorID: by.ID, AccountID: p.AccountID, ClientID: title,
		})
	})
}
