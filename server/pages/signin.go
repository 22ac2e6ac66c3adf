package pages

import (
	"net/http"

	"pratu/flows/issuer"
	"pratu/flows/kind"
	"pratu/flows/signin"
	"pratu/server/web"
)

const signInPage = "sign-in"

// SignIn is GET /login.
func (s *Server) SignIn(w http.ResponseWriter, r *http.Request) error {
	v, err := s.visit(w, r)
	if err != nil {
		return err
	}
	sessions, err := s.sessions(r, "")
	if err != nil {
		return err
	}
	if v.interaction == nil && len(sessions) > 0 {
		return s.account(v, "")
	}
	page := s.signInView(v)
	if v.interaction != nil {
		page.Username = v.interaction.LoginHint
	}
	if len(sessions) > 0 {
		a, err := s.Accounts.Load(r.Context(), sessions[0].AccountID)
		if err != nil {
			return err
		}
		page.Again, page.SignedIn = true, name(a)
		if page.Username == "" {
			page.Username = a.Identifier()
		}
	}
	return s.show(v, http.StatusOK, signInPage, page)
}

func (s *Server) signInView(v visit) *SignIn {
	return &SignIn{SignUpURL: s.to(v, issuer.PathSignUp)}
}

// SignInPost is POST /login.
func (s *Server) SignInPost(w http.ResponseWriter, r *http.Request) error {
	v, err := s.visit(w, r)
	if err != nil {
		return err
	}
	page := s.signInView(v)
	page.Username = r.PostForm.Get("username") // never the password: it would be in the page
	if s.language(&v) {
		return s.show(v, http.StatusOK, signInPage, page)
	}
	attempt := signin.Attempt{
		Identifier: page.Username, Password: r.PostForm.Get("password"),
		Browser: s.Web.Browser(w, r), IP: web.Address(r.Context()), UserAgent: r.UserAgent(),
	}
	if v.interaction != nil {
		attempt.ClientID = v.interaction.Client.ID
	}
	proof, err := s.Signin.Password(r.Context(), attempt)
	if err != nil {
		return s.refuse(v, signInPage, page, err)
	}
	return s.begin(v, proof, "")
}

// SelectAccount is GET /select-account.
func (s *Server) SelectAccount(w http.ResponseWriter, r *http.Request) error {
	v, err := s.visit(w, r)
	if err != nil {
		return err
	}
	sessions, err := s.sessions(r, "")
	if err != nil {
		return err
	}
	if len(sessions) == 0 {
		http.Redirect(w, r, s.Web.Issuer.Origin()+s.to(v, issuer.PathLogin), http.StatusSeeOther)
		return nil
	}
	page := &SelectAccount{AnotherURL: s.to(v, issuer.PathLogin)}
	if v.interaction == nil {
		page.AnotherURL = "" // /login without an interaction goes to the account
	}
	for i, x := range sessions {
		a, err := s.Accounts.Load(r.Context(), x.AccountID)
		if err != nil {
			return err
		}
		n := name(a)
		page.Choices = append(page.Choices, Choice{
			SessionID: x.ID, Name: n, Initial: web.Initial(n), Identifier: masked(a), Current: i == 0,
		})
	}
	return s.show(v, http.StatusOK, "select-account", page)
}

// SelectAccountPost is POST /select-account: a session of this browser is chosen, or signed out.
func (s *Server) SelectAccountPost(w http.ResponseWriter, r *http.Request) error {
	v, err := s.visit(w, r)
	if err != nil {
		return err
	}
	sessions, err := s.sessions(r, "")
	if err != nil {
		return err
	}
	chosen, remove := r.PostForm.Get("session"), r.PostForm.Get("remove")
	for _, x := range sessions { // another browser's session is never among them
		switch x.ID {
		case remove:
			if err := s.Signin.End(r.Context(), x.ID); err != nil {
				return err
			}
			if len(sessions) == 1 {
				s.Web.ClearSession(w)
			}
			http.Redirect(w, r, s.Web.Issuer.Origin()+s.to(v, issuer.PathSelectAccount), http.StatusSeeOther)
			return nil
		case chosen:
			return s.choose(v, x.ID)
		}
	}
	return kind.New(kind.NotFound, "session.unknown")
}

func (s *Server) choose(v visit, sessionID string) error {
	if err := s.Signin.Select(v.r.Context(), s.Web.Session(v.r), sessionID); err != nil {
		return err
	}
	if v.interaction == nil {
		return s.account(v, "")
	}
	if err := s.Authorize.Chosen(v.r.Context(), v.interaction, sessionID); err != nil {
		return s.expired(err)
	}
	return s.Web.Continue(v.w, v.r, v.interaction.Handle)
}
