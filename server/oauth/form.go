package oauth

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"

	"pratu/flows/oidc"
)

// maxForm bounds the body of every protocol request.
const maxForm = 64 << 10

// maxFront bounds a posted authorization or sign-out request as queries are bounded: anybody may send one, and it is kept
// while somebody signs in.
const maxFront = 12 << 10

// readForm reads the one encoding that the protocol has (RFC 6749 appendix B), strictly: another type is 415, too much is
// 413, a repeated parameter is refused before anything is looked at, an empty one counts as absent. What is in the URL's
// query is not looked at: credentials there are in logs already.
func readForm(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	media, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if charset := params["charset"]; err != nil || media != "application/x-www-form-urlencoded" || charset != "" && charset != "utf-8" && charset != "UTF-8" {
		return nil, invalid(http.StatusUnsupportedMediaType, "the body must be application/x-www-form-urlencoded")
	}
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxForm))
	var tooLong *http.MaxBytesError
	if errors.As(err, &tooLong) {
		return nil, invalid(http.StatusRequestEntityTooLarge, "the body is too long")
	}
	if err != nil {
		return nil, invalid(http.StatusBadRequest, "the body can not be read")
	}
	form, err := url.ParseQuery(string(raw))
	if err != nil {
		return nil, invalid(http.StatusBadRequest, "the body is not form-encoded")
	}
	return strict(form)
}

// strict drops empty parameters and refuses repeated ones, except resource and audience (RFC 8707 section 2, RFC 8693 section 2.1).
func strict(form url.Values) (url.Values, error) {
	for name, values := range form {
		if len(values) > 1 && name != "resource" && name != "audience" {
			return nil, invalid(http.StatusBadRequest, "a parameter is given more than once")
		}
		if len(values) == 1 && values[0] == "" {
			delete(form, name)
		}
	}
	return form, nil
}

func invalid(status int, description string) error {
	return &oidc.Error{Status: status, Code: oidc.InvalidRequest, Description: description}
}

// frontParams reads the parameters of a request that a browser brings: the query, or the form of a POST. Repeated ones
// are for the judge of the request, who knows where to answer.
func frontParams(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	var params url.Values
	var err error
	if r.Method == http.MethodPost {
		r.Body = http.MaxBytesReader(w, r.Body, maxFront)
		if media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); media != "application/x-www-form-urlencoded" {
			return nil, invalid(http.StatusUnsupportedMediaType, "the body must be application/x-www-form-urlencoded")
		}
		raw, failure := io.ReadAll(r.Body)
		if failure != nil {
			return nil, invalid(http.StatusRequestEntityTooLarge, "the request is too long")
		}
		params, err = url.ParseQuery(string(raw))
	} else {
		params, err = url.ParseQuery(r.URL.RawQuery)
	}
	if err != nil {
		return nil, invalid(http.StatusBadRequest, "the parameters are not form-encoded")
	}
	for name, values := range params {
		// An empty state was sent and goes back; any other empty parameter counts as absent.
		if len(values) == 1 && values[0] == "" && name != "state" {
			delete(params, name)
		}
	}
	return params, nil
}
