package console

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"pratu/flows/issuer"
)

// APIDocument is "console/api": the document of the admin API as a page, made from it and nothing else.
type APIDocument struct {
	Page
	Base, DocumentURL, TokenURL string
	Operations                  []APIOperation
}

// APIOperation is a method of a path.
type APIOperation struct {
	ID, Method, Path, Summary, Scope string
	Parameters                       []APIParameter
	Body, Answer                     string // how they look, as JSON; "" without one
	Media, Status                    string
}

// APIParameter is a part of path, query or header.
type APIParameter struct {
	Name, In, Type string
	Required       bool
}

// openAPI is what is read of the document (OpenAPI 3.1).
type openAPI struct {
	Servers    []struct{ URL string }
	Paths      map[string]map[string]openAPIOperation
	Components struct {
		SecuritySchemes map[string]struct {
			Flows map[string]struct{ TokenURL string }
		}
	}
}

type openAPIOperation struct {
	OperationID, Summary string
	Security             []map[string][]string
	Parameters           []struct {
		Name, In string
		Required bool
		Schema   struct{ Type string }
	}
	RequestBody struct{ Content map[string]openAPIContent }
	Responses   map[string]struct{ Content map[string]openAPIContent }
}

type openAPIContent struct{ Schema openAPISchema }

type openAPISchema struct {
	Type, Format string
	Properties   map[string]openAPISchema
	Items        *openAPISchema
}

// APIDocument is GET /admin/api/.
func (s *Server) APIDocument(w http.ResponseWriter, r *http.Request) error {
	d, ok, err := s.enter(w, r, issuer.PathAdminClients)
	if err != nil || !ok {
		return err
	}
	raw, err := s.Document()
	if err != nil {
		return err
	}
	page := &APIDocument{Page: s.page(d), DocumentURL: s.Web.Issuer.URL(issuer.PathAdminAPI + "/openapi.json")}
	if err := page.read(raw); err != nil {
		return err
	}
	return s.show(d, http.StatusOK, "api", page)
}

func (p *APIDocument) read(raw []byte) error {
	var doc openAPI
	if err := json.Unmarshal(raw, &doc); err != nil {
		return fmt.Errorf("the API's document: %w", err)
	}
	for _, server := range doc.Servers {
		p.Base = server.URL
	}
	for _, scheme := range doc.Components.SecuritySchemes {
		for _, flow := range scheme.Flows {
			p.TokenURL = flow.TokenURL
		}
	}
	for _, path := range slices.Sorted(maps.Keys(doc.Paths)) {
		for _, method := range slices.SortedFunc(maps.Keys(doc.Paths[path]), byMethod) {
			p.Operations = append(p.Operations, doc.Paths[path][method].view(method, path))
		}
	}
	return nil
}

// byMethod is the order in which people look for them.
func byMethod(a, b string) int {
	order := []string{"get", "post", "put", "patch", "delete"}
	return cmp.Compare(slices.Index(order, a), slices.Index(order, b))
}

func (o openAPIOperation) view(method, path string) APIOperation {
	v := APIOperation{ID: o.OperationID, Method: strings.ToUpper(method), Path: path, Summary: o.Summary}
	for _, security := range o.Security {
		for _, scopes := range security {
			v.Scope = strings.Join(scopes, " ")
		}
	}
	for _, x := range o.Parameters {
		v.Parameters = append(v.Parameters, APIParameter{x.Name, x.In, x.Schema.Type, x.Required})
	}
	for media, content := range o.RequestBody.Content {
		v.Media, v.Body = media, content.Schema.look()
	}
	for status, response := range o.Responses {
		if status == "default" {
			continue
		}
		v.Status = status
		for _, content := range response.Content {
			v.Answer = content.Schema.look()
		}
	}
	return v
}

// look is JSON of a schema, with the type of each value in its place.
func (x openAPISchema) look() string {
	raw, err := json.MarshalIndent(x.example(), "", "  ")
	if err != nil {
		return ""
	}
	return string(raw)
}

func (x openAPISchema) example() any {
	switch {
	case x.Items != nil:
		return []any{x.Items.example()}
	case len(x.Properties) > 0:
		members := map[string]any{}
		for name, property := range x.Properties {
			members[name] = property.example()
		}
		return members
	}
	return cmp.Or(x.Format, x.Type, "any")
}
