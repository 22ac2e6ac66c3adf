package oauth

import (
	"errors"
	"net/http"
	"strings"

	"pratu/flows/clients"
	"pratu/storage"
)

// forever is for what an address names by its content.
const forever = "public, max-age=31536000, immutable"

// Logo is /client-logo/{client}: our copy of a client's logo. Pages name it by its digest, so a browser keeps what it got; by
// another one it gets today's, not to be kept for long.
func (s *Server) Logo(w http.ResponseWriter, r *http.Request) error {
	logo, err := s.Clients.Logo(r.Context(), r.PathValue("client"))
	if errors.Is(err, storage.ErrNotFound) {
		return writeJSON(w, http.StatusNotFound, errorBody{Error: "not_found"})
	}
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "image/png")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "public, max-age=86400")
	if logo.Digest != "" && r.URL.Query().Get("v") == logo.Digest {
		h.Set("Cache-Control", forever)
	}
	_, _ = w.Write(logo.PNG) //nolint:gosec // we drew it: a PNG, and said so
	return nil
}

// Style is /client-style/{accent}: the colour of a client as a style sheet, since nothing is inline on our pages. All of it
// follows from six hex digits of the address, whoever asks.
func (s *Server) Style(w http.ResponseWriter, r *http.Request) error {
	digits, css := strings.CutSuffix(r.PathValue("accent"), ".css")
	accent, ok := clients.ParseAccent("#" + digits)
	if !ok || !css {
		return writeJSON(w, http.StatusNotFound, errorBody{Error: "not_found"})
	}
	h := w.Header()
	h.Set("Content-Type", "text/css; charset=utf-8")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", forever)
	_, _ = w.Write([]byte(":root { --accent: " + accent.Light + "; --on-accent: #fff; }\n" +
		"@media (prefers-color-scheme: dark) { :root { --accent: " + accent.Dark + "; --on-accent: #0c1738; } }\n"))
	return nil
}
