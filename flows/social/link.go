package social

import (
	"context"
	"errors"

	"pratu/flows/accounts"
	"pratu/flows/audit"
	"pratu/flows/kind"
	"pratu/flows/mail"
	"pratu/flows/signin"
	"pratu/storage"
)

// Link makes an identity one more way into an account whose owner just proved to be there: kind.Exists "federation.taken",
// kind.Conflict "federation.too_many". Linking twice is linking once.
func (s *Service) Link(ctx context.Context, who Identity, a *accounts.Account, device string) error {
	known, err := s.known(ctx, who)
	if err != nil {
		return err
	}
	known.Linker = a.ID
	switch d := Decide(who, who.Connector, known); d.Step {
	case Keep:
		return nil
	case Link:
	default:
		return d.Err
	}
	err = s.Store.InTx(ctx, func(ctx context.Context) error {
		if err := s.attach(ctx, a.ID, who); err != nil {
			return err
		}
		return s.Accounts.Notify(ctx, a, accounts.News{Event: mail.LoginLinked, What: who.Connector.Name, Device: device})
	})
	if err == nil {
		s.Accounts.Mail.Wake()
	}
	return err
}

// Unlink takes an identity away and tells the owner: kind.Conflict "federation.gone", or "federation.last" when nothing else
// is left to sign in with.
func (s *Service) Unlink(ctx context.Context, a *accounts.Account, id, device string) error {
	err := s.Store.InTx(ctx, func(ctx context.Context) error {
		row, err := s.Store.DeleteIdentity(ctx, a.ID, id)
		if err != nil {
			return err
		}
		err = s.Audit.Append(ctx, audit.Event{
			Name: "identity.unlinked", ActorKind: audit.Account, ActorID: a.ID, AccountID: a.ID,
			Details: map[string]any{"connector": row.ConnectorID},
		})
		if err != nil {
			return err
		}
		return s.Accounts.Notify(ctx, a, accounts.News{Event: mail.LoginUnlinked, What: s.nameOf(ctx, row.ConnectorID), Device: device})
	})
	switch {
	case errors.Is(err, storage.ErrConflict):
		return kind.New(kind.Conflict, "federation.last").WithErr(err)
	case errors.Is(err, storage.ErrNotFound):
		return kind.New(kind.Conflict, "federation.gone").WithErr(err)
	case err == nil:
		s.Accounts.Mail.Wake()
	}
	return err
}

// nameOf is what a connector is called, or its id when it is gone.
func (s *Service) nameOf(ctx context.Context, id string) string {
	list, err := s.Connectors.All(ctx)
	if err == nil {
		for _, c := range list {
			if c.ID == id {
				return c.Name
			}
		}
	}
	return id
}

// Login is an identity of an account as its owner sees it.
type Login struct {
	storage.Identity
	Name  string // of the connector
	Email string // what was said there, or ""
}

// Of lists an account's identities, the oldest first.
func (s *Service) Of(ctx context.Context, accountID string) ([]Login, error) {
	rows, err := s.Store.IdentitiesOf(ctx, accountID)
	if err != nil {
		return nil, err
	}
	list := make([]Login, len(rows))
	for i, row := range rows {
		list[i] = Login{Identity: row, Name: s.nameOf(ctx, row.ConnectorID)}
		if row.Email == "" {
			continue
		}
		email, err := s.Keyring.Open(emailLabel, row.Email, row.ID)
		if err != nil {
			return nil, err
		}
		list[i].Email = string(email)
	}
	return list, nil
}

// Confirm is the proof of an account's owner who signed in elsewhere once more: kind.Unauthorized "federation.other_account"
// for anybody else's identity.
func (s *Service) Confirm(ctx context.Context, who Identity, accountID string) (signin.Proof, error) {
	known, err := s.known(ctx, who)
	if err != nil {
		return signin.Proof{}, err
	}
	d := Decide(who, who.Connector, Known{Login: known.Login})
	if d.Step != SignIn || d.AccountID != accountID {
		return signin.Proof{}, kind.New(kind.Unauthorized, "federation.other_account").WithErr(d.Err)
	}
	return s.proof(accountID).Spending(s.using(*known.Login, who)), nil
}
