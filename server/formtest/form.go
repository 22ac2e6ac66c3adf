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
		if n.Data == "input" && attr(n, "name") != "" {
			values.Add(attr(n, "name"), attr(n, "value"))
		}
	}
	return values
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}
