package office

import (
	"context"

	"pratu/storage"
)

// Bindings are what accounts are called at partners'; flows/directory keeps them.
type Bindings interface {
	Bind(ctx context.Context, ssoid int64, partner, externalID string) (storage.Binding, error)
	BindingsOf(ctx context.Context, ssoid int64, ended bool) ([]storage.Binding, error)
	EndBinding(ctx context.Context, owner, id string) (storage.Binding, error)
}

// FindBindings are what an account is called at partners', those that ended too if wanted. Who sees the account's contacts sees
// them.
func (s *Service) FindBindings(ctx context.Context, a Actor, ssoid int64, ended bool) ([]storage.Binding, error) {
	ctx, err := a.enter(ctx, ReadAccounts)
	if err != nil {
		return nil, err
	}
	return s.Bindings.BindingsOf(ctx, ssoid, ended)
}

// Bind says what an account is called at a partner's. Saying it twice is saying it once.
func (s *Service) Bind(ctx context.Context, a Actor, ssoid int64, partner, externalID string) (storage.Binding, error) {
	ctx, err := a.enter(ctx, WriteBindings)
	if err != nil {
		return storage.Binding{}, err
	}
	return s.Bindings.Bind(ctx, ssoid, partner, externalID)
}

// EndBinding ends a binding of whichever account.
func (s *Service) EndBinding(ctx context.Context, a Actor, id string) (storage.Binding, error) {
	ctx, err := a.enter(ctx, WriteBindings)
	if err != nil {
		return storage.Binding{}, err
	}
	return s.Bindings.EndBinding(ctx, "", id)
}
