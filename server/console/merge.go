package console

import (
	"encoding/json"
	"net/http"
	"strconv"

	"pratu/flows/issuer"
	"pratu/flows/kind"
	"pratu/flows/office"
	"pratu/server/web"
	"pratu/storage"
)

// AccountMerge is "console/account-merge" [action=merge, into, from-version, into-version, confirm]: what becomes of two accounts.
type AccountMerge struct {
	Page
	From, Into                       Merged
	Contacts                         []Contact
	Players                          []MergedPlayer
	Logins, Partners                 int
	Applications, Sessions           int
	Claims                           []string
	FromVersion, IntoVersion, Number string
}

// Merged is one of the two.
type Merged struct{ Name, Number, URL string }

// MergedPlayer is one of the account that goes.
type MergedPlayer struct {
	Title, Name   string
	Coin, Diamond int64
	Stays         bool
}

const mergePage = "account-merge"

func (s *Server) mergeView(d desk, m *office.Merge) *AccountMerge {
	one := func(name, number string, ssoid int64) Merged {
		return Merged{web.Inert(name), number, s.accountURL(ssoid)}
	}
	page := &AccountMerge{
		Page: s.page(d), From: one(m.From.DisplayName(), number(m.From), m.From.SSOID), Into: one(m.Into.DisplayName(), number(m.Into), m.Into.SSOID),
		Logins: m.Logins, Partners: m.Partners, Applications: m.Applications, Sessions: m.Sessions, Claims: m.Claims, Number: number(m.Into),
		FromVersion: strconv.FormatInt(int64(m.Seen().From), 10), IntoVersion: strconv.FormatInt(int64(m.Seen().Into), 10),
	}
	for _, c := range m.From.Contacts {
		page.Contacts = append(page.Contacts, Contact{c.Kind, web.Inert(c.Value), c.Verified})
	}
	for _, p := range m.Players {
		page.Players = append(page.Players, MergedPlayer{web.Inert(p.Title), web.Inert(p.Name), p.Coin, p.Diamond, p.Stays})
	}
	return page
}

// previewMerge shows what a merge would do. Into whom is in the body: it may be an address.
func (s *Server) previewMerge(d desk, p *office.Person, into string) error {
	m, err := s.Office.PreviewMerge(d.r.Context(), d.actor, p.SSOID, into)
	if err != nil {
		page := s.accountView(d, p)
		page.Into = line(into)
		return s.refuse(d, accountPage, page, err)
	}
	return s.show(d, http.StatusOK, mergePage, s.mergeView(d, m))
}

// merge does what the preview showed, and nothing else.
func (s *Server) merge(d desk, p *office.Person) error {
	form := d.r.PostForm
	into, err := strconv.ParseInt(form.Get("into"), 10, 64)
	if err != nil {
		return kind.New(kind.NotFound, "account.unknown")
	}
	version := func(name string) storage.Instant {
		n, _ := strconv.ParseInt(form.Get(name), 10, 64)
		return storage.Instant(n)
	}
	seen := office.Seen{From: version("from-version"), Into: version("into-version")}
	if err = confirmed(d.r, "confirm"); err == nil {
		err = s.Office.MergeAccounts(d.r.Context(), d.actor, p.SSOID, into, seen)
	}
	if err == nil {
		return s.done(d, issuer.PathAdminAccounts+"/"+strconv.FormatInt(into, 10), "merged")
	}
	m, failure := s.Office.PreviewMerge(d.r.Context(), d.actor, p.SSOID, strconv.FormatInt(into, 10))
	if failure != nil {
		return failure
	}
	return s.refuse(d, mergePage, s.mergeView(d, m), err)
}

// export answers with what we know of a person, as they could download it.
func (s *Server) export(d desk, p *office.Person) error {
	export, err := s.Office.ExportAccount(d.r.Context(), d.actor, p.SSOID)
	if err != nil {
		return s.refuse(d, accountPage, s.accountView(d, p), err)
	}
	body, err := json.MarshalIndent(export, "", "  ")
	if err != nil {
		return err
	}
	h := d.w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="account-`+number(p.Account)+`.json"`)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	_, err = d.w.Write(body)
	return err
}
