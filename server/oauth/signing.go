package oauth

import (
	"context"
	"errors"
	"net/http"

	"pratu/flows/authorize"
	"pratu/flows/oidc"
	"pratu/server/web"
	"pratu/storage"
)

// errDetour undoes a sign-in whose request can't be answered in its transaction. It has to be done again, by way of Continue,
// where the person or the relying party hears why.
var errDetour = errors.New("oauth: no answer in the transaction of the sign-in")

// signing is a sign-in for a request that waits.
type signing struct {
	*Server
	waiting *authorize.Interaction
	request *oidc.Request // nil: by way of Continue
	answer  *oidc.Redirect
}

// SigningIn is what a sign-in for a waiting request does besides beginning a session: join in its transaction, and next when
// that is over. Where nothing else is asked of the person the request is answered in the same transaction: a commit and a
// request of the browser less than by way of Continue, which decides all else. When begin fails because there can be no
// answer, it is called again with a join that gives none.
func (s *Server) SigningIn(r *http.Request, i *authorize.Interaction, begin func(authorize.Joined) error) (next web.Handler, err error) {
	g := &signing{Server: s, waiting: i}
	request, err := s.resume(r.Context(), i.Params, i.Waiting)
	if err == nil && request.DeviceID == "" && request.ResponseMode != authorize.ModeFormPost { // those answers are pages
		g.request = request
	}
	if err = begin(g.join); errors.Is(err, errDetour) || oidc.RequestSpent(err) {
		g.request, g.answer = nil, nil
		err = begin(g.join)
	}
	return g.next, err
}

func (g *signing) join(ctx context.Context, session storage.SessionView) error {
	g.answer = nil // of a transaction that is repeated
	if g.request != nil {
		if err := g.issue(ctx, session); err != nil || g.answer != nil {
			return err
		}
	}
	return g.Authorize.SigningIn(g.waiting)(ctx, session)
}

// issue answers the request if the sign-in was all that it needed.
func (g *signing) issue(ctx context.Context, session storage.SessionView) error {
	views, err := g.Signin.Signed(ctx, session, g.request.Client.ID)
	if err != nil {
		return err
	}
	state := g.Authorize.SignedIn(g.waiting.Waiting, session.Session)
	if state.Sessions, err = g.sessions(ctx, g.request.Client, views); err != nil {
		return err
	}
	step := authorize.Next(&g.request.Request, state, g.Now())
	if step.Kind != authorize.Issue {
		return nil
	}
	answer, err := g.Provider.Issue(ctx, g.request, step.Session, &g.waiting.Waiting)
	switch {
	case oidc.InteractionSpent(err):
		return authorize.Spent(err)
	case err != nil:
		return errors.Join(errDetour, err)
	}
	g.answer = &answer
	return nil
}

// next goes on after the transaction.
func (g *signing) next(w http.ResponseWriter, r *http.Request) error {
	if g.answer == nil {
		return g.Web.Continue(w, r, g.waiting.Handle)
	}
	g.Web.Carry(w, r, g.waiting.Handle, "")
	return g.issued(w, r, g.request, *g.answer)
}
