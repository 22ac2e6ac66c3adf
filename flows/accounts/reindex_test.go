package accounts_test

import (
	"fmt"
	"strings"
	"testing"

	"pratu/flows/accounts"
	"pratu/flows/kind"
	"pratu/flows/secret"
)

// The secret key is replaced without downtime: under two keys everybody is found, and unique, also whom a replica writes that
// doesn't know the new key yet; then the old one can go.
func TestReindex(t *testing.T) {
	each(t, func(w *world) {
		old, fresh := []byte(strings.Repeat("k", 32)), []byte(strings.Repeat("n", 32))
		create := func(s *accounts.Service, email string) error {
			_, err := s.Create(w.t.Context(), accounts.New{Email: email, EmailVerified: true})
			return err
		}
		with := func(keys ...[]byte) *accounts.Service {
			ring, err := secret.NewKeyring(keys[0], keys[1:]...)
			if err != nil {
				w.t.Fatal(err)
			}
			s := *w.Service
			s.Keyring = ring
			return &s
		}
		found := func(s *accounts.Service, email string) bool {
			_, _, err := s.Store.AccountByContact(w.t.Context(), "email", s.Keyring.Digests("email", email))
			return err == nil
		}
		before, both, after := with(old), with(fresh, old), with(fresh)
		if state, err := before.ReindexState(w.t.Context()); err != nil || !state.Done {
			w.t.Fatalf("with one key there is nothing to do: %+v %v", state, err)
		}
		var lines strings.Builder
		for n := range 700 {
			fmt.Fprintf(&lines, "{\"contacts\":[{\"type\":\"email\",\"identifier\":\"p%d@example.com\",\"verified\":true}]}\n", n)
		}
		if result, refused := importing(w.t, before, strings.NewReader(lines.String())); result.Imported != 700 {
			w.t.Fatal(refused)
		}
		if !found(both, "p699@example.com") || found(after, "p699@example.com") {
			w.t.Error("before: found under the old key only")
		}
		late := false
		state, err := both.Reindex(w.t.Context(), func(r accounts.Reindexing) {
			if !late { // a replica that doesn't know the new key writes behind the first pass
				late = true
				if err := create(before, "late@example.com"); err != nil {
					w.t.Error(err)
				}
			}
		})
		if err != nil || !state.Done || state.Unreadable != 0 || state.Changed < 2*701 {
			w.t.Fatalf("%+v %v", state, err)
		}
		for _, s := range []*accounts.Service{before, both, after} { // two keys live: replicas with either find everybody
			if !found(s, "p0@example.com") || !found(s, "late@example.com") || !kind.Is(create(s, "P0@example.com"), "account.exists") {
				w.t.Error("during: somebody isn't found, or isn't unique")
			}
		}
		if state, err = after.Reindex(w.t.Context(), func(accounts.Reindexing) {}); err != nil || !state.Done || state.Changed != 701 {
			w.t.Errorf("%+v %v", state, err)
		}
		row, _, err := after.Store.AccountByContact(w.t.Context(), "email", after.Keyring.Digests("email", "late@example.com"))
		if err != nil {
			w.t.Fatal(err)
		}
		if a, err := after.Load(w.t.Context(), row.ID); err != nil || a.Email() != "late@example.com" {
			w.t.Errorf("%v %v", a, err)
		}
		if found(before, "p0@example.com") {
			w.t.Error("after: the old index is still there")
		}
	})
}
