package pages

import (
	"net/http"
	"slices"
	"strings"

	"pratu/flows/contact"
	"pratu/flows/issuer"
	"pratu/flows/signin"
	"pratu/server/web"
	"pratu/storage"
)

// Good news that the account page may be told by its URL. Anything else there is ignored.
var notices = []string{"notice.account_ready", "notice.session_ended", "notice.others_ended", "notice.admin_ready",
	"notice.device_forgotten", "notice.saved", "notice.password_changed", "notice.password_set", "notice.application_removed",
	"notice.account_kept", "notice.totp_added", "notice.totp_removed", "notice.recovery_saved", "notice.contact_added",
	"notice.contact_removed", "notice.contact_preferred", "notice.login_linked", "notice.login_unlinked", "notice.binding_ended"}

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

// Account is GET /account: what there is, and where.
func (s *Server) Account(w http.ResponseWriter, r *http.Request) error {
	m, ok, err := s.enter(w, r, issuer.PathAccount)
	if err != nil || !ok {
		return err
	}
	page := &Account{Portal: s.portal(m), Name: name(m.account), CreatedAt: m.account.CreatedAt}
	page.Initial = web.Initial(page.Name)
	if len(m.account.Roles) > 0 {
		page.AdminURL = s.Web.Issuer.Path() + issuer.PathAdmin
	}
	for _, c := range m.account.Contacts {
		page.Contacts = append(page.Contacts, Contact{Kind: c.Kind, Value: c.Value, Verified: c.Verified, Preferred: c.Preferred})
	}
	slices.SortStableFunc(page.Contacts, func(a, b Contact) int { return order(a) - order(b) })
	return s.show(m.visit, http.StatusOK, "account", page)
}

func order(c Contact) int {
	if c.Kind == contact.Email {
		return 0
	}
	return 1
}

func describe(x storage.Session, this bool) Session {
	browser, system := signin.Agent(x.UserAgent)
	return Session{
		ID: x.ID, Browser: browser, System: system, IP: x.IP, Methods: methodsOf(x.AMR),
		Since: x.CreatedAt.Time(), Seen: x.LastSeenAt.Time(), This: this,
	}
}

// methodsOf leaves out what says more about a method than that it was used.
func methodsOf(amr string) []string {
	return slices.DeleteFunc(strings.Fields(amr), func(m string) bool { return m == "user" || m == "mfa" })
}
