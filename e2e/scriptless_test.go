package e2e

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"
)

// agent is a browser reduced to HTTP: cookies, redirects and forms.
type agent struct {
	t      *testing.T
	http   *http.Client
	at     *url.URL // where the last answer came from, with
	header http.Header
	body   string
	code   int
}

func newAgent(t *testing.T) *agent {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &agent{t: t, http: &http.Client{Jar: jar, Timeout: patience}}
}

func (a *agent) get(address string) {
	a.t.Helper()
	req, err := http.NewRequest(http.MethodGet, address, nil)
	if err != nil {
		a.t.Fatal(err)
	}
	a.send(req)
}

func (a *agent) post(address string, form url.Values) {
	a.t.Helper()
	target, err := a.at.Parse(address)
	if err != nil {
		a.t.Fatal(err)
	}
	req, err := http.NewRequest(http.MethodPost, target.String(), strings.NewReader(form.Encode()))
	if err != nil {
		a.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Origin", a.at.Scheme+"://"+a.at.Host)
	a.send(req)
}

func (a *agent) send(req *http.Request) {
	a.t.Helper()
	req.Header.Set("Accept", "text/html,*/*;q=0.8") // by which servers know somebody who can be sent to another page
	res, err := a.http.Do(req)
	if err != nil {
		a.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		a.t.Fatal(err)
	}
	a.at, a.header, a.body, a.code = res.Request.URL, res.Header, string(body), res.StatusCode
}

// submit sends the form with this id as it stands on the page, with values changed or added.
func (a *agent) submit(id string, values map[string]string) {
	a.t.Helper()
	a.post(a.filled(id, values))
}

// filled is that form: where it is sent, and what.
func (a *agent) filled(id string, values map[string]string) (action string, form url.Values) {
	a.t.Helper()
	doc, err := html.Parse(strings.NewReader(a.body))
	if err != nil {
		a.t.Fatal(err)
	}
	for n := range doc.Descendants() {
		if n.Data != "form" || attribute(n, "id") != id {
			continue
		}
		form = url.Values{}
		for in := range n.Descendants() {
			if name := attribute(in, "name"); in.Data == "input" && name != "" && attribute(in, "type") != "submit" {
				form.Set(name, attribute(in, "value"))
			}
		}
		for name, value := range values {
			form.Set(name, value)
		}
		return attribute(n, "action"), form
	}
	a.t.Fatalf("no form #%s at %s (%d):\n%s", id, a.at, a.code, tail(a.body, 3000))
	return "", nil
}

// button is the name and value that pressing a button adds to its form.
func (a *agent) button(id string) map[string]string {
	doc, err := html.Parse(strings.NewReader(a.body))
	if err != nil {
		a.t.Fatal(err)
	}
	for n := range doc.Descendants() {
		if n.Data == "button" && attribute(n, "id") == id && attribute(n, "name") != "" {
			return map[string]string{attribute(n, "name"): attribute(n, "value")}
		}
	}
	return nil
}

func attribute(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

// decode reads the JSON that the last answer has to be.
func decode[T any](a *agent) T {
	a.t.Helper()
	var v T
	if a.code != http.StatusOK {
		a.t.Fatalf("%s answered %d: %s", a.at, a.code, a.body)
	}
	if err := json.Unmarshal([]byte(a.body), &v); err != nil {
		a.t.Fatalf("%s answered %s: %v", a.at, a.body, err)
	}
	return v
}

// number reads a NumericDate of a claim.
func number(claims map[string]any, name string) time.Time {
	n, _ := claims[name].(float64)
	return time.Unix(int64(n), 0)
}
