package accounts

import (
	"context"
	"errors"

	"pratu/flows/audit"
	"pratu/flows/issuer"
	"pratu/flows/mail"
	"pratu/flows/passwords"
	"pratu/flows/secret"
	"pratu/storage"
)

// PasswordChange is a new password of somebody who just proved to be the account's owner.
type PasswordChange struct {
	Password  string
	SessionID string // which goes on
	Browser   string // its cookie
	EndOthers bool   // all other sessions end, and browsers that know the account are strangers again
	Device    string // for the message
}

// HasPassword tells whether an account has one.
func (s *Service) HasPassword(ctx context.Context, accountID string) (bool, error) {
	_, err := s.Store.Password(ctx, accountID)
	if errors.Is(err, storage.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// ChangePassword sets an account's password, or its first, and tells the owner.
func (s *Service) ChangePassword(ctx context.Context, a *Account, c PasswordChange) error {
	context := []string{a.DisplayName()}
	for _, x := range a.Contacts {
		context = append(context, x.Value)
	}
	if err := passwords.Check(c.Password, passwords.MinAlone, context...); err != nil {
		return err
	}
	hash, err := s.Hasher.Hash(ctx, c.Password)
	if err != nil {
		return err
	}
	if err := s.Store.InTx(ctx, s.passwordChange(a, c, hash)); err != nil {
		return err
	}
	s.Mail.Wake()
	return nil
}

func (s *Service) passwordChange(a *Account, c PasswordChange, hash string) func(ctx context.Context) error {
	return func(ctx context.Context) error {
		now := storage.At(s.Now())
		err := s.Store.SetPassword(ctx, storage.Credential{ID: secret.UUID(), AccountID: a.ID, Secret: hash, CreatedAt: now})
		if err != nil {
			return err
		}
		if err := s.Store.VoidChallenges(ctx, a.ID, "", now); err != nil {
			return err
		}
		if err := s.Store.EndTitleSessions(ctx, a.ID, "", now); err != nil { // games ask for the new one
			return err
		}
		if c.EndOthers {
			if err := s.Store.EndSessionsOfAccount(ctx, a.ID, c.SessionID, now); err != nil {
				return err
			}
			if err := s.Store.ForgetBrowsers(ctx, a.ID, secret.Hash(c.Browser)); err != nil {
				return err
			}
		}
		err = s.Audit.Append(ctx, audit.Event{
			Name: "password.changed", ActorKind: audit.Account, ActorID: a.ID, AccountID: a.ID, SessionID: c.SessionID,
			Details: map[string]any{"others_ended": c.EndOthers},
		})
		if err != nil {
			return err
		}
		return s.Notify(ctx, a, News{Event: mail.PasswordChanged, Device: c.Device, Link: s.Issuer.URL(issuer.PathRecover)})
	}
}
