// Package pages owns what a person sees and answers: sign-in, sign-up, consent, choosing an account, signing out, the
// account, the first administrator. Each page asks a flow and shows what it said; none of them knows what comes next in
// an authorization: they return to /oauth2/authorize/continue, or ask Answers. Words and looks are the templates', headers
// server/web's.
package pages

import (
	"math"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"pratu/flows/accounts"
	"pratu/flows/authorize"
	"pratu/flows/directory"
	"pratu/flows/issuer"
	"pratu/flows/kind"
	"pratu/flows/logout"
	"pratu/flows/passkeys"
	"pratu/flows/passwords"
	"pratu/flows/signin"
	"pratu/flows/social"
	"pratu/server/web"
	"pratu/storage"
)

// Server shows the pages. MailDir may be empty; the rest is required.
type Server struct {
	Web       *web.Kernel
	Signin    *signin.Service
	Accounts  *accounts.Service
	Passkeys  *passkeys.Service
	Social    *social.Service
	Authorize *authorize.Service
	Farewells *logout.Service
	Directory *directory.Service
	Answers   Answers
	MailDir   string // development: where mails are written, to be read at /dev/mail
	Now       func() time.Time
}

// Answers is the protocol's part in a sign-in for a request that waits: it has begin take part in the transaction that
// begins a session, and tells where the browser goes then.
type Answers interface {
	SigningIn(r *http.Request, i *authorize.Interaction, begin func(authorize.Joined) error) (next web.Handler, err error)
}

// minPassword is what a password needs as the only factor.
const minPassword = passwords.MinAlone

// visit is one request to a page, with what all pages want to know.
type visit struct {
	w           http.ResponseWriter
	r           *http.Request
	interaction *authorize.Interaction // nil on a page that stands alone
}

// visit reads the interaction that a page belongs to, if any, and the language it asks for.
func (s *Server) visit(w http.ResponseWriter, r *http.Request) (visit, error) {
	v := visit{w: w, r: r}
	handle := field(r, "interaction")
	if handle == "" {
		return v, nil
	}
	i, err := s.Authorize.Interaction(r.Context(), handle, authorize.Visitor(s.Web.Visitor(w, r, handle)))
	if kind.Is(err, "client.disabled") || kind.Is(err, "client.unknown") { // meanwhile
		return v, &web.PageError{Status: http.StatusForbidden, Code: kind.Code(err), Message: "error.client", Err: err}
	}
	if err != nil {
		return v, err
	}
	v.interaction = i
	v.r = s.Web.Localize(r, i.UILocales...)
	web.EventOf(r.Context()).Set("client_id", i.Client.ID)
	return v, nil
}

// deny notes that the person said no. A browser that nobody is signed in to would go on with what it carries.
func (s *Server) deny(v visit) error {
	if err := s.Authorize.Deny(v.r.Context(), v.interaction); err != nil {
		return err
	}
	s.Web.Carry(v.w, v.r, v.interaction.Handle, "")
	return nil
}

// field is a value of the form of a POST, or of the query of anything else: a POST is never steered by its URL.
func field(r *http.Request, name string) string {
	if r.Method == http.MethodPost {
		return r.PostForm.Get(name)
	}
	return r.URL.Query().Get(name)
}

// frame fills what the page's frame shows of the interaction.
func (s *Server) frame(v visit, f *web.Frame) {
	if v.interaction == nil {
		return
	}
	f.Interaction = v.interaction.Handle
	f.Client = s.brand(v.r, v.interaction.Client, v.interaction.RedirectHost)
}

// to is the address of another page within the same interaction.
func (s *Server) to(v visit, path string) string {
	if v.interaction == nil {
		return s.Web.Issuer.Path() + path
	}
	return s.Web.Issuer.Path() + path + "?" + url.Values{"interaction": {v.interaction.Handle}}.Encode()
}

func (s *Server) show(v visit, status int, name string, data web.Framed) error {
	s.frame(v, data.FrameOf())
	return s.Web.Render(v.w, v.r, status, name, data)
}

// refuse shows a form again with what is wrong with it, and with what was typed that the view kept. An error that isn't
// one of the form's is returned.
func (s *Server) refuse(v visit, name string, data web.Framed, err error) error {
	if e := data.FrameOf().Refuse(err); e != nil {
		return e
	}
	known, _ := kind.As(err)
	web.EventOf(v.r.Context()).Set("error", known.Code)
	status := http.StatusUnprocessableEntity
	switch known.Kind {
	case kind.RateLimited:
		status = http.StatusTooManyRequests
	case kind.Unavailable:
		status = http.StatusServiceUnavailable
	case kind.Internal, kind.NotFound: // nothing in the form would mend it
		return err
	}
	if known.RetryAfter > 0 {
		v.w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(known.RetryAfter.Seconds()))))
	}
	return s.show(v, status, name, data)
}

// language answers the language buttons of a half-filled form: the choice is stored, the page shown again as it was, and
// nothing else happens.
func (s *Server) language(v *visit) bool {
	choice := v.r.PostForm.Get("language")
	if !web.KnownLocale(choice) {
		return false
	}
	s.Web.SetLocale(v.w, choice)
	v.r = v.r.WithContext(web.WithLocale(v.r.Context(), choice))
	return true
}

// sessions are those of this browser, the one in use first. Accounts that may not sign in have none.
func (s *Server) sessions(r *http.Request, clientID string) ([]storage.SessionView, error) {
	all, err := s.Signin.Sessions(r.Context(), s.Web.Session(r), clientID)
	if err != nil {
		return nil, err
	}
	var list []storage.SessionView
	for _, x := range all {
		if x.Account.Status == storage.StatusActive || x.Account.Status == storage.StatusGuest {
			list = append(list, x)
		}
	}
	return list, nil
}

// begin signs the browser in with a new cookie and goes on: to whoever sent the person here, or to the account.
func (s *Server) begin(v visit, p signin.Proof, notice string) error {
	ctx, cookie := v.r.Context(), ""
	browser := signin.Browser{
		SessionCookie: s.Web.Session(v.r), BrowserCookie: s.Web.Browser(v.w, v.r), IP: web.Address(ctx), UserAgent: v.r.UserAgent(),
	}
	if v.interaction != nil {
		browser.ClientID = v.interaction.Client.ID
	}
	start := func(join authorize.Joined) (err error) {
		cookie, _, err = s.Signin.Begin(ctx, p, browser, join)
		return err
	}
	offer := s.offers(v, p)
	next := func(http.ResponseWriter, *http.Request) error { return s.account(v, notice) }
	var err error
	switch {
	case v.interaction == nil:
		err = start(nil)
	case offer: // a page of ours comes before the answer
		err = start(s.Authorize.SigningIn(v.interaction))
	default:
		next, err = s.Answers.SigningIn(v.r, v.interaction, start)
	}
	if err != nil {
		return err
	}
	s.Web.SetSession(v.w, cookie)
	web.EventOf(ctx).Set("account_id", p.AccountID)
	closed := p.Status() == storage.StatusDeletionPending
	if p.Status() == "" {
		if closed, err = s.Accounts.Closed(ctx, p.AccountID); err != nil {
			return err
		}
	}
	switch {
	case closed:
		http.Redirect(v.w, v.r, s.Web.Issuer.Origin()+s.to(v, issuer.PathLoginKeep), http.StatusSeeOther)
		return nil
	case offer:
		http.Redirect(v.w, v.r, s.Web.Issuer.Origin()+s.to(v, issuer.PathPasskeyOffer), http.StatusSeeOther)
		return nil
	}
	return next(v.w, v.r)
}

// account goes to the account page, with good news or without.
func (s *Server) account(v visit, notice string) error {
	query := url.Values{}
	if notice != "" {
		query.Set("notice", notice)
	}
	return s.Web.Redirect(v.w, issuer.PathAccount, query)
}

// expired tells a person whose request ended while they answered the page. There is nothing wrong with the server.
func (s *Server) expired(err error) error {
	if kind.Of(err) == kind.NotFound {
		return kind.New(kind.NotFound, "interaction.expired").WithErr(err)
	}
	return err
}
