package pages

import (
	"net/url"

	"pratu/flows/codes"
	"pratu/flows/contact"
	"pratu/flows/issuer"
	"pratu/flows/kind"
	"pratu/server/web"
)

// confirmView is the form for the account's password; for an account without one, for a code that is sent to it.
func (s *Server) confirmView(m member) (*Confirm, error) {
	page := &Confirm{Portal: s.portal(m), To: portalPath(field(m.r, "to")), Identifier: m.account.Identifier()}
	if err := s.confirmByPasskey(m, page); err != nil {
		return nil, err
	}
	if err := s.confirmDoors(m, page); err != nil {
		return nil, err
	}
	f, err := s.Signin.Factors(m.r.Context(), m.account.ID, "")
	if err != nil || f.Password {
		return page, err
	}
	page.ByCode = true
	if to, ok := s.confirmContact(m); ok {
		page.Address = contact.Mask(to)
	}
	handle := field(m.r, "challenge")
	if handle == "" {
		return page, nil
	}
	c, err := s.Signin.Codes.Load(m.r.Context(), codes.Confirm, handle, s.Web.Browser(m.w, m.r))
	if k := kind.Of(err); err != nil && k != kind.NotFound && k != kind.Forbidden {
		return nil, err
	}
	if err == nil && c.AccountID == m.account.ID { // else it is over: another one can be sent
		page.Challenge, page.Address, page.challenge = handle, c.Address(), c
		page.Resent = m.r.URL.Query().Has("resent")
	}
	return page, nil
}

// confirmContact is where a code goes: the verified address, or else the number.
func (s *Server) confirmContact(m member) (to contact.Contact, ok bool) {
	for _, c := range m.account.Contacts {
		if c.Verified && s.Signin.Codes.Reachable(c.Kind) && (!ok || c.Kind == contact.Email) {
			to, ok = contact.Stored(c.Kind, c.Value), true
		}
	}
	return to, ok
}

// confirmByCode sends a code, or judges it.
func (s *Server) confirmByCode(m member, page *Confirm) error {
	ctx := m.r.Context()
	switch {
	case page.challenge == nil: // whatever was typed belongs to a code that is over
		return s.confirmSend(m, page)
	case m.r.PostForm.Has("resend"):
		if err := s.Signin.Codes.Resend(ctx, page.challenge, "", ""); err != nil {
			return s.refuse(m.visit, confirmPage, page, err)
		}
		query := url.Values{"to": {page.To}, "challenge": {page.Challenge}, "resent": {"1"}}
		return s.Web.Redirect(m.w, issuer.PathAccountConfirm, query)
	}
	proof, err := s.Signin.Code(ctx, page.challenge, m.r.PostForm.Get("code"))
	if err == nil {
		err = s.confirmed(m, proof, page.To)
	}
	if err != nil {
		return s.refuse(m.visit, confirmPage, page, s.again(err, issuer.PathAccountConfirm))
	}
	return nil
}

func (s *Server) confirmSend(m member, page *Confirm) error {
	to, ok := s.confirmContact(m)
	if !ok {
		return s.refuse(m.visit, confirmPage, page, kind.New(kind.Invalid, "confirm.no_way"))
	}
	handle, err := s.Signin.Codes.Begin(m.r.Context(), codes.Request{
		Purpose: codes.Confirm, AccountID: m.account.ID, Contact: to, Browser: s.Web.Browser(m.w, m.r),
		Network: s.network(m.r), Locale: web.LocaleOf(m.r.Context()),
	})
	if err != nil {
		return s.refuse(m.visit, confirmPage, page, err)
	}
	return s.Web.Redirect(m.w, issuer.PathAccountConfirm, url.Values{"to": {page.To}, "challenge": {handle}})
}
