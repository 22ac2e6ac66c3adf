package console

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"pratu/flows/kind"
	"pratu/server/web"
	"pratu/static"
	"pratu/templates"
)

// Everything that can be the matter with an application, a connector or a trial has words in both languages (that both have
// the same is TestParity's): the English sentence beside them is for who looks the code up.
func TestEveryProblemHasWords(t *testing.T) {
	words := renderer(t)
	never := map[string]string{ // in the console, whose forms are no documents
		"document.json": "", "document.twice": "", "document.type": "", "document.unknown": "",
	}
	said := regexp.MustCompile(`(?:\.add\(|refuse\(|warn\(|Code:)[^\n]*?"([a-z_]+\.[a-z_]+)"`)
	short := regexp.MustCompile(`\.add\([^\n]+?, "([a-z_]+)", `) // flows/connectors adds the noun
	found := 0
	for _, room := range []string{"clients", "connectors", "oidc"} {
		for code, file := range codesIn(t, room, said) {
			found++
			if _, unmet := never[code]; !unmet && !words.Has("wrong."+code) {
				t.Errorf("%s: %s has no words", file, code)
			}
		}
	}
	for code, file := range codesIn(t, "connectors", short) {
		found++
		if !words.Has("wrong.connector." + code) {
			t.Errorf("%s: connector.%s has no words", file, code)
		}
	}
	if found < 75 {
		t.Errorf("%d codes found only", found)
	}
}

// Every refusal that a page of the console can meet has words: of its own, or those of its kind where a page says no more.
func TestEveryRefusalHasWords(t *testing.T) {
	words := renderer(t)
	elsewhere := map[string]string{
		"account.changed": "own pages", "account.closed": "game API", "ledger.currency": "an address that was typed: its kind says enough", "key.bits": "command line", "key.alg": "command line", "client.setting": "command line",
		"registration.uses": "command line", "registration.life": "command line", "registration.note": "command line",
		"audit.event": "admin API", "audit.until": "admin API", "audit.mark": "command line", "audit.mark_gone": "command line", "key.reused": "admin API", "key.busy": "admin API", "usage.days": "command line", "test.account": "command line", "test.kind": "command line",
		"import.ssoid_taken": "command line", "import.oid_taken": "command line", "import.contact_taken": "command line", "import.binding_taken": "command line",
	}
	refused := regexp.MustCompile(`kind\.New\(kind\.(?:Invalid|Conflict|Exists|RateLimited|Unavailable), "([a-z_]+\.[a-z_]+)"`)
	found := 0
	for _, room := range []string{"office", "accounts", "clients", "connectors", "keys", "limits", "record", "trials", "webhooks"} {
		for code, file := range codesIn(t, room, refused) {
			found++
			if elsewhere[code] == "" && !words.Has(code) && !words.Has("error."+code+".title") {
				t.Errorf("%s: %s has no words", file, code)
			}
		}
	}
	if found < 40 {
		t.Errorf("%d codes found only", found)
	}
	for _, k := range []kind.Kind{kind.NotFound, kind.Forbidden, kind.Invalid, kind.Conflict, kind.RateLimited, kind.Unavailable, kind.Internal} {
		if !words.Has("error." + k.String() + ".title") {
			t.Errorf("a page of kind %s has no words", k)
		}
	}
}

// codesIn are the codes that a room of flows names, and where.
func codesIn(t *testing.T, room string, pattern *regexp.Regexp) map[string]string {
	t.Helper()
	files, err := filepath.Glob("../../flows/" + room + "/*.go")
	if err != nil || len(files) == 0 {
		t.Fatal(room, err)
	}
	codes := map[string]string{}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range pattern.FindAllStringSubmatch(string(raw), -1) {
			if !strings.HasSuffix(file, "_test.go") {
				codes[m[1]] = file
			}
		}
	}
	return codes
}

func renderer(t *testing.T) *web.Renderer {
	t.Helper()
	r, err := web.New(templates.FS, static.FS, "")
	if err != nil {
		t.Fatal(err)
	}
	return r
}
