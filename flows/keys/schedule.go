package keys

import (
	"context"
	"slices"
	"time"

	"pratu/flows/audit"
	"pratu/storage"
)

// AheadScheduled is how long a new key of the schedule is published before it signs: nobody is in a hurry, and some
// relying parties look at the key set once a day.
const AheadScheduled = 24 * time.Hour

// RotateDue publishes a successor for each key that signs for longer than every. It may run on all replicas at once: the
// second one finds the first one's keys.
func (s *Service) RotateDue(ctx context.Context, every time.Duration) (rotated []string, err error) {
	due, err := s.due(ctx, every)
	if err != nil || len(due) == 0 {
		return nil, err
	}
	fresh, err := s.generateAll(ctx, due, DefaultBits)
	if err != nil {
		return nil, err
	}
	err = s.Store.InTx(ctx, func(ctx context.Context) error {
		rotated = nil
		if err := s.Store.LockSigningKeys(ctx); err != nil {
			return err
		}
		still, err := s.due(ctx, every)
		if err != nil {
			return err
		}
		for _, row := range fresh {
			if !slices.Contains(still, row.Alg) {
				continue
			}
			if _, err := s.replace(ctx, row, s.Now().Add(AheadScheduled)); err != nil {
				return err
			}
			rotated = append(rotated, row.Alg)
		}
		if rotated == nil {
			return nil
		}
		return s.Audit.Append(ctx, audit.Event{Name: "key.rotated", Details: map[string]any{"algorithms": rotated, "schedule": every.String()}})
	})
	if err != nil || rotated == nil {
		return nil, err
	}
	return rotated, s.Refresh(ctx)
}

// due are the algorithms whose newest key has signed for longer than every, by the time when another one could.
func (s *Service) due(ctx context.Context, every time.Duration) ([]string, error) {
	now := s.Now()
	rows, err := s.Store.SigningKeys(ctx, storage.At(now))
	newest := map[string]time.Time{} // they come in the order in which they begin to sign
	for _, r := range rows {
		newest[r.Alg] = r.ActiveAt.Time()
	}
	return slices.DeleteFunc(Algorithms(), func(alg string) bool {
		since, known := newest[alg]
		return !known || now.Sub(since)+AheadScheduled < every
	}), err
}
