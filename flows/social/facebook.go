package social

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/markbates/goth"
	fb "github.com/markbates/goth/providers/facebook"

	"pratu/flows/connectors"
	"pratu/flows/secret"
)

// graphVersion is pinned: without one, Graph answers as the oldest version that it still has.
const graphVersion = "v24.0"

// pin makes a URL of Facebook one of a version.
func pin(c *connectors.Connector, u *url.URL) {
	if c.Kind == connectors.KindFacebook && !strings.HasPrefix(u.Path, "/"+graphVersion+"/") {
		u.Path = "/" + graphVersion + u.Path
	}
}

func facebookProvider(c *connectors.Connector, callback string, scopes []string) goth.Provider {
	return fb.New(c.ClientID, c.Secret, callback, scopes...).SetCustomFields([]string{"id", "name", "first_name", "last_name", "email", "picture"})
}

// facebook is a way without ID token: the access token has to be one of our app's, and of a person.
func (s *Service) facebook(x *exchange, a Answer) (map[string]any, error) {
	p, err := s.provider(x.c, x.m)
	if err != nil {
		return nil, err
	}
	provider, session := p.(*fb.Provider), &fb.Session{}
	provider.HTTPClient = x.client()
	if err := s.authorize(x, provider, session, a); err != nil {
		return nil, err
	}
	id, err := x.debugToken(session.AccessToken)
	if err != nil {
		return nil, err
	}
	user, err := provider.FetchUser(session) // with appsecret_proof
	if err != nil {
		return nil, x.trouble()
	}
	if user.UserID == "" || user.UserID != id {
		return nil, refused("profile", "it is of another person than the token")
	}
	return map[string]any{
		"id": user.UserID, "email": user.Email, "name": user.Name, "given_name": user.FirstName, "family_name": user.LastName, "picture": user.AvatarURL,
	}, nil
}

// debugToken asks Facebook whose an access token is: goth's profile call would take one of a page.
func (x *exchange) debugToken(token string) (userID string, err error) {
	const step = "debug_token"
	u := &url.URL{Scheme: "https", Host: "graph.facebook.com", Path: "/debug_token", RawQuery: url.Values{"input_token": {token}}.Encode()}
	r, err := http.NewRequestWithContext(x.ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return "", refused(step, "no such address")
	}
	r.Header.Set("Authorization", "Bearer "+x.c.ClientID+"|"+x.c.Secret)
	answer, err := x.RoundTrip(r)
	if err != nil || x.cause != nil {
		return "", x.trouble()
	}
	defer answer.Body.Close()
	var body debugged
	if err := json.NewDecoder(answer.Body).Decode(&body); err != nil {
		x.cause = nil
		_ = x.fail(step, errors.New("the answer isn't the JSON that it should be"))
		return "", x.trouble()
	}
	return body.user(x.c, x.s.Now().Unix())
}

// debugged is what Facebook says of an access token.
type debugged struct {
	Data struct {
		AppID      string   `json:"app_id"`
		Type       string   `json:"type"`
		Valid      bool     `json:"is_valid"`
		ExpiresAt  int64    `json:"expires_at"`
		DataAccess int64    `json:"data_access_expires_at"`
		UserID     string   `json:"user_id"`
		Scopes     []string `json:"scopes"`
	} `json:"data"`
}

// user is whose token it is, of our application.
func (b debugged) user(c *connectors.Connector, now int64) (string, error) {
	const step = "debug_token"
	d := b.Data
	switch {
	case !secret.Equal(d.AppID, c.ClientID):
		return "", refused(step, "the token is another app's")
	case !d.Valid || d.Type != "USER" || d.UserID == "":
		return "", refused(step, "the token isn't a person's, or isn't valid")
	case d.ExpiresAt != 0 && d.ExpiresAt <= now, d.DataAccess != 0 && d.DataAccess <= now:
		return "", refused(step, "the token is over")
	case !slices.Contains(d.Scopes, "public_profile"):
		return "", refused(step, "the token may not see who it is of")
	}
	return d.UserID, nil
}
