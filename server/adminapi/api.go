// Package adminapi owns the admin API as HTTP: bearer tokens of machines, JSON read strictly, problems (RFC 9457), pages,
// versions, and the OpenAPI document, which is made from the same table as the routes. It decides nothing: flows/office
// does, as for the console.
package adminapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"pratu/flows/audit"
	"pratu/flows/clients"
	"pratu/flows/issuer"
	"pratu/flows/limits"
	"pratu/flows/office"
	"pratu/flows/oidc"
	"pratu/flows/trials"
	"pratu/server/web"
)

// Server answers the admin API. All fields are required.
type Server struct {
	Web      *web.Kernel
	Office   *office.Service
	Provider *oidc.Provider
	Trials   *trials.Service
	Settings func() []office.Setting // as the program runs
	Now      func() time.Time
}

const (
	maxBody = 1 << 20
	// Base is where version 1 lives.
	Base = issuer.PathAdminAPI + "/v1"

	jsonType  = "application/json"
	fileType  = "application/octet-stream"
	patchType = "application/merge-patch+json" // RFC 7396
	linesType = "application/x-ndjson"
)

// call is a request of somebody who proved to be a machine of ours.
type call struct {
	w     http.ResponseWriter
	r     *http.Request
	actor office.Actor
	body  []byte
}

// Route is a line of the table of routes.
type Route struct {
	Methods, Path string
	Handler       web.Handler
}

// Routes are the operations by path, and the document.
func (s *Server) Routes() []Route {
	list := []Route{{"GET", issuer.PathAdminAPI + "/openapi.json", s.Document}}
	for _, op := range all() {
		list = append(list, Route{op.method, Base + op.path, s.serve(op)})
	}
	return list
}

// serve is what all operations have in common.
func (s *Server) serve(op operation) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		w.Header().Set("Cache-Control", "no-store")
		err := s.run(op, w, r)
		if err != nil {
			return s.fail(w, r, op, err)
		}
		return nil
	}
}

func (s *Server) run(op operation, w http.ResponseWriter, r *http.Request) error {
	actor, err := s.actor(r)
	if err != nil {
		return err
	}
	if err := s.spend(w, r, actor); err != nil {
		return err
	}
	for _, action := range op.actions() {
		if !actor.May(action) {
			return office.Refused(action)
		}
	}
	c := &call{w: w, r: r, actor: actor}
	for name := range r.URL.Query() {
		if !slices.Contains(op.query, name) {
			return invalid("query.unknown", "", "no such parameter: "+audit.Printable(name, 60))
		}
	}
	if op.body != "" {
		if c.body, err = read(w, r, op.body); err != nil {
			return err
		}
	}
	return op.do(s, c)
}

// spend tells a machine what is left of its budget (draft-ietf-httpapi-ratelimit-headers), and refuses what is beyond.
func (s *Server) spend(w http.ResponseWriter, r *http.Request, actor office.Actor) error {
	left, err := s.Office.Spend(r.Context(), actor)
	if left.Budget > 0 {
		w.Header().Set("RateLimit-Policy", fmt.Sprintf("%q;q=%d;w=%d", limits.AdminClient.Name, left.Budget, int(left.Window.Seconds())))
		w.Header().Set("RateLimit", fmt.Sprintf("%q;r=%d;t=%d", limits.AdminClient.Name, left.Left, int(math.Ceil(left.Reset.Seconds()))))
	}
	return err
}

var (
	errNoToken  = errors.New("no access token")
	errNotForUs = errors.New("not a token of a machine for the admin API")
)

// actor is who a bearer token is of. It has to be one that a machine got for itself, which an administrator registered: a
// token of a person is a page's, and no page has a place here. One that was made for another API may have been sent here by it
// (RFC 9068 section 4).
func (s *Server) actor(r *http.Request) (office.Actor, error) {
	values := r.Header.Values("Authorization")
	if len(values) != 1 {
		return office.Actor{}, errNoToken
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return office.Actor{}, errNoToken
	}
	access, err := s.Provider.Access(r.Context(), strings.TrimSpace(token))
	if err != nil {
		return office.Actor{}, err
	}
	if !access.OfClient(s.Web.Issuer.String()) || access.Act != nil || access.Client.Kind != clients.KindMachine || access.Client.Unverified() {
		return office.Actor{}, errNotForUs
	}
	web.EventOf(r.Context()).Set("client_id", access.Client.ID)
	granted := access.Client.Scopes() // a right that was taken back isn't lent by a token from before
	return office.Machine(access.Client.ID, slices.DeleteFunc(access.Scopes, func(x string) bool { return !slices.Contains(granted, x) })), nil
}

func write(c *call, status int, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return send(c.w, status, jsonType, body)
}

func send(w http.ResponseWriter, status int, media string, body []byte) error {
	w.Header().Set("Content-Type", media)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // a client that went away is no failure of ours
	return nil
}
