package pages

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"pratu/flows/accounts"
	"pratu/flows/codes"
	"pratu/flows/issuer"
	"pratu/flows/kind"
	"pratu/flows/signin"
	"pratu/server/web"
	"pratu/storage"
)

// freshFor is how long after a sign-in something may be changed that could lock the owner out (HP-29).
const freshFor = 10 * time.Minute

// sections of the portal, in the order of its navigation. Their words are portal.NAME.
var sections = []struct{ name, path string }{
	{"overview", issuer.PathAccount},
	{"profile", issuer.PathAccountProfile},
	{"contacts", issuer.PathAccountContacts},
	{"security", issuer.PathAccountSecurity},
	{"sessions", issuer.PathAccountSessions},
	{"applications", issuer.PathAccountApplications},
	{"partners", issuer.PathAccountPartners},
	{"lookups", issuer.PathAccountLookups},
	{"activity", issuer.PathAccountActivity},
	{"data", issuer.PathAccountData},
	{"delete", issuer.PathAccountDelete},
}

// within are pages that a section leads to.
var within = map[string]string{
	issuer.PathAccountPassword: issuer.PathAccountSecurity, issuer.PathAccountPasskeys: issuer.PathAccountSecurity,
	issuer.PathAccountAuthenticator: issuer.PathAccountSecurity, issuer.PathAccountRecoveryCodes: issuer.PathAccountSecurity,
	issuer.PathAccountLogins: issuer.PathAccountSecurity,
}

// Portal is what every page of the portal has around its content.
type Portal struct {
	web.Frame
	Nav    []Section
	Notice string // message id of good news, or ""
	Action string // where the page's forms post: its own address
}

// Section is a page of the portal in its navigation.
type Section struct {
	Name, URL    string
	Here, Within bool // the page, or one that it leads to
}

// member is a visit of somebody who is signed in.
type member struct {
	visit
	session storage.SessionView
	account *accounts.Account
	here    string // path of the page
}

// enter lets the owner of an account into a page of the portal; false after the browser was sent to sign in.
func (s *Server) enter(w http.ResponseWriter, r *http.Request, here string) (member, bool, error) {
	m := member{visit: visit{w: w, r: r}, here: here}
	var ok bool
	var err error
	if m.session, ok, err = s.owner(m.visit); err != nil || !ok {
		return m, false, err
	}
	if err := s.Signin.Seen(r.Context(), m.session.Session); err != nil {
		return m, false, err
	}
	if m.account, err = s.Accounts.Load(r.Context(), m.session.AccountID); err != nil {
		return m, false, err
	}
	if about := r.PostForm.Get("owner"); about != "" && about != m.number() {
		return m, false, s.Web.Redirect(w, here, nil) // in another tab somebody else came into use: not their account was meant
	}
	return m, true, nil
}

// number is what the account is called in its own forms.
func (m member) number() string { return strconv.FormatInt(m.account.SSOID, 10) }

// change is enter for pages that change how the account is protected or reached: who signed in a while ago proves anew to
// be there, and comes back. What was typed into a posted form is lost then, so such pages ask for it at their GET.
func (s *Server) change(w http.ResponseWriter, r *http.Request, here string) (member, bool, error) {
	m, ok, err := s.enter(w, r, here)
	if err != nil || !ok {
		return m, false, err
	}
	if s.Now().Sub(m.session.AuthTime.Time()) <= freshFor {
		return m, true, nil
	}
	return m, false, s.Web.Redirect(w, issuer.PathAccountConfirm, url.Values{"to": {here}})
}

// portal is the frame of a page.
func (s *Server) portal(m member) Portal {
	p := Portal{Action: s.Web.Issuer.Path() + m.here}
	p.SignedIn, p.Owner = name(m.account), m.number()
	for _, x := range sections {
		p.Nav = append(p.Nav, Section{Name: "portal." + x.name, URL: s.Web.Issuer.Path() + x.path, Here: x.path == m.here, Within: x.path == within[m.here]})
	}
	if n := m.r.URL.Query().Get("notice"); slices.Contains(notices, n) {
		p.Notice = n
	}
	return p
}

// done goes back to a page of the portal with good news.
func (s *Server) done(m member, path, notice string) error {
	return s.Web.Redirect(m.w, path, url.Values{"notice": {notice}})
}

// Confirm is "confirm" [password, to]; for an account without a password [code, challenge, to], after [send].
type Confirm struct {
	Portal
	To         string // path of the portal to go on to
	Identifier string
	ByCode     bool   // the account has no password
	Address    string // masked: where a code goes, "" when there is nowhere
	Challenge  string // handle of the code that was sent, or ""
	Resent     bool
	Passkey    *PasskeyAsk // nil: the account has none
	Doors      []Door      // providers where it can be confirmed

	challenge *codes.Challenge
}

const confirmPage = "confirm"

// Confirm is GET /account/confirm: it is still you.
func (s *Server) Confirm(w http.ResponseWriter, r *http.Request) error {
	m, ok, err := s.enter(w, r, issuer.PathAccountConfirm)
	if err != nil || !ok {
		return err
	}
	page, err := s.confirmView(m)
	if err != nil {
		return err
	}
	page.Problems = failedElsewhere(r, page.Doors)
	return s.show(m.visit, http.StatusOK, confirmPage, page)
}

// portalPath is a page of the portal by its path; anything else is the overview, so that a link can't lead elsewhere.
func portalPath(path string) string {
	if slices.Contains(guarded, path) {
		return path
	}
	return issuer.PathAccount
}

// guarded are the pages that ask to be sure who is there.
var guarded = []string{
	issuer.PathAccountContacts, issuer.PathAccountPassword, issuer.PathAccountPasskeys, issuer.PathAccountAuthenticator,
	issuer.PathAccountRecoveryCodes, issuer.PathAccountData, issuer.PathAccountDelete, issuer.PathAccountSecurity,
	issuer.PathAccountLogins,
}

// ConfirmPost is POST /account/confirm.
func (s *Server) ConfirmPost(w http.ResponseWriter, r *http.Request) error {
	m, ok, err := s.enter(w, r, issuer.PathAccountConfirm)
	if err != nil || !ok {
		return err
	}
	page, err := s.confirmView(m)
	if err != nil {
		return err
	}
	switch door := r.PostForm.Get("door"); {
	case door != "":
		return s.confirmElsewhere(m, page, door)
	case page.ByCode:
		return s.confirmByCode(m, page)
	}
	proof, err := s.Signin.Password(r.Context(), signin.Attempt{
		Identifier: page.Identifier, Password: r.PostForm.Get("password"), Browser: s.Web.Browser(w, r),
		IP: web.Address(r.Context()), UserAgent: r.UserAgent(),
	})
	if err == nil && proof.AccountID != m.account.ID { // an identifier that moved to somebody else meanwhile
		err = kind.New(kind.Unauthorized, "signin.failed")
	}
	if err == nil {
		err = s.confirmed(m, proof, page.To)
	}
	if err != nil {
		return s.refuse(m.visit, confirmPage, page, err)
	}
	return nil
}

// confirmed gives who proved anew to be there a fresh session, and goes on. A session that ended meanwhile stays ended.
func (s *Server) confirmed(m member, proof signin.Proof, to string) error {
	err := s.replace(m, proof)
	if kind.Is(err, sessionEnded) {
		to, err = issuer.PathLogin, nil
	}
	if err != nil {
		return err
	}
	return s.Web.Redirect(m.w, to, nil)
}

const sessionEnded = "session.ended"

// replace begins a session in place of the one that the member has.
func (s *Server) replace(m member, proof signin.Proof) error {
	cookie, _, err := s.Signin.Begin(m.r.Context(), proof.Continuing(m.session.Session), signin.Browser{
		SessionCookie: s.Web.Session(m.r), BrowserCookie: s.Web.Browser(m.w, m.r),
		IP: web.Address(m.r.Context()), UserAgent: m.r.UserAgent(),
	}, nil)
	if err == nil {
		s.Web.SetSession(m.w, cookie)
	}
	return err
}
