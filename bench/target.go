package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
)

// target is a provider under load.
type target struct {
	name        string
	issuer      string
	ops         string // address of /metrics, if it has one
	procs       []*watched
	web         client // signs people in
	machine     client // client_credentials
	redirectURI string // registered and never contacted
	username    string // with %d for the account's number
	password    string

	mu     sync.Mutex
	people map[int][]*session // by worker; they stay from one figure to the next
}

func (t *target) crowd(worker int) []*session {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.people[worker]
}

func (t *target) keep(worker int, people []*session) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.people == nil {
		t.people = map[int][]*session{}
	}
	t.people[worker] = people
}

type client struct{ id, secret string }

const scope = "openid offline_access"

// metadata is what the driver needs from the discovery document.
type metadata struct {
	Issuer        string `json:"issuer"`
	Authorization string `json:"authorization_endpoint"`
	Token         string `json:"token_endpoint"`
	Userinfo      string `json:"userinfo_endpoint"`
	Introspection string `json:"introspection_endpoint"`
	JWKS          string `json:"jwks_uri"`
	discovery     string
}

func (t *target) discoveryURL() string {
	return strings.TrimSuffix(t.issuer, "/") + "/.well-known/openid-configuration"
}

func (t *target) parseMetadata(doc []byte) (*metadata, error) {
	m := &metadata{discovery: t.discoveryURL()}
	if err := json.Unmarshal(doc, m); err != nil {
		return nil, fmt.Errorf("discovery: %w", err)
	}
	if m.Issuer != t.issuer {
		return nil, fmt.Errorf("discovery: issuer is %q, want %q", m.Issuer, t.issuer)
	}
	return m, nil
}
