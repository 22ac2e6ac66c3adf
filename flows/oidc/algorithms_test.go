package oidc_test

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"pratu/flows/clients"
	"pratu/flows/keys"
)

// A client gets ID tokens and userinfo by the algorithm it registered, with at_hash by that algorithm's hash (OpenID
// Connect Core section 3.1.3.6), which for Ed25519 is SHA-512.
func TestAlgorithmOfAClient(t *testing.T) {
	worlds(t, 1, func(t *testing.T, list []*world) {
		w := list[0]
		document, _ := w.keys.Document()
		var set jose.JSONWebKeySet
		if err := json.Unmarshal(document, &set); err != nil {
			t.Fatal(err)
		}
		for _, alg := range keys.Algorithms() {
			id := "of-" + alg
			if _, _, err := w.Clients.Create(t.Context(), clients.Document{
				ClientID: id, Kind: clients.KindSPA,
				Metadata: clients.Metadata{RedirectURIs: []string{rp}, IDTokenAlg: alg, UserinfoAlg: alg},
			}); err != nil {
				t.Fatal(err)
			}
			w.consent(id)
			got := w.tokens(id, rp)
			claims := verified(t, set, alg, got.IDToken)
			short, long := sha256.Sum256([]byte(got.AccessToken)), sha512.Sum512([]byte(got.AccessToken))
			want := short[:16]
			if alg == keys.EdDSA {
				want = long[:32]
			}
			if claims["at_hash"] != base64.RawURLEncoding.EncodeToString(want) {
				t.Errorf("%s: at_hash %v", alg, claims["at_hash"])
			}
			access, err := w.Access(t.Context(), got.AccessToken)
			if err != nil {
				t.Fatal(err)
			}
			info, err := w.Userinfo(t.Context(), access)
			if err != nil || verified(t, set, alg, info.JWT)["sub"] != claims["sub"] {
				t.Errorf("%s: userinfo %+v %v", alg, info, err)
			}
		}
	})
}

// verified reads a token with another library.
func verified(t *testing.T, set jose.JSONWebKeySet, alg, token string) map[string]any {
	t.Helper()
	signed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(alg)})
	if err != nil {
		t.Fatalf("%s: %v", alg, err)
	}
	payload, err := signed.Verify(set)
	if err != nil {
		t.Fatalf("%s: %v", alg, err)
	}
	var claims map[string]any
	if err := json.Unmarshal(payload, &claims); err != nil {
		t.Fatal(err)
	}
	return claims
}
