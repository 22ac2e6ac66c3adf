package adminapi

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"

	"pratu/flows/clients"
	"pratu/flows/connectors"
	"pratu/flows/kind"
	"pratu/flows/office"
	"pratu/flows/oidc"
	"pratu/server/web"
)

// refusal is an answer that only this API gives.
type refusal struct {
	status       int
	code, detail string
	parts        clients.Problems // of the document, if it was one
}

func (e *refusal) Error() string { return e.code + ": " + e.detail }

func invalid(code, pointer, detail string) error {
	e := &refusal{status: http.StatusBadRequest, code: code, detail: detail}
	if pointer != "" {
		e.parts = clients.Problems{{Pointer: pointer, Code: code, Detail: detail}}
	}
	return e
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

func partsOf(ps clients.Problems) (parts []web.ProblemPart) {
	for _, x := range ps {
		parts = append(parts, web.ProblemPart{Pointer: x.Pointer, Code: x.Code, Detail: x.Detail})
	}
	return parts
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
		return web.ProblemBody{Status: own.status, Code: own.code, Detail: own.detail, Errors: partsOf(own.parts)}
	case errors.As(err, &ps):
		return web.ProblemBody{Status: http.StatusBadRequest, Code: kind.Code(err), Detail: "the document can't be accepted", Errors: partsOf(ps)}
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
