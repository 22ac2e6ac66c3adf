package players

import (
	"context"
	"encoding/json"
	"errors"

	"pratu/flows/accounts"
	"pratu/flows/audit"
	"pratu/flows/clients"
	"pratu/flows/kind"
	"pratu/flows/limits"
	"pratu/flows/signin"
	"pratu/flows/social"
	"pratu/storage"
)

// Credential is a provider's token as a game posts it.
type Credential struct {
	Kinds        []string // of connectors that may vouch for it
	Token, Nonce string
}

// RegisterOrLogin signs somebody in by a provider's token, and makes account, identity, player and the first entries of the
// ledger of who is new: all of it in one transaction. claims are those of an ID token, as they were signed.
func (s *Service) RegisterOrLogin(ctx context.Context, title *clients.Client, c Credential, from Caller) (token string, claims json.RawMessage, err error) {
	if title.Settings.MinACR == signin.ACRMulti {
		return "", nil, kind.New(kind.Forbidden, "factor.required")
	}
	v, err := s.vouched(ctx, title, c, from)
	if err != nil {
		return "", nil, err
	}
	_, err = s.Social.Arrive(ctx, v.Who, social.Arrival{
		ClientID: title.ID, Locale: from.Locale, Pageless: true,
		Join: func(ctx context.Context, arrived social.Arrived) error {
			if arrived.Second { // there is no page here to ask for it
				return kind.New(kind.Forbidden, "factor.required")
			}
			if err := s.once(ctx, v); err != nil {
				return err
			}
			token, err = s.begin(ctx, title, arrived.Proof, from)
			return err
		},
	})
	return token, v.Claims, posted(err)
}

// once marks a token that works once, in the caller's transaction: the second session of it would be a thief's.
func (s *Service) once(ctx context.Context, v social.Vouched) error {
	if v.Once == "" {
		return nil
	}
	err := s.Store.MarkSeen(ctx, v.Once, storage.At(v.Until))
	if errors.Is(err, storage.ErrExists) {
		return errToken(err)
	}
	return err
}

// vouched verifies a token; refused ones are bounded for each network.
func (s *Service) vouched(ctx context.Context, title *clients.Client, c Credential, from Caller) (social.Vouched, error) {
	network := limits.TitlePosted.Of(signin.Network(from.IP))
	if err := s.Limiter.Check(ctx, network); err != nil {
		return social.Vouched{}, err
	}
	v, err := s.Social.Verify(ctx, social.Posted{
		Kinds: c.Kinds, ClientID: title.ID, Token: c.Token, Nonce: c.Nonce, Legacy: title.Settings.LegacyNonce,
	})
	if kind.Of(err) == kind.Unauthorized {
		if err := s.Limiter.Count(ctx, network); err != nil {
			return v, err
		}
	}
	return v, posted(err)
}

// posted gives errors of the browser's way the words of the game API.
func posted(err error) error {
	for theirs, ours := range map[string]*kind.Error{
		"federation.refused":     kind.New(kind.Unauthorized, "token.invalid"),
		"federation.unavailable": kind.New(kind.Unavailable, "upstream.unavailable"),
		"federation.taken":       kind.New(kind.Exists, "identity.taken"),
		"federation.too_many":    kind.New(kind.Exists, "identity.taken"),
	} {
		if kind.Is(err, theirs) {
			return ours.WithErr(err)
		}
	}
	return err
}

// Link upgrades a guest by a provider's token: account, id and player stay. An identity that has an account already is
// "identity.taken", and nothing is merged.
func (s *Service) Link(ctx context.Context, p *Playing, c Credential, from Caller) (string, error) {
	v, err := s.vouched(ctx, p.Title, c, from)
	if err != nil {
		return "", err
	}
	err = s.Store.InTx(ctx, func(ctx context.Context) error {
		if err := s.once(ctx, v); err != nil {
			return err
		}
		now := storage.At(s.Now())
		promoted := s.Store.Promote(ctx, p.Account.ID, now)
		if promoted != nil && !errors.Is(promoted, storage.ErrNotFound) {
			return promoted
		}
		linked, err := s.Social.Adopt(ctx, v.Who, p.Account.ID)
		switch {
		case err != nil:
			return err
		case linked && promoted != nil: // a person's account gets its ways in on our pages, after a fresh sign-in
			return kind.New(kind.Conflict, "guest.not")
		case !linked:
			return nil // it was done before
		}
		return s.Audit.Append(ctx, audit.Event{
			Name: "guest.upgraded", ActorKind: audit.Account, ActorID: p.Account.ID, AccountID: p.Account.ID, ClientID: p.Title.ID,
			Details: map[string]any{"connector": v.Who.Connector.ID},
		})
	})
	if err != nil {
		return "", posted(err)
	}
	return s.Renew(ctx, p)
}

// Login is one of an account's at a provider.
type Login struct {
	Kind, Subject string
}

// Person is who a player is, with the logins elsewhere, the oldest first.
func (s *Service) Person(ctx context.Context, p *Playing) (*accounts.Account, []Login, error) {
	a, err := s.Accounts.Load(ctx, p.Account.ID)
	if err != nil {
		return nil, nil, err
	}
	rows, err := s.Store.IdentitiesOf(ctx, a.ID)
	if err != nil || len(rows) == 0 {
		return a, nil, err
	}
	all, err := s.Social.Connectors.All(ctx)
	var list []Login
	for _, row := range rows {
		l := Login{Subject: row.Subject}
		for _, c := range all {
			if c.ID == row.ConnectorID {
				l.Kind = c.Kind
			}
		}
		list = append(list, l)
	}
	return a, list, err
}
