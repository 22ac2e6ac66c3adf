package pages

import (
	"net/http"
	"net/url"

	"pratu/flows/codes"
	"pratu/flows/contact"
	"pratu/flows/issuer"
	"pratu/flows/signin"
	"pratu/server/web"
)

const (
	loginCodePage       = "login-code"
	loginCodeVerifyPage = "login-code-verify"
)

// LoginCode is "login-code" [username]: a code in place of a password.
type LoginCode struct {
	web.Frame
	Username  string
	SignInURL string
}

// LoginCodeVerify is "login-code-verify" [code, challenge]; [resend] asks for another message. It says the same whether
// anybody has the address or not.
type LoginCodeVerify struct {
	web.Frame
	Challenge  string // handle of the code
	Address    string // masked
	Minutes    int    // how long the code works
	Phone      bool   // it was a text
	Resent     bool
	StartURL   string // the address was wrong
	SignInURL  string
	DevMailURL string // only in development
}

// network is the part of the address of a request that one subscriber has.
func (s *Server) network(r *http.Request) string { return signin.Network(web.Address(r.Context())) }

// LoginCode is GET /login/code.
func (s *Server) LoginCode(w http.ResponseWriter, r *http.Request) error {
	v, err := s.visit(w, r)
	if err != nil {
		return err
	}
	page := s.loginCodeView(v)
	if v.interaction != nil {
		page.Username = v.interaction.LoginHint
	}
	return s.show(v, http.StatusOK, loginCodePage, page)
}

func (s *Server) loginCodeView(v visit) *LoginCode {
	return &LoginCode{SignInURL: s.to(v, issuer.PathLogin)}
}

// LoginCodePost is POST /login/code. The sign-in page posts here too, with whatever was typed there; of that the password is
// left alone.
func (s *Server) LoginCodePost(w http.ResponseWriter, r *http.Request) error {
	v, err := s.visit(w, r)
	if err != nil {
		return err
	}
	page := s.loginCodeView(v)
	page.Username = r.PostForm.Get("username")
	if s.language(&v) || page.Username == "" {
		return s.show(v, http.StatusOK, loginCodePage, page)
	}
	if gone, err := s.route(v, page.Username); err != nil || gone {
		return err
	}
	request := codes.Request{Browser: s.Web.Browser(w, r), Network: s.network(r), Locale: web.LocaleOf(v.r.Context())}
	if i := v.interaction; i != nil {
		request.Interaction, request.ClientID, request.ClientName = i.Handle, i.Client.ID, v.clientName()
	}
	handle, err := s.Signin.SendCode(r.Context(), page.Username, request)
	if err != nil {
		return s.refuse(v, loginCodePage, page, err)
	}
	return s.Web.Redirect(w, issuer.PathLoginCodeVerify, url.Values{"challenge": {handle}})
}

// codeVisit is a visit to a code that was sent, within the interaction it was asked for in.
func (s *Server) codeVisit(w http.ResponseWriter, r *http.Request) (visit, *codes.Challenge, *LoginCodeVerify, error) {
	v := visit{w: w, r: r}
	handle := field(r, "challenge")
	c, err := s.Signin.Codes.Load(r.Context(), codes.SignIn, handle, s.Web.Browser(w, r))
	if err != nil {
		return v, nil, nil, s.again(err, issuer.PathLoginCode)
	}
	if v, err = s.resume(v, c.Interaction); err != nil {
		return v, nil, nil, err
	}
	v = v.at(url.Values{"challenge": {handle}})
	page := &LoginCodeVerify{
		Challenge: handle, Address: c.Address(), Minutes: int(codes.Life.Minutes()), StartURL: s.to(v, issuer.PathLoginCode),
		Phone: c.Contact.Kind == contact.Phone, SignInURL: s.to(v, issuer.PathLogin), DevMailURL: s.devMail(),
	}
	return v, c, page, nil
}

// LoginCodeVerify is GET /login/code/verify.
func (s *Server) LoginCodeVerify(w http.ResponseWriter, r *http.Request) error {
	v, _, page, err := s.codeVisit(w, r)
	if err != nil {
		return err
	}
	page.Resent = r.URL.Query().Has("resent")
	return s.show(v, http.StatusOK, loginCodeVerifyPage, page)
}

// LoginCodeVerifyPost is POST /login/code/verify: the code, or the wish for another message.
func (s *Server) LoginCodeVerifyPost(w http.ResponseWriter, r *http.Request) error {
	v, c, page, err := s.codeVisit(w, r)
	if err != nil {
		return err
	}
	if r.PostForm.Has("resend") {
		if err := s.Signin.Codes.Resend(r.Context(), c, "", v.clientName()); err != nil {
			return s.refuse(v, loginCodeVerifyPage, page, s.again(err, issuer.PathLoginCode))
		}
		return s.Web.Redirect(w, issuer.PathLoginCodeVerify, url.Values{"challenge": {page.Challenge}, "resent": {"1"}})
	}
	proof, err := s.Signin.Code(r.Context(), c, r.PostForm.Get("code"))
	if err == nil {
		err = s.proceed(v, proof, "")
	}
	if err != nil {
		return s.refuse(v, loginCodeVerifyPage, page, s.again(err, issuer.PathLoginCode))
	}
	return nil
}
