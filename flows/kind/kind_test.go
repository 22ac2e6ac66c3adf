package kind_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"pratu/flows/kind"
	"pratu/storage"
)

// What callers act upon survives wrapping, and storage's errors have a kind without anybody translating them.
func TestOf(t *testing.T) {
	own := kind.New(kind.Forbidden, "client.disabled")
	for _, c := range []struct {
		err  error
		want kind.Kind
		code string
	}{
		{own, kind.Forbidden, "client.disabled"},
		{fmt.Errorf("asked twice: %w", own), kind.Forbidden, "client.disabled"},
		{own.WithErr(storage.ErrNotFound), kind.Forbidden, "client.disabled"}, // the outer word counts
		{kind.New(kind.Conflict, ""), kind.Conflict, "conflict"},
		{storage.ErrNotFound, kind.NotFound, "not_found"},
		{storage.ErrExists, kind.Exists, "exists"},
		{storage.ErrConflict, kind.Conflict, "conflict"},
		{storage.ErrInvalid, kind.Invalid, "invalid"},
		{fmt.Errorf("read: %w", storage.ErrUnavailable), kind.Unavailable, "unavailable"},
		{context.DeadlineExceeded, kind.Unavailable, "unavailable"},
		{context.Canceled, kind.Unavailable, "unavailable"},
		{errors.New("a bug"), kind.Internal, "internal"},
		{nil, kind.Internal, "internal"},
	} {
		if got := kind.Of(c.err); got != c.want || kind.Code(c.err) != c.code {
			t.Errorf("%v: %s %s, want %s %s", c.err, got, kind.Code(c.err), c.want, c.code)
		}
	}
}

// Errors are package variables at times: adding to one must not change it for everybody else.
func TestErrorsAreValues(t *testing.T) {
	base := kind.New(kind.Invalid, "password.too_short").WithArg("min", 8)
	more := base.WithField("password").WithArg("min", 15).WithRetryAfter(time.Second).WithErr(storage.ErrInvalid)
	if base.Field != "" || base.Args["min"] != 8 || base.RetryAfter != 0 || base.Err != nil {
		t.Errorf("the first one changed: %+v", base)
	}
	if more.Field != "password" || more.Args["min"] != 15 || more.RetryAfter != time.Second || more.Kind != kind.Invalid {
		t.Errorf("%+v", more)
	}
	if !errors.Is(more, storage.ErrInvalid) || errors.Is(base, storage.ErrInvalid) {
		t.Error("the cause is not found")
	}
}

func TestIs(t *testing.T) {
	err := fmt.Errorf("sign-in: %w", kind.New(kind.Unauthorized, "signin.failed").WithField("username").WithErr(errors.New("wrong password")))
	for _, c := range []struct {
		target error
		want   bool
	}{
		{kind.New(kind.Unauthorized, "signin.failed"), true},
		{kind.New(kind.Forbidden, "signin.failed"), false},
		{kind.New(kind.Unauthorized, "client.unknown"), false},
		{kind.New(kind.Unauthorized, "signin.failed").WithField("username"), false}, // a pattern names kind and code only
		{storage.ErrNotFound, false},
	} {
		if got := errors.Is(err, c.target); got != c.want {
			t.Errorf("is %v: %v", c.target, got)
		}
	}
	if !kind.Is(err, "signin.failed") || kind.Is(err, "signin") || kind.Is(nil, "") || kind.Is(errors.New("x"), "internal") {
		t.Error("kind.Is")
	}
	if e, ok := kind.As(err); !ok || e.Field != "username" {
		t.Errorf("%+v", e)
	}
}

// The text is for logs: code, field and cause, in this order.
func TestTexts(t *testing.T) {
	e := kind.New(kind.Invalid, "contact.email_invalid")
	for _, c := range []struct {
		err  error
		want string
	}{
		{e, "contact.email_invalid"},
		{e.WithField("email"), "contact.email_invalid (email)"},
		{e.WithErr(errors.New("no @")), "contact.email_invalid: no @"},
		{e.WithField("email").WithErr(errors.New("no @")), "contact.email_invalid (email): no @"},
	} {
		if got := c.err.Error(); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
	seen := map[string]bool{}
	for k := kind.Internal; k <= kind.Unavailable; k++ {
		if seen[k.String()] || k.String() == "" {
			t.Errorf("%d has no name of its own: %s", k, k)
		}
		seen[k.String()] = true
	}
	if kind.Kind(-1).String() != "internal" || kind.Kind(99).String() != "internal" {
		t.Error("an unknown kind isn't ours")
	}
}
