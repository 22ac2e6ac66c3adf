package office

import (
	"cmp"
	"context"
	"errors"
	"strconv"

	"pratu/flows/contact"
	"pratu/flows/kind"
	"pratu/flows/limits"
	"pratu/flows/mail"
	"pratu/flows/sms"
	"pratu/storage"
)

// maxMessages is how many messages a page shows.
const maxMessages = 100

// Messages are those that wait or were given up, the newest first. What they say stays sealed.
func (s *Service) Messages(ctx context.Context, a Actor) ([]storage.Message, error) {
	ctx, err := a.enter(ctx, ReadMail)
	if err != nil {
		return nil, err
	}
	return s.Store.Undelivered(ctx, maxMessages)
}

// RetryMessage has a message that was given up tried once more, or with "" all of them, and tells how many that is.
func (s *Service) RetryMessage(ctx context.Context, a Actor, id string) (n int64, err error) {
	if ctx, err = a.enter(ctx, SendMail); err != nil {
		return 0, err
	}
	err = s.Store.InTx(ctx, func(ctx context.Context) error {
		n, err = s.Store.Retry(ctx, id, storage.At(s.Now()))
		if err == nil && n == 0 {
			err = kind.New(kind.Conflict, "outbox.unknown")
		}
		if err != nil {
			return err
		}
		return s.record(ctx, "outbox.retried", "", map[string]any{"messages": n})
	})
	if err == nil {
		s.Accounts.Mail.Wake()
	}
	return n, err
}

// Message is one that left or didn't, without what it says; kind.NotFound "message.unknown" where it is no mail and no text.
func (s *Service) Message(ctx context.Context, a Actor, id string) (storage.Message, error) {
	ctx, err := a.enter(ctx, ReadMail)
	if err != nil {
		return storage.Message{}, err
	}
	m, err := s.Store.MessageByID(ctx, id)
	if errors.Is(err, storage.ErrNotFound) || err == nil && m.Kind != mail.Kind && m.Kind != sms.Kind {
		return storage.Message{}, kind.New(kind.NotFound, "message.unknown").WithErr(err)
	}
	return m, err
}

// Texts tells whether texts can be sent here.
func (s *Service) Texts() bool { return s.Accounts.Phones() }

// TestMail sends whoever asks a mail to their own address, and to nobody else's. What becomes of it, Message tells by the id.
func (s *Service) TestMail(ctx context.Context, a Actor) (id string, err error) {
	return s.test(ctx, a, a.ID, mail.Kind)
}

// TestText is TestMail for their own phone.
func (s *Service) TestText(ctx context.Context, a Actor) (id string, err error) {
	if a.May(SendMail) && !s.Texts() {
		return "", kind.New(kind.Conflict, "sms.none")
	}
	return s.test(ctx, a, a.ID, sms.Kind)
}

// TestFor is TestMail or TestText for a machine and the host, who have no address: to an administrator who may send themselves
// one, and to nobody else. Who that isn't, and who isn't there, are told alike.
func (s *Service) TestFor(ctx context.Context, a Actor, ssoid int64, messageKind string) (m storage.Message, err error) {
	within, err := a.enter(ctx, SendMail)
	switch {
	case err != nil:
		return m, err
	case messageKind != mail.Kind && messageKind != sms.Kind:
		return m, kind.New(kind.Invalid, "test.kind").WithField("kind")
	case messageKind == sms.Kind && !s.Texts():
		return m, kind.New(kind.Conflict, "sms.none")
	}
	nobody := kind.New(kind.Invalid, "test.account").WithField("account")
	row, err := s.Store.AccountBySSOID(within, ssoid)
	if errors.Is(err, storage.ErrNotFound) || err == nil && row.Status != storage.StatusActive {
		err = nobody
	}
	if err != nil {
		return m, err
	}
	if to, err := s.Of(within, row.ID); err != nil || !to.May(SendMail) {
		return m, cmp.Or(err, error(nobody))
	}
	id, err := s.test(ctx, a, row.ID, messageKind)
	if err != nil {
		return m, err
	}
	return s.Store.MessageByID(ctx, id)
}

// test sends an administrator one, so many an hour whoever asks for it.
func (s *Service) test(ctx context.Context, a Actor, to, messageKind string) (id string, err error) {
	ctx, err = a.enter(ctx, SendMail)
	if err != nil {
		return "", err
	}
	contactKind, none := contact.Email, "mail.no_address"
	if messageKind == sms.Kind {
		contactKind, none = contact.Phone, "sms.no_number"
	}
	them, err := s.Accounts.Load(ctx, to)
	if err == nil {
		err = s.Accounts.Limiter.Take(ctx, limits.OfficeTest.Of(to))
	}
	if err != nil {
		return "", err
	}
	err = s.Store.InTx(ctx, func(ctx context.Context) error {
		if id, err = s.Accounts.Try(ctx, them, contactKind); err != nil {
			return err
		}
		if id == "" {
			return kind.New(kind.Invalid, none)
		}
		details := map[string]any{"kind": messageKind}
		if to != a.ID {
			details["to"] = strconv.FormatInt(them.SSOID, 10)
		}
		return s.record(ctx, "outbox.tested", "", details)
	})
	return id, err
}
