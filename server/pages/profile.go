package pages

import (
	"net/http"
	"slices"

	"pratu/flows/accounts"
	"pratu/flows/issuer"
	"pratu/flows/kind"
	"pratu/server/web"
)

const profilePage = "profile"

// profileFields is the form, in its order.
var profileFields = []FieldGroup{
	{"name", []Field{
		{Name: "name", Autocomplete: "name"}, {Name: "given_name", Autocomplete: "given-name"}, {Name: "middle_name", Autocomplete: "additional-name"},
		{Name: "family_name", Autocomplete: "family-name"}, {Name: "nickname", Autocomplete: "nickname"}, {Name: "preferred_username", Autocomplete: "off"},
	}},
	{"about", []Field{
		{Name: "birthdate", Autocomplete: "bday"}, {Name: "gender", Autocomplete: "sex"}, {Name: "locale", Autocomplete: "language"},
		{Name: "zoneinfo", Autocomplete: "off"}, {Name: "website", Autocomplete: "url", Mode: "url"}, {Name: "profile", Autocomplete: "off", Mode: "url"},
		{Name: "picture", Autocomplete: "photo", Mode: "url"},
	}},
	{"address", []Field{
		{Name: "street_address", Autocomplete: "street-address", Lines: true}, {Name: "locality", Autocomplete: "address-level2"},
		{Name: "region", Autocomplete: "address-level1"}, {Name: "postal_code", Autocomplete: "postal-code"}, {Name: "country", Autocomplete: "country-name"},
		{Name: "formatted", Autocomplete: "off", Lines: true},
	}},
}

// profileView is the form with the values of somebody.
func (s *Server) profileView(m member, value func(name string) string) *Profile {
	page := &Profile{Portal: s.portal(m), Mails: m.account.Locale}
	for _, g := range profileFields {
		g.Fields = slices.Clone(g.Fields)
		for i := range g.Fields {
			g.Fields[i].Value = value(g.Fields[i].Name)
		}
		page.Groups = append(page.Groups, g)
	}
	return page
}

// Profile is GET /account/profile.
func (s *Server) Profile(w http.ResponseWriter, r *http.Request) error {
	m, ok, err := s.enter(w, r, issuer.PathAccountProfile)
	if err != nil || !ok {
		return err
	}
	return s.show(m.visit, http.StatusOK, profilePage, s.profileView(m, func(name string) string {
		if slices.Contains(accounts.AddressParts, name) {
			return m.account.AddressPart(name)
		}
		return m.account.Text(name)
	}))
}

// ProfilePost is POST /account/profile: the profile, or the language of messages.
func (s *Server) ProfilePost(w http.ResponseWriter, r *http.Request) error {
	m, ok, err := s.enter(w, r, issuer.PathAccountProfile)
	if err != nil || !ok {
		return err
	}
	if s.language(&m.visit) {
		return s.show(m.visit, http.StatusOK, profilePage, s.profileView(m, r.PostForm.Get))
	}
	if locale := r.PostForm.Get("mails"); r.PostForm.Has("mails") {
		if !web.KnownLocale(locale) {
			return kind.New(kind.Invalid, "form.tampered")
		}
		if err := s.Accounts.SetLocale(r.Context(), m.account.ID, locale); err != nil {
			return err
		}
		return s.done(m, issuer.PathAccountProfile, "notice.saved")
	}
	typed := map[string]string{}
	for _, g := range profileFields {
		for _, f := range g.Fields {
			if r.PostForm.Has(f.Name) {
				typed[f.Name] = r.PostForm.Get(f.Name)
			}
		}
	}
	if err := s.Accounts.UpdateProfile(r.Context(), m.account.ID, typed); err != nil {
		return s.refuse(m.visit, profilePage, s.profileView(m, r.PostForm.Get), err)
	}
	return s.done(m, issuer.PathAccountProfile, "notice.saved")
}
