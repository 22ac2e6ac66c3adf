// Package kind owns what an error means to its caller: not found, refused, too many. A flow returns an error with a kind
// and a message id; the HTTP edge alone turns the kind into a status and the id into words. It knows no HTTP and no texts.
package kind

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"pratu/storage"
)

// Kind says what went wrong, in the few words that callers act upon.
type Kind int

// An error without a kind is Internal: a failure of ours whose text stays in the log.
const (
	Internal     Kind = iota
	NotFound          // no such thing, or not for you
	Exists            // taken
	Invalid           // the input can't be right
	Unauthorized      // who you are is not proven
	Forbidden         // proven, and still no
	Conflict          // it changed under your hands
	RateLimited       // later; see Error.RetryAfter
	Unavailable       // a dependency is away; trying again may help
)

var names = [...]string{
	"internal", "not_found", "exists", "invalid", "unauthorized", "forbidden", "conflict", "rate_limited", "unavailable",
}

func (k Kind) String() string {
	if k < 0 || int(k) >= len(names) {
		return names[Internal]
	}
	return names[k]
}

// Error is an expected failure. Code is a stable message id such as "password.too_short", Field the input it is about,
// Args what the message mentions. None of them may hold a secret or a contact: errors are logged.
type Error struct {
	Kind       Kind
	Code       string
	Field      string
	Args       map[string]any
	RetryAfter time.Duration
	Err        error
}

// New is an error of a kind with a message id.
func New(k Kind, code string) *Error { return &Error{Kind: k, Code: code} }

func (e *Error) clone() *Error {
	c := *e
	c.Args = maps.Clone(e.Args)
	return &c
}

// WithField names the input that the error is about.
func (e *Error) WithField(name string) *Error {
	c := e.clone()
	c.Field = name
	return c
}

// WithArg adds something that the message mentions.
func (e *Error) WithArg(name string, value any) *Error {
	c := e.clone()
	if c.Args == nil {
		c.Args = map[string]any{}
	}
	c.Args[name] = value
	return c
}

// WithRetryAfter says when trying again makes sense.
func (e *Error) WithRetryAfter(d time.Duration) *Error {
	c := e.clone()
	c.RetryAfter = d
	return c
}

// WithErr keeps the cause, for the log and errors.Is.
func (e *Error) WithErr(err error) *Error {
	c := e.clone()
	c.Err = err
	return c
}

func (e *Error) Error() string {
	text := e.Code
	if e.Field != "" {
		text += " (" + e.Field + ")"
	}
	if e.Err != nil {
		return fmt.Sprintf("%s: %v", text, e.Err)
	}
	return text
}

func (e *Error) Unwrap() error { return e.Err }

// Is makes errors.Is(err, kind.New(k, code)) true for the same kind and code, whatever else the error carries.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Kind == e.Kind && t.Code == e.Code && t.Field == "" && t.Err == nil
}

// As finds the error with a kind in err's chain.
func As(err error) (*Error, bool) {
	var e *Error
	ok := errors.As(err, &e)
	return e, ok
}

// Of tells the kind of any error, those of storage included. nil has none; it counts as Internal, so ask only for errors.
func Of(err error) Kind {
	if e, ok := As(err); ok {
		return e.Kind
	}
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return NotFound
	case errors.Is(err, storage.ErrExists):
		return Exists
	case errors.Is(err, storage.ErrConflict):
		return Conflict
	case errors.Is(err, storage.ErrInvalid):
		return Invalid
	case errors.Is(err, storage.ErrUnavailable), errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return Unavailable
	}
	return Internal
}

// Code is the message id of err, or the name of its kind.
func Code(err error) string {
	if e, ok := As(err); ok && e.Code != "" {
		return e.Code
	}
	return Of(err).String()
}

// Is tells whether err carries this message id.
func Is(err error, code string) bool {
	e, ok := As(err)
	return ok && e.Code == code
}
