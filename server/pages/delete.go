package pages

import (
	"net/http"
	"net/url"
	"slices"
	"time"

	"pratu/flows/accounts"
	"pratu/flows/issuer"
	"pratu/flows/kind"
	"pratu/flows/signin"
	"pratu/server/web"
	"pratu/storage"
)

const deletePage = "delete"

func (s *Server) deleteView(m member) *Delete {
	return &Delete{Portal: s.portal(m), Days: int(accounts.Grace / (24 * time.Hour))}
}

// Delete is GET /account/delete.
func (s *Server) Delete(w http.ResponseWriter, r *http.Request) error {
	m, ok, err := s.change(w, r, issuer.PathAccountDelete)
	if err != nil || !ok {
		return err
	}
	return s.show(m.visit, http.StatusOK, deletePage, s.deleteView(m))
}

// DeletePost is POST /account/delete. Nobody is signed in to the account afterwards, so its answer is the last page.
func (s *Server) DeletePost(w http.ResponseWriter, r *http.Request) error {
	m, ok, err := s.change(w, r, issuer.PathAccountDelete)
	if err != nil || !ok {
		return err
	}
	if r.PostForm.Get("confirm") != "1" {
		return s.refuse(m.visit, deletePage, s.deleteView(m), kind.New(kind.Invalid, "delete.unconfirmed").WithField("confirm"))
	}
	eraseAt, err := s.Accounts.Close(r.Context(), m.account, signin.Device(r.UserAgent()))
	if err != nil {
		return s.refuse(m.visit, deletePage, s.deleteView(m), err)
	}
	left, err := s.sessions(r, "")
	if err != nil {
		return err
	}
	if len(left) == 0 {
		s.Web.ClearSession(w)
	}
	return s.show(m.visit, http.StatusOK, "deleted", &Deleted{EraseAt: eraseAt, SignInURL: s.Web.Issuer.Path() + issuer.PathLogin})
}

// leaving is who just signed in here to an account that is closed. Their session is worth nothing anywhere else: it only
// says that somebody knew how to get in, minutes ago.
func (s *Server) leaving(v visit) (storage.SessionView, bool, error) {
	all, err := s.Signin.Sessions(v.r.Context(), s.Web.Session(v.r), "")
	if err != nil {
		return storage.SessionView{}, false, err
	}
	i := slices.IndexFunc(all, func(x storage.SessionView) bool {
		return x.Account.Status == storage.StatusDeletionPending && s.Now().Sub(x.AuthTime.Time()) <= freshFor
	})
	if i < 0 {
		return storage.SessionView{}, false, nil
	}
	return all[i], true, nil
}

// asLeaving is leaving with the account; false after the browser was sent to sign in.
func (s *Server) asLeaving(w http.ResponseWriter, r *http.Request) (v visit, who storage.SessionView, a *accounts.Account, err error) {
	if v, err = s.visit(w, r); err != nil {
		return v, who, nil, err
	}
	who, ok, err := s.leaving(v)
	if err != nil {
		return v, who, nil, err
	}
	if !ok {
		http.Redirect(w, r, s.Web.Issuer.Origin()+s.to(v, issuer.PathLogin), http.StatusSeeOther)
		return v, who, nil, nil
	}
	web.EventOf(r.Context()).Set("account_id", who.AccountID)
	a, err = s.Accounts.Load(r.Context(), who.AccountID)
	return v, who, a, err
}

// Keep is GET /login/keep.
func (s *Server) Keep(w http.ResponseWriter, r *http.Request) error {
	v, _, a, err := s.asLeaving(w, r)
	if err != nil || a == nil {
		return err
	}
	until, err := s.Accounts.Closing(r.Context(), a.ID)
	if err != nil {
		return err
	}
	if until.IsZero() {
		return kind.New(kind.NotFound, "account.gone")
	}
	return s.show(v, http.StatusOK, "keep", &Keep{Name: name(a), EraseAt: until})
}

// KeepPost is POST /login/keep.
func (s *Server) KeepPost(w http.ResponseWriter, r *http.Request) error {
	v, who, a, err := s.asLeaving(w, r)
	if err != nil || a == nil {
		return err
	}
	if r.PostForm.Get("decision") != "keep" {
		if err := s.Signin.End(r.Context(), who.ID); err != nil {
			return err
		}
		return s.parted(v)
	}
	if err := s.Accounts.Keep(r.Context(), a, signin.Device(r.UserAgent())); err != nil {
		return err
	}
	if v.interaction == nil {
		return s.account(v, "notice.account_kept")
	}
	return s.Web.Continue(w, r, v.interaction.Handle)
}

// parted follows the decision to go: an application that waits gets somebody else, or nobody.
func (s *Server) parted(v visit) error {
	left, err := s.sessions(v.r, "")
	if err != nil {
		return err
	}
	s.Web.Ended(v.w, len(left) == 0)
	if v.interaction != nil {
		return s.Web.Redirect(v.w, issuer.PathLogin, url.Values{"interaction": {v.interaction.Handle}, "another": {"1"}})
	}
	return s.Web.Redirect(v.w, issuer.PathSignedOut, nil)
}
