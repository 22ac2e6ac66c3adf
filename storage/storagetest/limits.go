package storagetest

import (
	"slices"
	"sync/atomic"
	"testing"

	"pratu/storage"
)

// Limits is the contract of budgets.
func Limits(t *testing.T, s *storage.Store) {
	count := func(t *testing.T, id string, at storage.Instant) storage.LimitState {
		t.Helper()
		list := must[[]storage.LimitState](t)(s.CountLimits(t.Context(), []storage.LimitCount{{ID: id, Window: hour}}, at))
		if len(list) != 1 {
			t.Fatalf("%+v", list)
		}
		return list[0]
	}
	t.Run("a window begins with the first and ends", func(t *testing.T) {
		end := start.Add(hour)
		for i := range int64(3) {
			costs(t, s, 1, func() {
				got := count(t, "window", start+storage.Instant(i))
				if got != (storage.LimitState{ID: "window", Used: i + 1, WindowEnd: end}) {
					t.Errorf("%d: %+v", i, got)
				}
			})
		}
		if got := count(t, "window", end-1); got.Used != 4 || got.WindowEnd != end {
			t.Errorf("the last moment of the window: %+v", got)
		}
		if got := count(t, "window", end); got.Used != 1 || got.WindowEnd != end.Add(hour) {
			t.Errorf("the first moment after it: %+v", got)
		}
	})
	t.Run("many at once get a number each", func(t *testing.T) {
		numbers := make([]atomic.Int64, crowd+1)
		race(t, crowd, func(i int) (bool, error) {
			// In either order: they mustn't wait for each other in a ring.
			both := []storage.LimitCount{{ID: "crowd", Window: hour}, {ID: "other crowd", Window: hour}}
			if i%2 == 0 {
				slices.Reverse(both)
			}
			states, err := s.CountLimits(t.Context(), both, start)
			for _, state := range states {
				if state.ID == "crowd" {
					numbers[state.Used].Add(1)
				}
			}
			return true, err
		})
		for i := range crowd {
			if n := numbers[i+1].Load(); n != 1 {
				t.Errorf("%d got number %d", n, i+1)
			}
		}
		// A window that is over is restarted by one of them, not by each.
		race(t, crowd, func(int) (bool, error) {
			_, err := s.CountLimits(t.Context(), []storage.LimitCount{{ID: "crowd", Window: hour}}, start.Add(2*hour))
			return true, err
		})
		if got := count(t, "crowd", start.Add(2*hour)); got.Used != crowd+1 || got.WindowEnd != start.Add(3*hour) {
			t.Errorf("after a restart by many: %+v", got)
		}
	})
	t.Run("only open windows are read", func(t *testing.T) {
		count(t, "open", start)
		count(t, "open", start)
		count(t, "over", start.Add(-hour)) // ends at start
		got := must[[]storage.LimitState](t)(s.LimitUsed(t.Context(), []string{"open", "over", "never"}, start))
		if len(got) != 1 || got[0] != (storage.LimitState{ID: "open", Used: 2, WindowEnd: start.Add(hour)}) {
			t.Errorf("%+v", got)
		}
		if got := must[[]storage.LimitState](t)(s.LimitUsed(t.Context(), nil, start)); len(got) != 0 {
			t.Errorf("nothing asked: %+v", got)
		}
	})
	t.Run("several in one statement", func(t *testing.T) {
		count(t, "b", start)
		both := []storage.LimitCount{{ID: "b", Window: day}, {ID: "a", Window: day}}
		costs(t, s, 1, func() {
			if n := len(must[[]storage.LimitState](t)(s.CountLimits(t.Context(), both, start))); n != 2 {
				t.Errorf("%d states", n)
			}
		})
		if a, b := count(t, "a", start), count(t, "b", start); a.Used != 2 || a.WindowEnd != start.Add(day) || b.Used != 3 || b.WindowEnd != start.Add(hour) {
			t.Errorf("%+v %+v", a, b)
		}
		for range 4 {
			ok(t, s.UncountLimits(t.Context(), []storage.LimitCount{{ID: "b"}, {ID: "a"}, {ID: "never"}}))
		}
		if a, b := count(t, "a", start), count(t, "b", start); a.Used != 1 || b.Used != 1 {
			t.Errorf("taken back, but never below nothing: %+v %+v", a, b)
		}
	})
	t.Run("reset", func(t *testing.T) {
		count(t, "reset", start)
		count(t, "kept", start)
		ok(t, s.ResetLimits(t.Context(), []string{"reset", "never"}))
		ok(t, s.ResetLimits(t.Context(), []string{"reset"}))
		if got := count(t, "reset", start); got.Used != 1 {
			t.Errorf("%+v", got)
		}
		if got := count(t, "kept", start); got.Used != 2 {
			t.Errorf("a neighbour was reset: %+v", got)
		}
	})
}
