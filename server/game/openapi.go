package game

import (
	"net/http"

	"pratu/docs"
)

// OpenAPI is GET openapi.json: what this API is, for programs that make clients.
func (s *Server) OpenAPI(w http.ResponseWriter, _ *http.Request) error {
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Cache-Control", "public, max-age=3600")
	_, _ = w.Write(docs.GamesOpenAPI)
	return nil
}
