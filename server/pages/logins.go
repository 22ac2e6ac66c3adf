package pages

import (
	"net/http"
	"slices"
	"time"

	"pratu/flows/issuer"
	"pratu/flows/kind"
	"pratu/flows/signin"
	"pratu/flows/social"
	"pratu/server/web"
	"pratu/storage"
)

const loginsPage = "logins"

// Logins is "logins" [link=connector; unlink=id]: providers that the account is signed in to with.
type Logins struct {
	Portal
	Logins []Login
	Doors  []Door // that can be linked
}

// Login is who the account's owner is elsewhere.
type Login struct {
	ID, Name         string
	Email            string // what was said there, or ""
	LinkedAt, UsedAt time.Time
}

// Logins is GET /account/logins. Only who signed in a moment ago is let in: a link is one more way into the account.
func (s *Server) Logins(w http.ResponseWriter, r *http.Request) error {
	m, ok, err := s.change(w, r, issuer.PathAccountLogins)
	if err != nil || !ok {
		return err
	}
	page, err := s.loginsView(m)
	if err != nil {
		return err
	}
	page.Problems = failedElsewhere(r, page.Doors)
	return s.show(m.visit, http.StatusOK, loginsPage, page)
}

func (s *Server) loginsView(m member) (*Logins, error) {
	page := &Logins{Portal: s.portal(m)}
	list, err := s.Social.Of(m.r.Context(), m.account.ID)
	if err != nil {
		return nil, err
	}
	for _, x := range list {
		page.Logins = append(page.Logins, Login{
			ID: x.ID, Name: web.Inert(x.Name), Email: web.Inert(x.Email), LinkedAt: x.LinkedAt.Time(), UsedAt: x.LastUsedAt.Time(),
		})
	}
	page.Doors, err = s.doors(m.visit)
	return page, err
}

// LoginsPost is POST /account/logins.
func (s *Server) LoginsPost(w http.ResponseWriter, r *http.Request) error {
	m, ok, err := s.change(w, r, issuer.PathAccountLogins)
	if err != nil || !ok {
		return err
	}
	if connector := r.PostForm.Get("link"); connector != "" {
		return s.leave(m, social.Start{Connector: connector, Purpose: storage.FederationLink}, issuer.PathAccountLogins)
	}
	if err := s.Social.Unlink(r.Context(), m.account, r.PostForm.Get("unlink"), signin.Device(r.UserAgent())); err != nil {
		page, failure := s.loginsView(m)
		if failure != nil {
			return failure
		}
		return s.refuse(m.visit, loginsPage, page, err)
	}
	return s.done(m, issuer.PathAccountLogins, "notice.login_unlinked")
}

// leave sends the owner of an account to a provider.
func (s *Server) leave(m member, st social.Start, back string) error {
	st.Browser, st.Network, st.Locale = s.Web.Browser(m.w, m.r), s.network(m.r), web.LocaleOf(m.r.Context())
	st.AccountID, st.SessionID, st.Anew = m.account.ID, m.session.ID, true
	to, err := s.Social.Begin(m.r.Context(), st)
	if err != nil {
		return s.returned(m.visit, back, st.To, st.Connector, err)
	}
	m.w.Header().Set("Location", to)
	m.w.WriteHeader(http.StatusSeeOther)
	return nil
}

// came is what becomes of an owner who comes back: only in the session that sent them, since nobody else's account was meant.
func (s *Server) came(v visit, back social.Back, failure error) error {
	path := issuer.PathAccountLogins
	if back.Purpose == storage.FederationConfirm {
		path = issuer.PathAccountConfirm
	}
	m, ok, err := s.enter(v.w, v.r, path)
	if err != nil || !ok {
		return err
	}
	switch {
	case failure != nil:
		err = failure
	case m.account.ID != back.AccountID || m.session.ID != back.SessionID:
		return kind.New(kind.Invalid, "federation.state")
	case back.Purpose == storage.FederationConfirm:
		err = s.confirmedElsewhere(m, back)
	default:
		err = s.Social.Link(v.r.Context(), back.Who, m.account, signin.Device(v.r.UserAgent()))
		if err == nil {
			return s.done(m, path, "notice.login_linked")
		}
	}
	if err != nil {
		return s.returned(v, path, back.To, v.r.PathValue("connector"), err)
	}
	return nil
}

// confirmDoors adds the providers where an account can be confirmed.
func (s *Server) confirmDoors(m member, page *Confirm) error {
	list, err := s.Social.Of(m.r.Context(), m.account.ID)
	if err != nil || len(list) == 0 {
		return err
	}
	doors, err := s.doors(m.visit)
	for _, d := range doors {
		if slices.ContainsFunc(list, func(x social.Login) bool { return x.ConnectorID == d.ID }) {
			page.Doors = append(page.Doors, d)
		}
	}
	return err
}

func (s *Server) confirmElsewhere(m member, page *Confirm, door string) error {
	return s.leave(m, social.Start{Connector: door, Purpose: storage.FederationConfirm, To: page.To}, issuer.PathAccountConfirm)
}

func (s *Server) confirmedElsewhere(m member, back social.Back) error {
	proof, err := s.Social.Confirm(m.r.Context(), back.Who, m.account.ID)
	if err != nil {
		return err
	}
	return s.confirmed(m, proof, portalPath(back.To))
}
