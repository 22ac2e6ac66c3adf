package social

import (
	"errors"
	"fmt"

	"pratu/flows/kind"
)

var (
	errHosts    = errors.New("write host=http://127.0.0.1:PORT")
	errAppleKey = errors.New("the private key can't be read")
)

// trouble is a provider that doesn't answer as it should: the person can try again, or come in by another door. cause is for
// the log: words of ours, since errors of libraries quote URLs with tokens in them.
func trouble(step string, cause error) error {
	return kind.New(kind.Unavailable, "federation.unavailable").WithErr(fmt.Errorf("%s: %w", step, cause))
}

// refused is an answer that isn't believed.
func refused(step, why string, args ...any) error {
	return kind.New(kind.Unauthorized, "federation.refused").WithErr(fmt.Errorf("%s: "+why, append([]any{step}, args...)...))
}

// errState is a way back that nobody is on: unknown, over, used, or another connector's.
func errState(err error) error { return kind.New(kind.Invalid, "federation.state").WithErr(err) }
