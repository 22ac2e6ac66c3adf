package oauth

import (
	"net/http"
	"net/url"

	"pratu/flows/clients"
	"pratu/flows/signin"
	"pratu/server/web"
)

// client reads the form of a request and proves which client sent it, in the same way at every endpoint.
func (s *Server) client(w http.ResponseWriter, r *http.Request) (*clients.Client, url.Values, error) {
	noStore(w)
	form, err := readForm(w, r)
	if err != nil {
		return nil, nil, err
	}
	s.allowOrigin(w, r, form)
	c, err := s.Provider.Authenticate(r.Context(), r, form, network(r))
	if err != nil {
		return nil, nil, err
	}
	web.EventOf(r.Context()).Set("client_id", c.ID)
	return c, form, nil
}

// network is what budgets of failures know of where a request came from.
func network(r *http.Request) string { return signin.Network(web.Address(r.Context())) }

// Token is /oauth2/token (RFC 6749 section 3.2).
func (s *Server) Token(w http.ResponseWriter, r *http.Request) error {
	if preflight(w, r) {
		return nil
	}
	c, form, err := s.client(w, r)
	if err != nil {
		s.Metrics.tokenError("", err)
		return s.fail(w, r, err)
	}
	grant := form.Get("grant_type")
	tokens, err := s.Provider.Token(r.Context(), c, form)
	if err != nil {
		s.Metrics.tokenError(grant, err)
		return s.fail(w, r, err)
	}
	s.Metrics.issued(grant, tokens)
	return writeJSON(w, http.StatusOK, tokens)
}

// Introspect is /oauth2/introspect (RFC 7662).
func (s *Server) Introspect(w http.ResponseWriter, r *http.Request) error {
	c, form, err := s.client(w, r)
	if err != nil {
		return s.fail(w, r, err)
	}
	token := form.Get("token")
	if token == "" {
		return s.fail(w, r, invalid(http.StatusBadRequest, "token is missing"))
	}
	answer, err := s.Provider.Introspect(r.Context(), c, token)
	if err != nil {
		return s.fail(w, r, err)
	}
	return writeJSON(w, http.StatusOK, answer)
}

// Revoke is /oauth2/revoke (RFC 7009).
func (s *Server) Revoke(w http.ResponseWriter, r *http.Request) error {
	if preflight(w, r) {
		return nil
	}
	c, form, err := s.client(w, r)
	if err != nil {
		return s.fail(w, r, err)
	}
	token := form.Get("token")
	if token == "" {
		return s.fail(w, r, invalid(http.StatusBadRequest, "token is missing"))
	}
	if err := s.Provider.Revoke(r.Context(), c, token); err != nil {
		return s.fail(w, r, err)
	}
	w.WriteHeader(http.StatusOK)
	return nil
}

// Device is POST /oauth2/device_authorization (RFC 8628).
func (s *Server) Device(w http.ResponseWriter, r *http.Request) error {
	if preflight(w, r) {
		return nil
	}
	c, form, err := s.client(w, r)
	if err != nil {
		return s.fail(w, r, err)
	}
	answer, err := s.Provider.AuthorizeDevice(r.Context(), c, form, network(r))
	if err != nil {
		return s.fail(w, r, err)
	}
	return writeJSON(w, http.StatusOK, answer)
}

// PAR is /oauth2/par (RFC 9126).
func (s *Server) PAR(w http.ResponseWriter, r *http.Request) error {
	if preflight(w, r) {
		return nil
	}
	c, form, err := s.client(w, r)
	if err != nil {
		return s.fail(w, r, err)
	}
	uri, life, err := s.Provider.Push(r.Context(), c, form, network(r))
	if err != nil {
		return s.fail(w, r, err)
	}
	return writeJSON(w, http.StatusCreated, struct {
		RequestURI string `json:"request_uri"`
		ExpiresIn  int    `json:"expires_in"`
	}{uri, int(life.Seconds())})
}
