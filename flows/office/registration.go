package office

import (
	"context"
	"time"

	"pratu/storage"
)

// RegistrationTokens are those that somebody registers applications with, the newest first. Nobody sees a token again.
func (s *Service) RegistrationTokens(ctx context.Context, a Actor) ([]storage.RegistrationToken, error) {
	ctx, err := a.registrar(ctx, ReadClients)
	if err != nil {
		return nil, err
	}
	return s.Store.RegistrationTokens(ctx)
}

// CreateRegistrationToken makes a token, which is returned this once: who may register applications may have others do so,
// which get less.
func (s *Service) CreateRegistrationToken(ctx context.Context, a Actor, note string, uses int64, life time.Duration) (storage.RegistrationToken, string, error) {
	ctx, err := a.registrar(ctx, WriteClients)
	if err != nil {
		return storage.RegistrationToken{}, "", err
	}
	return s.Registrar.NewInitialToken(ctx, note, uses, life)
}

// DeleteRegistrationToken ends one; applications that it registered stay.
func (s *Service) DeleteRegistrationToken(ctx context.Context, a Actor, id string) error {
	ctx, err := a.registrar(ctx, WriteClients)
	if err != nil {
		return err
	}
	return s.Registrar.RemoveInitialToken(ctx, id)
}

// registrar lets in who may do something with all applications: a token is of none.
func (a Actor) registrar(ctx context.Context, action Action) (context.Context, error) {
	ctx, err := a.enter(ctx, action)
	if err == nil && !a.Everywhere(action) {
		err = Refused(action)
	}
	return ctx, err
}
