package pages

import (
	"net/http"
	"slices"

	"pratu/flows/issuer"
	"pratu/flows/signin"
	"pratu/server/web"
)

// Sessions is GET /account/sessions.
func (s *Server) Sessions(w http.ResponseWriter, r *http.Request) error {
	m, ok, err := s.enter(w, r, issuer.PathAccountSessions)
	if err != nil || !ok {
		return err
	}
	live, err := s.Signin.SessionsOf(r.Context(), m.account.ID)
	if err != nil {
		return err
	}
	devices, err := s.Signin.Devices(r.Context(), m.account.ID, s.Web.Browser(w, r))
	if err != nil {
		return err
	}
	page := &Sessions{Portal: s.portal(m)}
	for _, x := range live {
		view := describe(x, x.ID == m.session.ID)
		if x.Title != "" {
			view.Browser = s.game(r, x.Title)
		}
		page.Sessions = append(page.Sessions, view)
	}
	slices.SortStableFunc(page.Sessions, func(a, b Session) int { return first(a.This, b.This) })
	for _, d := range devices {
		browser, system := signin.Agent(d.UserAgent)
		page.Devices = append(page.Devices, Device{ID: d.ID, Browser: browser, System: system, Seen: d.SeenAt, This: d.This})
	}
	if page.Named, err = s.named(r, m.account.ID); err != nil {
		return err
	}
	slices.SortStableFunc(page.Devices, func(a, b Device) int { return first(a.This, b.This) })
	return s.show(m.visit, http.StatusOK, "sessions", page)
}

// named are the devices that applications named.
func (s *Server) named(r *http.Request, accountID string) (list []NamedDevice, err error) {
	devices, err := s.Directory.Devices(r.Context(), accountID)
	names := map[string]string{}
	for _, d := range devices {
		called := d.Model
		if called == "" {
			called = d.DeviceID
		}
		list = append(list, NamedDevice{d.DeviceID, web.Inert(called), s.clientName(r, d.ClientID, names), d.LastSeenAt.Time()})
	}
	return list, err
}

// game is what people call the title that a session is in.
func (s *Server) game(r *http.Request, title string) string {
	if c, err := s.Authorize.Clients.Get(r.Context(), title); err == nil && c.Name != "" {
		return c.Name
	}
	return title
}

// first sorts what is true before what isn't.
func first(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}

// SessionsPost is POST /account/sessions: one session ends, or all others, or a device is forgotten.
func (s *Server) SessionsPost(w http.ResponseWriter, r *http.Request) error {
	m, ok, err := s.enter(w, r, issuer.PathAccountSessions)
	if err != nil || !ok {
		return err
	}
	notice := "notice.session_ended"
	switch form := r.PostForm; {
	case form.Has("others"):
		notice = "notice.others_ended"
		err = s.Signin.EndOthers(r.Context(), m.account.ID, m.session.ID)
	case form.Has("device"):
		notice = "notice.device_forgotten"
		err = s.Signin.Forget(r.Context(), m.account.ID, form.Get("device"))
	case form.Has("named"):
		notice = "notice.saved"
		err = s.Directory.ForgetDevice(r.Context(), m.account.ID, form.Get("named"))
	default:
		err = s.Signin.EndDevice(r.Context(), m.account.ID, form.Get("session"))
	}
	if err != nil {
		return err
	}
	if r.PostForm.Get("session") == m.session.ID {
		return s.gone(m)
	}
	return s.done(m, issuer.PathAccountSessions, notice)
}

// gone follows the end of the session that the request came with.
func (s *Server) gone(m member) error {
	left, err := s.sessions(m.r, "")
	if err != nil {
		return err
	}
	s.Web.Ended(m.w, len(left) == 0)
	return s.part(m.visit, "", m.session.ID)
}
