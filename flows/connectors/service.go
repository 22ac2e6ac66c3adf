package connectors

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"pratu/flows/audit"
	"pratu/flows/clients"
	"pratu/flows/kind"
	"pratu/flows/secret"
	"pratu/storage"
)

const (
	cacheAge     = time.Second     // as with clients: one that is switched off is gone within this
	fetchTimeout = 5 * time.Second // for a read that several requests wait for
	// Most is how many connectors there may be.
	Most = 200
)

// Service is the one door to connectors. All fields but Logger are required.
type Service struct {
	Store   *storage.Store
	Keyring *secret.Keyring
	Audit   *audit.Log
	Now     func() time.Time
	Local   bool // development: providers by plain http
	Logger  *slog.Logger
	// BuiltIn are there without a row, where no row has their id: development's own.
	BuiltIn []*Connector

	flights singleflight.Group
	mu      sync.Mutex
	cached  []*Connector
	at      time.Time // when the read of cached began
}

// All returns every connector, switched off or not, at most a second old.
func (s *Service) All(ctx context.Context) ([]*Connector, error) {
	s.mu.Lock()
	cached, age := s.cached, s.Now().Sub(s.at)
	s.mu.Unlock()
	if cached != nil && age < cacheAge && age >= 0 {
		return cached, nil
	}
	v, err, _ := s.flights.Do("", func() (any, error) {
		// Others wait for this read, so it must outlive the request that happened to begin it.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), fetchTimeout)
		defer cancel()
		began := s.Now()
		list, err := s.List(ctx)
		if err != nil {
			return nil, err
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.cached, s.at = list, began
		return list, nil
	})
	if err != nil {
		return nil, err
	}
	return v.([]*Connector), nil
}

// forget drops what was kept once the change is there: before, somebody could read what was and keep it.
func (s *Service) forget(ctx context.Context) {
	s.Store.AfterCommit(ctx, func(context.Context) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.cached = nil
	})
}

// List reads them past the cache. One whose secret can't be opened is left out: it closes no other door.
func (s *Service) List(ctx context.Context) ([]*Connector, error) {
	rows, err := s.Store.Connectors(ctx)
	if err != nil {
		return nil, err
	}
	list := make([]*Connector, 0, len(rows))
	for _, row := range rows {
		c, err := s.parse(row)
		if err != nil {
			if s.Logger != nil {
				s.Logger.Error("a connector can't be read", "connector", row.ID, "error", err.Error())
			}
			continue
		}
		list = append(list, c)
	}
	for _, c := range s.BuiltIn {
		if _, err := find(list, c.ID); err != nil {
			list = append(list, c)
		}
	}
	return list, nil
}

// Get returns a connector that may be used now: kind.NotFound "connector.unknown", kind.Forbidden "connector.disabled".
func (s *Service) Get(ctx context.Context, id string) (*Connector, error) {
	list, err := s.All(ctx)
	if err != nil {
		return nil, err
	}
	c, err := find(list, id)
	if err == nil && c.Disabled() {
		return nil, kind.New(kind.Forbidden, "connector.disabled")
	}
	return c, err
}

// Find reads one past the cache, switched off or not.
func (s *Service) Find(ctx context.Context, id string) (*Connector, error) {
	list, err := s.List(ctx)
	if err != nil {
		return nil, err
	}
	return find(list, id)
}

func find(list []*Connector, id string) (*Connector, error) {
	if i := slices.IndexFunc(list, func(c *Connector) bool { return c.ID == id }); i >= 0 {
		return list[i], nil
	}
	return nil, kind.New(kind.NotFound, "connector.unknown")
}

// For returns those that are switched on for a client of ours; "" is no client: our own pages.
func (s *Service) For(ctx context.Context, clientID string) ([]*Connector, error) {
	return s.choose(ctx, func(c *Connector) bool { return c.For(clientID) })
}

// OfKind is For, of one kind: what somebody brings from a provider may have been issued to any of them.
func (s *Service) OfKind(ctx context.Context, kindName, clientID string) ([]*Connector, error) {
	return s.choose(ctx, func(c *Connector) bool { return c.Kind == kindName && c.For(clientID) })
}

// OfDomain returns the one that people of an e-mail domain sign in with, or nil.
func (s *Service) OfDomain(ctx context.Context, domain, clientID string) (*Connector, error) {
	list, err := s.choose(ctx, func(c *Connector) bool {
		return slices.Contains(c.Settings.Domains, strings.ToLower(domain)) && c.For(clientID)
	})
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return list[0], nil
}

func (s *Service) choose(ctx context.Context, suits func(*Connector) bool) ([]*Connector, error) {
	all, err := s.All(ctx)
	if err != nil {
		return nil, err
	}
	var list []*Connector
	for _, c := range all {
		if suits(c) {
			list = append(list, c)
		}
	}
	return list, nil
}

// Judge tells what a document would be in the place of a connector, or of none, and why it couldn't stand there. coming are
// clients that are going to be there when it is written.
func (s *Service) Judge(ctx context.Context, old *Connector, d Document, coming ...string) (Document, error) {
	d.fill()
	ps := d.validate(s.Local)
	if old != nil {
		d.replaces(&ps, old)
		coming = slices.Concat(coming, old.Settings.Clients) // one that was deleted since is no reason to refuse another change
	}
	if err := s.judgeClients(ctx, &ps, d.Settings.Clients, coming); err != nil {
		return d, err
	}
	return d, ps.Err()
}

func (s *Service) judgeClients(ctx context.Context, ps *Problems, named, coming []string) error {
	if len(named) > maxListed { // refused as a whole
		return nil
	}
	var asked []string
	for _, id := range named {
		if wordSyntax.MatchString(id) && id != clients.ConsoleID && !slices.Contains(coming, id) {
			asked = append(asked, id)
		}
	}
	there, err := s.Store.ClientsThere(ctx, asked)
	for i, id := range named {
		if slices.Contains(asked, id) && !slices.Contains(there, id) {
			ps.add(fmt.Sprintf("/settings/clients/%d", i), "client", "there is no client %s", id)
		}
	}
	return err
}

// Create sets one up: kind.Exists "connector.exists", kind.Invalid "connector.invalid" with Problems.
func (s *Service) Create(ctx context.Context, d Document) (*Connector, error) {
	d, err := s.Judge(ctx, nil, d)
	if err != nil {
		return nil, err
	}
	all, err := s.List(ctx)
	if err != nil {
		return nil, err
	}
	if len(all) >= Most {
		return nil, kind.New(kind.Conflict, "connector.too_many").WithArg("max", Most)
	}
	now := storage.At(s.Now())
	c := &Connector{
		ID: d.ID, Kind: d.Kind, Name: d.Name, ClientID: d.ClientID, Secret: d.Secret, Settings: d.Settings, CreatedAt: now, UpdatedAt: now,
	}
	if d.Disabled {
		c.DisabledAt = now
	}
	row, err := s.row(c)
	if err != nil {
		return nil, err
	}
	err = s.Store.InTx(ctx, func(ctx context.Context) error {
		if err := s.Store.CreateConnector(ctx, row); err != nil {
			return err
		}
		return s.record(ctx, "connector.created", c)
	})
	if errors.Is(err, storage.ErrExists) {
		return nil, kind.New(kind.Exists, "connector.exists").WithErr(err)
	}
	s.forget(ctx)
	return c, err
}

// Update applies change to the connector's document and stores it. Kind and id can't change, nor by what people are known; without a secret in the
// document it keeps the one it has.
func (s *Service) Update(ctx context.Context, id string, change func(*Document) error) (*Connector, error) {
	return s.UpdateIf(ctx, id, 0, change)
}

// UpdateIf is Update of the version that somebody looked at, 0 for any: kind.Conflict "connector.changed".
func (s *Service) UpdateIf(ctx context.Context, id string, version storage.Instant, change func(*Document) error) (*Connector, error) {
	old, err := s.Find(ctx, id)
	if err == nil && version != 0 && old.UpdatedAt != version {
		err = changed(nil)
	}
	if err != nil {
		return nil, err
	}
	d := old.Document()
	if err := change(&d); err != nil {
		return nil, err
	}
	if err := d.keepSecret(old); err != nil {
		return nil, err
	}
	if d, err = s.Judge(ctx, old, d); err != nil {
		return nil, err
	}
	c := *old
	now := storage.At(s.Now())
	c.Name, c.ClientID, c.Secret, c.Settings, c.UpdatedAt = d.Name, d.ClientID, d.Secret, d.Settings, max(now, old.UpdatedAt+1)
	if d.Disabled != old.Disabled() {
		c.DisabledAt = 0
		if d.Disabled {
			c.DisabledAt = now
		}
	}
	row, err := s.row(&c)
	if err != nil {
		return nil, err
	}
	err = s.Store.InTx(ctx, func(ctx context.Context) error {
		if err := s.Store.UpdateConnector(ctx, row, old.UpdatedAt); err != nil {
			return err
		}
		return s.record(ctx, "connector.updated", &c)
	})
	s.forget(ctx)
	if errors.Is(err, storage.ErrConflict) {
		err = changed(err)
	}
	return &c, err
}

func changed(err error) error { return kind.New(kind.Conflict, "connector.changed").WithErr(err) }

// Delete removes one, also one that can't be read any more. Who signed in by it is known again if it is set up anew.
func (s *Service) Delete(ctx context.Context, id string) error { return s.DeleteIf(ctx, id, 0) }

// DeleteIf is Delete of the version that somebody looked at, 0 for any: kind.Conflict "connector.changed".
func (s *Service) DeleteIf(ctx context.Context, id string, version storage.Instant) error {
	err := s.Store.InTx(ctx, func(ctx context.Context) error {
		if version != 0 {
			old, err := s.Find(ctx, id)
			if err == nil && old.UpdatedAt != version {
				err = changed(nil)
			}
			if err != nil {
				return err
			}
		}
		if err := s.Store.DeleteConnector(ctx, id); err != nil {
			return err
		}
		return s.record(ctx, "connector.deleted", &Connector{ID: id})
	})
	s.forget(ctx)
	if errors.Is(err, storage.ErrNotFound) {
		return kind.New(kind.NotFound, "connector.unknown").WithErr(err)
	}
	return err
}

func (s *Service) record(ctx context.Context, event string, c *Connector) error {
	return s.Audit.Append(ctx, audit.Event{
		Name: event, ActorKind: audit.CLI, Details: map[string]any{"connector": c.ID, "kind": c.Kind, "disabled": c.Disabled()},
	})
}
