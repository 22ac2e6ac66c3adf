package signin_test

import (
	"strings"
	"testing"

	"pratu/flows/secret"
)

// After the secret key was replaced, authenticator apps go on working without the earlier one.
func TestResealTOTP(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		must(t, w.OfferTOTP(t.Context(), w.account.ID))
		before, err := w.TOTP(t.Context(), w.account.ID, "Pratu", "mali")
		must(t, err)
		ring := func(keys ...string) *secret.Keyring {
			var raw [][]byte
			for _, k := range keys {
				raw = append(raw, []byte(strings.Repeat(k, secret.KeySize)))
			}
			k, err := secret.NewKeyring(raw[0], raw[1:]...)
			must(t, err)
			return k
		}
		w.Keyring = ring("n")
		must(t, w.ResealTOTP(t.Context())) // can't be opened: it stays
		w.Keyring = ring("n", "k")
		must(t, w.ResealTOTP(t.Context()))
		w.Keyring = ring("n")
		after, err := w.TOTP(t.Context(), w.account.ID, "Pratu", "mali")
		if err != nil || after.Secret != before.Secret {
			t.Errorf("%v", err)
		}
	})
}
