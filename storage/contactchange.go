package storage

import "context"

// LockAccount makes other changes of an account wait for the one that is going on, and notes when it was.
func (s *Store) LockAccount(ctx context.Context, id string, now Instant) error {
	return s.guarded(ctx, `UPDATE accounts SET updated_at = ? WHERE id = ?`, now, id)
}

// ContactHolder is the verified contact with these digests, of whatever account: ErrNotFound when nobody has it.
func (s *Store) ContactHolder(ctx context.Context, kind string, digests []Digest) (c Contact, err error) {
	query, args := digestCondition(digests)
	err = s.get(ctx, &c, `SELECT c.id, c.account_id, c.kind, c.value, c.preferred, c.added_at, c.verified_at
		FROM contact_digests d JOIN contacts c ON c.id = d.contact_id
		WHERE d.kind = ? AND d.verified = 1 AND (`+query+`) LIMIT 1`, append([]any{kind}, args...)...)
	return c, err
}

// RemoveContact takes a contact from an account: of several at once, all but one get ErrNotFound.
func (s *Store) RemoveContact(ctx context.Context, accountID, id string) error {
	return s.InTx(ctx, func(ctx context.Context) error {
		_, err := s.exec(ctx, `DELETE FROM contact_digests WHERE contact_id IN (SELECT id FROM contacts WHERE id = ? AND account_id = ?)`,
			id, accountID)
		if err != nil {
			return err
		}
		return s.guarded(ctx, `DELETE FROM contacts WHERE id = ? AND account_id = ?`, id, accountID)
	})
}

// PreferContact makes a verified contact of an account the one of its kind that applications are told.
func (s *Store) PreferContact(ctx context.Context, accountID, kind, id string) error {
	return s.InTx(ctx, func(ctx context.Context) error {
		err := s.guarded(ctx, `UPDATE contacts SET preferred = 1 WHERE id = ? AND account_id = ? AND kind = ? AND verified_at > 0`,
			id, accountID, kind)
		if err != nil {
			return err
		}
		_, err = s.exec(ctx, `UPDATE contacts SET preferred = 0 WHERE account_id = ? AND kind = ? AND id <> ?`, accountID, kind, id)
		return err
	})
}

// VoidChallenges ends the codes on their way to an account's contacts of a kind, "" for all, and first factors that wait,
// except codes that add a contact: one that was removed, or a password that was, must not let anybody in. There are few, and
// that is seldom, so no index serves this.
func (s *Store) VoidChallenges(ctx context.Context, accountID, kind string, now Instant) error {
	_, err := s.exec(ctx, `UPDATE challenges SET used_at = ? WHERE account_id = ? AND (kind = ? OR ? = '') AND purpose <> 'add-contact' AND used_at = 0`,
		now, accountID, kind, kind)
	return err
}
