package office

import (
	"context"
	"errors"
	"slices"

	"pratu/flows/kind"
	"pratu/storage"
)

// DisableAccount switches an account off: it is signed out everywhere, its applications lose what they have. The reason is
// for who looks at it later; of one that is off already the first stays.
func (s *Service) DisableAccount(ctx context.Context, a Actor, ssoid int64, reason string) error {
	ctx, p, err := s.touch(ctx, a, WriteAccounts, ssoid)
	if err != nil {
		return err
	}
	if reason, err = reasoned(reason); err != nil {
		return err
	}
	return s.Store.InTx(ctx, func(ctx context.Context) error {
		if err := s.Accounts.NotLastOwner(ctx, p.ID); err != nil {
			return err
		}
		if err := s.Store.DisableAccount(ctx, p.ID, storage.At(s.Now())); err != nil {
			return s.unless(ctx, err, p.ID, storage.StatusDisabled)
		}
		if err := s.signOut(ctx, p.ID); err != nil {
			return err
		}
		return s.record(ctx, "account.disabled", p.ID, map[string]any{"reason": reason})
	})
}

// EnableAccount switches a disabled account on again.
func (s *Service) EnableAccount(ctx context.Context, a Actor, ssoid int64) error {
	ctx, p, err := s.touch(ctx, a, WriteAccounts, ssoid)
	if err != nil {
		return err
	}
	return s.Store.InTx(ctx, func(ctx context.Context) error {
		if err := s.Store.EnableAccount(ctx, p.ID, storage.At(s.Now())); err != nil {
			return s.unless(ctx, err, p.ID, storage.StatusActive, storage.StatusGuest)
		}
		return s.record(ctx, "account.enabled", p.ID, nil)
	})
}

// unless is what becomes of a change of status that found another one: what is so already is no failure.
func (s *Service) unless(ctx context.Context, err error, accountID string, already ...string) error {
	if !errors.Is(err, storage.ErrNotFound) {
		return err
	}
	row, err := s.account(ctx, accountID)
	if err == nil && !slices.Contains(already, row.Status) {
		err = kind.New(kind.Conflict, "account.closed")
	}
	return err
}
