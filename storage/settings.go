package storage

import "context"

// Claim writes a setting that nobody has written: the second time is ErrExists. What may happen once is guarded by it.
func (s *Store) Claim(ctx context.Context, name, value string, now Instant) error {
	rows, err := s.exec(ctx, `INSERT INTO settings (name, value, updated_at) VALUES (?, ?, ?) ON CONFLICT (name) DO NOTHING`,
		name, value, now)
	if err == nil && rows == 0 {
		return ErrExists
	}
	return err
}

// Setting reads one, or ErrNotFound.
func (s *Store) Setting(ctx context.Context, name string) (value string, err error) {
	err = s.get(ctx, &value, `SELECT value FROM settings WHERE name = ?`, name)
	return value, err
}

// ReplaceSetting writes a setting that still has the value it was read with; else ErrNotFound.
func (s *Store) ReplaceSetting(ctx context.Context, name, old, value string, now Instant) error {
	return s.guarded(ctx, `UPDATE settings SET value = ?, updated_at = ? WHERE name = ? AND value = ?`, value, now, name, old)
}
