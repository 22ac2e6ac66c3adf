package secret

import (
	"context"

	"pratu/storage"
)

// Reseal seals the values of a vault under the current master key, where an earlier one sealed them, in batches beside
// everything else. What no living key opens stays as it is: its key may come back.
func (k *Keyring) Reseal(ctx context.Context, store *storage.Store, vault storage.Vault, label string) error {
	if len(k.masters) == 1 {
		return nil
	}
	const batch = 500
	for after := ""; ; {
		list, err := store.SealedBefore(ctx, vault, k.KeyID(), after, batch)
		if err != nil || len(list) == 0 {
			return err
		}
		after = list[len(list)-1].ID
		work := list[:0]
		for _, v := range list {
			if plain, err := k.Open(label, v.Value, v.ID); err == nil {
				v.Fresh = k.Seal(label, plain, v.ID)
				work = append(work, v)
			}
		}
		if err := store.Reseal(ctx, vault, work); err != nil {
			return err
		}
	}
}
