package console

import (
	"fmt"
	"io/fs"
	"net/url"
	"slices"
	"strings"
	"sync"
	"text/template"

	"pratu/flows/clients"
	"pratu/server/web"
	"pratu/templates"
)

// Snippet is how an application of one library is set up, with the values of this one.
type Snippet struct{ ID, Title, Code string }

type snippet struct {
	id, title string
	kinds     []string
	code      *template.Template
}

// shelf are the files of templates/snippets: a line with title and kinds, then the code.
var shelf = sync.OnceValue(func() (list []snippet) {
	files, _ := fs.Glob(templates.FS, "snippets/*.txt")
	for _, file := range files {
		raw, err := fs.ReadFile(templates.FS, file)
		if err != nil {
			panic(err) // it is in the binary
		}
		head, code, _ := strings.Cut(string(raw), "\n")
		title, kinds, _ := strings.Cut(head, "|")
		id, _, _ := strings.Cut(strings.TrimPrefix(file, "snippets/"), ".")
		list = append(list, snippet{
			id: id, title: strings.TrimSpace(title), kinds: strings.Fields(kinds),
			code: template.Must(template.New(file).Option("missingkey=error").Parse(code)),
		})
	}
	return list
})

// values are what a snippet is filled with.
type values struct {
	Issuer, ClientID, Name, Redirect, RedirectPath, Scope, ScopeList string
	Scopes                                                           []string
}

// snippets of an application, none for what it isn't.
func (s *Server) snippets(c *clients.Client) []Snippet {
	v := values{
		Issuer: s.Web.Issuer.String(), ClientID: c.ID, Name: quotable(web.Inert(c.DisplayName()), c.ID), Scopes: c.Scopes(),
		Redirect: "https://app.example.com/callback",
	}
	if len(c.Metadata.RedirectURIs) > 0 {
		v.Redirect = quotable(c.Metadata.RedirectURIs[0], v.Redirect)
	}
	v.RedirectPath = "/callback"
	if u, err := url.Parse(v.Redirect); err == nil && u.Path != "" {
		v.RedirectPath = u.Path
	}
	v.Scopes = slices.DeleteFunc(v.Scopes, func(scope string) bool { return quotable(scope, "") == "" })
	v.Scope, v.ScopeList = strings.Join(v.Scopes, " "), strings.Join(v.Scopes, ", ")
	var list []Snippet
	for _, x := range shelf() {
		if !slices.Contains(x.kinds, c.Kind) {
			continue
		}
		var b strings.Builder
		if err := x.code.Execute(&b, v); err != nil {
			panic(fmt.Errorf("snippet %s: %w", x.id, err)) // a test fills each
		}
		list = append(list, Snippet{x.id, x.title, b.String()})
	}
	return list
}

// quotable keeps what could end a text of a program: whoever registers an application must not write the code that somebody
// else copies.
func quotable(text, otherwise string) string {
	if strings.ContainsAny(text, "\"'`\\$<>{}\n\r") {
		return otherwise
	}
	return text
}
