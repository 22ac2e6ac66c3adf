package pages

import (
	"encoding/json"
	"net/http"
	"strconv"

	"pratu/flows/issuer"
	"pratu/flows/signin"
)

// Data is GET /account/data.
func (s *Server) Data(w http.ResponseWriter, r *http.Request) error {
	m, ok, err := s.change(w, r, issuer.PathAccountData)
	if err != nil || !ok {
		return err
	}
	return s.show(m.visit, http.StatusOK, "data", &Data{Portal: s.portal(m)})
}

// DataPost is POST /account/data: the file. It is posted for, since a link could be made by anybody, and a file that a
// cache keeps would be everybody's.
func (s *Server) DataPost(w http.ResponseWriter, r *http.Request) error {
	m, ok, err := s.change(w, r, issuer.PathAccountData)
	if err != nil || !ok {
		return err
	}
	export, err := s.Accounts.Export(r.Context(), m.account, signin.Device(r.UserAgent()))
	if err != nil {
		return err
	}
	body, err := json.MarshalIndent(export, "", "  ")
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="account-`+strconv.FormatInt(m.account.SSOID, 10)+`.json"`)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	_, err = w.Write(body)
	return err
}
