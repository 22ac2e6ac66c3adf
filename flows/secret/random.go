package secret

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"

	"github.com/google/uuid"
)

// Bytes are n random bytes. crypto/rand never fails: it ends the process instead.
func Bytes(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return b
}

// Token is an unguessable text of 256 bits: cookies, handles, mailed links, client secrets. Only its Hash is stored.
func Token() string { return base64.RawURLEncoding.EncodeToString(Bytes(32)) }

// ID is a random id of 128 bits for things whose id alone isn't a credential.
func ID() string { return base64.RawURLEncoding.EncodeToString(Bytes(16)) }

// Hash is how a random secret is stored: SHA-256 in hex. Enough from 112 random bits on (ASVS 6.5.2), and wrong for
// anything that a person chose or that has only a few digits.
func Hash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// Code is six random digits for a person to type. It has 20 bits, so it lives briefly, behind a budget of failures.
func Code() string { return fmt.Sprintf("%06d", below(1_000_000)) }

// SpareDigits is the length of a spare code: 66 bits, so that guesses needn't be counted.
const SpareDigits = 20

// Spare is a code of digits alone that works like a token: any telephone can show and type it.
func Spare() string {
	const half = 10_000_000_000
	return fmt.Sprintf("%010d%010d", below(half), below(half))
}

// SSOID is a random subject: at least 13 digits and below 2^53, so that every JSON reader keeps it exact.
func SSOID() int64 {
	const low, high = 1_000_000_000_000, 1 << 53
	return low + int64(below(high-low))
}

// OID is 12 random bytes in hex: an account's id in the game API.
func OID() string { return hex.EncodeToString(Bytes(12)) }

// UUID is a version 7 id for rows: random, and in the order of time.
func UUID() string { return uuid.Must(uuid.NewV7()).String() }

// Equal compares two secrets in constant time, whatever their lengths.
func Equal(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

// below is a uniform number in [0, n): numbers of the last, incomplete stretch are thrown away.
func below(n uint64) uint64 {
	limit := ^uint64(0) - ^uint64(0)%n
	for {
		if v := binary.BigEndian.Uint64(Bytes(8)); v < limit {
			return v % n
		}
	}
}
