package console

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"

	"pratu/flows/audit"
	"pratu/flows/issuer"
	"pratu/flows/keys"
	"pratu/flows/kind"
	"pratu/flows/office"
	"pratu/server/web"
	"pratu/storage"
)

// Audit is "console/audit".
type Audit struct {
	Page
	Event, Account, Client, Outcome string // the filter, as it was typed
	Events                          []Event
	OlderURL                        string // "" at the end
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
	page := &Audit{Page: s.page(d), Event: query(r, "event"), Account: query(r, "account"), Client: query(r, "client"), Outcome: query(r, "outcome")}
	filter := storage.AuditFilter{Event: page.Event, ClientID: page.Client, Outcome: page.Outcome, Limit: pageSize}
	at, id, _ := strings.Cut(query(r, "before"), ".")
	if n, err := strconv.ParseInt(at, 10, 64); err == nil && n > 0 {
		filter.At, filter.ID = storage.Instant(n), id
	}
	record, err := s.Office.Events(r.Context(), d.actor, filter, page.Account)
	if err != nil {
		return err
	}
	for _, e := range record.Events {
		page.Events = append(page.Events, s.event(e, record.Numbers))
	}
	if !record.Next.At.IsZero() {
		page.OlderURL = page.Action + "?" + url.Values{
			"event": {page.Event}, "account": {page.Account}, "client": {page.Client}, "outcome": {page.Outcome},
			"before": {strconv.FormatInt(int64(record.Next.At), 10) + "." + record.Next.ID},
		}.Encode()
	}
	return s.show(d, http.StatusOK, "audit", page)
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

// Keys is "console/keys" [action=rotate, compromised, confirm].
type Keys struct {
	Page
	Keys     []Key
	MayWrite bool
}

// Key is a published signing key.
type Key struct {
	ID, Alg, State      string
	ActiveAt, RetiredAt time.Time
	Days                int
	Signing             bool
}

// SigningKeys is GET /admin/keys.
func (s *Server) SigningKeys(w http.ResponseWriter, r *http.Request) error {
	d, ok, err := s.enter(w, r, issuer.PathAdminKeys)
	if err != nil || !ok {
		return err
	}
	page, err := s.keysView(d)
	if err != nil {
		return err
	}
	return s.show(d, http.StatusOK, "keys", page)
}

func (s *Server) keysView(d desk) (*Keys, error) {
	list, err := s.Office.SigningKeys(d.r.Context(), d.actor)
	if err != nil {
		return nil, err
	}
	page := &Keys{Page: s.page(d), MayWrite: d.actor.May(office.RotateKeys)}
	for _, k := range list {
		page.Keys = append(page.Keys, keyRow(k, s.Now()))
	}
	return page, nil
}

func keyRow(k keys.Info, now time.Time) Key {
	return Key{
		ID: k.ID, Alg: k.Alg, State: k.State, ActiveAt: k.ActiveAt, RetiredAt: k.RetiredAt, Days: int(now.Sub(k.CreatedAt) / (24 * time.Hour)),
		Signing: k.State == "signing",
	}
}

// SigningKeysPost is POST /admin/keys.
func (s *Server) SigningKeysPost(w http.ResponseWriter, r *http.Request) error {
	d, ok, err := s.enter(w, r, issuer.PathAdminKeys)
	if err != nil || !ok {
		return err
	}
	if r.PostForm.Get("confirm") != "1" {
		err = kind.New(kind.Invalid, "delete.unconfirmed").WithField("confirm")
	} else {
		err = s.Office.RotateKeys(r.Context(), d.actor, r.PostForm.Get("compromised") == "1")
	}
	if err == nil {
		return s.done(d, issuer.PathAdminKeys, "key_rotated")
	}
	page, failure := s.keysView(d)
	if failure != nil {
		return failure
	}
	return s.refuse(d, "keys", page, err)
}

// Mail is "console/mail" [action=retry with message, "" for all | test].
type Mail struct {
	Page
	Messages []Message
	Lost     int // given up
	MaySend  bool
}

// Message is one that waits or was given up.
type Message struct {
	ID, Kind, Error string
	Attempts        int
	Lost            bool
	CreatedAt, Next time.Time
}

// Mail is GET /admin/mail.
func (s *Server) Mail(w http.ResponseWriter, r *http.Request) error {
	d, ok, err := s.enter(w, r, issuer.PathAdminMail)
	if err != nil || !ok {
		return err
	}
	page, err := s.mailView(d)
	if err != nil {
		return err
	}
	return s.show(d, http.StatusOK, "mail", page)
}

func (s *Server) mailView(d desk) (*Mail, error) {
	list, err := s.Office.Messages(d.r.Context(), d.actor)
	if err != nil {
		return nil, err
	}
	page := &Mail{Page: s.page(d), MaySend: d.actor.May(office.SendMail)}
	for _, m := range list {
		row := Message{
			ID: m.ID, Kind: m.Kind, Error: web.Inert(m.LastError), Attempts: int(m.Attempts), Lost: !m.ParkedAt.IsZero(), CreatedAt: m.CreatedAt.Time(),
			Next: m.NextAttemptAt.Time(),
		}
		if row.Lost {
			page.Lost++
		}
		page.Messages = append(page.Messages, row)
	}
	return page, nil
}

// MailPost is POST /admin/mail.
func (s *Server) MailPost(w http.ResponseWriter, r *http.Request) error {
	d, ok, err := s.enter(w, r, issuer.PathAdminMail)
	if err != nil || !ok {
		return err
	}
	notice := "mail_retried"
	switch r.PostForm.Get("action") {
	case "test":
		notice, err = "mail_sent", s.Office.TestMail(r.Context(), d.actor)
	case "retry":
		err = s.Office.RetryMessage(r.Context(), d.actor, r.PostForm.Get("message"))
	default:
		err = kind.New(kind.Invalid, "form")
	}
	if err == nil {
		return s.done(d, issuer.PathAdminMail, notice)
	}
	page, failure := s.mailView(d)
	if failure != nil {
		return failure
	}
	return s.refuse(d, "mail", page, err)
}

// Setting is a setting as the program runs: a secret has no value, only whether it is there.
type Setting struct {
	Name, Value string
	Secret      bool
	Set         bool // it isn't the default
}

// Running is "console/settings".
type Running struct {
	Page
	Settings []Setting
}

// Running is GET /admin/settings.
func (s *Server) Running(w http.ResponseWriter, r *http.Request) error {
	d, ok, err := s.enter(w, r, issuer.PathAdminSettings)
	if err != nil || !ok {
		return err
	}
	if err := s.Office.Settings(d.actor); err != nil {
		return err
	}
	return s.show(d, http.StatusOK, "settings", &Running{Page: s.page(d), Settings: s.Settings()})
}
