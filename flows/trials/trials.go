// Package trials owns how an administrator tries an application out: a real sign-in of their own, whose tokens nobody gets,
// and the claims that somebody else's would bring. Who may is flows/office's, what tokens hold flows/oidc's.
package trials

import (
	"context"
	"net/url"
	"time"

	"pratu/flows/accounts"
	"pratu/flows/clients"
	"pratu/flows/office"
	"pratu/flows/oidc"
	"pratu/storage"
)

// Service tries applications out. Without Fetch nobody's clock is asked.
type Service struct {
	Office   *office.Service
	Provider *oidc.Provider
	Store    *storage.Store
	Fetch    clients.Fetcher
	Now      func() time.Time
}

// Begin makes the authorization request that the administrator's browser is sent with.
func (s *Service) Begin(ctx context.Context, a office.Actor, clientID string) (request url.Values, err error) {
	ctx, c, err := s.Office.Trying(ctx, a, clientID)
	if err != nil {
		return nil, err
	}
	return request, s.Store.InTx(ctx, func(ctx context.Context) error {
		account, err := s.Store.AccountByID(ctx, a.ID)
		if err != nil {
			return err
		}
		if request, err = s.Provider.BeginTrial(ctx, c, account); err != nil {
			return err
		}
		return s.Office.RecordTrial(ctx, c)
	})
}

// Finish reads what came back. Who lost the right meanwhile sees nothing.
func (s *Service) Finish(ctx context.Context, a office.Actor, back url.Values) (*oidc.Trial, error) {
	t, err := s.Provider.FinishTrial(ctx, a.ID, back)
	if err != nil {
		return nil, err
	}
	if _, _, err := s.Office.Trying(ctx, a, t.Client.ID); err != nil {
		return nil, err
	}
	if !t.Answer.Has("error") {
		t.Warnings = append(t.Warnings, s.clock(ctx, t.Client)...)
	}
	return t, nil
}

// Preview is what an application would be told of an account, which is found by a contact, a number or an id in full; the
// account is nil for an application without people. Without scopes it is asked for all that the application may ask for.
func (s *Service) Preview(ctx context.Context, a office.Actor, clientID, account string, scopes []string) (*accounts.Account, oidc.Preview, error) {
	ctx, c, x, err := s.Office.Previewing(ctx, a, clientID, account)
	if err != nil {
		return nil, oidc.Preview{}, err
	}
	ssoid := int64(0)
	if x != nil {
		ssoid = x.SSOID
	}
	p, err := s.Provider.Preview(ctx, c, ssoid, scopes)
	return x, p, err
}
