package storage

import "context"

// UpdateProfile replaces an account's profile that is still the old one; else it is ErrNotFound.
func (s *Store) UpdateProfile(ctx context.Context, accountID, old, fresh string, now Instant) error {
	return s.guarded(ctx, `UPDATE accounts SET profile = ?, updated_at = ? WHERE id = ? AND profile = ?`, fresh, now, accountID, old)
}

// SetLocale changes the language in which an account gets its messages.
func (s *Store) SetLocale(ctx context.Context, accountID, locale string, now Instant) error {
	return s.guarded(ctx, `UPDATE accounts SET locale = ?, updated_at = ? WHERE id = ?`, locale, now, accountID)
}
