package keys

import (
	"strings"
	"testing"
	"time"

	"pratu/flows/secret"
	"pratu/storage"
)

// FuzzVerify: of all that strangers show us as tokens, only those verify that we signed, as we spelled them.
func FuzzVerify(f *testing.F) {
	ring, err := secret.NewKeyring([]byte(strings.Repeat("k", 32)))
	if err != nil {
		f.Fatal(err)
	}
	s := &Service{Custody: Sealed{Keyring: ring}, Now: time.Now}
	set, ours := &keySet{keys: map[string]*key{}}, map[string]bool{}
	for _, alg := range []string{ES256, EdDSA} {
		handle, err := s.Custody.Make(f.Context(), alg, alg, DefaultBits)
		if err != nil {
			f.Fatal(err)
		}
		if set.keys[alg], err = s.open(f.Context(), storage.SigningKey{ID: alg, Alg: alg, Sealed: handle}); err != nil {
			f.Fatal(err)
		}
	}
	s.set.Store(set)
	for alg := range set.keys {
		token, err := s.Sign(alg, "JWT", map[string]string{"sub": "21992040"})
		if err != nil {
			f.Fatal(err)
		}
		ours[token] = true
		f.Add(token)
		f.Add(token + "=")
		f.Add(strings.Replace(token, ".", ".\n", 1))
	}
	f.Add("eyJhbGciOiJub25lIn0.e30.")
	f.Fuzz(func(t *testing.T, token string) {
		if payload, alg, err := s.Verify(token, "JWT"); err == nil && !ours[token] {
			t.Errorf("%s verifies by %s: %s", token, alg, payload)
		}
	})
}
