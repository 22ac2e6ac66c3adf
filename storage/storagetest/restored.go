package storagetest

import (
	"strings"
	"testing"

	"pratu/storage"
)

// RestoredGrants is about a database that pg_dump wrote: there the index of hashes comes before that of ids, and the second of
// two at once meets it first.
func RestoredGrants(t *testing.T, url string) {
	if strings.HasPrefix(url, "sqlite:") {
		return // a copy of the file has the order of the file
	}
	s := Open(t, url)
	for _, query := range []string{
		`ALTER TABLE grants DROP CONSTRAINT grants_pkey`,
		`CREATE FUNCTION slow(id text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.1); RETURN id; END'`,
		`CREATE INDEX grants_slow ON grants (slow(id))`, // so that both are between the two indexes
		`ALTER TABLE grants ADD CONSTRAINT grants_pkey PRIMARY KEY (id)`,
	} {
		Exec(t, url, query)
	}
	g := carried(t, s, url, nil)
	race(t, 4, func(int) (bool, error) { return true, s.FailCarriedProof(t.Context(), g, 5, start) })
	if v := must[storage.CarriedView](t)(s.GrantCarried(t.Context(), g)); v.FailedProofs != 4 {
		t.Errorf("%d of 4", v.FailedProofs)
	}
}
