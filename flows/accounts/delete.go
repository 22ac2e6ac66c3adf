package accounts

import (
	"context"
	"errors"
	"slices"
	"time"

	"pratu/flows/audit"
	"pratu/flows/issuer"
	"pratu/flows/kind"
	"pratu/flows/mail"
	"pratu/storage"
)

// Grace is how long a closed account can be kept by signing in, before it is erased.
const Grace = 30 * 24 * time.Hour

// eraseBatch is how many accounts one run erases at most.
const eraseBatch = 100

// Close ends all that an account is signed in to and gave to applications, tells the owner, and begins the grace. The last
// owner of the installation can't: nobody could be made one after them.
func (s *Service) Close(ctx context.Context, a *Account, device string) (eraseAt time.Time, err error) {
	now := storage.At(s.Now())
	due := now.Add(Grace)
	err = s.Store.InTx(ctx, func(ctx context.Context) error {
		if err := s.NotLastOwner(ctx, a.ID); err != nil {
			return err
		}
		err := s.Store.CloseAccount(ctx, a.ID, now, due)
		if errors.Is(err, storage.ErrNotFound) {
			return kind.New(kind.Conflict, "account.changed").WithErr(err)
		}
		if err != nil {
			return err
		}
		if err := s.Store.EndSessionsOfAccount(ctx, a.ID, "", now); err != nil {
			return err
		}
		if err := s.Store.RevokeGrantsOfAccount(ctx, a.ID, "", now); err != nil {
			return err
		}
		err = s.Audit.Append(ctx, audit.Event{Name: "account.deleted", ActorKind: audit.Account, ActorID: a.ID, AccountID: a.ID})
		if err != nil {
			return err
		}
		return s.Notify(ctx, a, News{Event: mail.AccountDeleted, Device: device, Link: s.Issuer.URL(issuer.PathLogin)})
	})
	if err != nil {
		return time.Time{}, err
	}
	s.Mail.Wake()
	return due.Time(), nil
}

// NotLastOwner refuses what would leave the installation without an owner, in the transaction that would: others that are
// about to do the same wait for it.
func (s *Service) NotLastOwner(ctx context.Context, accountID string) error {
	if err := s.Store.LockOwners(ctx); err != nil {
		return err
	}
	roles, err := s.Store.RolesOf(ctx, accountID)
	if err != nil || !slices.Contains(roles, RoleOwner) {
		return err
	}
	other, err := s.Store.OtherWithRole(ctx, RoleOwner, accountID)
	if err == nil && !other {
		err = kind.New(kind.Forbidden, "role.last_owner")
	}
	return err
}

// Closed tells whether an account waits to be erased.
func (s *Service) Closed(ctx context.Context, accountID string) (bool, error) {
	row, err := s.Store.AccountByID(ctx, accountID)
	return row.Status == storage.StatusDeletionPending, err
}

// Closing tells until when a closed account can be kept; the zero time for one that isn't closed, or is gone.
func (s *Service) Closing(ctx context.Context, accountID string) (time.Time, error) {
	at, err := s.Store.EraseAt(ctx, accountID)
	if err != nil || at <= storage.At(s.Now()) {
		return time.Time{}, err
	}
	return at.Time(), nil
}

// Keep undoes Close while the grace lasts. What ended then stays ended.
func (s *Service) Keep(ctx context.Context, a *Account, device string) error {
	err := s.Store.InTx(ctx, func(ctx context.Context) error {
		err := s.Store.KeepAccount(ctx, a.ID, storage.At(s.Now()))
		if errors.Is(err, storage.ErrNotFound) {
			return kind.New(kind.NotFound, "account.gone").WithErr(err)
		}
		if err != nil {
			return err
		}
		err = s.Audit.Append(ctx, audit.Event{Name: "account.kept", ActorKind: audit.Account, ActorID: a.ID, AccountID: a.ID})
		if err != nil {
			return err
		}
		return s.Notify(ctx, a, News{Event: mail.AccountKept, Device: device})
	})
	if err == nil {
		s.Mail.Wake()
	}
	return err
}

// Erase erases accounts whose grace is over, and returns how many. Broken off, it goes on the next time; any number of
// replicas may run it at once.
func (s *Service) Erase(ctx context.Context) (erased int, err error) {
	due, err := s.Store.DueErasures(ctx, storage.At(s.Now()), eraseBatch)
	if err != nil {
		return 0, err
	}
	var failures []error
	for _, id := range due {
		switch err := s.erase(ctx, id); {
		case errors.Is(err, storage.ErrNotFound): // another replica was faster
		case err != nil: // one account's trouble doesn't keep the others
			failures = append(failures, err)
		default:
			erased++
		}
	}
	return erased, errors.Join(failures...)
}

func (s *Service) erase(ctx context.Context, id string) error {
	if err := s.Store.ClaimErasure(ctx, id, storage.At(s.Now())); err != nil {
		return err
	}
	gone, err := s.Store.MergedFrom(ctx, id) // what stayed behind with them is this person's as well
	if err != nil {
		return err
	}
	for _, one := range append(gone, id) {
		for rows := int64(1); rows > 0; {
			if rows, err = s.Store.EraseRows(ctx, one); err != nil {
				return err
			}
		}
	}
	return s.Store.InTx(ctx, func(ctx context.Context) error {
		if err := s.Store.FinishErasure(ctx, id, storage.At(s.Now())); err != nil {
			return err
		}
		return s.Audit.Append(ctx, audit.Event{Name: "account.erased", AccountID: id})
	})
}
