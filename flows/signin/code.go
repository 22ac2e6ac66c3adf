package signin

import (
	"context"
	"errors"

	"pratu/flows/audit"
	"pratu/flows/codes"
	"pratu/flows/contact"
	"pratu/flows/kind"
	"pratu/storage"
)

// SendCode sends a code in place of a password and returns the handle of its page. Whether anybody has the contact, or may
// sign in, changes nothing but that: the same statements, the same answer.
func (s *Service) SendCode(ctx context.Context, identifier string, r codes.Request) (handle string, err error) {
	c, err := contact.Parse(identifier)
	if err != nil {
		return "", err
	}
	id, err := s.reachedBy(ctx, c)
	if err != nil {
		return "", err
	}
	c.Value = c.Canonical // where nothing is known a page could only show what was typed: so it must where something is
	r.Purpose, r.Contact, r.AccountID = codes.SignIn, c, id
	return s.Codes.Begin(ctx, r)
}

// reachedBy is who may sign in with a contact, "" for nobody.
func (s *Service) reachedBy(ctx context.Context, c contact.Contact) (accountID string, err error) {
	login, err := s.Store.LoginByContact(ctx, c.Kind, s.Keyring.Digests(c.Kind, c.Canonical), "", storage.At(s.Now()))
	if errors.Is(err, storage.ErrNotFound) || err == nil && !Enters(login.Status) {
		return "", nil
	}
	return login.ID, err
}

// Code judges a code that was sent for a sign-in, or to confirm who is there: kind.Invalid "code.wrong", kind.RateLimited.
// Whose the contact is now counts, not whose it was when the code left.
func (s *Service) Code(ctx context.Context, c *codes.Challenge, typed string) (Proof, error) {
	err := s.Codes.Check(ctx, c, typed)
	if err == nil {
		id, failure := s.reachedBy(ctx, c.Contact)
		if failure != nil {
			return Proof{}, failure
		}
		if id == "" || id != c.AccountID {
			err = kind.New(kind.NotFound, "code.expired")
		}
	}
	amr := []string{AMROTP}
	if c.Contact.Kind == contact.Phone {
		amr = []string{AMRSMS, AMROTP}
	}
	if err == nil {
		p := Proof{AccountID: c.AccountID, AMR: amr, ACR: ACRSingle, At: s.Now()}
		return p.Spending(func(ctx context.Context) error { return s.Codes.Use(ctx, c) }), nil
	}
	if k := kind.Of(err); k == kind.Internal || k == kind.RateLimited { // see refuse
		return Proof{}, err
	}
	failure := s.Audit.Append(ctx, audit.Event{
		Name: "signin.failed", Outcome: audit.Failure, ActorKind: audit.Account, AccountID: c.AccountID, ClientID: c.ClientID,
		Reason: kind.Code(err), Details: map[string]any{"method": AMROTP, "identifier": contact.Mask(c.Contact)},
	})
	if failure != nil {
		return Proof{}, failure
	}
	return Proof{}, err
}
