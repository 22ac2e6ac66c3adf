// Package console owns the office as pages: what administrators see and press. Each page asks flows/office, which decides
// who may what; a page that forgot to ask could show nothing. Who signs in, and how, is the business of the pages that
// everybody signs in by: the console sends people there as any application does.
package console

import (
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"pratu/flows/accounts"
	"pratu/flows/authorize"
	"pratu/flows/clients"
	"pratu/flows/issuer"
	"pratu/flows/kind"
	"pratu/flows/office"
	"pratu/flows/secret"
	"pratu/flows/signin"
	"pratu/flows/trials"
	"pratu/server/web"
	"pratu/storage"
)

// Life is how long after a sign-in the console is open (rulings 3.11).
const Life = 8 * time.Hour

// Server shows the console. All fields are required.
type Server struct {
	Web      *web.Kernel
	Signin   *signin.Service
	Office   *office.Service
	Trials   *trials.Service
	People   *accounts.Service
	Settings func() []office.Setting // as the program runs
	Document func() ([]byte, error)  // of the admin API
	Second   bool                    // two factors are required
	Now      func() time.Time
}

// sections of the console, in the order of its navigation, with what one needs to see them. Their words are console.NAME.
var sections = []struct {
	name, path string
	action     office.Action
}{
	{"dashboard", issuer.PathAdmin, office.ReadDashboard},
	{"clients", issuer.PathAdminClients, office.ReadClients},
	{"accounts", issuer.PathAdminAccounts, office.ReadAccounts},
	{"titles", issuer.PathAdminTitles, office.ReadPlayers},
	{"connectors", issuer.PathAdminConnectors, office.ReadConnectors},
	{"roles", issuer.PathAdminRoles, office.ReadRoles},
	{"audit", issuer.PathAdminAudit, office.ReadAudit},
	{"webhooks", issuer.PathAdminWebhooks, office.ReadWebhooks},
	{"keys", issuer.PathAdminKeys, office.ReadKeys},
	{"mail", issuer.PathAdminMail, office.ReadMail},
	{"settings", issuer.PathAdminSettings, office.ReadSettings},
}

// Page is what every page of the console has around its content.
type Page struct {
	web.Frame
	Nav    []Section
	Notice string // message id of good news, or ""
	Action string // where the page's forms post: its own address
}

// Section is a page of the console in its navigation.
type Section struct {
	Name, URL    string
	Here, Within bool // the page, or one that it leads to
}

// desk is a visit of somebody who may be here.
type desk struct {
	w       http.ResponseWriter
	r       *http.Request
	actor   office.Actor
	account *accounts.Account
	here    string // path of the page
	section string // path of its section
}

// enter lets somebody with a role into a page; false after the browser was sent elsewhere. POSTs of a page that was made
// for somebody else who meanwhile left this browser change nothing.
func (s *Server) enter(w http.ResponseWriter, r *http.Request, section string) (desk, bool, error) {
	d := desk{w: w, r: r, here: strings.TrimPrefix(r.URL.Path, s.Web.Issuer.Path()), section: section}
	session, ok, err := s.session(r)
	if err != nil {
		return d, false, err
	}
	if !ok {
		return d, false, s.signIn(d, "")
	}
	ctx := r.Context()
	web.EventOf(ctx).Set("account_id", session.AccountID)
	if d.actor, err = s.Office.Of(ctx, session.AccountID); err != nil {
		return d, false, err
	}
	if !d.actor.Anything() {
		return d, false, kind.New(kind.Forbidden, "console.no_role").WithArg("restart", s.Web.Issuer.Path()+issuer.PathAdminEnter+"?another=1")
	}
	if err := s.Signin.Seen(ctx, session.Session); err != nil {
		return d, false, err
	}
	if d.account, err = s.People.Load(ctx, session.AccountID); err != nil {
		return d, false, err
	}
	if about := r.PostForm.Get("owner"); r.Method == http.MethodPost && about != d.number() {
		return d, false, s.Web.Redirect(w, d.here, nil)
	}
	return d, true, nil
}

// session is the one in use, if it opens the console: not too long ago somebody proved who they are, with two factors
// where that is required. The link that an administrator gets from the host's command line opens it as well: whoever made
// it has the database.
func (s *Server) session(r *http.Request) (storage.SessionView, bool, error) {
	all, err := s.Signin.Sessions(r.Context(), s.Web.Session(r), "")
	if err != nil {
		return storage.SessionView{}, false, err
	}
	i := slices.IndexFunc(all, func(x storage.SessionView) bool { return x.Account.Status == storage.StatusActive })
	if i < 0 {
		return storage.SessionView{}, false, nil
	}
	x := all[i]
	proven := !s.Second || x.ACR == signin.ACRMulti || slices.Contains(strings.Fields(x.AMR), accounts.AMRLink)
	return x, proven && s.Now().Sub(x.AuthTime.Time()) <= Life, nil
}

// signIn sends the browser through an authorization request of our own, which knows what is missing: a sign-in, a newer
// one, a second factor. Nobody exchanges its code: the challenge is of a verifier that nobody has.
func (s *Server) signIn(d desk, prompt string) error {
	back := d.r.URL.RequestURI()
	if d.r.Method == http.MethodPost { // what was typed is lost; a form is not sent by a sign-in
		back = d.r.URL.EscapedPath()
	}
	query := url.Values{
		"response_type": {"code"}, "client_id": {clients.ConsoleID}, "redirect_uri": {s.Web.Issuer.URL(issuer.PathAdminEnter)},
		"scope": {"openid"}, "state": {s.Web.SealLocal(back)}, "code_challenge": {secret.Token()}, "code_challenge_method": {"S256"},
		"max_age": {strconv.Itoa(int(Life / time.Second))}, "nonce": {secret.ID()},
	}
	if prompt != "" {
		query.Set("prompt", prompt)
	}
	return s.Web.Redirect(d.w, issuer.PathAuthorize, query)
}

// Enter is GET /admin/enter, where the sign-in comes back to. Whose code it is doesn't matter: the browser's own session is
// looked at. Without one that will do there is an explanation instead of another round.
func (s *Server) Enter(w http.ResponseWriter, r *http.Request) error {
	query := r.URL.Query()
	if query.Has("another") {
		return s.signIn(desk{w: w, r: httpGet(r, s.Web.Issuer.Path()+issuer.PathAdmin)}, authorize.PromptSelectAccount)
	}
	_, ok, err := s.session(r)
	if err != nil {
		return err
	}
	if !ok {
		return kind.New(kind.Forbidden, "console.not_in").WithArg("restart", s.Web.Issuer.Path()+issuer.PathAdmin)
	}
	target, ok := s.Web.LocalReturn(query.Get("state"))
	if base := s.Web.Issuer.URL(issuer.PathAdmin); !ok || target != base && !strings.HasPrefix(target, base+"/") && !strings.HasPrefix(target, base+"?") {
		target = base
	}
	return s.Web.Redirect(w, strings.TrimPrefix(target, s.Web.Issuer.String()), nil)
}

// httpGet is a request as if for another path.
func httpGet(r *http.Request, path string) *http.Request {
	c := r.Clone(r.Context())
	c.URL, c.RequestURI = &url.URL{Path: path}, path
	return c
}

// number is what the account is called in its own forms.
func (d desk) number() string { return strconv.FormatInt(d.account.SSOID, 10) }

// page is the frame of a page.
func (s *Server) page(d desk) Page {
	p := Page{Action: s.Web.Issuer.Path() + d.here}
	p.SignedIn, p.Owner = named(d.account), d.number()
	for _, x := range sections {
		if d.actor.May(x.action) {
			p.Nav = append(p.Nav, Section{
				Name: "console." + x.name, URL: s.Web.Issuer.Path() + x.path, Here: x.path == d.here, Within: x.path == d.section && x.path != d.here,
			})
		}
	}
	if n := d.r.URL.Query().Get("notice"); slices.Contains(notices, n) {
		p.Notice = "console.notice." + n
	}
	return p
}

// notices are good news that a page may be told by its URL. Anything else there is ignored.
var notices = []string{
	"saved", "disabled", "enabled", "deleted", "sessions_ended", "factors_reset", "role_granted", "role_revoked", "secret_ended",
	"key_rotated", "mail_retried", "redirect_forgotten", "merged", "connector_made", "banned", "unbanned", "key_revoked", "delivery_replayed", "webhook_tested",
}

// named is what the header calls somebody.
func named(a *accounts.Account) string {
	if name := web.Inert(a.DisplayName()); name != "" {
		return name
	}
	return a.Identifier()
}

func (s *Server) show(d desk, status int, name string, data web.Framed) error {
	return s.Web.Render(d.w, d.r, status, "console/"+name, data)
}

// done goes to a page with good news.
func (s *Server) done(d desk, path, notice string) error {
	return s.Web.Redirect(d.w, path, url.Values{"notice": {notice}})
}

// refuse shows a form again with what is wrong with it. What nothing in the form would mend is returned.
func (s *Server) refuse(d desk, name string, data web.Framed, err error) error {
	known, ok := kind.As(err)
	if !ok || known.Kind == kind.Internal || known.Kind == kind.NotFound || kind.Is(err, "office.forbidden") {
		return err
	}
	f := data.FrameOf()
	if e := f.Refuse(err); e != nil {
		return e
	}
	for i := range f.Problems {
		if strings.HasPrefix(f.Problems[i].Field, "/") { // a pointer into a document is no input to lead to
			f.Problems[i].Field = ""
		}
	}
	web.EventOf(d.r.Context()).Set("error", known.Code)
	status := http.StatusUnprocessableEntity
	switch known.Kind {
	case kind.RateLimited:
		status = http.StatusTooManyRequests
	case kind.Unavailable:
		status = http.StatusServiceUnavailable
	}
	if known.RetryAfter > 0 {
		d.w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(known.RetryAfter.Seconds()))))
	}
	return s.show(d, status, name, data)
}

// again is refuse for a page that is read anew.
func (s *Server) again(d desk, name string, err error) func(page web.Framed, failure error) error {
	return func(page web.Framed, failure error) error {
		if failure != nil {
			return failure
		}
		return s.refuse(d, name, page, err)
	}
}

// nameOf is what an application is called in the language of the page.
func (d desk) nameOf(c *clients.Client) string {
	return web.Inert(c.NameIn(web.LocaleOf(d.r.Context())))
}
