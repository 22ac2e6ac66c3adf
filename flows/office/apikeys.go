package office

import (
	"context"
	"time"

	"pratu/storage"
)

// FindAPIKeys are an application's keys of the Identity API, the newest first, those that are over for a while among them.
func (s *Service) FindAPIKeys(ctx context.Context, a Actor, clientID string) ([]storage.APIKey, error) {
	ctx, _, err := s.theirs(ctx, a, ReadClients, clientID)
	if err != nil {
		return nil, err
	}
	return s.APIKeys.List(ctx, clientID)
}

// CreateAPIKey gives an application a key, which is returned this once. A life of 0 is one without end.
func (s *Service) CreateAPIKey(ctx context.Context, a Actor, clientID, note string, life time.Duration) (storage.APIKey, string, error) {
	ctx, err := s.keyed(ctx, a, clientID)
	if err != nil {
		return storage.APIKey{}, "", err
	}
	return s.APIKeys.Create(ctx, clientID, note, life)
}

// RevokeAPIKey ends a key of an application at once. Another's is as unknown as one that isn't there.
func (s *Service) RevokeAPIKey(ctx context.Context, a Actor, clientID, id string) error {
	ctx, _, err := s.theirs(ctx, a, RotateSecrets, clientID)
	if err != nil {
		return err
	}
	return s.APIKeys.Revoke(ctx, clientID, id)
}
