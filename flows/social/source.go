package social

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// Metadata is what a provider says about itself (OpenID Connect Discovery section 3).
type Metadata struct {
	Issuer        string   `json:"issuer"`
	Authorization string   `json:"authorization_endpoint"`
	Token         string   `json:"token_endpoint"`
	Userinfo      string   `json:"userinfo_endpoint"`
	JWKS          string   `json:"jwks_uri"`
	AuthMethods   []string `json:"token_endpoint_auth_methods_supported"`
	Algs          []string `json:"id_token_signing_alg_values_supported"`
	IssParameter  bool     `json:"authorization_response_iss_parameter_supported"` // RFC 9207
}

// source is where a provider's metadata is, and what is known of it beforehand: with that alone its door stays open.
type source struct {
	discovery string   // URL, or "" for none
	known     Metadata // empty for a provider that we know only by its address
	exact     bool     // the document's issuer has to be known.Issuer
}

const (
	metadataLife  = time.Hour
	metadataRetry = 10 * time.Second // after a failure
	metadataTime  = 2 * time.Second
)

// sources remembers metadata, the last good one while a provider is away.
type sources struct {
	mu   sync.Mutex
	kept map[string]*metadataEntry
}

type metadataEntry struct {
	mu    sync.Mutex
	meta  Metadata // last good, or what was known beforehand
	err   error    // why there is none
	until time.Time
}

func (c *sources) entry(discovery string) *metadataEntry {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.kept == nil || len(c.kept) > 1000 { // connectors that were changed a thousand times
		c.kept = map[string]*metadataEntry{}
	}
	if c.kept[discovery] == nil {
		c.kept[discovery] = &metadataEntry{}
	}
	return c.kept[discovery]
}

// metadata reads a provider's, at most once an hour. Who comes meanwhile waits for the same answer.
func (s *Service) metadata(ctx context.Context, from source) (Metadata, error) {
	if from.discovery == "" {
		return from.known, nil
	}
	e := s.sources.entry(from.discovery)
	e.mu.Lock()
	defer e.mu.Unlock()
	if now := s.Now(); !now.Before(e.until) {
		fetched, err := s.discover(ctx, from)
		switch {
		case err == nil:
			e.meta, e.err, e.until = fetched, nil, now.Add(metadataLife)
		case e.meta.Token == "" && from.known.Token == "":
			e.err, e.until = trouble("discovery", err), now.Add(metadataRetry)
		default:
			e.until = now.Add(metadataRetry)
			if e.meta.Token == "" {
				e.meta = from.known
			}
		}
	}
	return e.meta, e.err
}

func (s *Service) discover(ctx context.Context, from source) (m Metadata, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), metadataTime)
	defer cancel()
	body, err := s.get(ctx, from.discovery)
	if err != nil {
		return m, err
	}
	if err := json.Unmarshal(body, &m); err != nil {
		return m, errors.New("the metadata is no JSON")
	}
	if from.exact && m.Issuer != from.known.Issuer { // OpenID Connect Discovery section 4.3
		return m, errors.New("the metadata is another issuer's")
	}
	for _, endpoint := range []string{m.Authorization, m.Token, m.JWKS} {
		if !s.address(endpoint) {
			return m, errors.New("the metadata has an endpoint that is no address")
		}
	}
	m.Issuer = from.known.Issuer // Microsoft's document for several tenants names none
	return m, nil
}

// address tells whether a browser, or we, can be sent somewhere with a secret.
func (s *Service) address(raw string) bool {
	u, err := url.Parse(raw)
	return err == nil && u.Host != "" && u.User == nil && (u.Scheme == "https" || u.Scheme == "http" && s.Connectors.Local)
}

// get fetches a document.
func (s *Service) get(ctx context.Context, raw string) ([]byte, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return nil, errors.New("no address")
	}
	answer, err := s.Outbound.Get(ctx, s.Hosts.at(u).String())
	if err != nil {
		return nil, err
	}
	if answer.Status != http.StatusOK {
		return nil, fmt.Errorf("status %d", answer.Status)
	}
	return answer.Body, nil
}
