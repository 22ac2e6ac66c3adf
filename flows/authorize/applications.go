package authorize

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"pratu/flows/audit"
	"pratu/flows/clients"
	"pratu/flows/kind"
	"pratu/storage"
)

// Application is a client that a person allowed something, or that has access without being asked about.
type Application struct {
	ID     string
	Client *clients.Client // nil: it is gone
	Scopes []string
	Claims []string // asked for one by one
	Since  time.Time
	UsedAt time.Time // zero: never
}

// Applications are those of an account, the last used first.
func (s *Service) Applications(ctx context.Context, accountID string) ([]Application, error) {
	now := storage.At(s.Now())
	consents, err := s.Store.ConsentsOfAccount(ctx, accountID, now)
	if err != nil {
		return nil, err
	}
	access, err := s.Store.AccessOfAccount(ctx, accountID, now)
	if err != nil {
		return nil, err
	}
	byID := map[string]*Application{}
	note := func(id, scopes string, since storage.Instant) *Application {
		a := byID[id]
		if a == nil {
			a = &Application{ID: id, Since: since.Time()}
			byID[id] = a
		}
		for _, scope := range strings.Fields(scopes) {
			if !slices.Contains(a.Scopes, scope) {
				a.Scopes = append(a.Scopes, scope)
			}
		}
		if since.Time().Before(a.Since) {
			a.Since = since.Time()
		}
		return a
	}
	for _, c := range consents {
		note(c.ClientID, c.Scopes, c.GrantedAt).Claims = strings.Fields(c.Claims)
	}
	for _, g := range access {
		a := note(g.ClientID, g.Scopes, g.Since)
		if used := g.UsedAt.Time(); used.After(a.UsedAt) {
			a.UsedAt = used
		}
	}
	return s.named(ctx, byID)
}

// named adds who the clients are. One that was removed meanwhile stays in the list under its id.
func (s *Service) named(ctx context.Context, byID map[string]*Application) ([]Application, error) {
	list := make([]Application, 0, len(byID))
	for id, a := range byID {
		c, err := s.Clients.Known(ctx, id)
		if err != nil && kind.Of(err) != kind.NotFound {
			return nil, err
		}
		if err == nil {
			a.Client = c
		}
		list = append(list, *a)
	}
	slices.SortFunc(list, func(a, b Application) int {
		return cmp.Or(b.UsedAt.Compare(a.UsedAt), b.Since.Compare(a.Since), strings.Compare(a.ID, b.ID))
	})
	return list, nil
}

// Revoke takes from a client all that an account allowed and gave it. A client that has nothing of the account's is
// application.unknown.
func (s *Service) Revoke(ctx context.Context, accountID, clientID string) error {
	return s.Store.InTx(ctx, func(ctx context.Context) error {
		found, err := s.Store.RevokeClient(ctx, accountID, clientID, storage.At(s.Now()))
		if err != nil {
			return err
		}
		if !found {
			return kind.New(kind.NotFound, "application.unknown")
		}
		return s.Audit.Append(ctx, audit.Event{
			Name: "consent.revoked", ActorKind: audit.Account, ActorID: accountID, AccountID: accountID, ClientID: clientID,
		})
	})
}
