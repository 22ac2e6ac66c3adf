// Package adminapi owns the admin API as HTTP: bearer tokens of machines, JSON read strictly, problems (RFC 9457), pages,
// versions, and the OpenAPI document, which is made from the same table as the routes. It decides nothing: flows/office
// does, as for the console.
package adminapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"mime"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"pratu/flows/audit"
	"pratu/flows/clients"
	"pratu/flows/connectors"
	"pratu/flows/issuer"
	"pratu/flows/kind"
	"pratu/flows/limits"
	"pratu/flows/office"
	"pratu/flows/oidc"
	"pratu/flows/trials"
	"pratu/server/web"
	"pratu/storage"
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

// read reads a body of a media type.
func read(w http.ResponseWriter, r *http.Request, media string) ([]byte, error) {
	if got, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); got != media {
		return nil, &refusal{status: http.StatusUnsupportedMediaType, code: "body.type", detail: "the body must be " + media}
	}
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if long := (*http.MaxBytesError)(nil); errors.As(err, &long) {
		return nil, &refusal{status: http.StatusRequestEntityTooLarge, code: "body.too_long", detail: "the body is longer than 1 MiB"}
	}
	if err != nil {
		return nil, invalid("body.unreadable", "", "the body can't be read")
	}
	if media != fileType && media != linesType && !utf8.Valid(raw) { // encoding/json would make something else of it
		return nil, invalid("document.json", "", "the body isn't UTF-8")
	}
	return raw, nil
}

// decode reads one JSON object into a struct. Members that it hasn't are refused: a misspelt one would silently be nothing. So
// are those given twice: whoever judged the request before us may have read the other.
func decode(raw []byte, into any) error {
	switch _, object := clients.Members(raw); {
	case !object && json.Valid(raw):
		return invalid("document.type", "", "not an object")
	case !object:
		return invalid("document.json", "", "not one JSON object")
	}
	var ps clients.Problems
	if ps.Strict("", raw, reflect.TypeOf(into)); len(ps) > 0 {
		return invalid(ps[0].Code, ps[0].Pointer, ps[0].Detail)
	}
	err := json.Unmarshal(raw, into)
	var wrong *json.UnmarshalTypeError
	switch {
	case errors.As(err, &wrong):
		return invalid("document.type", "/"+strings.ReplaceAll(wrong.Field, ".", "/"), "is of the wrong type")
	case err != nil:
		return invalid("document.json", "", "not one JSON object")
	}
	return nil
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

// etag is a version as a validator (RFC 9110 section 8.8.3).
func etag(version storage.Instant) string { return `"` + strconv.FormatInt(int64(version), 10) + `"` }

// version is what If-Match says: somebody who changes a thing says which version they saw. "*" is any.
func (c *call) version() (storage.Instant, error) {
	value := strings.TrimSpace(c.r.Header.Get("If-Match"))
	if value == "" {
		return 0, &refusal{status: http.StatusPreconditionRequired, code: "version.missing", detail: "send If-Match with the ETag of what you saw"}
	}
	if value == "*" {
		return 0, nil
	}
	n, err := strconv.ParseInt(strings.Trim(value, `"`), 10, 64)
	if err != nil || n <= 0 || value != etag(storage.Instant(n)) {
		return 1, nil //nolint:nilerr // no version of ours: stale
	}
	return storage.Instant(n), nil
}

// limit is how many items a page has.
func (c *call) limit() (int, error) {
	text := c.r.URL.Query().Get("limit")
	if text == "" {
		return 50, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > 200 {
		return 0, invalid("query.limit", "", "limit is between 1 and 200")
	}
	return n, nil
}

// refusal is an answer that only this API gives.
type refusal struct {
	status                int
	code, pointer, detail string
}

func (e *refusal) Error() string { return e.code + ": " + e.detail }

func invalid(code, pointer, detail string) error {
	return &refusal{status: http.StatusBadRequest, code: code, pointer: pointer, detail: detail}
}

// statuses is the one table from kinds to statuses here.
var statuses = map[kind.Kind]int{
	kind.Internal: http.StatusInternalServerError, kind.NotFound: http.StatusNotFound, kind.Exists: http.StatusConflict,
	kind.Invalid: http.StatusBadRequest, kind.Unauthorized: http.StatusUnauthorized, kind.Forbidden: http.StatusForbidden,
	kind.Conflict: http.StatusConflict, kind.RateLimited: http.StatusTooManyRequests, kind.Unavailable: http.StatusServiceUnavailable,
}

// fail answers an error as a problem. One without a kind is 500, whose cause stays in the log.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, op operation, err error) error {
	web.EventOf(r.Context()).Set("cause", err.Error())
	p := s.problem(err)
	web.EventOf(r.Context()).Set("error", p.Code)
	switch p.Status {
	case http.StatusUnauthorized:
		value := `Bearer realm="pratu"`
		if !errors.Is(err, errNoToken) {
			value += `, error="invalid_token"`
		}
		w.Header().Set("WWW-Authenticate", value)
	case http.StatusForbidden:
		w.Header().Set("WWW-Authenticate", `Bearer realm="pratu", error="insufficient_scope", scope="`+strings.Join(op.scopes(), " ")+`"`)
	}
	if known, ok := kind.As(err); ok && known.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(known.RetryAfter.Seconds()))))
	}
	return web.WriteProblem(w, r, p)
}

func (s *Server) problem(err error) web.ProblemBody {
	var own *refusal
	var refused *oidc.Error
	var ps clients.Problems
	var cs connectors.Problems
	switch {
	case errors.Is(err, errNoToken), errors.Is(err, errNotForUs):
		return web.ProblemBody{Status: http.StatusUnauthorized, Code: oidc.InvalidToken, Detail: "send the access token of a machine with scopes of the admin API"}
	case errors.As(err, &refused) && refused.Status < http.StatusInternalServerError:
		return web.ProblemBody{Status: http.StatusUnauthorized, Code: refused.Code, Detail: refused.Description}
	case errors.As(err, &own):
		p := web.ProblemBody{Status: own.status, Code: own.code, Detail: own.detail}
		if own.pointer != "" {
			p.Errors = []web.ProblemPart{{Pointer: own.pointer, Code: own.code, Detail: own.detail}}
		}
		return p
	case errors.As(err, &ps):
		p := web.ProblemBody{Status: http.StatusBadRequest, Code: kind.Code(err), Detail: "the document can't be accepted"}
		for _, x := range ps {
			p.Errors = append(p.Errors, web.ProblemPart{Pointer: x.Pointer, Code: x.Code, Detail: x.Detail})
		}
		return p
	case errors.As(err, &cs):
		p := web.ProblemBody{Status: http.StatusBadRequest, Code: kind.Code(err), Detail: "the document can't be accepted"}
		for _, x := range cs {
			p.Errors = append(p.Errors, web.ProblemPart(x))
		}
		return p
	case kind.Is(err, "client.changed"), kind.Is(err, "connector.changed"), kind.Is(err, "webhook.changed"):
		return web.ProblemBody{Status: http.StatusPreconditionFailed, Code: kind.Code(err), Detail: "it was changed since that version"}
	case kind.Is(err, "account.claims"):
		return web.ProblemBody{Status: http.StatusBadRequest, Code: kind.Code(err), Detail: "the document can't be accepted", Errors: claimParts(err)}
	case kind.Is(err, "role.last_owner"): // no scope would help
		return web.ProblemBody{Status: http.StatusConflict, Code: kind.Code(err), Detail: "there has to be an owner: make somebody else one first"}
	}
	p := web.ProblemBody{Status: statuses[kind.Of(err)], Code: kind.Code(err), Detail: details[kind.Code(err)]}
	if known, ok := kind.As(err); ok {
		if action, is := known.Args["action"].(string); is && p.Code == "office.forbidden" {
			p.Detail = "this needs the scope " + office.Action(action).Scope() + ", which the token hasn't"
		}
		for name, value := range known.Args {
			p.Detail = strings.ReplaceAll(p.Detail, "{"+name+"}", fmt.Sprint(value))
		}
		if s.Web.Renderer.Has(known.Code) {
			p.Detail = s.Web.Renderer.Text(web.English, known.Code, known.Args)
		}
		if known.Field != "" {
			p.Errors = []web.ProblemPart{{Pointer: "/" + known.Field, Code: known.Code, Detail: p.Detail}}
		}
	}
	return p
}
