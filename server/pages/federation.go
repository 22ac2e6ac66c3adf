package pages

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"pratu/flows/contact"
	"pratu/flows/issuer"
	"pratu/flows/kind"
	"pratu/flows/social"
	"pratu/server/web"
	"pratu/storage"
)

// Door is a provider that one can sign in with. Its form posts to its URL.
type Door struct{ ID, Name, URL string }

// elsewhere are the failures of a way to a provider and back that the page it began on tells.
var elsewhere = []string{
	"federation.unavailable", "federation.refused", "federation.denied", "federation.no_account", "federation.exists",
	"federation.taken", "federation.too_many", "federation.other_account", "account.disabled", "connector.disabled", "connector.unknown",
}

// doors are those that are open to an application, or to nobody's page.
func (s *Server) doors(v visit) ([]Door, error) {
	list, err := s.Social.Connectors.For(v.r.Context(), v.clientID())
	if err != nil {
		return nil, err
	}
	doors := make([]Door, len(list))
	for i, c := range list {
		doors[i] = Door{ID: c.ID, Name: web.Inert(c.Name), URL: s.Web.Issuer.Path() + issuer.PathFederation + "/" + c.ID}
	}
	return doors, nil
}

func (v visit) clientID() string {
	if v.interaction == nil {
		return ""
	}
	return v.interaction.Client.ID
}

// failedElsewhere is what went wrong at a provider, for the page that somebody comes back to.
func failedElsewhere(r *http.Request, doors []Door) []web.Problem {
	code := r.URL.Query().Get("elsewhere")
	if !slices.Contains(elsewhere, code) {
		return nil
	}
	p := web.Problem{Code: code, Args: map[string]any{"connector": "?"}}
	for _, d := range doors {
		if d.ID == r.URL.Query().Get("door") {
			p.Args["connector"] = d.Name
		}
	}
	return []web.Problem{p}
}

// Federation is POST /federation/{connector}: somebody wants to sign in there.
func (s *Server) Federation(w http.ResponseWriter, r *http.Request) error {
	v, err := s.visit(w, r)
	if err != nil {
		return err
	}
	return s.depart(v, r.PathValue("connector"), "")
}

// depart sends the browser to a provider. When that can't be, the page with the other doors says so.
func (s *Server) depart(v visit, connector, hint string) error {
	st := social.Start{
		Connector: connector, Purpose: storage.FederationSignIn, Browser: s.Web.Browser(v.w, v.r), Network: s.network(v.r),
		LoginHint: hint, Locale: web.LocaleOf(v.r.Context()), ClientID: v.clientID(),
	}
	if i := v.interaction; i != nil {
		st.Interaction = i.Handle
		st.Anew = slices.Contains(strings.Fields(i.Prompt), "login") || i.Params.Has("max_age")
		if st.LoginHint == "" {
			st.LoginHint = i.LoginHint
		}
	}
	to, err := s.Social.Begin(v.r.Context(), st)
	if err != nil {
		if kind.Is(err, "federation.unavailable") { // the connector is one of ours
			s.Web.Metrics.Upstream(connector, outcome(err))
		}
		return s.returned(v, issuer.PathLogin, "", connector, err)
	}
	v.w.Header().Set("Location", to)
	v.w.WriteHeader(http.StatusSeeOther)
	return nil
}

// sendOn sends the browser to the provider that an application names (idp_hint), or that people of the address in login_hint
// sign in with: once, and not when somebody comes back from there or signed in already, or they would go round in circles.
func (s *Server) sendOn(v visit) (gone bool, err error) {
	i := v.interaction
	if i == nil || i.SessionID != "" || v.r.Method != http.MethodGet || field(v.r, "another") != "" || field(v.r, "elsewhere") != "" {
		return false, nil
	}
	doors, err := s.doors(v)
	if err != nil {
		return false, err
	}
	hint := i.Params.Get("idp_hint")
	if slices.ContainsFunc(doors, func(d Door) bool { return d.ID == hint }) {
		return true, s.depart(v, hint, "")
	}
	return s.route(v, i.LoginHint)
}

// route sends people of an e-mail domain to the provider that they sign in with. Whether anybody has the address makes no
// difference, and no password is looked at.
func (s *Server) route(v visit, identifier string) (gone bool, err error) {
	c, err := contact.ParseEmail(identifier)
	if err != nil {
		return false, nil //nolint:nilerr // a number, or nothing that routes anywhere
	}
	_, domain, _ := strings.Cut(c.Canonical, "@")
	to, err := s.Social.Connectors.OfDomain(v.r.Context(), domain, v.clientID())
	if err != nil || to == nil {
		return false, err
	}
	return true, s.depart(v, to.ID, c.Value)
}

// returned brings somebody back to a page of ours, which goes on to another, with what went wrong. By a redirect, so that the page can be loaded again:
// what is in the address of a callback works once.
func (s *Server) returned(v visit, path, to, connector string, err error) error {
	known, ok := kind.As(err)
	if !ok || !slices.Contains(elsewhere, known.Code) {
		return err
	}
	event := web.EventOf(v.r.Context())
	event.Set("error", known.Code)
	event.Set("cause", err.Error())
	query := url.Values{"elsewhere": {known.Code}, "door": {connector}}
	if to != "" {
		query.Set("to", to)
	}
	if v.interaction != nil {
		query.Set("interaction", v.interaction.Handle)
	}
	return s.Web.Redirect(v.w, path, query)
}

// FederationCallback is where a connector's provider sends the browser back to, by GET or POST. A POST from elsewhere comes
// without our cookie: what it brought waits until the browser asks for the same address by GET.
func (s *Server) FederationCallback(w http.ResponseWriter, r *http.Request) error {
	connector := r.PathValue("connector")
	values := r.URL.Query()
	if r.Method == http.MethodPost {
		r.Body = http.MaxBytesReader(w, r.Body, maxAnswer)
		if err := r.ParseForm(); err != nil {
			return &web.PageError{Status: http.StatusBadRequest, Code: "invalid_request", Message: "error.request", Err: errors.New("the form can't be read")}
		}
		values = r.PostForm
	}
	answer, err := social.AnswerOf(values)
	if err != nil {
		return err
	}
	if r.Method == http.MethodPost {
		if err := s.Social.Park(r.Context(), connector, answer); err != nil {
			return err
		}
		return s.Web.Redirect(w, issuer.PathFederation+"/"+connector+"/callback", url.Values{"state": {answer.State}})
	}
	back, err := s.Social.Finish(r.Context(), connector, s.Web.Browser(w, r), answer)
	v := visit{w: w, r: r}
	if back.Purpose == "" {
		return err
	}
	if back.Connector != nil { // of others, strangers choose the name
		s.Web.Metrics.Upstream(connector, outcome(err))
	}
	if back.Purpose != storage.FederationSignIn {
		return s.came(v, back, err)
	}
	v, failure := s.resume(v, back.Interaction)
	if failure != nil {
		return failure
	}
	if err == nil {
		err = s.arrived(v, back)
	}
	if err != nil {
		return s.returned(v, issuer.PathLogin, "", connector, err)
	}
	return nil
}

// outcome is how an error is counted.
func outcome(err error) string {
	if err == nil {
		return "ok"
	}
	return kind.Code(err)
}

// maxAnswer bounds what a provider posts: a code, a state, a name.
const maxAnswer = 32 << 10

// arrived signs in whom a provider vouches for.
func (s *Server) arrived(v visit, back social.Back) error {
	a, err := s.Social.Arrive(v.r.Context(), back.Who, social.Arrival{ClientID: back.ClientID, Locale: web.LocaleOf(v.r.Context())})
	if err != nil {
		return err
	}
	if a.Step == social.Offer {
		return kind.New(kind.Exists, "federation.exists")
	}
	return s.proceed(v, a.Proof, "")
}
