package e2e

import (
	"fmt"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// stop is where the focus rests: which of the page's controls, where it stands, and how well its ring is seen.
type stop struct {
	Index                    int
	Name                     string
	Left, Top, Right, Bottom float64
	Ring                     float64
}

// controls are what Tab leads to, in the order of the document.
const controls = `[...document.querySelectorAll('a[href], button, input, select, textarea, summary')].filter(e =>
	!e.disabled && e.tabIndex >= 0 && e.type !== 'hidden' && e.getClientRects().length > 0 && getComputedStyle(e).visibility !== 'hidden')`

func (b *tab) stop() stop {
	return eval[stop](b, colours+`(() => {
		const e = document.activeElement, r = e.getBoundingClientRect(), s = getComputedStyle(e)
		return {index: `+controls+`.indexOf(e), name: e.id || e.innerText || e.tagName, left: r.left, right: r.right,
			top: r.top + scrollY, bottom: r.bottom + scrollY,
			ring: s.outlineStyle === 'none' || parseFloat(s.outlineWidth) < 2 ? 0 : colours.contrast(s.outlineColor, colours.painted(e.parentElement))}
	})()`)
}

// Item 9: Tab leads through a page as people read it, shows where it is, and out again.
func TestKeyboard(t *testing.T) {
	p := startDev(t)
	p.account("mali@example.com")
	b := newTab(t)
	walk := func(scheme string, width int64) {
		t.Helper()
		b.appear(look{"en", scheme, width})
		eval[bool](b, `document.body.tabIndex = -1, document.body.focus(), document.body.removeAttribute('tabindex'), true`)
		count := eval[int](b, controls+`.length`)
		last := stop{}
		for n := range count {
			b.do("Tab", chromedp.KeyEvent(kb.Tab))
			s := b.stop()
			if s.Index != n {
				t.Fatalf("%s: Tab %d leads to control %d, %q", b.url(), n, s.Index, s.Name)
			}
			if s.Ring < 3 {
				t.Errorf("%s, %s: the focus on %q has a contrast of %.1f", b.url(), scheme, s.Name, s.Ring)
			}
			if below, beside := s.Top >= last.Bottom-1, s.Left > last.Left; n > 0 && !below && !beside {
				t.Errorf("%s: from %q the focus goes back to %q", b.url(), last.Name, s.Name)
			}
			last = s
		}
		b.do("Tab", chromedp.KeyEvent(kb.Tab))
		if s := b.stop(); s.Index > 0 {
			t.Errorf("%s: the focus is caught at %q", b.url(), s.Name)
		}
	}
	for _, path := range []string{"/login", "/sign-up", "/nowhere"} {
		b.open(p.Issuer + path)
		walk("light", 390)
		walk("dark", 1280)
	}
	b.open(p.Demo + "/sign-in")
	b.signIn("mali@example.com")
	b.at(p.Issuer + "/consent")
	walk("dark", 320)
	for _, path := range []string{"", "/contacts", "/sessions", "/delete", "/passkeys"} {
		b.open(p.Issuer + "/account" + path)
		walk("light", 320)
	}
}

// Item 10: with the colours of the system, buttons and fields keep their borders and the focus its ring; nothing moves.
func TestForcedColours(t *testing.T) {
	p := startDev(t)
	p.account("mali@example.com")
	b := newTab(t)
	call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "forced-colors", Value: "active"}, {Name: "prefers-reduced-motion", Value: "reduce"},
	}})
	check := func(name string) {
		t.Helper()
		bad := eval[[]string](b, colours+`[...document.querySelectorAll('.button, input:not([type=hidden],[type=checkbox],[tabindex="-1"]), select, textarea, .alert, .card')]
			.filter(e => e.getClientRects().length > 0).filter(e => { const s = getComputedStyle(e)
				return s.borderTopStyle === 'none' || parseFloat(s.borderTopWidth) < 1 || colours.contrast(s.borderTopColor, colours.painted(e)) < 3
			}).map(e => e.id || e.outerHTML.slice(0, 60))`)
		moving := eval[[]string](b, `[...document.querySelectorAll('*')].filter(e => { const s = getComputedStyle(e)
			return s.transitionDuration !== '0s' || s.animationName !== 'none' }).map(e => e.outerHTML.slice(0, 60))`)
		if len(bad) > 0 || len(moving) > 0 || !eval[bool](b, `matchMedia('(forced-colors: active)').matches`) {
			t.Errorf("%s: without a border %v, moving %v", name, bad, moving)
		}
		b.picture("forced-colours-" + name)
	}
	b.open(p.Issuer + "/login")
	b.fill(`#username`, "mali@example.com")
	b.fill(`#password`, "wrong "+password)
	b.click(`#sign-in-submit`)
	check("login")
	b.do("Tab", chromedp.KeyEvent(kb.Tab))
	if s := b.stop(); s.Ring < 3 {
		t.Errorf("the ring around %q: %.1f", s.Name, s.Ring)
	}
	b.open(p.Demo + "/sign-in")
	b.signIn("mali@example.com")
	b.at(p.Issuer + "/consent")
	check("consent")
	for _, name := range []string{"profile", "contacts", "delete"} {
		b.open(fmt.Sprintf("%s/account/%s", p.Issuer, name))
		check(name)
	}
}
