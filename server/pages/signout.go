package pages

import (
	"net/http"

	"pratu/flows/issuer"
	"pratu/server/web"
)

// SignOut is GET /sign-out: the question, since a link alone signs nobody out.
func (s *Server) SignOut(w http.ResponseWriter, r *http.Request) error {
	v := visit{w: w, r: r}
	target := r.URL.Query().Get("return")
	if _, ok := s.Web.OpenReturn(target); !ok {
		target = ""
	}
	sessions, err := s.Signin.Sessions(r.Context(), s.Web.Session(r), "")
	if err != nil {
		return err
	}
	if len(sessions) == 0 {
		return s.leave(v, target)
	}
	page := &web.SignOut{Return: target}
	for _, x := range sessions {
		a, err := s.Accounts.Load(r.Context(), x.AccountID)
		if err != nil {
			return err
		}
		page.Accounts = append(page.Accounts, masked(a))
	}
	return s.show(v, http.StatusOK, "sign-out", page)
}

// SignOutPost is POST /sign-out: all sessions of this browser end.
func (s *Server) SignOutPost(w http.ResponseWriter, r *http.Request) error {
	sessions, err := s.Signin.Sessions(r.Context(), s.Web.Session(r), "")
	if err != nil {
		return err
	}
	for _, x := range sessions {
		if err := s.Signin.End(r.Context(), x.ID); err != nil {
			return err
		}
	}
	s.Web.ClearSession(w)
	return s.leave(visit{w: w, r: r}, r.PostForm.Get("return"))
}

// leave goes where the sign-out began, if we sealed that, else to the signed-out page.
func (s *Server) leave(v visit, sealed string) error {
	target, ok := s.Web.OpenReturn(sealed)
	if !ok {
		return s.Web.Redirect(v.w, issuer.PathSignedOut, nil)
	}
	v.w.Header().Set("Location", target)
	v.w.WriteHeader(http.StatusSeeOther)
	return nil
}

// SignedOut is GET /signed-out. While somebody is signed in here it would be a lie: by a link, or because another account
// is left.
func (s *Server) SignedOut(w http.ResponseWriter, r *http.Request) error {
	left, err := s.sessions(r, "")
	if err != nil {
		return err
	}
	if len(left) > 0 {
		return s.Web.Redirect(w, issuer.PathAccount, nil)
	}
	return s.show(visit{w: w, r: r}, http.StatusOK, "signed-out", &SignedOut{SignInURL: s.Web.Issuer.Path() + issuer.PathLogin})
}

// Language is GET and POST /language: it stores a choice and goes back. The choice is no secret and harms nobody, so a
// link may make it.
func (s *Server) Language(w http.ResponseWriter, r *http.Request) error {
	s.Web.SetLocale(w, field(r, "to"))
	target, ok := s.Web.LocalReturn(field(r, "back"))
	if !ok {
		return s.Web.Redirect(w, issuer.PathLogin, nil)
	}
	w.Header().Set("Location", target)
	w.WriteHeader(http.StatusSeeOther)
	return nil
}

// Home is GET /: nothing of its own, so the account or the way to it.
func (s *Server) Home(w http.ResponseWriter, _ *http.Request) error {
	return s.Web.Redirect(w, issuer.PathAccount, nil)
}

// NotFound is every path that there isn't.
func (s *Server) NotFound(http.ResponseWriter, *http.Request) error {
	return &web.PageError{Status: http.StatusNotFound, Code: "not_found", Message: "error.page"}
}
