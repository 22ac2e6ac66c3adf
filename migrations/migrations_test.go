package migrations

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"io/fs"
	"slices"
	"strings"
	"testing"
)

// landed is what databases out there have been through, as sha256sum writes it. A line is added when a migration lands, and
// none is ever changed: a database remembers numbers, and a program that gave one to something else takes it for newer, or
// leaves out what is missing.
//
//go:embed landed.sum
var landed string

func TestLanded(t *testing.T) {
	names, err := fs.Glob(Files, "*.sql")
	if err != nil {
		t.Fatal(err)
	}
	last := ""
	for line := range strings.Lines(landed) {
		sum, name, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "  ")
		if !ok {
			t.Fatalf("%q is no line of sha256sum", line)
		}
		text, err := fs.ReadFile(Files, name)
		if err != nil {
			t.Errorf("%s has landed and is gone: databases are at its number", name)
			continue
		}
		if got := sha256.Sum256(text); hex.EncodeToString(got[:]) != sum {
			t.Errorf("%s has landed and was changed: what it lacks is for another migration", name)
		}
		names = slices.DeleteFunc(names, func(n string) bool { return n == name })
		last = max(last, name)
	}
	for _, name := range names {
		if name[:4] <= last[:4] {
			t.Errorf("%s comes before %s, which has landed: it needs a later number", name, last)
		}
	}
}
