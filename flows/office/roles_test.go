package office_test

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"

	"pratu/flows/accounts"
	"pratu/flows/clients"
	"pratu/flows/kind"
	"pratu/flows/office"
	"pratu/storage/storagetest"
)

const permissions = "../../docs/permissions.md"

// TestPermissionsDocument: UPDATE_DOCS=1 go test ./flows/office -run PermissionsDocument
func TestPermissionsDocument(t *testing.T) {
	want := office.Document()
	if os.Getenv("UPDATE_DOCS") != "" {
		must(t, os.WriteFile(permissions, []byte(want), 0o644))
	}
	if got, err := os.ReadFile(permissions); err != nil || string(got) != want {
		t.Errorf("%s is old (%v): UPDATE_DOCS=1 go test ./flows/office -run PermissionsDocument", permissions, err)
	}
	if n := strings.Count(want, "| `"); n != len(office.Actions()) {
		t.Errorf("%d actions of %d", n, len(office.Actions()))
	}
}

// Somebody becomes what they were made, and what they were made by is in the record.
func TestGrantAndRevoke(t *testing.T) {
	each(t, func(w *world) {
		ctx := w.t.Context()
		owner, nobody := w.person("owner", office.Owner), w.person("nobody")
		w.client(clients.Document{Kind: clients.KindGame, ClientID: "dragons"})
		w.client(clients.Document{Kind: clients.KindMachine, ClientID: "robot"})
		if nobody.Anything() {
			t.Error("an account without a role may something")
		}
		for r, code := range map[office.Role]string{
			{Name: "emperor"}: "role.unknown", {Name: office.TitleOwner}: "role.title", {Name: office.Admin, Title: "dragons"}: "role.title",
			{Name: office.TitleOwner, Title: "robot"}: "role.title", {Name: office.TitleOwner, Title: "nothing"}: "role.title",
		} {
			if err := w.Grant(ctx, owner, nobody.ID, r); !kind.Is(err, code) {
				t.Errorf("%v: %v", r, err)
			}
		}
		for range 2 {
			must(t, w.Grant(ctx, owner, nobody.ID, office.Role{Name: office.TitleOwner, Title: "dragons"}))
			must(t, w.Grant(ctx, owner, nobody.ID, office.Role{Name: office.Support}))
		}
		if got, err := w.Of(ctx, nobody.ID); err != nil || fmt.Sprint(got.Roles, got.Titles) != "[support title_owner] [dragons]" {
			t.Errorf("%+v, %v", got, err)
		}
		if list, err := w.Holders(ctx, owner); err != nil || len(list) != 2 {
			t.Errorf("%+v, %v", list, err)
		}
		must(t, w.Revoke(ctx, owner, nobody.ID, office.Role{Name: office.TitleOwner}))
		must(t, w.Revoke(ctx, owner, nobody.ID, office.Role{Name: office.Support}))
		if err := w.Revoke(ctx, owner, nobody.ID, office.Role{Name: office.Support}); !kind.Is(err, "role.missing") {
			t.Error(err)
		}
		if got, err := w.Of(ctx, nobody.ID); err != nil || got.Anything() {
			t.Errorf("%+v, %v", got, err)
		}
		n := storagetest.Count(t, w.url, `SELECT COUNT(*) FROM audit WHERE event IN ('account.roles_granted', 'account.roles_revoked')
			AND actor_kind = 'account' AND actor_id = '`+owner.ID+`' AND account_id = '`+nobody.ID+`'`)
		if n != 6 {
			t.Errorf("%d events", n)
		}
	})
}

// Of two owners that take the role from each other at once, one stays.
func TestLastOwner(t *testing.T) {
	each(t, func(w *world) {
		a, b := w.person("a", office.Owner), w.person("b", office.Owner)
		role := office.Role{Name: office.Owner}
		results := make([]error, 2)
		var wait sync.WaitGroup
		for i, pair := range [][2]office.Actor{{a, b}, {b, a}} {
			wait.Go(func() { results[i] = w.Revoke(w.t.Context(), pair[0], pair[1].ID, role) })
		}
		wait.Wait()
		left := storagetest.Count(t, w.url, `SELECT COUNT(*) FROM account_roles WHERE role = 'owner'`)
		if failed := kind.Is(results[0], "role.last_owner") || kind.Is(results[1], "role.last_owner"); left != 1 || !failed {
			t.Errorf("%d owners are left: %v", left, results)
		}
		last := a
		if results[0] != nil {
			last = b
		}
		account, err := w.Accounts.Load(w.t.Context(), last.ID)
		must(t, err)
		if _, err := w.Accounts.Close(w.t.Context(), account, ""); !kind.Is(err, "role.last_owner") {
			t.Errorf("the last owner left: %v", err)
		}
	})
}

// Somebody is named alike everywhere, and by a number of their own nobody is taken for somebody else.
func TestNamed(t *testing.T) {
	each(t, func(w *world) {
		ctx := w.t.Context()
		numbered := w.person("numbered")
		storagetest.Exec(w.t, w.url, `UPDATE accounts SET ssoid = 812345678 WHERE id = '`+numbered.ID+`'`)
		called, err := w.Accounts.Create(ctx, accounts.New{Phone: "0812345678", PhoneVerified: true})
		must(w.t, err)
		for text, id := range map[string]string{
			"812345678": numbered.ID, " 812345678 ": numbered.ID, "NUMBERED@x.test": numbered.ID, "0812345678": called.ID, "+66812345678": called.ID, "081-234-5678": called.ID,
			called.OID: called.ID, called.ID: called.ID, strconv.FormatInt(called.SSOID, 10): called.ID,
		} {
			if got, err := w.Named(ctx, office.Host(), text); err != nil || got.ID != id {
				t.Errorf("%q: %+v, %v", text, got, err)
			}
		}
		for _, text := range []string{"", "0", "-1", "+812345678", "00812345678", "numbered", "99999999999999999999", "\x00", "\xff"} {
			if got, err := w.Named(ctx, office.Host(), text); !kind.Is(err, "account.unknown") {
				t.Errorf("%q: %+v, %v", text, got, err)
			}
		}
	})
}
