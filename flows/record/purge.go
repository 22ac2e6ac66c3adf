package record

import (
	"context"
	"errors"
	"time"

	"pratu/storage"
)

// purgeTime is how long one Purge takes at most.
const purgeTime = 5 * time.Second

// Purge removes rows that are older than Keep, a batch in each transaction, with their seals from the beginning of the
// chain, and leaves the last of them as an anchor, with how many didn't fit: who makes rows look old must not have them
// vanish without a trace. Rows without a seal go too. It stops after a few seconds; the next call
// goes on. Any number of replicas may run it at once.
func (c *Chain) Purge(ctx context.Context) (rows int64, err error) {
	began := time.Now()
	for time.Since(began) < purgeTime {
		n, more, err := c.purgeSealed(ctx)
		rows += n
		if errors.Is(err, storage.ErrConflict) { // another replica was faster
			return rows, nil
		}
		if err != nil {
			return rows, err
		}
		if !more {
			n, err := c.purgeUnsealed(ctx)
			return rows + n, err
		}
	}
	return rows, nil
}

func (c *Chain) purgeSealed(ctx context.Context) (rows int64, more bool, err error) {
	anchor, err := c.mark(ctx, anchorName)
	if errors.Is(err, storage.ErrNotFound) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, err
	}
	seals, err := c.Store.SealsAfter(ctx, anchor.Position, batch)
	if err != nil {
		return 0, false, err
	}
	n := 0
	for n < len(seals) && seals[n].At <= c.end() {
		n++
	}
	if n == 0 {
		return 0, false, nil
	}
	ring, err := c.keys(ctx, false)
	if err != nil {
		return 0, false, err
	}
	k := c.checker(ring, anchor)
	if err := k.batch(ctx, seals[:n]); err != nil {
		return 0, false, err
	}
	next, over := markAt(seals[n-1]), make([]string, n)
	next.Flaws = anchor.Flaws + k.found()
	if !anchor.valid(ring, anchorName) {
		next.Flaws++
	}
	for i := range over {
		over[i] = seals[i].AuditID
	}
	err = c.Store.InTx(ctx, func(ctx context.Context) error {
		if err := c.put(ctx, ring, anchorName, anchor, next); err != nil {
			return err
		}
		rows, err = c.Store.RemoveAudit(ctx, over, next.Position)
		return err
	})
	return rows, n == batch, err
}

// purgeUnsealed removes a batch of rows that never got a seal: from before there was a sealer, or put in later.
func (c *Chain) purgeUnsealed(ctx context.Context) (int64, error) {
	var over []string
	err := c.withoutSeal(ctx, storage.AuditFilter{Until: c.end() + 1}, func(e storage.AuditEvent) bool {
		over = append(over, e.ID)
		return len(over) < batch
	})
	if err != nil {
		return 0, err
	}
	return c.Store.RemoveAudit(ctx, over, 0)
}

// end is the instant up to which rows are over.
func (c *Chain) end() storage.Instant { return storage.At(c.Now()).Add(-c.Keep) }
