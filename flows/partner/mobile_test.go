package partner

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"pratu/flows/clients"
)

const (
	testKey    = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
	testNumber = "+66815550100"
	document   = "../../docs/partner-exchange.md"
)

// vectors are what integrators compare their code with.
var vectors = []struct{ protection, nonce string }{
	{clients.MobileGCM, "000102030405060708090a0b"}, {clients.MobileCBC, "000102030405060708090a0b0c0d0e0f"}, {clients.MobileHMAC, ""},
}

func bytesOf(t *testing.T) []byte {
	t.Helper()
	key, err := base64.StdEncoding.DecodeString(testKey)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// The document has what this code makes, and its JavaScript makes the same: UPDATE_DOCS=1 writes the table.
func TestVectors(t *testing.T) {
	key := bytesOf(t)
	var rows strings.Builder
	for _, v := range vectors {
		nonce, _ := hex.DecodeString(v.nonce)
		sent, err := protect(v.protection, key, testNumber, nonce)
		if err != nil || !Verify(v.protection, key, sent, []string{testNumber}) {
			t.Fatalf("%s: %s %v", v.protection, sent, err)
		}
		fmt.Fprintf(&rows, "| `%s` | %s | `%s` |\n", v.protection, v.nonce, sent)
	}
	raw, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	if os.Getenv("UPDATE_DOCS") == "1" {
		raw = bytes.Replace(raw, []byte("VECTORS\n"), []byte(rows.String()), 1)
		if err := os.WriteFile(document, raw, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if !strings.Contains(string(raw), rows.String()) {
		t.Errorf("%s should have\n%s", document, rows.String())
	}
	if _, err := exec.LookPath("node"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("there is no node")
		}
		t.Skip("SKIPPED: there is no node to run the JavaScript of the document")
	}
	_, script, _ := strings.Cut(string(raw), "```js\n")
	script, _, _ = strings.Cut(script, "```")
	for _, v := range vectors {
		script += fmt.Sprintf("console.log('| `%s` | %s | `' + protect('%s', Buffer.from('%s', 'base64'), '%s', Buffer.from('%s', 'hex')) + '` |')\n",
			v.protection, v.nonce, v.protection, testKey, testNumber, v.nonce)
	}
	out, err := exec.Command("node", "-e", script).CombinedOutput()
	if err != nil || string(out) != rows.String() {
		t.Errorf("node: %v\n%s", err, out)
	}
}

// What isn't one of the numbers isn't, whatever is wrong with it.
func TestVerify(t *testing.T) {
	key, other := bytesOf(t), make([]byte, KeySize)
	numbers := []string{"+66812345678", testNumber}
	for _, protection := range clients.MobileProtections() {
		for _, spelling := range []string{testNumber, "0815550100", "081-555-0100"} {
			sent, err := Protect(protection, key, spelling)
			if err != nil || !Verify(protection, key, sent, numbers) {
				t.Errorf("%s %s: %s %v", protection, spelling, sent, err)
			}
			if Verify(protection, key, sent, numbers[:1]) || Verify(protection, key, sent, nil) {
				t.Errorf("%s: another number", protection)
			}
			if protection == clients.MobileOff {
				continue
			}
			raw, _ := base64.StdEncoding.DecodeString(sent)
			if Verify(protection, other, sent, numbers) || Verify(protection, nil, sent, numbers) {
				t.Errorf("%s: another key", protection)
			}
			for i := range raw {
				changed := bytes.Clone(raw)
				changed[i] ^= 0x80
				if Verify(protection, key, base64.StdEncoding.EncodeToString(changed), numbers) {
					t.Errorf("%s: byte %d changed", protection, i)
				}
				if Verify(protection, key, base64.StdEncoding.EncodeToString(raw[:i]), numbers) {
					t.Errorf("%s: %d bytes", protection, i)
				}
			}
		}
		for _, bad := range []string{"", "!!!", "AAAA", strings.Repeat("A", 512), base64.StdEncoding.EncodeToString(make([]byte, 32)), testNumber + "\x00"} {
			if Verify(protection, key, bad, numbers) {
				t.Errorf("%s: %q", protection, bad)
			}
		}
	}
	if sent, err := Protect(clients.MobileCBC, key, testNumber); err != nil || len(sent) != 44 {
		t.Errorf("%s %v", sent, err)
	}
	for _, wrong := range []string{"rot13", ""} {
		if _, err := Protect(wrong, key, testNumber); err == nil {
			t.Errorf("%q is a protection", wrong)
		}
	}
}

func FuzzVerify(f *testing.F) {
	f.Add("AAAA", uint8(1))
	f.Fuzz(func(t *testing.T, sent string, mode uint8) {
		protection := clients.MobileProtections()[int(mode)%3]
		if Verify(protection, make([]byte, KeySize), sent, []string{testNumber}) {
			t.Errorf("%s %q", protection, sent)
		}
	})
}
