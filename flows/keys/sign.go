package keys

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"slices"
	"strings"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"pratu/storage"
)

// maxToken bounds what is looked at.
const maxToken = 16 << 10

// errRefused is every reason why a token is not one of ours.
var errRefused = errors.New("not a token signed by this issuer")

var encoding = base64.RawURLEncoding.Strict()

// Sign is the compact JWS (RFC 7515) of claims by the current key of alg, with its kid and the given typ. The header is
// encoded when the key is loaded, which leaves the signature as the only cost.
func (s *Service) Sign(alg, typ string, claims any) (string, error) {
	set := s.set.Load()
	if set == nil {
		return "", errors.New("keys: not loaded")
	}
	k := set.signing(alg, storage.At(s.Now()))
	if k == nil {
		return "", fmt.Errorf("keys: no key signs %s", alg)
	}
	head, known := k.headers[typ]
	if !known {
		return "", fmt.Errorf("keys: no tokens of type %s", typ)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	size := len(head) + 1 + encoding.EncodedLen(len(payload))
	out := make([]byte, size, size+1+encoding.EncodedLen(512))
	copy(out, head)
	out[len(head)] = '.'
	encoding.Encode(out[len(head)+1:], payload)
	signature, err := k.sign(out)
	if err != nil {
		return "", err
	}
	out = append(out, '.')
	return string(encoding.AppendEncode(out, signature)), nil
}

// pss is the one form of RSASSA-PSS that RFC 7518 section 3.5 allows.
var pss = &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: crypto.SHA256}

func (k *key) sign(input []byte) ([]byte, error) {
	if k.row.Alg == EdDSA { // RFC 8037 section 3.1: of the message itself
		return k.signer.Sign(rand.Reader, input, crypto.Hash(0))
	}
	sum := sha256.Sum256(input)
	switch k.row.Alg {
	case RS256:
		return k.signer.Sign(rand.Reader, sum[:], crypto.SHA256)
	case PS256:
		return k.signer.Sign(rand.Reader, sum[:], pss)
	case ES256:
		der, err := k.signer.Sign(rand.Reader, sum[:], crypto.SHA256)
		if err != nil {
			return nil, err
		}
		return concatenated(der)
	}
	return nil, errors.New("keys: unknown kind of key")
}

// concatenated is an ECDSA signature as RFC 7518 section 3.4 has it: R and S, 32 bytes each.
func concatenated(der []byte) ([]byte, error) {
	var r, s big.Int
	var inner cryptobyte.String
	input := cryptobyte.String(der)
	if !input.ReadASN1(&inner, asn1.SEQUENCE) || !inner.ReadASN1Integer(&r) || !inner.ReadASN1Integer(&s) ||
		r.Sign() < 0 || s.Sign() < 0 || r.BitLen() > 256 || s.BitLen() > 256 {
		return nil, errors.New("keys: not an ECDSA signature")
	}
	raw := make([]byte, 64)
	r.FillBytes(raw[:32])
	s.FillBytes(raw[32:])
	return raw, nil
}

// Verify returns the payload of a token that one of our published keys signed, with its own algorithm, and whose typ is
// one of types. There is one spelling of a token: unused bits must be zero. Times are the caller's to judge.
func (s *Service) Verify(token string, types ...string) (payload []byte, alg string, err error) {
	set := s.set.Load()
	// Go's decoder skips line breaks, even a strict one.
	if set == nil || len(token) > maxToken || strings.ContainsAny(token, "\r\n") {
		return nil, "", errRefused
	}
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil, "", errRefused
	}
	k, err := set.keyOf(parts[0], types)
	if err != nil {
		return nil, "", err
	}
	payload, err1 := encoding.DecodeString(parts[1])
	signature, err2 := encoding.DecodeString(parts[2])
	if err1 != nil || err2 != nil || !k.verify([]byte(token[:len(parts[0])+1+len(parts[1])]), signature) {
		return nil, "", errRefused
	}
	return payload, k.row.Alg, nil
}

// keyOf reads a header. Only kid chooses a key, only among ours, and the key decides the algorithm (RFC 8725 section
// 3.1); jwk, jku and x5u are of no interest, crit is refused.
func (k *keySet) keyOf(part string, types []string) (*key, error) {
	raw, err := encoding.DecodeString(part)
	if err != nil {
		return nil, errRefused
	}
	var head struct {
		Alg  string `json:"alg"`
		Kid  string `json:"kid"`
		Typ  string `json:"typ"`
		Crit []any  `json:"crit"`
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	if err := dec.Decode(&head); err != nil {
		return nil, errRefused
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, errRefused
	}
	found := k.keys[head.Kid]
	if found == nil || head.Alg != found.row.Alg || head.Crit != nil || !slices.Contains(types, head.Typ) {
		return nil, errRefused
	}
	return found, nil
}

func (k *key) verify(input, signature []byte) bool {
	sum := sha256.Sum256(input)
	switch public := k.signer.Public().(type) {
	case *rsa.PublicKey:
		if k.row.Alg == PS256 {
			return rsa.VerifyPSS(public, crypto.SHA256, sum[:], signature, pss) == nil
		}
		return rsa.VerifyPKCS1v15(public, crypto.SHA256, sum[:], signature) == nil
	case *ecdsa.PublicKey:
		if len(signature) != 64 {
			return false
		}
		r, v := new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])
		return ecdsa.Verify(public, sum[:], r, v)
	case ed25519.PublicKey:
		return ed25519.Verify(public, input, signature)
	}
	return false
}
