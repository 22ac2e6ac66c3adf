package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// patience bounds one step of a browser; a page takes milliseconds, a loaded machine with a race detector seconds.
const patience = 60 * time.Second

// browser starts Chromium once for all tests. Every tab has cookies of its own.
var browser = sync.OnceValues(func() (context.Context, error) {
	path, err := exec.Command("../scripts/chromium.sh").Output()
	if err != nil {
		return nil, err
	}
	options := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(strings.TrimSpace(string(path))), chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun,
		chromedp.NoDefaultBrowserCheck, chromedp.Flag("force-color-profile", "srgb"), chromedp.Flag("disable-dev-shm-usage", true),
	}
	// A test machine has no network, and needs none: nothing of the browser's own may try to reach it.
	for _, flag := range []string{"disable-quic", "disable-background-networking", "disable-component-update", "disable-sync", "disable-default-apps"} {
		options = append(options, chromedp.Flag(flag, true))
	}
	allocator, _ := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, _ := chromedp.NewContext(allocator)
	back = append(back, func() { _ = chromedp.Cancel(ctx) })
	return ctx, chromedp.Do(ctx)
})

// tab is a page of the browser together with what its console said.
type tab struct {
	t   *testing.T
	ctx context.Context

	mu      sync.Mutex
	console []string
}

// newTab opens a tab with fresh cookies.
func newTab(t *testing.T) *tab {
	t.Helper()
	if _, err := exec.Command("../scripts/chromium.sh").Output(); err != nil {
		missing(t, "Chromium")
	}
	parent, err := browser()
	if err != nil {
		t.Fatalf("Chromium doesn't start: %v", err)
	}
	return openTab(t, parent, chromedp.WithNewBrowserContext())
}

// another opens a second tab beside this one, with the same cookies.
func (b *tab) another() *tab {
	b.t.Helper()
	return openTab(b.t, b.ctx)
}

func openTab(t *testing.T, parent context.Context, options ...chromedp.ContextOption) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(parent, options...)
	b := &tab{t: t, ctx: ctx}
	if err := chromedp.Listen(ctx, b.hear); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the last page was %s\n%s", b.url(), tail(b.text("body"), 1500))
		}
		b.quiet()
		cancel()
	})
	return b
}

// hear keeps what a developer would see in red. Answers to a form with 4xx are no defect of the page.
func (b *tab) hear(ev any) {
	said := ""
	switch e := ev.(type) {
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError && e.Entry.Source != log.EntrySourceNetwork || strings.Contains(e.Entry.URL, "/static/") {
			said = fmt.Sprintf("%s: %s (%s)", e.Entry.Source, e.Entry.Text, e.Entry.URL)
		}
	case *runtime.EventExceptionThrown:
		said = "exception: " + e.ExceptionDetails.Text
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError {
			said = "console.error"
		}
	}
	if said != "" {
		b.mu.Lock()
		b.console = append(b.console, said)
		b.mu.Unlock()
	}
}

// quiet fails the test for anything in the console, a violation of the content security policy above all.
func (b *tab) quiet() {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, line := range b.console {
		b.t.Errorf("in the console: %s", line)
	}
	b.console = nil
}

func (b *tab) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.t.Fatalf("%s: %v", what, err)
	}
}

// open goes to an address and returns the answer's status.
func (b *tab) open(url string) int {
	b.t.Helper()
	return b.load("open "+url, chromedp.Navigate(url))
}

// click follows a link or presses a button that leads to another page.
func (b *tab) click(css string) int {
	b.t.Helper()
	return b.load("click "+css, chromedp.Click(chromedp.CSS(css), chromedp.NodeVisible))
}

func (b *tab) load(what string, step chromedp.Action[chromedp.Void]) int {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	response, err := chromedp.RunResponse(ctx, step)
	if err != nil {
		b.t.Fatalf("%s at %s: %v", what, b.url(), err)
	}
	return int(response.Status)
}

func (b *tab) fill(css, value string) {
	b.t.Helper()
	b.do("wait for "+css, chromedp.WaitVisible(chromedp.CSS(css)))
	eval[bool](b, fmt.Sprintf(`document.querySelector(%q).value = '', true`, css))
	b.do("fill "+css, chromedp.SendKeys(chromedp.CSS(css), value))
}

func (b *tab) url() string { return eval[string](b, `location.href`) }

func (b *tab) has(css string) bool {
	return eval[bool](b, fmt.Sprintf(`document.querySelector(%q) !== null`, css))
}

func (b *tab) text(css string) string {
	return eval[string](b, fmt.Sprintf(`(document.querySelector(%q) ?? {}).innerText ?? ''`, css))
}

// at fails unless the page's address begins so.
func (b *tab) at(prefix string) {
	b.t.Helper()
	if url := b.url(); !strings.HasPrefix(url, prefix) {
		b.t.Fatalf("at %s, not at %s\n%s", url, prefix, tail(b.text("body"), 1500))
	}
}

// eval asks the page; it works without scripts too, since it is the browser that is asked.
func eval[T any](b *tab, expression string, options ...chromedp.EvaluateOption) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, options...))
	if err != nil {
		b.t.Errorf("%.80s: %v", expression, err)
	}
	return v
}

// scriptless turns JavaScript of pages off, as some people do.
func (b *tab) scriptless(off bool) {
	call(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: off})
}

// look is what a page has to look good in.
type look struct {
	lang, scheme string
	width        int64
}

func (l look) String() string { return fmt.Sprintf("%s-%s-%d", l.lang, l.scheme, l.width) }

func (b *tab) speak(lang string) {
	call(b, network.Enable, network.EnableParams{})
	call(b, network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{Headers: network.Headers{"Accept-Language": lang}})
}

func (b *tab) appear(l look) {
	call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: l.scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}},
	})
	b.do("resize", chromedp.EmulateViewport(l.width, 900))
}

func call[P, R any](b *tab, command cdp.Command[P, R], params P) {
	b.t.Helper()
	ask(b, command, params)
}

// ask is call for what the browser answers.
func ask[P, R any](b *tab, command cdp.Command[P, R], params P) R {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	answer, err := chromedp.Call(ctx, command, params)
	if err != nil {
		b.t.Fatal(err)
	}
	return answer
}

// picture keeps a screenshot where PRATU_E2E_PICTURES says so.
func (b *tab) picture(name string) {
	dir := os.Getenv("PRATU_E2E_PICTURES")
	if dir == "" {
		return
	}
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	png, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err == nil {
		err = os.MkdirAll(dir, 0o755)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, name+".png"), png, 0o600)
	}
	if err != nil {
		b.t.Errorf("picture %s: %v", name, err)
	}
}
