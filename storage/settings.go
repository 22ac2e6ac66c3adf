package storage

import (
	"context"
	"strings"
)

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

// applied is what the names of settings begin with that remember what was made from a file.
const applied = "applied "

// Applied tells which things were made from a file, by key, and of which part of the installation that file was.
func (s *Store) Applied(ctx context.Context) (map[string]string, error) {
	var rows []struct {
		Name  string `db:"name"`
		Value string `db:"value"`
	}
	if err := s.list(ctx, &rows, `SELECT name, value FROM settings WHERE name LIKE ?`, applied+"%"); err != nil {
		return nil, err
	}
	parts := make(map[string]string, len(rows))
	for _, row := range rows {
		parts[strings.TrimPrefix(row.Name, applied)] = row.Value
	}
	return parts, nil
}

// PutApplied remembers that a thing was made from the file of a part.
func (s *Store) PutApplied(ctx context.Context, key, part string, now Instant) error {
	_, err := s.exec(ctx, `INSERT INTO settings (name, value, updated_at) VALUES (?, ?, ?)
		ON CONFLICT (name) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at`, applied+key, part, now)
	return err
}

// DropApplied forgets it.
func (s *Store) DropApplied(ctx context.Context, key string) error {
	_, err := s.exec(ctx, `DELETE FROM settings WHERE name = ?`, applied+key)
	return err
}
