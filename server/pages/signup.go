package pages

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"pratu/flows/accounts"
	"pratu/flows/authorize"
	"pratu/flows/issuer"
	"pratu/flows/kind"
	"pratu/server/web"
)

const (
	signUpPage = "sign-up"
	verifyPage = "verify"
	linkPage   = "link"
)

// SignUp is GET /sign-up.
func (s *Server) SignUp(w http.ResponseWriter, r *http.Request) error {
	v, err := s.visit(w, r)
	if err != nil {
		return err
	}
	page := s.signUpView(v)
	if v.interaction != nil && strings.Contains(v.interaction.LoginHint, "@") {
		page.Email = v.interaction.LoginHint
	}
	return s.show(v, http.StatusOK, signUpPage, page)
}

func (s *Server) signUpView(v visit) *SignUp {
	return &SignUp{Phones: s.Accounts.Phones(), MinPassword: minPassword, SignInURL: s.to(v, issuer.PathLogin)}
}

// SignUpPost is POST /sign-up. Whether the address has an account already shows nowhere here: its owner gets a mail.
func (s *Server) SignUpPost(w http.ResponseWriter, r *http.Request) error {
	v, err := s.visit(w, r)
	if err != nil {
		return err
	}
	page := s.signUpView(v)
	page.Email, page.Name = r.PostForm.Get("email"), r.PostForm.Get("name")
	if s.language(&v) {
		return s.show(v, http.StatusOK, signUpPage, page)
	}
	if gone, err := s.route(v, page.Email); err != nil || gone {
		return err
	}
	registration := accounts.Registration{
		Email: page.Email, Name: web.Inert(page.Name), Password: r.PostForm.Get("password"), Browser: s.Web.Browser(w, r),
		Locale: web.LocaleOf(v.r.Context()), IP: web.Address(r.Context()),
	}
	query := url.Values{}
	if i := v.interaction; i != nil {
		registration.Interaction, registration.ClientID, registration.ClientName = i.Handle, i.Client.ID, v.clientName()
		query.Set("interaction", i.Handle)
	}
	handle, err := s.Accounts.Register(r.Context(), registration)
	if err != nil {
		return s.refuse(v, signUpPage, page, err)
	}
	query.Set("pending", handle)
	return s.Web.Redirect(w, issuer.PathSignUpVerify, query)
}

// waiting is a visit to a registration that waits for its proof, within the interaction it began in, if that still lives:
// a registration waits longer than an authorization request.
func (s *Server) waiting(w http.ResponseWriter, r *http.Request) (visit, *Verify, error) {
	v := visit{w: w, r: r}
	handle := field(r, "pending")
	p, err := s.Accounts.Pending(r.Context(), handle, s.Web.Browser(w, r))
	if err != nil {
		return v, nil, s.signUpAgain(err)
	}
	if v, err = s.resume(v, p.Interaction); err != nil {
		return v, nil, err
	}
	v = v.at(url.Values{"pending": {handle}})
	page := &Verify{
		Pending: handle, Address: p.Address, Phone: p.Phone, Hours: int(accounts.PendingLife / time.Hour), StartURL: s.to(v, issuer.PathSignUp),
	}
	page.DevMailURL = s.devMail()
	return v, page, nil
}

// resume joins an interaction that may be over by now.
func (s *Server) resume(v visit, handle string) (visit, error) {
	if handle == "" {
		return v, nil
	}
	i, err := s.Authorize.Interaction(v.r.Context(), handle, authorize.Visitor(s.Web.Visitor(v.w, v.r, handle)))
	if err != nil {
		if k := kind.Of(err); k == kind.NotFound || k == kind.Forbidden {
			return v, nil
		}
		return v, err
	}
	v.interaction, v.r = i, s.Web.Localize(v.r, i.UILocales...)
	return v, nil
}

// at makes a page that answers a POST come back to its own address when the language is switched.
func (v visit) at(query url.Values) visit {
	r := v.r.Clone(v.r.Context())
	r.URL.RawQuery = query.Encode()
	v.r = r
	return v
}

// signUpAgain lets a person whose registration is over begin another one.
func (s *Server) signUpAgain(err error) error {
	if e, ok := kind.As(err); ok && (e.Kind == kind.NotFound || e.Kind == kind.Forbidden) {
		return e.WithArg("restart", s.Web.Issuer.Path()+issuer.PathSignUp)
	}
	return err
}

// Verify is GET /sign-up/verify.
func (s *Server) Verify(w http.ResponseWriter, r *http.Request) error {
	v, page, err := s.waiting(w, r)
	if err != nil {
		return err
	}
	page.Resent = r.URL.Query().Has("resent")
	return s.show(v, http.StatusOK, verifyPage, page)
}

// VerifyPost is POST /sign-up/verify: the code, or the wish for another mail.
func (s *Server) VerifyPost(w http.ResponseWriter, r *http.Request) error {
	v, page, err := s.waiting(w, r)
	if err != nil {
		return err
	}
	browser := s.Web.Browser(w, r)
	if r.PostForm.Has("resend") {
		if err := s.Accounts.Resend(r.Context(), page.Pending, browser, v.clientName()); err != nil {
			return s.refuse(v, verifyPage, page, s.signUpAgain(err))
		}
		return s.Web.Redirect(w, issuer.PathSignUpVerify, url.Values{"pending": {page.Pending}, "resent": {"1"}})
	}
	prove := s.Accounts.VerifyCode
	if r.PostForm.Has("take") {
		prove = s.Accounts.TakeNumber
	}
	proven, err := prove(r.Context(), page.Pending, browser, r.PostForm.Get("code"))
	if kind.Is(err, numberTaken) {
		return s.show(v, http.StatusOK, takenPage, &NumberTaken{
			Action: s.Web.Issuer.Path() + issuer.PathSignUpVerify, Handle: web.Field{Name: "pending", Value: page.Pending},
			Code: r.PostForm.Get("code"), Number: page.Address, SignInURL: s.to(v, issuer.PathLogin),
		})
	}
	if err != nil {
		return s.refuse(v, verifyPage, page, s.signUpAgain(err))
	}
	return s.proceed(v, proven.Proof, "notice.account_ready")
}

// Link is GET /sign-up/link, behind the mailed link. It consumes nothing: mail scanners look too.
func (s *Server) Link(w http.ResponseWriter, r *http.Request) error {
	v, page, err := s.linked(w, r)
	if err != nil {
		return err
	}
	return s.show(v, http.StatusOK, linkPage, page)
}

// LinkPost is POST /sign-up/link.
func (s *Server) LinkPost(w http.ResponseWriter, r *http.Request) error {
	v, page, err := s.linked(w, r)
	if err != nil {
		return err
	}
	proven, err := s.Accounts.ActivateLink(r.Context(), page.Token, s.Web.Browser(w, r), r.PostForm.Get("password"))
	if err != nil {
		return s.refuse(v, linkPage, page, s.signUpAgain(err))
	}
	return s.proceed(v, proven.Proof, "notice.account_ready")
}

func (s *Server) linked(w http.ResponseWriter, r *http.Request) (visit, *Link, error) {
	v := visit{w: w, r: r}
	token := field(r, "token")
	l, err := s.Accounts.Link(r.Context(), token, s.Web.Browser(w, r))
	if err != nil {
		return v, nil, s.signUpAgain(err)
	}
	if v, err = s.resume(v, l.Interaction); err != nil {
		return v, nil, err
	}
	v = v.at(url.Values{"token": {token}})
	return v, &Link{Token: token, Address: l.Address, SameBrowser: l.SameBrowser, MinPassword: minPassword}, nil
}
