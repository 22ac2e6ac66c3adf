package keys

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"

	"github.com/go-jose/go-jose/v4"

	"pratu/flows/secret"
	"pratu/storage"
)

// Custody is where private keys live and sign. A KMS or a PKCS#11 token keeps them to itself: what it hands out is a
// handle, which is stored, and a crypto.Signer, which is the shape their libraries have.
type Custody interface {
	// Make makes a key. bits concern RSA only.
	Make(ctx context.Context, kid, alg string, bits int) (handle string, err error)
	// Open gives the key of a handle, or ErrUnopened.
	Open(ctx context.Context, kid, alg, handle string) (crypto.Signer, error)
}

// Sealed keeps private keys in the database, sealed with the secret key of the configuration: the handle is the key.
type Sealed struct {
	Keyring *secret.Keyring
}

// Make implements Custody.
func (s Sealed) Make(_ context.Context, kid, alg string, bits int) (handle string, err error) {
	private, err := generate(alg, bits)
	if err != nil {
		return "", err
	}
	return s.Seal(kid, alg, private)
}

// Seal is the handle of a private key.
func (s Sealed) Seal(kid, alg string, private crypto.Signer) (handle string, err error) {
	raw, err := jose.JSONWebKey{Key: private, KeyID: kid, Algorithm: alg, Use: "sig"}.MarshalJSON()
	if err != nil {
		return "", err
	}
	return s.Keyring.Seal(sealLabel, raw, kid), nil
}

// Reseal seals the keys under the current secret key.
func (s Sealed) Reseal(ctx context.Context, store *storage.Store) error {
	return s.Keyring.Reseal(ctx, store, storage.SigningKeys, sealLabel)
}

// Open implements Custody.
func (s Sealed) Open(_ context.Context, kid, _, handle string) (crypto.Signer, error) {
	raw, err := s.Keyring.Open(sealLabel, handle, kid)
	if err != nil {
		return nil, fmt.Errorf("key %s: %w", kid, ErrUnopened)
	}
	var jwk jose.JSONWebKey
	if err := jwk.UnmarshalJSON(raw); err != nil {
		return nil, fmt.Errorf("key %s: %w", kid, err)
	}
	private, ok := jwk.Key.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("key %s: %w", kid, errors.New("not a private key"))
	}
	return private, nil
}

func generate(alg string, bits int) (crypto.Signer, error) {
	switch alg {
	case RS256, PS256:
		return rsa.GenerateKey(rand.Reader, bits)
	case EdDSA:
		_, private, err := ed25519.GenerateKey(rand.Reader)
		return private, err
	default:
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	}
}
