package authorize

import (
	"slices"
	"time"
)

// Kind of a step.
type Kind int

// Steps. Login, Select, Factor and Consent need a person; Issue and Refuse answer the relying party.
const (
	Login Kind = iota
	Select
	Factor // the second one, for a session of a single factor
	Consent
	Issue
	Refuse
)

// Errors that the decision answers with (OpenID Connect Core section 3.1.2.6).
const (
	ErrAccessDenied    = "access_denied"
	ErrLoginRequired   = "login_required"
	ErrConsentRequired = "consent_required"
	ErrUnmetACR        = "unmet_authentication_requirements"
)

// Step is what comes next. Session is the one it is about; a Login without one is for somebody who isn't signed in here. An
// inactive Session of a refusal has to be ended.
type Step struct {
	Kind    Kind
	Session Session
	Error   string
}

// Next decides what a request needs. It is the only place where that is decided.
func Next(r *Request, s State, now time.Time) Step {
	session, found := s.current(r)
	switch {
	case s.Denied && found && r.acr(session) == acrUnmet: // at the page that asked for a second factor
		return Step{Kind: Refuse, Error: ErrUnmetACR}
	case s.Denied:
		return Step{Kind: Refuse, Error: ErrAccessDenied}
	}
	if found && !session.Active {
		return Step{Kind: Refuse, Error: ErrAccessDenied, Session: session}
	}
	if !r.reachable() {
		return Step{Kind: Refuse, Error: ErrUnmetACR, Session: session}
	}
	silent := r.Prompts(PromptNone)
	fresh := found && s.SessionID == session.ID && !s.SignedInAt.IsZero() && !s.SignedInAt.Before(r.RequestedAt)
	if r.Prompts(PromptSelectAccount) && found && !fresh && (s.SelectedAt.IsZero() || s.SelectedAt.Before(r.RequestedAt)) {
		return Step{Kind: Select, Session: session}
	}
	if needsLogin(r, s, session, found, fresh, now) {
		if silent || fresh {
			return Step{Kind: Refuse, Error: ErrLoginRequired, Session: session}
		}
		if !s.meant(r, session) {
			session = Session{}
		}
		return Step{Kind: Login, Session: session}
	}
	switch acr := r.acr(session); {
	case acr == acrUnmet && silent: // the same as for a wrong hint, see below
		return Step{Kind: Refuse, Error: ErrLoginRequired, Session: session}
	case acr == acrUnmet, acr == acrWished && session.SecondFactor && !silent:
		return Step{Kind: Factor, Session: session}
	}
	if !consented(r, s, session) {
		if silent && s.Hinted { // the same as for a wrong hint: else any client could find out whose address it is
			return Step{Kind: Refuse, Error: ErrLoginRequired, Session: session}
		}
		if silent {
			return Step{Kind: Refuse, Error: ErrConsentRequired, Session: session}
		}
		return Step{Kind: Consent, Session: session}
	}
	session.ACR = r.answered(session.ACR)
	return Step{Kind: Issue, Session: session}
}

// current is the session that the request is about: the one chosen for it, else the one of the hinted subject or account,
// else the one in use.
func (s State) current(r *Request) (Session, bool) {
	match := func(fits func(Session) bool) (Session, bool) {
		if i := slices.IndexFunc(s.Sessions, fits); i >= 0 {
			return s.Sessions[i], true
		}
		return Session{}, false
	}
	if s.SessionID != "" {
		return match(func(x Session) bool { return x.ID == s.SessionID })
	}
	if r.Subject != "" {
		if session, found := match(func(x Session) bool { return x.Subject == r.Subject }); found {
			return session, true
		}
	} else if s.HintAccount != "" {
		if session, found := match(func(x Session) bool { return x.AccountID == s.HintAccount }); found {
			return session, true
		}
	}
	return match(func(Session) bool { return true })
}

// needsLogin tells whether somebody has to sign in. A sign-in that happened for this very request satisfies prompt=login
// and any max_age.
func needsLogin(r *Request, s State, session Session, found, fresh bool, now time.Time) bool {
	switch {
	case !found, !s.meant(r, session):
		return true
	case fresh:
		return false
	case r.Prompts(PromptLogin):
		return true
	}
	return r.MaxAge != nil && (*r.MaxAge == 0 || now.Sub(session.AuthTime) > time.Duration(*r.MaxAge)*time.Second)
}

// meant tells whether a session is of whom the request is for. A subject binds; login_hint only keeps us from answering
// for somebody else unasked: whom the person chose or signed in as for this request is meant.
func (s State) meant(r *Request, session Session) bool {
	switch {
	case r.Subject != "":
		return session.Subject == r.Subject
	case s.SessionID != "" || !s.Hinted:
		return true
	}
	return session.AccountID == s.HintAccount
}

// consented tells whether the person agreed to what is asked: just now, or in a consent that is remembered and covers it.
func consented(r *Request, s State, session Session) bool {
	now := s.SessionID == session.ID && !s.ConsentedAt.IsZero() && !s.ConsentedAt.Before(r.RequestedAt)
	switch {
	case now && covers(s.Consented, r.Scopes):
		return true
	case r.Prompts(PromptConsent):
		return false
	case r.Client.FirstParty():
		return true
	}
	return r.assured() && covers(session.ConsentScopes, r.Scopes) && covers(session.ConsentClaims, r.ClaimNames)
}

func covers(granted, asked []string) bool {
	for _, a := range asked {
		if !slices.Contains(granted, a) {
			return false
		}
	}
	return len(granted) > 0 || len(asked) == 0
}
