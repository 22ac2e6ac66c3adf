package pages

import (
	"net/http"
	"net/url"
	"time"

	"pratu/flows/issuer"
	"pratu/flows/logout"
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
		return s.part(v, target)
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
	var ended []string
	for _, x := range sessions {
		if err := s.Signin.End(r.Context(), x.ID); err != nil {
			return err
		}
		ended = append(ended, x.ID)
	}
	s.Web.ClearSession(w)
	return s.part(visit{w: w, r: r}, r.PostForm.Get("return"), ended...)
}

// part goes where the sign-out began, if we sealed that, by way of the signed-out page if applications sign out there.
func (s *Server) part(v visit, sealed string, ended ...string) error {
	target, _ := s.Web.OpenReturn(sealed)
	_, frames, err := s.Farewells.Of(v.r.Context(), ended)
	if err != nil {
		return err
	}
	return s.Web.Part(v.w, v.r, web.Parting{Sessions: ended, Target: target}, len(frames) > 0)
}

const (
	// framesFor is how long after a sign-out its page has applications sign out: who comes back to the page later may be
	// signed in to them again.
	framesFor = 2 * time.Minute
	// framesTake is how many seconds they have before the way leads on.
	framesTake = "4"
)

// SignedOut is GET /signed-out. While somebody is signed in here and nothing ended a moment ago it would be a lie.
func (s *Server) SignedOut(w http.ResponseWriter, r *http.Request) error {
	left, err := s.sessions(r, "")
	if err != nil {
		return err
	}
	sealed := r.URL.Query().Get("of")
	p := s.Web.OpenParting(r, sealed)
	fresh := s.Now().Sub(p.At) < framesFor
	if len(left) > 0 && !fresh {
		return s.Web.Redirect(w, issuer.PathAccount, nil)
	}
	page := &SignedOut{SignInURL: s.Web.Issuer.Path() + issuer.PathLogin, Continue: p.Target, Left: len(left) > 0}
	heard, frames, err := s.Farewells.Of(r.Context(), p.Sessions)
	if err != nil {
		return err
	}
	for _, h := range heard {
		page.Applications = append(page.Applications, Heard{web.Inert(h.Client.DisplayName()), string(h.State)})
		if h.State == logout.Waiting {
			page.Waiting = s.Web.Issuer.Path() + issuer.PathSignedOut + "?of=" + url.QueryEscape(sealed)
		}
	}
	if fresh && len(frames) > 0 {
		page.Frames = frames
		web.AllowFrames(w, frames)
		if p.Target != "" { // a header, so that no script is needed
			w.Header().Set("Refresh", framesTake+"; url="+p.Target)
		}
	}
	return s.show(visit{w: w, r: r}, http.StatusOK, "signed-out", page)
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
