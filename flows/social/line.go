package social

import (
	"slices"

	"github.com/golang-jwt/jwt/v5"
	"github.com/markbates/goth"
	gothline "github.com/markbates/goth/providers/line"

	"pratu/flows/connectors"
	"pratu/flows/secret"
)

func lineProvider(c *connectors.Connector, callback string, scopes []string) goth.Provider {
	return gothline.New(c.ClientID, c.Secret, callback, scopes...)
}

// line signs ID tokens of its web login with the channel's secret, which no key set has. Who signed in is asked of the profile
// as well: both have to say the same.
func (s *Service) line(x *exchange, keep sealed, a Answer) (map[string]any, error) {
	p, err := s.provider(x.c, x.m)
	if err != nil {
		return nil, err
	}
	provider, session := p.(*gothline.Provider), &gothline.Session{}
	provider.HTTPClient = x.client()
	if err := s.authorize(x, provider, session, a); err != nil {
		return nil, err
	}
	claims, err := s.lineToken(x.c, x.m, x.idToken, keep.Nonce)
	if err != nil {
		return nil, err
	}
	session.IDToken = "" // goth would verify it again, by whatever algorithm it names
	user, err := provider.FetchUser(session)
	if err != nil {
		return nil, x.trouble()
	}
	if user.UserID == "" || user.UserID != word(claims, "sub") {
		return nil, refused("profile", "it is of another person than the token")
	}
	return claims, nil
}

func (s *Service) lineToken(c *connectors.Connector, m Metadata, raw, nonce string) (map[string]any, error) {
	if len(raw) > maxIDToken || c.Secret == "" { // an empty key would verify anybody's signature
		return nil, refused("id_token", "%d bytes", len(raw))
	}
	claims := jwt.MapClaims{}
	_, err := jwt.ParseWithClaims(raw, claims, func(*jwt.Token) (any, error) { return []byte(c.Secret), nil },
		jwt.WithValidMethods([]string{"HS256"}), jwt.WithAudience(c.ClientID), jwt.WithIssuer(m.Issuer), jwt.WithExpirationRequired(),
		jwt.WithTimeFunc(s.Now))
	if err != nil {
		return nil, refused("id_token", "signature, issuer, audience or times are wrong")
	}
	if audience, err := claims.GetAudience(); err != nil || slices.ContainsFunc(audience, func(a string) bool { return a != c.ClientID }) {
		return nil, refused("id_token", "it is for others, too")
	}
	if !secret.Equal(word(claims, "nonce"), nonce) {
		return nil, refused("id_token", "its nonce isn't the one that was sent")
	}
	return claims, nil
}
