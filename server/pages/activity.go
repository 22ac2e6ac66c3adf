package pages

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"pratu/flows/accounts"
	"pratu/flows/audit"
	"pratu/flows/issuer"
	"pratu/flows/signin"
	"pratu/server/web"
	"pratu/storage"
)

// Activity is GET /account/activity. Whatever the cursor says, the record is the owner's own.
func (s *Server) Activity(w http.ResponseWriter, r *http.Request) error {
	m, ok, err := s.enter(w, r, issuer.PathAccountActivity)
	if err != nil || !ok {
		return err
	}
	list, next, err := s.Accounts.Activity(r.Context(), m.account.ID, cursor(r.URL.Query().Get("before")))
	if err != nil {
		return err
	}
	page := &Activity{Portal: s.portal(m)}
	names := map[string]string{"": ""}
	for _, e := range list {
		page.Happenings = append(page.Happenings, s.happening(r, e, names))
	}
	if !next.At.IsZero() {
		before := strconv.FormatInt(int64(next.At), 10) + "." + next.ID
		page.OlderURL = page.Action + "?" + url.Values{"before": {before}}.Encode()
	}
	return s.show(m.visit, http.StatusOK, "activity", page)
}

// cursor reads one of our own; anything else is the beginning.
func cursor(text string) accounts.Cursor {
	at, id, _ := strings.Cut(text, ".")
	n, err := strconv.ParseInt(at, 10, 64)
	if err != nil || n <= 0 || len(id) > 64 || strings.ContainsRune(id, 0) {
		return accounts.Cursor{}
	}
	return accounts.Cursor{At: storage.Instant(n), ID: strings.ToValidUTF8(id, "")}
}

// happening is an event in the reader's words. names keeps the names of clients that were looked up.
func (s *Server) happening(r *http.Request, e storage.AuditEvent, names map[string]string) Happening {
	h := Happening{
		Event: e.Event, Failed: e.Outcome == audit.Failure, ByUs: e.ActorKind == audit.CLI || e.ActorKind == audit.System,
		At: e.At.Time(), IP: e.IP, Client: s.clientName(r, e.ClientID, names),
	}
	h.Browser, h.System = signin.Agent(e.UserAgent)
	return h
}

// clientName is what a client is called. names keeps those that were looked up.
func (s *Server) clientName(r *http.Request, id string, names map[string]string) string {
	if _, known := names[id]; !known && id != "" {
		names[id] = web.Inert(id)
		if c, err := s.Authorize.Clients.Known(r.Context(), id); err == nil {
			names[id] = web.Inert(c.NameIn(web.LocaleOf(r.Context())))
		}
	}
	return names[id]
}
