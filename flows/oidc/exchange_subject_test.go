package oidc_test

import (
	"testing"

	"pratu/flows/clients"
)

// A pairwise subject stays in its sector: who exchanges a token gets the subject that it would get from a sign-in.
func TestExchangedSubject(t *testing.T) {
	worlds(t, 1, func(t *testing.T, list []*world) {
		w := list[0]
		w.services()
		if _, err := w.Clients.Update(t.Context(), "shop", func(d *clients.Document) error {
			d.Settings.SubjectType = clients.SubjectPairwise
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		w.alice.Subject = "of-the-shop"
		first := w.shopped()
		if got := w.claims(first.AccessToken)["sub"]; got != "of-the-shop" {
			t.Fatalf("the shop's token is about %v", got)
		}
		if got := w.claims(w.swapped("orders", first.AccessToken).AccessToken)["sub"]; got != "21992040" {
			t.Errorf("the orders service knows %v", got)
		}
	})
}
