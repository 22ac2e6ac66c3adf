package codes

import (
	"context"

	"pratu/flows/contact"
	"pratu/flows/kind"
	"pratu/flows/limits"
	"pratu/flows/mail"
	"pratu/flows/secret"
	"pratu/flows/sms"
	"pratu/storage"
)

// letter is what a message says.
type letter struct {
	code, token string
	linkPath    string
	client      string
	instead     *mail.Message
	spareCode   string
}

// spare makes the token one that can be typed, in whatever browser, until the next message can be sent.
func (l *letter) spare(row *storage.Challenge) {
	l.spareCode = secret.Spare()
	row.TokenHash, row.ExpiresAt = secret.Hash(l.spareCode), row.CreatedAt.Add(RecoveryLife)
}

// leave is what a contact's budgets allow.
type leave int

const (
	none leave = iota
	allowed
	lastOne // the last text of the day, of a recovery: a stranger may have used up the others
)

// mayWrite counts a message to a contact and tells whether it is within the budgets. A browser in which the account signed
// in before has its own, and recoveries have theirs: else a stranger who asks for codes, which only the stranger's browser
// could use, keeps the owner from getting any.
func (s *Service) mayWrite(ctx context.Context, row storage.Challenge, to contact.Contact) (leave, error) {
	known, err := s.Store.KnowsBrowser(ctx, row.AccountID, row.BrowserHash, storage.At(s.Now()))
	if err != nil {
		return none, err
	}
	subject := to.Canonical
	if row.Purpose == Recovery {
		subject += " " + Recovery
	}
	if known && row.Purpose != AddContact { // whose contact that is isn't known
		subject += " " + row.BrowserHash
	}
	if in, err := within(s.Limiter.Take(ctx, Budgets(to.Kind, subject)...)); err != nil || !in {
		return none, err
	}
	if row.Purpose != Recovery || to.Kind != contact.Phone {
		return allowed, nil
	}
	if more, err := within(s.Limiter.Check(ctx, limits.SMSDay.Of(subject))); err != nil || more {
		return allowed, err
	}
	return lastOne, nil
}

// Budgets are how often somebody may be written to.
func Budgets(contactKind, subject string) []limits.Charge {
	if contactKind == contact.Phone {
		return []limits.Charge{limits.SMSMinute.Of(subject), limits.SMSDay.Of(subject)}
	}
	return []limits.Charge{limits.MailMinute.Of(subject), limits.MailDay.Of(subject)}
}

// Reachable tells whether codes can be sent to a kind of contact here.
func (s *Service) Reachable(contactKind string) bool {
	return contactKind == contact.Email || s.SMS != nil && s.SMS.Sender != nil
}

// send writes the message in the caller's transaction. Where nobody has the contact it goes nowhere, and costs the same.
func (s *Service) send(ctx context.Context, row storage.Challenge, to contact.Contact, l letter) error {
	if !s.Reachable(to.Kind) {
		return kind.New(kind.Invalid, "code.no_sms")
	}
	if l.instead != nil {
		return s.Mail.Queue(ctx, *l.instead)
	}
	nobody := row.AccountID == "" && row.Purpose != AddContact
	if to.Kind == contact.Phone {
		return s.SMS.Queue(ctx, sms.Message{
			To: to.Value, Nobody: nobody, Locale: row.Locale, Purpose: row.Purpose, Product: s.Product, Host: s.Issuer.Host(), Code: l.code,
			Spare: l.spareCode,
		})
	}
	data := mail.Code{
		Product: s.Product, Host: s.Issuer.Host(), Purpose: row.Purpose, Code: l.code, Client: l.client,
		Minutes: int(row.ExpiresAt.Time().Sub(row.CreatedAt.Time()).Minutes()),
	}
	if l.linkPath != "" {
		data.Token, data.Link = l.token, s.Issuer.URL(l.linkPath)+"?token="+l.token
	}
	return s.Mail.Queue(ctx, mail.Message{To: to.Value, Nobody: nobody, Template: mail.TemplateCode, Locale: row.Locale, Data: data})
}
