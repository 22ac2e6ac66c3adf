package audit_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pratu/flows/audit"
	"pratu/storage"
	"pratu/storage/storagetest"
)

var eventName = regexp.MustCompile(`^[a-z_]+(\.[a-z_]+)+$`)

// writers are the calls that have an event's name as a text.
var writers = map[string]bool{"record": true, "event": true, "bindingEvent": true, "endGrant": true, "tell": true, "write": true, "changed": true}

// The table of names has what flows write, and nothing else.
func TestNames(t *testing.T) {
	written := map[string]bool{}
	add := func(x ast.Expr) {
		text, _ := x.(*ast.BasicLit)
		if text == nil {
			return
		}
		if name, err := strconv.Unquote(text.Value); err == nil && eventName.MatchString(name) {
			written[name] = true
		}
	}
	files, err := filepath.Glob("../*/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		tree, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(tree, func(n ast.Node) bool { return eachName(n, add) })
	}
	var list []string
	for name := range written {
		list = append(list, name)
	}
	slices.Sort(list)
	if diff := cmp.Diff(list, audit.Names()); diff != "" {
		t.Errorf("written, and in the table:\n%s", diff)
	}
}

func eachName(n ast.Node, add func(ast.Expr)) bool {
	switch x := n.(type) {
	case *ast.KeyValueExpr:
		if key, _ := x.Key.(*ast.Ident); key != nil && (key.Name == "Name" || key.Name == "event") {
			add(x.Value)
		}
	case *ast.CallExpr:
		called := ""
		switch f := x.Fun.(type) {
		case *ast.SelectorExpr:
			called = f.Sel.Name
		case *ast.Ident:
			called = f.Name
		}
		if writers[called] {
			for _, arg := range x.Args {
				add(arg)
			}
		}
	case *ast.AssignStmt:
		for i, to := range x.Lhs {
			if id, _ := to.(*ast.Ident); id != nil && len(x.Rhs) == len(x.Lhs) && (id.Name == "event" || id.Name == "name") {
				add(x.Rhs[i])
			}
		}
	case *ast.ValueSpec:
		if len(x.Values) == 1 && x.Names[0].Name == "LookedUp" {
			add(x.Values[0])
		}
	}
	return true
}

// What isn't in the table can't be written, so that any test that writes it tells.
func TestUnknownName(t *testing.T) {
	storagetest.Engines(t, func(t *testing.T, s *storage.Store) {
		log := &audit.Log{Store: s, Now: time.Now}
		if err := log.Append(t.Context(), audit.Event{Name: "signin.fail"}); err == nil {
			t.Error("written")
		}
	})
}
