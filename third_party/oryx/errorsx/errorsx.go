// Package errorsx stands in for the package of the same path in github.com/ory/x: the two functions and six
// interfaces that fosite uses of it. The original drags in exporters, gRPC and an ORM; see docs/decisions.md.
package errorsx

import "errors"

// WithStack returns err unchanged: stack captures cost a tenth of a code exchange, and nothing here reads them.
func WithStack(err error) error { return err }

// Cause returns the innermost error of err's chain.
func Cause(err error) error {
	for err != nil {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
	return nil
}

// StatusCodeCarrier is implemented by errors that know their HTTP status code.
type StatusCodeCarrier interface{ StatusCode() int }

// RequestIDCarrier is implemented by errors that know the request they arose in.
type RequestIDCarrier interface{ RequestID() string }

// ReasonCarrier is implemented by errors that can state a reason.
type ReasonCarrier interface{ Reason() string }

// DebugCarrier is implemented by errors that hold debugging text.
type DebugCarrier interface{ Debug() string }

// StatusCarrier is implemented by errors that know their HTTP status text.
type StatusCarrier interface{ Status() string }

// DetailsCarrier is implemented by errors that hold further details.
type DetailsCarrier interface{ Details() map[string]interface{} }
