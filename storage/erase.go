package storage

import "context"

// claimed is erase_at of an account whose erasure began: it can't be kept any more.
const claimed Instant = 1

// CloseAccount begins the grace after which an active account is erased; any other is ErrNotFound.
func (s *Store) CloseAccount(ctx context.Context, accountID string, now, eraseAt Instant) error {
	return s.guarded(ctx, `UPDATE accounts SET status = '3', erase_at = ?, updated_at = ? WHERE id = ? AND status = '1'`,
		eraseAt, now, accountID)
}

// KeepAccount undoes CloseAccount while the grace lasts; after it, it is ErrNotFound.
func (s *Store) KeepAccount(ctx context.Context, accountID string, now Instant) error {
	return s.guarded(ctx, `UPDATE accounts SET status = '1', erase_at = 0, updated_at = ? WHERE id = ? AND status = '3'
		AND erase_at > ?`, now, accountID, now)
}

// EraseAt is when an account is erased; 0 for one that isn't to be, or is erased already.
func (s *Store) EraseAt(ctx context.Context, accountID string) (at Instant, err error) {
	err = s.get(ctx, &at, `SELECT erase_at FROM accounts WHERE id = ?`, accountID)
	return at, err
}

// OtherWithRole tells whether another active account has a role.
func (s *Store) OtherWithRole(ctx context.Context, role, accountID string) (bool, error) {
	var n int64
	err := s.get(ctx, &n, `SELECT COUNT(*) FROM account_roles r JOIN accounts a ON a.id = r.account_id
		WHERE r.role = ? AND a.status = '1' AND a.id <> ?`, role, accountID)
	return n > 0, err
}

// DueErasures are accounts whose grace is over, those whose erasure was broken off among them.
func (s *Store) DueErasures(ctx context.Context, now Instant, limit int) (ids []string, err error) {
	err = s.list(ctx, &ids, `SELECT id FROM accounts WHERE erase_at > 0 AND erase_at <= ? AND status = '3' ORDER BY erase_at, id LIMIT ?`,
		now, limit)
	return ids, err
}

// ClaimErasure makes sure that an account is due, and isn't kept from here on.
func (s *Store) ClaimErasure(ctx context.Context, accountID string, now Instant) error {
	return s.guarded(ctx, `UPDATE accounts SET erase_at = ? WHERE id = ? AND status = '3' AND erase_at > 0 AND erase_at <= ?`,
		claimed, accountID, now)
}

// erasures is all that belongs to an account, a batch of each. What signs in goes first; tokens go before their grants. The
// record of what happened stays, for as long as all of it does, without what it says about contacts.
func erasures() []string {
	byID := func(table string) string {
		return `DELETE FROM ` + table + ` WHERE id IN (SELECT id FROM ` + table + ` WHERE account_id = ? LIMIT 500)`
	}
	return []string{
		`DELETE FROM contact_digests WHERE contact_id IN (SELECT id FROM contacts WHERE account_id = ?)`,
		byID("credentials"), byID("passkeys"), byID("identities"),
		`DELETE FROM totps WHERE account_id = ?`,
		`DELETE FROM recovery_codes WHERE account_id = ?`,
		`DELETE FROM account_roles WHERE account_id = ?`,
		`DELETE FROM account_titles WHERE account_id = ?`,
		`DELETE FROM account_words WHERE account_id = ?`,
		byID("challenges"), byID("one_time_links"),
		`DELETE FROM known_browsers WHERE (account_id, browser_hash) IN
			(SELECT account_id, browser_hash FROM known_browsers WHERE account_id = ? LIMIT 500)`,
		`DELETE FROM consents WHERE (account_id, client_id) IN (SELECT account_id, client_id FROM consents WHERE account_id = ? LIMIT 500)`,
		`DELETE FROM tokens WHERE id IN (SELECT t.id FROM grants g JOIN tokens t ON t.grant_id = g.id WHERE g.account_id = ? LIMIT 500)`,
		`DELETE FROM grants WHERE id IN (SELECT g.id FROM grants g WHERE g.account_id = ?
			AND NOT EXISTS (SELECT 1 FROM tokens t WHERE t.grant_id = g.id) LIMIT 500)`,
		`DELETE FROM player_ledger WHERE (player_id, currency, entry) IN (SELECT l.player_id, l.currency, l.entry FROM players p
			JOIN player_ledger l ON l.player_id = p.id WHERE p.account_id = ? LIMIT 500)`,
		`DELETE FROM players WHERE account_id = ? AND NOT EXISTS (SELECT 1 FROM player_ledger l WHERE l.player_id = players.id)`,
		byID("sessions"),
		byID("contacts"),
		byID("bindings"),
		`DELETE FROM channel_access WHERE account_id = ?`,
		`DELETE FROM devices WHERE (account_id, device_id) IN (SELECT account_id, device_id FROM devices WHERE account_id = ? LIMIT 500)`,
		`UPDATE audit SET details = '{}' WHERE id IN (SELECT id FROM audit WHERE account_id = ? AND details <> '{}' LIMIT 500)`,
	}
}

// EraseRows removes a batch of what belongs to an account, and tells how many rows that were; 0 when nothing is left. Each
// statement is a transaction of its own: a person with a long history holds nobody up.
func (s *Store) EraseRows(ctx context.Context, accountID string) (rows int64, err error) {
	for _, query := range erasures() {
		n, err := s.exec(ctx, query, accountID)
		if err != nil {
			return rows, err
		}
		rows += n
	}
	return rows, nil
}

// FinishErasure leaves of a claimed account the row that keeps its numbers from being used again. The second time it is
// ErrNotFound.
func (s *Store) FinishErasure(ctx context.Context, accountID string, now Instant) error {
	return s.guarded(ctx, `UPDATE accounts SET profile = '{}', locale = '', erase_at = 0, updated_at = ? WHERE id = ? AND status = '3'
		AND erase_at = ?`, now, accountID, claimed)
}
