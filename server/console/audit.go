package console

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"

	"pratu/flows/audit"
	"pratu/flows/issuer"
	"pratu/flows/kind"
	"pratu/flows/office"
	"pratu/server/web"
	"pratu/storage"
)

// Audit is "console/audit" [event, account, client, outcome, from, to].
type Audit struct {
	Page
	Event, Account, About, Outcome string // the filter, as it was typed; About is a client: the frame has a Client
	From, To                       string // days in the zone that the page's times are in, both among what is found
	Events                         []Event
	OlderURL                       string // "" at the end
}

// Event is one of the record. Everything in it is somebody's text, except its name.
type Event struct {
	Name, Outcome, Reason        string
	At                           time.Time
	ActorKind, Actor, ActorURL   string
	Account, AccountURL          string
	Client, ClientURL            string
	IP, Agent, RequestID, Detail string
}

// Audit is GET /admin/audit.
func (s *Server) Audit(w http.ResponseWriter, r *http.Request) error {
	d, ok, err := s.enter(w, r, issuer.PathAdminAudit)
	if err != nil || !ok {
		return err
	}
	page := &Audit{Page: s.page(d)}
	filter, err := page.filter(r, r.URL.Query())
	if err != nil {
		return s.refuse(d, "audit", page, err)
	}
	filter.At, filter.ID = before(r)
	record, err := s.Office.Events(r.Context(), d.actor, filter, page.Account)
	switch {
	case kind.Is(err, "audit.event"): // nothing is what happened of it, as of nobody
		record = &office.Record{}
	case err != nil:
		return err
	}
	for _, e := range record.Events {
		page.Events = append(page.Events, s.event(e, record.Numbers))
	}
	if !record.Next.At.IsZero() {
		page.OlderURL = page.Action + "?" + url.Values{
			"event": {page.Event}, "account": {page.Account}, "client": {page.About}, "outcome": {page.Outcome},
			"from": {page.From}, "to": {page.To}, "before": {strconv.FormatInt(int64(record.Next.At), 10) + "." + record.Next.ID},
		}.Encode()
	}
	return s.show(d, http.StatusOK, "audit", page)
}

// filter keeps what was asked for as it was typed.
func (a *Audit) filter(r *http.Request, asked url.Values) (f storage.AuditFilter, err error) {
	for name, to := range map[string]*string{
		"event": &a.Event, "account": &a.Account, "client": &a.About, "outcome": &a.Outcome, "from": &a.From, "to": &a.To,
	} {
		*to = line(asked.Get(name))
	}
	f = storage.AuditFilter{Event: a.Event, ClientID: a.About, Outcome: a.Outcome, Limit: pageSize}
	zone := web.Zone(web.LocaleOf(r.Context()))
	from, wrongFrom := day("from", a.From, zone)
	to, wrongTo := day("to", a.To, zone)
	if err := errors.Join(wrongFrom, wrongTo); err != nil {
		return f, err
	}
	f.Since = storage.At(from)
	if !to.IsZero() {
		f.Until = storage.At(to.AddDate(0, 0, 1))
	}
	if f.Until > 0 && f.Since >= f.Until {
		err = kind.New(kind.Invalid, "audit.range").WithField("to")
	}
	return f, err
}

// day is when a day begins, as a date input sends it; the zero time for "". Years of the Buddhist era, which people type in
// Thailand, are none of ours.
func day(name, text string, zone *time.Location) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	at, err := time.ParseInLocation(time.DateOnly, text, zone)
	if err != nil || at.Year() < 1970 || at.Year() > 2400 {
		return at, kind.New(kind.Invalid, "audit.day").WithField(name)
	}
	return at, nil
}

// AuditPost is POST /admin/audit: the record as a file. It is posted for, since a link could be made by anybody.
func (s *Server) AuditPost(w http.ResponseWriter, r *http.Request) error {
	d, ok, err := s.enter(w, r, issuer.PathAdminAudit)
	if err != nil || !ok {
		return err
	}
	page := &Audit{Page: s.page(d)}
	filter, err := page.filter(r, r.PostForm)
	if err != nil {
		return s.refuse(d, "audit", page, err)
	}
	filter.At, filter.Since = filter.Since, 0
	file := &download{ResponseWriter: w, kind: "application/x-ndjson", name: "audit.ndjson"}
	err = s.Office.Export(r.Context(), d.actor, file, filter, page.Account)
	if err != nil && file.begun { // whoever gets half a file must not take it for the whole
		web.EventOf(r.Context()).Set("err", err.Error())
		panic(http.ErrAbortHandler)
	}
	if err == nil || kind.Is(err, "account.unknown") || kind.Is(err, "audit.event") { // nothing is known of nobody, as on the page
		_, err = file.Write(nil)
	}
	return err
}

// download is an answer that is a file, written as it is made: each piece has the time that other answers have altogether.
type download struct {
	http.ResponseWriter
	kind, name string
	begun      bool
}

const pieceTime = 30 * time.Second

func (f *download) Write(piece []byte) (int, error) {
	if !f.begun {
		f.begun = true
		f.Header().Set("Content-Type", f.kind)
		f.Header().Set("Content-Disposition", `attachment; filename="`+f.name+`"`)
	}
	_ = http.NewResponseController(f.ResponseWriter).SetWriteDeadline(time.Now().Add(pieceTime)) // where there is one
	return f.ResponseWriter.Write(piece)
}

// event makes a row inert: whoever filled it must not write into the page.
func (s *Server) event(e storage.AuditEvent, numbers map[string]int64) Event {
	v := Event{
		Name: e.Event, Outcome: e.Outcome, Reason: web.Inert(e.Reason), At: e.At.Time(), ActorKind: e.ActorKind, Actor: web.Inert(e.ActorID),
		IP: e.IP, Agent: web.Inert(e.UserAgent), RequestID: e.RequestID, Client: web.Inert(e.ClientID), Detail: inert(e.Details),
	}
	if e.Details == "{}" {
		v.Detail = ""
	}
	if n, ok := numbers[e.ActorID]; ok && e.ActorKind == audit.Account {
		v.Actor, v.ActorURL = strconv.FormatInt(n, 10), s.accountURL(n)
	}
	if n, ok := numbers[e.AccountID]; ok {
		v.Account, v.AccountURL = strconv.FormatInt(n, 10), s.accountURL(n)
	}
	if e.ClientID != "" {
		v.ClientURL = s.clientURL(e.ClientID)
	}
	return v
}

// inert is a longer text without what changes the text around it.
func inert(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Zl, unicode.Zp) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, ""))
}
