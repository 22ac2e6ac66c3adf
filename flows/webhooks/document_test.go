package webhooks_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"pratu/flows/webhooks"
)

// What docs/webhooks.md shows is what these tests verify with; TestDocument compares the two.
func verify(secret string, header http.Header, body []byte, now time.Time) error {
	id, timestamp := header.Get("webhook-id"), header.Get("webhook-timestamp")
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil || now.Sub(time.Unix(seconds, 0)).Abs() > 5*time.Minute {
		return errors.New("too old, or no time")
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		return err
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + timestamp + "." + string(body)))
	want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	for got := range strings.FieldsSeq(header.Get("webhook-signature")) {
		if hmac.Equal([]byte(got), []byte(want)) {
			return nil
		}
	}
	return errors.New("not signed by us")
}

func block(t *testing.T, text, language string) string {
	t.Helper()
	_, rest, found := strings.Cut(text, "```"+language+"\n")
	code, _, closed := strings.Cut(rest, "```")
	if !found || !closed {
		t.Fatalf("no %s in the document", language)
	}
	return code
}

// The document names every event, and shows the Go that is compiled here.
func TestDocument(t *testing.T) {
	document, err := os.ReadFile("../../docs/webhooks.md")
	must(t, err)
	own, err := os.ReadFile("document_test.go")
	must(t, err)
	if !strings.Contains(string(own), block(t, string(document), "go")) {
		t.Error("the document shows other Go")
	}
	for _, name := range webhooks.Events() {
		if !strings.Contains(string(document), "`"+name+"`") {
			t.Errorf("the document doesn't name %s", name)
		}
	}
}

// The JavaScript of the document takes what was sent, and nothing that was changed.
func TestDocumentedJavaScript(t *testing.T) {
	if _, err := exec.LookPath("node"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("there is no node")
		}
		t.Skip("SKIPPED: there is no node to run the JavaScript of the document")
	}
	document, err := os.ReadFile("../../docs/webhooks.md")
	must(t, err)
	each(t, func(t *testing.T, w *world) {
		_, secret := w.create("account.created")
		w.append("account.created", nil)
		w.send()
		if len(w.got) != 1 {
			t.Fatalf("%d messages", len(w.got))
		}
		headers := map[string]string{}
		for name := range w.got[0].header {
			headers[strings.ToLower(name)] = w.got[0].header.Get(name)
		}
		input, err := json.Marshal(map[string]any{"secret": secret, "headers": headers, "body": string(w.got[0].body), "now": w.at.UnixMilli()})
		must(t, err)
		script := filepath.Join(t.TempDir(), "verify.mjs")
		must(t, os.WriteFile(script, []byte(block(t, string(document), "js")+`
const { secret, headers, body, now } = JSON.parse(process.argv[2])
const other = (name, value) => ({ ...headers, [name]: value })
console.log([
  verify(secret, headers, body, now), verify(secret, other('webhook-signature', 'v1,x ' + headers['webhook-signature']), body, now),
  verify(secret, headers, body + ' ', now), verify(secret, headers, body, now + 301_000), verify(secret, other('webhook-id', 'x'), body, now),
  verify(secret, other('webhook-timestamp', 'x'), body, now), verify(secret, other('webhook-signature', undefined), body, now),
  verify('whsec_AAAA', headers, body, now),
].join(' '))`), 0o600))
		out, err := exec.CommandContext(t.Context(), "node", script, string(input)).CombinedOutput()
		if want := "true true" + strings.Repeat(" false", 6) + "\n"; err != nil || string(out) != want {
			t.Errorf("node: %v\n%s", err, out)
		}
	})
}
