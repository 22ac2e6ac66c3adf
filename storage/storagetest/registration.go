package storagetest

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"pratu/storage"
)

// Registration is the contract of initial access tokens and of what clients bring that register themselves.
func Registration(t *testing.T, s *storage.Store) {
	token := func(id string, uses int64) storage.RegistrationToken {
		return storage.RegistrationToken{
			ID: id, Hash: "hash of " + id, Note: "ร้าน", Uses: uses, CreatedAt: start, ExpiresAt: start.Add(day),
		}
	}
	t.Run("a token works as often as it says", func(t *testing.T) {
		ok(t, s.CreateRegistrationToken(t.Context(), token("three", 3)))
		won := race(t, crowd, func(int) (bool, error) {
			return verdict(s.UseRegistrationToken(t.Context(), "three", start), storage.ErrNotFound)
		})
		_, err := s.RegistrationToken(t.Context(), "hash of three", start)
		fails(t, err, storage.ErrNotFound)
		if won != 3 {
			t.Errorf("it was used %d times", won)
		}
	})
	t.Run("and until it ends", func(t *testing.T) {
		ok(t, s.CreateRegistrationToken(t.Context(), token("day", 1)))
		got := must[storage.RegistrationToken](t)(s.RegistrationToken(t.Context(), "hash of day", start.Add(day-1)))
		if diff := cmp.Diff(token("day", 1), got); diff != "" {
			t.Error(diff)
		}
		_, err := s.RegistrationToken(t.Context(), "hash of day", start.Add(day))
		fails(t, err, storage.ErrNotFound)
		fails(t, s.UseRegistrationToken(t.Context(), "day", start.Add(day)), storage.ErrNotFound)
		if list := must[[]storage.RegistrationToken](t)(s.RegistrationTokens(t.Context())); len(list) != 2 {
			t.Errorf("%v", list)
		}
		ok(t, s.DeleteRegistrationToken(t.Context(), "day"))
		fails(t, s.DeleteRegistrationToken(t.Context(), "day"), storage.ErrNotFound)
	})
	t.Run("where a client came from stays", func(t *testing.T) {
		c := client("itself")
		c.Origin, c.RegistrationHash = storage.OriginDynamic, "hash"
		ok(t, s.CreateClient(t.Context(), c))
		c.Name, c.Origin, c.RegistrationHash = "other", "", ""
		ok(t, s.UpdateClient(t.Context(), c, c.UpdatedAt))
		got := must[storage.Client](t)(s.Client(t.Context(), "itself"))
		if got.Name != "other" || got.Origin != storage.OriginDynamic || got.RegistrationHash != "hash" {
			t.Errorf("%+v", got)
		}
	})
	t.Run("a logo goes with its client", func(t *testing.T) {
		ok(t, s.CreateClient(t.Context(), client("drawn")))
		for _, png := range []string{"b25l", "dHdv"} {
			want := storage.ClientLogo{ClientID: "drawn", URI: "https://rp.test/" + png, PNG: png}
			ok(t, s.PutClientLogo(t.Context(), want))
			if got := must[storage.ClientLogo](t)(s.ClientLogo(t.Context(), "drawn")); got != want {
				t.Errorf("%v", got)
			}
		}
		ok(t, s.DeleteClient(t.Context(), "drawn", start))
		_, err := s.ClientLogo(t.Context(), "drawn")
		fails(t, err, storage.ErrNotFound)
		fails(t, s.PutClientLogo(t.Context(), storage.ClientLogo{ClientID: "drawn"}), storage.ErrNotFound)
		ok(t, s.DeleteClientLogo(t.Context(), "drawn"))
	})
}
