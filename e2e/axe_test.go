package e2e

import (
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

// violation is one rule of axe that a page breaks.
type violation struct {
	ID    string
	Help  string
	Nodes []struct {
		Target  []any
		Summary string `json:"failureSummary"`
	}
}

// audit asks axe for everything it can tell of the page as it looks now.
func (b *tab) audit() []violation {
	b.t.Helper()
	source, err := axe()
	if err != nil {
		missing(b.t, "axe-core (npm ci in e2e)")
	}
	if !eval[bool](b, `typeof window.axe === 'object'`) {
		eval[chromedp.Void](b, source+"; undefined")
	}
	const run = `axe.run(document, {resultTypes: ['violations'], runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})
		.then(r => JSON.stringify(r.violations))`
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
	for _, v := range b.audit() {
		for _, n := range v.Nodes {
			b.t.Errorf("%s %s: axe %s: %s: %v\n%s", name, l, v.ID, v.Help, n.Target, n.Summary)
		}
	}
	type facts struct {
		Lang, Title      string
		H1, Main         int
		Wide, View       int
		Small, Unlabeled []string
	}
	f := eval[facts](b, `(() => {
		const all = css => [...document.querySelectorAll(css)], name = e => e.id || e.name || e.outerHTML.slice(0, 80)
		const shown = e => e.getClientRects().length > 0 && getComputedStyle(e).visibility !== 'hidden' && e.getBoundingClientRect().width > 2
		const typed = all('input:not([type=hidden],[type=checkbox],[type=radio],[type=submit]), textarea, select').filter(shown)
		return {
			lang: document.documentElement.lang, title: document.title, h1: all('h1').length, main: all('main').length,
			wide: document.documentElement.scrollWidth, view: document.documentElement.clientWidth,
			small: typed.filter(e => parseFloat(getComputedStyle(e).fontSize) < 16).map(name),
			unlabeled: typed.filter(e => e.labels.length === 0).map(name),
		}
	})()`)
	complain := func(format string, args ...any) {
		b.t.Helper()
		b.t.Errorf("%s %s: %s", name, l, fmt.Sprintf(format, args...))
	}
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
	if len(f.Small) > 0 {
		complain("phones zoom into fields with less than 16 px: %v", f.Small)
	}
	if len(f.Unlabeled) > 0 {
		complain("fields without a label: %v", f.Unlabeled)
	}
	if text := b.text("body"); strings.Contains(text, "⟦") || strings.Contains(text, "<no value>") || strings.Contains(text, "%!") {
		complain("an unfinished text is shown")
	}
}
