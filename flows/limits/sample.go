package limits

import (
	"context"
	"math/rand/v2"

	"pratu/storage"
)

// sampled is how many attempts a budget has for each that is written down, where it needn't be exact.
const sampled = 1000

// Sample is Take for a budget that only keeps the database small: of many attempts one in a few is counted, for all of
// them, so that the others write nothing. One that finds it used up is remembered for those that come before the window
// ends: else all that aren't counted would pass. It is exact for a small budget.
func (l *Limiter) Sample(ctx context.Context, c Charge) error {
	now, every := storage.At(l.Now()), max(l.Budget(c.Policy)/sampled, 1)
	if state, over := l.usedUp(c); over && state.WindowEnd > now {
		return limited(c.Policy, state, now)
	}
	if rand.N(every) > 0 { //nolint:gosec // which of them is counted may be guessed
		return nil
	}
	return l.Take(ctx, c.Policy.Times(every*c.Times, c.Subject))
}
