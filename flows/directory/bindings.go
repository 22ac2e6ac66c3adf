package directory

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"pratu/flows/audit"
	"pratu/flows/kind"
	"pratu/flows/secret"
	"pratu/storage"
)

// maxExternalID bounds a partner's id.
const maxExternalID = 200

var partnerName = regexp.MustCompile(`^[a-z0-9_-]{1,64}$`)

// ValidExternalID tells whether a text can be a partner's id.
func ValidExternalID(id string) bool {
	return id != "" && utf8.ValidString(id) && utf8.RuneCountInString(id) <= maxExternalID && !strings.ContainsFunc(id, unicode.IsControl)
}

// ValidPartner tells whether a text can be a partner's name.
func ValidPartner(name string) bool { return partnerName.MatchString(name) }

// Bind says what an account is called at a partner's, by an administrator's word. Saying it twice is saying it once.
func (s *Service) Bind(ctx context.Context, ssoid int64, partner, externalID string) (storage.Binding, error) {
	switch {
	case !ValidPartner(partner):
		return storage.Binding{}, kind.New(kind.Invalid, "binding.partner").WithField("partner")
	case !ValidExternalID(externalID):
		return storage.Binding{}, kind.New(kind.Invalid, "binding.external_id").WithField("external_id")
	}
	account, err := s.account(ctx, ssoid)
	if err != nil {
		return storage.Binding{}, err
	}
	now := storage.At(s.Now())
	b := storage.Binding{ID: secret.UUID(), AccountID: account.ID, Partner: partner, ExternalID: externalID, CreatedAt: now, UpdatedAt: now}
	there := b
	err = s.Store.InTx(ctx, func(ctx context.Context) error {
		err := s.Store.CreateBinding(ctx, b)
		if errors.Is(err, storage.ErrExists) {
			if there, err = s.Store.BindingByExternalID(ctx, partner, externalID); err == nil && there.AccountID == account.ID {
				return nil
			}
			return kind.New(kind.Exists, "binding.exists").WithErr(err)
		}
		if err != nil {
			return err
		}
		return s.Audit.Append(ctx, bindingEvent("binding.created", audit.CLI, "", b))
	})
	return there, err
}

// account finds one that somebody has.
func (s *Service) account(ctx context.Context, ssoid int64) (storage.Account, error) {
	a, err := s.Store.AccountBySSOID(ctx, ssoid)
	if errors.Is(err, storage.ErrNotFound) || err == nil && (a.Status == storage.StatusDeletionPending || a.Status == storage.StatusMerged) {
		return a, kind.New(kind.NotFound, "account.unknown").WithErr(err)
	}
	return a, err
}

// Bindings is what an account is called at partners', those that ended too if wanted.
func (s *Service) Bindings(ctx context.Context, accountID string, ended bool) ([]storage.Binding, error) {
	return s.Store.BindingsOfAccount(ctx, accountID, ended)
}

// BindingsOf is Bindings by the account's number.
func (s *Service) BindingsOf(ctx context.Context, ssoid int64, ended bool) ([]storage.Binding, error) {
	account, err := s.account(ctx, ssoid)
	if err != nil {
		return nil, err
	}
	return s.Bindings(ctx, account.ID, ended)
}

// EndBinding ends a binding. Its owner can end their own; an administrator, with "", anybody's.
func (s *Service) EndBinding(ctx context.Context, owner, id string) (b storage.Binding, err error) {
	err = s.Store.InTx(ctx, func(ctx context.Context) error {
		var err error
		b, err = s.Store.EndBinding(ctx, owner, id, storage.At(s.Now()))
		if errors.Is(err, storage.ErrNotFound) {
			return kind.New(kind.NotFound, "binding.unknown").WithErr(err)
		}
		if err != nil {
			return err
		}
		actor := audit.CLI
		if owner != "" {
			actor = audit.Account
		}
		return s.Audit.Append(ctx, bindingEvent("binding.ended", actor, owner, b))
	})
	return b, err
}

func bindingEvent(name, actorKind, actorID string, b storage.Binding) audit.Event {
	return audit.Event{Name: name, ActorKind: actorKind, ActorID: actorID, AccountID: b.AccountID, Details: map[string]any{"partner": b.Partner}}
}

// Devices are those that applications named when the account was signed in to on them.
func (s *Service) Devices(ctx context.Context, accountID string) ([]storage.AccountDevice, error) {
	return s.Store.DevicesOfAccount(ctx, accountID)
}

// ForgetDevice takes a device from the list; the application may name it again.
func (s *Service) ForgetDevice(ctx context.Context, accountID, deviceID string) error {
	err := s.Store.ForgetDevice(ctx, accountID, deviceID)
	if errors.Is(err, storage.ErrNotFound) { // somebody did so in another tab
		return nil
	}
	return err
}
