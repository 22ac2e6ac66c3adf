package accounts

import (
	"context"
	"errors"

	"pratu/flows/audit"
	"pratu/flows/codes"
	"pratu/flows/contact"
	"pratu/flows/issuer"
	"pratu/flows/kind"
	"pratu/flows/mail"
	"pratu/flows/passwords"
	"pratu/flows/secret"
	"pratu/flows/signin"
	"pratu/storage"
)

// Recovery is what somebody says who has forgotten the password.
type Recovery struct {
	Identifier           string
	Browser              string // cookie
	Interaction          string // handle to go on with, or ""
	ClientID, ClientName string
	Locale, IP           string
}

// BeginRecovery sends a code, and by mail a link, to who has the address or number. Whether anybody has it shows nowhere.
func (s *Service) BeginRecovery(ctx context.Context, r Recovery) (handle string, err error) {
	c, err := s.reachable(r.Identifier, "username")
	if err != nil {
		return "", err
	}
	a, _, err := s.Store.AccountByContact(ctx, c.Kind, s.Keyring.Digests(c.Kind, c.Canonical))
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return "", err
	}
	c.Value = c.Canonical         // whoever asks doesn't choose the spelling that is written to, nor sees the one we have
	if !signin.Enters(a.Status) { // told to nobody who hasn't proven anything
		a.ID = ""
	}
	request := codes.Request{
		Purpose: codes.Recovery, AccountID: a.ID, Contact: c, Browser: r.Browser, Network: signin.Network(r.IP), Locale: r.Locale,
		ClientID: r.ClientID, ClientName: r.ClientName, Interaction: r.Interaction,
	}
	request.LinkPath = linkPath(c, issuer.PathRecoverLink)
	return s.Codes.Begin(ctx, request)
}

// linkPath is the page of a mailed link. A text to a phone has none: it would teach people to open links in texts.
func linkPath(c contact.Contact, path string) string {
	if c.Kind == contact.Phone {
		return ""
	}
	return path
}

// reachable reads an address or number that a code can be sent to. Errors are about the input of that name.
func (s *Service) reachable(text, field string) (contact.Contact, error) {
	c, err := contact.Parse(text)
	if err != nil {
		return c, kind.New(kind.Invalid, "contact.invalid").WithField(field).WithErr(err)
	}
	if !s.Codes.Reachable(c.Kind) {
		return c, kind.New(kind.Invalid, "code.no_sms").WithField(field)
	}
	return c, nil
}

// ResendRecovery sends another code. Beyond the limits nothing happens, and the page looks the same.
func (s *Service) ResendRecovery(ctx context.Context, c *codes.Challenge, clientName string) error {
	return s.Codes.Resend(ctx, c, linkPath(c.Contact, issuer.PathRecoverLink), clientName)
}

// Recover sets a new password for who has proven a code or opened its link, once. Everything that the old one opened is
// closed: all sessions end, and browsers are trusted no more. A second factor stays what it was (HP-16): the proof is one of the password alone.
func (s *Service) Recover(ctx context.Context, c *codes.Challenge, password, browser string) (signin.Proof, error) {
	a, err := s.Load(ctx, c.AccountID)
	if err != nil {
		return signin.Proof{}, err
	}
	if err := passwords.Check(password, passwords.MinAlone, c.Contact.Value, a.Email(), a.DisplayName()); err != nil {
		return signin.Proof{}, err
	}
	hash, err := s.Hasher.Hash(ctx, password)
	if err != nil {
		return signin.Proof{}, err
	}
	now := storage.At(s.Now())
	err = s.Store.InTx(ctx, func(ctx context.Context) error {
		if err := s.Codes.Use(ctx, c); err != nil {
			return err
		}
		if err := s.stillTheirs(ctx, c); err != nil {
			return err
		}
		err := s.Store.ReplacePassword(ctx, storage.Credential{ID: secret.UUID(), AccountID: a.ID, Secret: hash, CreatedAt: now})
		if err != nil {
			return err
		}
		if err := s.Store.EndSessionsOfAccount(ctx, a.ID, "", now); err != nil {
			return err
		}
		if err := s.Store.ForgetBrowsers(ctx, a.ID, secret.Hash(browser)); err != nil {
			return err
		}
		if err := s.Store.VoidChallenges(ctx, a.ID, "", now); err != nil { // the links of other recoveries live for a day
			return err
		}
		if err := s.Limiter.Reset(ctx, signin.Budgets(a.ID, browser)...); err != nil {
			return err
		}
		err = s.Audit.Append(ctx, audit.Event{
			Name: "password.recovered", ActorKind: audit.Account, ActorID: a.ID, AccountID: a.ID, ClientID: c.ClientID,
			Details: map[string]any{"contact": c.Address()},
		})
		if err != nil {
			return err
		}
		return s.Notify(ctx, a, News{
			Event: mail.PasswordChanged, Device: device(ctx), Link: s.Issuer.URL(issuer.PathRecover),
		})
	})
	if err != nil {
		return signin.Proof{}, err
	}
	s.Mail.Wake()
	return signin.PasswordProof(a.ID, s.Now()).Since(now), nil
}

// device is what the browser of this request calls itself.
func device(ctx context.Context) string { return signin.Device(audit.RequestOf(ctx).UserAgent) }

// stillTheirs refuses a code whose contact left the account since it was sent: whoever has the number now must not come in.
func (s *Service) stillTheirs(ctx context.Context, c *codes.Challenge) error {
	a, _, err := s.Store.AccountByContact(ctx, c.Contact.Kind, s.Keyring.Digests(c.Contact.Kind, c.Contact.Canonical))
	switch {
	case err != nil && !errors.Is(err, storage.ErrNotFound):
		return err
	case a.ID != c.AccountID:
		return kind.New(kind.NotFound, "code.expired")
	case !signin.Enters(a.Status):
		return kind.New(kind.Forbidden, "account.disabled")
	}
	return nil
}
