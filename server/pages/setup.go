package pages

import (
	"net/http"

	"pratu/flows/issuer"
	"pratu/server/web"
)

const setupPage = "setup"

// Setup is GET /setup/{token}: the first administrator, by a link that works once. Looking consumes nothing.
func (s *Server) Setup(w http.ResponseWriter, r *http.Request) error {
	if err := s.Accounts.Setup(r.Context(), r.PathValue("token")); err != nil {
		return err
	}
	return s.show(visit{w: w, r: r}, http.StatusOK, setupPage, s.setupView(r))
}

func (s *Server) setupView(r *http.Request) *Setup {
	return &Setup{Action: s.Web.Issuer.Path() + issuer.PathSetup + "/" + r.PathValue("token"), MinPassword: minPassword}
}

// SetupPost is POST /setup/{token}.
func (s *Server) SetupPost(w http.ResponseWriter, r *http.Request) error {
	v := visit{w: w, r: r}
	page := s.setupView(r)
	page.Email = r.PostForm.Get("email")
	proof, err := s.Accounts.CompleteSetup(r.Context(), r.PathValue("token"), page.Email, r.PostForm.Get("password"), web.LocaleOf(r.Context()))
	if err != nil {
		return s.refuse(v, setupPage, page, err)
	}
	return s.begin(v, proof, "notice.admin_ready")
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
	return s.begin(visit{w: w, r: r}, proof, "")
}
