package web

import (
	"bytes"
	"fmt"
	"html/template"
	"io/fs"
	"strings"
	"sync"
)

// Product is the name pages and mails speak of.
const Product = "Pratu"

// Renderer turns page and mail data into HTML and text, in every locale. It is read-only after New.
type Renderer struct {
	base   string
	words  *words
	assets *assets
	pages  map[string]map[string]pageTemplate // by locale, then name
	mails  map[string]letterTemplate          // by name and locale
}

// pageTemplate parses a page the first time it is asked for. Each has a copy of the layout: most servers never show most of
// them, and all of them together are a third of an idle server's memory.
type pageTemplate func() (*template.Template, error)

// New reads layout.html, messages/*.json of templates, and all of static. Pages, of pages/ and console/, and mails/ are parsed
// when they are first needed. base is the issuer's own path.
func New(templates, static fs.FS, base string) (*Renderer, error) {
	words, err := loadWords(templates)
	if err != nil {
		return nil, err
	}
	assets, err := loadAssets(static, base)
	if err != nil {
		return nil, err
	}
	r := &Renderer{base: base, words: words, assets: assets, pages: map[string]map[string]pageTemplate{}}
	for _, locale := range Locales {
		if r.pages[locale], err = r.parse(templates, locale); err != nil {
			return nil, err
		}
	}
	r.mails = r.letterTemplates(templates)
	return r, nil
}

// parse makes one template set for each page, so that all of them may define "title" and "main". Those of the console stand
// on console.html besides.
func (r *Renderer) parse(templates fs.FS, locale string) (map[string]pageTemplate, error) {
	layout, err := template.New("layout.html").Funcs(r.functions(locale)).Option("missingkey=error").ParseFS(templates, "layout.html", "parts.html")
	if err != nil {
		return nil, fmt.Errorf("templates: %w", err)
	}
	constant := map[string]func(string) (string, error){
		"t":     func(id string) (string, error) { return r.words.text(locale, id, nil), nil },
		"path":  func(p string) (string, error) { return r.path(p), nil },
		"asset": r.assets.url,
	}
	fold(layout, constant)
	set := map[string]pageTemplate{}
	for dir, shared := range map[string][]string{"pages": nil, "console": {"console.html"}} {
		files, err := fs.Glob(templates, dir+"/*.html")
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			set[strings.TrimPrefix(strings.TrimSuffix(file, ".html"), "pages/")] = sync.OnceValues(func() (*template.Template, error) {
				page, err := layout.Clone()
				if err != nil {
					return nil, err
				}
				if page, err = page.ParseFS(templates, append(shared[:len(shared):len(shared)], file)...); err == nil {
					fold(page, constant)
				}
				return page, err
			})
		}
	}
	return set, nil
}

// Names of all pages.
func (r *Renderer) Names() []string {
	var names []string
	for name := range r.pages[Locales[0]] {
		names = append(names, name)
	}
	return names
}

// usualPage is room for most pages, in bytes.
const usualPage = 8 << 10

// Page renders a page. The answer is complete or an error: a half page would already have its 200.
func (r *Renderer) Page(name string, data Framed) ([]byte, error) {
	f := data.FrameOf()
	if f.Product == "" {
		f.Product = Product
	}
	if f.Locale == "" {
		f.Locale = DefaultLocale
	}
	parsed, known := r.pages[f.Locale][name]
	if !known {
		return nil, fmt.Errorf("page %q doesn't exist in %q", name, f.Locale)
	}
	page, err := parsed()
	if err != nil {
		return nil, fmt.Errorf("page %s: %w", name, err)
	}
	b := bytes.NewBuffer(make([]byte, 0, usualPage))
	if err := page.Execute(b, data); err != nil {
		return nil, fmt.Errorf("page %s: %w", name, err)
	}
	return b.Bytes(), nil
}

// Has tells whether there are words for a message id.
func (r *Renderer) Has(id string) bool { return r.words.has(id) }

// Text is a message in a locale; ⟦id⟧ when there is none.
func (r *Renderer) Text(locale, id string, args map[string]any) string {
	return r.words.text(locale, id, args)
}
