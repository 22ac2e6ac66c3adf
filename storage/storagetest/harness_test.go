package storagetest

import (
	"testing"

	"pratu/storage"
)

func TestEngines(t *testing.T) {
	seen := 0
	Replicas(t, 2, func(t *testing.T, s []*storage.Store) {
		for _, s := range s {
			current, latest, err := s.MigrationStatus(t.Context())
			if err != nil || current != latest || current == 0 {
				t.Fatalf("%d of %d, %v", current, latest, err)
			}
		}
		seen++
	})
	for engine, url := range URLs(t) {
		s := Open(t, url)
		if s.Engine() != engine {
			t.Errorf("%s opens %s", engine, s.Engine())
		}
		if current, _, err := s.MigrationStatus(t.Context()); err != nil || current != 0 {
			t.Errorf("%s: fresh database has %d, %v", engine, current, err)
		}
	}
	if seen == 0 {
		t.Error("no engine ran")
	}
}
