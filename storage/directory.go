package storage

import "context"

// Wanted is a contact that somebody searches, by its digests under the living keys.
type Wanted struct {
	Kind    string
	Digests []Digest
}

// FoundAccount is an account that has a contact, once for each channel by which it was signed in to, or once with none.
type FoundAccount struct {
	Digest       string  `db:"digest"`
	Verified     bool    `db:"verified"` // the contact is
	ID           string  `db:"id"`
	SSOID        int64   `db:"ssoid"`
	Status       string  `db:"status"`
	RegisterBy   string  `db:"register_by"`
	HiddenAt     Instant `db:"hidden_at"`
	Channel      string  `db:"channel"` // "" for none
	LastAccessAt Instant `db:"last_access_at"`
}

// FindAccounts finds who has one of some contacts, proven ones only unless told otherwise, in one statement that costs the
// same for somebody and nobody: where nobody has a contact, somebody else's rows are read, and dropped here.
func (s *Store) FindAccounts(ctx context.Context, wanted []Wanted, unverified bool) (list []FoundAccount, err error) {
	var args []any
	for _, w := range wanted {
		for _, d := range w.Digests {
			args = append(args, w.Kind, d.KeyID, d.Digest)
		}
	}
	if len(args) == 0 {
		return nil, nil
	}
	find := func(found, verified, contacts string) string {
		return `SELECT w.column3 AS digest, ` + verified + ` AS verified, ` + found + ` AS found, COALESCE(a.id, '') AS id,
			COALESCE(a.ssoid, 0) AS ssoid, COALESCE(a.status, '') AS status, COALESCE(a.register_by, '') AS register_by,
			COALESCE(a.hidden_at, 0) AS hidden_at, COALESCE(h.channel, '') AS channel, COALESCE(h.last_access_at, 0) AS last_access_at
			FROM (VALUES ` + valueRows(len(args)/3, 3) + `) AS w ` + contacts + `
			LEFT JOIN accounts a ON a.id = c.account_id LEFT JOIN channel_access h ON h.account_id = a.id`
	}
	const digest = `JOIN contact_digests d ON d.kind = w.column1 AND d.key_id = w.column2 AND d.digest = w.column3 AND d.verified = `
	query, all := find(`CASE WHEN d.contact_id IS NULL THEN 0 ELSE 1 END`, `1`, `LEFT `+digest+`1
		LEFT JOIN contacts c ON c.id = COALESCE(d.contact_id, (SELECT id FROM contacts ORDER BY id LIMIT 1))`), args
	if unverified { // each half has its own index
		query, all = query+" UNION ALL "+find(`1`, `0`, digest+`0 JOIN contacts c ON c.id = d.contact_id`), append(args, args...)
	}
	var rows []struct {
		FoundAccount
		Found bool `db:"found"`
	}
	err = s.list(ctx, &rows, query+` ORDER BY 2 DESC, 5, 9 LIMIT 2000`, all...)
	for _, row := range rows {
		if row.Found {
			list = append(list, row.FoundAccount)
		}
	}
	return list, err
}

// AccountWithContacts reads an account in any status by its public number, with its contacts, in one statement.
func (s *Store) AccountWithContacts(ctx context.Context, ssoid int64) (Account, []Contact, error) {
	var rows []struct {
		Account
		Contact Contact `db:"c"`
	}
	err := s.list(ctx, &rows, `SELECT a.id, a.ssoid, a.oid, a.status, a.register_by, a.locale, a.profile, a.created_at, a.updated_at,
		COALESCE(c.id, '') AS "c.id", a.id AS "c.account_id", COALESCE(c.kind, '') AS "c.kind", COALESCE(c.value, '') AS "c.value",
		COALESCE(c.preferred, 0) AS "c.preferred", COALESCE(c.added_at, 0) AS "c.added_at",
		COALESCE(c.verified_at, 0) AS "c.verified_at"
		FROM accounts a LEFT JOIN contacts c ON c.account_id = a.id WHERE a.ssoid = ? ORDER BY c.added_at, c.id`, ssoid)
	if err != nil {
		return Account{}, nil, err
	}
	if len(rows) == 0 {
		return Account{}, nil, ErrNotFound
	}
	var contacts []Contact
	for _, row := range rows {
		if row.Contact.ID != "" {
			contacts = append(contacts, row.Contact)
		}
	}
	return rows[0].Account, contacts, nil
}

// HideAccount takes an account out of what search finds, from an instant on, or with 0 puts it back.
func (s *Store) HideAccount(ctx context.Context, accountID string, hiddenAt, now Instant) error {
	return s.guarded(ctx, `UPDATE accounts SET hidden_at = ?, updated_at = ? WHERE id = ?`, hiddenAt, now, accountID)
}

// HiddenAt is since when an account isn't found by search; 0: it is.
func (s *Store) HiddenAt(ctx context.Context, accountID string) (at Instant, err error) {
	err = s.get(ctx, &at, `SELECT hidden_at FROM accounts WHERE id = ?`, accountID)
	return at, err
}

// Lookups reads who looked an account up after the event of this instant and id, the newest first; see AuditPage.
func (s *Store) Lookups(ctx context.Context, accountID string, at Instant, id string, limit int) (list []AuditEvent, err error) {
	err = s.list(ctx, &list, `SELECT `+auditColumns+` FROM audit WHERE account_id = ? AND at <= ? AND (at < ? OR id < ?)
		AND event = 'account.looked_up' ORDER BY at DESC, id DESC LIMIT ?`, accountID, at, at, id, limit)
	return list, err
}
