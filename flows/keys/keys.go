// Package keys owns the signing keys: made, sealed, published, rotated, and the signatures by them. A key is published
// before it signs and stays published until the last token it signed is over. It knows no claims and no HTTP.
package keys

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-jose/go-jose/v4"

	"pratu/flows/audit"
	"pratu/flows/kind"
	"pratu/flows/secret"
	"pratu/storage"
)

// Algorithms, in the order of the metadata. RS256 has to be offered (OpenID Connect Core section 15.1).
const (
	RS256 = "RS256"
	ES256 = "ES256"
)

const (
	// Ahead is how long a new key is published before it signs: longer than clients keep the key set.
	Ahead = 15 * time.Minute
	// Keep is how long a replaced key stays published: the longest life of a token, and a margin.
	Keep = 25 * time.Hour
	// DefaultBits of RSA keys; see docs/divergences.md.
	DefaultBits = 2048
	sealLabel   = "signing-key"
)

// Service signs and verifies. Store, Keyring, Audit and Now are required.
type Service struct {
	Store   *storage.Store
	Keyring *secret.Keyring
	Audit   *audit.Log
	Now     func() time.Time

	loading sync.Mutex
	set     atomic.Pointer[keySet]
}

// Info is a key without its secret.
type Info struct {
	ID        string    `json:"kid"`
	Alg       string    `json:"alg"`
	State     string    `json:"state"` // upcoming, signing, published
	CreatedAt time.Time `json:"created_at"`
	ActiveAt  time.Time `json:"active_at"`
	RetiredAt time.Time `json:"retired_at,omitzero"`
}

// Algorithms that can sign.
func (s *Service) Algorithms() []string { return []string{RS256, ES256} }

// Ensure makes the keys that are missing and loads all. Two replicas that start at once agree: the first one's keys win.
func (s *Service) Ensure(ctx context.Context) error {
	err := s.Store.InTx(ctx, func(ctx context.Context) error {
		if err := s.Store.LockSigningKeys(ctx); err != nil {
			return err
		}
		rows, err := s.Store.SigningKeys(ctx, storage.At(s.Now()))
		if err != nil {
			return err
		}
		for _, alg := range s.Algorithms() {
			if hasAlg(rows, alg) {
				continue
			}
			if _, err := s.create(ctx, alg, DefaultBits, s.Now()); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return s.Refresh(ctx)
}

func hasAlg(rows []storage.SigningKey, alg string) bool {
	for _, r := range rows {
		if r.Alg == alg {
			return true
		}
	}
	return false
}

// RotateOptions say which keys are replaced and how.
type RotateOptions struct {
	Alg  string // "" for all
	Bits int    // of an RSA key; 0: DefaultBits
	Now  bool   // sign with it at once, for a key that has leaked
}

// Rotate publishes new keys. They sign after Ahead, when every client has had time to see them; what they replace stays
// published while its tokens live. Running replicas follow by themselves.
func (s *Service) Rotate(ctx context.Context, o RotateOptions) ([]Info, error) {
	if o.Bits == 0 {
		o.Bits = DefaultBits
	}
	if o.Bits < 2048 || o.Bits > 8192 || o.Bits%8 != 0 {
		return nil, kind.New(kind.Invalid, "key.bits").WithErr(errors.New("an RSA key has 2048 to 8192 bits"))
	}
	algs := s.Algorithms()
	if o.Alg != "" {
		if o.Alg != RS256 && o.Alg != ES256 {
			return nil, kind.New(kind.Invalid, "key.alg").WithErr(errors.New("the algorithms are RS256 and ES256"))
		}
		algs = []string{o.Alg}
	}
	active := s.Now().Add(Ahead)
	if o.Now {
		active = s.Now()
	}
	var made []Info
	err := s.Store.InTx(ctx, func(ctx context.Context) error {
		made = nil
		if err := s.Store.LockSigningKeys(ctx); err != nil {
			return err
		}
		for _, alg := range algs {
			if err := s.Store.RetireSigningKeys(ctx, alg, storage.At(active.Add(Keep))); err != nil {
				return err
			}
			row, err := s.create(ctx, alg, o.Bits, active)
			if err != nil {
				return err
			}
			made = append(made, info(row, s.Now()))
		}
		return s.Audit.Append(ctx, audit.Event{Name: "key.rotated", Details: map[string]any{"algorithms": algs}})
	})
	if err != nil {
		return nil, err
	}
	return made, s.Refresh(ctx)
}

func (s *Service) create(ctx context.Context, alg string, bits int, active time.Time) (storage.SigningKey, error) {
	private, err := generate(alg, bits)
	if err != nil {
		return storage.SigningKey{}, err
	}
	jwk := jose.JSONWebKey{Key: private, KeyID: secret.ID(), Algorithm: alg, Use: "sig"}
	raw, err := jwk.MarshalJSON()
	if err != nil {
		return storage.SigningKey{}, err
	}
	row := storage.SigningKey{
		ID: jwk.KeyID, Alg: alg, Sealed: s.Keyring.Seal(sealLabel, raw, jwk.KeyID),
		CreatedAt: storage.At(s.Now()), ActiveAt: storage.At(active),
	}
	return row, s.Store.CreateSigningKey(ctx, row)
}

func generate(alg string, bits int) (crypto.Signer, error) {
	if alg == RS256 {
		return rsa.GenerateKey(rand.Reader, bits)
	}
	return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
}

// List shows all published keys, without their secrets.
func (s *Service) List(ctx context.Context) ([]Info, error) {
	rows, err := s.Store.SigningKeys(ctx, storage.At(s.Now()))
	if err != nil {
		return nil, err
	}
	signing := map[string]string{} // alg → kid
	for _, r := range rows {
		if r.ActiveAt <= storage.At(s.Now()) {
			signing[r.Alg] = r.ID
		}
	}
	list := make([]Info, len(rows))
	for i, r := range rows {
		list[i] = info(r, s.Now())
		if list[i].State == "signing" && signing[r.Alg] != r.ID {
			list[i].State = "published"
		}
	}
	return list, nil
}

func info(r storage.SigningKey, now time.Time) Info {
	i := Info{
		ID: r.ID, Alg: r.Alg, State: "signing", CreatedAt: r.CreatedAt.Time(), ActiveAt: r.ActiveAt.Time(),
		RetiredAt: r.RetiredAt.Time(),
	}
	if i.ActiveAt.After(now) {
		i.State = "upcoming"
	}
	return i
}

// ErrUnopened is a key that none of the configured secret keys opens.
var ErrUnopened = fmt.Errorf("signing key: %w", secret.ErrSealed)
