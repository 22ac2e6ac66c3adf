package limits_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pratu/flows/kind"
	"pratu/flows/limits"
	"pratu/flows/secret"
	"pratu/storage"
	"pratu/storage/storagetest"
)

// A large budget is counted now and then, and still ends where it should, more or less; a small one is exact.
func TestSample(t *testing.T) {
	storagetest.Engines(t, func(t *testing.T, s *storage.Store) {
		ring, err := secret.NewKeyring([]byte(strings.Repeat("k", 32)))
		if err != nil {
			t.Fatal(err)
		}
		at := time.Now()
		l := &limits.Limiter{Store: s, Keyring: ring, Now: func() time.Time { return at }}
		spent := func(budget, most int) (n int, statements int64) {
			l.Overrides = map[string]limits.Override{limits.RequestAddress.Name: {Budget: budget, Window: time.Hour}}
			before := s.Statements()
			for ; n < most; n++ {
				if err := l.Sample(t.Context(), limits.RequestAddress.Of(fmt.Sprint(budget))); err != nil {
					if kind.Of(err) != kind.RateLimited {
						t.Fatal(err)
					}
					break
				}
			}
			return n, s.Statements() - before
		}
		if n, _ := spent(7, 20); n != 7 {
			t.Errorf("a budget of 7 ended after %d", n)
		}
		n, statements := spent(20_000, 30_000) // 1,000 counts of 20 each: 20 deviations from the mean is never
		if n < 16_000 || n > 29_000 || statements > 2_000 {
			t.Errorf("a budget of 20,000 ended after %d, with %d statements", n, statements)
		}
		if n, statements := spent(20_000, 100); n > 0 || statements > 0 {
			t.Errorf("beyond it, %d are let through, with %d statements", n, statements)
		}
		at = at.Add(time.Hour + time.Second)
		if n, _ := spent(20_000, 100); n != 100 {
			t.Errorf("in the next window %d are let through", n)
		}
	})
}
