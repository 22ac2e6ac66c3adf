package record

import (
	"context"

	"pratu/flows/secret"
	"pratu/storage"
)

// checker follows the chain from one of its ends.
type checker struct {
	chain    *Chain
	ring     *secret.Keyring
	position int64
	unknown  bool // what the next row hangs on isn't known
	// previous are hashes that the next row may hang on: one usually, more behind rows that don't fit.
	previous []candidate
	erased   map[string]bool
	report   Report
}

// candidate is a hash that a row may hang on. computed: it isn't what the seal says, but what it should.
type candidate struct {
	hash     string
	computed bool
}

// maxCandidates bounds what is tried behind many rows that don't fit.
const maxCandidates = 16

func (c *Chain) checker(ring *secret.Keyring, from Mark) *checker {
	return &checker{
		chain: c, ring: ring, position: from.Position, previous: []candidate{{hash: from.Hash}}, erased: map[string]bool{},
		report: Report{Findings: []Finding{}},
	}
}

func (k *checker) find(f Finding) { k.report.add(f) }

func (k *checker) found() int64 { return int64(len(k.report.Findings)) + k.report.More }

// all checks what follows, up to a position.
func (k *checker) all(ctx context.Context, to int64) error {
	for {
		seals, err := k.chain.Store.SealsAfter(ctx, k.position, batch)
		if err != nil {
			return err
		}
		for len(seals) > 0 && seals[len(seals)-1].Position > to {
			seals = seals[:len(seals)-1]
		}
		if len(seals) == 0 {
			return nil
		}
		if err := k.batch(ctx, seals); err != nil {
			return err
		}
	}
}

// batch checks seals that follow each other.
func (k *checker) batch(ctx context.Context, seals []storage.AuditSeal) error {
	list := make([]string, len(seals))
	for i, s := range seals {
		list[i] = s.AuditID
	}
	rows, err := k.chain.Store.AuditByIDs(ctx, list)
	if err != nil {
		return err
	}
	for _, s := range seals {
		if s.Position != k.position+1 {
			k.find(Finding{Flaw: Cut, Position: k.position + 1, Last: s.Position - 1})
			k.unknown = true
		}
		k.position = s.Position
		k.report.Rows++
		if e, there := rows[s.AuditID]; !there {
			k.find(Finding{Flaw: Removed, Position: s.Position, ID: s.AuditID, At: s.At})
			k.follow(s)
		} else if err := k.row(ctx, s, e); err != nil {
			return err
		}
	}
	return nil
}

// follow has the next row hang on a seal.
func (k *checker) follow(s storage.AuditSeal) {
	k.unknown, k.previous = false, []candidate{{hash: s.Hash}}
}

func (k *checker) row(ctx context.Context, s storage.AuditSeal, e storage.AuditEvent) error {
	finding := Finding{Flaw: Changed, Position: s.Position, ID: e.ID, Event: e.Event, At: e.At}
	whole, err := k.details(ctx, s, e)
	if err != nil {
		return err
	}
	if k.unknown {
		if !whole {
			k.find(finding)
		}
		k.follow(s)
		return nil
	}
	for _, p := range k.previous {
		if link(k.ring, p.hash, s, e) != s.Hash {
			continue
		}
		if n := len(k.report.Findings); p.computed && n > 0 && k.report.Findings[n-1].Flaw == Changed {
			k.report.Findings[n-1].Flaw = Resealed // what hangs on it says what the seal was
		}
		if !whole {
			k.find(finding)
		}
		k.follow(s)
		return nil
	}
	k.find(finding)
	if len(k.previous) < maxCandidates {
		k.previous = append(k.previous, candidate{hash: s.Hash}, candidate{hash: link(k.ring, k.previous[0].hash, s, e), computed: true})
	}
	return nil
}

// details tells whether a row's details are what was sealed, or went with the account that was erased.
func (k *checker) details(ctx context.Context, s storage.AuditSeal, e storage.AuditEvent) (bool, error) {
	if secret.Equal(details(k.ring, e), s.Details) {
		return true, nil
	}
	if e.Details != noDetails || e.AccountID == "" {
		return false, nil
	}
	gone, known := k.erased[e.AccountID]
	if !known {
		var err error
		if gone, err = k.chain.Store.Erased(ctx, e.AccountID); err != nil {
			return false, err
		}
		k.erased[e.AccountID] = gone
	}
	if gone {
		k.report.Emptied++
	}
	return gone, nil
}
