package keys

import (
	"context"
	"errors"
	"slices"

	"pratu/flows/audit"
	"pratu/flows/kind"
	"pratu/storage"
)

// Retire takes a key that no longer signs out of the key set before its time: whatever it signed is refused from now on. One
// that signs, or is going to, has to be replaced first: nothing could be signed otherwise.
func (s *Service) Retire(ctx context.Context, kid string) error {
	err := s.Store.InTx(ctx, func(ctx context.Context) error {
		if err := s.Store.LockSigningKeys(ctx); err != nil {
			return err
		}
		list, err := s.List(ctx)
		if err != nil {
			return err
		}
		unknown := kind.New(kind.NotFound, "key.unknown")
		i := slices.IndexFunc(list, func(k Info) bool { return k.ID == kid })
		switch {
		case i < 0:
			return unknown
		case list[i].State != "published":
			return kind.New(kind.Conflict, "key.in_use").WithArg("alg", list[i].Alg)
		}
		if err := s.Store.EndSigningKey(ctx, kid, storage.At(s.Now())); errors.Is(err, storage.ErrNotFound) {
			return unknown.WithErr(err)
		} else if err != nil {
			return err
		}
		return s.Audit.Append(ctx, audit.Event{Name: "key.retired", Details: map[string]any{"kid": kid, "alg": list[i].Alg}})
	})
	if err != nil {
		return err
	}
	return s.Refresh(ctx)
}
