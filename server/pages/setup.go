package pages

import (
	"net/http"

	"pratu/flows/issuer"
	"pratu/server/web"
	"pratu/storage"
)

const setupPage = "setup"

// Setup is GET /setup/{token}: the first administrator, by a link that works once. Looking consumes nothing.
func (s *Server) Setup(w http.ResponseWriter, r *http.Request) error {
	if err := s.Accounts.Setup(r.Context(), r.PathValue("token")); err != nil {
		return err
	}
	page, _, err := s.setupView(r)
	if err != nil {
		return err
	}
	return s.show(visit{w: w, r: r}, http.StatusOK, setupPage, page)
}

// setupView offers the link to whoever is signed in, by name: a browser may be signed in to an account that its owner
// doesn't think of.
func (s *Server) setupView(r *http.Request) (*Setup, storage.SessionView, error) {
	page := &Setup{
		Action: s.Web.Issuer.Path() + issuer.PathSetup + "/" + r.PathValue("token"), MinPassword: minPassword,
		SignInURL: s.Web.Issuer.Path() + issuer.PathLogin,
	}
	sessions, err := s.sessions(r, "")
	if err != nil || len(sessions) == 0 || sessions[0].Account.Status != storage.StatusActive {
		return page, storage.SessionView{}, err
	}
	a, err := s.Accounts.Load(r.Context(), sessions[0].AccountID)
	if err != nil {
		return nil, storage.SessionView{}, err
	}
	page.Session, page.SignInURL = sessions[0].ID, ""
	page.Name, page.Identifier = person(a)
	return page, sessions[0], nil
}

// SetupPost is POST /setup/{token}.
func (s *Server) SetupPost(w http.ResponseWriter, r *http.Request) error {
	v := visit{w: w, r: r}
	page, me, err := s.setupView(r)
	if err != nil {
		return err
	}
	if r.PostForm.Has("session") {
		if me.ID == "" || r.PostForm.Get("session") != me.ID { // somebody else signed in since the page was shown
			return s.show(v, http.StatusUnprocessableEntity, setupPage, page)
		}
		if err := s.Accounts.Appoint(r.Context(), r.PathValue("token"), me.AccountID); err != nil {
			return err
		}
		web.EventOf(r.Context()).Set("account_id", me.AccountID)
		return s.account(v, "notice.admin_ready")
	}
	page.Email = r.PostForm.Get("email")
	if s.language(&v) {
		return s.show(v, http.StatusOK, setupPage, page)
	}
	proof, err := s.Accounts.CompleteSetup(r.Context(), r.PathValue("token"), page.Email, r.PostForm.Get("password"), web.LocaleOf(r.Context()))
	if err != nil {
		return s.refuse(v, setupPage, page, err)
	}
	return s.proceed(v, proof, "notice.admin_ready")
}

// LoginLink is GET /login-link/{token}: an administrator's way back in. Looking consumes nothing.
func (s *Server) LoginLink(w http.ResponseWriter, r *http.Request) error {
	a, err := s.Accounts.LoginLinkOf(r.Context(), r.PathValue("token"))
	if err != nil {
		return err
	}
	return s.show(visit{w: w, r: r}, http.StatusOK, "login-link", &LoginLink{
		Action: s.Web.Issuer.Path() + issuer.PathLoginLink + "/" + r.PathValue("token"), Name: masked(a),
	})
}

// LoginLinkPost is POST /login-link/{token}.
func (s *Server) LoginLinkPost(w http.ResponseWriter, r *http.Request) error {
	proof, err := s.Accounts.UseLoginLink(r.Context(), r.PathValue("token"))
	if err != nil {
		return err
	}
	// No second factor: the command that made the link is for who has lost the ways in, and needs the server's own keys. The
	// session says that it is of one factor.
	return s.begin(visit{w: w, r: r}, proof, "")
}
