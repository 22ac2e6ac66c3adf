package oauth

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"pratu/flows/clients"
)

// Cross-origin calls are for single-page applications: from the origins of a client's redirect URIs and its registered
// ones, never with credentials, so no cookie of ours is ever of use to them.

// preflight answers what browsers ask before a call from a page. It tells nothing of any client: whether the page may
// read an answer is decided at the call itself, when the client is known.
func preflight(w http.ResponseWriter, r *http.Request) bool {
	if r.Method != http.MethodOptions {
		return false
	}
	h := w.Header()
	h.Add("Vary", "Origin")
	if origin := r.Header.Get("Origin"); origin != "" && r.Header.Get("Access-Control-Request-Method") != "" {
		h.Set("Access-Control-Allow-Origin", origin)
		h.Set("Access-Control-Allow-Methods", "GET, POST")
		h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type")
		h.Set("Access-Control-Max-Age", "600")
	}
	w.WriteHeader(http.StatusNoContent)
	return true
}

// allowOrigin lets a page of the client that the form names read the answer, errors included.
func (s *Server) allowOrigin(w http.ResponseWriter, r *http.Request, form url.Values) {
	if r.Header.Get("Origin") == "" || form.Get("client_id") == "" {
		return
	}
	if c, err := s.Clients.Get(r.Context(), form.Get("client_id")); err == nil {
		allow(w, r, c)
	}
}

func allow(w http.ResponseWriter, r *http.Request, c *clients.Client) {
	w.Header().Add("Vary", "Origin")
	origin := r.Header.Get("Origin")
	if origin == "" || strings.EqualFold(origin, "null") || !slices.Contains(c.RedirectOrigins(), origin) {
		return
	}
	w.Header().Set("Access-Control-Allow-Origin", origin)
	w.Header().Set("Access-Control-Expose-Headers", "WWW-Authenticate, Retry-After, X-Request-Id")
}
