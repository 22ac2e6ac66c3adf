package pages

import (
	"bytes"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"pratu/server/web"
	"pratu/static"
	"pratu/templates"
)

func newRenderer(t *testing.T) *web.Renderer {
	t.Helper()
	r, err := web.New(templates.FS, static.FS, "")
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (s sample) render(t *testing.T, r *web.Renderer, locale string) []byte {
	t.Helper()
	data := s.view()
	f := data.FrameOf()
	f.Locale, f.CSRF, f.RequestID, f.Problems = locale, "csrf-token", "4f1c2a7be09d", s.problems
	f.Languages = []web.Language{
		{Tag: "en", Name: "English", URL: "/language?to=en", Current: locale == "en"},
		{Tag: "th", Name: "ไทย", URL: "/language?to=th", Current: locale == "th"},
	}
	if s.client != "" {
		f.Interaction = "handle"
		f.Client = web.NewBrand("shop", s.client, "shop.example.com", "https://shop.example.com/privacy", "https://shop.example.com/terms")
	}
	body, err := r.Page(s.page, data)
	if err != nil {
		t.Fatalf("%s in %s: %v", s.file, locale, err)
	}
	return body
}

// TestPages renders every page in both languages and reads what a browser would.
func TestPages(t *testing.T) {
	r := newRenderer(t)
	var seen []string
	titles := map[string]string{} // whose page it is; two of one title couldn't be told apart in a list of tabs
	for _, s := range samples() {
		seen = append(seen, s.page)
		for _, locale := range web.Locales {
			t.Run(s.file+"."+locale, func(t *testing.T) {
				body := s.render(t, r, locale)
				if dir := os.Getenv("PRATU_PREVIEW"); dir != "" { // to look at them: pages by file name, beside the static files
					if err := os.WriteFile(filepath.Join(dir, s.file+"."+locale+".html"), body, 0o644); err != nil {
						t.Fatal(err)
					}
				}
				title := checkPage(t, s, locale, body)
				if other, taken := titles[title]; taken && other != s.page && s.page != "prove" { // the same step as verify's
					t.Errorf("%s has the title of %s: %q", s.page, other, title)
				}
				titles[title] = s.page
			})
		}
	}
	for _, name := range r.Names() {
		if !slices.Contains(seen, name) {
			t.Errorf("page %s has no sample", name)
		}
	}
}

var unfinished = regexp.MustCompile(`⟦|⟧|<no value>|&lt;no value|%!|ZgotmplZ|\x{F8FF}|\{\{|\x{202E}`)

func checkPage(t *testing.T, s sample, locale string, body []byte) (title string) {
	t.Helper()
	if m := unfinished.FindString(string(body)); m != "" {
		t.Errorf("unfinished: %q", m)
	}
	if len(body) > 20<<10 {
		t.Errorf("%d bytes", len(body))
	}
	root, err := html.Parse(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	p := &reader{t: t, ids: map[string]bool{}, count: map[string]int{}}
	p.read(root)
	p.finish()
	if p.lang != locale {
		t.Errorf("lang is %q", p.lang)
	}
	if p.count["h1"] != 1 || p.count["main"] != 1 || p.count["title"] != 1 {
		t.Errorf("one h1, one main, one title: %v", p.count)
	}
	if !strings.Contains(p.title, web.Inert(s.client)) {
		t.Errorf("title %q doesn't name the client", p.title)
	}
	if len(s.problems) > 0 && !slices.Contains(p.roles, "alert") {
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

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
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

// TestFields pins what password managers and phones go by.
func TestFields(t *testing.T) {
	r := newRenderer(t)
	want := map[string][]string{
		"sign-in": {
			`id="sign-in"`, `id="sign-in-submit"`, `name="username" type="text" inputmode="email" autocapitalize="none" spellcheck="false" autocomplete="username webauthn"`,
			`name="password" type="password" autocomplete="current-password"`, `form="sign-in" name="language" value="th" formnovalidate`,
		},
		"sign-in-again": {
			`name="username" type="text" autocomplete="username" value="mali@example.com" readonly tabindex="-1">`,
			`name="password" type="password" autocomplete="current-password" required autofocus`, `href="/login?another=1"`,
		},
		"sign-up": {
			`id="sign-up"`, `name="email" type="email" inputmode="email" autocapitalize="none" spellcheck="false" autocomplete="email"`,
			`name="password" type="password" autocomplete="new-password" passwordrules="minlength: 15;"`,
		},
		"verify":     {`id="verify"`, `name="code" type="text" inputmode="numeric" autocomplete="one-time-code"`},
		"consent":    {`id="consent"`, `id="consent-allow" name="decision" value="allow"`, `id="consent-deny" name="decision" value="deny"`},
		"sign-out":   {`id="sign-out"`, `id="sign-out-confirm"`, `name="return" value="sealed"`},
		"error":      {`<code id="error-code">interaction.expired</code>`, `<code id="request-id">4f1c2a7be09d</code>`, `datetime="2026-07-29T07:05:00Z"`},
		"form-post":  {`action="https://shop.example.com/callback"`, `value="&#34;&gt;&lt;script&gt;"`, `/static/post.`},
		"login-link": {`id="login-link"`}, "setup": {`id="setup"`}, "link": {`id="link"`}, "select-account": {`id="select-account"`},
		"sign-in-wrong": {`role="alert"`, `aria-invalid="true" aria-describedby="problems"`, `value="mali@example.com"`},
		"sign-up-wrong": {`aria-invalid="true" aria-describedby="password-problem password-hint"`, `aria-invalid="true" aria-describedby="email-problem email-hint"`},
	}
	for _, s := range samples() {
		body := string(s.render(t, r, "en"))
		for _, text := range want[s.file] {
			if !strings.Contains(body, text) {
				t.Errorf("%s lacks %s", s.file, text)
			}
		}
		delete(want, s.file)
	}
	if len(want) > 0 {
		t.Errorf("no such samples: %v", fmt.Sprint(want))
	}
}
