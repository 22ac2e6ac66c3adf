package pages

import (
	"net/http"
	"time"

	"pratu/flows/issuer"
	"pratu/flows/signin"
	"pratu/server/web"
)

// EndSession is "end-session": one button, or what it did. The form posts to the page's own address.
type EndSession struct {
	web.Frame
	Action     string
	Device, IP string // of who signed in, or ""
	At         time.Time
	Done       bool
	RecoverURL string // a new password, for who may have lost the old one
}

const endSessionPage = "end-session"

// EndSession is GET /end-session/{token}, behind the link in the news of a sign-in. It consumes nothing: mail scanners look
// too. Nobody needs to be signed in: whoever reads the owner's mail may end what the owner didn't begin.
func (s *Server) EndSession(w http.ResponseWriter, r *http.Request) error {
	page, err := s.endSessionView(r)
	if err != nil {
		return err
	}
	return s.show(visit{w: w, r: r}, http.StatusOK, endSessionPage, page)
}

func (s *Server) endSessionView(r *http.Request) (*EndSession, error) {
	session, err := s.Accounts.SessionToEnd(r.Context(), r.PathValue("token"))
	if err != nil {
		return nil, err
	}
	base := s.Web.Issuer.Path()
	return &EndSession{
		Action: base + issuer.PathEndSession + "/" + r.PathValue("token"), Device: signin.Device(session.UserAgent), IP: session.IP,
		At: session.CreatedAt.Time(), RecoverURL: base + issuer.PathRecover,
	}, nil
}

// EndSessionPost is POST /end-session/{token}.
func (s *Server) EndSessionPost(w http.ResponseWriter, r *http.Request) error {
	page, err := s.endSessionView(r)
	if err != nil {
		return err
	}
	if err := s.Accounts.EndByLink(r.Context(), r.PathValue("token")); err != nil {
		return err
	}
	page.Done = true
	return s.show(visit{w: w, r: r}, http.StatusOK, endSessionPage, page)
}
