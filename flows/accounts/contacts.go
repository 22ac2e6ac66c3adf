package accounts

import (
	"context"
	"encoding/json"
	"errors"

	"pratu/flows/audit"
	"pratu/flows/codes"
	"pratu/flows/contact"
	"pratu/flows/issuer"
	"pratu/flows/kind"
	"pratu/flows/mail"
	"pratu/flows/signin"
	"pratu/storage"
)

// MaxContacts is how many an account may have: all of them are told of every change.
const MaxContacts = 10

// NewContact is an address or number that an account is to get.
type NewContact struct {
	Account    *Account
	Text       string // as typed
	Replace    string // id of the contact that goes when this one comes, or ""
	Browser    string // cookie
	Locale, IP string
}

// addition is what a challenge keeps about a new contact.
type addition struct {
	Replace string `json:"replace,omitempty"`
}

// BeginContact sends a code to a new contact. An address that another account has looks the same, and its owner gets a
// mail; a number may have been given to somebody else, so that its reader is asked.
func (s *Service) BeginContact(ctx context.Context, n NewContact) (handle string, err error) {
	c, err := s.reachable(n.Text, "contact")
	if err != nil {
		return "", err
	}
	refused := func(code string) error { return kind.New(kind.Invalid, code).WithField("contact") }
	for _, own := range n.Account.Contacts {
		if own.Verified && own.Kind == c.Kind && contact.Stored(own.Kind, own.Value).Canonical == c.Canonical {
			return "", refused("contact.yours")
		}
	}
	_, known := n.Account.contact(n.Replace)
	switch {
	case n.Replace != "" && !known:
		return "", unknownContact(nil)
	case n.Replace == "" && len(n.Account.Contacts) >= MaxContacts:
		return "", refused("contact.too_many")
	}
	instead, err := s.instead(ctx, c, n.Locale)
	if err != nil {
		return "", err
	}
	data, err := json.Marshal(addition{Replace: n.Replace})
	if err != nil {
		return "", err
	}
	return s.Codes.Begin(ctx, codes.Request{
		Purpose: codes.AddContact, AccountID: n.Account.ID, Contact: c, Browser: n.Browser, Network: signin.Network(n.IP),
		Locale: n.Locale, LinkPath: linkPath(c, issuer.PathAccountContactsVerify), Data: string(data), Instead: instead,
	})
}

// instead is what the owner of an address is mailed when somebody else wants to add it, or nil.
func (s *Service) instead(ctx context.Context, c contact.Contact, locale string) (*mail.Message, error) {
	_, err := s.Store.ContactHolder(ctx, c.Kind, s.Keyring.Digests(c.Kind, c.Canonical))
	if errors.Is(err, storage.ErrNotFound) || err == nil && c.Kind == contact.Phone {
		return nil, nil
	}
	return &mail.Message{To: c.Canonical, Template: mail.TemplateAccountExists, Locale: locale, Data: mail.AccountExists{
		Product: s.Product, Host: s.Issuer.Host(), Link: s.Issuer.URL(issuer.PathLogin),
	}}, err
}

// ResendContact sends another code. Beyond the limits nothing happens, and the page looks the same.
func (s *Service) ResendContact(ctx context.Context, c *codes.Challenge, locale string) (err error) {
	if c.Instead, err = s.instead(ctx, c.Contact, locale); err != nil {
		return err
	}
	return s.Codes.Resend(ctx, c, linkPath(c.Contact, issuer.PathAccountContactsVerify), "")
}

// contact finds one of the account's by its id.
func (a *Account) contact(id string) (Contact, bool) {
	for _, c := range a.Contacts {
		if c.ID == id && id != "" {
			return c, true
		}
	}
	return Contact{}, false
}

func unknownContact(err error) error { return kind.New(kind.NotFound, "contact.unknown").WithErr(err) }

// AddContact gives an account the contact of a proven challenge, once. A number that another account has is
// "contact.number_taken", unless the owner said to take it.
func (s *Service) AddContact(ctx context.Context, c *codes.Challenge, take bool) error {
	var what addition
	if err := json.Unmarshal([]byte(c.Data), &what); err != nil {
		return err
	}
	err := s.Store.InTx(ctx, func(ctx context.Context) error {
		if err := s.Codes.Use(ctx, c); err != nil {
			return err
		}
		a, err := s.lock(ctx, c.AccountID)
		if err != nil {
			return err
		}
		mine, took, err := s.vacate(ctx, c.Contact, a.ID, take)
		if err != nil || mine { // twice is once
			return err
		}
		old, replaces := a.contact(what.Replace)
		if !replaces && len(a.Contacts) >= MaxContacts {
			return kind.New(kind.Invalid, "contact.too_many").WithField("contact")
		}
		if err := s.addTo(ctx, a, c.Contact, old, took); err != nil || !replaces {
			return err
		}
		return s.drop(ctx, a, old)
	})
	if err == nil {
		s.Mail.Wake()
	}
	return err
}

// lock loads an account for a change of its contacts. Other changes wait: two that each leave the other's contact would
// together leave none.
func (s *Service) lock(ctx context.Context, accountID string) (*Account, error) {
	if err := s.Store.LockAccount(ctx, accountID, storage.At(s.Now())); err != nil {
		return nil, unknownIfGone(err)
	}
	a, err := s.Load(ctx, accountID)
	if err == nil && a.Status != storage.StatusActive {
		err = kind.New(kind.Forbidden, "account.disabled")
	}
	return a, err
}

// addTo writes a verified contact and tells the owner at all addresses, the new one among them. What replaces a preferred
// contact is preferred, and so is the first of its kind. A note of the same contact has served its time.
func (s *Service) addTo(ctx context.Context, a *Account, c contact.Contact, old Contact, took bool) error {
	preferred := !a.verified(c.Kind) || old.Kind == c.Kind && old.Preferred
	for _, note := range a.Contacts {
		if !note.Verified && contact.Stored(note.Kind, note.Value).Canonical == c.Canonical {
			if err := s.Store.RemoveContact(ctx, a.ID, note.ID); err != nil {
				return err
			}
		}
	}
	if err := s.addContact(ctx, a.ID, draft{c, true}, preferred, storage.At(s.Now())); err != nil {
		return err
	}
	if err := s.void(ctx, draft{c, true}); err != nil {
		return err
	}
	if preferred {
		if err := s.preferByDigest(ctx, a.ID, c); err != nil {
			return err
		}
	}
	details := map[string]any{"contact": contact.Mask(c)}
	if took {
		details["taken"] = true
	}
	err := s.Audit.Append(ctx, audit.Event{
		Name: "contact.added", ActorKind: audit.Account, ActorID: a.ID, AccountID: a.ID, Details: details,
	})
	if err != nil {
		return err
	}
	var others []string
	if c.Kind == contact.Email {
		others = append(others, c.Value)
	}
	return s.Notify(ctx, a, News{Event: mail.ContactAdded, What: contact.Mask(c), Device: device(ctx)}, others...)
}

// preferByDigest prefers a contact that was just written.
func (s *Service) preferByDigest(ctx context.Context, accountID string, c contact.Contact) error {
	row, err := s.Store.ContactHolder(ctx, c.Kind, s.Keyring.Digests(c.Kind, c.Canonical))
	if err != nil {
		return err
	}
	return s.Store.PreferContact(ctx, accountID, c.Kind, row.ID)
}

// drop takes a contact from an account and tells the owner, where it was too. Codes on their way there let nobody in.
func (s *Service) drop(ctx context.Context, a *Account, c Contact) error {
	if err := s.Store.RemoveContact(ctx, a.ID, c.ID); err != nil {
		return unknownIfGone(err)
	}
	if err := s.Store.VoidChallenges(ctx, a.ID, c.Kind, storage.At(s.Now())); err != nil {
		return err
	}
	masked := contact.Mask(contact.Contact{Kind: c.Kind, Value: c.Value})
	err := s.Audit.Append(ctx, audit.Event{
		Name: "contact.removed", ActorKind: audit.Account, ActorID: a.ID, AccountID: a.ID, Details: map[string]any{"contact": masked},
	})
	if err != nil || !c.Verified {
		return err
	}
	return s.Notify(ctx, a, News{Event: mail.ContactRemoved, What: masked, Device: device(ctx)})
}

func unknownIfGone(err error) error {
	if errors.Is(err, storage.ErrNotFound) {
		return unknownContact(err)
	}
	return err
}

// RemoveContact takes a contact from its account, unless it is the last by which the owner can be reached: who forgets the
// password then would be out for good.
func (s *Service) RemoveContact(ctx context.Context, accountID, contactID string) error {
	err := s.Store.InTx(ctx, func(ctx context.Context) error {
		a, err := s.lock(ctx, accountID)
		if err != nil {
			return err
		}
		c, known := a.contact(contactID)
		switch {
		case !known:
			return unknownContact(nil)
		case c.Verified && !s.Removable(a, c):
			return kind.New(kind.Invalid, "contact.last")
		}
		if err := s.drop(ctx, a, c); err != nil {
			return err
		}
		for _, next := range a.Contacts { // the oldest of its kind takes its place
			if c.Preferred && next.Kind == c.Kind && next.Verified && next.ID != c.ID {
				return s.Store.PreferContact(ctx, a.ID, c.Kind, next.ID)
			}
		}
		return nil
	})
	if err == nil {
		s.Mail.Wake()
	}
	return err
}

// Removable tells whether the owner can still be reached without a contact.
func (s *Service) Removable(a *Account, c Contact) bool {
	for _, other := range a.Contacts {
		if other.ID != c.ID && other.Verified && s.Codes.Reachable(other.Kind) {
			return true
		}
	}
	return !c.Verified
}

// PreferContact makes a verified contact the one of its kind that applications are told.
func (s *Service) PreferContact(ctx context.Context, accountID, contactID string) error {
	return s.Store.InTx(ctx, func(ctx context.Context) error {
		a, err := s.lock(ctx, accountID)
		if err != nil {
			return err
		}
		c, known := a.contact(contactID)
		if !known {
			return unknownContact(nil)
		}
		if err := s.Store.PreferContact(ctx, a.ID, c.Kind, c.ID); err != nil {
			return unknownIfGone(err)
		}
		return s.Audit.Append(ctx, audit.Event{
			Name: "contact.preferred", ActorKind: audit.Account, ActorID: a.ID, AccountID: a.ID,
			Details: map[string]any{"contact": contact.Mask(contact.Contact{Kind: c.Kind, Value: c.Value})},
		})
	})
}
