package e2e

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// The judge is judged first: each fault here must be seen, or the silence of the other tests means nothing.
func TestFaultsAreSeen(t *testing.T) {
	const page = `<!doctype html><html lang="en"><head><title>x</title></head><body><main><h1>x</h1>%</main></body></html>`
	bad := map[string]struct{ part, seen string }{
		"contrast":  {`<p style="color:#999;background:#aaa">grey</p>`, "axe color-contrast"},
		"undecided": {`<p style="background:linear-gradient(#000,#fff)">anything</p>`, "axe color-contrast"},
		"no label":  {`<input name="q">`, "fields without a label"},
		"no paste":  {`<label for="q">q</label><input id="q"><script>document.getElementById('q').onpaste = () => false</script>`, "paste is refused"},
		"unfit":     {`<label for="q">q</label><input id="q" name="code" type="number" autocomplete="one-time-code">`, "managers and keyboards"},
		"too wide":  {`<div style="width:900px">wide</div>`, "overflows: "},
		"too large": {`<div style="width:15rem">wide once text grows</div>`, "overflows with text"},
		"text lost": {`<p>⟦login.title⟧</p>`, "unfinished"},
		"two h1":    {`<h1>y</h1>`, "2 h1"},
		"zoom":      {`<label for="q">q</label><input id="q" style="font-size:13px">`, "phones zoom"},
		"prompt":    {`<label for="q">q</label><input id="q" placeholder="x">`, "placeholders"},
		"small":     {`<button style="width:10px;height:10px">x</button> <button style="width:10px;height:10px">x</button>`, "axe target-size"},
		"flat":      {`<a class="button" href="/" style="display:block;height:30px">flat</a>`, "buttons below"},
		"pale":      {`<label for="q">q</label><input id="q" style="border:1px solid #eee;background:#fff">`, "borders below"},
		"clipped":   {`<h2 style="height:1rem;line-height:2rem;overflow:hidden">cut</h2>`, "clipped"},
		"era":       {`<time datetime="2026-07-29T07:05:00Z">29 July 2569</time>`, "dates"},
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/good", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(strings.Replace(page, "%", "<p>fine</p>", 1)))
	})
	for name, fault := range bad {
		mux.HandleFunc("/"+strings.ReplaceAll(name, " ", "-"), func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(strings.Replace(page, "%", fault.part, 1)))
		})
	}
	mux.HandleFunc("/policy", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'none'; img-src data:")
		_, _ = w.Write([]byte(strings.Replace(page, "%", `<script>1</script>`, 1)))
	})
	server := httptest.NewServer(mux)
	defer server.Close()

	l := look{"en", "light", 320}
	b := newTab(t)
	b.appear(l)
	if status := b.open(server.URL + "/good"); status != http.StatusOK {
		t.Errorf("status %d", status)
	}
	b.wellFormed("good", l)
	for name, fault := range bad {
		b.open(server.URL + "/" + strings.ReplaceAll(name, " ", "-"))
		if said := strings.Join(b.faults(l), " "); !strings.Contains(said, fault.seen) {
			t.Errorf("%s was not noticed, but %q", name, said)
		}
	}
	b.open(server.URL + "/policy")
	if seen := b.complains(); !strings.Contains(seen, "Content Security Policy") {
		t.Errorf("a violation of the policy was not noticed: %q", seen)
	}
}
