package e2e

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var fingerprint = regexp.MustCompile(`\.[0-9a-f]{12}\.`)

// TestSamples looks at every template with one of everything in it, as server/pages renders it: states that take an hour
// to reach, names that try to be markup, the longest addresses. A template without a sample fails there.
func TestSamples(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	args := []string{"test", "-count=1", "-run", "^TestPages$"}
	if race {
		args = append(args, "-race") // what the other modules' tests have compiled already
	}
	render := exec.Command("go", append(args, "./server/pages", "./server/console")...)
	render.Dir, render.Env = "..", append(os.Environ(), "PRATU_PREVIEW="+dir)
	if out, err := render.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	mux := http.NewServeMux()
	mux.Handle("/", http.FileServer(http.Dir(dir)))
	static := http.StripPrefix("/static", http.FileServer(http.Dir("../static")))
	mux.HandleFunc("/static/", func(w http.ResponseWriter, r *http.Request) {
		r.URL.Path = fingerprint.ReplaceAllString(r.URL.Path, ".")
		static.ServeHTTP(w, r)
	})
	server := httptest.NewServer(mux)
	defer server.Close()
	files, err := filepath.Glob(filepath.Join(dir, "*.en.html"))
	if err != nil || len(files) < 50 {
		t.Fatalf("%d samples, %v", len(files), err)
	}
	b := newTab(t)
	for n, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".en.html")
		if !strings.HasPrefix(name, os.Getenv("PRATU_E2E_SAMPLES")) { // to look at a few
			continue
		}
		list := looks()
		if os.Getenv("PRATU_E2E") != "full" {
			list = list[n%len(list):][:1] // each page once, each look as often as the others
		}
		opened := ""
		for _, l := range list {
			b.appear(l)
			if l.lang != opened {
				b.scriptless(name == "form-post") // it would leave
				b.open(server.URL + "/" + name + "." + l.lang + ".html")
				b.scriptless(false)
				opened = l.lang
			}
			b.wellFormed(name, l)
			b.picture("sample-" + name + "-" + l.String())
		}
		b.quiet()
	}
}
