package oauth

import (
	"errors"
	"mime"
	"net/http"
	"strings"

	"pratu/flows/oidc"
	"pratu/server/web"
)

// Userinfo is /oauth2/userinfo by GET and POST (OpenID Connect Core section 5.3). The token comes in the header or in
// the body of a POST, once, and never in the URL.
func (s *Server) Userinfo(w http.ResponseWriter, r *http.Request) error {
	if preflight(w, r) {
		return nil
	}
	noStore(w)
	token, err := bearer(w, r)
	if err != nil {
		return s.challenge(w, r, err)
	}
	access, err := s.Provider.Access(r.Context(), token)
	if err != nil {
		return s.challenge(w, r, err)
	}
	web.EventOf(r.Context()).Set("client_id", access.Client.ID)
	allow(w, r, access.Client)
	info, err := s.Provider.Userinfo(r.Context(), access)
	switch {
	case err != nil:
		return s.challenge(w, r, err)
	case info.JWT != "":
		w.Header().Set("Content-Type", "application/jwt")
		_, _ = w.Write([]byte(info.JWT))
		return nil
	}
	return writeJSON(w, http.StatusOK, info.Claims)
}

var errNoToken = errors.New("no access token")

// bearer finds the one access token of a request (RFC 6750 section 2).
func bearer(w http.ResponseWriter, r *http.Request) (string, error) {
	if r.URL.Query().Has("access_token") {
		return "", invalid(http.StatusBadRequest, "an access token has no place in a URL")
	}
	values := r.Header.Values("Authorization")
	if len(values) > 1 {
		return "", invalid(http.StatusBadRequest, "more than one Authorization header")
	}
	posted := ""
	if media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); r.Method == http.MethodPost && media == "application/x-www-form-urlencoded" {
		form, err := readForm(w, r)
		if err != nil {
			return "", err
		}
		posted = form.Get("access_token")
	}
	if len(values) == 0 {
		if posted == "" {
			return "", errNoToken
		}
		return posted, nil
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	switch {
	case !strings.EqualFold(scheme, "Bearer"):
		return "", errNoToken
	case posted != "":
		return "", invalid(http.StatusBadRequest, "the access token is given twice")
	}
	return strings.TrimSpace(token), nil
}

// challenge writes an error as a resource does (RFC 6750 section 3). Without any token it says only which scheme it is.
func (s *Server) challenge(w http.ResponseWriter, r *http.Request, err error) error {
	if errors.Is(err, errNoToken) {
		w.Header().Set("WWW-Authenticate", `Bearer realm="pratu"`)
		return writeJSON(w, http.StatusUnauthorized, errorBody{Error: oidc.InvalidToken})
	}
	e := oidc.Answer(err)
	if e.Status < http.StatusInternalServerError {
		value := `Bearer realm="pratu", error="` + e.Code + `", error_description="` + e.Description + `"`
		if e.Code == oidc.InsufficientScope {
			value += `, scope="openid"`
		}
		w.Header().Set("WWW-Authenticate", value)
	}
	return s.fail(w, r, err)
}
