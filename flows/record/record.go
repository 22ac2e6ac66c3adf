// Package record owns what becomes of the record of events once it is written: a sealer chains its rows, anybody with the
// secret key can verify that none was changed, removed or put in between, it is exported, and it goes when its time is
// over. What an event says, and writing it, is flows/audit's.
package record

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"sync"
	"time"

	"pratu/flows/secret"
	"pratu/storage"
)

// Keep is how long the record goes back unless configured otherwise.
const Keep = 90 * 24 * time.Hour

// Chain is the chained record. All fields but Sealed are required.
type Chain struct {
	Store   *storage.Store
	Keyring *secret.Keyring
	Keep    time.Duration
	Now     func() time.Time
	// Sealed is told of rows in the order of the chain, each once, in the transaction that seals them.
	Sealed func(ctx context.Context, rows []storage.AuditEvent) error

	mu     sync.Mutex
	ring   *secret.Keyring // of the chain's own key
	holder string
	turns  int
	known  map[string]storage.Instant // rows that this sealer sealed lately
}

// Names of settings, and what their MACs are for.
const (
	chainKey   = "audit-chain-key"
	headName   = "audit-chain-head"
	anchorName = "audit-chain-anchor"
	sealLabel  = "audit-seal"
	emptyLabel = "audit-details"
)

// ErrKey tells that the chain's key can't be opened: it is sealed under another secret key, or was changed.
var ErrKey = errors.New("record: the key of the chain can't be opened")

// Mark is an end of the chain: the last row that was sealed, or that retention took.
type Mark struct {
	Position int64           `json:"position"`
	Hash     string          `json:"hash"`
	At       storage.Instant `json:"at"`
	Flaws    int64           `json:"flaws,omitempty"` // that retention met up to here, since what it takes can't be verified again
	MAC      string          `json:"mac"`

	text string // as it is stored; "" when it isn't
}

// String is how a mark is noted elsewhere, to be expected later.
func (m Mark) String() string { return strconv.FormatInt(m.Position, 10) + ":" + m.Hash }

// Head is the last row that was sealed; zero before the first.
func (c *Chain) Head(ctx context.Context) (Mark, error) {
	m, _, err := c.marked(ctx, headName)
	return m, err
}

// keys are the chain's. They aren't derived from the secret key, since a chain outlives that: they are made once, kept
// sealed, and sealed anew when the secret key was replaced. ErrNotFound: nothing was sealed yet.
func (c *Chain) keys(ctx context.Context, create bool) (*secret.Keyring, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ring != nil {
		return c.ring, nil
	}
	sealed, err := c.Store.Setting(ctx, chainKey)
	if errors.Is(err, storage.ErrNotFound) && create {
		err = c.Store.Claim(ctx, chainKey, c.Keyring.Seal(chainKey, secret.Bytes(secret.KeySize), chainKey), storage.At(c.Now()))
		if err == nil || errors.Is(err, storage.ErrExists) { // another replica's is as good
			sealed, err = c.Store.Setting(ctx, chainKey)
		}
	}
	if err != nil {
		return nil, err
	}
	key, err := c.Keyring.Open(chainKey, sealed, chainKey)
	if err != nil {
		return nil, ErrKey
	}
	if !strings.HasPrefix(sealed, c.Keyring.KeyID()+".") {
		again := c.Keyring.Seal(chainKey, key, chainKey)
		if err := c.Store.ReplaceSetting(ctx, chainKey, sealed, again, storage.At(c.Now())); err != nil && !errors.Is(err, storage.ErrNotFound) {
			return nil, err
		}
	}
	c.ring, err = secret.NewKeyring(key)
	return c.ring, err
}

// Reseal seals the chain's key under the current secret key.
func (c *Chain) Reseal(ctx context.Context) error {
	_, err := c.keys(ctx, false)
	if errors.Is(err, storage.ErrNotFound) {
		return nil
	}
	return err
}

// mark reads an end of the chain. Whether it is ours, valid says.
func (c *Chain) mark(ctx context.Context, name string) (Mark, error) {
	text, err := c.Store.Setting(ctx, name)
	if err != nil {
		return Mark{}, err
	}
	var m Mark
	if json.Unmarshal([]byte(text), &m) != nil {
		m = Mark{}
	}
	m.text = text
	return m, nil
}

func (m Mark) mac(ring *secret.Keyring, name string) string {
	return ring.MAC(name, strconv.FormatInt(m.Position, 10), m.Hash, strconv.FormatInt(int64(m.At), 10), strconv.FormatInt(m.Flaws, 10))
}

func (m Mark) valid(ring *secret.Keyring, name string) bool {
	return secret.Equal(m.MAC, m.mac(ring, name))
}

// put writes an end of the chain over the one that was read: who was faster wins, and the other gets ErrConflict.
func (c *Chain) put(ctx context.Context, ring *secret.Keyring, name string, old, m Mark) error {
	m.MAC = m.mac(ring, name)
	raw, err := json.Marshal(m)
	if err != nil {
		return err
	}
	if old.text == "" {
		err = c.Store.Claim(ctx, name, string(raw), storage.At(c.Now()))
	} else {
		err = c.Store.ReplaceSetting(ctx, name, old.text, string(raw), storage.At(c.Now()))
	}
	if errors.Is(err, storage.ErrNotFound) || errors.Is(err, storage.ErrExists) {
		return storage.ErrConflict
	}
	return err
}

// details is the MAC of a row's details, apart from the rest: erasing an account empties them.
func details(ring *secret.Keyring, e storage.AuditEvent) string {
	if e.Details == noDetails {
		return ""
	}
	return ring.MAC(emptyLabel, e.ID, e.Details)
}

const noDetails = "{}"

// link is the hash of a row behind another. Every part stands behind its length, so that no text moves from one column
// into the next. The seal's instant is among them: retention goes by it.
func link(ring *secret.Keyring, previous string, s storage.AuditSeal, e storage.AuditEvent) string {
	n := func(v int64) string { return strconv.FormatInt(v, 10) }
	return ring.MAC(sealLabel, previous, n(s.Position), n(int64(s.At)), e.ID, n(int64(e.At)), e.Event, e.Outcome, e.ActorKind, e.ActorID,
		e.AccountID, e.ClientID, e.SessionID, e.IP, e.UserAgent, e.RequestID, e.Reason, s.Details)
}
