package formtest

import (
	"bytes"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// Wanted is what a page has to be.
type Wanted struct {
	Locale  string
	InTitle string // a text that the title holds
	Alert   bool   // it tells of a problem
	Bytes   int    // at most
}

// What a page may never hold: marks of unfinished rendering, and a character that turns the text around.
var unfinished = regexp.MustCompile(`⟦|⟧|<no value>|&lt;no value|%!|ZgotmplZ|\x{F8FF}|\{\{|\x{202E}`)

// Check reads a page and complains about what no page may be. It returns the page's title.
func Check(t *testing.T, body []byte, w Wanted) (title string) {
	t.Helper()
	if m := unfinished.FindString(string(body)); m != "" {
		t.Errorf("unfinished: %q", m)
	}
	if len(body) > w.Bytes {
		t.Errorf("%d bytes", len(body))
	}
	root, err := html.Parse(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	p := &reader{t: t, ids: map[string]bool{}, count: map[string]int{}}
	p.read(root)
	p.finish()
	if p.lang != w.Locale {
		t.Errorf("lang is %q", p.lang)
	}
	if p.count["h1"] != 1 || p.count["main"] != 1 || p.count["title"] != 1 {
		t.Errorf("one h1, one main, one title: %v", p.count)
	}
	if !strings.Contains(p.title, w.InTitle) {
		t.Errorf("title %q lacks %q", p.title, w.InTitle)
	}
	if w.Alert && !slices.Contains(p.roles, "alert") {
		t.Error("problems without an alert")
	}
	return p.title
}

// reader walks through a page and complains.
type reader struct {
	t           *testing.T
	lang, title string
	ids         map[string]bool
	roles       []string
	labels      []string
	refs        []string // ids that are referred to
	inputs      []*html.Node
	count       map[string]int
	forms       []*html.Node
}

func (p *reader) read(n *html.Node) {
	if n.Type == html.ElementNode {
		p.count[n.Data]++
		p.element(n)
		for _, a := range n.Attr {
			p.attribute(n, a)
		}
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		p.read(c)
	}
}

func (p *reader) element(n *html.Node) {
	switch n.Data {
	case "html":
		p.lang = attr(n, "lang")
	case "title":
		if n.Parent.Data == "head" {
			p.title = n.FirstChild.Data
		}
	case "style":
		p.t.Error("inline style element")
	case "script":
		if n.FirstChild != nil || !strings.HasPrefix(attr(n, "src"), "/static/") {
			p.t.Error("inline or foreign script")
		}
	case "b":
		p.t.Error("a client's name became markup")
	case "label":
		p.labels = append(p.labels, attr(n, "for"))
	case "input":
		p.inputs = append(p.inputs, n)
	case "form":
		p.forms = append(p.forms, n)
	case "button":
		if attr(n, "type") == "" {
			p.t.Error("button without a type")
		}
	}
}

func (p *reader) attribute(n *html.Node, a html.Attribute) {
	switch {
	case a.Key == "style", strings.HasPrefix(a.Key, "on"):
		p.t.Errorf("inline %s on %s", a.Key, n.Data)
	case a.Key == "id":
		if p.ids[a.Val] {
			p.t.Errorf("id %q twice", a.Val)
		}
		p.ids[a.Val] = true
	case a.Key == "role":
		p.roles = append(p.roles, a.Val)
	case a.Key == "aria-describedby", a.Key == "aria-labelledby", a.Key == "aria-controls", a.Key == "form", a.Key == "data-copy":
		p.refs = append(p.refs, strings.Fields(a.Val)...)
	case a.Key == "href" && strings.HasPrefix(a.Val, "#"):
		p.refs = append(p.refs, a.Val[1:])
	case a.Key == "target":
		if !strings.Contains(attr(n, "rel"), "noopener") {
			p.t.Error("target without noopener")
		}
	case a.Key == "src", a.Key == "action":
		if u, err := url.Parse(a.Val); err != nil || u.IsAbs() && n.Data != "form" && n.Data != "iframe" {
			p.t.Errorf("%s=%q", a.Key, a.Val)
		}
	case a.Key == "autofocus":
		p.count["autofocus"]++
	}
}

func (p *reader) finish() {
	for _, id := range p.refs {
		if !p.ids[id] {
			p.t.Errorf("nothing has id %q", id)
		}
	}
	if p.count["autofocus"] > 1 {
		p.t.Error("more than one autofocus")
	}
	for _, n := range p.inputs {
		if attr(n, "type") == "hidden" || attr(n, "aria-hidden") == "true" {
			continue
		}
		if !slices.Contains(p.labels, attr(n, "id")) {
			p.t.Errorf("input %s has no label", attr(n, "name"))
		}
		if attr(n, "autocomplete") == "" || attr(n, "maxlength") != "" || attr(n, "placeholder") != "" {
			p.t.Errorf("input %s: %v", attr(n, "name"), n.Attr)
		}
	}
	for _, f := range p.forms {
		if attr(f, "role") == "search" { // it asks, and changes nothing
			if attr(f, "method") != "get" || holds(f, "csrf") {
				p.t.Errorf("the search %s", attr(f, "id"))
			}
			continue
		}
		if attr(f, "method") != "post" {
			p.t.Error("a form that isn't posted")
		}
		if attr(f, "id") != "form-post" && !holds(f, "csrf") {
			p.t.Errorf("form %s without csrf", attr(f, "id"))
		}
		if attr(f, "id") == "form-post" && holds(f, "csrf") {
			p.t.Error("the relying party would get our csrf token")
		}
	}
}

func holds(n *html.Node, name string) bool {
	if n.Data == "input" && attr(n, "name") == name {
		return true
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if holds(c, name) {
			return true
		}
	}
	return false
}
