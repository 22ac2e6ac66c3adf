package players

import (
	"context"

	"pratu/flows/accounts"
	"pratu/flows/clients"
	"pratu/flows/contact"
	"pratu/flows/kind"
	"pratu/flows/limits"
	"pratu/flows/secret"
	"pratu/flows/signin"
	"pratu/storage"
)

// Login signs somebody in with an address and a password. Unknown, wrong and unverified are one answer.
func (s *Service) Login(ctx context.Context, title *clients.Client, identifier, password string, from Caller) (string, error) {
	p, err := s.Signin.Password(ctx, signin.Attempt{
		Identifier: identifier, Password: password, IP: from.IP, UserAgent: from.UserAgent, ClientID: title.ID, Title: title.ID,
	})
	switch {
	case kind.Is(err, "password.title"): // it opens another game
		return "", kind.New(kind.Unauthorized, "signin.failed").WithErr(err)
	case err != nil:
		return "", err
	case p.SecondFactor() || title.Settings.MinACR == signin.ACRMulti:
		return "", kind.New(kind.Forbidden, "factor.required") // there is no page here to ask for it
	case p.Status() == storage.StatusDeletionPending:
		return "", kind.New(kind.Forbidden, "account.closed")
	}
	return s.begin(ctx, title, p, from)
}

// Mailed is the answer to a registration, and to a wish for another mail: the same whether or not anybody has the address.
type Mailed struct {
	Email  string
	Secret string // names the request and proves nothing
}

// Register begins a registration and mails its token and code.
func (s *Service) Register(ctx context.Context, title *clients.Client, email, password string, from Caller) (*Mailed, error) {
	return s.register(ctx, title, email, password, "", from)
}

func (s *Service) register(ctx context.Context, title *clients.Client, email, password, guest string, from Caller) (*Mailed, error) {
	c, err := contact.ParseEmail(email)
	if err != nil {
		return nil, err
	}
	if err := s.mayAsk(ctx, c, from); err != nil {
		return nil, err
	}
	handle, token, err := s.Accounts.RegisterPlayer(ctx, accounts.TitleRegistration{
		Email: email, Password: password, Title: title.ID, TitleName: title.Name, Locale: from.Locale, IP: from.IP, UserAgent: from.UserAgent,
		Guest: guest,
	})
	if err != nil {
		return nil, err
	}
	if s.Expose {
		handle = token
	}
	return &Mailed{Email: c.Value, Secret: handle}, nil
}

// Resend mails a new token and code for a registration that waits. handle may name it.
func (s *Service) Resend(ctx context.Context, title *clients.Client, email, handle string, from Caller) (*Mailed, error) {
	c, err := contact.ParseEmail(email)
	if err != nil {
		return nil, err
	}
	if err := s.mayAsk(ctx, c, from); err != nil {
		return nil, err
	}
	token, err := s.Accounts.ResendPlayer(ctx, accounts.TitleResend{
		Handle: handle, Email: email, Title: title.ID, TitleName: title.Name, Locale: from.Locale,
	})
	if err != nil {
		return nil, err
	}
	answer := &Mailed{Email: c.Value, Secret: handle}
	switch {
	case s.Expose:
		answer.Secret = token
	case handle == "":
		answer.Secret = secret.Token()
	}
	return answer, nil
}

// mayAsk counts what makes us write to an address, known or not.
func (s *Service) mayAsk(ctx context.Context, c contact.Contact, from Caller) error {
	return s.Limiter.Take(ctx, limits.TitleRegister.Of(signin.Network(from.IP)), limits.TitleEmail.Of(c.Kind+":"+c.Canonical))
}

// Verify makes an account with a player of a registration whose mailed token, or code, is posted.
func (s *Service) Verify(ctx context.Context, title *clients.Client, p accounts.TitleProof) (*accounts.Account, error) {
	p.Title = title.ID
	p.Join = func(ctx context.Context, accountID string) error {
		_, err := s.admit(ctx, title, accountID)
		return err
	}
	id, err := s.Accounts.ProvePlayer(ctx, p)
	if err != nil {
		return nil, err
	}
	return s.Accounts.Load(ctx, id)
}
