// Package players owns accounts in games: titles, players with what they own, the sessions and tokens of the game API, and
// the joint transaction of account, player and first ledger entry. Accounts are flows/accounts', proofs flows/signin's; what
// the wire looks like is server/game's.
package players

import (
	"context"
	"time"

	"pratu/flows/accounts"
	"pratu/flows/audit"
	"pratu/flows/clients"
	"pratu/flows/issuer"
	"pratu/flows/keys"
	"pratu/flows/kind"
	"pratu/flows/limits"
	"pratu/flows/secret"
	"pratu/flows/signin"
	"pratu/flows/social"
	"pratu/storage"
)

// Service is what the game API asks. All fields are required but DefaultTitle and Expose.
type Service struct {
	Store    *storage.Store
	Keyring  *secret.Keyring
	Clients  *clients.Service
	Keys     *keys.Service
	Accounts *accounts.Service
	Signin   *signin.Service
	Social   *social.Service
	Limiter  *limits.Limiter
	Audit    *audit.Log
	Issuer   issuer.Issuer
	Now      func() time.Time

	DefaultTitle string // of calls that name none
	Expose       bool   // development: answers show what only a mail should
}

// Caller is where a call came from.
type Caller struct {
	IP, UserAgent, Locale string
}

// Title finds the title that a call belongs to: "title.missing" when none is named, "title.unknown" for everything that
// isn't a game, or is switched off.
func (s *Service) Title(ctx context.Context, id string) (*clients.Client, error) {
	if id == "" {
		id = s.DefaultTitle
	}
	if id == "" {
		return nil, kind.New(kind.Invalid, "title.missing")
	}
	c, err := s.Clients.Get(ctx, id)
	switch k := kind.Of(err); {
	case err != nil && k != kind.NotFound && k != kind.Forbidden:
		return nil, err
	case err != nil || c.Kind != clients.KindGame || c.Unverified():
		return nil, kind.New(kind.Unauthorized, "title.unknown").WithErr(err)
	}
	return c, nil
}

// provision makes an account's player in a title where there is none, in the caller's transaction: once, with the first
// entries of the ledger.
func (s *Service) provision(ctx context.Context, title *clients.Client, accountID string) error {
	now := storage.At(s.Now())
	name, team, costume, coin, diamond := title.NewPlayer()
	p := storage.Player{
		ID: secret.UUID(), AccountID: accountID, Title: title.ID, Name: name, TeamID: team, CostumeID: costume, CreatedAt: now, UpdatedAt: now,
	}
	created, err := s.Store.CreatePlayer(ctx, p)
	if err != nil || !created {
		return err
	}
	for _, grant := range []struct {
		currency string
		amount   int64
	}{{storage.Coin, coin}, {storage.Diamond, diamond}} {
		if grant.amount == 0 {
			continue
		}
		_, err := s.Store.AppendLedger(ctx, storage.LedgerEntry{
			PlayerID: p.ID, Currency: grant.currency, Amount: grant.amount, Reason: "start", Key: "start " + grant.currency, // no key of a client's has a space
			ClientID: title.ID, CreatedAt: now,
		})
		if err != nil {
			return err
		}
	}
	return s.Audit.Append(ctx, audit.Event{
		Name: "player.created", ActorKind: audit.Account, ActorID: accountID, AccountID: accountID, ClientID: title.ID,
	})
}
