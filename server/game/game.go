// Package game owns the game API as HTTP: its envelope, its inputs, its errors. It decides nothing: titles, players and
// sessions are flows/players', and who somebody is elsewhere is verified there too.
package game

import (
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"pratu/flows/clients"
	"pratu/flows/kind"
	"pratu/flows/oidc"
	"pratu/flows/players"
	"pratu/server/web"
)

// Server answers the game API. All fields are required.
type Server struct {
	Players  *players.Service
	Provider *oidc.Provider // knows the access tokens of titles' servers
	Web      *web.Kernel
}

// The methods of endpoints have the names of their calls; server/routes.go is the table.

// call is one that is being answered.
type call struct {
	w     http.ResponseWriter
	r     *http.Request
	title *clients.Client // nil while it isn't known
	in    input
	extra map[string]any // members beside data
}

// titleHeader names the title of a call.
const titleHeader = "X-Client-Identifier"

// open answers a call of a title's client that brings no session: its title is known first, its input read.
func (s *Server) open(w http.ResponseWriter, r *http.Request, do func(c *call) (any, error)) error {
	if preflight(w, r) {
		return nil
	}
	c := &call{w: w, r: r}
	data, err := func() (_ any, err error) {
		if c.title, err = s.Players.Title(r.Context(), r.Header.Get(titleHeader)); err != nil {
			return nil, err
		}
		if c.in, err = readInput(w, r); err != nil {
			return nil, err
		}
		return do(c)
	}()
	return s.answer(c, data, err)
}

// playing answers a call that brings a session token.
func (s *Server) playing(w http.ResponseWriter, r *http.Request, do func(c *call, p *players.Playing) (any, error)) error {
	if preflight(w, r) {
		return nil
	}
	c := &call{w: w, r: r}
	data, err := func() (any, error) {
		named := r.Header.Get(titleHeader)
		// An old client wants its errors as 200 even when the token that names its title is none.
		if title, err := s.Players.Title(r.Context(), named); err == nil {
			c.title = title
		} else if named != "" || kind.Of(err) == kind.Unavailable {
			return nil, err
		}
		p, err := s.Players.Playing(r.Context(), bearer(r), named)
		if p != nil {
			c.title = p.Title
		}
		if err != nil {
			return nil, err
		}
		if r.Method != http.MethodGet && r.ContentLength != 0 {
			if c.in, err = readInput(w, r); err != nil {
				return nil, err
			}
		}
		return do(c, p)
	}()
	return s.answer(c, data, err)
}

// bearer is the token of a call, with or without the word before it. Neither cookies nor the query have one.
func bearer(r *http.Request) string {
	if len(r.Header.Values("Authorization")) != 1 {
		return ""
	}
	text := r.Header.Get("Authorization")
	if word, token, found := strings.Cut(text, " "); found && strings.EqualFold(word, "Bearer") {
		return strings.TrimSpace(token)
	}
	return text
}

// from is where a call came from.
func (c *call) from() players.Caller {
	locale := web.ChooseLocale("", nil, c.r.Header.Get("Accept-Language"))
	return players.Caller{IP: web.Address(c.r.Context()), UserAgent: c.r.UserAgent(), Locale: locale}
}

// answer writes the envelope. An error that nobody expected is the route's to answer.
func (s *Server) answer(c *call, data any, err error) error {
	event := web.EventOf(c.r.Context())
	if c.title != nil {
		event.Set("client_id", c.title.ID)
		allow(c.w, c.r, c.title)
	}
	old := c.title != nil && c.title.Settings.Always200
	if err == nil {
		return write(c.w, http.StatusOK, data, c.extra)
	}
	f, known := failed(err)
	if !known {
		if !old {
			return err
		}
		f = failure{code: "internal", message: "Something went wrong. The request's id is in X-Request-Id."}
	}
	event.Set("error", f.code)
	event.Set("cause", err.Error())
	if f.retryAfter > 0 {
		c.w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(f.retryAfter.Seconds()))))
	}
	if old {
		f.status = http.StatusOK
	}
	web.WriteEnvelope(c.w, f.status, f.code, f.message)
	return nil
}

// write is a success: data, and what some calls have beside it.
func write(w http.ResponseWriter, status int, data any, extra map[string]any) error {
	members := map[string]any{"data": data, "isSuccess": true}
	for name, value := range extra {
		members[name] = value
	}
	body, err := json.Marshal(members)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(body) // a client that went away is no failure of ours
	return nil
}

// preflight answers what browsers ask before a call from a page; the call itself decides who may read its answer.
func preflight(w http.ResponseWriter, r *http.Request) bool {
	if r.Method != http.MethodOptions {
		return false
	}
	h := w.Header()
	h.Add("Vary", "Origin")
	if origin := r.Header.Get("Origin"); origin != "" && r.Header.Get("Access-Control-Request-Method") != "" {
		h.Set("Access-Control-Allow-Origin", origin)
		h.Set("Access-Control-Allow-Methods", "GET, POST")
		h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, "+titleHeader)
		h.Set("Access-Control-Max-Age", "600")
	}
	w.WriteHeader(http.StatusNoContent)
	return true
}

// allow lets a page of the title read the answer. There are no cookies here, so none is ever of use to it.
func allow(w http.ResponseWriter, r *http.Request, title *clients.Client) {
	w.Header().Add("Vary", "Origin")
	if origin := r.Header.Get("Origin"); origin != "" && !strings.EqualFold(origin, "null") && slices.Contains(title.RedirectOrigins(), origin) {
		w.Header().Set("Access-Control-Allow-Origin", origin)
		w.Header().Set("Access-Control-Expose-Headers", "Retry-After, X-Request-Id")
	}
}

// asProblem finds an input that couldn't be read.
func asProblem(err error) (*problem, bool) {
	var p *problem
	return p, errors.As(err, &p)
}
