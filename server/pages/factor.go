package pages

import (
	"net/http"
	"net/url"
	"slices"
	"time"

	"pratu/flows/accounts"
	"pratu/flows/issuer"
	"pratu/flows/kind"
	"pratu/flows/mail"
	"pratu/flows/signin"
	"pratu/server/web"
	"pratu/storage"
)

const factorPage = "factor"

// Factor is "factor" [code, recovery, trust, passkeys]: the second step of a sign-in, or of a session that is to reach more;
// [cancel] goes back to the application without.
type Factor struct {
	web.Frame
	Factor      string // handle of the sign-in that waits; "" for a session
	To          string // page of the portal to go back to, or ""
	Passkeys    string // the first step's word that the browser can have a passkey, posted on
	Recovery    bool   // a recovery code is asked, not one of the app
	OtherURL    string // the same page for the other kind; "" when there is none
	TrustDays   int    // how long a browser may be trusted; 0 offers nothing
	Missing     bool   // there is no second factor: nothing can be asked
	SetupURL    string // where to set one up
	ContinueURL string // after that
	Cancel      bool   // there is an application to go back to
	StartURL    string // to sign in as somebody else; "" for a session
}

// proceed goes on after somebody proved with a factor who they are. Every way of signing in ends here: an account with a
// second factor is asked for it before there is a session, whatever the first one was and whatever it changed
// (HP-16, HP-19).
func (s *Server) proceed(v visit, p signin.Proof, notice string) error {
	ctx, browser := v.r.Context(), s.Web.Browser(v.w, v.r)
	second, err := s.Signin.NeedsSecond(ctx, p, browser)
	if err != nil {
		return err
	}
	if !second {
		return s.begin(v, p, notice)
	}
	interaction, client := "", ""
	if v.interaction != nil {
		interaction, client = v.interaction.Handle, v.interaction.Client.ID
	}
	handle, err := s.Signin.Hold(ctx, p, interaction, notice, browser, client)
	if err != nil {
		return err
	}
	query := url.Values{"factor": {handle}}
	if v.r.PostForm.Get("passkeys") == canPasskeys {
		query.Set("passkeys", canPasskeys)
	}
	return s.Web.Redirect(v.w, issuer.PathLoginFactor, query)
}

// stage is a visit to the second step: held is a sign-in that waits, or else session is to reach more.
type stage struct {
	visit
	held    *signin.Held
	session storage.SessionView
	page    *Factor
}

// stage reads what the second step is of; false after the browser was sent elsewhere.
func (s *Server) stage(w http.ResponseWriter, r *http.Request) (stage, bool, error) {
	handle := field(r, "factor")
	if handle == "" {
		return s.stepUp(w, r)
	}
	g := stage{visit: visit{w: w, r: r}}
	var err error
	if g.held, err = s.Signin.Held(r.Context(), handle, s.Web.Browser(w, r)); err != nil {
		return g, false, s.again(err, issuer.PathLogin)
	}
	if g.visit, err = s.resume(g.visit, g.held.Interaction); err != nil {
		return g, false, err
	}
	f, err := s.Signin.Factors(r.Context(), g.held.AccountID, "")
	if err == nil && !f.TOTP { // removed meanwhile, in another browser
		err = s.again(kind.New(kind.NotFound, "factor.expired"), issuer.PathLogin)
	}
	if err != nil {
		return g, false, err
	}
	g.page = &Factor{
		Factor: handle, TrustDays: int(signin.TrustLife / (24 * time.Hour)), StartURL: s.to(g.visit, issuer.PathLogin),
	}
	query := url.Values{"factor": {handle}}
	if field(r, "passkeys") == canPasskeys {
		g.page.Passkeys = canPasskeys
		query.Set("passkeys", canPasskeys)
	}
	s.ask(&g, f, query)
	return g, true, nil
}

// stepUp is the second step of a session: the one of the interaction, or the one in use for the portal.
func (s *Server) stepUp(w http.ResponseWriter, r *http.Request) (stage, bool, error) {
	v, err := s.visit(w, r)
	g := stage{visit: v}
	if err != nil {
		return g, false, err
	}
	sessions, err := s.sessions(r, "")
	if err != nil {
		return g, false, err
	}
	i := slices.IndexFunc(sessions, func(x storage.SessionView) bool { return v.interaction == nil || x.ID == v.interaction.SessionID })
	if i < 0 {
		http.Redirect(w, r, s.Web.Issuer.Origin()+s.to(v, issuer.PathLogin), http.StatusSeeOther)
		return g, false, nil
	}
	g.session = sessions[i]
	web.EventOf(r.Context()).Set("account_id", g.session.AccountID)
	to := portalPath(field(r, "to"))
	query := url.Values{"to": {to}}
	if v.interaction != nil {
		to, query = "", url.Values{"interaction": {v.interaction.Handle}}
	}
	f, err := s.Signin.Factors(r.Context(), g.session.AccountID, "")
	if err != nil {
		return g, false, err
	}
	if g.session.ACR == signin.ACRMulti || !f.TOTP && v.interaction == nil {
		return g, false, s.onward(v, to)
	}
	a, err := s.Accounts.Load(r.Context(), g.session.AccountID)
	if err != nil {
		return g, false, err
	}
	g.page = &Factor{To: to, Missing: !f.TOTP, SetupURL: s.Web.Issuer.Path() + issuer.PathAccountAuthenticator, Cancel: v.interaction != nil}
	if v.interaction != nil {
		g.page.ContinueURL = s.to(v, issuer.PathContinue)
	}
	g.page.SignedIn = name(a)
	s.ask(&g, f, query)
	return g, true, nil
}

// ask chooses what the page asks for, and where its other kind is. The page's address is its query, by GET or POST.
func (s *Server) ask(g *stage, f storage.Factors, query url.Values) {
	g.page.Recovery = field(g.r, "recovery") != ""
	other := url.Values{}
	for name, values := range query {
		other[name] = values
	}
	if g.page.Recovery {
		query.Set("recovery", "1")
	} else {
		other.Set("recovery", "1")
	}
	if g.page.Recovery || f.Recovery > 0 {
		g.page.OtherURL = s.Web.Issuer.Path() + issuer.PathLoginFactor + "?" + other.Encode()
	}
	g.visit = g.at(query)
}

// onward is where a session goes that reached more: to the application, or back to the portal.
func (s *Server) onward(v visit, to string) error {
	if v.interaction != nil {
		return s.Web.Continue(v.w, v.r, v.interaction.Handle)
	}
	return s.Web.Redirect(v.w, to, nil)
}

// again lets a person whose code or sign-in is over begin another one.
func (s *Server) again(err error, path string) error {
	if e, ok := kind.As(err); ok && (e.Kind == kind.NotFound || e.Kind == kind.Forbidden) {
		return e.WithArg("restart", s.Web.Issuer.Path()+path)
	}
	return err
}

// Factor is GET /login/factor.
func (s *Server) Factor(w http.ResponseWriter, r *http.Request) error {
	g, ok, err := s.stage(w, r)
	if err != nil || !ok {
		return err
	}
	return s.show(g.visit, http.StatusOK, factorPage, g.page)
}

// FactorPost is POST /login/factor.
func (s *Server) FactorPost(w http.ResponseWriter, r *http.Request) error {
	g, ok, err := s.stage(w, r)
	if err != nil || !ok {
		return err
	}
	if g.page.Cancel && r.PostForm.Has("cancel") {
		if err := s.deny(g.visit); err != nil {
			return s.expired(err)
		}
		return s.Web.Continue(w, r, g.interaction.Handle)
	}
	given := signin.Second{Code: r.PostForm.Get("code"), Recovery: g.page.Recovery, Trust: r.PostForm.Has("trust")}
	if g.interaction != nil {
		given.ClientID = g.interaction.Client.ID
	}
	if g.held != nil {
		err = s.complete(g, given)
	} else {
		err = s.raise(g, given)
	}
	if kind.Is(err, sessionEnded) {
		return s.Web.Redirect(w, issuer.PathLogin, nil)
	}
	if err != nil {
		return s.refuse(g.visit, factorPage, g.page, s.again(err, issuer.PathLogin))
	}
	if given.Recovery {
		s.Accounts.Mail.Wake()
	}
	return nil
}

// complete ends a sign-in with its second factor.
func (s *Server) complete(g stage, given signin.Second) error {
	proof, err := s.Signin.Complete(g.r.Context(), g.held, given)
	if err != nil {
		return err
	}
	return s.begin(g.visit, s.noticed(g, proof, given), g.held.Notice)
}

// raise gives a session that proved a second factor a new cookie: what was seen of the old one reaches no more than before.
func (s *Server) raise(g stage, given signin.Second) error {
	ctx := g.r.Context()
	proof, err := s.Signin.StepUp(ctx, g.session.Session, given)
	if err != nil {
		return err
	}
	cookie, _, err := s.Signin.Begin(ctx, s.noticed(g, proof, given), signin.Browser{
		SessionCookie: s.Web.Session(g.r), BrowserCookie: s.Web.Browser(g.w, g.r), IP: web.Address(ctx), UserAgent: g.r.UserAgent(),
	}, s.Authorize.SteppingUp(g.interaction, g.session.ID))
	if err != nil {
		return err
	}
	s.Web.SetSession(g.w, cookie)
	return s.onward(g.visit, g.page.To)
}

// noticed tells the owner of a recovery code that was used: there are few, and a thief of the paper is quiet.
func (s *Server) noticed(g stage, p signin.Proof, given signin.Second) signin.Proof {
	if !given.Recovery {
		return p
	}
	return p.Spending(s.Accounts.Telling(p.AccountID, accounts.News{Event: mail.RecoveryCodeUsed, Device: signin.Device(g.r.UserAgent())}))
}
