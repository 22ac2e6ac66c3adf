package secret

import (
	"encoding/base64"
	"encoding/hex"
	"regexp"
	"slices"
	"testing"

	"github.com/google/uuid"
)

func TestShapes(t *testing.T) {
	for name, c := range map[string]struct {
		make  func() string
		shape string
		bytes int
	}{
		"token": {Token, `^[A-Za-z0-9_-]{43}$`, 32},
		"id":    {ID, `^[A-Za-z0-9_-]{22}$`, 16},
		"oid":   {OID, `^[0-9a-f]{24}$`, 12},
		"code":  {Code, `^[0-9]{6}$`, 0},
	} {
		seen := map[string]bool{}
		for range 200 {
			s := c.make()
			if !regexp.MustCompile(c.shape).MatchString(s) {
				t.Errorf("%s %q", name, s)
			}
			if name == "code" { // a hundred of a million may meet
				continue
			}
			if seen[s] {
				t.Errorf("%s %q twice", name, s)
			}
			seen[s] = true
			raw, err := base64.RawURLEncoding.DecodeString(s)
			if name == "oid" {
				raw, err = hex.DecodeString(s)
			}
			if err != nil || len(raw) != c.bytes {
				t.Errorf("%s %q has %d bytes", name, s, len(raw))
			}
		}
	}
}

// SSOIDs have 13 digits and more, and every JSON reader keeps them exact.
func TestSSOID(t *testing.T) {
	for range 1000 {
		if id := SSOID(); id < 1_000_000_000_000 || id >= 1<<53 || int64(float64(id)) != id {
			t.Errorf("%d", id)
		}
	}
}

func TestUUID(t *testing.T) {
	var list []string
	for range 100 {
		s := UUID()
		if u, err := uuid.Parse(s); err != nil || u.Version() != 7 {
			t.Errorf("%q %v", s, err)
		}
		list = append(list, s)
	}
	if !slices.IsSorted(list) {
		t.Error("rows aren't in the order of time")
	}
}

// SHA-256's own test vector; rows of every database depend on it.
func TestHash(t *testing.T) {
	if got := Hash("abc"); got != "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" {
		t.Error(got)
	}
}

func TestEqual(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{{"", "", true}, {"a", "a", true}, {"a", "b", false}, {"a", "", false}, {"a", "aa", false}, {"a", "A", false}, {"a\x00", "a", false}} {
		if Equal(c.a, c.b) != c.want {
			t.Errorf("Equal(%q, %q) isn't %v", c.a, c.b, c.want)
		}
	}
}

// Every number occurs, and none outside: a code of which some can't be is easier to guess.
func TestBelow(t *testing.T) {
	for _, n := range []uint64{1, 2, 7, 10} {
		seen := map[uint64]int{}
		for range 1000 {
			v := below(n)
			if v >= n {
				t.Fatalf("%d is not below %d", v, n)
			}
			seen[v]++
		}
		if len(seen) != int(n) {
			t.Errorf("below(%d): %v", n, seen)
		}
	}
	if v := below(1<<63 + 1); v > 1<<63 {
		t.Error(v)
	}
}
