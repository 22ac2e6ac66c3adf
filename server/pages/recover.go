package pages

import (
	"net/http"
	"net/url"

	"pratu/flows/accounts"
	"pratu/flows/codes"
	"pratu/flows/contact"
	"pratu/flows/issuer"
	"pratu/flows/kind"
	"pratu/server/web"
)

// Recover is "recover" [username]: who has forgotten the password. The language buttons post the form.
type Recover struct {
	web.Frame
	Username  string
	Phones    bool // texts can be sent
	SignInURL string
}

// Prove is "prove" [challenge, code]: a code that was sent, for a purpose that names the words. [resend] asks for another.
type Prove struct {
	web.Frame
	Action     string
	Challenge  string
	Purpose    string // recovery, add-contact
	Address    string // masked
	Phone      bool   // it was a text, which has no link
	Resent     bool
	StartURL   string // the address was wrong
	DevMailURL string // only in development
}

// RecoverPassword is "recover-password" [password, and challenge with pass, or token].
type RecoverPassword struct {
	web.Frame
	Action                 string
	Challenge, Pass, Token string
	Identifier             string // in full: a password manager keeps it beside the password
	Elsewhere              bool   // the link began in another browser
	MinPassword            int
}

const (
	recoverPage         = "recover"
	provePage           = "prove"
	recoverPasswordPage = "recover-password"
)

// Recover is GET /recover.
func (s *Server) Recover(w http.ResponseWriter, r *http.Request) error {
	v, err := s.visit(w, r)
	if err != nil {
		return err
	}
	page := s.recoverView(v)
	if v.interaction != nil {
		page.Username = v.interaction.LoginHint
	}
	return s.show(v, http.StatusOK, recoverPage, page)
}

func (s *Server) recoverView(v visit) *Recover {
	return &Recover{Phones: s.Accounts.Codes.Reachable(contact.Phone), SignInURL: s.to(v, issuer.PathLogin)}
}

// RecoverPost is POST /recover. Whether anybody has the address shows nowhere here.
func (s *Server) RecoverPost(w http.ResponseWriter, r *http.Request) error {
	v, err := s.visit(w, r)
	if err != nil {
		return err
	}
	page := s.recoverView(v)
	page.Username = r.PostForm.Get("username")
	if s.language(&v) {
		return s.show(v, http.StatusOK, recoverPage, page)
	}
	recovery := accounts.Recovery{
		Identifier: page.Username, Browser: s.Web.Browser(w, r), Locale: web.LocaleOf(v.r.Context()), IP: web.Address(r.Context()),
	}
	if i := v.interaction; i != nil {
		recovery.Interaction, recovery.ClientID, recovery.ClientName = i.Handle, i.Client.ID, v.clientName()
	}
	handle, err := s.Accounts.BeginRecovery(r.Context(), recovery)
	if err != nil {
		return s.refuse(v, recoverPage, page, err)
	}
	return s.Web.Redirect(w, issuer.PathRecoverVerify, url.Values{"challenge": {handle}})
}

// recovering is a visit to a recovery that waits for its code, within the request it began in, if that still lives.
func (s *Server) recovering(w http.ResponseWriter, r *http.Request) (visit, *codes.Challenge, error) {
	v := visit{w: w, r: r}
	c, err := s.Accounts.Codes.Load(r.Context(), codes.Recovery, field(r, "challenge"), s.Web.Browser(w, r))
	if err != nil {
		return v, nil, s.recoverAgain(err, issuer.PathRecover)
	}
	if v, err = s.resume(v, c.Interaction); err != nil {
		return v, nil, err
	}
	return v.at(url.Values{"challenge": {c.Handle}}), c, nil
}

// again lets a person whose code is over ask for another one.
func (s *Server) recoverAgain(err error, path string) error {
	if e, ok := kind.As(err); ok && (e.Kind == kind.NotFound || e.Kind == kind.Forbidden) {
		return e.WithArg("restart", s.Web.Issuer.Path()+path)
	}
	return err
}

func (s *Server) recoverProveView(v visit, c *codes.Challenge) *Prove {
	return &Prove{
		Action: s.Web.Issuer.Path() + issuer.PathRecoverVerify, Challenge: c.Handle, Purpose: c.Purpose, Address: c.Address(),
		Phone: c.Contact.Kind == contact.Phone, StartURL: s.to(v, issuer.PathRecover), DevMailURL: s.devMail(),
	}
}

// devMail is where a developer reads mails, or "".
func (s *Server) devMail() string {
	if !s.Web.Dev || s.MailDir == "" {
		return ""
	}
	return s.Web.Issuer.Path() + issuer.PathDevMail
}

// RecoverVerify is GET /recover/verify: the code, and after it the new password.
func (s *Server) RecoverVerify(w http.ResponseWriter, r *http.Request) error {
	v, c, err := s.recovering(w, r)
	if err != nil {
		return err
	}
	pass := r.URL.Query().Get("pass")
	if pass == "" {
		page := s.recoverProveView(v, c)
		page.Resent = r.URL.Query().Has("resent")
		return s.show(v, http.StatusOK, provePage, page)
	}
	if err := s.Accounts.Codes.Passed(c, pass); err != nil {
		return s.recoverAgain(err, issuer.PathRecover)
	}
	return s.show(v.at(r.URL.Query()), http.StatusOK, recoverPasswordPage, s.recoverPasswordView(c, pass))
}

func (s *Server) recoverPasswordView(c *codes.Challenge, pass string) *RecoverPassword {
	return &RecoverPassword{
		Action: s.Web.Issuer.Path() + issuer.PathRecoverVerify, Challenge: c.Handle, Pass: pass, Identifier: c.Contact.Value,
		MinPassword: minPassword,
	}
}

// RecoverVerifyPost is POST /recover/verify: the code, the wish for another one, or the new password.
func (s *Server) RecoverVerifyPost(w http.ResponseWriter, r *http.Request) error {
	v, c, err := s.recovering(w, r)
	if err != nil {
		return err
	}
	switch {
	case r.PostForm.Has("resend"):
		if err := s.Accounts.ResendRecovery(r.Context(), c, v.clientName()); err != nil {
			return s.refuse(v, provePage, s.recoverProveView(v, c), s.recoverAgain(err, issuer.PathRecover))
		}
		return s.Web.Redirect(w, issuer.PathRecoverVerify, url.Values{"challenge": {c.Handle}, "resent": {"1"}})
	case r.PostForm.Has("pass"):
		pass := r.PostForm.Get("pass")
		if err := s.Accounts.Codes.Passed(c, pass); err != nil {
			return s.recoverAgain(err, issuer.PathRecover)
		}
		v = v.at(url.Values{"challenge": {c.Handle}, "pass": {pass}})
		return s.recovered(v, c, s.recoverPasswordView(c, pass))
	}
	if spare, found, err := s.Accounts.Codes.Spare(r.Context(), codes.Recovery, r.PostForm.Get("code")); err != nil {
		return err
	} else if found {
		return s.Web.Redirect(w, issuer.PathRecoverLink, url.Values{"token": {spare}})
	}
	if err := s.Accounts.Codes.Check(r.Context(), c, r.PostForm.Get("code")); err != nil {
		return s.refuse(v, provePage, s.recoverProveView(v, c), err)
	}
	pass, err := s.Accounts.Codes.Pass(r.Context(), c)
	if err != nil {
		return s.recoverAgain(err, issuer.PathRecover)
	}
	return s.Web.Redirect(w, issuer.PathRecoverVerify, url.Values{"challenge": {c.Handle}, "pass": {pass}})
}

// recovered sets the password that was posted and signs in with it.
func (s *Server) recovered(v visit, c *codes.Challenge, page *RecoverPassword) error {
	proof, err := s.Accounts.Recover(v.r.Context(), c, v.r.PostForm.Get("password"), s.Web.Browser(v.w, v.r))
	if err != nil {
		return s.refuse(v, recoverPasswordPage, page, s.recoverAgain(err, issuer.PathRecover))
	}
	return s.proceed(v, proof, "notice.password_set")
}

// RecoverLink is GET /recover/link, behind the mailed link. It consumes nothing: mail scanners look too.
func (s *Server) RecoverLink(w http.ResponseWriter, r *http.Request) error {
	v, _, page, err := s.recoverLinked(w, r)
	if err != nil {
		return err
	}
	return s.show(v, http.StatusOK, recoverPasswordPage, page)
}

// RecoverLinkPost is POST /recover/link.
func (s *Server) RecoverLinkPost(w http.ResponseWriter, r *http.Request) error {
	v, c, page, err := s.recoverLinked(w, r)
	if err != nil {
		return err
	}
	return s.recovered(v, c, page)
}

// recoverLinked is a visit by a mailed link. In another browser than the one that asked it leads to the account only:
// whoever asked there may be a stranger, with a request of their own.
func (s *Server) recoverLinked(w http.ResponseWriter, r *http.Request) (visit, *codes.Challenge, *RecoverPassword, error) {
	v := visit{w: w, r: r}
	token := field(r, "token")
	c, err := s.Accounts.Codes.Linked(r.Context(), codes.Recovery, token, s.Web.Browser(w, r))
	if err != nil {
		return v, nil, nil, s.recoverAgain(err, issuer.PathRecover)
	}
	if c.SameBrowser {
		if v, err = s.resume(v, c.Interaction); err != nil {
			return v, nil, nil, err
		}
	}
	page := s.recoverPasswordView(c, "")
	page.Action, page.Token, page.Elsewhere = s.Web.Issuer.Path()+issuer.PathRecoverLink, token, !c.SameBrowser
	return v.at(url.Values{"token": {token}}), c, page, nil
}
