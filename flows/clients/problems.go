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

func (p Problem) String() string {
	if p.Pointer == "" { // the whole document
		return p.Detail
	}
	return p.Pointer + ": " + p.Detail
}

// Problems are all reasons at once. It is found in a kind.Invalid error by errors.As.
type Problems []Problem

func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// Bounds of an answer: a document that is wrong from end to end must not be answered with many times its length.
const (
	maxProblems = 100
	maxPointer  = 200
	maxDetail   = 600
)

func (ps *Problems) full() bool { return len(*ps) >= maxProblems }

func (ps *Problems) add(pointer, code, format string, args ...any) {
	if !ps.full() {
		*ps = append(*ps, Problem{Pointer: clip(pointer, maxPointer), Code: code, Detail: clip(fmt.Sprintf(format, args...), maxDetail)})
	}
}

// clip is the beginning of a text.
func clip(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
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

// Refused tells a client by the protocol what is wrong with its metadata (RFC 7591 section 3.2.2): a code, and which
// members and why, in ASCII without quotes.
func (ps Problems) Refused() (code, description string) {
	code = "invalid_client_metadata"
	lines := make([]string, len(ps))
	for i, p := range ps {
		if strings.HasPrefix(p.Pointer, "/redirect_uris") {
			code = "invalid_redirect_uri"
		}
		lines[i] = strings.TrimPrefix(strings.TrimPrefix(p.Pointer, "/")+": "+p.Detail, ": ")
	}
	description = strings.Map(func(r rune) rune {
		switch {
		case r == '"' || r == '\\':
			return '\''
		case r < ' ' || r > '~':
			return '?'
		}
		return r
	}, strings.Join(lines, "; "))
	return code, description[:min(len(description), 1000)]
}
