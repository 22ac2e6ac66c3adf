package social

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"time"

	"github.com/markbates/goth"
	"github.com/markbates/goth/providers/openidConnect"

	"pratu/flows/connectors"
	"pratu/flows/kind"
	"pratu/flows/secret"
	"pratu/storage"
)

// Answer is what a provider had the browser bring back.
type Answer struct {
	State, Code, Error, Issuer string
	User                       string // apple: the name, once
}

// AnswerOf reads the parameters of a callback. Each counts once.
func AnswerOf(q url.Values) (Answer, error) {
	for _, name := range []string{"state", "code", "error", "iss", "user"} {
		if len(q[name]) > 1 || len(q.Get(name)) > 8<<10 {
			return Answer{}, errState(errors.New(name + " is given twice, or is too long"))
		}
	}
	return Answer{State: q.Get("state"), Code: q.Get("code"), Error: q.Get("error"), Issuer: q.Get("iss"), User: q.Get("user")}, nil
}

// Park keeps what came by POST until the browser asks with its cookie: a POST from elsewhere carries none (SameSite=Lax).
func (s *Service) Park(ctx context.Context, connectorID string, a Answer) error {
	id, err := requestID(a.State)
	if err != nil {
		return err
	}
	raw, err := json.Marshal(a)
	if err != nil {
		return err
	}
	err = s.Store.ParkFederationAnswer(ctx, id, connectorID, s.Keyring.Seal(requestLabel, raw, id), storage.At(s.Now()))
	if errors.Is(err, storage.ErrNotFound) {
		return errState(err)
	}
	return err
}

func requestID(state string) (string, error) {
	if state == "" || len(state) > 128 {
		return "", errState(nil)
	}
	return secret.Hash(state), nil
}

// Back is somebody who came back: with who they are there, or, beside an error, where they were going.
type Back struct {
	Purpose     string
	Connector   *connectors.Connector // nil: it is gone
	Interaction string
	ClientID    string
	AccountID   string
	SessionID   string
	To          string
	Who         Identity
}

// Finish judges a way back. The request is spent before anything else is looked at, so an answer works once, right or wrong:
// kind.Invalid "federation.state"; kind.Forbidden "federation.other_browser", "federation.denied"; and what Identify says.
func (s *Service) Finish(ctx context.Context, connectorID, browser string, a Answer) (Back, error) {
	id, err := requestID(a.State)
	if err != nil {
		return Back{}, err
	}
	row, err := s.Store.UseFederationRequest(ctx, id, connectorID, storage.At(s.Now()))
	if errors.Is(err, storage.ErrNotFound) {
		return Back{}, errState(err)
	}
	if err != nil {
		return Back{}, err
	}
	if browser == "" || !secret.Equal(row.BrowserHash, secret.Hash(browser)) { // login CSRF
		return Back{}, kind.New(kind.Forbidden, "federation.other_browser")
	}
	b := Back{
		Purpose: row.Purpose, Interaction: row.Interaction, ClientID: row.ClientID, AccountID: row.AccountID, SessionID: row.SessionID,
	}
	keep := sealed{}
	if err := s.open(row.Sealed, row.ID, &keep); err != nil {
		return b, err
	}
	b.To = keep.To
	if row.Answer != "" {
		state := a.State
		if a = (Answer{}); s.open(row.Answer, row.ID, &a) != nil || a.State != state {
			return b, errState(nil)
		}
	}
	if b.Connector, err = s.Connectors.Get(ctx, connectorID); err != nil {
		return b, err
	}
	if b.Connector.UpdatedAt > row.CreatedAt || !b.Connector.For(row.ClientID) { // its answer may be another provider's by now
		return b, errState(errors.New("the connector was changed meanwhile"))
	}
	b.Who, err = s.identify(ctx, b.Connector, row, keep, a)
	return b, err
}

func (s *Service) open(text, id string, v any) error {
	raw, err := s.Keyring.Open(requestLabel, text, id)
	if err != nil {
		return err
	}
	return json.Unmarshal(raw, v)
}

// identify turns an answer into who somebody is: kind.Unauthorized "federation.refused", kind.Unavailable
// "federation.unavailable", within AnswerTime.
func (s *Service) identify(ctx context.Context, c *connectors.Connector, row storage.FederationRequest, keep sealed, a Answer) (who Identity, err error) {
	ctx, cancel := context.WithTimeout(ctx, AnswerTime)
	defer cancel()
	m, err := s.metadata(ctx, s.source(c))
	if err != nil {
		return who, err
	}
	if a.Issuer != "" && a.Issuer != m.Issuer && m.Issuer != "" || a.Issuer == "" && m.IssParameter { // RFC 9207
		return who, refused("callback", "it is another issuer's answer (iss)")
	}
	switch {
	case a.Error == "access_denied", a.Error == "user_cancelled_authorize", a.Error == "user_cancelled_login":
		return who, kind.New(kind.Forbidden, "federation.denied")
	case a.Error != "":
		return who, trouble("callback", errors.New("error"+errorOf([]byte(`{"error":"`+a.Error+`"}`))))
	case a.Code == "" || len(a.Code) > 4<<10:
		return who, refused("callback", "there is no code")
	}
	x := &exchange{ctx: ctx, s: s, c: c, m: m, verifier: keep.Verifier}
	if x.secret, err = s.clientSecret(c); err != nil {
		return who, err
	}
	claims, err := s.claims(x, keep, a)
	if err != nil {
		return who, err
	}
	if m.Issuer == "" && a.Issuer != "" && a.Issuer != word(claims, "iss") {
		return who, refused("callback", "it is another issuer's answer (iss)")
	}
	return s.identity(c, claims, keep, row)
}

// claims buys what the provider says with the code.
func (s *Service) claims(x *exchange, keep sealed, a Answer) (map[string]any, error) {
	switch x.c.Kind {
	case connectors.KindFacebook:
		return s.facebook(x, a)
	case connectors.KindLINE:
		return s.line(x, keep, a)
	case connectors.KindApple:
		return s.apple(x, keep, a)
	}
	return s.openID(x, keep, a)
}

// authorize has goth send the code.
func (s *Service) authorize(x *exchange, p goth.Provider, session goth.Session, a Answer) error {
	if _, err := session.Authorize(p, url.Values{"code": {a.Code}}); err != nil { // the code, and nothing else of the answer
		return x.trouble()
	}
	return nil
}

// openID is the way of OpenID Connect: what is signed counts.
func (s *Service) openID(x *exchange, keep sealed, a Answer) (map[string]any, error) {
	p, err := s.provider(x.c, x.m)
	if err != nil {
		return nil, err
	}
	oidc, session := p.(*openidConnect.Provider), &openidConnect.Session{}
	oidc.HTTPClient = x.client()
	if err := s.authorize(x, oidc, session, a); err != nil {
		return nil, err
	}
	claims, err := s.verifyIDToken(x.ctx, x.c, x.m, x.idToken, Wanted{
		Nonce: keep.Nonce, Audiences: []string{x.c.ClientID}, AccessToken: x.access, Policy: policy(x.c),
	})
	if err != nil {
		return nil, err
	}
	if x.c.Kind != connectors.KindOIDC || word(claims, "email") != "" || x.m.Userinfo == "" {
		return claims, nil
	}
	return s.profile(x, oidc, session, claims)
}

// profile asks userinfo, where the ID token says no address. Goth checks that it is about the same subject; what it says
// stands behind what was signed.
func (s *Service) profile(x *exchange, p goth.Provider, session *openidConnect.Session, signed map[string]any) (map[string]any, error) {
	user, err := p.FetchUser(session)
	if err != nil {
		return nil, x.trouble()
	}
	claims := map[string]any{}
	for name, value := range user.RawData {
		claims[name] = value
	}
	for name, value := range signed {
		claims[name] = value
	}
	return claims, nil
}

// trouble is why a call failed. What the provider refuses (4xx) is an answer; the rest may be better in a moment.
func (x *exchange) trouble() error {
	if x.cause == nil {
		return refused("exchange", "the answer isn't what it should be")
	}
	return kind.New(kind.Unavailable, "federation.unavailable").WithErr(x.cause)
}

// identity is whom the claims are about.
func (s *Service) identity(c *connectors.Connector, claims map[string]any, keep sealed, row storage.FederationRequest) (Identity, error) {
	v := variants[c.Kind]
	who := Identity{Connector: c, Email: address(claims), Claims: claims}
	who.Namespace, who.Subject = v.identify(c, claims)
	if who.Namespace == "" || who.Subject == "" || len(who.Namespace) > 1024 || len(who.Subject) > 1024 {
		return who, refused("identity", "no subject")
	}
	if who.Email != "" {
		who.Trust = Asserted
		if v.trusts(c, claims) {
			who.Trust = Authoritative
		}
	}
	if at, ok := claims["auth_time"].(float64); ok && at > 0 {
		who.AuthTime = time.Unix(int64(at), 0)
		if keep.Anew && who.AuthTime.Before(row.CreatedAt.Time().Add(-time.Minute)) {
			return who, refused("identity", "it is an old sign-in (auth_time)")
		}
	}
	return who, nil
}

// clientSecret is what proves us to a provider.
func (s *Service) clientSecret(c *connectors.Connector) (string, error) {
	if c.Kind == connectors.KindApple {
		return appleSecret(c, s.Now())
	}
	return c.Secret, nil
}
