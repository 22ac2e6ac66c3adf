package oidc

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/ory/fosite"

	"pratu/flows/clients"
	"pratu/storage"
)

// Tokens is a successful answer of the token endpoint (RFC 6749 section 5.1).
type Tokens struct {
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int64  `json:"expires_in"`
	RefreshToken string `json:"refresh_token,omitempty"`
	IDToken      string `json:"id_token,omitempty"`
	Scope        string `json:"scope,omitempty"`
	IssuedType   string `json:"issued_token_type,omitempty"` // RFC 8693 section 2.2.1
}

var grantTypes = []string{clients.GrantCode, clients.GrantRefresh, clients.GrantClientCredentials, clients.GrantDevice, clients.GrantExchange}

// Token answers a token request of an authenticated client.
func (p *Provider) Token(ctx context.Context, c *clients.Client, form url.Values) (*Tokens, error) {
	grantType := form.Get("grant_type")
	switch {
	case grantType == "":
		return nil, refuse(InvalidRequest, "grant_type is missing")
	case !slices.Contains(grantTypes, grantType):
		return nil, refuse(UnsupportedGrant, "the grant types are "+strings.Join(grantTypes, ", "))
	}
	if !c.Allows(grantType) {
		return nil, refuse(UnauthorizedClient, "the client is not registered for this grant type")
	}
	u := &unit{client: c, now: p.Now()}
	var err error
	switch grantType {
	case clients.GrantCode:
		err = p.prepareCode(ctx, u, form)
	case clients.GrantDevice:
		form, err = p.prepareDevice(ctx, u, form)
	case clients.GrantRefresh:
		return p.refresh(ctx, c, form)
	case clients.GrantExchange:
		return p.exchangeToken(ctx, c, form)
	default:
		err = prepareMachine(u, form)
	}
	if err != nil {
		return nil, err
	}
	return p.exchange(ctx, u, form)
}

// exchange lets fosite do the rest with what was found right.
func (p *Provider) exchange(ctx context.Context, u *unit, form url.Values) (*Tokens, error) {
	ctx = withUnit(ctx, u)
	request := &http.Request{Method: http.MethodPost, URL: &url.URL{}, Header: http.Header{}, Form: form, PostForm: engineForm(form)}
	access, err := p.engine.NewAccessRequest(ctx, request, newSession(u.grant))
	if err != nil {
		return nil, answer(err)
	}
	if u.grant == nil { // fosite leaves granting the scopes of client_credentials to us
		for _, scope := range u.scopes {
			access.GrantScope(scope)
		}
	}
	response, err := p.engine.NewAccessResponse(ctx, access)
	if err != nil {
		if errors.Is(err, errSpent) {
			return nil, err
		}
		return nil, answer(err)
	}
	t := &Tokens{
		AccessToken: response.GetAccessToken(), TokenType: "Bearer", Scope: strings.Join(u.scopes, " "),
		ExpiresIn: access.GetSession().GetExpiresAt(fosite.AccessToken).Unix() - u.now.Unix(),
	}
	t.RefreshToken, _ = response.GetExtra("refresh_token").(string)
	t.IDToken, _ = response.GetExtra("id_token").(string)
	return t, nil
}

// engineForm is what fosite needs to see. Scope and audience are decided before.
func engineForm(form url.Values) url.Values {
	out := url.Values{}
	for _, name := range []string{"grant_type", "code", "redirect_uri", "code_verifier", "refresh_token"} {
		if v := form.Get(name); v != "" {
			out.Set(name, v)
		}
	}
	return out
}

// prepareCode judges a code before fosite does, because fosite revokes the owner's tokens for any replay, and forgets
// the challenge at the first wrong verifier. A replay revokes only when all else of it is right (OAuth 2.1 section 7.5.2).
func (p *Provider) prepareCode(ctx context.Context, u *unit, form url.Values) error {
	code := form.Get("code")
	if code == "" {
		return refuse(InvalidRequest, "code is missing")
	}
	g, err := p.grantOfCode(ctx, u, code)
	if errors.Is(err, storage.ErrNotFound) {
		return errGrant(err)
	}
	if err != nil {
		return err
	}
	if u.form, err = url.ParseQuery(g.Form); err != nil {
		return err
	}
	u.grant = &g
	switch {
	case g.ClientID != u.client.ID:
		return errGrant(errors.New("code of another client"))
	case u.form.Get("redirect_uri") != form.Get("redirect_uri"):
		return errGrant(errors.New("redirect_uri differs"))
	case !proven(u.form.Get("code_challenge"), form.Get("code_verifier")):
		if err := p.failProof(ctx, u); err != nil {
			return err
		}
		return errGrant(errors.New("code_verifier is wrong"))
	case !g.CodeUsedAt.IsZero():
		if err := p.Store.InTx(ctx, func(ctx context.Context) error { return p.endGrant(ctx, g.ID, u.client.ID, "code.replayed") }); err != nil {
			return err
		}
		return errGrant(errors.New("code was used before"))
	case u.over():
		return errGrant(errors.New("code has expired, or its grant, consent or account has ended"))
	}
	return u.narrow(form)
}

// proven compares a verifier with the challenge. A verifier without a challenge is refused too: it would hide that the
// challenge was taken out of the request (RFC 9700 section 4.8.2).
func proven(challenge, codeVerifier string) bool {
	if challenge == "" {
		return codeVerifier == ""
	}
	if !verifier.MatchString(codeVerifier) {
		return false
	}
	return subtle.ConstantTimeCompare([]byte(s256(codeVerifier)), []byte(challenge)) == 1
}

// s256 is the challenge of a verifier (RFC 7636 section 4.2).
func s256(codeVerifier string) string {
	sum := sha256.Sum256([]byte(codeVerifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// narrow sets what the access token is for: everything granted, or the part that the request asks for.
func (u *unit) narrow(form url.Values) error {
	u.scopes, u.audience = strings.Fields(u.grant.Scopes), strings.Fields(u.grant.Audience)
	if asked := u.client.ReadScopes(form.Get("scope")); len(asked) > 0 && form.Get("grant_type") == clients.GrantRefresh {
		if !within(asked, u.scopes) {
			return refuse(InvalidScope, "the scope is wider than what was granted")
		}
		u.scopes = asked
	}
	if asked := form["resource"]; len(asked) > 0 {
		if !within(asked, u.audience) {
			return refuse(InvalidTarget, "the resource is not among those that were granted")
		}
		u.audience = asked
	}
	return nil
}

func within(asked, granted []string) bool {
	return !slices.ContainsFunc(asked, func(a string) bool { return !slices.Contains(granted, a) })
}

// peopleScopes make no sense without a person.
var peopleScopes = []string{"openid", "profile", "email", "phone", "address", "offline_access"}

// prepareMachine judges a client_credentials request: no statement is needed for it.
func prepareMachine(u *unit, form url.Values) error {
	allowed := slices.DeleteFunc(u.client.Scopes(), func(s string) bool { return slices.Contains(peopleScopes, s) })
	u.scopes = allowed
	if asked := slices.Compact(u.client.ReadScopes(form.Get("scope"))); len(asked) > 0 {
		for _, scope := range asked {
			if !slices.Contains(allowed, scope) {
				return errScope(scope)
			}
		}
		u.scopes = asked
	}
	u.audience = u.client.Resources()
	if asked := form["resource"]; len(asked) > 0 {
		if err := checkResources(asked, u.client.Resources()); err != nil {
			return err
		}
		u.audience = asked
	}
	if u.client.Public() {
		return refuse(UnauthorizedClient, "client_credentials is for clients that authenticate")
	}
	return nil
}
