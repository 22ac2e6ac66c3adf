package storage

import (
	"context"
	"slices"
	"strconv"

	"github.com/jmoiron/sqlx"
)

// Import is an account of another system with all that belongs to it.
type Import struct {
	Account
	Key        string   // keyed hash of the line it came by
	Words      []string // by which it is found, canonical
	Contacts   []ImportContact
	Credential *Credential // nil: no password
	Bindings   []Binding
}

// ImportContact is a contact with its digests under the living keys.
type ImportContact struct {
	Contact
	Digests []Digest
}

// Taken is what of some imports is there already.
type Taken struct {
	Keys, OIDs, Digests, Bindings map[string]bool // digests by kind and digest, bindings by partner and id
	SSOIDs                        map[int64]bool
}

// maxParameters is how many a statement may have on both engines, with a margin.
const maxParameters = 30_000

// ImportsTaken tells what is there already of numbers, those of clients among them, contacts that are proven, partners' ids,
// and lines that were imported before, whose hashes may be under any living key.
func (s *Store) ImportsTaken(ctx context.Context, keys []string, list []Import) (t Taken, err error) {
	err = s.InTx(ctx, func(ctx context.Context) error {
		if probe := s.dialect.probe(); probe != "" {
			if _, err := s.exec(ctx, probe); err != nil {
				return err
			}
		}
		if t, err = s.importsTaken(ctx, list); err != nil {
			return err
		}
		// The lines come last: each statement sees what was committed before it, so that whoever finds a number that the same
		// line brought a moment ago finds the line as well.
		return s.found(ctx, t.Keys, `SELECT import_key FROM accounts WHERE import_key <> '' AND import_key IN (?)`, keys)
	})
	return t, err
}

func (s *Store) importsTaken(ctx context.Context, list []Import) (Taken, error) {
	t := Taken{map[string]bool{}, map[string]bool{}, map[string]bool{}, map[string]bool{}, map[int64]bool{}}
	var ssoids []int64
	var numbers, oids, externals []string
	for _, x := range list {
		ssoids, oids = append(ssoids, x.SSOID), append(oids, x.OID)
		numbers = append(numbers, strconv.FormatInt(x.SSOID, 10))
		for _, b := range x.Bindings {
			externals = append(externals, b.ExternalID)
		}
	}
	if err := s.found(ctx, t.OIDs, `SELECT oid FROM accounts WHERE oid IN (?)`, oids); err != nil {
		return t, err
	}
	if err := s.takenDigests(ctx, t.Digests, list); err != nil {
		return t, err
	}
	if err := s.found(ctx, t.Bindings, `SELECT partner || ' ' || external_id FROM bindings WHERE ended_at = 0 AND external_id IN (?)`, externals); err != nil {
		return t, err
	}
	if len(ssoids) == 0 {
		return t, nil
	}
	query, args, err := sqlx.In(`SELECT ssoid FROM accounts WHERE ssoid IN (?)`, ssoids)
	if err != nil {
		return t, err
	}
	var there []int64
	if err := s.list(ctx, &there, query, args...); err != nil {
		return t, err
	}
	clients := map[string]bool{} // of digits: a token is about one of both, by the same claim
	err = s.found(ctx, clients, `SELECT id FROM clients WHERE id IN (?)`, numbers)
	for i, n := range ssoids {
		t.SSOIDs[n] = clients[numbers[i]] || slices.Contains(there, n)
	}
	return t, err
}

func (s *Store) found(ctx context.Context, into map[string]bool, query string, values []string) error {
	for some := range slices.Chunk(values, maxParameters) { // an account may have any number of partners' ids
		query, args, err := sqlx.In(query, some)
		if err != nil {
			return err
		}
		var there []string
		if err := s.list(ctx, &there, query, args...); err != nil {
			return err
		}
		for _, v := range there {
			into[v] = true
		}
	}
	return nil
}

// ImportAccounts writes accounts, all or none. Registrations that wait for one of their contacts end. What is taken meanwhile
// is ErrExists.
func (s *Store) ImportAccounts(ctx context.Context, list []Import) error {
	var accounts, contacts, digests, credentials, bindings, words [][]any
	for _, x := range list {
		accounts = append(accounts, []any{x.ID, x.SSOID, x.OID, x.Status, x.RegisterBy, x.Locale, x.Profile, x.CreatedAt, x.UpdatedAt, x.Key})
		for _, c := range x.Contacts {
			contacts = append(contacts, []any{c.ID, x.ID, c.Kind, c.Value, flag(c.Preferred), c.AddedAt, c.VerifiedAt})
			for _, d := range c.Digests {
				digests = append(digests, []any{c.ID, c.Kind, d.KeyID, d.Digest, flag(!c.VerifiedAt.IsZero())})
			}
		}
		if p := x.Credential; p != nil {
			credentials = append(credentials, []any{p.ID, x.ID, p.Kind, p.Secret, p.CreatedAt, Instant(0)})
		}
		for _, w := range x.Words {
			words = append(words, []any{wordKey(w), x.ID})
		}
		for _, b := range x.Bindings {
			bindings = append(bindings, []any{b.ID, x.ID, b.Partner, b.ExternalID, b.CreatedAt, b.UpdatedAt, Instant(0)})
		}
	}
	return s.InTx(ctx, func(ctx context.Context) error {
		for _, table := range []struct {
			into string
			rows [][]any
		}{
			{`accounts (id, ssoid, oid, status, register_by, locale, profile, created_at, updated_at, import_key)`, accounts},
			{`contacts (id, account_id, kind, value, preferred, added_at, verified_at)`, contacts},
			{`contact_digests (contact_id, kind, key_id, digest, verified)`, digests},
			{`credentials (id, account_id, kind, secret, created_at, last_used_at)`, credentials},
			{`bindings (id, account_id, partner, external_id, created_at, updated_at, ended_at)`, bindings},
			{`account_words (word, account_id)`, words},
		} {
			if err := s.insertRows(ctx, table.into, table.rows); err != nil {
				return err
			}
		}
		return s.voidImported(ctx, list)
	})
}

func (s *Store) insertRows(ctx context.Context, into string, rows [][]any) error {
	for len(rows) > 0 {
		n := min(len(rows), maxParameters/len(rows[0]))
		var args []any
		for _, row := range rows[:n] {
			args = append(args, row...)
		}
		if _, err := s.exec(ctx, `INSERT INTO `+into+` VALUES `+valueRows(n, len(rows[0])), args...); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}

// voidImported ends what waits for contacts that have an owner now. Usually nothing waits at all.
func (s *Store) voidImported(ctx context.Context, list []Import) error {
	var waits bool
	if err := s.get(ctx, &waits, `SELECT EXISTS (SELECT 1 FROM pending_registrations)`); err != nil || !waits {
		return err
	}
	for _, x := range list {
		for _, c := range x.Contacts {
			if c.VerifiedAt.IsZero() {
				continue
			}
			if err := s.VoidPendings(ctx, c.Kind, c.Digests); err != nil {
				return err
			}
		}
	}
	return nil
}

// takenDigests finds contacts that somebody has proven, each by its place in the index.
func (s *Store) takenDigests(ctx context.Context, into map[string]bool, list []Import) error {
	var args []any
	for _, x := range list {
		for _, c := range x.Contacts {
			for _, d := range c.Digests {
				args = append(args, c.Kind, d.KeyID, d.Digest)
			}
		}
	}
	const most = maxParameters / 3 * 3
	for some := range slices.Chunk(args, most) {
		var there []string
		// Joined, PostgreSQL may walk through the whole index for a table that it takes for small.
		err := s.list(ctx, &there, `SELECT COALESCE((SELECT d.kind || ' ' || d.digest FROM contact_digests d WHERE d.kind = w.column1
			AND d.key_id = w.column2 AND d.digest = w.column3 AND d.verified = 1), '') FROM (VALUES `+valueRows(len(some)/3, 3)+`) AS w`, some...)
		if err != nil {
			return err
		}
		for _, v := range there {
			into[v] = true
		}
	}
	return nil
}
