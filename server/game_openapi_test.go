package server_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"pratu/docs"
)

// gameAPI is the description of the game API.
var gameAPI = sync.OnceValues(func() (routers.Router, error) {
	doc, err := openapi3.NewLoader().LoadFromData(docs.GamesOpenAPI)
	if err != nil {
		return nil, err
	}
	return gorillamux.NewRouter(doc)
})

// described holds an answer of the game API against its description, and the request of one that was accepted.
func (g *games) described(method, path, body string, r *http.Request, answer reply) {
	g.t.Helper()
	router, err := gameAPI()
	must(g.t, err)
	asked := httptest.NewRequest(method, path, bytes.NewReader([]byte(body)))
	asked.Header = r.Header
	route, params, err := router.FindRoute(asked)
	if err != nil || r.Header.Get("X-Client-Identifier") == "79" { // no call of the API; a title of always_200
		return
	}
	in := &openapi3filter.RequestValidationInput{
		Request: asked, PathParams: params, Route: route, Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc},
	}
	if answer.StatusCode == http.StatusOK && method != http.MethodGet && body != "" {
		if err := openapi3filter.ValidateRequest(g.t.Context(), in); err != nil {
			g.t.Errorf("%s %s was accepted and isn't described: %v", method, path, err)
		}
	}
	err = openapi3filter.ValidateResponse(g.t.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: in, Status: answer.StatusCode, Header: answer.Header, Body: io.NopCloser(bytes.NewReader([]byte(answer.body))),
		Options: &openapi3filter.Options{IncludeResponseStatus: true},
	})
	if err != nil {
		g.t.Errorf("%s %s answers %d %s, which isn't described: %v", method, path, answer.StatusCode, answer.body, err)
	}
}
