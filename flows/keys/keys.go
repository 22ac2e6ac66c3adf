// Package keys owns the signing keys: made, sealed, published, rotated, and the signatures by them. A key is published
// before it signs and stays published until the last token it signed is over. It knows no claims and no HTTP.
package keys

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"pratu/flows/audit"
	"pratu/flows/kind"
	"pratu/flows/secret"
	"pratu/storage"
)

// Algorithms, in the order of the metadata. RS256 has to be offered (OpenID Connect Core section 15.1).
const (
	RS256 = "RS256"
	PS256 = "PS256"
	ES256 = "ES256"
	EdDSA = "EdDSA" // Ed25519
)

// Algorithms that sign, each with a key of its own (RFC 8725 section 3.1).
func Algorithms() []string { return []string{RS256, PS256, ES256, EdDSA} }

const (
	// Ahead is how long a new key is published before it signs: longer than clients keep the key set.
	Ahead = 15 * time.Minute
	// Keep is how long a replaced key stays published: the longest life of a token, and a margin.
	Keep = 25 * time.Hour
	// DefaultBits of RSA keys; see docs/divergences.md.
	DefaultBits = 2048
	sealLabel   = "signing-key"
)

// Service signs and verifies. All fields are required.
type Service struct {
	Store   *storage.Store
	Custody Custody
	Audit   *audit.Log
	Now     func() time.Time

	loading sync.Mutex
	set     atomic.Pointer[keySet]
}

// Info is a key without its secret.
type Info struct {
	ID        string    `json:"kid"`
	Alg       string    `json:"alg"`
	State     string    `json:"state"` // upcoming, signing, published
	CreatedAt time.Time `json:"created_at"`
	ActiveAt  time.Time `json:"active_at"`
	RetiredAt time.Time `json:"retired_at,omitzero"`
}

// Ensure makes the keys that are missing and loads all. Two replicas that start at once agree: the first one's keys win.
func (s *Service) Ensure(ctx context.Context) error {
	err := s.Store.InTx(ctx, func(ctx context.Context) error {
		if err := s.Store.LockSigningKeys(ctx); err != nil {
			return err
		}
		rows, err := s.Store.SigningKeys(ctx, storage.At(s.Now()))
		if err != nil {
			return err
		}
		for _, alg := range Algorithms() {
			if hasAlg(rows, alg) {
				continue
			}
			row, err := s.generate(ctx, alg, DefaultBits)
			if err == nil {
				_, err = s.create(ctx, row, s.Now())
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return s.Refresh(ctx)
}

func hasAlg(rows []storage.SigningKey, alg string) bool {
	for _, r := range rows {
		if r.Alg == alg {
			return true
		}
	}
	return false
}

// RotateOptions say which keys are replaced and how.
type RotateOptions struct {
	Alg  string // "" for all
	Bits int    // of an RSA key; 0: DefaultBits
	Now  bool   // sign with it at once
	// Compromised is for a key that has leaked: the new one signs at once, and everything that the old ones signed is
	// refused from now on. Relying parties learn it when they fetch the key set anew.
	Compromised bool
}

// Rotate publishes new keys. They sign after Ahead, when every client has had time to see them; what they replace stays
// published while its tokens live. Running replicas follow by themselves.
func (s *Service) Rotate(ctx context.Context, o RotateOptions) ([]Info, error) {
	if o.Bits == 0 {
		o.Bits = DefaultBits
	}
	if o.Bits < 2048 || o.Bits > 8192 || o.Bits%8 != 0 {
		return nil, kind.New(kind.Invalid, "key.bits").WithErr(errors.New("an RSA key has 2048 to 8192 bits"))
	}
	algs := Algorithms()
	if o.Alg != "" {
		if !slices.Contains(algs, o.Alg) {
			return nil, kind.New(kind.Invalid, "key.alg").WithErr(fmt.Errorf("the algorithms are %s", strings.Join(algs, ", ")))
		}
		algs = []string{o.Alg}
	}
	fresh, err := s.generateAll(ctx, algs, o.Bits)
	if err != nil {
		return nil, err
	}
	var made []Info
	err = s.Store.InTx(ctx, func(ctx context.Context) error {
		made = nil
		if err := s.Store.LockSigningKeys(ctx); err != nil {
			return err
		}
		active := s.Now()
		if !o.Now && !o.Compromised {
			active = active.Add(Ahead)
		}
		for _, row := range fresh {
			row, err := s.replace(ctx, row, active)
			if err != nil {
				return err
			}
			if o.Compromised {
				if err := s.Store.WithdrawSigningKeys(ctx, row.Alg, row.ID, storage.At(active)); err != nil {
					return err
				}
			}
			made = append(made, info(row, s.Now()))
		}
		return s.Audit.Append(ctx, audit.Event{Name: "key.rotated", Details: map[string]any{"algorithms": algs, "compromised": o.Compromised}})
	})
	if err != nil {
		return nil, err
	}
	// Where this is part of something greater nothing is signed by a key that may not come to be; a failure then is over by
	// the next look at the table.
	s.Store.AfterCommit(ctx, func(ctx context.Context) { err = s.Refresh(ctx) })
	return made, err
}

// replace writes the key that follows those of its algorithm; they stay published as long as what they sign lives.
func (s *Service) replace(ctx context.Context, row storage.SigningKey, active time.Time) (storage.SigningKey, error) {
	if err := s.Store.RetireSigningKeys(ctx, row.Alg, storage.At(s.Now()), storage.At(active), storage.At(active.Add(Keep))); err != nil {
		return storage.SigningKey{}, err
	}
	return s.create(ctx, row, active)
}

// generateAll makes a key of each algorithm, before the transaction that writes them: large ones take a minute, in which others
// want to write.
func (s *Service) generateAll(ctx context.Context, algs []string, bits int) ([]storage.SigningKey, error) {
	rows := make([]storage.SigningKey, len(algs))
	for i, alg := range algs {
		var err error
		if rows[i], err = s.generate(ctx, alg, bits); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// generate makes a key that is written nowhere yet.
func (s *Service) generate(ctx context.Context, alg string, bits int) (storage.SigningKey, error) {
	row := storage.SigningKey{ID: secret.ID(), Alg: alg}
	var err error
	row.Sealed, err = s.Custody.Make(ctx, row.ID, alg, bits)
	return row, err
}

func (s *Service) create(ctx context.Context, row storage.SigningKey, active time.Time) (storage.SigningKey, error) {
	row.CreatedAt, row.ActiveAt = storage.At(s.Now()), storage.At(active)
	return row, s.Store.CreateSigningKey(ctx, row)
}

// List shows all published keys, without their secrets.
func (s *Service) List(ctx context.Context) ([]Info, error) {
	rows, err := s.Store.SigningKeys(ctx, storage.At(s.Now()))
	if err != nil {
		return nil, err
	}
	signing := map[string]string{} // alg → kid
	for _, r := range rows {
		if r.ActiveAt <= storage.At(s.Now()) {
			signing[r.Alg] = r.ID
		}
	}
	list := make([]Info, len(rows))
	for i, r := range rows {
		list[i] = info(r, s.Now())
		if list[i].State == "signing" && signing[r.Alg] != r.ID {
			list[i].State = "published"
		}
	}
	return list, nil
}

func info(r storage.SigningKey, now time.Time) Info {
	i := Info{
		ID: r.ID, Alg: r.Alg, State: "signing", CreatedAt: r.CreatedAt.Time(), ActiveAt: r.ActiveAt.Time(),
		RetiredAt: r.RetiredAt.Time(),
	}
	if i.ActiveAt.After(now) {
		i.State = "upcoming"
	}
	return i
}

// ErrUnopened is a key that none of the configured secret keys opens.
var ErrUnopened = fmt.Errorf("signing key: %w", secret.ErrSealed)
