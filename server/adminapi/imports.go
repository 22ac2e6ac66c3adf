package adminapi

import (
	"bytes"
	"cmp"
	"net/http"
	"slices"
	"strconv"

	"pratu/flows/accounts"
	"pratu/flows/audit"
	"pratu/flows/kind"
	"pratu/flows/office"
)

// importOperations are those about accounts of another system.
var importOperations = []operation{
	{id: "importAccounts", method: "POST", path: "/accounts/import", summary: "Import accounts of another system, one JSON object in each line (docs/import.md), a thousand lines and 1 MiB at most. A line that was imported is known and left alone, so that a request may be repeated; one that is refused is told of, and costs no other. With line, that is the number of the first one.", action: office.ImportAccounts, query: []string{"line"}, body: linesType, in: accounts.ImportLine{}, out: Import{}, status: http.StatusOK, do: importAccounts},
}

// Import is how an import went.
type Import struct {
	accounts.ImportResult
	Refusals []ImportRefusal `json:"refusals"`
}

// ImportRefusal is a line that wasn't imported. It has no value of the line: those are somebody's.
type ImportRefusal struct {
	Line   int64  `json:"line"`
	Code   string `json:"code"`
	Member string `json:"member,omitempty"`
}

const (
	maxImportLines = 1000 // as many refusals may be the answer
	maxImportFile  = 1 << 40
)

func importAccounts(s *Server, c *call) error {
	first := int64(1)
	if q := c.r.URL.Query(); q.Has("line") {
		n, err := strconv.ParseInt(q.Get("line"), 10, 64)
		if err != nil || n < 1 || n > maxImportFile {
			return invalid("query.line", "", "line is the number of the first line")
		}
		first = n
	}
	if bytes.Count(bytes.TrimSuffix(c.body, []byte("\n")), []byte("\n")) >= maxImportLines {
		return &refusal{status: http.StatusRequestEntityTooLarge, code: "import.too_many", detail: "more than a thousand lines: send the file in parts"}
	}
	answer := Import{Refusals: []ImportRefusal{}}
	refuse := func(line int64, why error) error {
		r := ImportRefusal{Line: line, Code: kind.Code(why)}
		if e, ok := kind.As(why); ok {
			r.Member = audit.Printable(e.Field, 200) // which may be a name of the line's own
		}
		answer.Refusals = append(answer.Refusals, r)
		return nil
	}
	var err error
	answer.ImportResult, err = s.Office.ImportAccounts(c.r.Context(), c.actor, bytes.NewReader(c.body), first, refuse, func(accounts.ImportResult) {})
	if err != nil {
		return err
	}
	slices.SortFunc(answer.Refusals, func(a, b ImportRefusal) int { return cmp.Compare(a.Line, b.Line) })
	return write(c, http.StatusOK, answer)
}
