package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strings"
	"time"

	"pratu/flows/audit"
	"pratu/flows/issuer"
	"pratu/flows/secret"
)

// maxQuery bounds what is parsed at all; longer requests end before they cost anything.
const maxQuery = 12 << 10

// RequestID is the id of the request that ctx belongs to: in the log, in X-Request-Id and on error pages.
func RequestID(ctx context.Context) string { return audit.RequestOf(ctx).RequestID }

// Address is where the request came from.
func Address(ctx context.Context) string { return audit.RequestOf(ctx).IP }

// Outermost stands before all routes: it names the request, knows the caller, checks the Host, ends panics, and writes
// one log event.
func (k *Kernel) Outermost(h http.Handler) http.Handler {
	inner := k.checked(h)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begin := k.Now()
		info := audit.RequestInfo{RequestID: secret.ID(), IP: k.address(r), UserAgent: r.UserAgent()}
		event := &Event{route: "none"}
		ctx := context.WithValue(audit.WithRequest(r.Context(), info), eventKey{}, event)
		r = r.WithContext(ctx)
		rec := &recorder{ResponseWriter: w}
		head := w.Header()
		head.Set("X-Request-Id", info.RequestID)
		head.Set("X-Content-Type-Options", "nosniff")
		if k.Issuer.Secure() {
			head.Set("Strict-Transport-Security", "max-age=31536000")
		}
		if len(r.TransferEncoding) > 0 {
			// net/http has dropped a Content-Length beside it. A proxy that believed the dropped one sees another request
			// in what follows, so nothing may follow (RFC 9112 section 6.3).
			head.Set("Connection", "close")
		}
		k.Metrics.begin()
		defer func() {
			k.written(r, rec, event, info, k.Now().Sub(begin))
		}()
		inner.ServeHTTP(rec, r)
	})
}

// checked refuses what no route should see.
func (k *Kernel) checked(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() { //nolint:contextcheck // the page is the request's, which carries its own
			v := recover()
			if err, ok := v.(error); ok && errors.Is(err, http.ErrAbortHandler) {
				panic(v)
			}
			if v != nil {
				EventOf(r.Context()).Set("panic", fmt.Sprint(v))
				EventOf(r.Context()).Set("stack", string(debug.Stack()))
				if rec, ok := w.(*recorder); ok && rec.status == 0 {
					k.failAny(w, r, &PageError{Status: http.StatusInternalServerError, Code: "server_error", Message: "error.internal"})
				}
			}
		}()
		switch {
		case len(r.URL.RawQuery) > maxQuery:
			k.failAny(w, r, &PageError{Status: http.StatusRequestURITooLong, Code: "invalid_request", Message: "error.request"})
		case !k.known(r):
			k.failAny(w, r, &PageError{
				Status: http.StatusMisdirectedRequest, Code: "misdirected", Message: "error.host",
				Args: map[string]any{"opened": audit.Printable(r.Host, 128), "configured": k.Issuer.String()},
			})
		default:
			h.ServeHTTP(w, r)
		}
	})
}

// known tells whether a request is meant for us. Nothing is ever derived from Host, so this is for people who opened
// another address than the configured one, and against DNS rebinding. The keys may be fetched by any name.
func (k *Kernel) known(r *http.Request) bool {
	host := strings.ToLower(r.Host)
	if host == k.Issuer.Host() || withoutDefaultPort(host, k.Issuer.Secure()) == withoutDefaultPort(k.Issuer.Host(), k.Issuer.Secure()) {
		return true
	}
	for _, extra := range k.ExtraHosts {
		if strings.EqualFold(extra, host) {
			return true
		}
	}
	path := strings.TrimPrefix(r.URL.Path, k.Issuer.Path())
	return path == issuer.PathJWKS || strings.HasPrefix(path, issuer.PathStatic+"/") // the page that explains has a style
}

func withoutDefaultPort(host string, secure bool) string {
	if secure {
		return strings.TrimSuffix(host, ":443")
	}
	return strings.TrimSuffix(host, ":80")
}

// Answer is an answer that doesn't depend on a route: no such path, no such method.
func (k *Kernel) Answer(e *PageError) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { k.failAny(w, r, e) })
}

// failAny answers a page's caller with a page and a program with JSON.
func (k *Kernel) failAny(w http.ResponseWriter, r *http.Request, e *PageError) {
	if k.enveloped(r.URL.Path) {
		k.Enveloped(func(w http.ResponseWriter, r *http.Request) error {
			EventOf(r.Context()).Set("error", e.Code)
			WriteEnvelope(w, e.Status, e.Code, strings.ToLower(http.StatusText(e.Status)))
			return nil
		}).ServeHTTP(w, r)
		return
	}
	if k.ForPrograms(r.URL.Path) {
		description := strings.ToLower(http.StatusText(e.Status))
		if e.Status == http.StatusMisdirectedRequest {
			description = "this server is configured as " + k.Issuer.String()
		}
		k.Protocol(func(w http.ResponseWriter, r *http.Request) error {
			EventOf(r.Context()).Set("error", e.Code)
			if strings.HasPrefix(strings.TrimPrefix(r.URL.Path, k.Issuer.Path()), issuer.PathAdminAPI+"/") {
				return WriteProblem(w, r, ProblemBody{Status: e.Status, Code: e.Code, Detail: description})
			}
			WriteError(w, e.Status, e.Code, description)
			return nil
		}).ServeHTTP(w, r)
		return
	}
	k.Front(func(http.ResponseWriter, *http.Request) error { return e }).ServeHTTP(w, r)
}

// ForPrograms tells whether below a path programs are answered, not people.
func (k *Kernel) ForPrograms(path string) bool {
	path = strings.TrimPrefix(path, k.Issuer.Path())
	switch path {
	case issuer.PathAuthorize, issuer.PathContinue, issuer.PathLogout:
		return false
	}
	for _, api := range k.APIs {
		if path == api || strings.HasPrefix(path, api+"/") {
			return true
		}
	}
	return strings.HasPrefix(path, issuer.PathAdminAPI+"/") || strings.HasPrefix(path, "/oauth2/") || strings.HasPrefix(path, "/.well-known/") || k.enveloped(path)
}

// enveloped tells whether a path is one of the game API.
func (k *Kernel) enveloped(path string) bool {
	return strings.HasPrefix(strings.TrimPrefix(path, k.Issuer.Path()), issuer.PathGame+"/")
}

// address is the caller's. X-Forwarded-For is read from its end, and only as far as trusted proxies wrote it.
func (k *Kernel) address(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return ""
	}
	addr = addr.Unmap()
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && k.trusted(addr); i-- {
		next, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		addr = next.Unmap()
	}
	return addr.WithZone("").String()
}

func (k *Kernel) trusted(addr netip.Addr) bool {
	for _, p := range k.Proxies {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}

func (k *Kernel) written(r *http.Request, rec *recorder, e *Event, info audit.RequestInfo, took time.Duration) {
	status := rec.status
	if status == 0 {
		status = http.StatusOK
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	k.Metrics.end(e.route, method(r.Method), status, took)
	level := slog.LevelInfo
	if status >= http.StatusInternalServerError {
		level = slog.LevelError
	}
	ctx := context.WithoutCancel(r.Context())
	if !k.Logger.Enabled(ctx, level) {
		return
	}
	record := slog.NewRecord(k.Now(), level, "request", 0) // whose place in the code is always this
	record.AddAttrs(
		slog.String("event", "http.request"), slog.String("request_id", info.RequestID), slog.String("route", e.route),
		slog.String("method", method(r.Method)), slog.Int("status", status))
	record.AddAttrs(slog.Float64("dur_ms", float64(took.Microseconds())/1000), slog.String("ip", info.IP))
	record.AddAttrs(e.attrs...)
	_ = k.Logger.Handler().Handle(ctx, record) // as slog itself does: where a log can't be written nothing can be said
}

// method keeps invented methods out of labels.
func method(m string) string {
	switch m {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodOptions, http.MethodPut, http.MethodDelete, http.MethodPatch:
		return m
	}
	return "OTHER"
}
