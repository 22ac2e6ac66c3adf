// Package identity owns the wire of the Identity API and of the partner exchange: headers, paths, envelopes and numbers of
// clients that were there before us, to the byte shape. It holds no rule: flows/directory and flows/partner decide.
package identity

import (
	"encoding/json"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"pratu/flows/directory"
	"pratu/flows/issuer"
	"pratu/flows/kind"
	"pratu/flows/limits"
	"pratu/flows/partner"
	"pratu/server/web"
)

// Server answers the Identity API and the partner exchange. All fields but the paths are required.
type Server struct {
	Directory *directory.Service
	Partner   *partner.Service
	Metrics   *Metrics
	Now       func() time.Time
	Prefixes  map[string]string // partner → what its ids are called before _id

	Base       string // path before /accounts, "" for none
	LookupPath string // of the obsolete look-up, below Base
	Issuer     issuer.Issuer

	PartnerPath string
}

// Numbers that old clients look at.
const (
	codeSuccess   = 10001
	moduleAccount = 1504
	moduleSearch  = 1510
)

// envelope is what every answer of the Identity API is in.
type envelope struct {
	Code     int    `json:"code"`
	Message  string `json:"message"`
	Module   int    `json:"platform_module"`
	Reported *int   `json:"report_dashboard,omitempty"`
	Data     any    `json:"data,omitempty"`
}

// codes are the API's errors: the status and which of its kind, and what it says.
var codes = map[string]struct {
	status, number int
	message        string
}{
	"directory.malformed":     {http.StatusBadRequest, 1, "parameter is missing or malformed"},
	"directory.client":        {http.StatusUnauthorized, 1, "client or API key authentication failed"},
	"directory.token":         {http.StatusUnauthorized, 2, "access token is missing, invalid, expired or revoked"},
	"directory.permission":    {http.StatusForbidden, 1, "the client lacks the permission for this API"},
	"directory.legacy_lookup": {http.StatusForbidden, 1, "this look-up is switched off for the client: use GET /accounts"},
	"directory.not_yours":     {http.StatusForbidden, 2, "the token does not belong to this account or this client"},
	"directory.unknown":       {http.StatusNotFound, 1, "no such resource"},
	"limit.exceeded":          {http.StatusTooManyRequests, 1, "too many requests"},
}

// failure is an error as the API tells it.
type failure struct {
	status, code int
	message      string
}

// fail notes an error in the log and says what the client hears of it: nothing of a failure of ours.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) failure {
	event := web.EventOf(r.Context())
	event.Set("error", kind.Code(err))
	e, known := kind.As(err)
	c, listed := codes[kind.Code(err)]
	switch {
	case known && listed:
		f := failure{c.status, c.status*100 + c.number, c.message}
		if e.Field != "" {
			f.message = e.Field + ": " + c.message
		}
		if e.RetryAfter > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(e.RetryAfter.Seconds()))))
		}
		if c.status == http.StatusUnauthorized {
			w.Header().Set("WWW-Authenticate", `Client realm="pratu"`)
		}
		return f
	case kind.Of(err) == kind.Unavailable:
		event.Set("cause", err.Error())
		w.Header().Set("Retry-After", "1")
		return failure{http.StatusServiceUnavailable, 50301, "try again in a moment"}
	}
	event.Set("cause", err.Error())
	return failure{http.StatusInternalServerError, 50001, "internal error"}
}

// call is a handler of one API, with what its answers share.
type call struct {
	*Server
	name   string // for counters
	module int
}

func (c call) fail(w http.ResponseWriter, r *http.Request, err error) error {
	f := c.Server.fail(w, r, err)
	c.Metrics.called(c.name, f.status)
	return write(w, f.status, envelope{Code: f.code, Message: f.message, Module: c.module})
}

func (c call) succeed(w http.ResponseWriter, e envelope) error {
	e.Code, e.Message, e.Module = codeSuccess, "Success", c.module
	c.Metrics.called(c.name, http.StatusOK)
	return write(w, http.StatusOK, e)
}

func write(w http.ResponseWriter, status int, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(body) // a client that went away is no failure of ours
	return nil
}

// Names under which old and new clients send the same thing.
var (
	nameClient  = []string{"X-Client-Identifier", "client_id"}
	nameSecret  = []string{"X-Client-Secret", "client_secret"}
	nameToken   = []string{"X-Access-Token", "access_token"}
	nameAPIKey  = []string{"Authorization"}
	nameContact = []string{"X-Account-Identifier"}
)

// refuseQuery refuses what has no place in a URL, where it would be in somebody's log already, and what nobody knows.
func refuseQuery(r *http.Request, allowed ...string) (url.Values, error) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, malformed("query")
	}
	for name, values := range query {
		for _, secret := range [][]string{nameClient, nameSecret, nameToken, nameAPIKey, nameContact, {"api_key", "apikey"}} {
			for _, s := range secret {
				if strings.EqualFold(name, s) {
					return nil, malformed(s + " in the query")
				}
			}
		}
		for _, a := range allowed {
			if name == a && len(values) > 1 {
				return nil, malformed(a)
			}
		}
	}
	return query, nil
}

func malformed(name string) error {
	return kind.New(kind.Invalid, "directory.malformed").WithField(name)
}

// header is the one value that a request has under one of a header's names; "" for none.
func header(r *http.Request, names []string) (string, error) {
	var values []string
	for _, name := range names {
		values = append(values, r.Header.Values(name)...)
	}
	switch len(values) {
	case 0:
		return "", nil
	case 1:
		return strings.TrimSpace(values[0]), nil
	}
	return "", malformed(names[0])
}

// headers reads several into their places.
func headers(r *http.Request, into map[*string][]string) error {
	for place, names := range into {
		value, err := header(r, names)
		if err != nil {
			return err
		}
		*place = value
	}
	return nil
}

// credentials reads who asks.
func credentials(r *http.Request) (c directory.Credentials, err error) {
	c.Network = limits.Network(web.Address(r.Context()))
	return c, headers(r, map[*string][]string{&c.ClientID: nameClient, &c.Secret: nameSecret})
}
