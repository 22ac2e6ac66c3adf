package server_test

import (
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// form is one of a page, as a scriptless browser sees it.
type form struct {
	action string
	values url.Values
}

// formOf finds a form by its id.
func formOf(t *testing.T, body, id string) form {
	t.Helper()
	root, err := html.Parse(strings.NewReader(body))
	must(t, err)
	f := form{values: url.Values{}}
	var found *html.Node
	for n := range root.Descendants() {
		if n.Data == "form" && attr(n, "id") == id {
			found = n
		}
	}
	if found == nil {
		t.Fatalf("no form %q in %s", id, body)
	}
	f.action = attr(found, "action")
	for n := range found.Descendants() {
		if n.Data == "input" && attr(n, "name") != "" {
			f.values.Add(attr(n, "name"), attr(n, "value"))
		}
	}
	return f
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// submit posts a form of a page with changes, as the browser would.
func (b *browser) submit(page reply, id string, changes ...string) reply {
	b.w.t.Helper()
	f := formOf(b.w.t, page.body, id)
	action := f.action
	if action == "" {
		action = page.Request.URL.RequestURI()
	}
	return b.send(post(strings.TrimPrefix(action, op), changed(f.values, changes...)))
}
