package directory

import (
	"context"

	"pratu/flows/audit"
	"pratu/storage"
)

// LookedUp is the event of a client asking about an account without its owner.
const LookedUp = "account.looked_up"

// Lookups is who looked an account up, the newest first, after the event of an instant and id; 0 begins with the newest.
func (s *Service) Lookups(ctx context.Context, accountID string, at storage.Instant, id string, limit int) ([]storage.AuditEvent, error) {
	if at.IsZero() {
		at = storage.At(s.Now()) + 1
	}
	return s.Store.Lookups(ctx, accountID, at, id, limit)
}

// Hidden tells whether an account's owner isn't to be found by search.
func (s *Service) Hidden(ctx context.Context, accountID string) (bool, error) {
	at, err := s.Store.HiddenAt(ctx, accountID)
	return !at.IsZero(), err
}

// Hide takes an account out of what search finds, or puts it back: whoever searches hears that nobody has the contact.
func (s *Service) Hide(ctx context.Context, accountID string, hide bool) error {
	now, at, name := storage.At(s.Now()), storage.Instant(0), "account.shown"
	if hide {
		at, name = now, "account.hidden"
	}
	return s.Store.InTx(ctx, func(ctx context.Context) error {
		if err := s.Store.HideAccount(ctx, accountID, at, now); err != nil {
			return err
		}
		return s.Audit.Append(ctx, audit.Event{Name: name, ActorKind: audit.Account, ActorID: accountID, AccountID: accountID})
	})
}
