package clients

import (
	"fmt"
	"strings"

	"pratu/flows/kind"
)

// Problem is one reason why a registration is refused, or one warning. Pointer is a JSON pointer (RFC 6901) into the
// document, Code a stable message id, Detail the English sentence: cause and remedy.
type Problem struct {
	Pointer string `json:"pointer"`
	Code    string `json:"code"`
	Detail  string `json:"detail"`
}

func (p Problem) String() string { return p.Pointer + ": " + p.Detail }

// Problems are all reasons at once. It is found in a kind.Invalid error by errors.As.
type Problems []Problem

func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

func (ps *Problems) add(pointer, code, format string, args ...any) {
	*ps = append(*ps, Problem{Pointer: pointer, Code: code, Detail: fmt.Sprintf(format, args...)})
}

// err is nil when there is nothing to say.
func (ps Problems) err() error {
	if len(ps) == 0 {
		return nil
	}
	e := kind.New(kind.Invalid, "client.invalid")
	e.Field, e.Err = ps[0].Pointer, ps
	return e
}
