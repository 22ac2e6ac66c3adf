package office_test

import (
	"context"
	"slices"
	"testing"

	"pratu/flows/office"
	"pratu/storage/storagetest"
)

// People are found by what is whole, and by how a word of their name begins.
func TestFindAccounts(t *testing.T) {
	each(t, func(w *world) {
		ctx := w.t.Context()
		admin := w.person("admin", office.Admin)
		names := map[string]string{"mali": "มะลิ ใจดี", "somchai": "Somchai Jaidee", "somsri": "SOMSRI O'Neil"}
		for name, full := range names {
			id := w.person(name).ID
			must(t, w.Accounts.UpdateProfile(ctx, id, map[string]string{"name": full}))
		}
		mali, err := w.Named(ctx, admin, "mali@x.test")
		must(t, err)
		for text, want := range map[string]int{
			"mali@x.test": 1, " MALI@X.test ": 1, "มะลิ": 1, "มะ": 1, "ใจดี มะลิ": 1, "som": 2, "SOM jai": 1, "neil": 1, "omsri": 0, "%": 0, "so_": 2, "": 4,
			"nobody@x.test": 0, mali.OID: 1, mali.ID: 1, "'; DROP TABLE accounts; --": 0, "\x00": 0,
		} {
			found, err := w.FindAccounts(ctx, admin, text, "", 10)
			if err != nil || len(found.Accounts) != want {
				t.Errorf("%q: %+v, %v, want %d", text, found, err, want)
			}
		}
		if everybody, som := pages(ctx, w, admin, "", 1), pages(ctx, w, admin, "som", 1); len(everybody) != 4 || len(som) != 2 {
			t.Errorf("by pages: %v, %v", everybody, som)
		}
		// Who has several words that begin alike is one person, on one page.
		nan := w.person("nan").ID
		must(t, w.Accounts.UpdateProfile(ctx, nan, map[string]string{"name": "Nana Nan Nani", "nickname": "Jai"}))
		for _, text := range []string{"nan", "nan jai", "jai nan", "nan nana nan nan nan nan nan jai zzz"} {
			if got := pages(ctx, w, admin, text, 1); !slices.Equal(got, []string{nan}) {
				t.Errorf("%q: %v by pages, want %s", text, got, nan)
			}
		}
		if got := pages(ctx, w, admin, "jai", 1); len(got) != 2 {
			t.Errorf("jai: %v", got)
		}
		if found, err := w.FindAccounts(ctx, admin, "nan jai", "9.nonsense", 10); err != nil || len(found.Accounts) != 1 {
			t.Errorf("a page after nothing: %+v, %v", found, err)
		}
		// Whether somebody has an account is told on the record.
		if n := storagetest.Count(t, w.url, `SELECT COUNT(*) FROM audit WHERE event = 'directory.searched' AND actor_id = '`+admin.ID+`'`); n != 3 {
			t.Errorf("%d searches are recorded", n)
		}
		// Accounts from before words were kept are indexed afterwards.
		storagetest.Exec(t, w.url, `DELETE FROM account_words`)
		for after, more := "", true; more; more = after != "" {
			after, err = w.Accounts.IndexWords(ctx, after, 2)
			must(t, err)
		}
		for range 2 {
			must(t, w.IndexNames(ctx))
		}
		if found, err := w.FindAccounts(ctx, admin, "som", "", 10); err != nil || len(found.Accounts) != 2 {
			t.Errorf("%+v, %v", found, err)
		}
	})
}

// pages reads a search page by page: the ids it finds.
func pages(ctx context.Context, w *world, a office.Actor, text string, limit int) (ids []string) {
	w.t.Helper()
	after := ""
	for range 20 {
		found, err := w.FindAccounts(ctx, a, text, after, limit)
		must(w.t, err)
		for _, x := range found.Accounts {
			ids = append(ids, x.ID)
		}
		if after = found.Next; after == "" {
			return ids
		}
	}
	w.t.Errorf("%q has no end", text)
	return ids
}
