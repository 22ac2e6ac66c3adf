package pages

import (
	"net/http"
	"net/url"
	"slices"

	"pratu/flows/accounts"
	"pratu/flows/codes"
	"pratu/flows/contact"
	"pratu/flows/issuer"
	"pratu/flows/kind"
	"pratu/server/web"
	"pratu/storage"
)

// Contacts is "contacts" [contact, replace]; [remove=id] and [prefer=id] are about one of the list.
type Contacts struct {
	Portal
	Items   []ContactItem
	Replace *ContactItem // what the new one comes in place of
	Contact string       // as typed
	Phones  bool         // texts can be sent
}

// ContactItem is a contact and what may be done with it.
type ContactItem struct {
	Contact
	ID                    string
	Removable, Preferable bool
	ChangeURL             string
}

// ContactLink is "contact-link" [token]: the page behind a mailed link. Its GET consumes nothing.
type ContactLink struct {
	web.Frame
	Action, Token, Address string
	Mine                   bool // this browser is signed in to the account that gets the contact
	SignInURL              string
}

// NumberTaken is "number-taken" [take, code and the handle]: a proven number that another account has.
type NumberTaken struct {
	web.Frame
	Action    string
	Handle    web.Field
	Code      string // typed already
	Number    string // masked
	SignInURL string // it is the owner's other account; "" where somebody is signed in
}

const (
	contactsPage    = "contacts"
	contactLinkPage = "contact-link"
	takenPage       = "number-taken"
	numberTaken     = "contact.number_taken"
)

// Contacts is GET /account/contacts.
func (s *Server) Contacts(w http.ResponseWriter, r *http.Request) error {
	m, ok, err := s.change(w, r, issuer.PathAccountContacts)
	if err != nil || !ok {
		return err
	}
	return s.show(m.visit, http.StatusOK, contactsPage, s.contactsView(m))
}

func (s *Server) contactsView(m member) *Contacts {
	page := &Contacts{Portal: s.portal(m), Phones: s.Accounts.Phones(), Contact: m.r.PostForm.Get("contact")}
	several := map[string]int{} // of a kind, to choose from
	for _, c := range m.account.Contacts {
		if c.Verified {
			several[c.Kind]++
		}
	}
	for _, c := range m.account.Contacts {
		item := ContactItem{
			Contact: Contact{Kind: c.Kind, Value: c.Value, Verified: c.Verified, Preferred: c.Preferred && several[c.Kind] > 1}, ID: c.ID,
			Removable: s.Accounts.Removable(m.account, c), Preferable: c.Verified && !c.Preferred && several[c.Kind] > 1,
			ChangeURL: page.Action + "?" + url.Values{"replace": {c.ID}}.Encode() + "#contact",
		}
		page.Items = append(page.Items, item)
		if c.ID == field(m.r, "replace") {
			page.Replace = &item
		}
	}
	slices.SortStableFunc(page.Items, func(a, b ContactItem) int { return order(a.Contact) - order(b.Contact) })
	return page
}

// ContactsPost is POST /account/contacts: one is added, removed or preferred.
func (s *Server) ContactsPost(w http.ResponseWriter, r *http.Request) error {
	m, ok, err := s.change(w, r, issuer.PathAccountContacts)
	if err != nil || !ok {
		return err
	}
	switch {
	case s.language(&m.visit):
		return s.show(m.visit, http.StatusOK, contactsPage, s.contactsView(m))
	case r.PostForm.Has("remove"):
		return s.changed(m, "notice.contact_removed", s.Accounts.RemoveContact(r.Context(), m.account.ID, r.PostForm.Get("remove")))
	case r.PostForm.Has("prefer"):
		return s.changed(m, "notice.contact_preferred", s.Accounts.PreferContact(r.Context(), m.account.ID, r.PostForm.Get("prefer")))
	}
	handle, err := s.Accounts.BeginContact(r.Context(), accounts.NewContact{
		Account: m.account, Text: r.PostForm.Get("contact"), Replace: r.PostForm.Get("replace"), Browser: s.Web.Browser(w, r),
		Locale: web.LocaleOf(r.Context()), IP: web.Address(r.Context()),
	})
	if err != nil {
		return s.refuse(m.visit, contactsPage, s.contactsView(m), err)
	}
	return s.Web.Redirect(w, issuer.PathAccountContactsVerify, url.Values{"challenge": {handle}})
}

// changed tells what came of a change of the list.
func (s *Server) changed(m member, notice string, err error) error {
	if err != nil {
		return s.refuse(m.visit, contactsPage, s.contactsView(m), err)
	}
	return s.done(m, issuer.PathAccountContacts, notice)
}

// adding is the account's owner before a code for a new contact. Who began was fresh then, so nobody is asked again.
func (s *Server) adding(w http.ResponseWriter, r *http.Request) (member, *codes.Challenge, error) {
	m, ok, err := s.enter(w, r, issuer.PathAccountContactsVerify)
	if err != nil || !ok {
		return m, nil, err
	}
	c, err := s.Accounts.Codes.Load(r.Context(), codes.AddContact, field(r, "challenge"), s.Web.Browser(w, r))
	if err == nil && c.AccountID != m.account.ID { // another account of this browser is in use by now
		err = kind.New(kind.NotFound, "code.expired")
	}
	if err != nil {
		return m, nil, s.again(err, issuer.PathAccountContacts)
	}
	m.visit = m.at(url.Values{"challenge": {c.Handle}})
	return m, c, nil
}

func (s *Server) contactProveView(m member, c *codes.Challenge) *Prove {
	page := &Prove{
		Action: s.Web.Issuer.Path() + issuer.PathAccountContactsVerify, Challenge: c.Handle, Purpose: c.Purpose, Address: c.Address(),
		Phone: c.Contact.Kind == contact.Phone, StartURL: s.Web.Issuer.Path() + issuer.PathAccountContacts, DevMailURL: s.devMail(),
	}
	page.SignedIn = name(m.account)
	return page
}

// ContactVerify is GET /account/contacts/verify: the code, or what is behind the mailed link.
func (s *Server) ContactVerify(w http.ResponseWriter, r *http.Request) error {
	if r.URL.Query().Has("token") {
		return s.contactLink(w, r)
	}
	m, c, err := s.adding(w, r)
	if err != nil || c == nil {
		return err
	}
	page := s.contactProveView(m, c)
	page.Resent = r.URL.Query().Has("resent")
	return s.show(m.visit, http.StatusOK, provePage, page)
}

// ContactVerifyPost is POST /account/contacts/verify.
func (s *Server) ContactVerifyPost(w http.ResponseWriter, r *http.Request) error {
	if r.PostForm.Has("token") {
		return s.contactLinkPost(w, r)
	}
	m, c, err := s.adding(w, r)
	if err != nil || c == nil {
		return err
	}
	page := s.contactProveView(m, c)
	if r.PostForm.Has("resend") {
		if err := s.Accounts.ResendContact(r.Context(), c, web.LocaleOf(r.Context())); err != nil {
			return s.refuse(m.visit, provePage, page, s.again(err, issuer.PathAccountContacts))
		}
		return s.Web.Redirect(w, issuer.PathAccountContactsVerify, url.Values{"challenge": {c.Handle}, "resent": {"1"}})
	}
	code := r.PostForm.Get("code")
	if err := s.Accounts.Codes.Check(r.Context(), c, code); err != nil {
		return s.refuse(m.visit, provePage, page, err)
	}
	err = s.Accounts.AddContact(r.Context(), c, r.PostForm.Has("take"))
	if kind.Is(err, numberTaken) {
		taken := &NumberTaken{
			Action: page.Action, Handle: web.Field{Name: "challenge", Value: c.Handle}, Code: code, Number: page.Address,
		}
		taken.SignedIn = page.SignedIn
		return s.show(m.visit, http.StatusOK, takenPage, taken)
	}
	if err != nil {
		return s.refuse(m.visit, provePage, page, s.again(err, issuer.PathAccountContacts))
	}
	return s.done(m, issuer.PathAccountContacts, "notice.contact_added")
}

// contactLinked is what a mailed link is about. It adds nothing in a browser that isn't signed in to the account: whoever
// began may be a stranger who wants somebody else's address to count as theirs, and a click in the mail would do it.
func (s *Server) contactLinked(w http.ResponseWriter, r *http.Request) (visit, *codes.Challenge, *ContactLink, error) {
	v := visit{w: w, r: r}
	token := field(r, "token")
	c, err := s.Accounts.Codes.Linked(r.Context(), codes.AddContact, token, s.Web.Browser(w, r))
	if err != nil {
		return v, nil, nil, s.again(err, issuer.PathAccountContacts)
	}
	sessions, err := s.sessions(r, "")
	if err != nil {
		return v, nil, nil, err
	}
	base := s.Web.Issuer.Path()
	page := &ContactLink{
		Action: base + issuer.PathAccountContactsVerify, Token: token, Address: c.Contact.Value, SignInURL: base + issuer.PathLogin,
		Mine: slices.ContainsFunc(sessions, func(x storage.SessionView) bool { return x.AccountID == c.AccountID }),
	}
	if len(sessions) > 0 {
		page.SignInURL = base + issuer.PathSelectAccount
	}
	return v.at(url.Values{"token": {token}}), c, page, nil
}

func (s *Server) contactLink(w http.ResponseWriter, r *http.Request) error {
	v, _, page, err := s.contactLinked(w, r)
	if err != nil {
		return err
	}
	return s.show(v, http.StatusOK, contactLinkPage, page)
}

func (s *Server) contactLinkPost(w http.ResponseWriter, r *http.Request) error {
	v, c, page, err := s.contactLinked(w, r)
	if err != nil {
		return err
	}
	if !page.Mine {
		return s.show(v, http.StatusForbidden, contactLinkPage, page)
	}
	if err := s.Accounts.AddContact(r.Context(), c, false); err != nil {
		return s.refuse(v, contactLinkPage, page, s.again(err, issuer.PathAccountContacts))
	}
	return s.account(v, "notice.contact_added")
}
