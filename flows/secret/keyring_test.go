package secret

import (
	"bytes"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pratu/storage"
)

func ring(t testing.TB, current string, previous ...string) *Keyring {
	t.Helper()
	var older [][]byte
	for _, p := range previous {
		older = append(older, bytes.Repeat([]byte(p), KeySize))
	}
	k, err := NewKeyring(bytes.Repeat([]byte(current), KeySize), older...)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// What is in databases was made by these derivations: another program (Python's hmac and cryptography) made the
// vectors, and no later version may read or find less.
func TestVectors(t *testing.T) {
	k := ring(t, "k")
	if k.KeyID() != "f757b1b8" {
		t.Errorf("key id %s", k.KeyID())
	}
	if got := k.MAC("limit", "signin", "a"); got != "416c260ab2d5f03d506c890916be6efefead0d83cc3f16e44abbeb55b3c09881" {
		t.Errorf("MAC %s", got)
	}
	want := []storage.Digest{{KeyID: "f757b1b8", Digest: "ffa8fd89eb1a22653492fe7f11235ab52fed1bb89e6541ac13d5876f0c0bbbed"}}
	if diff := cmp.Diff(want, k.Digests("email", "mali@example.com")); diff != "" {
		t.Error(diff)
	}
	plain, err := k.Open("contact", "f757b1b8.AAECAwQFBgcICQoLHVkx9TXKkbN4NkQeTSihHpv9oJkFQO8l87Qf9A", "row-1")
	if err != nil || string(plain) != "มะลิ" {
		t.Errorf("%q %v", plain, err)
	}
}

func TestKeySize(t *testing.T) {
	good := make([]byte, KeySize)
	for _, size := range []int{0, 16, 31, 33, 64} {
		if _, err := NewKeyring(make([]byte, size)); !errors.Is(err, ErrKey) {
			t.Errorf("%d bytes: %v", size, err)
		}
		if _, err := NewKeyring(good, make([]byte, size)); !errors.Is(err, ErrKey) {
			t.Errorf("an earlier key of %d bytes: %v", size, err)
		}
	}
}

func TestSeal(t *testing.T) {
	k := ring(t, "k")
	for _, plain := range []string{"", "a", "mali@example.com", strings.Repeat("\x00\xff", 5000)} {
		sealed, again := k.Seal("contact", []byte(plain), "row-1"), k.Seal("contact", []byte(plain), "row-1")
		if sealed == again {
			t.Error("equal contents look equal: the nonce isn't random")
		}
		if len(plain) > 1 && strings.Contains(sealed, plain) {
			t.Error("not encrypted")
		}
		if got, err := k.Open("contact", sealed, "row-1"); err != nil || string(got) != plain {
			t.Errorf("%q %v", got, err)
		}
	}
}

// A sealed value opens for one purpose, in one place, and in no other spelling than its own.
func TestTampering(t *testing.T) {
	k := ring(t, "k")
	sealed := k.Seal("contact", []byte("mali@example.com!"), "row-1")
	refused := func(name string, k *Keyring, label, text, aad string) {
		t.Helper()
		if plain, err := k.Open(label, text, aad); !errors.Is(err, ErrSealed) || plain != nil {
			t.Errorf("%s: %q %v", name, plain, err)
		}
	}
	refused("another row", k, "contact", sealed, "row-2")
	refused("no row", k, "contact", sealed, "")
	refused("another purpose", k, "outbox", sealed, "row-1")
	refused("another secret key", ring(t, "x"), "contact", sealed, "row-1")
	id, body, _ := strings.Cut(sealed, ".")
	_, foreign, _ := strings.Cut(ring(t, "x").Seal("contact", []byte("evil"), "row-1"), ".")
	for name, text := range map[string]string{
		"nothing": "", "no id": body, "an empty id": "." + body, "id alone": id, "id and dot": id + ".",
		"another key's id": ring(t, "x").KeyID() + "." + body, "our id, another key's text": id + "." + foreign,
		"upper case": strings.ToUpper(id) + "." + body, "padding": sealed + "=", "space": sealed + " ",
		"line break at the end": sealed + "\n", "line break inside": id + "." + body[:8] + "\r\n" + body[8:],
		"standard alphabet": id + "." + strings.NewReplacer("-", "+", "_", "/").Replace(body) + "+/",
		"a part more":       sealed + ".x", "doubled": sealed + body, "nonce alone": id + "." + body[:16],
	} {
		refused(name, k, "contact", text, "row-1")
	}
	for i := range sealed {
		refused("cut", k, "contact", sealed[:i], "row-1")
		for bit := range 8 { // a flip of unused bits of the last character is one of them
			changed := []byte(sealed)
			changed[i] ^= 1 << bit
			refused("changed "+string(changed), k, "contact", string(changed), "row-1")
		}
	}
}

// All spellings of the last character: base64 would read four of them as the same bytes.
func TestOneSpelling(t *testing.T) {
	k := ring(t, "k")
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	for size := range 4 {
		sealed := k.Seal("return", make([]byte, size), "")
		opened := 0
		for _, c := range alphabet {
			if _, err := k.Open("return", sealed[:len(sealed)-1]+string(c), ""); err == nil {
				opened++
			}
		}
		if opened != 1 {
			t.Errorf("%d bytes open in %d spellings", size, opened)
		}
	}
}

func TestEarlierKeys(t *testing.T) {
	before, now := ring(t, "a"), ring(t, "b", "a")
	if now.KeyID() == before.KeyID() {
		t.Fatal("two keys, one id")
	}
	old := before.Seal("contact", []byte("mali"), "row-1")
	if plain, err := now.Open("contact", old, "row-1"); err != nil || string(plain) != "mali" {
		t.Errorf("what the earlier key sealed: %q %v", plain, err)
	}
	if _, err := before.Open("contact", now.Seal("contact", nil, "row-1"), "row-1"); !errors.Is(err, ErrSealed) {
		t.Errorf("the earlier key still seals: %v", err)
	}
	// Uniqueness holds while both live: a contact is indexed under each, the current one first.
	want := append(ring(t, "b").Digests("email", "mali@x.test"), before.Digests("email", "mali@x.test")...)
	if diff := cmp.Diff(want, now.Digests("email", "mali@x.test")); diff != "" {
		t.Error(diff)
	}
	sum := before.MAC("csrf", "session")
	if now.MAC("csrf", "session") == sum || !now.CheckMAC("csrf", sum, "session") {
		t.Error("MACs of the earlier key")
	}
	if before.CheckMAC("csrf", now.MAC("csrf", "session"), "session") {
		t.Error("the earlier key knows the later one's MAC")
	}
}

func TestMAC(t *testing.T) {
	k := ring(t, "k")
	sum := k.MAC("csrf", "ab", "c")
	if !k.CheckMAC("csrf", sum, "ab", "c") {
		t.Fatal("its own MAC")
	}
	for name, ok := range map[string]bool{
		"another purpose":   k.CheckMAC("limit", sum, "ab", "c"),
		"the parts shifted": k.CheckMAC("csrf", sum, "a", "bc"),
		"one part":          k.CheckMAC("csrf", sum, "abc"),
		"an empty part":     k.CheckMAC("csrf", sum, "ab", "c", ""),
		"the parts swapped": k.CheckMAC("csrf", sum, "c", "ab"),
		"nothing":           k.CheckMAC("csrf", "", "ab", "c"),
		"cut":               k.CheckMAC("csrf", sum[:32], "ab", "c"),
		"upper case":        k.CheckMAC("csrf", strings.ToUpper(sum), "ab", "c"),
		"a character more":  k.CheckMAC("csrf", sum+"0", "ab", "c"),
		"another key":       ring(t, "x").CheckMAC("csrf", sum, "ab", "c"),
	} {
		if ok {
			t.Errorf("%s passes", name)
		}
	}
	if raw := k.MACBytes("csrf", "ab", "c"); len(raw) != 32 {
		t.Errorf("%d bytes", len(raw))
	}
	if k.Digests("email", "a")[0] == k.Digests("phone", "a")[0] {
		t.Error("the kind of a contact isn't part of its digest")
	}
}

// Keys of two purposes differ, and the caller's copy is its own.
func TestKey(t *testing.T) {
	k := ring(t, "k")
	key := k.Key("refresh")
	if len(key) != KeySize || bytes.Equal(key, k.Key("cookie")) || bytes.Equal(key, ring(t, "x").Key("refresh")) {
		t.Errorf("%x", key)
	}
	clear(key)
	if bytes.Equal(key, k.Key("refresh")) {
		t.Error("a caller changed the key of all others")
	}
}

// Keys are derived when they are first needed, by whoever comes first.
func TestConcurrentUse(t *testing.T) {
	k := ring(t, "b", "a")
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			sealed := k.Seal("contact", []byte("mali"), "row-1")
			if _, err := k.Open("contact", sealed, "row-1"); err != nil || !k.CheckMAC("m", k.MAC("m", "p"), "p") {
				t.Error(err)
			}
		})
	}
	all.Wait()
}

// FuzzOpen: whatever a browser or a changed row hands in, only what was sealed opens, and only as it was spelled.
func FuzzOpen(f *testing.F) {
	const sealed = "f757b1b8.AAECAwQFBgcICQoLHVkx9TXKkbN4NkQeTSihHpv9oJkFQO8l87Qf9A" // workers are processes: a seal of today would differ
	k := ring(f, "b", "k")
	for _, s := range []string{"", ".", sealed, sealed + "\n", sealed[:len(sealed)-1], "f757b1b8.", "f757b1b8.AAAA", k.KeyID() + sealed[8:]} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		plain, err := k.Open("contact", s, "row-1")
		if s == sealed {
			if err != nil || string(plain) != "มะลิ" {
				t.Errorf("%q %v", plain, err)
			}
		} else if !errors.Is(err, ErrSealed) || plain != nil {
			t.Errorf("%q opens: %q %v", s, plain, err)
		}
	})
}
