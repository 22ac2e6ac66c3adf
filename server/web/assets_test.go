package web

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"pratu/static"
	"pratu/templates"
)

func TestAssets(t *testing.T) {
	r, err := New(templates.FS, static.FS, "/id")
	if err != nil {
		t.Fatal(err)
	}
	get := func(path string, header ...string) *httptest.ResponseRecorder {
		t.Helper()
		req := httptest.NewRequest(http.MethodGet, path, nil)
		for i := 0; i < len(header); i += 2 {
			req.Header.Set(header[i], header[i+1])
		}
		w := httptest.NewRecorder()
		if err := r.Static(w, req); err != nil {
			t.Fatal(err)
		}
		return w
	}
	address, err := r.assets.url("style.css")
	if err != nil || !regexp.MustCompile(`^/id/static/style\.[0-9a-f]{12}\.css$`).MatchString(address) {
		t.Fatalf("address %q, %v", address, err)
	}
	plain := get(address)
	if plain.Code != http.StatusOK || plain.Header().Get("Cache-Control") != "public, max-age=31536000, immutable" ||
		plain.Header().Get("Content-Type") != "text/css; charset=utf-8" || plain.Header().Get("Vary") != "Accept-Encoding" {
		t.Errorf("plain: %d %v", plain.Code, plain.Header())
	}
	zipped := get(address, "Accept-Encoding", "br, gzip;q=0.5")
	reader, err := gzip.NewReader(zipped.Body)
	if err != nil || zipped.Header().Get("Content-Encoding") != "gzip" {
		t.Fatalf("zipped: %v %v", err, zipped.Header())
	}
	if body, _ := io.ReadAll(reader); string(body) != plain.Body.String() {
		t.Error("zipped is another file")
	}
	if w := get(address, "Accept-Encoding", "gzip;q=0"); w.Header().Get("Content-Encoding") != "" {
		t.Error("zipped for who refuses it")
	}
	if w := get(address, "If-None-Match", plain.Header().Get("ETag")); w.Code != http.StatusNotModified || w.Body.Len() > 0 {
		t.Errorf("known already: %d", w.Code)
	}
	for path, status := range map[string]int{
		"/static/style.0123456789ab.css": http.StatusOK, "/static/style.css": http.StatusOK, "/static/other.css": http.StatusNotFound,
		"/static/static.go": http.StatusNotFound, "/static/": http.StatusNotFound, "/static/..%2f..%2fgo.mod": http.StatusNotFound,
	} {
		w := get(path)
		if w.Code != status || strings.Contains(w.Header().Get("Cache-Control"), "immutable") {
			t.Errorf("%s: %d %v", path, w.Code, w.Header())
		}
	}
	if _, err := r.assets.url("nothing.css"); err == nil {
		t.Error("an address of a file that isn't there")
	}
}

// TestWeight: a page with everything it loads stays below 50 kB, before compression.
func TestWeight(t *testing.T) {
	r := newRenderer(t)
	size := func(names ...string) (sum int) {
		for _, n := range names {
			sum += len(r.assets.files[n].plain)
		}
		return sum
	}
	if n := size("style.css"); n > 10<<10 {
		t.Errorf("style: %d bytes", n)
	}
	if n := size("portal.css"); n > 5<<10 {
		t.Errorf("style of the portal: %d bytes", n)
	}
	if n := size("page.js", "post.js"); n > 6<<10 {
		t.Errorf("scripts: %d bytes", n)
	}
	if n := size("style.css", "page.js", "favicon.svg", "scene.svg"); n > 20<<10 {
		t.Errorf("all that a page loads: %d bytes", n)
	}
	if n := size("style.css", "portal.css", "page.js", "favicon.svg"); n > 20<<10 { // the picture isn't shown there
		t.Errorf("all that a page of the portal loads: %d bytes", n)
	}
}
