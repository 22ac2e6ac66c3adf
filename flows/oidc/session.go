package oidc

import (
	"context"
	"maps"
	"net/url"
	"strings"
	"time"

	"github.com/ory/fosite"
	"github.com/ory/fosite/token/jwt"

	"pratu/flows/clients"
	"pratu/storage"
)

// session is fosite's view of a grant. It is never stored: the grant's columns are.
type session struct {
	grant   *storage.GrantView // nil for client_credentials
	expires map[fosite.TokenType]time.Time
	claims  *jwt.IDTokenClaims // always the same pointer, as fosite demands
	headers *jwt.Headers
}

func newSession(g *storage.GrantView) *session {
	s := &session{expires: map[fosite.TokenType]time.Time{}, claims: &jwt.IDTokenClaims{}, headers: &jwt.Headers{}}
	if g != nil {
		s.hydrate(g)
	}
	return s
}

// hydrate fills the session in place and keeps what fosite set meanwhile, such as the access token's expiry.
func (s *session) hydrate(g *storage.GrantView) {
	s.grant = g
	s.claims.Subject = g.Subject
	s.claims.AuthTime = g.AuthTime.Time().Truncate(time.Second)
}

func (s *session) SetExpiresAt(t fosite.TokenType, at time.Time) { s.expires[t] = at }
func (s *session) GetExpiresAt(t fosite.TokenType) time.Time     { return s.expires[t] }
func (s *session) GetUsername() string                           { return "" }
func (s *session) GetSubject() string                            { return s.claims.Subject }
func (s *session) IDTokenClaims() *jwt.IDTokenClaims             { return s.claims }
func (s *session) IDTokenHeaders() *jwt.Headers                  { return s.headers }

// Clone is written by hand: fosite's reflection copies no unexported fields.
func (s *session) Clone() fosite.Session {
	c := newSession(s.grant)
	c.expires = maps.Clone(s.expires)
	*c.claims = *s.claims
	return c
}

// unit is one token or authorization request on its way through fosite: what was read for it once, and what it will
// write when fosite commits.
type unit struct {
	client *clients.Client
	now    time.Time
	grant  *storage.GrantView
	form   url.Values // the grant's

	scopes   []string // of the access token, when narrower than the grant's
	audience []string // the same for resources

	alone bool // the ID token is all there is: userinfo can't be asked

	once   bool                            // it buys no refresh token
	trial  bool                            // what it buys is dead already, so that nothing of it is kept
	record func(ctx context.Context) error // what else is written when the code is spent, or nil

	carries   bool   // its code carries the grant
	withdrawn bool   // whose consent doesn't cover it any more
	presented string // refresh token
	retry     bool   // the presented token was spent a moment ago and its successor is unused

	collecting bool
	writes     []storage.Write
	redeems    bool // a code is among it: what else is to be written then follows

	spends []storage.Write // what led to the grant and is consumed with its writing
}

type unitKey struct{}

func withUnit(ctx context.Context, u *unit) context.Context {
	return context.WithValue(ctx, unitKey{}, u)
}

func unitOf(ctx context.Context) *unit {
	u, _ := ctx.Value(unitKey{}).(*unit)
	return u
}

// requester shows the unit's grant to fosite as the request that it was.
func (u *unit) requester(s fosite.Session) fosite.Requester {
	if own, ok := s.(*session); ok {
		own.hydrate(u.grant)
	} else {
		s = newSession(u.grant)
	}
	scopes, audience := fosite.Arguments(strings.Fields(u.grant.Scopes)), fosite.Arguments(strings.Fields(u.grant.Audience))
	return &fosite.Request{
		ID: u.grant.ID, RequestedAt: u.grant.CreatedAt.Time(), Client: client{Client: u.client}, Form: u.form, Session: s,
		RequestedScope: scopes, GrantedScope: scopes, RequestedAudience: audience, GrantedAudience: audience,
	}
}
