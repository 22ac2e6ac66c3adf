package clients

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
)

const maxKeys = 20

// UsableKey tells whether a client's key, wherever it was read, is one that a registration may hold.
func UsableKey(raw json.RawMessage) bool {
	var k map[string]any
	var ps Problems
	if json.Unmarshal(raw, &k) != nil {
		return false
	}
	validateKey(&ps, "", k)
	return len(ps) == 0
}

// validateJWKS looks only at the shape: public asymmetric keys of sufficient size. flows/oidc builds keys of it.
func validateJWKS(ps *Problems, raw json.RawMessage) {
	var set struct {
		Keys []map[string]any `json:"keys"`
	}
	if err := json.Unmarshal(raw, &set); err != nil || len(set.Keys) == 0 || len(set.Keys) > maxKeys {
		ps.add("/jwks", "client.jwks", `a JWK Set {"keys":[…]} with 1 to %d keys (RFC 7517 section 5)`, maxKeys)
		return
	}
	kids := map[string]bool{}
	for i, k := range set.Keys {
		pointer := fmt.Sprintf("/jwks/keys/%d", i)
		validateKey(ps, pointer, k)
		kid, _ := k["kid"].(string)
		if kid != "" && kids[kid] {
			ps.add(pointer+"/kid", "client.jwks", "the kid is used twice")
		}
		kids[kid] = true
	}
}

func validateKey(ps *Problems, pointer string, k map[string]any) {
	for _, private := range []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k"} {
		if _, found := k[private]; found {
			ps.add(pointer+"/"+private, "client.jwks_private", "this is a private key: send the public part only, and replace the key")
			break
		}
	}
	if use, found := k["use"]; found && use != "sig" && use != "enc" {
		ps.add(pointer+"/use", "client.jwks", "sig or enc")
	}
	keyType(ps, pointer, k)
}

func keyType(ps *Problems, pointer string, k map[string]any) {
	bits := func(member string) int {
		text, _ := k[member].(string)
		raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
		if err != nil {
			return 0
		}
		return len(raw) * 8
	}
	switch k["kty"] {
	case "RSA":
		if n := bits("n"); n < 2048 || n > 8192 || bits("e") == 0 {
			ps.add(pointer, "client.jwks", "an RSA key has 2048 to 8192 bits")
		}
	case "EC":
		crv, _ := k["crv"].(string)
		size := map[string]int{"P-256": 256, "P-384": 384, "P-521": 528}[crv]
		if size == 0 || bits("x") != size || bits("y") != size {
			ps.add(pointer, "client.jwks", "an EC key is on P-256, P-384 or P-521, with both coordinates in full length")
		}
	case "OKP":
		if k["crv"] != "Ed25519" || bits("x") != 256 {
			ps.add(pointer, "client.jwks", "an OKP key is on Ed25519")
		}
	default:
		ps.add(pointer+"/kty", "client.jwks", "RSA, EC or OKP: shared keys have no place here")
	}
}
