package clients

import (
	"context"
	"errors"
	"strings"
	"time"

	"pratu/flows/kind"
	"pratu/flows/secret"
	"pratu/storage"
)

const (
	prefixAPIKey  = "pratu_ak_" // for secret scanners
	maxKeyLife    = 10 * 366 * 24 * time.Hour
	maxKeyNote    = 200
	maxAPIKeyText = 256
	shownOfKey    = 6 // of 43 characters: enough to tell keys apart, and no help in guessing one
)

// APIKeys are the keys by which clients ask the Identity API. All fields are required.
type APIKeys struct {
	Clients *Service
	Store   *storage.Store
}

// Create makes a key of a client, which is returned this once. A life of 0 is one without end.
func (k *APIKeys) Create(ctx context.Context, clientID, note string, life time.Duration) (storage.APIKey, string, error) {
	switch {
	case life < 0 || life > maxKeyLife || life > 0 && life < time.Minute:
		return storage.APIKey{}, "", kind.New(kind.Invalid, "api_key.life").WithField("expires_in")
	case !plainText(note, maxKeyNote):
		return storage.APIKey{}, "", kind.New(kind.Invalid, "api_key.note").WithField("note")
	}
	if _, err := k.Clients.Find(ctx, clientID); err != nil {
		return storage.APIKey{}, "", err
	}
	now, plain := k.Clients.Now(), prefixAPIKey+secret.Token()
	row := storage.APIKey{ID: secret.UUID(), ClientID: clientID, Hash: secret.Hash(plain), Prefix: plain[:len(prefixAPIKey)+shownOfKey], Note: note, CreatedAt: storage.At(now)}
	if life > 0 {
		row.ExpiresAt = storage.At(now.Add(life))
	}
	err := k.Store.InTx(ctx, func(ctx context.Context) error {
		if err := k.Store.CreateAPIKey(ctx, row); err != nil {
			return err
		}
		return k.Clients.record(ctx, "client.api_key.created", clientID, false, map[string]any{"id": row.ID})
	})
	return row, plain, err
}

// List is a client's keys, the newest first.
func (k *APIKeys) List(ctx context.Context, clientID string) ([]storage.APIKey, error) {
	if _, err := k.Clients.Find(ctx, clientID); err != nil {
		return nil, err
	}
	return k.Store.APIKeys(ctx, clientID)
}

// Revoke ends a key at once, of a client or with "" of any.
func (k *APIKeys) Revoke(ctx context.Context, clientID, id string) error {
	return k.Store.InTx(ctx, func(ctx context.Context) error {
		clientID, err := k.Store.RevokeAPIKey(ctx, clientID, id, storage.At(k.Clients.Now()))
		if errors.Is(err, storage.ErrNotFound) {
			return kind.New(kind.NotFound, "api_key.unknown").WithErr(err)
		}
		if err != nil {
			return err
		}
		return k.Clients.record(ctx, "client.api_key.revoked", clientID, false, map[string]any{"id": id})
	})
}

// Verify finds a key that works; any other is kind.NotFound.
func (k *APIKeys) Verify(ctx context.Context, plain string) (storage.APIKey, error) {
	if !strings.HasPrefix(plain, prefixAPIKey) || len(plain) > maxAPIKeyText {
		return storage.APIKey{}, kind.New(kind.NotFound, "api_key.unknown")
	}
	row, err := k.Store.APIKey(ctx, secret.Hash(plain), storage.At(k.Clients.Now()))
	if errors.Is(err, storage.ErrNotFound) {
		return row, kind.New(kind.NotFound, "api_key.unknown").WithErr(err)
	}
	return row, err
}
