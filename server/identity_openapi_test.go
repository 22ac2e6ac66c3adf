package server_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
)

// identityAPI is the document that clients are written from, and its router.
var identityAPI = sync.OnceValues(func() (routers.Router, error) {
	doc, err := openapi3.NewLoader().LoadFromFile("../docs/openapi.yaml")
	if err != nil {
		return nil, err
	}
	doc.Servers = openapi3.Servers{{URL: "/"}}
	return gorillamux.NewRouter(doc)
})

// conforms holds an answer, and the request of a good one, to the document.
func conforms(t *testing.T, r *http.Request, answer reply) {
	t.Helper()
	programs := strings.HasPrefix(r.URL.Path, "/accounts") || strings.HasPrefix(r.URL.Path, "/partner")
	if !programs || answer.StatusCode == http.StatusMethodNotAllowed {
		return
	}
	router, err := identityAPI()
	must(t, err)
	copied := r.Clone(t.Context())
	copied.URL.Host, copied.Body = "", http.NoBody
	if copied.URL.Path == "/accounts/" {
		return // a path that no client would find in the document
	}
	route, params, err := router.FindRoute(copied)
	if err != nil {
		t.Errorf("%s %s is in no document: %v", r.Method, r.URL.Path, err)
		return
	}
	input := &openapi3filter.RequestValidationInput{
		Request: copied, PathParams: params, Route: route,
		Options: &openapi3filter.Options{ExcludeRequestBody: true, AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true},
	}
	if answer.StatusCode == http.StatusOK {
		if err := openapi3filter.ValidateRequest(t.Context(), input); err != nil {
			t.Errorf("%s %s was answered, and isn't as described: %v", r.Method, r.URL.Path, err)
		}
	}
	output := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: input, Status: answer.StatusCode, Header: answer.Header, Options: input.Options,
	}
	output.SetBodyBytes([]byte(answer.body))
	if err := openapi3filter.ValidateResponse(t.Context(), output); err != nil {
		t.Errorf("%s %s: %v\n%s", r.Method, r.URL.Path, err, answer.body)
	}
}

// The document is one of OpenAPI 3.1 and describes what is there: each operation is answered, by its method and no other.
func TestIdentityOpenAPI(t *testing.T) {
	doc, err := openapi3.NewLoader().LoadFromFile("../docs/openapi.yaml")
	must(t, err)
	must(t, doc.Validate(t.Context()))
	var operations []string
	eachLegacy(t, func(w *legacy) {
		operations = nil
		for path, item := range doc.Paths.Map() {
			for _, method := range []string{"GET", "POST", "PUT", "DELETE"} {
				answer := w.do(httptest.NewRequest(method, strings.Replace(path, "{id}", "1", 1), bytes.NewReader(nil)))
				described := item.GetOperation(method) != nil
				if described {
					operations = append(operations, method+" "+path)
				}
				if there := answer.StatusCode != http.StatusNotFound && answer.StatusCode != http.StatusMethodNotAllowed; there != described {
					w.t.Errorf("%s %s: %d, described: %v", method, path, answer.StatusCode, described)
				}
			}
		}
	})
	slices.Sort(operations)
	if got := strings.Join(operations, ", "); got != "GET /accounts, GET /accounts/by-mobile, GET /accounts/{id}, POST /accounts/search, POST /partner/token" {
		t.Error(got)
	}
}
