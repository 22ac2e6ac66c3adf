package storage

import "context"

// AccountMerge is one account that goes into another, as both were looked at.
type AccountMerge struct {
	FromID, IntoID           string
	FromVersion, IntoVersion Instant // updated_at
	Profile                  string  // of what it becomes
	Now                      Instant
}

// goesOver is what the account that stays gets, each where it has nothing in its place. What doesn't go over stays with the
// row of the account that is gone. Parameters are the one that stays, twice, and the one that goes.
var goesOver = []string{
	`UPDATE contacts SET account_id = ?, preferred = CASE WHEN EXISTS (SELECT 1 FROM contacts o WHERE o.account_id = ?
		AND o.kind = contacts.kind AND o.preferred = 1) THEN 0 ELSE preferred END WHERE account_id = ?`,
	`UPDATE identities SET account_id = ? WHERE account_id <> ? AND account_id = ?`,
	`UPDATE players SET account_id = ? WHERE NOT EXISTS (SELECT 1 FROM players o WHERE o.account_id = ? AND o.title = players.title)
		AND account_id = ?`,
	`UPDATE bindings SET account_id = ? WHERE NOT EXISTS (SELECT 1 FROM bindings o WHERE o.account_id = ? AND o.partner = bindings.partner
		AND o.ended_at = 0) AND ended_at = 0 AND account_id = ?`,
	`UPDATE consents SET account_id = ? WHERE NOT EXISTS (SELECT 1 FROM consents o WHERE o.account_id = ? AND o.client_id = consents.client_id)
		AND account_id = ?`,
}

// leftBehind is what no account keeps: nobody signs in with what belonged to the one that is gone.
var leftBehind = []string{
	`DELETE FROM credentials WHERE account_id = ?`, `DELETE FROM passkeys WHERE account_id = ?`, `DELETE FROM totps WHERE account_id = ?`,
	`DELETE FROM recovery_codes WHERE account_id = ?`, `DELETE FROM challenges WHERE account_id = ?`,
	`DELETE FROM one_time_links WHERE account_id = ?`, `DELETE FROM known_browsers WHERE account_id = ?`, `DELETE FROM consents WHERE account_id = ?`,
	`DELETE FROM account_words WHERE account_id = ?`, `DELETE FROM channel_access WHERE account_id = ?`, `DELETE FROM devices WHERE account_id = ?`,
}

// MergeAccounts gives what is one account's to another, in the caller's transaction. Both are as they were looked at, or it
// is ErrNotFound: one that nobody merged before, and one that is active.
func (s *Store) MergeAccounts(ctx context.Context, m AccountMerge) error {
	err := s.guarded(ctx, `UPDATE accounts SET status = '4', merged_into = ?, profile = '{}', erase_at = 0, updated_at = ?
		WHERE id = ? AND id <> ? AND status IN ('1', '2', '5') AND updated_at = ?`,
		m.IntoID, max(m.Now, m.FromVersion+1), m.FromID, m.IntoID, m.FromVersion)
	if err != nil {
		return err
	}
	// Who isn't to be found by a contact isn't found by it at the other account either.
	err = s.guarded(ctx, `UPDATE accounts SET profile = ?, updated_at = ?, hidden_at = CASE WHEN hidden_at > 0 THEN hidden_at
		ELSE (SELECT f.hidden_at FROM accounts f WHERE f.id = ?) END WHERE id = ? AND status = '1' AND updated_at = ?`,
		m.Profile, max(m.Now, m.IntoVersion+1), m.FromID, m.IntoID, m.IntoVersion)
	if err != nil {
		return err
	}
	for _, query := range goesOver {
		if _, err := s.exec(ctx, query, m.IntoID, m.IntoID, m.FromID); err != nil {
			return err
		}
	}
	for _, query := range leftBehind {
		if _, err := s.exec(ctx, query, m.FromID); err != nil {
			return err
		}
	}
	// A partner's id that stayed behind would be nobody's, and never anybody else's.
	_, err = s.exec(ctx, `UPDATE bindings SET ended_at = ?, updated_at = ? WHERE account_id = ? AND ended_at = 0`, m.Now, m.Now, m.FromID)
	return err
}

// MergedFrom are the accounts that went into another, and those that had gone into them.
func (s *Store) MergedFrom(ctx context.Context, accountID string) (ids []string, err error) {
	err = s.list(ctx, &ids, `WITH RECURSIVE line (id) AS (SELECT id FROM accounts WHERE merged_into = ? AND merged_into <> ''
		UNION SELECT a.id FROM line l JOIN accounts a ON a.merged_into = l.id AND a.merged_into <> '') SELECT id FROM line ORDER BY id`, accountID)
	return ids, err
}

// MergedInto is the account that another became; one that wasn't merged is ErrNotFound.
func (s *Store) MergedInto(ctx context.Context, accountID string) (a Account, err error) {
	err = s.get(ctx, &a, `SELECT o.id, o.ssoid, o.oid, o.status, o.register_by, o.locale, o.profile, o.created_at, o.updated_at
		FROM accounts a JOIN accounts o ON o.id = a.merged_into WHERE a.id = ? AND a.status = '4'`, accountID)
	return a, err
}
