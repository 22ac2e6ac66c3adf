// Package secret owns randomness and every key derived from the configured secret key: sealing of data at rest, blind
// indexes, message authentication. It knows nothing of what is sealed and stores nothing; signing keys are flows/keys'.
package secret

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"sync"

	"pratu/storage"
)

// KeySize is the length of the configured secret key.
const KeySize = 32

// Failures of a keyring. ErrSealed says no more on purpose: wrong key, wrong place and tampering look alike.
var (
	ErrKey    = errors.New("a secret key is 32 bytes")
	ErrSealed = errors.New("sealed data can't be opened: it was sealed under another secret key, or for another place, or was changed")
)

// Keyring derives one key for each purpose from the master key (HKDF-SHA-256, RFC 5869, the purpose as its info), so a
// value of one purpose never passes for another. Earlier master keys still open and find what they sealed and indexed.
type Keyring struct {
	masters []master // current first
}

type master struct {
	id   string
	key  []byte
	subs *sync.Map // label → 32-byte key
	seal *sync.Map // label → cipher.AEAD
}

// NewKeyring takes the current master key and the earlier ones that may still have data.
func NewKeyring(current []byte, previous ...[]byte) (*Keyring, error) {
	k := &Keyring{}
	for _, key := range append([][]byte{current}, previous...) {
		if len(key) != KeySize {
			return nil, ErrKey
		}
		m := master{key: key, subs: &sync.Map{}, seal: &sync.Map{}}
		id, err := m.derive("key-id")
		if err != nil {
			return nil, err
		}
		m.id = hex.EncodeToString(id[:4])
		k.masters = append(k.masters, m)
	}
	return k, nil
}

// derive is the key of a label. HKDF fails only for absurd lengths, never for these.
func (m master) derive(label string) ([]byte, error) {
	if v, ok := m.subs.Load(label); ok {
		return v.([]byte), nil
	}
	key, err := hkdf.Key(sha256.New, m.key, nil, "pratu/1/"+label, KeySize)
	if err != nil {
		return nil, fmt.Errorf("derive key: %w", err)
	}
	m.subs.Store(label, key)
	return key, nil
}

func (m master) mustDerive(label string) []byte {
	key, err := m.derive(label)
	if err != nil {
		panic(err) // unreachable: the length is a constant that HKDF allows
	}
	return key
}

func (m master) aead(label string) cipher.AEAD {
	if v, ok := m.seal.Load(label); ok {
		return v.(cipher.AEAD)
	}
	block, err := aes.NewCipher(m.mustDerive("seal/" + label))
	if err != nil {
		panic(err) // unreachable: 32 bytes are an AES-256 key
	}
	gcm, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err) // unreachable: AES has the block size that GCM needs
	}
	m.seal.Store(label, gcm)
	return gcm
}

// Key is the current 32-byte key of a purpose, for callers that need one of their own.
func (k *Keyring) Key(label string) []byte {
	return bytes.Clone(k.masters[0].mustDerive("key/" + label))
}

// KeyID names the current master key; it reveals nothing of it.
func (k *Keyring) KeyID() string { return k.masters[0].id }

// KeyIDs names all living master keys, the current first.
func (k *Keyring) KeyIDs() []string {
	ids := make([]string, len(k.masters))
	for i, m := range k.masters {
		ids[i] = m.id
	}
	return ids
}

// Seal encrypts and authenticates (AES-256-GCM, random nonce). label is the kind of data, aad the place it belongs to,
// usually the row's id: a sealed value that was moved to another row doesn't open.
func (k *Keyring) Seal(label string, plaintext []byte, aad string) string {
	m := k.masters[0]
	return m.id + "." + base64.RawURLEncoding.EncodeToString(m.aead(label).Seal(nil, nil, plaintext, []byte(aad))) //nolint:gosec // the AEAD draws the nonce itself
}

// Open is the opposite of Seal, under the current or an earlier key.
func (k *Keyring) Open(label, sealed, aad string) ([]byte, error) {
	id, text, found := strings.Cut(sealed, ".")
	if !found {
		return nil, ErrSealed
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || strings.ContainsAny(text, "\r\n") { // unused bits and line breaks make other spellings
		return nil, ErrSealed
	}
	for _, m := range k.masters {
		if m.id != id {
			continue
		}
		if plain, err := m.aead(label).Open(nil, nil, raw, []byte(aad)); err == nil {
			return plain, nil
		}
	}
	return nil, ErrSealed
}

// Digests is the blind index of a canonical contact, under every living key, the current first. A new contact is stored
// under all of them, so that uniqueness holds while keys change.
func (k *Keyring) Digests(kind, canonical string) []storage.Digest {
	list := make([]storage.Digest, len(k.masters))
	for i, m := range k.masters {
		list[i] = storage.Digest{KeyID: m.id, Digest: mac(m.mustDerive("blind-index"), kind, canonical)}
	}
	return list
}

// MAC authenticates parts for a purpose under the current key, in hex.
func (k *Keyring) MAC(label string, parts ...string) string {
	return mac(k.masters[0].mustDerive("mac/"+label), parts...)
}

// CheckMAC tells in constant time whether sum is the MAC of parts under the current or an earlier key.
func (k *Keyring) CheckMAC(label, sum string, parts ...string) bool {
	ok := false
	for _, m := range k.masters {
		ok = Equal(mac(m.mustDerive("mac/"+label), parts...), sum) || ok
	}
	return ok
}

// mac writes each part behind its length: ("ab","c") and ("a","bc") differ.
func mac(key []byte, parts ...string) string {
	h := hmac.New(sha256.New, key)
	var size [8]byte
	for _, part := range parts {
		binary.BigEndian.PutUint64(size[:], uint64(len(part)))
		h.Write(size[:])
		h.Write([]byte(part))
	}
	return hex.EncodeToString(h.Sum(nil))
}

// MACBytes is MAC as 32 bytes.
func (k *Keyring) MACBytes(label string, parts ...string) []byte {
	sum, _ := hex.DecodeString(k.MAC(label, parts...)) // our own hex
	return sum
}
