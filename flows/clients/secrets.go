package clients

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"strings"
	"sync"

	"pratu/flows/secret"
	"pratu/storage"
)

const (
	secretPrefix = "pratu_cs_" // for secret scanners
	hashPrefix   = "sha256:"
	minChosen    = 16 // characters of a secret that a person brings
	maxSecret    = 512
	verdictCap   = 4096
)

// hashSecret stores a secret of at least 256 random bits as SHA-256 (ASVS 6.5.2) and any other under the slow hash.
func (s *Service) hashSecret(ctx context.Context, secret string) (string, error) {
	if generated(secret) {
		return fastHash(secret), nil
	}
	return s.Hasher.Hash(ctx, secret)
}

func fastHash(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hashPrefix + hex.EncodeToString(sum[:])
}

// generated recognises secrets that a machine made: ours, or 32 bytes and more in hex or base64. Nobody types such a
// string with so many different bytes by hand.
func generated(secret string) bool {
	text := strings.TrimPrefix(secret, secretPrefix)
	var raw []byte
	for _, decode := range []func(string) ([]byte, error){
		hex.DecodeString, base64.RawURLEncoding.DecodeString, base64.RawStdEncoding.DecodeString,
		base64.URLEncoding.DecodeString, base64.StdEncoding.DecodeString,
	} {
		if b, err := decode(text); err == nil {
			raw = b
			break
		}
	}
	if len(raw) < 32 {
		return false
	}
	distinct := map[byte]bool{}
	for _, b := range raw {
		distinct[b] = true
	}
	return len(distinct) >= 20 // 32 random bytes have 30; fewer than 20 once in 10^13
}

// VerifySecret tells whether secret is one of the client's live secrets. All of them are looked at, each in constant
// time. A secret under the slow hash that was right before is recognised without hashing again; a wrong one never is
// cached, so callers limit failures.
func (s *Service) VerifySecret(ctx context.Context, c *Client, secret string) (bool, error) {
	now := storage.At(s.Now())
	ok := false
	for _, stored := range c.Secrets {
		if !stored.ExpiresAt.IsZero() && stored.ExpiresAt <= now {
			continue
		}
		match, err := s.matches(ctx, stored.Hash, secret)
		if err != nil {
			return false, err
		}
		if match && s.Used != nil {
			s.Used(stored.ID)
		}
		ok = match || ok
	}
	return ok, nil
}

func (s *Service) matches(ctx context.Context, hash, secret string) (bool, error) {
	if len(secret) > maxSecret || secret == "" {
		return false, nil
	}
	if strings.HasPrefix(hash, hashPrefix) {
		return subtle.ConstantTimeCompare([]byte(hash), []byte(fastHash(secret))) == 1, nil
	}
	if s.verdicts.known(hash, secret) {
		return true, nil
	}
	ok, _, err := s.Hasher.Verify(ctx, hash, secret)
	if ok && err == nil {
		s.verdicts.remember(hash, secret)
	}
	return ok, err
}

// verdicts remembers which secret opened which hash, as a digest salted per process: a memory dump yields nothing
// that a dump of the requests wouldn't.
type verdicts struct {
	mu   sync.Mutex
	salt string
	good map[[32]byte]bool
}

func (v *verdicts) key(hash, plain string) [32]byte {
	sum := sha256.New()
	sum.Write([]byte(v.salt))
	sum.Write([]byte(hash))
	sum.Write([]byte{0})
	sum.Write([]byte(plain))
	return [32]byte(sum.Sum(nil))
}

func (v *verdicts) known(hash, secret string) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.good != nil && v.good[v.key(hash, secret)]
}

func (v *verdicts) remember(hash, plain string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.good == nil || len(v.good) >= verdictCap {
		if v.good == nil {
			v.salt = secret.Token()
		}
		v.good = make(map[[32]byte]bool)
	}
	v.good[v.key(hash, plain)] = true
}

// Slow tells whether a secret is under the slow hash because a person chose it.
func Slow(s storage.ClientSecret) bool { return !strings.HasPrefix(s.Hash, hashPrefix) }
