package record

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"pratu/flows/secret"
	"pratu/storage"
)

const (
	batch = 500 // rows of one transaction
	// recent and late are how far behind the last sealed row one looks for rows without a seal, usually and now and then:
	// transactions commit in another order than their rows' instants, within what a statement may take and clocks differ.
	recent    = 5 * time.Second
	late      = 10 * time.Minute
	lateTurns = 300
	// lease is longer than a turn takes, so that replicas don't alternate.
	lease     = 30 * time.Second
	leaseName = "sealer"
	// fresh is how far before the end of its time a row gets no seal any more: earlier versions of the program remove rows
	// without looking for one.
	fresh = 24 * time.Hour
)

// Seal chains the rows that have no seal yet, and tells how many. When there are none it writes nothing. Any number of
// replicas may call it: one of them gets the lease, and each step is guarded by the head it goes on from.
func (c *Chain) Seal(ctx context.Context) (sealed int, err error) {
	if c.holder == "" {
		c.holder = secret.ID()
	}
	window := recent
	if c.turns%lateTurns == 0 {
		window = late
	}
	c.turns++
	for {
		n, err := c.step(ctx, window)
		sealed += n
		if errors.Is(err, storage.ErrConflict) || errors.Is(err, storage.ErrExists) { // another replica was faster
			return sealed, nil
		}
		if err != nil || n < batch {
			return sealed, err
		}
	}
}

func (c *Chain) step(ctx context.Context, window time.Duration) (int, error) {
	head, anchor, err := c.ends(ctx)
	if err != nil {
		return 0, err
	}
	now, err := c.Store.Clock(ctx) // not the replica's: one that is ahead must not hide what others write
	if err != nil {
		return 0, err
	}
	rows, err := c.unsealed(ctx, max(head.At.Add(-window), anchor.At), batch)
	if err != nil || len(rows) == 0 {
		return 0, err
	}
	ring, err := c.keys(ctx, true)
	if err != nil {
		return 0, err
	}
	next, seals := head, make([]storage.AuditSeal, len(rows))
	for i, e := range rows {
		s := storage.AuditSeal{Position: next.Position + 1, AuditID: e.ID, At: max(next.At, min(e.At, storage.At(now))), Details: details(ring, e)}
		s.Hash = link(ring, next.Hash, s, e)
		seals[i], next = s, markAt(s)
	}
	mine := false
	err = c.Store.InTx(ctx, func(ctx context.Context) error {
		var err error
		if mine, err = c.Store.AcquireLease(ctx, leaseName, c.holder, storage.At(c.Now()), lease); err != nil || !mine {
			return err
		}
		if err := c.put(ctx, ring, headName, head, next); err != nil {
			return err
		}
		if err := c.Store.AppendSeals(ctx, seals); err != nil {
			return err
		}
		if c.Sealed != nil {
			return c.Sealed(ctx, rows)
		}
		return nil
	})
	if err != nil || !mine {
		return 0, err
	}
	c.remember(seals, next.At.Add(-recent))
	return len(rows), nil
}

// remember notes what got a seal just now, until it is too old to be looked at in the next turns.
func (c *Chain) remember(seals []storage.AuditSeal, since storage.Instant) {
	maps.DeleteFunc(c.known, func(_ string, at storage.Instant) bool { return at < since })
	if c.known == nil {
		c.known = map[string]storage.Instant{}
	}
	for _, x := range seals {
		c.known[x.AuditID] = x.At
	}
}

func markAt(s storage.AuditSeal) Mark { return Mark{Position: s.Position, Hash: s.Hash, At: s.At} }

// ends are the ends of the chain. Without an anchor one is written: the chain begins with what retention leaves for a while.
func (c *Chain) ends(ctx context.Context) (head, anchor Mark, err error) {
	if anchor, err = c.mark(ctx, anchorName); errors.Is(err, storage.ErrNotFound) {
		var ring *secret.Keyring
		if ring, err = c.keys(ctx, true); err != nil {
			return head, anchor, err
		}
		first := Mark{At: storage.At(c.Now()).Add(-max(c.Keep-fresh, c.Keep/2))}
		if err = c.put(ctx, ring, anchorName, Mark{}, first); err != nil && !errors.Is(err, storage.ErrConflict) {
			return head, anchor, err
		}
		anchor, err = c.mark(ctx, anchorName)
	}
	if err != nil {
		return head, anchor, err
	}
	if head, err = c.mark(ctx, headName); errors.Is(err, storage.ErrNotFound) {
		return Mark{At: anchor.At}, anchor, nil
	}
	return head, anchor, err
}

// unsealed are rows from an instant on that have no seal, the oldest first. Each turn looks at rows of the turns before as
// well: of those it reads nothing but the ids, and remembers that it sealed them.
func (c *Chain) unsealed(ctx context.Context, from storage.Instant, limit int) (list []storage.AuditEvent, err error) {
	var last storage.AuditID
	for last.At = from; len(list) < limit; {
		page, err := c.Store.AuditIDs(ctx, last, batch)
		if err != nil || len(page) == 0 {
			return list, err
		}
		last = page[len(page)-1]
		var open []string
		for _, e := range page {
			if _, sealed := c.known[e.ID]; !sealed {
				open = append(open, e.ID)
			}
		}
		rows, err := c.withoutSeals(ctx, open)
		if err != nil {
			return nil, err
		}
		list = append(list, rows[:min(len(rows), limit-len(list))]...)
		if len(page) < batch {
			break
		}
	}
	return list, nil
}

// withoutSeals are those of the rows that have no seal, in the order of ids.
func (c *Chain) withoutSeals(ctx context.Context, ids []string) (list []storage.AuditEvent, err error) {
	seals, err := c.Store.SealsOf(ctx, ids)
	if err != nil {
		return nil, err
	}
	ids = slices.DeleteFunc(ids, func(id string) bool { _, sealed := seals[id]; return sealed })
	rows, err := c.Store.AuditByIDs(ctx, ids)
	for _, id := range ids {
		if row, there := rows[id]; there { // else retention took it meanwhile
			list = append(list, row)
		}
	}
	return list, err
}

// withoutSeal walks over the rows that have no seal, the oldest first, until visit says no. Which rows have one is asked
// for by key, a batch at a time: a join would be planned for a table that was small.
func (c *Chain) withoutSeal(ctx context.Context, f storage.AuditFilter, visit func(storage.AuditEvent) bool) error {
	return c.walk(ctx, f, func(rows []storage.AuditEvent, seals map[string]storage.AuditSeal) (bool, error) {
		for _, e := range rows {
			if _, sealed := seals[e.ID]; !sealed && !visit(e) {
				return false, nil
			}
		}
		return true, nil
	})
}

// walk reads the record with its seals, a batch at a time, the oldest first, until visit says no.
func (c *Chain) walk(ctx context.Context, f storage.AuditFilter, visit func([]storage.AuditEvent, map[string]storage.AuditSeal) (bool, error)) error {
	f.Limit = batch
	for {
		rows, err := c.Store.AuditForward(ctx, f)
		if err != nil || len(rows) == 0 {
			return err
		}
		seals, err := c.Store.SealsOf(ctx, ids(rows))
		if err != nil {
			return err
		}
		if more, err := visit(rows, seals); err != nil || !more || len(rows) < batch {
			return err
		}
		last := rows[len(rows)-1]
		f.At, f.ID = last.At, last.ID
	}
}

func ids(rows []storage.AuditEvent) []string {
	list := make([]string, len(rows))
	for i, e := range rows {
		list[i] = e.ID
	}
	return list
}
