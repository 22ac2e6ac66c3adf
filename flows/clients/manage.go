package clients

import (
	"context"
	"encoding/hex"
	"errors"
	"regexp"
	"slices"
	"strconv"
	"time"

	"pratu/flows/kind"
	"pratu/flows/secret"
	"pratu/storage"
)

var digits = regexp.MustCompile(`^[0-9]+$`)

// Find reads one client past the cache, disabled ones too. It is for the console and the CLI.
func (s *Service) Find(ctx context.Context, id string) (*Client, error) {
	if !validID(id) {
		return nil, kind.New(kind.NotFound, "client.unknown")
	}
	row, err := s.Store.Client(ctx, id)
	if errors.Is(err, storage.ErrNotFound) {
		return nil, kind.New(kind.NotFound, "client.unknown").WithErr(err)
	}
	if err != nil {
		return nil, err
	}
	return parse(row)
}

// List returns up to limit clients with ids after the given one.
func (s *Service) List(ctx context.Context, after string, limit int) ([]*Client, error) {
	rows, err := s.Store.Clients(ctx, after, limit)
	return parseAll(rows, err)
}

func parseAll(rows []storage.Client, err error) ([]*Client, error) {
	if err != nil {
		return nil, err
	}
	list := make([]*Client, 0, len(rows))
	for _, row := range rows {
		c, err := parse(row)
		if err != nil {
			return nil, err
		}
		list = append(list, c)
	}
	return list, nil
}

// Search is List with a filter.
func (s *Service) Search(ctx context.Context, f storage.ClientFilter) ([]*Client, error) {
	rows, err := s.Store.FindClients(ctx, f)
	return parseAll(rows, err)
}

// Create registers a client. Without an id one is made; a method with a secret but none in the document gets a
// generated one. The secret is returned this once.
func (s *Service) Create(ctx context.Context, d Document) (*Client, string, error) {
	return s.create(ctx, d, applicant{})
}

// CreateWith is Create; also is done in the same transaction.
func (s *Service) CreateWith(ctx context.Context, d Document, also func(ctx context.Context) error) (*Client, string, error) {
	return s.create(ctx, d, applicant{spend: also})
}

// applicant is who registers a client: an administrator, or with a hash the client itself.
type applicant struct {
	hash  string                          // of its registration access token
	spend func(ctx context.Context) error // what the registration costs, in its transaction
}

func (a applicant) itself() bool { return a.hash != "" }

func (s *Service) create(ctx context.Context, d Document, by applicant) (*Client, string, error) {
	if err := s.fits(&d, nil).err(); err != nil {
		return nil, "", err
	}
	if err := s.checkSector(ctx, &d, nil); err != nil {
		return nil, "", err
	}
	if d.ClientID == "" {
		d.ClientID = hex.EncodeToString(secret.Bytes(12)) // no leading dash, which a command line would take for a flag
	}
	if s.builtIn(d.ClientID) {
		return nil, "", kind.New(kind.Exists, "client.exists")
	}
	if err := s.notAnAccount(ctx, d.ClientID); err != nil {
		return nil, "", err
	}
	now := storage.At(s.Now())
	c := &Client{
		ID: d.ClientID, Kind: d.Kind, Name: d.ClientName, Metadata: d.Metadata, Settings: d.Settings,
		CreatedAt: now, UpdatedAt: now, registrationHash: by.hash,
	}
	if by.itself() {
		c.Origin = storage.OriginDynamic
	}
	logo, _ := s.newLogo(ctx, &Client{}, c, d.drawn)
	if d.Disabled {
		c.DisabledAt = now
	}
	plain := d.ClientSecret
	if sendsSecret(c.Metadata.AuthMethod()) && plain == "" {
		plain = secretPrefix + secret.Token()
	}
	if err := s.insert(ctx, c, plain, logo, by); err != nil {
		return nil, "", err
	}
	return c, plain, nil
}

func (s *Service) insert(ctx context.Context, c *Client, plain, logo string, by applicant) error {
	row, err := s.row(c)
	if err != nil {
		return err
	}
	if plain != "" {
		stored, err := s.newSecret(ctx, c.ID, plain)
		if err != nil {
			return err
		}
		row.Secrets = []storage.ClientSecret{stored}
		c.Secrets = row.Secrets
	}
	err = s.Store.InTx(ctx, func(ctx context.Context) error {
		if by.spend != nil {
			if err := by.spend(ctx); err != nil {
				return err
			}
		}
		if err := s.Store.CreateClient(ctx, row); err != nil {
			return err
		}
		if logo != "" {
			if err := s.keepLogo(ctx, c, logo); err != nil {
				return err
			}
		}
		return s.record(ctx, "client.created", c.ID, by.itself(), map[string]any{"kind": c.Kind})
	})
	if errors.Is(err, storage.ErrExists) {
		return kind.New(kind.Exists, "client.exists").WithErr(err)
	}
	return err
}

// notAnAccount keeps the two number spaces apart: `sub` of a client-credentials token is the client id, `sub` of a
// person is the ssoid, and a resource server must never take one for the other.
func (s *Service) notAnAccount(ctx context.Context, id string) error {
	if !digits.MatchString(id) {
		return nil
	}
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		return nil //nolint:nilerr // longer than any ssoid
	}
	switch _, err := s.Store.AccountBySSOID(ctx, n); {
	case errors.Is(err, storage.ErrNotFound):
		return nil
	case err != nil:
		return err
	}
	return kind.New(kind.Exists, "client.id_is_account").WithErr(errors.New("an account has this number"))
}

// Update applies change to the client's document and stores it. Kind and id can't change; secrets have RotateSecret.
func (s *Service) Update(ctx context.Context, id string, change func(*Document) error) (*Client, error) {
	return s.update(ctx, id, 0, false, change)
}

// UpdateIf is Update of a client that is still the version that was looked at; 0 for any.
func (s *Service) UpdateIf(ctx context.Context, id string, version storage.Instant, change func(*Document) error) (*Client, error) {
	return s.update(ctx, id, version, false, change)
}

func errChanged() *kind.Error { return kind.New(kind.Conflict, "client.changed") }

// update reads and judges before its transaction, which writes only what nobody changed meanwhile.
func (s *Service) update(ctx context.Context, id string, version storage.Instant, itself bool, change func(*Document) error) (*Client, error) {
	old, err := s.Find(ctx, id)
	if err != nil {
		return nil, err
	}
	if version != 0 && version != old.UpdatedAt {
		return nil, errChanged()
	}
	d := old.Document()
	d.Settings, d.TokenEndpointAuthMethod = old.Settings, old.Metadata.TokenEndpointAuthMethod
	if err := change(&d); err != nil {
		return nil, err
	}
	if err := s.fits(&d, old).err(); err != nil {
		return nil, err
	}
	before := old.Document()
	if err := s.checkSector(ctx, &d, &before); err != nil {
		return nil, err
	}
	now := storage.At(s.Now())
	updated := *old
	updated.Name, updated.Metadata, updated.Settings, updated.UpdatedAt = d.ClientName, d.Metadata, d.Settings, max(now, old.UpdatedAt+1)
	if d.Disabled != old.Disabled() {
		updated.DisabledAt = 0
		if d.Disabled {
			updated.DisabledAt = now
		}
	}
	logo, again := s.newLogo(ctx, old, &updated, d.drawn)
	row, err := s.row(&updated)
	if err != nil {
		return nil, err
	}
	err = s.Store.InTx(ctx, func(ctx context.Context) error {
		if err := s.Store.UpdateClient(ctx, row, old.UpdatedAt); err != nil {
			return err
		}
		if again {
			if err := s.keepLogo(ctx, &updated, logo); err != nil {
				return err
			}
		}
		return s.record(ctx, "client.updated", id, itself, map[string]any{"disabled": d.Disabled})
	})
	if errors.Is(err, storage.ErrConflict) {
		err = errChanged().WithErr(err)
	}
	if err != nil {
		return nil, err
	}
	s.forget(ctx, id)
	return &updated, nil
}

// replaces fills a document's defaults in and tells why it can't stand in the place of a client's.
func (s *Service) replaces(d *Document, old *Client) Problems {
	ps := d.keepPartnerKey(old)
	d.fill()
	ps = append(ps, s.validate(d)...)
	if d.Kind != old.Kind || d.ClientID != old.ID {
		ps.add("/kind", "client.fixed", "kind and id stay as they are: create another client")
	}
	if d.ClientSecret != "" {
		ps.add("/client_secret", "client.secret", "secrets are changed by rotate-secret")
	}
	if old.Unverified() && d.Settings.FirstParty {
		ps.add("/settings/first_party", "client.unverified", "it registered itself, and people are always asked: create another client")
	}
	return ps
}

// Delete removes a client for good; its id is never used again.
func (s *Service) Delete(ctx context.Context, id string) error {
	return s.remove(ctx, id, false)
}

func (s *Service) remove(ctx context.Context, id string, itself bool) error {
	err := s.Store.InTx(ctx, func(ctx context.Context) error {
		if _, err := s.Find(ctx, id); err != nil {
			return err
		}
		if err := s.Store.DeleteClient(ctx, id, storage.At(s.Now())); err != nil {
			return err
		}
		return s.record(ctx, "client.deleted", id, itself, nil)
	})
	s.forget(ctx, id)
	return err
}

// RotateSecret adds a secret (a generated one when plain is empty). The older ones work for the overlap and no longer;
// with 0 they end at once.
func (s *Service) RotateSecret(ctx context.Context, id, plain string, overlap time.Duration) (string, error) {
	c, err := s.Find(ctx, id)
	if err != nil {
		return "", err
	}
	d := c.Document()
	d.Settings, d.ClientSecret = c.Settings, plain
	if plain == "" {
		d.ClientSecret = secretPrefix + secret.Token()
	}
	if err := d.secretProblems().err(); err != nil {
		return "", err
	}
	stored, err := s.newSecret(ctx, id, d.ClientSecret)
	if err != nil {
		return "", err
	}
	err = s.Store.InTx(ctx, func(ctx context.Context) error {
		if len(c.Secrets) > 1 { // two at a time
			if err := s.Store.ExpireClientSecrets(ctx, id, c.Secrets[0].ID, storage.At(s.Now())); err != nil {
				return err
			}
		}
		if err := s.Store.AddClientSecret(ctx, stored); err != nil {
			return err
		}
		if err := s.Store.ExpireClientSecrets(ctx, id, stored.ID, storage.At(s.Now().Add(overlap))); err != nil {
			return err
		}
		return s.record(ctx, "client.secret.rotated", id, false, map[string]any{"overlap_seconds": int(overlap / time.Second)})
	})
	s.forget(ctx, id)
	return d.ClientSecret, err
}

// EndOldSecrets ends all secrets of a client but the newest.
func (s *Service) EndOldSecrets(ctx context.Context, id string) error {
	err := s.Store.InTx(ctx, func(ctx context.Context) error {
		c, err := s.Find(ctx, id)
		if err != nil || len(c.Secrets) < 2 {
			return err
		}
		if err := s.Store.ExpireClientSecrets(ctx, id, c.Secrets[0].ID, storage.At(s.Now())); err != nil {
			return err
		}
		return s.record(ctx, "client.secret.ended", id, false, nil)
	})
	s.forget(ctx, id)
	return err
}

// Live are the secrets that work at an instant, the newest first.
func (c *Client) Live(now storage.Instant) []storage.ClientSecret {
	return slices.DeleteFunc(slices.Clone(c.Secrets), func(x storage.ClientSecret) bool { return !x.ExpiresAt.IsZero() && x.ExpiresAt <= now })
}

func (s *Service) newSecret(ctx context.Context, clientID, plain string) (storage.ClientSecret, error) {
	hash, err := s.hashSecret(ctx, plain)
	if err != nil {
		return storage.ClientSecret{}, err
	}
	return storage.ClientSecret{ID: secret.UUID(), ClientID: clientID, Hash: hash, CreatedAt: storage.At(s.Now())}, nil
}

func (s *Service) record(ctx context.Context, event, id string, itself bool, details map[string]any) error {
	if s.Audit == nil {
		return nil
	}
	return s.Audit.Client(ctx, event, id, itself, details)
}
