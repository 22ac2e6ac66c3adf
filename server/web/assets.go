package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"

	"pratu/flows/issuer"
)

// assets are the static files, in memory, each under a name that holds its fingerprint: a browser may keep one for ever.
type assets struct {
	base  string
	files map[string]asset // by plain name
}

type asset struct {
	name, mime    string
	plain, zipped []byte
}

// types of what we serve: the system's table differs between machines.
var types = map[string]string{
	".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml",
	".png": "image/png", ".ico": "image/x-icon", ".webmanifest": "application/manifest+json",
}

func loadAssets(static fs.FS, base string) (*assets, error) {
	a := &assets{base: base + issuer.PathStatic + "/", files: map[string]asset{}}
	entries, err := fs.ReadDir(static, ".")
	if err != nil {
		return nil, fmt.Errorf("static: %w", err)
	}
	for _, e := range entries {
		ext := path.Ext(e.Name())
		mime, known := types[ext]
		if e.IsDir() || !known {
			continue
		}
		body, err := fs.ReadFile(static, e.Name())
		if err != nil {
			return nil, fmt.Errorf("static: %w", err)
		}
		sum := sha256.Sum256(body)
		f := asset{
			name: strings.TrimSuffix(e.Name(), ext) + "." + hex.EncodeToString(sum[:6]) + ext, mime: mime, plain: body,
		}
		if ext != ".png" && ext != ".ico" {
			if f.zipped, err = zip(body); err != nil {
				return nil, fmt.Errorf("static: %w", err)
			}
		}
		a.files[e.Name()] = f
	}
	return a, nil
}

func zip(body []byte) ([]byte, error) {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(body); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// url is the fingerprinted address of a file; a template that names another one is a mistake.
func (a *assets) url(name string) (string, error) {
	f, ok := a.files[name]
	if !ok {
		return "", fmt.Errorf("no static file %q", name)
	}
	return a.base + f.name, nil
}

// find takes a name with or without fingerprint. current tells whether it is the fingerprint of today.
func (a *assets) find(name string) (f asset, current, ok bool) {
	if f, ok = a.files[name]; ok {
		return f, false, true
	}
	ext := path.Ext(name)
	stem := strings.TrimSuffix(name, ext)
	f, ok = a.files[strings.TrimSuffix(stem, path.Ext(stem))+ext]
	return f, f.name == name, ok
}

// Static serves the static files below issuer.PathStatic, by the last part of the path. A name with another version's
// fingerprint gets today's file, not to be kept: while replicas are replaced, a page of the one is styled by the other.
func (r *Renderer) Static(w http.ResponseWriter, req *http.Request) error {
	f, current, ok := r.assets.find(path.Base(req.URL.Path))
	if !ok {
		http.NotFound(w, req)
		return nil
	}
	h := w.Header()
	h.Set("Content-Type", f.mime)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("ETag", `"`+f.name+`"`)
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox") // an SVG opened by itself
	h.Set("Cache-Control", "no-cache")
	if current {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	if f.zipped != nil {
		h.Set("Vary", "Accept-Encoding")
	}
	if req.Header.Get("If-None-Match") == `"`+f.name+`"` {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	body := f.plain
	if f.zipped != nil && acceptsGzip(req.Header.Get("Accept-Encoding")) {
		h.Set("Content-Encoding", "gzip")
		body = f.zipped
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if req.Method != http.MethodHead {
		_, _ = w.Write(body) // a browser that went away is no failure of ours
	}
	return nil
}

func acceptsGzip(header string) bool {
	for part := range strings.SplitSeq(header, ",") {
		name, quality, _ := strings.Cut(strings.TrimSpace(part), ";")
		if strings.TrimSpace(name) == "gzip" {
			q := strings.TrimSpace(quality)
			return q != "q=0" && q != "q=0.0" && q != "q=0.00" && q != "q=0.000"
		}
	}
	return false
}
