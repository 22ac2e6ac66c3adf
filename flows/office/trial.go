package office

import (
	"context"
	"slices"

	"pratu/flows/accounts"
	"pratu/flows/audit"
	"pratu/flows/clients"
	"pratu/flows/kind"
	"pratu/storage"
)

// Trying lets somebody sign in to an application by way of trial: who may change it may see what it is told of themselves.
// It needs a person who signs in.
func (s *Service) Trying(ctx context.Context, a Actor, id string) (context.Context, *clients.Client, error) {
	if a.Kind != audit.Account {
		return ctx, nil, Refused(WriteClients)
	}
	return s.theirs(ctx, a, WriteClients, id)
}

// RecordTrial writes down that a trial began.
func (s *Service) RecordTrial(ctx context.Context, c *clients.Client) error {
	return s.Audit.Append(ctx, audit.Event{Name: "client.tried", ClientID: c.ID})
}

// Previewing lets somebody see what an application would be told of an account: who may see both. The account's owner can
// read that somebody did.
func (s *Service) Previewing(ctx context.Context, a Actor, id, account string) (context.Context, *clients.Client, *accounts.Account, error) {
	ctx, c, err := s.theirs(ctx, a, ReadClients, id)
	if err != nil || c.Kind == clients.KindMachine {
		return ctx, c, nil, err
	}
	x, err := s.looked(ctx, a, account)
	if kind.Is(err, "account.unknown") {
		err = kind.New(kind.Invalid, "account.unknown").WithField("account").WithErr(err)
	}
	if err != nil {
		return ctx, nil, nil, err
	}
	return ctx, c, x, s.Audit.Append(ctx, audit.Event{Name: "account.claims_previewed", AccountID: x.ID, ClientID: c.ID})
}

// RefusedRedirects are redirect URIs of an application that were refused of late.
func (s *Service) RefusedRedirects(ctx context.Context, a Actor, id string) ([]clients.Refused, error) {
	c, err := s.Client(ctx, a, id)
	if err != nil {
		return nil, err
	}
	return s.Clients.Refused(ctx, c)
}

// AddRedirect registers a redirect URI beside the others, judged as any other.
func (s *Service) AddRedirect(ctx context.Context, a Actor, id string, version storage.Instant, uri string) error {
	_, err := s.ChangeClient(ctx, a, id, version, func(d *clients.Document) error {
		d.RedirectURIs = append(slices.Clone(d.RedirectURIs), uri)
		return nil
	})
	if err != nil {
		return err
	}
	return s.ForgetRefused(ctx, a, id, uri)
}

// ForgetRefused removes a redirect URI from what was refused: nobody needs it.
func (s *Service) ForgetRefused(ctx context.Context, a Actor, id, uri string) error {
	ctx, _, err := s.theirs(ctx, a, WriteClients, id)
	if err != nil {
		return err
	}
	return s.Clients.ForgetRefused(ctx, id, uri)
}

// CheckClient is what CreateClient, for an id that is "", or ChangeClient would say of a document. It writes nothing.
func (s *Service) CheckClient(ctx context.Context, a Actor, id string, change func(*clients.Document) error) (clients.Problems, error) {
	ctx, err := a.enter(ctx, WriteClients)
	if err != nil {
		return nil, err
	}
	if id != "" {
		if _, _, err := s.theirs(ctx, a, WriteClients, id); err != nil {
			return nil, err
		}
	}
	return s.Clients.Check(ctx, id, change)
}
