// Package formtest reads pages as a browser without scripts does.
package formtest

import (
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// Form is one of a page: where it is sent, and what it sends if nobody types anything. Buttons aren't among its values.
type Form struct {
	Action string
	Values url.Values
}

// Find is the form of a page with an id; without one the test ends.
func Find(t *testing.T, body, id string) Form {
	t.Helper()
	root, err := html.Parse(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for n := range root.Descendants() {
		if n.Data == "form" && attr(n, "id") == id {
			return Form{Action: attr(n, "action"), Values: inputs(n)}
		}
	}
	t.Fatalf("no form %q in %s", id, body)
	return Form{}
}

func inputs(form *html.Node) url.Values {
	values := url.Values{}
	for n := range form.Descendants() {
		name := attr(n, "name")
		switch {
		case name == "":
		case n.Data == "input" && (attr(n, "type") == "checkbox" || attr(n, "type") == "radio"):
			if has(n, "checked") {
				values.Add(name, attr(n, "value"))
			}
		case n.Data == "input":
			values.Add(name, attr(n, "value"))
		case n.Data == "textarea":
			values.Add(name, text(n))
		case n.Data == "select":
			values.Add(name, selected(n))
		}
	}
	return values
}

// selected is the value of the option that is chosen, else of the first.
func selected(list *html.Node) (value string) {
	seen := false
	for n := range list.Descendants() {
		if n.Data == "option" && (!seen || has(n, "selected")) {
			value, seen = attr(n, "value"), true
		}
	}
	return value
}

func text(n *html.Node) (all string) {
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			all += d.Data
		}
	}
	return all
}

func has(n *html.Node, name string) bool {
	for _, a := range n.Attr {
		if a.Key == name {
			return true
		}
	}
	return false
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}
