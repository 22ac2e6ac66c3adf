package storage

import "context"

// Contact is a way to reach an account's owner. The value is sealed; it is found by its digests.
type Contact struct {
	ID         string  `db:"id"`
	AccountID  string  `db:"account_id"`
	Kind       string  `db:"kind"`
	Value      string  `db:"value"`
	Preferred  bool    `db:"preferred"`
	AddedAt    Instant `db:"added_at"`
	VerifiedAt Instant `db:"verified_at"` // 0: a note, never an identifier
}

// CreateContact writes a contact with its digest under every living key. A verified one that another account has
// verified is ErrExists, under whichever key it was written.
func (s *Store) CreateContact(ctx context.Context, c Contact, digests []Digest) error {
	return s.InTx(ctx, func(ctx context.Context) error {
		_, err := s.exec(ctx, `INSERT INTO contacts (id, account_id, kind, value, preferred, added_at, verified_at)
			VALUES (?, ?, ?, ?, ?, ?, ?)`, c.ID, c.AccountID, c.Kind, c.Value, flag(c.Preferred), c.AddedAt, c.VerifiedAt)
		if err != nil {
			return err
		}
		for _, d := range digests {
			_, err := s.exec(ctx, `INSERT INTO contact_digests (contact_id, kind, key_id, digest, verified)
				VALUES (?, ?, ?, ?, ?)`, c.ID, c.Kind, d.KeyID, d.Digest, flag(!c.VerifiedAt.IsZero()))
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// ContactsOfAccount reads an account's contacts, the oldest first.
func (s *Store) ContactsOfAccount(ctx context.Context, accountID string) (list []Contact, err error) {
	err = s.list(ctx, &list, `SELECT id, account_id, kind, value, preferred, added_at, verified_at FROM contacts
		WHERE account_id = ? ORDER BY added_at, id`, accountID)
	return list, err
}
