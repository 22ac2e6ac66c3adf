package accounts_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"

	"pratu/flows/accounts"
	"pratu/flows/kind"
	"pratu/storage"
)

// importing runs an import and returns what was refused.
func importing(t *testing.T, s *accounts.Service, in io.Reader) (accounts.ImportResult, string) {
	t.Helper()
	var refused []string
	result, err := (&accounts.Importer{
		Accounts: s,
		Refuse: func(line int64, why error) error {
			e, _ := kind.As(why)
			refused = append(refused, fmt.Sprintf("%d %s %s", line, e.Code, e.Field))
			return nil
		},
		Progress: func(accounts.ImportResult) {},
	}).Run(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return result, strings.Join(refused, "\n")
}

const importPeople = `{"ssoid":"21985824","oid":"5b51ae5e083713dbe7d4f6f0","register_by":29,"created_at":1551973792,"locale":"th","claims":{"name":"สมชาย"},"contacts":[{"type":"mobile","identifier":"0815550100","verified":true,"preferred":true,"added_date":"1556973792","last_verified":"1576973792"},{"type":"email","identifier":"Somchai@Example.com","verified":true}],"password_hash":"$2y$04$5JpmPQQ1hAh4rIdpTKGdxOnUaIhD2oYuqQcGxTgOQZSfS2ZDLSD3G","bindings":[{"partner":"truemoney","external_id":"tmn.1"}]}

{"contacts":[{"type":"email","identifier":"note@example.com"}]}
{"contacts":[{"type":"email","identifier":"SOMCHAI@example.com","verified":true}]}
{"contacts":[{"type":"email","identifier":"note@example.com"}]}
{"ssoid":21985824,"contacts":[{"type":"email","identifier":"b@example.com"}]}
{"ssoid":"021","contacts":[{"type":"email","identifier":"b@example.com"}]}
{"contacts":[{"type":"pager","identifier":"1"}]}
{"contacts":[{"type":"email","identifier":"nobody"}]}
{"contacts":[]}
{"contact":[]}
{"contacts":[{"type":"email","identifier":"c@example.com"}],"password_hash":"secret"}
{"contacts":[{"type":"email","identifier":"c@example.com"}],"claims":{"birthdate":"yesterday"}}
{"contacts":[{"type":"email","identifier":"c@example.com"}],"bindings":[{"partner":"truemoney","external_id":"tmn.1"}]}
{"contacts":[{"type":"email","identifier":"c@example.com"}],"created_at":"2099-01-01T00:00:00Z"}
not JSON
{"contacts":[{"type":"email","identifier":"d@example.com","verified":true}]} {}
{"ssoid":77,"contacts":[{"type":"email","identifier":"client@example.com"}]}
{"contacts":[{"type":"email","identifier":"c@example.com"}],"claims":{"roles":["admin"]}}
{"contacts":[{"type":"email","identifier":"c@example.com"}],"claims":{"ssoid":"1"}}
`

const importRefused = `4 import.contact_taken contacts[0]
6 import.ssoid_taken ssoid
7 import.ssoid ssoid
8 import.contact_type contacts[0].type
9 contact.email_invalid contacts[0].identifier
10 import.contacts contacts
11 import.unknown_member contact
12 import.password_hash password_hash
13 import.claims claims
14 import.binding_taken bindings[0]
15 import.time created_at
16 import.json 
17 import.json 
18 import.ssoid_taken ssoid
19 import.claims claims.roles
20 import.claims claims.ssoid`

// Everything that a line says is kept; what can't be is told of; a second run changes nothing.
func TestImport(t *testing.T) {
	each(t, func(w *world) {
		t, s := w.t, w.Service
		if err := s.Store.CreateClient(t.Context(), storage.Client{ID: "77", Kind: "machine", Metadata: "{}", Settings: "{}"}); err != nil {
			t.Fatal(err)
		}
		result, refused := importing(t, s, strings.NewReader(importPeople))
		if refused != importRefused || result.Read != 19 || result.Imported != 2 || result.Unchanged != 1 || result.Refused != 16 {
			t.Errorf("%+v\n%s", result, refused)
		}
		again, _ := importing(t, s, strings.NewReader(importPeople))
		if again.Imported != 0 || again.Unchanged != 3 || again.Refused != 16 {
			t.Errorf("again: %+v", again)
		}
		row, err := s.Store.AccountBySSOID(t.Context(), 21985824)
		if err != nil || row.OID != "5b51ae5e083713dbe7d4f6f0" || row.RegisterBy != "29" || row.CreatedAt.Time().Unix() != 1551973792 || row.Profile != `{"name":"สมชาย"}` {
			t.Fatalf("%+v %v", row, err)
		}
		a, err := s.Load(t.Context(), row.ID)
		if err != nil || a.Phone() != "+66815550100" || a.Email() != "Somchai@Example.com" || a.Contacts[1].VerifiedAt.Unix() != 1576973792 && a.Contacts[0].VerifiedAt.Unix() != 1576973792 {
			t.Errorf("%+v %v", a, err)
		}
		if hits, err := s.Store.AccountsByWords(t.Context(), []string{"สม"}, storage.WordHit{}, 2); err != nil || len(hits) != 1 || hits[0].AccountID != row.ID {
			t.Errorf("by name: %+v %v", hits, err)
		}
		if p, err := s.Store.Password(t.Context(), row.ID); err != nil || !strings.HasPrefix(p.Secret, "$2y$04$") {
			t.Errorf("%v %v", p, err)
		}
		if list, err := s.Store.BindingsOfAccount(t.Context(), row.ID, false); err != nil || len(list) != 1 || list[0].ExternalID != "tmn.1" {
			t.Errorf("%v %v", list, err)
		}
	})
}

// An import that is broken off and run again, beside another one and people who register, loses nothing and doubles nothing.
func TestImportBrokenOff(t *testing.T) {
	const people = 2010
	var lines strings.Builder
	for n := range people {
		fmt.Fprintf(&lines, "{\"contacts\":[{\"type\":\"email\",\"identifier\":\"p%d@example.com\",\"verified\":true}]}\n", n)
	}
	each(t, func(w *world) {
		t, s := w.t, w.Service
		ctx, cancel := context.WithCancel(t.Context())
		_, err := (&accounts.Importer{
			Accounts: s, Refuse: func(int64, error) error { return nil }, Progress: func(accounts.ImportResult) { cancel() },
		}).Run(ctx, strings.NewReader(lines.String()))
		if !errors.Is(err, context.Canceled) && !errors.Is(err, storage.ErrUnavailable) {
			t.Fatal(err)
		}
		before := int64(0)
		for n := 0; n < people; n += 500 { // by its first line, since a batch is there or not
			if _, _, err := s.Store.AccountByContact(t.Context(), "email", s.Keyring.Digests("email", fmt.Sprintf("p%d@example.com", n))); err == nil {
				before += 500
			}
		}
		if before == 0 || before >= people {
			t.Fatalf("%d accounts when it was broken off", before)
		}
		if _, err := s.Create(t.Context(), accounts.New{Email: "P2009@example.com", EmailVerified: true}); err != nil {
			t.Fatal(err)
		}
		result, refused := importing(t, s, strings.NewReader(lines.String()))
		if refused != "2010 import.contact_taken contacts[0]" || result.Unchanged != before || result.Imported != people-1-before {
			t.Errorf("%+v %s", result, refused)
		}
	})
}

// Accounts that many partners know are more numbers than a statement takes.
func TestImportOfManyBindings(t *testing.T) {
	each(t, func(w *world) {
		var file strings.Builder
		const lines, partners = 480, 140
		for n := range lines {
			fmt.Fprintf(&file, `{"contacts":[{"type":"email","identifier":"x%d@example.com"}],"bindings":[`, n)
			for p := range partners {
				fmt.Fprintf(&file, `{"partner":"p%d","external_id":"%d"},`, p, n)
			}
			fmt.Fprintf(&file, `{"partner":"last","external_id":"%d"}]}`+"\n", n/2)
		}
		result, refused := importing(w.t, w.Service, strings.NewReader(file.String()))
		if result.Imported != lines/2 || result.Refused != lines/2 || strings.Count(refused, "import.binding_taken bindings[140]") != lines/2 {
			w.t.Errorf("%+v %.300s", result, refused)
		}
	})
}

// Somebody whose answer got lost sends a part again while the first is still written: who was imported by the same line is known.
func TestImportTwiceAtOnce(t *testing.T) {
	each(t, func(w *world) {
		for round := range 5 {
			var file strings.Builder
			const lines = 200
			for n := range lines {
				fmt.Fprintf(&file, `{"ssoid":%d,"contacts":[{"type":"email","identifier":"x%d.%d@example.com","verified":true}],"bindings":[{"partner":"p","external_id":"%d.%d"}]}`+"\n", 1000*round+n+1, round, n, round, n)
			}
			var results [2]accounts.ImportResult
			var refused [2]string
			var wait sync.WaitGroup
			for i := range results {
				wait.Go(func() { results[i], refused[i] = importing(w.t, w.Service, strings.NewReader(file.String())) })
			}
			wait.Wait()
			if a, b := results[0], results[1]; a.Imported+b.Imported != lines || a.Unchanged+b.Unchanged != lines || a.Refused+b.Refused != 0 {
				w.t.Errorf("%+v, %+v %.300s", a, b, refused)
			}
		}
	})
}
