package pages

import (
	"net/http"

	"pratu/flows/accounts"
	"pratu/flows/issuer"
	"pratu/flows/signin"
)

const passwordPage = "password"

// passwordView is the empty form: what was typed would be in the page.
func (s *Server) passwordView(m member) (*Password, error) {
	has, err := s.Accounts.HasPassword(m.r.Context(), m.account.ID)
	if err != nil {
		return nil, err
	}
	live, err := s.Signin.SessionsOf(m.r.Context(), m.account.ID)
	return &Password{
		Portal: s.portal(m), Has: has, Identifier: m.account.Identifier(), MinPassword: minPassword, Others: max(0, len(live)-1),
	}, err
}

// Password is GET /account/password.
func (s *Server) Password(w http.ResponseWriter, r *http.Request) error {
	m, ok, err := s.change(w, r, issuer.PathAccountPassword)
	if err != nil || !ok {
		return err
	}
	page, err := s.passwordView(m)
	if err != nil {
		return err
	}
	return s.show(m.visit, http.StatusOK, passwordPage, page)
}

// PasswordPost is POST /account/password.
func (s *Server) PasswordPost(w http.ResponseWriter, r *http.Request) error {
	m, ok, err := s.change(w, r, issuer.PathAccountPassword)
	if err != nil || !ok {
		return err
	}
	err = s.Accounts.ChangePassword(r.Context(), m.account, accounts.PasswordChange{
		Password: r.PostForm.Get("password"), SessionID: m.session.ID, Browser: s.Web.Browser(w, r),
		EndOthers: r.PostForm.Has("others"), Device: signin.Device(r.UserAgent()),
	})
	if err == nil {
		return s.done(m, issuer.PathAccountPassword, "notice.password_changed")
	}
	page, failure := s.passwordView(m)
	if failure != nil {
		return failure
	}
	return s.refuse(m.visit, passwordPage, page, err)
}
