package accounts

import (
	"context"
	"errors"

	"pratu/flows/audit"
	"pratu/flows/contact"
	"pratu/flows/kind"
	"pratu/flows/mail"
	"pratu/storage"
)

// Phone companies give numbers that were given up to somebody else. Whoever proves to read a number's texts may have it:
// it leaves the account it was with, and that is all. The account stays whose it was, with its sessions and everything
// else, even when nothing else leads to it. An address is never taken like that: its domain's owner decides who has it,
// and a mailbox that was read once proves little.

// vacate makes a proven contact free for an account ("" for one to come). mine: it has the contact already. A number that
// another account has is "contact.number_taken", unless it is to be taken.
func (s *Service) vacate(ctx context.Context, c contact.Contact, accountID string, take bool) (mine, took bool, err error) {
	held, err := s.Store.ContactHolder(ctx, c.Kind, s.Keyring.Digests(c.Kind, c.Canonical))
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return false, false, nil
	case err != nil:
		return false, false, err
	case held.AccountID == accountID:
		return true, false, nil
	case c.Kind != contact.Phone:
		return false, false, taken(nil)
	case !take:
		return false, false, kind.New(kind.Exists, "contact.number_taken")
	}
	return false, true, s.detach(ctx, c, held)
}

// detach takes a number from the account that has it, and tells its owner by mail.
func (s *Service) detach(ctx context.Context, c contact.Contact, held storage.Contact) error {
	// Where the new holder is, is nothing that the old one should read; their own record has it under the same request.
	ctx = audit.WithRequest(ctx, audit.RequestInfo{RequestID: audit.RequestOf(ctx).RequestID})
	now := storage.At(s.Now())
	if err := s.Store.LockAccount(ctx, held.AccountID, now); err != nil {
		return err
	}
	holder, err := s.Load(ctx, held.AccountID)
	if err != nil {
		return err
	}
	if err := s.Store.RemoveContact(ctx, holder.ID, held.ID); err != nil {
		return unknownIfGone(err)
	}
	if err := s.Store.VoidChallenges(ctx, holder.ID, c.Kind, now); err != nil {
		return err
	}
	err = s.Audit.Append(ctx, audit.Event{
		Name: "contact.taken", AccountID: holder.ID, Details: map[string]any{"contact": contact.Mask(c)},
	})
	if err != nil {
		return err
	}
	return s.Notify(ctx, holder, News{Event: mail.NumberTaken, What: contact.Mask(c)})
}
