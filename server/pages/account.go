package pages

import (
	"net/http"
	"slices"
	"strings"

	"pratu/flows/contact"
	"pratu/flows/issuer"
	"pratu/flows/kind"
	"pratu/server/web"
	"pratu/storage"
)

// Good news that the account page may be told by its URL. Anything else there is ignored.
var notices = []string{"notice.account_ready", "notice.session_ended", "notice.others_ended", "notice.admin_ready"}

// owner is who is signed in, or false after the browser was sent to sign in.
func (s *Server) owner(v visit) (storage.SessionView, bool, error) {
	sessions, err := s.sessions(v.r, "")
	if err != nil {
		return storage.SessionView{}, false, err
	}
	if len(sessions) == 0 {
		return storage.SessionView{}, false, s.Web.Redirect(v.w, issuer.PathLogin, nil)
	}
	web.EventOf(v.r.Context()).Set("account_id", sessions[0].AccountID)
	return sessions[0], true, nil
}

// Account is GET /account.
func (s *Server) Account(w http.ResponseWriter, r *http.Request) error {
	v := visit{w: w, r: r}
	me, ok, err := s.owner(v)
	if err != nil || !ok {
		return err
	}
	if err := s.Signin.Seen(r.Context(), me.Session); err != nil {
		return err
	}
	a, err := s.Accounts.Load(r.Context(), me.AccountID)
	if err != nil {
		return err
	}
	live, err := s.Signin.SessionsOf(r.Context(), me.AccountID)
	if err != nil {
		return err
	}
	page := &Account{Name: name(a), CreatedAt: a.CreatedAt, EndURL: s.Web.Issuer.Path() + issuer.PathAccount}
	page.Initial, page.SignedIn = web.Initial(page.Name), page.Name
	if n := r.URL.Query().Get("notice"); slices.Contains(notices, n) {
		page.Notice = n
	}
	for _, c := range a.Contacts {
		page.Contacts = append(page.Contacts, Contact{Kind: c.Kind, Value: c.Value, Verified: c.Verified, Preferred: c.Preferred})
	}
	slices.SortStableFunc(page.Contacts, func(a, b Contact) int { return order(a) - order(b) })
	for _, x := range live {
		page.Sessions = append(page.Sessions, describe(x, x.ID == me.ID))
	}
	slices.SortStableFunc(page.Sessions, func(a, b Session) int {
		switch {
		case a.This == b.This:
			return 0
		case a.This:
			return -1
		}
		return 1
	})
	return s.show(v, http.StatusOK, "account", page)
}

func order(c Contact) int {
	if c.Kind == contact.Email {
		return 0
	}
	return 1
}

// AccountPost is POST /account: one session ends, or all others.
func (s *Server) AccountPost(w http.ResponseWriter, r *http.Request) error {
	v := visit{w: w, r: r}
	me, ok, err := s.owner(v)
	if err != nil || !ok {
		return err
	}
	if r.PostForm.Has("others") {
		if err := s.Signin.EndOthers(r.Context(), me.AccountID, me.ID); err != nil {
			return err
		}
		return s.account(v, "notice.others_ended")
	}
	live, err := s.Signin.SessionsOf(r.Context(), me.AccountID)
	if err != nil {
		return err
	}
	id := r.PostForm.Get("session")
	if !slices.ContainsFunc(live, func(x storage.Session) bool { return x.ID == id }) { // somebody else's, or gone
		return kind.New(kind.NotFound, "session.unknown")
	}
	if err := s.Signin.End(r.Context(), id); err != nil {
		return err
	}
	if id != me.ID {
		return s.account(v, "notice.session_ended")
	}
	left, err := s.sessions(r, "")
	if err != nil {
		return err
	}
	if len(left) == 0 {
		s.Web.ClearSession(w)
	}
	return s.Web.Redirect(w, issuer.PathSignedOut, nil)
}

func describe(x storage.Session, this bool) Session {
	browser, system := agent(x.UserAgent)
	return Session{
		ID: x.ID, Browser: browser, System: system, IP: x.IP, Methods: strings.Fields(x.AMR),
		Since: x.CreatedAt.Time(), Seen: x.LastSeenAt.Time(), This: this,
	}
}

// Families of browsers and systems by what their User-Agent holds; the first match counts, since they all claim to be
// each other.
var (
	browsers = [][2]string{
		{"Line/", "LINE"}, {"FBAN", "Facebook"}, {"FBAV", "Facebook"}, {"SamsungBrowser/", "Samsung Internet"}, {"Edg", "Edge"},
		{"OPR/", "Opera"}, {"Firefox/", "Firefox"}, {"FxiOS/", "Firefox"}, {"CriOS/", "Chrome"}, {"Chromium/", "Chromium"},
		{"Chrome/", "Chrome"}, {"Safari/", "Safari"}, {"curl/", "curl"},
	}
	systems = [][2]string{
		{"Android", "Android"}, {"iPhone", "iOS"}, {"iPad", "iPadOS"}, {"Windows", "Windows"}, {"CrOS", "ChromeOS"},
		{"Mac OS X", "macOS"}, {"Linux", "Linux"},
	}
)

func agent(userAgent string) (browser, system string) {
	first := func(table [][2]string) string {
		for _, row := range table {
			if strings.Contains(userAgent, row[0]) {
				return row[1]
			}
		}
		return ""
	}
	return first(browsers), first(systems)
}
