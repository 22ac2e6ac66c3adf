package signin

import (
	"context"
	"errors"
	"time"

	"pratu/flows/audit"
	"pratu/flows/kind"
	"pratu/flows/secret"
	"pratu/storage"
)

// EndDevice ends a session of an account from elsewhere, with all that applications were given in it, refresh tokens
// included. A session that isn't the account's, or is over, is session.unknown.
func (s *Service) EndDevice(ctx context.Context, accountID, sessionID string) error {
	return s.Store.InTx(ctx, func(ctx context.Context) error {
		err := s.Store.EndDevice(ctx, accountID, sessionID, storage.At(s.Now()))
		if errors.Is(err, storage.ErrNotFound) {
			return kind.New(kind.NotFound, "session.unknown").WithErr(err)
		}
		if err != nil {
			return err
		}
		return s.Audit.Append(ctx, audit.Event{
			Name: "session.ended", ActorKind: audit.Account, ActorID: accountID, AccountID: accountID, SessionID: sessionID,
		})
	})
}

// KnownDevice is a browser in which an account has signed in, whether it is signed in now or not.
type KnownDevice struct {
	ID        string
	UserAgent string
	SeenAt    time.Time
	This      bool
}

// Devices are those of an account, the last used first. browser is the cookie of the one that asks.
func (s *Service) Devices(ctx context.Context, accountID, browser string) ([]KnownDevice, error) {
	rows, err := s.Store.KnownBrowsers(ctx, accountID, storage.At(s.Now()))
	if err != nil {
		return nil, err
	}
	own := s.browserHash(browser)
	list := make([]KnownDevice, len(rows))
	for i, row := range rows {
		list[i] = KnownDevice{
			ID: row.BrowserHash, UserAgent: row.UserAgent, SeenAt: row.LastSeenAt.Time(),
			This: own != "" && secret.Equal(own, row.BrowserHash),
		}
	}
	return list, nil
}

// Forget makes a device of an account a strange one: it has no budget of failures of its own any more, and is no second
// factor. One that isn't the account's is device.unknown.
func (s *Service) Forget(ctx context.Context, accountID, deviceID string) error {
	return s.Store.InTx(ctx, func(ctx context.Context) error {
		err := s.Store.ForgetBrowser(ctx, accountID, deviceID)
		if errors.Is(err, storage.ErrNotFound) {
			return kind.New(kind.NotFound, "device.unknown").WithErr(err)
		}
		if err != nil {
			return err
		}
		return s.Audit.Append(ctx, audit.Event{Name: "browser.forgotten", ActorKind: audit.Account, ActorID: accountID, AccountID: accountID})
	})
}
