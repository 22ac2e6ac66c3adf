package social

import (
	"encoding/json"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"pratu/flows/connectors"
)

// apple is OpenID Connect, but for a secret that is signed anew each time, and a name that comes once, in the browser's form:
// nobody vouches for it, so it is a name and nothing else.
func (s *Service) apple(x *exchange, keep sealed, a Answer) (map[string]any, error) {
	claims, err := s.openID(x, keep, a)
	if err != nil || a.User == "" {
		return claims, err
	}
	var user struct {
		Name struct {
			First string `json:"firstName"`
			Last  string `json:"lastName"`
		} `json:"name"`
	}
	if json.Unmarshal([]byte(a.User), &user) != nil {
		return claims, nil //nolint:nilerr // a sign-in isn't refused for a name
	}
	for name, text := range map[string]string{"given_name": user.Name.First, "family_name": user.Name.Last} {
		if text != "" {
			claims[name] = text
		}
	}
	return claims, nil
}

// appleSecretLife is far below the six months that Apple allows: each is used once.
const appleSecretLife = 5 * time.Minute

// appleSecret is what Apple takes for a client secret.
func appleSecret(c *connectors.Connector, now time.Time) (string, error) {
	key, err := jwt.ParseECPrivateKeyFromPEM([]byte(c.Secret))
	if err != nil {
		return "", trouble("secret", errAppleKey)
	}
	token := jwt.NewWithClaims(jwt.SigningMethodES256, jwt.MapClaims{
		"iss": c.Settings.Team, "sub": c.ClientID, "aud": "https://appleid.apple.com", "iat": now.Unix(), "exp": now.Add(appleSecretLife).Unix(),
	})
	token.Header["kid"] = c.Settings.Key
	return token.SignedString(key)
}
