package keys

import (
	"context"
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
	err = s.Store.InTx(ctx, func(ctx context.Context) error {
		rotated = nil
		if err := s.Store.LockSigningKeys(ctx); err != nil {
			return err
		}
		now := s.Now()
		rows, err := s.Store.SigningKeys(ctx, storage.At(now))
		if err != nil {
			return err
		}
		newest := map[string]time.Time{} // they come in the order in which they begin to sign
		for _, r := range rows {
			newest[r.Alg] = r.ActiveAt.Time()
		}
		for _, alg := range Algorithms() {
			if since, known := newest[alg]; !known || now.Sub(since)+AheadScheduled < every {
				continue
			}
			row, err := s.generate(ctx, alg, DefaultBits)
			if err == nil {
				_, err = s.replace(ctx, row, now.Add(AheadScheduled))
			}
			if err != nil {
				return err
			}
			rotated = append(rotated, alg)
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
