package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// requirement is something that the standards ask of us, in our words, and what shows that it is so: rows of the attack
// catalogue, which tests name in their comments, or tests by their names.
type requirement struct {
	number int
	text   string
	source string
	shown  []string
}

// catalogue is how many attacks each family has that concerns what is built. An attack that no test names fails here.
var catalogue = []struct {
	family, about string
	rows          int
	later         []int // they concern what isn't built yet
}{
	{"AZ", "authorization endpoint", 30, nil},
	{"TK", "token endpoint", 36, []int{32, 33, 34}},
	{"MI", "userinfo, introspection, revocation, pushed requests, metadata", 18, nil},
	{"LO", "sign-out", 7, nil},
	{"HP", "hosted pages", 30, nil},
	{"HT", "transport", 10, nil},
	{"LK", "an account by its number", 10, nil},
	{"SE", "an account by a contact", 10, nil},
	{"LL", "the obsolete look-up", 8, nil},
	{"LX", "exchange of codes by partners", 12, nil},
	{"MS", "game API: tokens of Azure AD B2C", 15, nil},
	{"FB", "game API: tokens of Facebook", 7, nil},
	{"GG", "game API: tokens of Google", 7, nil},
	{"GL", "game API: passwords", 10, nil},
	{"GR", "game API: registration", 9, nil},
	{"GF", "game API: renewal", 7, nil},
	{"GV", "game API: verification", 9, nil},
	{"GE", "game API: another mail", 6, nil},
	{"OF", "console and admin API (01 forged posts, 02 what is another title's, 03 members that no form has, 04 stored markup, " +
		"05 direction marks, 06 lines in what is exported, 07 somebody else's trial, 08 merging what has changed, 09 merging away what protected " +
		"somebody, 10 what a trial leaves behind, 11 what was taken back, 12 answers without bounds)", 12, nil},
}

const coverageFile = "docs/security-coverage.md"

// TestSecurityCoverage writes which test stands for which attack and which requirement, and fails when one has none:
// UPDATE_DOCS=1 go test . -run Coverage
func TestSecurityCoverage(t *testing.T) {
	named, tests := securityTests(t)
	var b strings.Builder
	b.WriteString("# Security coverage\n\nWritten by `UPDATE_DOCS=1 go test . -run Coverage` from the comments of the tests; a missing test fails `make test`.\n")
	for _, c := range catalogue {
		fmt.Fprintf(&b, "\n## %s: %s\n\n| attack | tests |\n|---|---|\n", c.family, c.about)
		for n := 1; n <= c.rows; n++ {
			id := fmt.Sprintf("%s-%02d", c.family, n)
			list := strings.Join(named[id], ", ")
			if list == "" {
				if !slices.Contains(c.later, n) {
					t.Errorf("no test names %s", id)
				}
				list = "with a later feature"
			}
			fmt.Fprintf(&b, "| %s | %s |\n", id, list)
		}
	}
	b.WriteString("\n## Requirements\n\n| | requirement | of | shown by |\n|---|---|---|---|\n")
	for i, r := range requirements {
		if r.number != i+1 {
			t.Errorf("requirement %d stands where %d belongs", r.number, i+1)
		}
		r.write(t, &b, named, tests)
	}
	written(t, coverageFile, b.String())
}

// write is the row of a requirement; what is to show it has to be there.
func (r *requirement) write(t *testing.T, b *strings.Builder, named map[string][]string, tests []string) {
	t.Helper()
	for _, s := range r.shown {
		if !slices.Contains(tests, s) && named[s] == nil {
			t.Errorf("%d, %s, is to be shown by %s, which isn't there", r.number, r.text, s)
		}
	}
	shown := strings.Join(r.shown, ", ")
	if shown == "" {
		shown = "with a later feature"
	}
	fmt.Fprintf(b, "| %d | %s | %s | %s |\n", r.number, r.text, r.source, shown)
}

// written compares a document with what it should be, or writes it.
func written(t *testing.T, file, want string) {
	t.Helper()
	if os.Getenv("UPDATE_DOCS") != "" {
		if err := os.WriteFile(file, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if raw, err := os.ReadFile(file); err != nil || string(raw) != want {
		t.Errorf("%s is old (%v): UPDATE_DOCS=1 go test . -run Coverage", file, err)
	}
}

var (
	attackID    = regexp.MustCompile(`\b(?:AZ|TK|MI|LO|HP|HT|LK|SE|LL|LX|MS|FB|OF|G[GLRFVE])-\d\d\b`)
	attackRange = regexp.MustCompile(`\b(AZ|TK|MI|LO|HP|HT|LK|SE|LL|LX|MS|FB|OF|G[GLRFVE])-(\d\d) to (?:AZ|TK|MI|LO|HP|HT|LK|SE|LL|LX|MS|FB|OF|G[GLRFVE])-(\d\d)\b`)
)

// securityTests reads the tests: which of them name an attack, in their comment or body, and the names of all.
func securityTests(t *testing.T) (named map[string][]string, all []string) {
	t.Helper()
	found := map[string]map[string]bool{}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") || path == "coverage_test.go" {
			return err
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, raw, parser.ParseComments)
		if err != nil {
			return err
		}
		for _, decl := range file.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if !ok {
				continue
			}
			from := f.Pos()
			if f.Doc != nil {
				from = f.Doc.Pos()
			}
			name := filepath.ToSlash(filepath.Dir(path)) + "." + f.Name.Name
			if strings.HasPrefix(f.Name.Name, "Test") || strings.HasPrefix(f.Name.Name, "Fuzz") {
				all = append(all, name)
			}
			for _, id := range attacks(string(raw[from-1 : f.End()-1])) {
				if found[id] == nil {
					found[id] = map[string]bool{}
				}
				found[id][name] = true
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	named = map[string][]string{}
	for id, set := range found {
		named[id] = slices.Sorted(maps.Keys(set))
	}
	return named, all
}

func attacks(text string) []string {
	ids := attackID.FindAllString(text, -1)
	for _, m := range attackRange.FindAllStringSubmatch(text, -1) {
		var from, to int
		_, _ = fmt.Sscan(strings.TrimLeft(m[2], "0"), &from)
		_, _ = fmt.Sscan(strings.TrimLeft(m[3], "0"), &to)
		for n := from; n <= to; n++ {
			ids = append(ids, fmt.Sprintf("%s-%02d", m[1], n))
		}
	}
	return ids
}
