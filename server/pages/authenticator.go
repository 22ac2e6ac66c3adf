package pages

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"pratu/flows/accounts"
	"pratu/flows/issuer"
	"pratu/flows/kind"
	"pratu/flows/mail"
	"pratu/flows/signin"
	"pratu/server/web"
)

const (
	authenticatorPage = "authenticator"
	recoveryCodesPage = "recovery-codes"
)

// Authenticator is "authenticator": [start] shows a secret, [code] confirms it, [remove] takes the app away.
type Authenticator struct {
	Portal
	Confirmed           bool
	AddedAt, LastUsedAt time.Time
	StepUpURL           string // where the second factor is proven before it can be removed; "" when it was
	Secret              string // in groups, to be typed where no camera is; "" while there is none to confirm
	QRPath              string
	QRSize              int
}

// RecoveryCodes is "recovery-codes": [make] shows new ones, once; [saved] ends that.
type RecoveryCodes struct {
	Portal
	Possible  bool // there is a second factor that they stand in for
	Left, Of  int
	StepUpURL string
	Codes     []string // new ones; nobody can read them again
}

// strong tells whether a session may change factors: it proved the second one, or an administrator's command made it, who
// may have lost that. A browser that is trusted, and a password, don't do (ASVS 7.5.1).
func strong(m member) bool {
	return m.session.ACR == signin.ACRMulti || strings.Contains(" "+m.session.AMR+" ", " "+accounts.AMRLink+" ")
}

// stepUpURL is where a session becomes strong, "" when it is.
func (s *Server) stepUpURL(m member) string {
	if strong(m) {
		return ""
	}
	return s.Web.Issuer.Path() + issuer.PathLoginFactor + "?" + url.Values{"to": {m.here}}.Encode()
}

// Authenticator is GET /account/authenticator.
func (s *Server) Authenticator(w http.ResponseWriter, r *http.Request) error {
	m, ok, err := s.change(w, r, issuer.PathAccountAuthenticator)
	if err != nil || !ok {
		return err
	}
	page, err := s.authenticatorView(m)
	if err != nil {
		return err
	}
	return s.show(m.visit, http.StatusOK, authenticatorPage, page)
}

func (s *Server) authenticatorView(m member) (*Authenticator, error) {
	t, err := s.Signin.TOTP(m.r.Context(), m.account.ID, web.Product, m.account.Identifier())
	if err != nil {
		return nil, err
	}
	page := &Authenticator{Portal: s.portal(m), Confirmed: t.Confirmed, AddedAt: t.AddedAt, LastUsedAt: t.LastUsedAt}
	if t.Confirmed {
		page.StepUpURL = s.stepUpURL(m)
	}
	if t.Secret == "" {
		return page, nil
	}
	for i := 0; i < len(t.Secret); i += 4 {
		page.Secret += " " + t.Secret[i:min(i+4, len(t.Secret))]
	}
	page.Secret = strings.TrimSpace(page.Secret)
	page.QRPath, page.QRSize, err = qrPath(t.URI)
	return page, err
}

// AuthenticatorPost is POST /account/authenticator.
func (s *Server) AuthenticatorPost(w http.ResponseWriter, r *http.Request) error {
	m, ok, err := s.change(w, r, issuer.PathAccountAuthenticator)
	if err != nil || !ok {
		return err
	}
	switch {
	case r.PostForm.Has("start"):
		if err := s.Signin.OfferTOTP(r.Context(), m.account.ID); err != nil {
			return err
		}
		return s.Web.Redirect(w, issuer.PathAccountAuthenticator, nil)
	case r.PostForm.Has("remove"):
		return s.removeTOTP(m)
	}
	return s.confirmTOTP(m)
}

// news is what a member did, with which browser.
func (m member) news(event string) accounts.News {
	return accounts.News{Event: event, Device: signin.Device(m.r.UserAgent())}
}

func (s *Server) confirmTOTP(m member) error {
	proof, err := s.Signin.ConfirmTOTP(m.r.Context(), m.session.Session, m.r.PostForm.Get("code"), s.Accounts.Telling(m.account.ID, m.news(mail.TOTPAdded)))
	if err == nil {
		err = s.replace(m, proof)
	}
	switch {
	case kind.Is(err, "totp.not_offered"): // too old, or confirmed in another tab: the page tells
		return s.Web.Redirect(m.w, issuer.PathAccountAuthenticator, nil)
	case kind.Is(err, sessionEnded):
		return s.Web.Redirect(m.w, issuer.PathLogin, nil)
	case err != nil:
		page, failure := s.authenticatorView(m)
		if failure != nil {
			return failure
		}
		return s.refuse(m.visit, authenticatorPage, page, err)
	}
	s.Accounts.Mail.Wake()
	return s.done(m, issuer.PathAccountRecoveryCodes, "notice.totp_added")
}

func (s *Server) removeTOTP(m member) error {
	if !strong(m) {
		return s.Web.Redirect(m.w, issuer.PathLoginFactor, url.Values{"to": {m.here}})
	}
	err := s.Signin.RemoveTOTP(m.r.Context(), m.account.ID, s.Accounts.Telling(m.account.ID, m.news(mail.TOTPRemoved)))
	if kind.Is(err, "totp.none") { // in another tab
		return s.Web.Redirect(m.w, issuer.PathAccountAuthenticator, nil)
	}
	if err != nil {
		return err
	}
	s.Accounts.Mail.Wake()
	return s.done(m, issuer.PathAccountSecurity, "notice.totp_removed")
}

// RecoveryCodes is GET /account/recovery-codes.
func (s *Server) RecoveryCodes(w http.ResponseWriter, r *http.Request) error {
	m, ok, err := s.change(w, r, issuer.PathAccountRecoveryCodes)
	if err != nil || !ok {
		return err
	}
	page, err := s.recoveryCodesView(m)
	if err != nil {
		return err
	}
	return s.show(m.visit, http.StatusOK, recoveryCodesPage, page)
}

func (s *Server) recoveryCodesView(m member) (*RecoveryCodes, error) {
	f, err := s.Signin.Factors(m.r.Context(), m.account.ID, "")
	return &RecoveryCodes{
		Portal: s.portal(m), Possible: f.TOTP, Left: int(f.Recovery), Of: signin.RecoveryCount, StepUpURL: s.stepUpURL(m),
	}, err
}

// RecoveryCodesPost is POST /account/recovery-codes. The codes are in its answer and nowhere else.
func (s *Server) RecoveryCodesPost(w http.ResponseWriter, r *http.Request) error {
	m, ok, err := s.change(w, r, issuer.PathAccountRecoveryCodes)
	if err != nil || !ok {
		return err
	}
	if r.PostForm.Has("saved") {
		return s.done(m, issuer.PathAccountSecurity, "notice.recovery_saved")
	}
	page, err := s.recoveryCodesView(m)
	if err != nil {
		return err
	}
	if page.StepUpURL != "" {
		return s.Web.Redirect(w, issuer.PathLoginFactor, url.Values{"to": {m.here}})
	}
	page.Codes, err = s.Signin.MakeRecoveryCodes(r.Context(), m.account.ID, s.Accounts.Telling(m.account.ID, m.news(mail.RecoveryCodesMade)))
	if kind.Is(err, "recovery.no_factor") {
		return s.Web.Redirect(w, issuer.PathAccountRecoveryCodes, nil)
	}
	if err != nil {
		return err
	}
	s.Accounts.Mail.Wake()
	page.Left = len(page.Codes)
	return s.show(m.visit, http.StatusOK, recoveryCodesPage, page)
}
