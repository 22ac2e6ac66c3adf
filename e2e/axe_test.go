package e2e

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"

	"github.com/chromedp/chromedp"
)

// axe is the source of axe-core; it is given to the browser by the debugger, so it works under the strictest policy.
var axe = sync.OnceValues(func() (string, error) {
	raw, err := os.ReadFile("node_modules/axe-core/axe.min.js")
	return string(raw), err
})

// violation is one rule of axe that a page breaks, or may break.
type violation struct {
	ID    string
	Help  string
	Nodes []struct {
		Target  []any
		Summary string `json:"failureSummary"`
	}
}

// stumbles is a script that lists what axe doesn't look at.
//
//go:embed facts.js
var stumbles string

// colours is what scripts know of contrast.
//
//go:embed colours.js
var colours string

type facts struct {
	Lang, Title                  string
	H1, Main                     int
	Wide, View, Grown            int // Grown is with text of twice the size
	Small, Unlabeled, Prompted   []string
	Unpastable, Unfit            []string
	Flat, Pale, Clipped, Undated []string
}

// audit asks axe for everything it can tell of the page as it looks now. What it can't decide isn't good enough either.
func (b *tab) audit() []violation {
	b.t.Helper()
	source, err := axe()
	if err != nil {
		missing(b.t, "axe-core (npm ci in e2e)")
	}
	if !eval[bool](b, `typeof window.axe === 'object'`) {
		eval[chromedp.Void](b, source+"; undefined")
	}
	const run = `axe.run(document, {resultTypes: ['violations', 'incomplete'], runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})
		.then(r => JSON.stringify([...r.violations, ...r.incomplete]))`
	raw := eval[string](b, run, chromedp.EvalAwaitPromise)
	var found []violation
	if err := json.Unmarshal([]byte(raw), &found); err != nil {
		b.t.Errorf("axe said %.200q: %v", raw, err)
	}
	return found
}

// wellFormed checks what no person should have to notice.
func (b *tab) wellFormed(name string, l look) {
	b.t.Helper()
	for _, fault := range b.faults(l) {
		b.t.Errorf("%s %s: %s", name, l, fault)
	}
}

func (b *tab) faults(l look) (list []string) {
	b.t.Helper()
	complain := func(format string, args ...any) { list = append(list, fmt.Sprintf(format, args...)) }
	for _, v := range b.audit() {
		for _, n := range v.Nodes {
			complain("axe %s: %s: %v\n%s", v.ID, v.Help, n.Target, n.Summary)
		}
	}
	f := eval[facts](b, colours+stumbles)
	if base, _, _ := strings.Cut(f.Lang, "-"); base != l.lang {
		complain("html has lang=%q", f.Lang)
	}
	if strings.TrimSpace(f.Title) == "" {
		complain("no title")
	}
	if f.H1 != 1 || f.Main != 1 {
		complain("%d h1 and %d main, instead of one each", f.H1, f.Main)
	}
	if f.Wide > f.View {
		complain("overflows: %d px of %d", f.Wide, f.View)
	}
	if f.Grown > f.View {
		complain("overflows with text twice as large: %d px of %d", f.Grown, f.View)
	}
	for what, list := range map[string][]string{
		"phones zoom into fields with less than 16 px": f.Small, "fields without a label": f.Unlabeled, "placeholders": f.Prompted, "paste is refused": f.Unpastable,
		"fields that managers and keyboards don't know": f.Unfit,
		"buttons below 44 px":                           f.Flat, "borders below 3:1": f.Pale, "clipped": f.Clipped, "dates of the wrong era, or not for machines": f.Undated,
	} {
		if len(list) > 0 {
			complain("%s: %v", what, list)
		}
	}
	if text := b.text("body"); strings.Contains(text, "⟦") || strings.Contains(text, "<no value>") || strings.Contains(text, "%!") {
		complain("an unfinished text is shown")
	}
	return list
}
