package adminapi

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"pratu/flows/office"
	"pratu/flows/oidc"
	"pratu/storage"
)

// clientOperations are those about what applications would be told, and what they call.
var clientOperations = []operation{
	{id: "previewClaims", method: "POST", path: "/clients/{client}/claims-preview", summary: "What each token of an application would hold for an account, as if it signed in now: named by its ssoid, an id, or a verified address or number. Nothing is signed; the owner can read that somebody looked.", action: office.ReadClients, also: office.ReadAccounts, body: jsonType, in: previewRequest{}, out: oidc.Preview{}, status: http.StatusOK, do: previewClaims},
	{id: "listUsage", method: "GET", path: "/usage", summary: "How often applications, or one of them, called the Identity API and the partner exchange, by day (30 unless said otherwise, today among them).", action: office.ReadClients, query: []string{"client", "days", "limit", "cursor"}, out: page[Usage]{}, status: http.StatusOK, do: listUsage},
}

// previewRequest is the body of a preview of claims: an address has no place in a URL.
type previewRequest struct {
	Account string `json:"account"` // "" for an application that gets tokens for itself
	Scope   string `json:"scope"`   // as if asked for; "" is all that the application may ask for
}

// maxScope is longer than what any application asks for.
const maxScope = 2000

func previewClaims(s *Server, c *call) error {
	var in previewRequest
	if err := decode(c.body, &in); err != nil {
		return err
	}
	switch {
	case len(in.Account) > maxSearch:
		return invalid("search.too_long", "/account", "is longer than what it finds")
	case len(in.Scope) > maxScope:
		return invalid("scope.too_long", "/scope", "at most 2000 bytes")
	}
	_, v, err := s.Trials.Preview(c.r.Context(), c.actor, c.r.PathValue("client"), in.Account, strings.Fields(in.Scope))
	if err != nil {
		return err
	}
	return write(c, http.StatusOK, v)
}

// Usage is how often an application called something on a day.
type Usage struct {
	ClientID string `json:"client_id"`
	Call     string `json:"call"`
	Day      string `json:"day"`
	Calls    int64  `json:"calls"`
}

// ViewUsage is a count as programs see it.
func ViewUsage(x storage.CallCount) Usage {
	return Usage{x.ClientID, x.Call, time.Unix(x.Day*86400, 0).UTC().Format(time.DateOnly), x.Calls}
}

func listUsage(s *Server, c *call) error {
	limit, err := c.limit()
	if err != nil {
		return err
	}
	q, days, after := c.r.URL.Query(), int64(30), storage.CallCount{}
	if q.Has("days") {
		if days, err = strconv.ParseInt(q.Get("days"), 10, 64); err != nil {
			return invalid("query.days", "", "days is a number")
		}
	}
	if q.Has("cursor") {
		if after, err = countOf(q.Get("cursor")); err != nil {
			return err
		}
	}
	list, next, err := s.Office.Usage(c.r.Context(), c.actor, q.Get("client"), days, after, limit)
	if err != nil {
		return err
	}
	var items []Usage
	for _, x := range list {
		items = append(items, ViewUsage(x))
	}
	cursor := ""
	if next.Calls > 0 {
		cursor = sealed(next.ClientID + " " + next.Call + " " + strconv.FormatInt(next.Day, 10))
	}
	return paged(c, items, cursor)
}

// countOf reads a cursor of counts: ids and calls have no spaces.
func countOf(cursor string) (x storage.CallCount, err error) {
	text, err := opened(cursor)
	if err != nil {
		return x, err
	}
	parts := strings.Split(text, " ")
	if len(parts) == 3 {
		x.ClientID, x.Call = parts[0], parts[1]
		x.Day, err = strconv.ParseInt(parts[2], 10, 64)
	}
	if len(parts) != 3 || err != nil {
		return x, invalid("query.cursor", "", "cursor is a next_cursor of this list")
	}
	return x, nil
}
