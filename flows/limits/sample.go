package limits

import (
	"context"
	"maps"
	"math/rand/v2"

	"pratu/flows/kind"
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
	err := l.Take(ctx, c.Policy.Times(every*c.Times, c.Subject))
	if known, ok := kind.As(err); ok && known.Kind == kind.RateLimited {
		l.remember(c, storage.LimitState{WindowEnd: now.Add(known.RetryAfter)}, now)
	}
	return err
}

func (l *Limiter) usedUp(c Charge) (state storage.LimitState, over bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	state, over = l.over[l.id(c)]
	return state, over
}

// remember needs no bound: an entry costs whoever causes it a whole budget.
func (l *Limiter) remember(c Charge, state storage.LimitState, now storage.Instant) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over == nil {
		l.over = map[string]storage.LimitState{}
	}
	maps.DeleteFunc(l.over, func(_ string, other storage.LimitState) bool { return other.WindowEnd <= now })
	l.over[l.id(c)] = state
}
