package identity

import (
	"net/http"
	"strconv"

	"pratu/flows/clients"
	"pratu/flows/issuer"
)

// What answers of the obsolete look-up say about its end (RFC 9745, RFC 8594).
const (
	deprecatedSince = "@1767225600" // 1 January 2026
	sunset          = "Fri, 31 Dec 2027 23:59:59 GMT"
)

// found is the one answer that has no envelope; register_by is called otherwise here.
type found struct {
	UID        string `json:"uid"`
	Status     string `json:"status"`
	RegisterBy string `json:"register_by_app"`
}

type lookupAnswer struct {
	Data    *found `json:"dataReturn"`
	Message string `json:"message,omitempty"`
}

// Lookup is the obsolete look-up by a phone number in the query.
func (s *Server) Lookup(w http.ResponseWriter, r *http.Request) error {
	const name = "accounts.by_mobile"
	h := w.Header()
	h.Set("Deprecation", deprecatedSince)
	h.Set("Sunset", sunset)
	h.Set("Link", `<`+s.Issuer.Path()+s.Base+issuer.PathAccounts+`>; rel="successor-version"`)
	fail := func(err error) error {
		f := s.fail(w, r, err)
		s.Metrics.called(name, f.status)
		return write(w, f.status, lookupAnswer{Message: f.message})
	}
	query, err := refuseQuery(r, "mobile")
	if err == nil && r.ContentLength != 0 { // a client that puts its secret there believes that it was looked at
		err = malformed("body")
	}
	if err != nil {
		return fail(err)
	}
	caller, err := s.caller(r, name, clients.PermissionSearch)
	if err != nil {
		return fail(err)
	}
	m, err := s.Directory.LegacySearch(r.Context(), caller, query.Get("mobile"))
	if err != nil {
		return fail(err)
	}
	v := found{Status: "0"}
	if m != nil {
		v = found{strconv.FormatInt(m.SSOID, 10), m.Status, m.RegisterBy}
	}
	s.Metrics.called(name, http.StatusOK)
	return write(w, http.StatusOK, lookupAnswer{Data: &v})
}
