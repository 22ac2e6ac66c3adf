package pages

import (
	"net/http"

	"pratu/flows/issuer"
	"pratu/flows/signin"
)

// Security is "security": how the account is protected, and where that is changed.
type Security struct {
	Portal
	Password     bool
	Passkeys     int
	Logins       int // elsewhere
	TOTP         bool
	Left, Of     int // recovery codes
	PasswordURL  string
	PasskeysURL  string
	LoginsURL    string // "" where there are no providers
	TOTPURL      string
	RecoveryURL  string
	SuggestCodes bool // there is a second factor and nothing to stand in for it
}

// Security is GET /account/security.
func (s *Server) Security(w http.ResponseWriter, r *http.Request) error {
	m, ok, err := s.enter(w, r, issuer.PathAccountSecurity)
	if err != nil || !ok {
		return err
	}
	f, err := s.Signin.Factors(r.Context(), m.account.ID, "")
	if err != nil {
		return err
	}
	logins, err := s.Social.Of(r.Context(), m.account.ID)
	if err != nil {
		return err
	}
	doors, err := s.doors(m.visit)
	if err != nil {
		return err
	}
	at := func(path string) string { return s.Web.Issuer.Path() + path }
	page := &Security{
		Portal: s.portal(m), Password: f.Password, Passkeys: int(f.Passkeys), TOTP: f.TOTP, Left: int(f.Recovery), Of: signin.RecoveryCount,
		PasswordURL: at(issuer.PathAccountPassword), PasskeysURL: at(issuer.PathAccountPasskeys),
		TOTPURL: at(issuer.PathAccountAuthenticator), RecoveryURL: at(issuer.PathAccountRecoveryCodes),
		SuggestCodes: f.TOTP && f.Recovery == 0, Logins: len(logins),
	}
	if len(logins)+len(doors) > 0 {
		page.LoginsURL = at(issuer.PathAccountLogins)
	}
	return s.show(m.visit, http.StatusOK, "security", page)
}
