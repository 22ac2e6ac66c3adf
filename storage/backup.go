package storage

import (
	"context"
	"os"
)

// Backup writes the database as it is at one moment into a file, beside a running server. The file is its owner's alone,
// and complete or not there. PostgreSQL has pg_dump: ErrUnsupported.
func (s *Store) Backup(ctx context.Context, path string) error {
	copies := s.dialect.backup()
	if copies == "" {
		return ErrUnsupported
	}
	part, mine := path+".part", []string{}
	defer func() {
		for _, name := range mine {
			_ = os.Remove(name)
		}
	}()
	for _, name := range []string{path, part} { // nothing is overwritten
		f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		mine = append(mine, name)
		if err := f.Close(); err != nil {
			return err
		}
	}
	if _, err := s.write.ExecContext(ctx, copies, part); err != nil { // not in a transaction: SQLite refuses that
		return s.failure(err)
	}
	if err := synced(part); err != nil {
		return err
	}
	if err := os.Rename(part, path); err != nil {
		return err
	}
	mine = nil
	return nil
}

func synced(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		_ = f.Close()
		return err
	}
	return f.Close()
}
