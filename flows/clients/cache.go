package clients

import (
	"context"
	"time"

	"pratu/flows/kind"
)

const (
	cacheAge     = time.Second     // a disabled client is refused everywhere within this (spec 3.4)
	cacheSize    = 10_000          // entries, far above what one installation has; beyond it the cache starts afresh
	fetchTimeout = 5 * time.Second // for a read that several requests wait for
)

type cacheEntry struct {
	client *Client
	at     time.Time // when the read began, so the age never exceeds cacheAge
}

// Get returns a client that may be used now: unknown and deleted ids are kind.NotFound, a disabled client is
// kind.Forbidden. The answer is at most a second old; unknown ids are never cached, so a new client works at once.
func (s *Service) Get(ctx context.Context, id string) (*Client, error) {
	if s.builtIn(id) {
		return s.BuiltIn, nil
	}
	if _, document := documentID(id); document && s.Documents != nil {
		return s.Documents.get(ctx, id)
	}
	c, err := s.load(ctx, id)
	if err != nil {
		return nil, err
	}
	if c.Disabled() {
		return nil, kind.New(kind.Forbidden, "client.disabled")
	}
	return c, nil
}

func (s *Service) load(ctx context.Context, id string) (*Client, error) {
	if !validID(id) {
		return nil, kind.New(kind.NotFound, "client.unknown") // never worth a query
	}
	if c := s.fresh(id); c != nil {
		return c, nil
	}
	v, err, _ := s.flights.Do(id, func() (any, error) {
		// Others wait for this read, so it must outlive the request that happened to begin it.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), fetchTimeout)
		defer cancel()
		began := s.Now()
		c, err := s.Find(ctx, id)
		if err != nil {
			return nil, err
		}
		s.keep(id, cacheEntry{c, began})
		return c, nil
	})
	if err != nil {
		return nil, err
	}
	return v.(*Client), nil
}

func (s *Service) fresh(id string) *Client {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.cached[id]
	if age := s.Now().Sub(e.at); !ok || age >= cacheAge || age < 0 {
		return nil
	}
	return e.client
}

func (s *Service) keep(id string, e cacheEntry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cached == nil || len(s.cached) >= cacheSize {
		s.cached = make(map[string]cacheEntry)
	}
	s.cached[id] = e
}

// forget drops what was kept once the change is there: before, somebody could read what was and keep it.
func (s *Service) forget(ctx context.Context, id string) {
	s.Store.AfterCommit(ctx, func(context.Context) {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.cached, id)
	})
}
