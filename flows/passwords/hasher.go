// Package passwords owns how a password is judged and hashed: normal form, length, blocklist, argon2id, how many hashes
// run at once. It doesn't know whose password it is, counts no failures and stores nothing.
package passwords

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-crypt/crypt/algorithm/argon2"
	"golang.org/x/text/unicode/norm"

	"pratu/flows/kind"
	"pratu/flows/secret"
)

// Params are the cost of a hash. Zero fields take the value of Default.
type Params struct {
	MemoryKiB   int
	Iterations  int
	Parallelism int
	Workers     int // hashes at once; 0: half of the processors
}

// Cheap is for tests whose subject isn't the cost.
var Cheap = Params{MemoryKiB: 64, Iterations: 1, Parallelism: 1, Workers: 4}

const (
	saltSize = 16
	keySize  = 32
	// queue is how many callers may wait for each worker. Beyond it the answer is "busy" at once: a queue that nobody
	// waits for to its end only turns an attack on the processor into one on memory.
	queue = 64
)

// ErrUnreadable is a stored hash in no known format.
var ErrUnreadable = errors.New("stored password hash is unreadable")

// Hasher hashes and verifies, a few at a time: 19 MiB and 50 ms each are a weapon in the hands of whoever can ask for many.
type Hasher struct {
	hasher  *argon2.Hasher
	prefix  string // of the hashes it makes, so that others are known as old
	slots   chan struct{}
	waiting atomic.Int64
	done    atomic.Int64
	decoy   func() string
}

// New makes a hasher.
func New(p Params) *Hasher {
	p = p.withDefaults()
	hasher, err := argon2.New(argon2.WithVariantID(), argon2.WithMemoryInKiB(uint32(p.MemoryKiB)),
		argon2.WithIterations(p.Iterations), argon2.WithParallelism(p.Parallelism), argon2.WithKeyLength(keySize))
	if err != nil {
		panic(err) // unreachable: withDefaults keeps the parameters inside argon2's limits
	}
	h := &Hasher{
		hasher: hasher,
		prefix: fmt.Sprintf("$argon2id$v=19$m=%d,t=%d,p=%d$", p.MemoryKiB, p.Iterations, p.Parallelism),
		slots:  make(chan struct{}, p.Workers),
	}
	h.decoy = sync.OnceValue(func() string { return h.hash(secret.Token()) })
	return h
}

func (p Params) withDefaults() Params {
	if p.MemoryKiB <= 0 {
		p.MemoryKiB = Default.MemoryKiB
	}
	if p.Iterations <= 0 {
		p.Iterations = Default.Iterations
	}
	if p.Parallelism <= 0 {
		p.Parallelism = Default.Parallelism
	}
	if p.Workers <= 0 {
		p.Workers = max(1, runtime.GOMAXPROCS(0)/2)
	}
	// argon2 rounds memory down to a multiple of 4 × lanes; the stored parameter would differ from ours for ever.
	step := 4 * p.Parallelism
	p.MemoryKiB = max(p.MemoryKiB/step*step, 2*step)
	return p
}

// Hash is the PHC string of a password.
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	release, err := h.acquire(ctx)
	if err != nil {
		return "", err
	}
	defer release()
	return h.hash(norm.NFC.String(password)), nil
}

func (h *Hasher) hash(normal string) string {
	digest, err := h.hasher.HashWithSalt(normal, secret.Bytes(saltSize))
	if err != nil {
		panic(err) // unreachable: salt and password are within argon2's limits
	}
	return digest.Encode()
}

// Verify tells whether the password is the one hashed in phc, and whether it should be hashed anew: older parameters,
// another algorithm, or a form that isn't NFC. A hash that came from elsewhere may be over the bytes as they were typed,
// so these are tried after the normal form.
func (h *Hasher) Verify(ctx context.Context, phc, password string) (ok, rehash bool, err error) {
	release, err := h.acquire(ctx)
	if err != nil {
		return false, false, err
	}
	defer release()
	digest, err := decode(phc)
	if err != nil {
		return false, false, err
	}
	old := !strings.HasPrefix(phc, h.prefix)
	normal := norm.NFC.String(password)
	if digest.Match(normal) {
		return true, old, nil
	}
	if normal != password && digest.Match(password) {
		return true, true, nil
	}
	return false, false, nil
}

// Decoy costs what Verify costs for a wrong password, for identifiers that nobody has and accounts without a password.
// Answering faster would tell who is registered (HP-04).
func (h *Hasher) Decoy(ctx context.Context, password string) error {
	_, _, err := h.Verify(ctx, h.decoy(), password)
	return err
}

// Hashes counts the hashes and verifications so far. Tests assert costs by it instead of by a clock.
func (h *Hasher) Hashes() int64 { return h.done.Load() }

func (h *Hasher) acquire(ctx context.Context) (release func(), err error) {
	busy := kind.New(kind.Unavailable, "server.busy").WithRetryAfter(2 * time.Second)
	if h.waiting.Add(1) > int64(queue*cap(h.slots)) {
		h.waiting.Add(-1)
		return nil, busy
	}
	defer h.waiting.Add(-1)
	select {
	case h.slots <- struct{}{}:
		h.done.Add(1)
		return func() { <-h.slots }, nil
	case <-ctx.Done():
		return nil, busy.WithErr(ctx.Err())
	}
}
