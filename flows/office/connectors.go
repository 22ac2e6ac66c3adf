package office

import (
	"context"

	"pratu/flows/connectors"
	"pratu/storage"
)

// FindConnectors are all providers that people sign in with elsewhere: they are few.
func (s *Service) FindConnectors(ctx context.Context, a Actor) ([]*connectors.Connector, error) {
	ctx, err := a.enter(ctx, ReadConnectors)
	if err != nil {
		return nil, err
	}
	return s.Connectors.List(ctx)
}

// Connector is one of them.
func (s *Service) Connector(ctx context.Context, a Actor, id string) (*connectors.Connector, error) {
	ctx, err := a.enter(ctx, ReadConnectors)
	if err != nil {
		return nil, err
	}
	return s.Connectors.Find(ctx, id)
}

// ManyPeople is from where on Dependents counts no further.
const ManyPeople = 1000

// Dependents is how many linked logins came by a connector, ManyPeople at most.
func (s *Service) Dependents(ctx context.Context, a Actor, id string) (int, error) {
	ctx, err := a.enter(ctx, ReadConnectors)
	if err != nil {
		return 0, err
	}
	return s.Store.CountIdentities(ctx, id, ManyPeople)
}

// CreateConnector sets one up.
func (s *Service) CreateConnector(ctx context.Context, a Actor, d connectors.Document) (*connectors.Connector, error) {
	ctx, err := a.enter(ctx, WriteConnectors)
	if err != nil {
		return nil, err
	}
	return s.Connectors.Create(ctx, d)
}

// ChangeConnector applies a change to a connector that is still the version that was looked at; 0 for any. The document has
// the secret that is kept.
func (s *Service) ChangeConnector(ctx context.Context, a Actor, id string, version storage.Instant, change func(*connectors.Document) error) (*connectors.Connector, error) {
	ctx, err := a.enter(ctx, WriteConnectors)
	if err != nil {
		return nil, err
	}
	return s.Connectors.UpdateIf(ctx, id, version, change)
}

// DeleteConnector removes one. Who signed in by it is known again if it is set up anew.
func (s *Service) DeleteConnector(ctx context.Context, a Actor, id string, version storage.Instant) error {
	ctx, err := a.enter(ctx, WriteConnectors)
	if err != nil {
		return err
	}
	return s.Connectors.DeleteIf(ctx, id, version)
}
