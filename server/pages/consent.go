package pages

import (
	"net/http"
	"slices"

	"pratu/flows/accounts"
	"pratu/flows/clients"
	"pratu/flows/issuer"
	"pratu/flows/kind"
	"pratu/server/web"
	"pratu/storage"
)

// asked is what a consent page needs: an interaction and who is about to answer. Without somebody the dispatcher knows
// better what comes next.
func (s *Server) asked(w http.ResponseWriter, r *http.Request) (v visit, who storage.SessionView, ok bool, err error) {
	if v, err = s.visit(w, r); err != nil {
		return v, who, false, err
	}
	if v.interaction == nil {
		return v, who, false, kind.New(kind.NotFound, "interaction.unknown")
	}
	sessions, err := s.sessions(r, v.interaction.Client.ID)
	if err != nil {
		return v, who, false, err
	}
	i := 0
	if v.interaction.SessionID != "" {
		i = slices.IndexFunc(sessions, func(x storage.SessionView) bool { return x.ID == v.interaction.SessionID })
	}
	if i < 0 || i >= len(sessions) {
		return v, who, false, nil
	}
	return v, sessions[i], true, nil
}

// Consent is GET /consent.
func (s *Server) Consent(w http.ResponseWriter, r *http.Request) error {
	v, who, ok, err := s.asked(w, r)
	if err != nil {
		return err
	}
	if !ok {
		return s.Web.Continue(w, r, v.interaction.Handle)
	}
	if v.interaction.SessionID == "" {
		// From here on the request is about this person: choosing another account in another tab doesn't make the answer
		// to this page theirs.
		if err := s.Authorize.Chosen(r.Context(), v.interaction, who.ID); err != nil {
			return s.expired(err)
		}
	}
	a, err := s.Accounts.Load(r.Context(), who.AccountID)
	if err != nil {
		return err
	}
	var partners []storage.Binding
	if slices.Contains(v.interaction.Scopes, "references") {
		if partners, err = s.Directory.Bindings(r.Context(), a.ID, false); err != nil {
			return err
		}
	}
	called, identifier := person(a)
	page := &Consent{
		Name: called, Identifier: identifier, SwitchURL: s.to(v, issuer.PathSelectAccount),
		RedirectHost: web.Inert(v.interaction.RedirectHost), Device: v.interaction.Device, Unverified: v.interaction.Client.Unverified(),
		Unregistered: v.interaction.Client.Origin == clients.OriginDocument,
		Groups:       groups(v.interaction.Client, v.interaction.Scopes, v.interaction.ClaimNames, a, partners),
	}
	page.SignedIn = page.Name
	return s.show(v, http.StatusOK, "consent", page)
}

// consentFields are all that a consent form may say. What is allowed is what was asked: a form with more was tampered
// with (HP-20).
var consentFields = []string{"csrf", "interaction", "decision"}

// ConsentPost is POST /consent.
func (s *Server) ConsentPost(w http.ResponseWriter, r *http.Request) error {
	v, who, ok, err := s.asked(w, r)
	if err != nil {
		return err
	}
	for name, values := range r.PostForm {
		if !slices.Contains(consentFields, name) || len(values) != 1 {
			return kind.New(kind.Invalid, "form.tampered")
		}
	}
	decision := r.PostForm.Get("decision")
	switch {
	case decision == "allow" && v.interaction.SessionID == "":
		return s.Web.Continue(w, r, v.interaction.Handle) // the page was never shown
	case decision == "deny":
		err = s.deny(v)
	case decision == "allow" && ok:
		err = s.Authorize.Allow(r.Context(), v.interaction, who.AccountID, who.ID)
	case decision != "allow":
		return kind.New(kind.Invalid, "form.tampered")
	}
	if err != nil {
		return s.expired(err)
	}
	web.EventOf(r.Context()).Set("decision", decision)
	return s.Web.Continue(w, r, v.interaction.Handle)
}

// Groups of scopes on the consent page, in the order in which they are shown.
var scopeGroups = []struct {
	name   string
	scopes []string
}{
	{"identity", []string{"openid", "profile", "public_profile", "references"}},
	{"contact", []string{"email", "phone", "mobile", "contacts", "address"}},
	{"offline", []string{"offline_access"}},
}

// groups sorts what is asked for under its headings, each with what would be sent now. Scopes that nobody gave words to
// come last, under their ids, and claims that are asked for one by one or are the client's own, under their names.
func groups(c *clients.Client, scopes, claims []string, a *accounts.Account, partners []storage.Binding) []ConsentGroup {
	var list []ConsentGroup
	person := personOf(a)
	rest := slices.Clone(scopes)
	for _, g := range scopeGroups {
		group := ConsentGroup{Name: g.name}
		for _, scope := range g.scopes {
			if i := slices.Index(rest, scope); i >= 0 {
				rest = slices.Delete(rest, i, i+1)
				group.Items = append(group.Items, item(scope, values(scope, person, a, partners), tells(scope)))
			}
		}
		if len(group.Items) > 0 {
			list = append(list, group)
		}
	}
	other := ConsentGroup{Name: "other"}
	for _, scope := range slices.Compact(rest) {
		other.Items = append(other.Items, ConsentItem{Scope: web.Inert(scope)})
	}
	for _, told := range claims { // OpenID Connect Core section 5.5
		claim := clients.ClaimOf(told)
		if !covered(claim, scopes) {
			one := item(web.Inert(claim), toldBy(c, claim, scopes, person), true)
			one.Claim = true
			other.Items = append(other.Items, one)
		}
	}
	if len(other.Items) > 0 {
		list = append(list, other)
	}
	return list
}

// item is a line of the page. Where values belong and there are none, that is said: silence would leave open what is sent.
func item(scope string, values []string, tells bool) ConsentItem {
	return ConsentItem{Scope: scope, Values: values, Missing: tells && len(values) == 0}
}
