package codes

import (
	"context"

	"pratu/flows/contact"
	"pratu/flows/kind"
	"pratu/flows/limits"
	"pratu/flows/mail"
	"pratu/flows/sms"
	"pratu/storage"
)

// budgets are how often a contact may be written to, whatever for.
func budgets(c contact.Contact) []limits.Charge {
	if c.Kind == contact.Phone {
		return []limits.Charge{limits.SMSMinute.Of(c.Canonical), limits.SMSDay.Of(c.Canonical)}
	}
	return []limits.Charge{limits.MailMinute.Of(c.Canonical), limits.MailDay.Of(c.Canonical)}
}

// Reachable tells whether codes can be sent to a kind of contact here.
func (s *Service) Reachable(contactKind string) bool {
	return contactKind == contact.Email || s.SMS != nil && s.SMS.Sender != nil
}

// send writes the message in the caller's transaction. Beyond the budgets of the contact nothing is sent and nothing is
// said. Where nobody has the contact the message goes nowhere, and costs the same.
func (s *Service) send(ctx context.Context, row storage.Challenge, to contact.Contact, code, token, linkPath, client string, instead *mail.Message) error {
	if !s.Reachable(to.Kind) {
		return kind.New(kind.Invalid, "code.no_sms")
	}
	allowed, err := within(s.Limiter.Take(ctx, budgets(to)...))
	if err != nil || !allowed {
		return err
	}
	if instead != nil {
		return s.Mail.Queue(ctx, *instead)
	}
	nobody := row.AccountID == "" && row.Purpose != AddContact
	if to.Kind == contact.Phone {
		return s.SMS.Queue(ctx, sms.Message{
			To: to.Value, Nobody: nobody, Locale: row.Locale, Purpose: row.Purpose, Product: s.Product, Host: s.Issuer.Host(), Code: code,
		})
	}
	data := mail.Code{
		Product: s.Product, Host: s.Issuer.Host(), Purpose: row.Purpose, Code: code, Client: client,
		Minutes: int(row.ExpiresAt.Time().Sub(row.CreatedAt.Time()).Minutes()),
	}
	if linkPath != "" {
		data.Token, data.Link = token, s.Issuer.URL(linkPath)+"?token="+token
	}
	return s.Mail.Queue(ctx, mail.Message{To: to.Value, Nobody: nobody, Template: mail.TemplateCode, Locale: row.Locale, Data: data})
}
