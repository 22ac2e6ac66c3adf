package pages

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"

	"pratu/flows/issuer"
	"pratu/flows/kind"
	"pratu/flows/passkeys"
	"pratu/flows/signin"
	"pratu/server/web"
)

// passkeyAsk is the question of a page that can be signed in to with a passkey.
func (s *Server) passkeyAsk(v visit, action string) (*PasskeyAsk, error) {
	if !s.Passkeys.On() {
		return nil, nil
	}
	ask, err := s.Passkeys.AskSignIn(s.Web.Browser(v.w, v.r))
	if err != nil {
		return nil, err
	}
	return s.asking(ask, action, issuer.PathPasskeyOptions)
}

func (s *Server) asking(ask passkeys.Ask, action, renew string) (*PasskeyAsk, error) {
	text, err := ask.JSON()
	p := &PasskeyAsk{Action: s.Web.Issuer.Path() + action, JSON: text, Origin: s.Web.Issuer.Origin(), RPID: s.Passkeys.RPID}
	if renew != "" {
		p.Renew = s.Web.Issuer.Path() + renew
	}
	return p, err
}

// PasskeyOptions is GET /login/passkey/options: a fresh question for a page that has been open for a while.
func (s *Server) PasskeyOptions(w http.ResponseWriter, r *http.Request) error {
	if !s.Passkeys.On() {
		return s.NotFound(w, r)
	}
	ask, err := s.Passkeys.AskSignIn(s.Web.Browser(w, r))
	if err != nil {
		return err
	}
	return writeJSON(w, ask)
}

func writeJSON(w http.ResponseWriter, v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_, _ = w.Write(raw)
	return nil
}

// PasskeyAgain is GET /login/passkey: a refused answer's page that is loaded again.
func (s *Server) PasskeyAgain(w http.ResponseWriter, r *http.Request) error {
	v, err := s.visit(w, r)
	if err != nil {
		return err
	}
	http.Redirect(w, r, s.Web.Issuer.Origin()+s.to(v, issuer.PathLogin), http.StatusSeeOther)
	return nil
}

// PasskeyPost is POST /login/passkey.
func (s *Server) PasskeyPost(w http.ResponseWriter, r *http.Request) error {
	v, err := s.visit(w, r)
	if err != nil {
		return err
	}
	proof, err := s.passkey(v)
	if err == nil {
		err = s.proceed(v, proof, "")
	}
	if err != nil {
		sessions, failure := s.sessions(r, "")
		if failure != nil {
			return failure
		}
		page, failure := s.signInView(v, sessions)
		if failure != nil {
			return failure
		}
		forget(page.Passkey, err)
		return s.refuse(v, signInPage, page, err)
	}
	return nil
}

func (s *Server) passkey(v visit) (signin.Proof, error) {
	answer := passkeys.Answer{
		State: v.r.PostForm.Get("state"), Credential: v.r.PostForm.Get("credential"), Browser: s.Web.Browser(v.w, v.r),
		IP: web.Address(v.r.Context()),
	}
	if v.interaction != nil {
		answer.ClientID = v.interaction.Client.ID
	}
	return s.Passkeys.SignIn(v.r.Context(), answer)
}

// forget lets the browser drop a passkey that nobody has any more.
func forget(ask *PasskeyAsk, err error) {
	if known, ok := kind.As(err); ok && ask != nil && known.Code == "passkey.unknown" {
		ask.Unknown, _ = known.Args["credential"].(string)
	}
}

// confirmByPasskey adds to the page what the account can confirm with.
func (s *Server) confirmByPasskey(m member, page *Confirm) error {
	if !s.Passkeys.On() {
		return nil
	}
	ways, err := s.Passkeys.WaysIn(m.r.Context(), m.account.ID)
	if err != nil {
		return err
	}
	if ways.Passkeys > 0 {
		page.Passkey, err = s.passkeyAsk(m.visit, issuer.PathAccountConfirmPasskey)
	}
	return err
}

// ConfirmPasskey is POST /account/confirm/passkey.
func (s *Server) ConfirmPasskey(w http.ResponseWriter, r *http.Request) error {
	m, ok, err := s.enter(w, r, issuer.PathAccountConfirm)
	if err != nil || !ok {
		return err
	}
	page, err := s.confirmView(m)
	if err != nil {
		return err
	}
	proof, err := s.passkey(m.visit)
	if err == nil && proof.AccountID != m.account.ID {
		err = kind.New(kind.Unauthorized, "passkey.other_account")
	}
	if err == nil {
		err = s.confirmed(m, proof, page.To)
	}
	if err != nil {
		forget(page.Passkey, err)
		return s.refuse(m.visit, confirmPage, page, err)
	}
	return nil
}

// canPasskeys is what a form's [passkeys] says where the browser can make one.
const canPasskeys = "1"

// offers tells whether somebody who just typed a password should be asked once to make a passkey. The form says whether
// the browser can; people without scripts are never sent to a page that has nothing for them.
func (s *Server) offers(v visit, p signin.Proof) bool {
	return s.Passkeys.On() && v.r.PostForm.Get("passkeys") == canPasskeys && slices.Contains(p.AMR, signin.AMRPassword) && !s.Web.PasskeyOffered(v.r)
}

const passkeyOfferPage = "passkey-offer"

// PasskeyOffer is GET /login/passkey/offer.
func (s *Server) PasskeyOffer(w http.ResponseWriter, r *http.Request) error {
	m, ok, err := s.offered(w, r)
	if err != nil || !ok {
		return err
	}
	page, err := s.offerView(m)
	if err != nil {
		return err
	}
	s.Web.SetPasskeyOffered(w)
	return s.show(m.visit, http.StatusOK, passkeyOfferPage, page)
}

// offered is who may be offered a passkey: signed in just now, with all factors there are, and without one. Everybody else
// goes on.
func (s *Server) offered(w http.ResponseWriter, r *http.Request) (m member, ok bool, err error) {
	if m.visit, err = s.visit(w, r); err != nil {
		return m, false, err
	}
	if m.session, ok, err = s.owner(m.visit); err != nil || !ok {
		return m, false, err
	}
	if m.account, err = s.Accounts.Load(r.Context(), m.session.AccountID); err != nil {
		return m, false, err
	}
	ways, err := s.Passkeys.WaysIn(r.Context(), m.account.ID)
	if err != nil {
		return m, false, err
	}
	if !s.Passkeys.On() || ways.Passkeys > 0 || half(m) || s.Now().Sub(m.session.AuthTime.Time()) > freshFor {
		return m, false, s.goOn(m.visit)
	}
	return m, true, nil
}

func (s *Server) goOn(v visit) error {
	if v.interaction == nil {
		return s.account(v, "")
	}
	return s.Web.Continue(v.w, v.r, v.interaction.Handle)
}

func (s *Server) offerView(m member) (*PasskeyOffer, error) {
	page := &PasskeyOffer{OnURL: s.to(m.visit, issuer.PathAccount)}
	if m.interaction != nil {
		page.OnURL = s.to(m.visit, issuer.PathContinue)
	}
	page.SignedIn = name(m.account)
	browser := s.Web.Browser(m.w, m.r)
	ask, err := s.Passkeys.AskRegister(m.r.Context(), m.account, browser, false)
	if err != nil {
		return nil, err
	}
	quiet, err := s.Passkeys.AskRegister(m.r.Context(), m.account, browser, true)
	if err != nil {
		return nil, err
	}
	if page.Create, err = s.asking(ask, issuer.PathPasskeyOffer, ""); err != nil {
		return nil, err
	}
	page.Create.Quiet, err = quiet.JSON()
	return page, err
}

// PasskeyOfferPost is POST /login/passkey/offer.
func (s *Server) PasskeyOfferPost(w http.ResponseWriter, r *http.Request) error {
	m, ok, err := s.offered(w, r)
	if err != nil || !ok {
		return err
	}
	if err := s.register(m); err != nil {
		page, failure := s.offerView(m)
		if failure != nil {
			return failure
		}
		return s.refuse(m.visit, passkeyOfferPage, page, err)
	}
	if m.interaction == nil {
		return s.done(m, issuer.PathAccountPasskeys, passkeyAdded)
	}
	return s.goOn(m.visit)
}

func (s *Server) register(m member) error {
	called := signin.Device(m.r.UserAgent())
	if called == "" {
		called = s.Web.Renderer.Text(web.LocaleOf(m.r.Context()), "passkey.unnamed", nil)
	}
	return s.Passkeys.Register(m.r.Context(), passkeys.Registration{
		Account: m.account, State: m.r.PostForm.Get("state"), Credential: m.r.PostForm.Get("credential"),
		Browser: s.Web.Browser(m.w, m.r), Name: called, Device: signin.Device(m.r.UserAgent()),
	})
}

// PasskeyEndpoints is GET /.well-known/passkey-endpoints, by which password managers find where passkeys are made.
func (s *Server) PasskeyEndpoints(w http.ResponseWriter, _ *http.Request) error {
	at := s.Web.Issuer.URL(issuer.PathAccountPasskeys)
	return writeJSON(w, map[string]string{"enroll": at, "manage": at})
}

// ChangePassword is GET /.well-known/change-password.
func (s *Server) ChangePassword(w http.ResponseWriter, _ *http.Request) error {
	return s.Web.Redirect(w, issuer.PathAccountPassword, url.Values{})
}
