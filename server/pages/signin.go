package pages

import (
	"net/http"
	"slices"

	"pratu/flows/issuer"
	"pratu/flows/kind"
	"pratu/flows/signin"
	"pratu/server/web"
	"pratu/storage"
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
	if v.interaction == nil && len(sessions) > 0 && field(r, "another") == "" {
		return s.account(v, "")
	}
	if gone, err := s.sendOn(v); err != nil || gone {
		return err
	}
	page, err := s.signInView(v, sessions)
	if err != nil {
		return err
	}
	if v.interaction != nil && !page.Again && !page.Another {
		page.Username = v.interaction.LoginHint
	}
	page.Problems = failedElsewhere(r, page.Doors)
	return s.show(v, http.StatusOK, signInPage, page)
}

// signInView is an empty form; for whom a request is waiting already and has to prove it anew, one with who that is. The
// identifier is shown in full: the session is theirs.
func (s *Server) signInView(v visit, sessions []storage.SessionView) (*SignIn, error) {
	page := &SignIn{
		SignUpURL: s.to(v, issuer.PathSignUp), RecoverURL: s.to(v, issuer.PathRecover), Another: field(v.r, "another") != "",
	}
	var err error
	if page.Doors, err = s.doors(v); err != nil {
		return page, err
	}
	if page.Passkey, err = s.passkeyAsk(v, issuer.PathLoginPasskey); err != nil || v.interaction == nil || page.Another {
		return page, err
	}
	i := slices.IndexFunc(sessions, func(x storage.SessionView) bool { return x.ID == v.interaction.SessionID })
	if i < 0 {
		return page, nil
	}
	a, err := s.Accounts.Load(v.r.Context(), sessions[i].AccountID)
	if err != nil || a.Identifier() == "" {
		return page, err
	}
	page.Again, page.SignUpURL, page.AnotherURL = true, "", s.another(v)
	page.Name, page.Username, page.SignedIn = web.Inert(a.DisplayName()), a.Identifier(), name(a)
	return page, nil
}

// another is the sign-in page for an account that isn't signed in here yet.
func (s *Server) another(v visit) string {
	to := s.to(v, issuer.PathLogin)
	if v.interaction == nil {
		return to + "?another=1"
	}
	return to + "&another=1"
}

// signInAgain is the page with what was typed, except the password: it would be in the page.
func (s *Server) signInAgain(v visit) (*SignIn, error) {
	sessions, err := s.sessions(v.r, "")
	if err != nil {
		return nil, err
	}
	page, err := s.signInView(v, sessions)
	if typed := v.r.PostForm.Get("username"); err == nil && typed != page.Username {
		page = &SignIn{
			SignUpURL: s.to(v, issuer.PathSignUp), RecoverURL: page.RecoverURL, Another: page.Another, Username: typed, Passkey: page.Passkey,
			Doors: page.Doors,
		}
	}
	return page, err
}

// SignInPost is POST /login.
func (s *Server) SignInPost(w http.ResponseWriter, r *http.Request) error {
	v, err := s.visit(w, r)
	if err != nil {
		return err
	}
	if s.language(&v) {
		page, err := s.signInAgain(v)
		if err != nil {
			return err
		}
		return s.show(v, http.StatusOK, signInPage, page)
	}
	if gone, err := s.route(v, r.PostForm.Get("username")); err != nil || gone {
		return err
	}
	attempt := signin.Attempt{
		Identifier: r.PostForm.Get("username"), Password: r.PostForm.Get("password"),
		Browser: s.Web.Browser(w, r), IP: web.Address(r.Context()), UserAgent: r.UserAgent(),
	}
	if v.interaction != nil {
		attempt.ClientID = v.interaction.Client.ID
	}
	proof, err := s.Signin.Password(r.Context(), attempt)
	if err == nil {
		err = s.proceed(v, proof, "")
	}
	if err != nil {
		page, failure := s.signInAgain(v)
		if failure != nil {
			return failure
		}
		page.Wrong = true
		if known, ok := kind.As(err); ok && page.Again {
			err = known.WithArg("reason", "again") // the identifier isn't theirs to check
		}
		return s.refuse(v, signInPage, page, err)
	}
	return nil
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
	page := &SelectAccount{AnotherURL: s.another(v)}
	for i, x := range sessions {
		a, err := s.Accounts.Load(r.Context(), x.AccountID)
		if err != nil {
			return err
		}
		called, identifier := person(a)
		page.Choices = append(page.Choices, Choice{
			SessionID: x.ID, Name: called, Initial: web.Initial(called), Identifier: identifier, Current: i == 0,
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
