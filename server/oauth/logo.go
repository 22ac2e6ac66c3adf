package oauth

import (
	"errors"
	"net/http"

	"pratu/storage"
)

// Logo is /client-logo/{client}: our copy of a client's logo. The address changes with the client, so a browser may keep
// what it got.
func (s *Server) Logo(w http.ResponseWriter, r *http.Request) error {
	picture, err := s.Clients.Logo(r.Context(), r.PathValue("client"))
	if errors.Is(err, storage.ErrNotFound) {
		return writeJSON(w, http.StatusNotFound, errorBody{Error: "not_found"})
	}
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "image/png")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "public, max-age=86400")
	_, _ = w.Write(picture) //nolint:gosec // we drew it: a PNG, and said so
	return nil
}
