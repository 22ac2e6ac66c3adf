package pages

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"pratu/flows/accounts"
	"pratu/flows/clients"
	"pratu/flows/contact"
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
	called, identifier := person(a)
	page := &Consent{
		Name: called, Identifier: identifier, SwitchURL: s.to(v, issuer.PathSelectAccount),
		RedirectHost: web.Inert(v.interaction.RedirectHost), Device: v.interaction.Device, Unverified: v.interaction.Client.Unverified(),
		Unregistered: v.interaction.Client.Origin == clients.OriginDocument,
		Groups:       groups(v.interaction.Client, v.interaction.Scopes, v.interaction.ClaimNames, a),
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
func groups(c *clients.Client, scopes, claims []string, a *accounts.Account) []ConsentGroup {
	var list []ConsentGroup
	rest := slices.Clone(scopes)
	for _, g := range scopeGroups {
		group := ConsentGroup{Name: g.name}
		for _, scope := range g.scopes {
			if i := slices.Index(rest, scope); i >= 0 {
				rest = slices.Delete(rest, i, i+1)
				group.Items = append(group.Items, item(scope, values(scope, a), tells(scope)))
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
	for _, claim := range claims { // OpenID Connect Core section 5.5
		if !covered(claim, scopes) {
			told := item(web.Inert(claim), toldBy(c, claim, a), true)
			told.Claim = true
			other.Items = append(other.Items, told)
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

// tells are the scopes that send something of the account's.
func tells(scope string) bool {
	return slices.Contains([]string{"profile", "public_profile", "email", "phone", "mobile", "contacts", "address"}, scope)
}

// profileClaims are the parts of a profile that people know about themselves, in the order of the page.
var profileClaims = []string{
	"name", "given_name", "family_name", "middle_name", "nickname", "preferred_username", "profile", "picture", "website",
	"gender", "birthdate", "zoneinfo", "locale",
}

// covered tells whether a claim is told with one of the scopes already.
func covered(claim string, scopes []string) bool {
	scope := ""
	switch claim {
	case "email", "email_verified":
		scope = "email"
	case "phone_number", "phone_number_verified":
		scope = "phone"
	case "address":
		scope = "address"
	case "sub", "auth_time", "acr", "amr", "updated_at":
		return true
	default:
		if slices.Contains(profileClaims, claim) {
			scope = "profile"
		}
	}
	return scope != "" && slices.Contains(scopes, scope)
}

// values are what a scope would send now, as the person reads it.
func values(scope string, a *accounts.Account) (list []string) {
	switch scope {
	case "profile":
		for _, claim := range profileClaims {
			for _, v := range claimValues(claim, a) {
				if !slices.Contains(list, v) { // a name and its parts needn't be told twice
					list = append(list, v)
				}
			}
		}
	case "public_profile":
		list = slices.Concat(claimValues("name", a), claimValues("picture", a))
	case "contacts":
		for _, c := range a.Contacts {
			list = append(list, c.Value)
		}
	case "email":
		list = claimValues("email", a)
	case "phone", "mobile":
		list = claimValues("phone_number", a)
	case "address":
		list = claimValues("address", a)
	}
	return list
}

// toldBy is what a claim tells: of the client's own, the fields of the account that it is made of.
func toldBy(c *clients.Client, claim string, a *accounts.Account) (list []string) {
	if clients.ReservedClaim(claim) {
		return claimValues(claim, a)
	}
	if c == nil {
		return nil
	}
	for _, r := range c.Settings.Claims {
		if r.Claim != claim {
			continue
		}
		for _, field := range r.Fields() {
			list = append(list, fieldValues(field, a)...)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// fieldValues is what a rule's field tells; a claim has one of the same name, or there is none.
func fieldValues(field string, a *accounts.Account) []string {
	part, inAddress := strings.CutPrefix(field, "address.")
	switch {
	case field == "ssoid":
		return []string{strconv.FormatInt(a.SSOID, 10)}
	case field == "oid":
		return []string{a.OID}
	case field == "roles":
		return a.Roles
	case inAddress:
		address, _ := a.Profile["address"].(map[string]any)
		if text, _ := address[part].(string); text != "" {
			return []string{web.Inert(text)}
		}
		return nil
	}
	return claimValues(strings.TrimSuffix(field, "_verified"), a)
}

func claimValues(claim string, a *accounts.Account) []string {
	switch claim {
	case "email":
		return sent(contact.Email, a)
	case "phone_number":
		return sent(contact.Phone, a)
	case "name":
		if n := a.DisplayName(); n != "" {
			return []string{web.Inert(n)}
		}
		return nil
	case "address":
		address, _ := a.Profile["address"].(map[string]any)
		if text, _ := address["formatted"].(string); text != "" {
			return []string{web.Inert(text)}
		}
		var parts []string
		for _, part := range []string{"street_address", "locality", "region", "postal_code", "country"} {
			if text, _ := address[part].(string); text != "" {
				parts = append(parts, text)
			}
		}
		if len(parts) == 0 {
			return nil
		}
		return []string{web.Inert(strings.Join(parts, ", "))}
	}
	if v, ok := a.Profile[claim]; ok && v != nil && v != "" {
		return []string{web.Inert(fmt.Sprint(v))}
	}
	return nil
}

// sent is the contact of a kind that relying parties get: a verified one before a note, the preferred one before others.
func sent(contactKind string, a *accounts.Account) []string {
	var found *accounts.Contact
	for i, c := range a.Contacts {
		if c.Kind != contactKind {
			continue
		}
		if found == nil || c.Verified && !found.Verified || c.Verified == found.Verified && c.Preferred && !found.Preferred {
			found = &a.Contacts[i]
		}
	}
	if found == nil {
		return nil
	}
	return []string{found.Value}
}
