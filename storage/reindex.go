package storage

import (
	"context"
	"errors"

	"github.com/jmoiron/sqlx"
)

// IndexedContact is a contact with the keys that it has digests under.
type IndexedContact struct {
	Contact
	Keys []string
}

// ContactsAfter reads contacts of whatever account in the order of their ids, and what they are indexed under.
func (s *Store) ContactsAfter(ctx context.Context, after string, limit int) ([]IndexedContact, error) {
	var rows []Contact
	err := s.list(ctx, &rows, `SELECT id, account_id, kind, value, preferred, added_at, verified_at FROM contacts WHERE id > ?
		ORDER BY id LIMIT ?`, after, limit)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	list, at, ids := make([]IndexedContact, len(rows)), map[string]int{}, make([]string, len(rows))
	for i, row := range rows {
		list[i].Contact, at[row.ID], ids[i] = row, i, row.ID
	}
	query, args, err := sqlx.In(`SELECT contact_id, key_id FROM contact_digests WHERE contact_id IN (?)`, ids)
	if err != nil {
		return nil, err
	}
	var keys []struct {
		ContactID string `db:"contact_id"`
		KeyID     string `db:"key_id"`
	}
	err = s.list(ctx, &keys, query, args...)
	for _, k := range keys {
		i := at[k.ContactID]
		list[i].Keys = append(list[i].Keys, k.KeyID)
	}
	return list, err
}

// CountContacts is how many contacts there are, of all accounts.
func (s *Store) CountContacts(ctx context.Context) (n int64, err error) {
	err = s.get(ctx, &n, `SELECT COUNT(*) FROM contacts`)
	return n, err
}

// Reindex is what a contact is to have: digests under keys that it has none under, and its value sealed anew.
type Reindex struct {
	ID         string
	Digests    []Digest
	Old, Fresh string // sealed; Fresh is "" when it stays as it is
	Drop       bool   // digests under other keys than the living ones go
}

// ReindexContacts writes what is missing, and tells how many rows that were. A digest that another contact has stays away:
// uniqueness is stronger than completeness.
func (s *Store) ReindexContacts(ctx context.Context, list []Reindex, living []string) (effects int64, err error) {
	var digests, values []any
	var drop []string
	for _, r := range list {
		for _, d := range r.Digests {
			digests = append(digests, r.ID, d.KeyID, d.Digest)
		}
		if r.Fresh != "" {
			values = append(values, r.ID, r.Old, r.Fresh)
		}
		if r.Drop {
			drop = append(drop, r.ID)
		}
	}
	err = s.InTx(ctx, func(ctx context.Context) error {
		effects = 0
		var errs []error
		add := func(n int64, err error) { effects, errs = effects+n, append(errs, err) }
		if n := len(digests) / 3; n > 0 {
			add(s.exec(ctx, `INSERT INTO contact_digests (contact_id, kind, key_id, digest, verified)
				SELECT c.id, c.kind, w.column2, w.column3, CASE WHEN c.verified_at > 0 THEN 1 ELSE 0 END
				FROM (VALUES `+valueRows(n, 3)+`) AS w JOIN contacts c ON c.id = w.column1 WHERE true ON CONFLICT DO NOTHING`, digests...))
		}
		if n := len(values) / 3; n > 0 {
			add(s.exec(ctx, `UPDATE contacts SET value = w.column3 FROM (VALUES `+valueRows(n, 3)+`) AS w
				WHERE contacts.id = w.column1 AND contacts.value = w.column2`, values...))
		}
		if len(drop) > 0 {
			query, args, err := sqlx.In(`DELETE FROM contact_digests WHERE contact_id IN (?) AND key_id NOT IN (?)`, drop, living)
			if err != nil {
				return err
			}
			add(s.exec(ctx, query, args...))
		}
		return errors.Join(errs...)
	})
	return effects, err
}
