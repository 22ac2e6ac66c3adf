// Package otelx stands in for the package of the same path in github.com/ory/x: the one function fosite uses of it.
package otelx

import (
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

// End ends the span and marks it failed when *err is set.
func End(span trace.Span, err *error) {
	if err != nil && *err != nil {
		span.SetStatus(codes.Error, "error")
	}
	span.End()
}
