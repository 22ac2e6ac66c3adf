package oauth

import (
	"errors"
	"io"
	"mime"
	"net/http"

	"pratu/flows/clients"
	"pratu/flows/issuer"
	"pratu/flows/kind"
	"pratu/flows/oidc"
	"pratu/server/web"
)

// Register is /oauth2/register (RFC 7591 section 3, OpenID Connect Registration section 3).
func (s *Server) Register(w http.ResponseWriter, r *http.Request) error {
	return s.registering(w, r, func(token string) (int, *clients.Registration, error) {
		raw, err := readJSON(w, r)
		if err != nil {
			return 0, nil, err
		}
		made, err := s.Registrar.Register(r.Context(), raw, token, network(r))
		return http.StatusCreated, made, err
	})
}

// Registration is /oauth2/register/{client}: a client's own (RFC 7592).
func (s *Server) Registration(w http.ResponseWriter, r *http.Request) error {
	return s.registering(w, r, func(token string) (status int, own *clients.Registration, err error) {
		ctx, id := r.Context(), r.PathValue("client")
		switch r.Method {
		case http.MethodPut:
			raw, err := readJSON(w, r)
			if err != nil {
				return 0, nil, err
			}
			own, err = s.Registrar.Replace(ctx, id, token, raw)
			return http.StatusOK, own, err
		case http.MethodDelete:
			return http.StatusNoContent, nil, s.Registrar.Remove(ctx, id, token)
		}
		own, err = s.Registrar.Read(ctx, id, token)
		return http.StatusOK, own, err
	})
}

// registering is what both have in common: the switch, the token, the shape of answers and errors.
func (s *Server) registering(w http.ResponseWriter, r *http.Request, answer func(token string) (int, *clients.Registration, error)) error {
	noStore(w)
	if !s.Registrar.On() {
		return writeJSON(w, http.StatusNotFound, errorBody{Error: "not_found"})
	}
	token, err := bearer(w, r)
	if err != nil && !errors.Is(err, errNoToken) {
		return s.challenge(w, r, err)
	}
	status, own, err := answer(token)
	var problems clients.Problems
	switch {
	case errors.As(err, &problems):
		code, description := problems.Refused()
		return s.fail(w, r, &oidc.Error{Status: http.StatusBadRequest, Code: code, Description: description})
	case err != nil && kind.Of(err) == kind.Unauthorized && token == "":
		w.Header().Set("WWW-Authenticate", `Bearer realm="pratu"`) // RFC 6750 section 3.1: no error where there was no token
		return writeJSON(w, http.StatusUnauthorized, errorBody{Error: oidc.InvalidToken, Description: "a registration token is needed, in the header Authorization: Bearer"})
	case err != nil && kind.Of(err) == kind.Unauthorized:
		return s.challenge(w, r, &oidc.Error{Status: http.StatusUnauthorized, Code: oidc.InvalidToken, Description: "the registration token is unknown, spent or over", Err: err})
	case err != nil && kind.Of(err) == kind.Forbidden:
		return s.fail(w, r, &oidc.Error{Status: http.StatusForbidden, Code: "access_denied", Description: "the client is disabled", Err: err})
	case err != nil && kind.Of(err) == kind.Conflict:
		return s.fail(w, r, &oidc.Error{Status: http.StatusConflict, Code: oidc.InvalidRequest, Description: "the client was changed at the same moment", Err: err})
	case err != nil:
		return s.fail(w, r, err)
	case own == nil:
		w.WriteHeader(status)
		return nil
	}
	web.EventOf(r.Context()).Set("client_id", own.ClientID)
	own.ManageURI = s.Web.Issuer.URL(issuer.PathRegister) + "/" + own.ClientID
	return writeJSON(w, status, own)
}

// readJSON reads the body of a registration.
func readJSON(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); media != "application/json" {
		return nil, invalid(http.StatusUnsupportedMediaType, "the body must be application/json")
	}
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxForm))
	if long := (*http.MaxBytesError)(nil); errors.As(err, &long) {
		return nil, invalid(http.StatusRequestEntityTooLarge, "the body is too long")
	}
	if err != nil {
		return nil, invalid(http.StatusBadRequest, "the body can not be read")
	}
	return raw, nil
}
