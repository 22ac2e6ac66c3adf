package oauth

import (
	"net/http"
	"net/url"
	"slices"

	"pratu/flows/clients"
	"pratu/flows/issuer"
	"pratu/flows/kind"
	"pratu/flows/oidc"
	"pratu/server/web"
	"pratu/storage"
)

// Logout is /oauth2/logout (OpenID Connect RP-Initiated Logout). With an ID token of ours that names somebody signed in
// here it signs out at once; else a page asks, so that nobody is signed out by a link. It redirects only to a registered
// URI, and only for a client that the ID token proves.
func (s *Server) Logout(w http.ResponseWriter, r *http.Request) error {
	noStore(w)
	params, err := frontParams(w, r)
	if err != nil {
		return page(err, nil)
	}
	for _, values := range params {
		if len(values) > 1 {
			return page(invalid(http.StatusBadRequest, "a parameter is given more than once"), nil)
		}
	}
	if r.Method == http.MethodPost { // a cross-site POST carries no cookie; coming back by GET it does
		http.Redirect(w, r, s.Web.Issuer.URL(issuer.PathLogout)+"?"+params.Encode(), http.StatusSeeOther) //nolint:gosec // to our own path; only parameters are the visitor's
		return nil
	}
	hint, proven := s.proof(params)
	if id := params.Get("client_id"); proven && id != "" && id != hint.ClientID {
		return page(invalid(http.StatusBadRequest, "client_id is not the client of id_token_hint"), nil)
	}
	target := ""
	if proven {
		if target, err = s.afterLogout(r, hint.ClientID, params); err != nil {
			return err
		}
		web.EventOf(r.Context()).Set("client_id", hint.ClientID)
	}
	views, err := s.Signin.Sessions(r.Context(), s.Web.Session(r), "")
	if err != nil {
		return err
	}
	if len(views) == 0 {
		return s.leave(w, r, target)
	}
	i := -1
	if proven {
		if i, err = s.hinted(r, hint, views); err != nil {
			return err
		}
	}
	if i < 0 {
		return s.ask(w, r, target)
	}
	if err := s.Signin.End(r.Context(), views[i].ID); err != nil {
		return err
	}
	s.Web.Ended(w, len(views) == 1)
	return s.leave(w, r, target, views[i].ID)
}

// hinted is which of the browser's sessions a hint is about, or -1.
func (s *Server) hinted(r *http.Request, hint oidc.Hint, views []storage.SessionView) (int, error) {
	for i, v := range views {
		if named, err := s.Provider.Names(r.Context(), hint, v.Account); named || err != nil {
			return i, err
		}
	}
	return -1, nil
}

// proof reads the ID token, expired or not. A wrong one proves nothing and is no error: the page asks.
func (s *Server) proof(params url.Values) (oidc.Hint, bool) {
	token := params.Get("id_token_hint")
	if token == "" {
		return oidc.Hint{}, false
	}
	hint, err := s.Provider.Hint(token)
	return hint, err == nil
}

// afterLogout is where the client wants the browser, with its state; "" when that isn't registered.
func (s *Server) afterLogout(r *http.Request, clientID string, params url.Values) (string, error) {
	uri := params.Get("post_logout_redirect_uri")
	if uri == "" {
		return "", nil
	}
	c, err := s.Clients.Get(r.Context(), clientID)
	if err != nil {
		return "", ignoreUnknown(err)
	}
	if !registered(c, uri) {
		return "", nil
	}
	if state := params.Get("state"); state != "" {
		return oidc.Redirect{URI: uri, Params: url.Values{"state": {state}}}.URL(), nil
	}
	return uri, nil
}

// CheckSession is /oauth2/session, check_session_iframe.
func (s *Server) CheckSession(w http.ResponseWriter, _ *http.Request) error {
	if !s.Web.SessionManagement {
		web.WriteError(w, http.StatusNotFound, "not_found", "")
		return nil
	}
	return s.Web.SessionFrame(w)
}

func registered(c *clients.Client, uri string) bool {
	return slices.Contains(c.Metadata.PostLogoutRedirectURIs, uri)
}

// leave sends the browser on, by way of the signed-out page if applications sign out there.
func (s *Server) leave(w http.ResponseWriter, r *http.Request, target string, ended ...string) error {
	_, frames, err := s.Farewells.Of(r.Context(), ended)
	if err != nil {
		return err
	}
	return s.Web.Part(w, r, web.Parting{Sessions: ended, Target: target}, len(frames) > 0)
}

func (s *Server) ask(w http.ResponseWriter, r *http.Request, target string) error {
	page := s.Web.Issuer.URL(issuer.PathSignOut)
	if target != "" {
		page += "?return=" + url.QueryEscape(s.Web.SealReturn(target))
	}
	http.Redirect(w, r, page, http.StatusSeeOther)
	return nil
}

// ignoreUnknown lets a sign-out go on for a client that is gone or disabled.
func ignoreUnknown(err error) error {
	switch kind.Of(err) {
	case kind.NotFound, kind.Forbidden:
		return nil
	}
	return err
}
