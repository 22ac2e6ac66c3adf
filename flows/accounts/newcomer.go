package accounts

import (
	"context"
	"errors"
	"maps"
	"slices"

	"pratu/flows/audit"
	"pratu/flows/contact"
	"pratu/flows/kind"
	"pratu/storage"
)

// Newcomer is somebody whom another provider vouches for and who has no account yet.
type Newcomer struct {
	Email      string            // "" for none; one that can't be stored is left out
	Verified   bool              // it becomes an identifier; else it is a note
	Claims     map[string]string // as the provider says them; what isn't right is left out
	Locale     string
	RegisterBy string
	Connector  string // by which they came, for the record
	// Join writes what else the account is made with, in the same transaction; its error undoes all.
	Join func(ctx context.Context, accountID string) error
}

// Admit makes the account of a newcomer, in the caller's transaction or its own: account.exists when the address is
// somebody's by now.
func (s *Service) Admit(ctx context.Context, n Newcomer) (id string, err error) {
	p := person{
		locale: n.Locale, registerBy: n.RegisterBy, createdAt: s.Now(), profile: map[string]any{},
		event: audit.Event{Name: "account.created", ActorKind: audit.Account, ClientID: n.RegisterBy, Reason: n.Connector},
	}
	if c, err := contact.ParseEmail(n.Email); err == nil {
		p.contacts = []draft{{c, n.Verified}}
	}
	for name, text := range s.Fit(n.Claims) {
		p.profile[name] = text
	}
	err = s.Store.InTx(ctx, func(ctx context.Context) error {
		if id, err = s.insert(ctx, p); err != nil || n.Join == nil {
			return err
		}
		return n.Join(ctx, id)
	})
	return id, err
}

// Fit keeps of claims from elsewhere what a profile may hold, tidied as if their owner had typed it.
func (s *Service) Fit(claims map[string]string) map[string]string {
	fit := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(claims)) {
		text := tidy(name, claims[name])
		if text != "" && slices.Contains(ProfileClaims, name) && s.checkClaim(name, text) == nil {
			fit[name] = text
		}
	}
	return fit
}

// Follow writes what a provider says of somebody over the profile. What it doesn't say stays.
func (s *Service) Follow(ctx context.Context, accountID string, claims map[string]string) error {
	err := s.UpdateProfile(ctx, accountID, s.Fit(claims))
	if kind.Of(err) == kind.Conflict { // the owner changes it at this moment, which counts for more
		return nil
	}
	return err
}

// Holder is the account that has proven an address, or "".
func (s *Service) Holder(ctx context.Context, email string) (string, error) {
	c, err := contact.ParseEmail(email)
	if err != nil {
		return "", nil //nolint:nilerr // nobody has what is no address
	}
	held, err := s.Store.ContactHolder(ctx, c.Kind, s.Keyring.Digests(c.Kind, c.Canonical))
	if errors.Is(err, storage.ErrNotFound) {
		return "", nil
	}
	return held.AccountID, err
}
