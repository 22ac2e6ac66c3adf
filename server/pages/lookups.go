package pages

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"

	"pratu/flows/issuer"
	"pratu/server/web"
	"pratu/storage"
)

// lookupsPage is how many look-ups a page has.
const lookupsPage = 25

// Lookups is GET /account/lookups: who looked the account up, and for what.
func (s *Server) Lookups(w http.ResponseWriter, r *http.Request) error {
	m, ok, err := s.enter(w, r, issuer.PathAccountLookups)
	if err != nil || !ok {
		return err
	}
	after := cursor(r.URL.Query().Get("before"))
	list, err := s.Directory.Lookups(r.Context(), m.account.ID, after.At, after.ID, lookupsPage+1)
	if err != nil {
		return err
	}
	page := &Lookups{Portal: s.portal(m)}
	if page.Hidden, err = s.Directory.Hidden(r.Context(), m.account.ID); err != nil {
		return err
	}
	if len(list) > lookupsPage {
		list = list[:lookupsPage]
		last := list[lookupsPage-1]
		page.OlderURL = page.Action + "?" + url.Values{"before": {strconv.FormatInt(int64(last.At), 10) + "." + last.ID}}.Encode()
	}
	names := map[string]string{"": ""}
	for _, e := range list {
		page.Lookups = append(page.Lookups, lookup(e, s.happening(r, e, names)))
	}
	return s.show(m.visit, http.StatusOK, "lookups", page)
}

// lookup is an event in the reader's words. What it says of a contact was masked when it was written.
func lookup(e storage.AuditEvent, h Happening) Lookup {
	var details struct {
		By, Contact, Purpose string
		Hit                  bool
	}
	_ = json.Unmarshal([]byte(e.Details), &details) // our own; of an erased account it is {}
	return Lookup{At: h.At, Client: h.Client, By: details.By, Contact: web.Inert(details.Contact), Purpose: web.Inert(details.Purpose), Found: details.Hit}
}

// LookupsPost is POST /account/lookups: to be found by search, or not.
func (s *Server) LookupsPost(w http.ResponseWriter, r *http.Request) error {
	m, ok, err := s.enter(w, r, issuer.PathAccountLookups)
	if err != nil || !ok {
		return err
	}
	if err := s.Directory.Hide(r.Context(), m.account.ID, r.PostForm.Get("hide") == "1"); err != nil {
		return err
	}
	return s.done(m, issuer.PathAccountLookups, "notice.saved")
}

// Partners is GET /account/partners: what the account is called elsewhere.
func (s *Server) Partners(w http.ResponseWriter, r *http.Request) error {
	m, ok, err := s.enter(w, r, issuer.PathAccountPartners)
	if err != nil || !ok {
		return err
	}
	list, err := s.Directory.Bindings(r.Context(), m.account.ID, false)
	if err != nil {
		return err
	}
	page := &Partners{Portal: s.portal(m)}
	for _, b := range list {
		page.Bindings = append(page.Bindings, Binding{b.ID, web.Inert(b.Partner), web.Inert(b.ExternalID), b.CreatedAt.Time()})
	}
	return s.show(m.visit, http.StatusOK, "partners", page)
}

// PartnersPost is POST /account/partners: a binding ends.
func (s *Server) PartnersPost(w http.ResponseWriter, r *http.Request) error {
	m, ok, err := s.enter(w, r, issuer.PathAccountPartners)
	if err != nil || !ok {
		return err
	}
	if _, err := s.Directory.EndBinding(r.Context(), m.account.ID, r.PostForm.Get("binding")); err != nil {
		return err
	}
	return s.done(m, issuer.PathAccountPartners, "notice.binding_ended")
}
