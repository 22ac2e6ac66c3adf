package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// full is a disk that is.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

// A script that reads ids isn't told of success where they got lost.
func TestOutputThatFails(t *testing.T) {
	for _, p := range []*printer{{format: "table", out: full{}}, {format: "json", out: full{}}, {format: "yaml", out: full{}}, {format: "table", quiet: true, out: full{}}} {
		v := map[string]string{"id": "1"}
		if p.one(v, [][2]string{{"id", "1"}}) == nil || p.list([]any{v}, []string{"id"}, [][]string{{"1"}}) == nil {
			t.Errorf("%s, quiet %v: no error", p.format, p.quiet)
		}
	}
}

// What somebody calls themselves is no command of a terminal's, in any format, and is read back as it was (OF-05, OF-06).
func TestOutputIsInert(t *testing.T) {
	name := "a\u202eb\u009b31m\x1b[2Jc\U000e0041 มะลิ\nforged\tline"
	for _, format := range []string{"table", "json", "yaml"} {
		var out bytes.Buffer
		p := &printer{format: format, out: &out}
		v := map[string]string{"id": "1", "name": name}
		for _, err := range []error{p.one(v, [][2]string{{"name", name}}), p.list([]any{v}, []string{"id", "name"}, [][]string{{"1", name}}), p.text(v, "  - "+name+"\n")} {
			if err != nil {
				t.Fatal(err)
			}
		}
		if strings.ContainsAny(out.String(), "\u202e\u009b\x1b\U000e0041") || format == "table" && strings.Count(out.String(), "\nforged") > 1 {
			t.Errorf("%s: %q", format, out.String())
		}
		out.Reset()
		if err := p.encode(v); err != nil {
			t.Fatal(err)
		}
		var back map[string]string
		read := json.Unmarshal
		if format == "yaml" {
			read = yaml.Unmarshal
		}
		if format != "table" && (read(out.Bytes(), &back) != nil || back["name"] != name) {
			t.Errorf("%s: %q, %q", format, out.String(), back)
		}
	}
}
