// Package oauth owns the protocol endpoints as HTTP: strict reading of what clients send, redirects, the JSON of RFC 6749
// and its relatives, CORS. It decides nothing: flows/oidc judges requests and makes tokens, flows/authorize decides what
// a request needs, and what a person sees is server/pages'.
package oauth

import (
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"pratu/flows/authorize"
	"pratu/flows/clients"
	"pratu/flows/logout"
	"pratu/flows/oidc"
	"pratu/flows/signin"
	"pratu/server/web"
)

// Documents are the published keys, ready to be sent.
type Documents interface {
	Document() (jwks []byte, etag string)
}

// Server answers the protocol endpoints. All fields are required.
type Server struct {
	Provider  *oidc.Provider
	Authorize *authorize.Service
	Clients   *clients.Service
	Registrar *clients.Registrar
	Signin    *signin.Service
	Farewells *logout.Service
	Keys      Documents
	Web       *web.Kernel
	Metrics   *Metrics
	Metadata  []byte // the discovery document
	Now       func() time.Time
}

// The methods below have the names of their endpoints; server/routes.go is the table.

func noStore(w http.ResponseWriter) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Pragma", "no-cache") // RFC 6749 section 5.1
}

func writeJSON(w http.ResponseWriter, status int, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(body) // a client that went away is no failure of ours
	return nil
}

// fail writes an error of the protocol. basic adds the challenge that RFC 6749 section 5.2 wants for a failed client.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) error {
	e := oidc.Answer(err)
	s.note(r, e)
	noStore(w)
	if e.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(e.RetryAfter.Seconds()))))
	}
	if e.Status == http.StatusUnauthorized && e.Code == oidc.InvalidClient {
		w.Header().Set("WWW-Authenticate", `Basic realm="pratu", charset="UTF-8"`)
	}
	return writeJSON(w, e.Status, errorBody{e.Code, e.Description})
}

type errorBody struct {
	Error       string `json:"error"`
	Description string `json:"error_description,omitempty"`
}

// note puts the error into the request's log event. Its cause is ours to know and holds no secret.
func (s *Server) note(r *http.Request, e *oidc.Error) {
	event := web.EventOf(r.Context())
	event.Set("error", e.Code)
	if e.Err != nil {
		event.Set("cause", e.Err.Error())
	}
}

// public writes a document that anybody may read and keep, and answers 304 to who has it already.
func public(w http.ResponseWriter, r *http.Request, body []byte, etag string, age time.Duration) error {
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Cache-Control", "public, max-age="+strconv.Itoa(int(age.Seconds())))
	h.Set("ETag", etag)
	if r.Header.Get("If-None-Match") == etag {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body)
	return nil
}

// page makes an error before any trusted redirect URI one for people. Whose program it is sees what it sent: as text,
// since an address that nobody registered is never led to.
func page(err error, params url.Values) error {
	var e *oidc.Error
	if !errors.As(err, &e) {
		return err
	}
	message := "error.request"
	switch e.Code {
	case oidc.InvalidClient:
		message = "error.client"
	case oidc.InvalidRequestURI:
		message = "error.pushed"
	case oidc.ServerError:
		message = "error.internal"
	case oidc.TemporarilyAway:
		message = "error.unavailable"
	}
	if e.Code == oidc.InvalidRequest && e.Description == oidc.UnregisteredRedirect {
		message = "error.redirect_uri"
	}
	p := &web.PageError{Status: e.Status, Code: e.Code, Message: message, Err: e}
	if e.Status < http.StatusInternalServerError {
		p.Reason = e.Description
	}
	for _, name := range []string{"client_id", "redirect_uri"} {
		for _, value := range params[name][:min(len(params[name]), 2)] { // twice is one of the mistakes
			p.Received = append(p.Received, web.Field{Name: name, Value: value})
		}
	}
	return p
}
