package accounts

import (
	"context"
	"slices"
	"strings"

	"pratu/flows/audit"
	"pratu/flows/contact"
	"pratu/flows/issuer"
	"pratu/flows/mail"
	"pratu/flows/sms"
)

// News is what an owner is told about an account.
type News struct {
	Event  string // one of mail.Events
	What   string // masked contact, name of a passkey or application …, or ""
	Device string // browser and system of who did it, or ""
	Link   string // complete URL for who didn't do it; "" takes the page of what happened
}

// Notify mails the news to the verified addresses of an account, and to others besides, in the caller's transaction. An
// address that was just removed is one of the others: whoever lost it is told. Call Mail.Wake after the commit.
func (s *Service) Notify(ctx context.Context, a *Account, n News, others ...string) error {
	to := others
	for _, c := range a.Contacts {
		if c.Kind == contact.Email && c.Verified {
			to = append(to, c.Value)
		}
	}
	data := s.notice(ctx, n)
	sent := map[string]bool{}
	for _, address := range to {
		if key := strings.ToLower(address); !sent[key] {
			sent[key] = true
			if err := s.Mail.Queue(ctx, mail.Message{To: address, Template: mail.TemplateNotice, Locale: a.Locale, Data: data}); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Service) notice(ctx context.Context, n News) mail.Notice {
	if n.Link == "" {
		n.Link = s.Issuer.URL(issuer.PathAccountActivity)
	}
	return mail.Notice{
		Product: s.Product, Host: s.Issuer.Host(), Event: n.Event, At: s.Now(), Device: n.Device, IP: audit.RequestOf(ctx).IP,
		What: n.What, Link: n.Link,
	}
}

// Try writes an account a message by way of trial in the caller's transaction, to a contact of its own of a kind, and returns
// the outbox's id of it; "" without such a contact. One that isn't verified may be a stranger's.
func (s *Service) Try(ctx context.Context, a *Account, contactKind string) (id string, err error) {
	to := a.Best(contactKind).Value
	if !slices.ContainsFunc(a.Contacts, func(c Contact) bool { return c.Kind == contactKind && c.Value == to && c.Verified }) {
		return "", nil
	}
	if contactKind == contact.Phone {
		return s.Codes.SMS.Put(ctx, sms.Message{To: to, Locale: a.Locale, Purpose: sms.Test, Product: s.Product, Host: s.Issuer.Host()})
	}
	return s.Mail.Put(ctx, mail.Message{To: to, Template: mail.TemplateNotice, Locale: a.Locale, Data: s.notice(ctx, News{Event: mail.Test})})
}

// Telling is Notify for whoever has a transaction and no account at hand.
func (s *Service) Telling(accountID string, n News) func(context.Context) error {
	return func(ctx context.Context) error {
		a, err := s.Load(ctx, accountID)
		if err != nil {
			return err
		}
		return s.Notify(ctx, a, n)
	}
}
