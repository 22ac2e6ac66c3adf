package pages

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"

	"pratu/flows/issuer"
	"pratu/flows/passkeys"
	"pratu/flows/signin"
	"pratu/server/web"
	"pratu/storage"
)

const passkeysPage = "passkeys"

// Good news of the page.
const (
	passkeyAdded   = "passkey.added"
	passkeyRenamed = "passkey.renamed"
	passkeyRemoved = "passkey.removed"
)

// passkeyOwner is change for the passkeys: a passkey is worth two factors, so where there is a second one, nobody makes one
// with the first alone. A password and a browser that is trusted would otherwise buy a way around the authenticator app.
func (s *Server) passkeyOwner(w http.ResponseWriter, r *http.Request) (member, bool, error) {
	m, ok, err := s.change(w, r, issuer.PathAccountPasskeys)
	if err != nil || !ok || !half(m) {
		return m, ok, err
	}
	return m, false, s.Web.Redirect(w, issuer.PathLoginFactor, url.Values{"to": {m.here}})
}

// half tells whether a session didn't prove the second factor that its account has.
func half(m member) bool { return m.session.SecondFactor && !strong(m) }

// PasskeyList is GET /account/passkeys.
func (s *Server) PasskeyList(w http.ResponseWriter, r *http.Request) error {
	m, ok, err := s.passkeyOwner(w, r)
	if err != nil || !ok {
		return err
	}
	page, err := s.passkeyListView(m)
	if err != nil {
		return err
	}
	return s.show(m.visit, http.StatusOK, passkeysPage, page)
}

func (s *Server) passkeyListView(m member) (*PasskeyList, error) {
	rows, err := s.Passkeys.Of(m.r.Context(), m.account.ID)
	if err != nil {
		return nil, err
	}
	page := &PasskeyList{Portal: s.portal(m), Max: passkeys.Most, Full: len(rows) >= passkeys.Most}
	for _, row := range rows {
		p := Passkey{ID: row.ID, Name: web.Inert(row.Name), CreatedAt: row.CreatedAt.Time()}
		if !row.LastUsedAt.IsZero() {
			p.UsedAt = row.LastUsedAt.Time()
		}
		page.Passkeys = append(page.Passkeys, p)
	}
	if n := m.r.URL.Query().Get("notice"); slices.Contains([]string{passkeyAdded, passkeyRenamed, passkeyRemoved}, n) {
		page.Notice = n
	}
	if page.Signals, err = s.signals(m, rows); err != nil || page.Full || !s.Passkeys.On() {
		return page, err
	}
	ask, err := s.Passkeys.AskRegister(m.r.Context(), m.account, s.Web.Browser(m.w, m.r), false)
	if err != nil {
		return nil, err
	}
	page.Create, err = s.asking(ask, issuer.PathAccountPasskeys, "")
	return page, err
}

// signals are what the browser is told. An id in the page's address is believed only when it is true that nobody has it:
// else a link of a stranger would hide a passkey from its owner.
func (s *Server) signals(m member, rows []storage.Passkey) (*PasskeySignals, error) {
	g := &PasskeySignals{RPID: s.Passkeys.RPID, Name: m.account.Identifier(), Display: m.account.DisplayName()}
	accepted := []string{}
	for _, row := range rows {
		g.User = row.UserHandle
		accepted = append(accepted, row.ID)
	}
	raw, err := json.Marshal(accepted)
	if err != nil {
		return nil, err
	}
	g.Accepted = string(raw)
	if id := m.r.URL.Query().Get("removed"); id != "" {
		known, err := s.Passkeys.Known(m.r.Context(), id)
		if err != nil {
			return nil, err
		}
		if !known {
			g.Removed = id
		}
	}
	return g, nil
}

// PasskeyListPost is POST /account/passkeys.
func (s *Server) PasskeyListPost(w http.ResponseWriter, r *http.Request) error {
	m, ok, err := s.passkeyOwner(w, r)
	if err != nil || !ok {
		return err
	}
	query := url.Values{}
	switch form := r.PostForm; {
	case form.Has("delete"):
		query = url.Values{"notice": {passkeyRemoved}, "removed": {form.Get("delete")}}
		err = s.Passkeys.Delete(r.Context(), m.account, form.Get("delete"), signin.Device(r.UserAgent()))
	case form.Has("rename"):
		query.Set("notice", passkeyRenamed)
		err = s.Passkeys.Rename(r.Context(), m.account, form.Get("rename"), form.Get("name"))
	default:
		query.Set("notice", passkeyAdded)
		err = s.register(m)
	}
	if err != nil {
		page, failure := s.passkeyListView(m)
		if failure != nil {
			return failure
		}
		return s.refuse(m.visit, passkeysPage, page, err)
	}
	return s.Web.Redirect(w, issuer.PathAccountPasskeys, query)
}
