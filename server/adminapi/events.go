package adminapi

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"pratu/flows/office"
	"pratu/server/web"
	"pratu/storage"
)

// Event is one of the record.
type Event struct {
	ID        string          `json:"id"`
	At        time.Time       `json:"at"`
	Event     string          `json:"event"`
	Outcome   string          `json:"outcome"`
	ActorKind string          `json:"actor_kind"`
	Actor     string          `json:"actor,omitempty"`   // an ssoid, or a client's id
	Account   string          `json:"account,omitempty"` // ssoid
	ClientID  string          `json:"client_id,omitempty"`
	IP        string          `json:"ip,omitempty"`
	UserAgent string          `json:"user_agent,omitempty"`
	RequestID string          `json:"request_id,omitempty"`
	Reason    string          `json:"reason,omitempty"`
	Details   json.RawMessage `json:"details"`
}

func listEvents(s *Server, c *call) error {
	limit, err := c.limit()
	if err != nil {
		return err
	}
	f, account, err := c.filter()
	if err != nil {
		return err
	}
	f.Limit = limit
	if q := c.r.URL.Query(); q.Has("cursor") {
		if f.At, f.ID, err = moment(q.Get("cursor")); err != nil {
			return err
		}
	}
	record, err := s.Office.Events(c.r.Context(), c.actor, f, account)
	if err != nil {
		return err
	}
	var items []Event
	for _, e := range record.Events {
		items = append(items, eventOf(e, record))
	}
	next := ""
	if !record.Next.At.IsZero() {
		next = sealed(strconv.FormatInt(int64(record.Next.At), 10) + "." + record.Next.ID)
	}
	return paged(c, items, next)
}

// filter is what the record is asked for, and about which account.
func (c *call) filter() (f storage.AuditFilter, account string, err error) {
	q := c.r.URL.Query()
	account = q.Get("account")
	if _, err := strconv.ParseInt(account, 10, 64); account != "" && err != nil {
		return f, "", invalid("query.account", "", "account is an ssoid: an address has no place in a URL")
	}
	f = storage.AuditFilter{Event: q.Get("event"), ClientID: q.Get("client"), Outcome: q.Get("outcome")}
	for name, to := range map[string]*storage.Instant{"since": &f.Since, "until": &f.Until} {
		at, err := time.Parse(time.RFC3339, q.Get(name))
		if q.Has(name) && (err != nil || at.Unix() <= 0) {
			return f, "", invalid("query."+name, "", name+" is an RFC 3339 time")
		}
		*to = storage.At(at)
	}
	return f, account, nil
}

// exportEvents streams the record. Whoever gets half of it must not take it for the whole.
func exportEvents(s *Server, c *call) error {
	f, account, err := c.filter()
	if err != nil {
		return err
	}
	f.At, f.Since = f.Since, 0 // it begins there
	out := &lines{ResponseWriter: c.w}
	err = s.Office.Export(c.r.Context(), c.actor, out, f, account)
	if err != nil && out.begun {
		web.EventOf(c.r.Context()).Set("err", err.Error())
		panic(http.ErrAbortHandler)
	}
	if err == nil {
		_, err = out.Write(nil)
	}
	return err
}

// lines is an answer that is written as it is made: each piece has the time that other answers have altogether.
type lines struct {
	http.ResponseWriter
	begun bool
}

const pieceTime = 30 * time.Second

func (l *lines) Write(piece []byte) (int, error) {
	if !l.begun {
		l.begun = true
		l.Header().Set("Content-Type", linesType)
	}
	_ = http.NewResponseController(l.ResponseWriter).SetWriteDeadline(time.Now().Add(pieceTime)) // where there is one
	return l.ResponseWriter.Write(piece)
}

func eventOf(e storage.AuditEvent, record *office.Record) Event {
	v := Event{
		ID: e.ID, At: e.At.Time(), Event: e.Event, Outcome: e.Outcome, ActorKind: e.ActorKind, ClientID: e.ClientID, IP: e.IP, UserAgent: e.UserAgent,
		RequestID: e.RequestID, Reason: e.Reason, Details: json.RawMessage("{}"),
	}
	if json.Valid([]byte(e.Details)) {
		v.Details = json.RawMessage(e.Details)
	}
	number := func(id string) string {
		if n, ok := record.Numbers[id]; ok {
			return strconv.FormatInt(n, 10)
		}
		return ""
	}
	v.Account, v.Actor = number(e.AccountID), number(e.ActorID)
	if e.ActorKind == "client" {
		v.Actor = e.ActorID
	}
	return v
}
