package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestDocumentJSON(t *testing.T) {
	bomb := "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
	for _, n := range strings.Fields("1 2 3 4 5 6 7") {
		before := string(n[0] - 1)
		bomb += "a" + n + ": &a" + n + " [" + strings.Repeat("*a"+before+", ", 9) + "*a" + before + "]\n"
	}
	for name, c := range map[string]struct{ in, want, err string }{
		"JSON stays":             {"\n{\n\t\"a\": 1.50,\n\t\"a\": \"\\ud83d\\ude00\"\n}\n", "{\n\t\"a\": 1.50,\n\t\"a\": \"\\ud83d\\ude00\"\n}", ""},
		"order, twice, comments": {"b: 1 # one\na: [x, {c: null}]\nb: 2\n", `{"b":1,"a":["x",{"c":null}],"b":2}`, ""},
		"texts and numbers":      {"a: 007\nb: \"77\"\nc: 2026-11-26\nd: yes\ne: true\nf: 1.5\ng: 0x1F", `{"a":7,"b":"77","c":"2026-11-26","d":"yes","e":true,"f":1.5,"g":31}`, ""},
		"aliases":                {"a: &x {b: 1}\nc: *x", `{"a":{"b":1},"c":{"b":1}}`, ""},
		"empty":                  {"# nothing\n", "", "the file is empty"},
		"two documents":          {"a: 1\n---\nb: 2", "", "more than one document"},
		"neither":                {"{\"a\": [}", "", "neither JSON nor YAML"},
		"a name that is none":    {"[a]: 1", "", "a name is a text"},
		"not a number":           {"a: .nan", "", "NaN"},
		"in itself":              {"a: &a [*a]", "", "unfolds into too much"},
		"bomb":                   {bomb, "", "unfolds into too much"},
	} {
		got, err := documentJSON([]byte(c.in))
		if c.err == "" && (err != nil || string(got) != c.want) || c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
			t.Errorf("%s: %s, %v", name, got, err)
		}
	}
}

// The file that docs/apply.md shows is one.
func TestApplyDocument(t *testing.T) {
	raw, err := os.ReadFile("../docs/apply.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(raw), "```yaml\n")
	file, _, closed := strings.Cut(rest, "```")
	if !found || !closed {
		t.Fatal("no file in docs/apply.md")
	}
	dir := t.TempDir()
	for name, text := range map[string]string{"house.yaml": file, "shop.secret": "a secret of the shop"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	environ := []string{"PRATU_DATA_DIR=" + dir, "PARTNER_KEY=MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=", "GOOGLE_SECRET=x"}
	for _, line := range []string{
		"account create --email mali@example.com --verified", "account create --email somchai@example.com --verified",
		"apply -f " + dir + "/house.yaml", "apply -f " + dir + "/house.yaml",
	} {
		var out, said bytes.Buffer
		if code := Run(t.Context(), strings.Fields("pratu "+line), environ, strings.NewReader(""), &out, &said); code != exitOK {
			t.Fatalf("%s: %d %s", line, code, said.String())
		}
		file = out.String() // the last one's
	}
	if n := strings.Count(file, "unchanged\n"); n != 6 {
		t.Errorf("%d unchanged\n%s", n, file)
	}
}
