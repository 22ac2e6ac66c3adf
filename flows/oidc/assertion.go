package oidc

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"pratu/flows/clients"
	"pratu/flows/issuer"
	"pratu/storage"
)

const (
	assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
	// clockLeeway is how far a client's clock may be off; FAPI 2.0 section 5.3.2.1 wants 10 s accepted and 60 s refused.
	clockLeeway = 30 * time.Second
	// maxAssertionLife bounds how long a jti has to be remembered.
	maxAssertionLife = 10 * time.Minute
	maxJTI           = 256
)

// assertionAlgs are asymmetric only: with a shared one we would hold a key that signs for the client.
var assertionAlgs = []jose.SignatureAlgorithm{
	jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512, jose.ES256, jose.ES384, jose.ES512, jose.EdDSA,
}

// AssertionAlgs lists them for the metadata.
func AssertionAlgs() []string {
	list := make([]string, len(assertionAlgs))
	for i, a := range assertionAlgs {
		list[i] = string(a)
	}
	return list
}

// asserted reads a client assertion (RFC 7523 section 2.2). Who it claims to be is looked up; nothing is believed yet.
func asserted(assertion string, form url.Values) (attempt, error) {
	if form.Get("client_assertion_type") != assertionType {
		return attempt{}, errClient(errors.New("unknown client_assertion_type"))
	}
	parts := strings.Split(assertion, ".")
	if len(parts) != 3 || len(assertion) > maxToken {
		return attempt{}, errClient(errors.New("not a JWT"))
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return attempt{}, errClient(err)
	}
	var c struct {
		Subject string `json:"sub"`
	}
	if err := json.Unmarshal(raw, &c); err != nil || c.Subject == "" {
		return attempt{}, errClient(errors.New("no sub"))
	}
	if id := form.Get("client_id"); id != "" && id != c.Subject {
		return attempt{}, refuse(InvalidRequest, "client_id differs from the subject of the client_assertion")
	}
	return attempt{clients.AuthPrivateKeyJWT, c.Subject, ""}, nil
}

// checkAssertion verifies signature, audience and times, and marks the jti as seen for this client: one statement, so of
// two at once one fails. Keys come from the registration alone; jwk, jku and x5u in the header are ignored.
func (p *Provider) checkAssertion(ctx context.Context, c *clients.Client, assertion string) error {
	algs := assertionAlgs
	if registered := c.Metadata.TokenEndpointAuthAlg; registered != "" {
		algs = []jose.SignatureAlgorithm{jose.SignatureAlgorithm(registered)}
		if !slices.Contains(assertionAlgs, algs[0]) {
			return errClient(errors.New("registered algorithm is unusable"))
		}
	}
	token, err := jwt.ParseSigned(assertion, algs)
	if err != nil || len(token.Headers) != 1 {
		return errClient(err)
	}
	key, err := p.clientKey(ctx, c, token.Headers[0])
	if err != nil {
		return err
	}
	var claims jwt.Claims
	if err := token.Claims(key, &claims); err != nil {
		return errClient(err)
	}
	if err := p.checkAssertionClaims(c, claims); err != nil {
		return errClient(err)
	}
	err = p.Store.MarkSeen(ctx, seenID("assertion", c.ID, claims.ID), storage.At(claims.Expiry.Time().Add(2*clockLeeway)))
	if errors.Is(err, storage.ErrExists) {
		return errClient(errors.New("jti was seen before"))
	}
	return err
}

func (p *Provider) checkAssertionClaims(c *clients.Client, claims jwt.Claims) error {
	now := p.Now()
	ours := []string{p.Issuer.String(), p.Issuer.URL(issuer.PathToken), p.Issuer.URL(issuer.PathPAR)}
	switch {
	case claims.Issuer != c.ID || claims.Subject != c.ID:
		return errors.New("iss and sub must be the client id")
	case !slices.ContainsFunc(claims.Audience, func(a string) bool { return slices.Contains(ours, a) }):
		return errors.New("aud is not this issuer")
	case claims.ID == "" || len(claims.ID) > maxJTI:
		return errors.New("jti is missing or too long")
	case claims.Expiry == nil || now.After(claims.Expiry.Time().Add(clockLeeway)):
		return errors.New("exp is missing or past")
	case claims.Expiry.Time().After(now.Add(maxAssertionLife)):
		return errors.New("exp is too far ahead")
	case claims.NotBefore != nil && claims.NotBefore.Time().After(now.Add(clockLeeway)):
		return errors.New("nbf is ahead")
	case claims.IssuedAt != nil && claims.IssuedAt.Time().After(now.Add(clockLeeway)):
		return errors.New("iat is ahead")
	}
	return nil
}

// clientKey finds the client's key for a header: by kid, or the only one that fits.
func (p *Provider) clientKey(ctx context.Context, c *clients.Client, h jose.Header) (any, error) {
	if len(c.Metadata.JWKS) > 0 {
		set, err := readKeys(c.Metadata.JWKS)
		if err != nil {
			return nil, errClient(err)
		}
		return pick(set, h)
	}
	if c.Metadata.JWKSURI == "" {
		return nil, errClient(errors.New("the client has no keys"))
	}
	set, err := p.keySets.get(ctx, p, c.Metadata.JWKSURI, false)
	if err != nil {
		return nil, errClient(err)
	}
	key, err := pick(set, h)
	if err == nil {
		return key, nil
	}
	// The client may have a new key: look again, at most once a minute.
	if set, err = p.keySets.get(ctx, p, c.Metadata.JWKSURI, true); err != nil {
		return nil, errClient(err)
	}
	return pick(set, h)
}

func pick(set jose.JSONWebKeySet, h jose.Header) (any, error) {
	var fits []jose.JSONWebKey
	for _, k := range set.Keys {
		if (h.KeyID == "" || k.KeyID == h.KeyID) && k.Use != "enc" && (k.Algorithm == "" || k.Algorithm == h.Algorithm) && k.IsPublic() && k.Valid() {
			fits = append(fits, k)
		}
	}
	if len(fits) != 1 {
		return nil, errClient(errors.New("no key, or more than one, fits the header"))
	}
	return fits[0].Key, nil
}

// readKeys reads a key set and leaves out keys that it doesn't know or that are too weak: at a jwks_uri they may have
// changed since the registration.
func readKeys(raw []byte) (set jose.JSONWebKeySet, err error) {
	var list struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(raw, &list); err != nil {
		return set, err
	}
	for _, one := range list.Keys[:min(len(list.Keys), maxClientKeys)] {
		var k jose.JSONWebKey
		if clients.UsableKey(one) && k.UnmarshalJSON(one) == nil {
			set.Keys = append(set.Keys, k)
		}
	}
	return set, nil
}

// keySets remembers the keys behind jwks_uri.
type keySets struct {
	mu   sync.Mutex
	sets map[string]keySet
}

type keySet struct {
	keys    jose.JSONWebKeySet
	fetched time.Time
	tried   time.Time
}

const (
	keySetAge   = 10 * time.Minute
	keySetPause = time.Minute // between two fetches, however many unknown kids arrive
	maxKeySets  = 1000

	maxClientKeys = 100
)

// get returns the keys of a URL; with again it looks for newer ones. When the client's server is away the last good set
// stays in use.
func (k *keySets) get(ctx context.Context, p *Provider, uri string, again bool) (jose.JSONWebKeySet, error) {
	k.mu.Lock()
	have := k.sets[uri]
	now := p.Now()
	stale := have.fetched.IsZero() || now.Sub(have.fetched) > keySetAge || again
	if !stale || now.Sub(have.tried) < keySetPause {
		k.mu.Unlock()
		if have.fetched.IsZero() {
			return have.keys, errors.New("the client's keys could not be fetched a moment ago")
		}
		return have.keys, nil
	}
	have.tried = now
	k.put(uri, have)
	k.mu.Unlock()
	answer, err := p.Outbound.Get(ctx, uri)
	if err == nil && answer.Status != 200 {
		err = errors.New("the client's jwks_uri does not answer 200")
	}
	if err == nil {
		have.keys, err = readKeys(answer.Body)
	}
	if err != nil {
		if have.fetched.IsZero() {
			return have.keys, err
		}
		return have.keys, nil
	}
	have.fetched = now
	k.mu.Lock()
	k.put(uri, have)
	k.mu.Unlock()
	return have.keys, nil
}

func (k *keySets) put(uri string, set keySet) {
	if k.sets == nil || len(k.sets) >= maxKeySets {
		k.sets = map[string]keySet{}
	}
	k.sets[uri] = set
}
