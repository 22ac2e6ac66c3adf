package passwords

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/pbkdf2"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/go-crypt/crypt"
	"golang.org/x/crypto/scrypt"
)

// matcher is a stored hash that tells whether a password is its own.
type matcher interface{ Match(password string) bool }

// Bounds of what an imported hash may cost: it came from elsewhere, and would be paid for at every sign-in.
const (
	maxRounds    = 10_000_000 // of PBKDF2
	maxCostLog   = 18         // of scrypt: with eight blocks, 256 MiB
	maxBlockSize = 16
	maxBcrypt    = 16
	maxMemory    = 1 << 20 // of argon2, in KiB
	maxPasses    = 64      // of argon2
	maxLanes     = 16
)

// Numbers by which a hash in the spelling of PHC costs: what is named, and what stands by itself.
var (
	namedCost = regexp.MustCompile(`[$,](ln|m|t|p|r|rounds)=(\d+)`)
	bareCost  = regexp.MustCompile(`^\$(2[abxy]?|pbkdf2[^$]*)\$(\d+)\$`)
	modest    = regexp.MustCompile(`^\$y\$j[./0-9A-F][./0-9A-T]\$`) // yescrypt writes numbers as letters: 2^18 and 32 at most
	mostCosts = map[string]int{"ln": maxCostLog, "m": maxMemory, "t": maxPasses, "p": maxLanes, "r": maxBlockSize, "rounds": maxRounds}
)

// affordable tells whether whoever made a hash in the spelling of PHC would have wanted to sign in by it.
func affordable(stored string) bool {
	if strings.HasPrefix(stored, "$y$") && !modest.MatchString(stored) {
		return false
	}
	numbers := append(namedCost.FindAllStringSubmatch(stored, -1), bareCost.FindAllStringSubmatch(stored, -1)...)
	return !slices.ContainsFunc(numbers, func(found []string) bool {
		most, named := mostCosts[found[1]]
		switch {
		case named:
		case strings.HasPrefix(found[1], "2"):
			most = maxBcrypt
		default:
			most = maxRounds
		}
		n, err := strconv.Atoi(found[2])
		return err != nil || n > most
	})
}

// decode reads a hash in any format that we made or import. go-crypt reads argon2, bcrypt, scrypt, SHA-crypt and PBKDF2 in
// the spelling of PHC; the spellings of Django and of Firebase are read here.
func decode(stored string) (matcher, error) {
	switch {
	case strings.HasPrefix(stored, djangoPrefix):
		return decodeDjango(stored)
	case strings.HasPrefix(stored, firebasePrefix):
		return decodeFirebase(stored)
	}
	digest, err := crypt.Decode(stored)
	if err != nil || !affordable(stored) {
		return nil, ErrUnreadable // go-crypt's error would quote parts of the hash
	}
	return digest, nil
}

// Readable tells whether a stored hash is in a format that passwords are checked by.
func Readable(stored string) bool {
	_, err := decode(stored)
	return err == nil
}

const djangoPrefix = "pbkdf2_sha256$"

// django is pbkdf2_sha256$ROUNDS$SALT$KEY. The salt is taken as it is written, and not decoded.
type django struct {
	rounds int
	salt   string
	key    []byte
}

func decodeDjango(stored string) (matcher, error) {
	parts := strings.Split(stored, "$")
	if len(parts) != 4 {
		return nil, ErrUnreadable
	}
	rounds, err := strconv.Atoi(parts[1])
	key, wrong := base64.StdEncoding.DecodeString(parts[3])
	if err != nil || wrong != nil || rounds < 1 || rounds > maxRounds || len(key) != sha256.Size {
		return nil, ErrUnreadable
	}
	return django{rounds, parts[2], key}, nil
}

func (d django) Match(password string) bool {
	key, err := pbkdf2.Key(sha256.New, password, []byte(d.salt), d.rounds, len(d.key))
	return err == nil && subtle.ConstantTimeCompare(key, d.key) == 1
}

const firebasePrefix = "$fbscrypt$"

// firebase is $fbscrypt$v=1,n=COST,r=ROUNDS,p=1,ss=SEPARATOR,sk=SIGNER$SALT$HASH, the spelling in which others import what
// Firebase exports: scrypt makes a key of the password, and the hash is the project's signer key encrypted with it.
type firebase struct {
	cost, rounds int
	salt         []byte // with the separator
	signer, hash []byte
}

func decodeFirebase(stored string) (matcher, error) {
	parts := strings.Split(stored, "$")
	if len(parts) != 5 {
		return nil, ErrUnreadable
	}
	settings := map[string]string{}
	for part := range strings.SplitSeq(parts[2], ",") {
		name, value, _ := strings.Cut(part, "=")
		settings[name] = value
	}
	number := func(name string, most int) int {
		n, err := strconv.Atoi(settings[name])
		if err != nil || n < 1 || n > most {
			return 0
		}
		return n
	}
	f := firebase{cost: number("n", maxCostLog), rounds: number("r", maxBlockSize)}
	salt, separator := lenient(parts[3]), lenient(settings["ss"])
	f.salt = append(salt, separator...)
	f.signer, f.hash = lenient(settings["sk"]), lenient(parts[4])
	if settings["v"] != "1" || settings["p"] != "1" || f.cost == 0 || f.rounds == 0 || len(salt) == 0 || len(f.signer) == 0 || len(f.signer) != len(f.hash) {
		return nil, ErrUnreadable
	}
	return f, nil
}

// lenient reads both alphabets of base64: Firebase exports in one and shows its settings in the other. nil is unreadable.
func lenient(text string) []byte {
	raw, err := base64.RawStdEncoding.DecodeString(strings.NewReplacer("-", "+", "_", "/", "=", "").Replace(text))
	if err != nil {
		return nil
	}
	return raw
}

func (f firebase) Match(password string) bool {
	key, err := scrypt.Key([]byte(password), f.salt, 1<<f.cost, f.rounds, 1, 32)
	if err != nil {
		return false
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return false
	}
	hash := make([]byte, len(f.signer))
	cipher.NewCTR(block, make([]byte, aes.BlockSize)).XORKeyStream(hash, f.signer) //nolint:gosec // the format's; each key is used once
	return subtle.ConstantTimeCompare(hash, f.hash) == 1
}
