package pages

import (
	"net/http"

	"pratu/flows/accounts"
	"pratu/flows/authorize"
	"pratu/flows/issuer"
	"pratu/server/web"
)

// Applications is GET /account/applications.
func (s *Server) Applications(w http.ResponseWriter, r *http.Request) error {
	m, ok, err := s.enter(w, r, issuer.PathAccountApplications)
	if err != nil || !ok {
		return err
	}
	list, err := s.Authorize.Applications(r.Context(), m.account.ID)
	if err != nil {
		return err
	}
	page := &Applications{Portal: s.portal(m)}
	for _, a := range list {
		page.Applications = append(page.Applications, s.application(r, a, m.account))
	}
	return s.show(m.visit, http.StatusOK, "applications", page)
}

// application says what one may see in the words of the consent page, without the values.
func (s *Server) application(r *http.Request, a authorize.Application, owner *accounts.Account) Application {
	view := Application{ID: a.ID, Groups: groups(a.Client, a.Scopes, a.Claims, owner, nil), Since: a.Since, Used: a.UsedAt, Brand: web.NewBrand(a.ID, "", "", "", "")}
	if c := a.Client; c != nil {
		view.Brand, view.Unverified = s.brand(r, c, ""), c.Unverified()
		if !c.Disabled() {
			view.OpenURL = link(c.StartURL(s.Web.Issuer.String()))
		}
		if view.Brand.Host == "" {
			view.Brand.Host = hostOf("", c.Metadata.RedirectURIs)
		}
	}
	for g := range view.Groups {
		for i := range view.Groups[g].Items {
			view.Groups[g].Items[i].Values, view.Groups[g].Items[i].Missing = nil, false
		}
	}
	return view
}

// ApplicationsPost is POST /account/applications.
func (s *Server) ApplicationsPost(w http.ResponseWriter, r *http.Request) error {
	m, ok, err := s.enter(w, r, issuer.PathAccountApplications)
	if err != nil || !ok {
		return err
	}
	if err := s.Authorize.Revoke(r.Context(), m.account.ID, r.PostForm.Get("client")); err != nil {
		return err
	}
	return s.done(m, issuer.PathAccountApplications, "notice.application_removed")
}
