package social

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"pratu/flows/connectors"
	"pratu/flows/outbound"
)

// Tokens that say nothing by themselves: their provider is asked whose they are, and for which application. An answer of
// userinfo alone would be the confused deputy: any application's token of the victim would do (Salt Labs, 2023).

// call is a GET, or a POST with a form.
func (s *Service) call(ctx context.Context, u *url.URL, form url.Values, header map[string]string) (*outbound.Response, error) {
	if form != nil {
		return s.Outbound.Post(ctx, u.String(), map[string]string{"Content-Type": "application/x-www-form-urlencoded"}, []byte(form.Encode()))
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, err
	}
	for name, value := range header {
		r.Header.Set(name, value)
	}
	return s.Outbound.Do(r)
}

// payloadOf is what a JWT says, unverified.
func payloadOf(token string) []byte {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return nil
	}
	return raw
}

// postedGoogle takes an ID token, or an access token that Google's tokeninfo knows as one of ours.
func (s *Service) postedGoogle(ctx context.Context, c *connectors.Connector, p Posted) (Vouched, error) {
	if isJWT(p.Token) {
		return s.vouch(ctx, c, p, "")
	}
	claims := map[string]any{}
	if err := s.ask(ctx, "tokeninfo", "https://oauth2.googleapis.com/tokeninfo", url.Values{"access_token": {p.Token}}, nil, &claims); err != nil {
		return Vouched{}, err
	}
	const step = "tokeninfo"
	audience, party := word(claims, "aud"), word(claims, "azp")
	switch {
	case !slices.Contains(c.Audiences(), audience) || party != "" && !slices.Contains(c.Audiences(), party): // GG-01
		return Vouched{}, refused(step, "it was issued to another application")
	case !future(claims["exp"], s.Now().Unix()):
		return Vouched{}, refused(step, "it is over")
	}
	return Vouched{Who: s.vouchedFor(c, claims)}, nil
}

// future tells whether an instant, a number or the text of one, is to come.
func future(v any, now int64) bool {
	switch v := v.(type) {
	case float64:
		return int64(v) > now
	case string:
		at, err := strconv.ParseInt(v, 10, 64)
		return err == nil && at > now
	}
	return false
}

// graph is Facebook's API.
const graph = "https://graph.facebook.com/" + graphVersion

// limited are the issuers of Limited Login's tokens; Facebook's documents name both.
var limited = map[string]string{
	"https://www.facebook.com":     "https://www.facebook.com/.well-known/oauth/openid/jwks/",
	"https://limited.facebook.com": "https://limited.facebook.com/.well-known/oauth/openid/jwks/",
}

// postedFacebook takes a user access token, or the ID token of a Limited Login.
func (s *Service) postedFacebook(ctx context.Context, c *connectors.Connector, p Posted) (Vouched, error) {
	if isJWT(p.Token) {
		return s.limitedLogin(ctx, c, p)
	}
	var debug debugged
	app := map[string]string{"Authorization": "Bearer " + c.ClientID + "|" + c.Secret}
	if err := s.ask(ctx, "debug_token", graph+"/debug_token?"+url.Values{"input_token": {p.Token}}.Encode(), nil, app, &debug); err != nil {
		return Vouched{}, err
	}
	id, err := debug.user(c, s.Now().Unix())
	if err != nil {
		return Vouched{}, err
	}
	claims := map[string]any{}
	proof := hmac.New(sha256.New, []byte(c.Secret)) // Facebook takes it only from whose token it is
	proof.Write([]byte(p.Token))
	query := url.Values{
		"fields": {"id,name,first_name,last_name,email"}, "access_token": {p.Token}, "appsecret_proof": {hex.EncodeToString(proof.Sum(nil))},
	}
	if err := s.ask(ctx, "me", graph+"/me?"+query.Encode(), nil, nil, &claims); err != nil {
		return Vouched{}, err
	}
	if word(claims, "id") != id { // FB-03
		return Vouched{}, refused("me", "it is about somebody else")
	}
	claims["given_name"], claims["family_name"] = claims["first_name"], claims["last_name"]
	return Vouched{Who: s.vouchedFor(c, claims)}, nil
}

// limitedLogin judges what iOS gives without the consent to tracking: an ID token. It carries the application's nonce, which
// has to be posted along.
func (s *Service) limitedLogin(ctx context.Context, c *connectors.Connector, p Posted) (Vouched, error) {
	issuer := peek(p.Token, "iss")
	keys, known := limited[issuer]
	if !known || p.Nonce == "" {
		return Vouched{}, refused("id_token", "its issuer is nobody who is let in, or no nonce was posted")
	}
	m := Metadata{Issuer: issuer, JWKS: keys, Algs: []string{"RS256"}}
	claims, err := s.verifyIDToken(ctx, plain(c), m, p.Token, Wanted{Audiences: c.Audiences()})
	if err != nil {
		return Vouched{}, err
	}
	if err := checkNonce(claims, p.Nonce); err != nil {
		return Vouched{}, err
	}
	claims["id"] = claims["sub"] // the same for both kinds of logins
	v := Vouched{Who: s.vouchedFor(c, claims), Claims: payloadOf(p.Token)}
	v.Once, v.Until = onceOf(p.Token, claims)
	return v, nil
}

// plain is a connector that speaks OpenID Connect and nothing of its own.
func plain(c *connectors.Connector) *connectors.Connector {
	other := *c
	other.Kind = connectors.KindOIDC
	return &other
}

// postedLINE has LINE judge its tokens: those of its SDKs and those of its pages are signed in different ways.
func (s *Service) postedLINE(ctx context.Context, c *connectors.Connector, p Posted) (Vouched, error) {
	const api = "https://api.line.me"
	const step = "verify"
	claims := map[string]any{}
	if isJWT(p.Token) {
		form := url.Values{"id_token": {p.Token}, "client_id": {c.ClientID}}
		if p.Nonce != "" {
			form.Set("nonce", p.Nonce)
		}
		if err := s.ask(ctx, step, api+"/oauth2/v2.1/verify", form, nil, &claims); err != nil {
			return Vouched{}, err
		}
		if word(claims, "iss") != "https://access.line.me" || word(claims, "aud") != c.ClientID || !future(claims["exp"], s.Now().Unix()) {
			return Vouched{}, refused(step, "it was issued to another application, or is over")
		}
		return Vouched{Who: s.vouchedFor(c, claims)}, checkNonce(claims, p.Nonce)
	}
	if err := s.ask(ctx, step, api+"/oauth2/v2.1/verify?"+url.Values{"access_token": {p.Token}}.Encode(), nil, nil, &claims); err != nil {
		return Vouched{}, err
	}
	if left, _ := claims["expires_in"].(float64); word(claims, "client_id") != c.ClientID || left <= 0 {
		return Vouched{}, refused(step, "it was issued to another application, or is over")
	}
	profile := map[string]any{}
	if err := s.ask(ctx, "profile", api+"/v2/profile", nil, map[string]string{"Authorization": "Bearer " + p.Token}, &profile); err != nil {
		return Vouched{}, err
	}
	return Vouched{Who: s.vouchedFor(c, map[string]any{"sub": profile["userId"], "name": profile["displayName"], "picture": profile["pictureUrl"]})}, nil
}
