package oauth

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"pratu/flows/authorize"
	"pratu/flows/clients"
	"pratu/flows/issuer"
	"pratu/flows/kind"
	"pratu/flows/oidc"
	"pratu/server/web"
	"pratu/storage"
)

// Authorization is /oauth2/authorize. A signed-in browser whose person has consented is answered at once, with one read and one
// write; anything that needs a person is parked.
func (s *Server) Authorization(w http.ResponseWriter, r *http.Request) error {
	noStore(w)
	params, err := frontParams(w, r)
	if err != nil {
		return page(err, nil)
	}
	request, err := s.Provider.Authorization(r.Context(), params, s.Now())
	if err != nil {
		return s.refused(w, r, err, params)
	}
	web.EventOf(r.Context()).Set("client_id", request.Client.ID)
	if r.Method == http.MethodPost {
		// A cross-site POST carries no Lax cookie, so nothing is known of the browser before it comes back by GET.
		parked, err := s.Authorize.Park(r.Context(), &request.Request, authorize.Visitor{}, "", network(r))
		if err != nil {
			return err
		}
		return s.next(w, r, issuer.PathContinue, parked.Handle)
	}
	views, err := s.Signin.Sessions(r.Context(), s.Web.Session(r), request.Client.ID)
	if err != nil {
		return err
	}
	state := authorize.State{}
	if state.Sessions, err = s.sessions(r.Context(), request.Client, views); err != nil {
		return err
	}
	if err := s.hint(r, request, &state); err != nil {
		return err
	}
	step := authorize.Next(&request.Request, state, s.Now())
	switch step.Kind {
	case authorize.Issue, authorize.Refuse:
		return s.answer(w, r, request, step, views, nil)
	}
	from := authorize.Visitor(s.Web.Visitor(w, r, ""))
	parked, err := s.Authorize.Park(r.Context(), &request.Request, from, about(step), network(r))
	if err != nil {
		return err
	}
	if parked.Carried != "" {
		s.Web.Carry(w, r, parked.Handle, parked.Carried)
	}
	return s.next(w, r, pageOf(step.Kind), parked.Handle)
}

// about is the session that a consent, or another proof, is asked of. It need not be the one in use: id_token_hint may name
// another.
func about(step authorize.Step) string {
	if step.Kind == authorize.Select {
		return ""
	}
	return step.Session.ID
}

// Continue is where every page of an interaction returns to. Here alone is decided what comes next.
func (s *Server) Continue(w http.ResponseWriter, r *http.Request) error {
	noStore(w)
	handle := r.URL.Query().Get("interaction")
	waiting, err := s.Authorize.Load(r.Context(), handle, authorize.Visitor(s.Web.Visitor(w, r, handle)))
	if err != nil {
		return err
	}
	params, err := url.ParseQuery(waiting.Form)
	if err != nil {
		return err
	}
	request, err := s.resume(r.Context(), params, waiting)
	if err != nil {
		return s.refused(w, r, err, params)
	}
	web.EventOf(r.Context()).Set("client_id", request.Client.ID)
	views, err := s.Signin.Sessions(r.Context(), s.Web.Session(r), request.Client.ID)
	if err != nil {
		return err
	}
	state := s.Authorize.State(waiting)
	if state.Sessions, err = s.sessions(r.Context(), request.Client, views); err != nil {
		return err
	}
	if err := s.hint(r, request, &state); err != nil {
		return err
	}
	step := authorize.Next(&request.Request, state, s.Now())
	switch step.Kind {
	case authorize.Issue, authorize.Refuse:
		s.Web.Carry(w, r, handle, "")
		return s.answer(w, r, request, step, views, &waiting)
	}
	if asked := about(step); asked != "" && asked != waiting.SessionID {
		if err := s.Authorize.Chosen(r.Context(), &authorize.Interaction{Waiting: waiting}, asked); err != nil {
			return err
		}
	}
	return s.next(w, r, pageOf(step.Kind), handle)
}

func (s *Server) resume(ctx context.Context, params url.Values, waiting storage.Interaction) (*oidc.Request, error) {
	return s.Provider.Resume(ctx, oidc.Kept{
		Params: params, PushedID: waiting.PushedID, DeviceID: waiting.DeviceID, At: waiting.RequestedAt.Time(),
	})
}

// hint adds whom login_hint names, where that can make a difference: somebody is signed in and nobody was chosen.
func (s *Server) hint(r *http.Request, request *oidc.Request, state *authorize.State) (err error) {
	if len(state.Sessions) == 0 || state.SessionID != "" {
		return nil
	}
	for _, x := range state.Sessions { // a sub isn't a telephone number, however much it looks like one
		if x.Subject == request.Params.Get("login_hint") {
			state.HintAccount, state.Hinted = x.AccountID, true
			return nil
		}
	}
	state.HintAccount, state.Hinted, err = s.Provider.LoginHint(r.Context(), &request.Request)
	return err
}

func pageOf(k authorize.Kind) string {
	switch k {
	case authorize.Select:
		return issuer.PathSelectAccount
	case authorize.Factor:
		return issuer.PathLoginFactor
	case authorize.Consent:
		return issuer.PathConsent
	}
	return issuer.PathLogin
}

// next sends the browser to a page of the interaction. 303: a POST must not be repeated there with its body.
func (s *Server) next(w http.ResponseWriter, r *http.Request, path, handle string) error {
	target := s.Web.Issuer.URL(path) + "?interaction=" + url.QueryEscape(handle)
	http.Redirect(w, r, target, http.StatusSeeOther)
	return nil
}

// answer ends a request at the relying party.
func (s *Server) answer(w http.ResponseWriter, r *http.Request, request *oidc.Request, step authorize.Step, views []storage.SessionView, waiting *storage.Interaction) error {
	ctx := r.Context()
	if step.Kind == authorize.Refuse {
		if step.Session.ID != "" && !step.Session.Active {
			if err := s.Signin.End(ctx, step.Session.ID); err != nil {
				return err
			}
		}
		if waiting != nil {
			if err := s.Authorize.Finish(ctx, *waiting); err != nil {
				return err
			}
		}
		if err := s.Authorize.Refused(ctx, &request.Request); err != nil {
			return err
		}
		return s.refused(w, r, s.Provider.Refuse(request, &oidc.Error{Code: step.Error}), request.Params)
	}
	redirect, err := s.Provider.Issue(ctx, request, step.Session, waiting)
	if oidc.InteractionSpent(err) {
		return kind.New(kind.NotFound, "interaction.expired").WithArg("restart", s.Authorize.RestartURL(request.Client)).WithErr(err)
	}
	if err != nil {
		return s.refused(w, r, err, request.Params)
	}
	for _, v := range views {
		if v.ID == step.Session.ID {
			if err := s.Signin.Seen(ctx, v.Session); err != nil {
				web.EventOf(ctx).Set("cause", err.Error()) // the code is issued; being seen can wait
			}
		}
	}
	return s.issued(w, r, request, redirect)
}

// issued sends the browser to the relying party with its answer.
func (s *Server) issued(w http.ResponseWriter, r *http.Request, request *oidc.Request, redirect oidc.Redirect) error {
	s.Metrics.authorized(request.Client.Kind, "issued")
	if s.Web.SessionManagement {
		request.Monitored(&redirect, s.Web.State(w, r))
	}
	return s.redirect(w, r, redirect)
}

// refused writes an error: at the redirect URI when it is proven, else as a page.
func (s *Server) refused(w http.ResponseWriter, r *http.Request, err error, params url.Values) error {
	refusal, ok := oidc.AsRefusal(err)
	if !ok {
		var e *oidc.Error
		if errors.As(err, &e) {
			s.Metrics.authorized("unknown", e.Code)
		}
		if r.Method == http.MethodPost { // the page's link to another language comes back by GET, to the same error
			r.URL.RawQuery = params.Encode()
		}
		return page(err, params)
	}
	s.note(r, refusal.Error)
	s.Metrics.authorized("known", refusal.Error.Code)
	return s.redirect(w, r, refusal.Redirect)
}

func (s *Server) redirect(w http.ResponseWriter, r *http.Request, to oidc.Redirect) error {
	noStore(w)
	if to.Mode != authorize.ModeFormPost {
		w.Header().Set("Referrer-Policy", "no-referrer") // the page before may have our parameters in its URL
		w.Header().Set("Location", to.URL())
		w.WriteHeader(http.StatusSeeOther)
		return nil
	}
	view := &web.FormPost{Action: to.URI}
	for _, name := range slices.Sorted(maps.Keys(to.Params)) {
		view.Fields = append(view.Fields, web.Field{Name: name, Value: to.Params.Get(name)})
	}
	return s.Web.Render(w, r, http.StatusOK, "form-post", view)
}

// sessions are those of the browser under the names by which the client knows them.
func (s *Server) sessions(ctx context.Context, c *clients.Client, views []storage.SessionView) ([]authorize.Session, error) {
	list := make([]authorize.Session, 0, len(views))
	for _, v := range views {
		if v.Account.Status == storage.StatusDeletionPending { // it only opens the page where the account can be kept
			continue
		}
		subject, err := s.Provider.Subject(ctx, c, v.Account)
		if err != nil {
			return nil, err
		}
		list = append(list, authorize.Session{
			ID: v.ID, AccountID: v.AccountID, Subject: subject,
			Active:   v.Account.Status == storage.StatusActive || v.Account.Status == storage.StatusGuest,
			AuthTime: v.AuthTime.Time(), ACR: v.ACR, AMR: strings.Fields(v.AMR), SecondFactor: v.SecondFactor, ExpiresAt: v.ExpiresAt.Time(),
			ConsentScopes: strings.Fields(v.ConsentScopes), ConsentClaims: strings.Fields(v.ConsentClaims),
		})
	}
	return list, nil
}
