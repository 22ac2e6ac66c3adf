package web

import (
	"errors"
	"math"
	"net/http"
	"strconv"
	"time"

	"pratu/flows/issuer"
	"pratu/flows/kind"
)

// PageError is an error that a person sees on a page of its own. Message is the prefix of its words: Message.title,
// .what and .do.
type PageError struct {
	Status     int
	Code       string // shown in #error-code, such as invalid_request
	Message    string
	Args       map[string]any
	Restart    string  // where to begin again
	Reason     string  // for developers, in English: a text of ours
	Received   []Field // parameters of the request as they came, for developers
	RetryAfter time.Duration
	Err        error // for the log
}

func (e *PageError) Error() string {
	text := "page: " + e.Code
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

func (e *PageError) Unwrap() error { return e.Err }

// statuses is the one table from kinds to statuses of pages.
var statuses = map[kind.Kind]int{
	kind.Internal: http.StatusInternalServerError, kind.NotFound: http.StatusNotFound, kind.Exists: http.StatusConflict,
	kind.Invalid: http.StatusBadRequest, kind.Unauthorized: http.StatusForbidden, kind.Forbidden: http.StatusForbidden,
	kind.Conflict: http.StatusConflict, kind.RateLimited: http.StatusTooManyRequests, kind.Unavailable: http.StatusServiceUnavailable,
}

// restarts are where to begin again after errors that don't know the application somebody came from.
var restarts = map[string]string{
	"interaction.unknown": issuer.PathLogin, "interaction.expired": issuer.PathLogin,
	"federation.state": issuer.PathLogin, "federation.other_browser": issuer.PathLogin,
}

// Fail shows an error as a page. One without a kind is 500, whose cause stays in the log beside the request id.
func (k *Kernel) Fail(w http.ResponseWriter, r *http.Request, err error) {
	e := k.pageError(err)
	event := EventOf(r.Context())
	event.Set("error", e.Code)
	event.Set("cause", err.Error())
	if e.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(e.RetryAfter.Seconds()))))
	}
	view := &ErrorView{
		Status: e.Status, Code: e.Code, Message: e.Message, Args: e.Args, Restart: e.Restart, At: k.Now(),
		ClientID: event.text("client_id"), Reason: e.Reason,
	}
	for _, f := range e.Received {
		view.Received = append(view.Received, Field{Name: f.Name, Value: Visible(f.Value)})
	}
	if err := k.Render(w, r, e.Status, "error", view); err != nil {
		event.Set("render", err.Error())
		http.Error(w, "Something went wrong. Request "+RequestID(r.Context()), http.StatusInternalServerError)
	}
}

func (k *Kernel) pageError(err error) *PageError {
	var own *PageError
	if errors.As(err, &own) {
		return own
	}
	status := kind.Of(err)
	e := &PageError{Status: statuses[status], Code: kind.Code(err), Message: "error." + kind.Code(err)}
	if known, ok := kind.As(err); ok {
		e.Args, e.RetryAfter = known.Args, known.RetryAfter
		e.Restart, _ = known.Args["restart"].(string)
	}
	if path, ok := restarts[e.Code]; ok && e.Restart == "" {
		e.Restart = k.Issuer.Path() + path
	}
	if !k.Renderer.Has(e.Message + ".title") {
		e.Message = "error." + status.String()
	}
	return e
}
