package limits

import (
	"maps"

	"pratu/storage"
)

// Suspect tells whether one of the budgets was found used up here, in a window that is open: reason to ask before work begins
// whose result nobody would hear. It asks nobody itself, and may be wrong both ways.
func (l *Limiter) Suspect(charges ...Charge) bool {
	now := storage.At(l.Now())
	for _, c := range charges {
		if state, over := l.usedUp(c); over && state.WindowEnd > now {
			return true
		}
	}
	return false
}

func (l *Limiter) usedUp(c Charge) (state storage.LimitState, over bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.over) > 0 {
		state, over = l.over[l.id(c)]
	}
	return state, over
}

// remember needs no bound: an entry costs whoever causes it a whole budget.
func (l *Limiter) remember(c Charge, state storage.LimitState, now storage.Instant) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.over) >= l.sweep {
		maps.DeleteFunc(l.over, func(_ string, other storage.LimitState) bool { return other.WindowEnd <= now })
		l.sweep = max(1000, 2*len(l.over))
	}
	if l.over == nil {
		l.over = map[string]storage.LimitState{}
	}
	l.over[l.id(c)] = state
}
