// Package keystest spares tests whose subject isn't the making of RSA keys the time that takes.
package keystest

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"sync"

	"pratu/flows/keys"
	"pratu/flows/secret"
)

// Custody is keys.Sealed, except that all RSA keys of a test binary are the same one.
func Custody(ring *secret.Keyring) keys.Custody { return custody{keys.Sealed{Keyring: ring}} }

type custody struct{ keys.Sealed }

var shared = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, keys.DefaultBits) })

// Make implements keys.Custody.
func (c custody) Make(ctx context.Context, kid, alg string, bits int) (string, error) {
	if alg != keys.RS256 && alg != keys.PS256 {
		return c.Sealed.Make(ctx, kid, alg, bits)
	}
	private, err := shared()
	if err != nil {
		return "", err
	}
	return c.Seal(kid, alg, private)
}
