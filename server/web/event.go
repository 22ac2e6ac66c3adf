package web

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
)

// Event is what one request leaves in the log. Handlers add to it; the outermost middleware writes it. Secrets, codes,
// tokens, query strings and contacts have no place in it.
type Event struct {
	mu    sync.Mutex
	route string
	attrs []slog.Attr
}

// Set adds a value.
func (e *Event) Set(key string, value any) {
	if e == nil {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.attrs = append(e.attrs, slog.Any(key, value))
}

// text is a value that was set before, or "".
func (e *Event) text(key string) string {
	if e == nil {
		return ""
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, a := range e.attrs {
		if a.Key == key {
			return a.Value.String()
		}
	}
	return ""
}

type eventKey struct{}

// EventOf is the event of the request that ctx belongs to; outside of one it swallows everything.
func EventOf(ctx context.Context) *Event {
	e, _ := ctx.Value(eventKey{}).(*Event)
	return e
}

// Route names the route of a request for log and metrics: the path's template, never the path itself, so that labels
// stay few (CVE-2023-45142).
func Route(name string, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if e := EventOf(r.Context()); e != nil {
			e.mu.Lock()
			e.route = name
			e.mu.Unlock()
		}
		h.ServeHTTP(w, r)
	})
}

// recorder remembers what was answered.
type recorder struct {
	http.ResponseWriter
	status int
}

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	return r.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }
