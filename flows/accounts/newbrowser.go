package accounts

import (
	"context"
	"errors"
	"time"

	"pratu/flows/audit"
	"pratu/flows/contact"
	"pratu/flows/issuer"
	"pratu/flows/kind"
	"pratu/flows/mail"
	"pratu/flows/secret"
	"pratu/flows/signin"
	"pratu/storage"
)

// EndSessionLife is how long the link of a new sign-in works.
const EndSessionLife = 7 * 24 * time.Hour

var _ signin.News = (*Service)(nil)

// NewBrowser implements signin.News: the owner is told of a session in a browser that is new, with a link that ends it.
func (s *Service) NewBrowser(ctx context.Context, session storage.Session) error {
	a, err := s.Load(ctx, session.AccountID)
	if err != nil || !a.verified(contact.Email) { // a link that nobody gets
		return err
	}
	link, err := s.link(ctx, storage.OneTimeLink{
		Purpose: storage.LinkEndSession, AccountID: a.ID, Subject: session.ID,
	}, issuer.PathEndSession, EndSessionLife)
	if err != nil {
		return err
	}
	return s.Notify(ctx, a, News{Event: mail.NewSignIn, Device: signin.Device(session.UserAgent), Link: link})
}

// Wake implements signin.News.
func (s *Service) Wake() { s.Mail.Wake() }

// verified tells whether the account has a verified contact of a kind.
func (a *Account) verified(contactKind string) bool {
	for _, c := range a.Contacts {
		if c.Kind == contactKind && c.Verified {
			return true
		}
	}
	return false
}

// SessionToEnd is the session that a mailed link ends. Looking consumes nothing: mail scanners look too.
func (s *Service) SessionToEnd(ctx context.Context, token string) (storage.Session, error) {
	l, err := s.Store.Link(ctx, secret.Hash(token), storage.LinkEndSession, storage.At(s.Now()))
	if err != nil {
		return storage.Session{}, endExpired(err)
	}
	session, err := s.Store.SessionByID(ctx, l.Subject)
	return session, endExpired(err)
}

func endExpired(err error) error {
	if errors.Is(err, storage.ErrNotFound) {
		return kind.New(kind.NotFound, "end_session.expired").WithErr(err)
	}
	return err
}

// EndByLink ends the session of a link, once, for an owner who needn't sign in. The browser is new to the account again.
func (s *Service) EndByLink(ctx context.Context, token string) error {
	session, err := s.SessionToEnd(ctx, token)
	if err != nil {
		return err
	}
	return s.Store.InTx(ctx, func(ctx context.Context) error {
		now := storage.At(s.Now())
		if err := s.Store.UseLink(ctx, secret.Hash(token), storage.LinkEndSession, now); err != nil {
			return endExpired(err)
		}
		if err := s.Store.DisownSession(ctx, session, now); err != nil {
			return err
		}
		return s.Audit.Append(ctx, audit.Event{
			Name: "session.disowned", ActorKind: audit.Account, ActorID: session.AccountID, AccountID: session.AccountID,
			SessionID: session.ID, Details: map[string]any{"device": signin.Device(session.UserAgent)},
		})
	})
}
