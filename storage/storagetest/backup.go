package storagetest

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"pratu/storage"
)

// Backup is the contract of a copy: the database of that moment, its owner's alone, over nothing that is there.
func Backup(t *testing.T, s *storage.Store) {
	dir, err := os.MkdirTemp("", "pratu-backup-")
	ok(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	path := filepath.Join(dir, "copy.db")
	ok(t, s.PutApplied(t.Context(), "thing", "before", start))
	if s.Engine() == "postgres" {
		fails(t, s.Backup(t.Context(), path), storage.ErrUnsupported)
		return
	}
	ok(t, s.Backup(t.Context(), path))
	ok(t, s.PutApplied(t.Context(), "thing", "after", start))
	if err := s.Backup(t.Context(), path); !errors.Is(err, fs.ErrExist) {
		t.Error(err)
	}
	ok(t, s.Backup(t.Context(), path+"2"))
	for name, want := range map[string]string{path: "before", path + "2": "after"} {
		info, err := os.Stat(name)
		ok(t, err)
		if info.Mode().Perm() != 0o600 {
			t.Error(info.Mode())
		}
		copied := Open(t, "sqlite:"+name)
		if got := must[map[string]string](t)(copied.Applied(t.Context())); got["thing"] != want || len(got) != 1 {
			t.Errorf("%s: %v", name, got)
		}
		ok(t, copied.DropApplied(t.Context(), "thing"))
	}
	if _, err := os.Stat(path + ".part"); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}
