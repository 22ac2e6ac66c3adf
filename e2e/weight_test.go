package e2e

import (
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// firstPage is what the first page may weigh on the wire, in bytes, headers and style included (hosted pages 2.5, 39).
const firstPage = 50 << 10

// wire is what a tab loaded.
type wire struct {
	mu    sync.Mutex
	urls  []string
	bytes float64
}

func (w *wire) hear(ev any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch e := ev.(type) {
	case *network.EventRequestWillBeSent:
		w.urls = append(w.urls, e.Request.URL)
	case *network.EventLoadingFinished:
		w.bytes += e.EncodedDataLength
	}
}

// TestFirstPage follows a person from opening the sign-in page to being signed in: little is loaded, from nowhere else,
// and nothing jumps while it appears.
func TestFirstPage(t *testing.T) {
	p := startDev(t)
	p.account("mali@example.com")
	b := newTab(t)
	b.speak("th")
	b.appear(look{"th", "light", 390})
	w := &wire{}
	if err := chromedp.Listen(b.ctx, w.hear); err != nil {
		t.Fatal(err)
	}
	b.open(p.Issuer + "/login")
	shift := func() float64 {
		return eval[float64](b, `new Promise(done => {
			let sum = 0
			new PerformanceObserver(list => { for (const e of list.getEntries()) sum += e.value }).observe({type: 'layout-shift', buffered: true})
			setTimeout(() => done(sum), 300)
		})`, chromedp.EvalAwaitPromise)
	}
	if got := shift(); got > 0 {
		t.Errorf("the sign-in page jumped by %f", got)
	}
	w.mu.Lock()
	if w.bytes == 0 || w.bytes > firstPage {
		t.Errorf("the first page weighs %.0f bytes", w.bytes)
	}
	t.Logf("the first page: %d requests, %.1f KiB", len(w.urls), w.bytes/1024)
	w.mu.Unlock()
	b.signIn("mali@example.com")
	b.at(p.Issuer + "/account")
	if got := shift(); got > 0 {
		t.Errorf("the account page jumped by %f", got)
	}
	t.Logf("from opening to signed in, as the browser saw it: %.0f ms for the last page", eval[float64](b, `performance.getEntriesByType('navigation')[0].duration`))
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, url := range w.urls {
		if !strings.HasPrefix(url, p.Issuer+"/") {
			t.Errorf("loaded from elsewhere: %s", url)
		}
	}
}
