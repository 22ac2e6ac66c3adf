package server_test

import (
	"context"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"github.com/google/go-cmp/cmp"

	"pratu/docs"
	"pratu/flows/issuer"
	"pratu/server"
	"pratu/server/identity"
	"pratu/server/web"
)

// openAPI is a document that clients are written from.
type openAPI struct {
	*openapi3.T
	routers.Router
}

var identityAPI, gameAPI = describes(docs.IdentityOpenAPI, "/"), describes(docs.GamesOpenAPI, issuer.PathGame)

func describes(raw []byte, below string) func() (openAPI, error) {
	return sync.OnceValues(func() (openAPI, error) {
		doc, err := openapi3.NewLoader().LoadFromData(raw)
		if err != nil {
			return openAPI{}, err
		}
		if err := doc.Validate(context.Background()); err != nil {
			return openAPI{}, err
		}
		doc.Servers = openapi3.Servers{{URL: below}}
		router, err := gorillamux.NewRouter(doc)
		return openAPI{doc, router}, err
	})
}

// conforms holds an answer, and the request of a good one, to a document. It tells whether the document has the operation.
func conforms(t *testing.T, api func() (openAPI, error), r *http.Request, body string, answer reply) (known bool) {
	t.Helper()
	doc, err := api()
	must(t, err)
	asked := r.Clone(t.Context())
	asked.URL.Host, asked.Body, asked.ContentLength = "", io.NopCloser(strings.NewReader(body)), int64(len(body))
	route, params, err := doc.FindRoute(asked)
	if err != nil {
		return false
	}
	in := &openapi3filter.RequestValidationInput{Request: asked, PathParams: params, Route: route, Options: &openapi3filter.Options{
		ExcludeRequestBody: body == "", AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true,
	}}
	if answer.StatusCode == http.StatusOK {
		if err := openapi3filter.ValidateRequest(t.Context(), in); err != nil {
			t.Errorf("%s %s was answered, and isn't described: %v", r.Method, r.URL.Path, err)
		}
	}
	out := &openapi3filter.ResponseValidationInput{RequestValidationInput: in, Status: answer.StatusCode, Header: answer.Header, Options: in.Options}
	if err := openapi3filter.ValidateResponse(t.Context(), out.SetBodyBytes([]byte(answer.body))); err != nil {
		t.Errorf("%s %s answers %d %s, which isn't described: %v", r.Method, r.URL.Path, answer.StatusCode, answer.body, err)
	}
	return true
}

// Each document has what the table has, and the table what it has.
func TestOpenAPIRoutes(t *testing.T) {
	routed := server.Routed(server.Deps{Web: &web.Kernel{}, Identity: &identity.Server{LookupPath: "/accounts/by-mobile", PartnerPath: "/partner/token"}})
	for _, c := range []struct {
		api    func() (openAPI, error)
		prefix string
		below  []string
	}{
		{identityAPI, "", []string{"/accounts", "/partner/"}},
		{gameAPI, issuer.PathGame, []string{"/"}},
	} {
		doc, err := c.api()
		must(t, err)
		var described, there []string
		for path, item := range doc.Paths.Map() {
			for method := range item.Operations() {
				described = append(described, method+" "+strings.Replace(path, "/microsoftAD", "/{provider}", 1))
			}
		}
		for _, line := range routed {
			method, path, _ := strings.Cut(line, " ")
			path, found := strings.CutPrefix(path, c.prefix)
			ours := slices.ContainsFunc(c.below, func(start string) bool { return strings.HasPrefix(path, start) })
			if found && ours && method != http.MethodOptions && path != "/accounts/" { // without a number it is no account
				there = append(there, method+" "+path)
			}
		}
		slices.Sort(described)
		slices.Sort(there)
		if diff := cmp.Diff(there, slices.Compact(described)); diff != "" || len(there) == 0 {
			t.Error(diff)
		}
	}
}
