package console

import (
	"errors"
	"io"
	"net/http"

	"pratu/flows/clients"
	"pratu/flows/issuer"
)

// logoURL is where our copy of an application's logo is; "" without one.
func (s *Server) logoURL(c *clients.Client) string {
	if c.LogoVersion() == "" {
		return ""
	}
	return s.Web.Issuer.Path() + issuer.PathClientLogo + "/" + c.ID + "?v=" + c.LogoVersion()
}

// upload puts a picture that was posted in the place of an application's logo. What the file is called, and what it says that
// it is, doesn't matter: it is drawn anew, or refused.
func (s *Server) upload(d desk, c *clients.Client) error {
	raw, err := posted(d.r, "logo")
	if err != nil {
		return err
	}
	_, err = s.Office.ChangeClient(d.r.Context(), d.actor, c.ID, versionOf(d.r), func(doc *clients.Document) error { return doc.UseLogo(raw) })
	return s.finished(d, c, nil, err, d.here, "saved")
}

// posted is a file of a form; nothing where none was chosen.
func posted(r *http.Request, name string) ([]byte, error) {
	file, _, err := r.FormFile(name)
	if errors.Is(err, http.ErrMissingFile) || errors.Is(err, http.ErrNotMultipart) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(file)
}
