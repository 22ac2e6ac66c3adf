package oidc

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strconv"
	"sync/atomic"

	"pratu/flows/clients"
	"pratu/flows/kind"
	"pratu/flows/secret"
	"pratu/storage"
)

// Subject is under which name a client knows an account: its number, or for a pairwise client a value that only clients
// of the same sector get (OpenID Connect Core section 8.1). It stays the same for as long as both exist.
func (p *Provider) Subject(ctx context.Context, c *clients.Client, a storage.Account) (string, error) {
	sector := c.Sector()
	if sector == "" {
		return strconv.FormatInt(a.SSOID, 10), nil
	}
	key, err := p.pairwise.get(ctx, p)
	if err != nil {
		return "", err
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(sector + "\x00" + a.ID)) // neither holds a zero byte
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil)), nil
}

// Names tells whether a hint is about an account. For a client that is gone there are only numbers left to compare.
func (p *Provider) Names(ctx context.Context, h Hint, a storage.Account) (bool, error) {
	c, err := p.Clients.Known(ctx, h.ClientID)
	switch {
	case err != nil && kind.Of(err) == kind.NotFound:
		c = &clients.Client{}
	case err != nil:
		return false, err
	}
	subject, err := p.Subject(ctx, c, a)
	return err == nil && subject == h.Subject, err
}

// pairwise is the key of pairwise subjects. It isn't derived from the secret key, since subjects outlive that: it is made
// once, kept sealed, and sealed anew when the secret key was replaced.
type pairwise struct{ key atomic.Pointer[[]byte] }

const pairwiseKey = "pairwise-key"

// ResealSubjects seals the key of pairwise subjects under the current secret key.
func ResealSubjects(ctx context.Context, store *storage.Store, ring *secret.Keyring) error {
	return ring.Reseal(ctx, store, storage.Settings, pairwiseKey)
}

// get may be called in a transaction. A key that is made there is nobody's until the commit, and nobody waits for it: who
// did so with SQLite's only writer would wait for ever.
func (k *pairwise) get(ctx context.Context, p *Provider) ([]byte, error) {
	if key := k.key.Load(); key != nil {
		return *key, nil
	}
	sealed, err := p.Store.Setting(ctx, pairwiseKey)
	if errors.Is(err, storage.ErrNotFound) {
		fresh := p.Keyring.Seal(pairwiseKey, secret.Bytes(32), pairwiseKey)
		err = p.Store.InTx(ctx, func(ctx context.Context) error {
			return p.Store.Claim(ctx, pairwiseKey, fresh, storage.At(p.Now()))
		})
		if err == nil || errors.Is(err, storage.ErrExists) { // another replica's is as good
			sealed, err = p.Store.Setting(ctx, pairwiseKey)
		}
	}
	if err != nil {
		return nil, err
	}
	key, err := p.Keyring.Open(pairwiseKey, sealed, pairwiseKey)
	if err != nil {
		return nil, err
	}
	p.Store.AfterCommit(ctx, func(context.Context) { k.key.Store(&key) })
	return key, nil
}
