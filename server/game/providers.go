package game

import (
	"net/http"

	"pratu/flows/connectors"
	"pratu/flows/kind"
	"pratu/flows/players"
)

// providers are the names of calls, with the kinds of connectors that vouch for their tokens, in the order in which they
// are asked.
var providers = map[string][]string{
	"microsoftAD": {connectors.KindB2C, connectors.KindAzureAD}, "facebook": {connectors.KindFacebook}, "google": {connectors.KindGoogle},
	"line": {connectors.KindLINE}, "apple": {connectors.KindApple},
}

// microsoft is the call whose input and answer differ.
const microsoft = "microsoftAD"

// credential reads a provider's token.
func (c *call) credential() (players.Credential, error) {
	provider := c.r.PathValue("provider")
	kinds, known := providers[provider]
	if !known {
		return players.Credential{}, kind.New(kind.NotFound, "provider.unknown")
	}
	name := "authenToken"
	if provider == microsoft {
		name = "JWTToken"
	}
	token, err := c.in.text(name)
	if err != nil {
		return players.Credential{}, err
	}
	nonce, err := c.in.optional("nonce")
	return players.Credential{Kinds: kinds, Token: token, Nonce: nonce}, err
}

// RegisterOrLogin is POST registerOrLogin/{provider}.
func (s *Server) RegisterOrLogin(w http.ResponseWriter, r *http.Request) error {
	return s.open(w, r, func(c *call) (any, error) {
		credential, err := c.credential()
		if err != nil {
			return nil, err
		}
		session, claims, err := s.Players.RegisterOrLogin(r.Context(), c.title, credential, c.from())
		if err != nil || r.PathValue("provider") != microsoft {
			return token(session, err)
		}
		c.extra = map[string]any{"token": session}
		return claims, nil
	})
}

// Link is POST link/{provider}.
func (s *Server) Link(w http.ResponseWriter, r *http.Request) error {
	return s.playing(w, r, func(c *call, p *players.Playing) (any, error) {
		credential, err := c.credential()
		if err != nil {
			return nil, err
		}
		return token(s.Players.Link(r.Context(), p, credential, c.from()))
	})
}

// User is GET user.
func (s *Server) User(w http.ResponseWriter, r *http.Request) error {
	return s.playing(w, r, func(_ *call, p *players.Playing) (any, error) {
		a, identities, err := s.Players.Person(r.Context(), p)
		if err != nil {
			return nil, err
		}
		u := userOf(a)
		if len(identities) > 0 {
			u.AuthenTypeID, u.AuthenID = typeOf(identities[0].Kind), identities[0].Subject
		}
		return u, nil
	})
}

// typeSocial is authenTypeId of accounts that came by Facebook or Google: one number for both, as old clients expect.
const typeSocial = 1

func typeOf(kindName string) int {
	if kindName == connectors.KindFacebook || kindName == connectors.KindGoogle {
		return typeSocial
	}
	return typeEmail
}
