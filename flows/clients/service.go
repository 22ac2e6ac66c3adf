package clients

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"pratu/flows/secret"
	"pratu/storage"
)

// Store is what this package needs of storage.
type Store interface {
	InTx(ctx context.Context, fn func(ctx context.Context) error) error
	AfterCommit(ctx context.Context, fn func(ctx context.Context))
	CreateClient(ctx context.Context, c storage.Client) error
	Client(ctx context.Context, id string) (storage.Client, error)
	ClientIDUsed(ctx context.Context, id string) (bool, error)
	Clients(ctx context.Context, after string, limit int) ([]storage.Client, error)
	FindClients(ctx context.Context, f storage.ClientFilter) ([]storage.Client, error)
	UpdateClient(ctx context.Context, c storage.Client, ifUpdatedAt storage.Instant) error
	DeleteClient(ctx context.Context, id string, now storage.Instant) error
	AddClientSecret(ctx context.Context, s storage.ClientSecret) error
	ExpireClientSecrets(ctx context.Context, clientID, exceptID string, at storage.Instant) error
	PutClientLogo(ctx context.Context, l storage.ClientLogo) error
	DeleteClientLogo(ctx context.Context, clientID string) error
	NoteRefusedRedirect(ctx context.Context, r storage.RefusedRedirect, rested storage.Instant) (first bool, err error)
	RefusedRedirects(ctx context.Context, clientID string) ([]storage.RefusedRedirect, error)
	ForgetRefusedRedirect(ctx context.Context, clientID, uri string) error
	ClientLogo(ctx context.Context, clientID string) (storage.ClientLogo, error)
	AccountBySSOID(ctx context.Context, ssoid int64) (storage.Account, error)
}

// Hasher is the slow hash for secrets that a person chose.
type Hasher interface {
	Hash(ctx context.Context, password string) (string, error)
	Verify(ctx context.Context, phc, password string) (ok, rehash bool, err error)
}

// Recorder writes the audit record in the transaction of the change. itself: the client did it, and no administrator.
type Recorder interface {
	Client(ctx context.Context, event, clientID string, itself bool, details map[string]any) error
}

// Service is the one door to clients. Store, Hasher and Now are required; without Audit nothing is recorded, and without
// Fetch nothing is fetched that a client names.
type Service struct {
	Store  Store
	Hasher Hasher
	Audit  Recorder
	Fetch  Fetcher
	// Documents are clients that nobody registered; nil: there are none.
	Documents *Documents
	// BuiltIn is a client without a row; nil: there is none.
	BuiltIn *Client
	// FrontChannelTokens lets clients be registered for the implicit and hybrid flows.
	FrontChannelTokens bool
	// Keyring seals the keys of partners; without one none can be set.
	Keyring *secret.Keyring
	// Used hears which secret was right; nil: nobody does.
	Used func(secretID string)
	Now  func() time.Time

	flights  singleflight.Group
	mu       sync.Mutex
	cached   map[string]cacheEntry
	verdicts verdicts
}

func (s *Service) builtIn(id string) bool { return s.BuiltIn != nil && s.BuiltIn.ID == id }

// parse turns a row into a Client.
func parse(row storage.Client) (*Client, error) {
	c := &Client{
		ID: row.ID, Kind: row.Kind, Name: row.Name, Secrets: row.Secrets,
		DisabledAt: row.DisabledAt, CreatedAt: row.CreatedAt, UpdatedAt: row.UpdatedAt,
		Origin: row.Origin, HasLogo: row.HasLogo, LogoDigest: row.LogoDigest, registrationHash: row.RegistrationHash,
	}
	if err := json.Unmarshal([]byte(row.Metadata), &c.Metadata); err != nil {
		return nil, fmt.Errorf("client %s: metadata: %w", row.ID, err)
	}
	if err := json.Unmarshal([]byte(row.Settings), &c.Settings); err != nil {
		return nil, fmt.Errorf("client %s: settings: %w", row.ID, err)
	}
	return c, nil
}

// row is the opposite of parse; secrets have a table of their own.
func (s *Service) row(c *Client) (storage.Client, error) {
	metadata, err := json.Marshal(c.Metadata)
	if err != nil {
		return storage.Client{}, err
	}
	sealed := c.Settings
	if sealed.PartnerMobileKey, err = s.sealPartnerKey(c.ID, c.Settings.PartnerMobileKey); err != nil {
		return storage.Client{}, err
	}
	settings, err := json.Marshal(sealed)
	if err != nil {
		return storage.Client{}, err
	}
	return storage.Client{
		ID: c.ID, Kind: c.Kind, Name: c.Name, Metadata: string(metadata), Settings: string(settings),
		DisabledAt: c.DisabledAt, CreatedAt: c.CreatedAt, UpdatedAt: c.UpdatedAt,
		Origin: c.Origin, RegistrationHash: c.registrationHash,
	}, nil
}
