package web

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// eventName is how an event of the record reads; its noun tells whether it can be about an account.
var eventName = regexp.MustCompile(`^(account|admin|browser|consent|contact|device|identity|guest|passkey|password|player|recovery_codes|session|signin|totp|partner|binding)\.[a-z_]+$`)

// notEvents are calls whose texts look the same.
var notEvents = map[string]bool{"New": true, "Is": true, "Text": true, "refused": true, "refuse": true}

// events are the names that flows write into the record.
func events(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob("../../flows/*/*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, file := range files {
		switch filepath.Base(filepath.Dir(file)) {
		case "limits", "passwords", "contact", "webhooks": // they record nothing
			continue
		}
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		tree, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(tree, func(n ast.Node) bool {
			switch x := n.(type) {
			case *ast.CallExpr:
				return !notEvents[called(x)]
			case *ast.KeyValueExpr: // why it failed, which nobody is shown
				key, _ := x.Key.(*ast.Ident)
				return key == nil || key.Name != "Reason"
			case *ast.AssignStmt:
				field, _ := x.Lhs[0].(*ast.SelectorExpr)
				return field == nil || field.Sel.Name != "Reason"
			case *ast.BasicLit:
				if name, err := strconv.Unquote(x.Value); err == nil && eventName.MatchString(name) {
					found[name] = file
				}
			}
			return true
		})
	}
	return found
}

func called(c *ast.CallExpr) string {
	switch f := c.Fun.(type) {
	case *ast.SelectorExpr:
		return f.Sel.Name
	case *ast.Ident:
		return f.Name
	}
	return ""
}

// What the record of an account holds is told in words, in every language.
func TestEventsHaveWords(t *testing.T) {
	r := newRenderer(t)
	list := events(t)
	for _, known := range []string{"signin.succeeded", "totp.added", "passkey.renamed", "contact.taken", "session.stepped_up"} {
		if list[known] == "" {
			t.Errorf("%s isn't found any more", known)
		}
	}
	for name, file := range list {
		if !r.Has("event." + name) {
			t.Errorf("event.%s (%s) has no words", name, file)
		}
	}
	for id := range messages(t, English) {
		if name, is := strings.CutPrefix(id, "event."); is && name != "other" && list[name] == "" {
			t.Errorf("%s tells of what isn't written", id)
		}
	}
}
