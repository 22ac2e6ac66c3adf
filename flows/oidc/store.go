package oidc

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/ory/fosite"
	"github.com/ory/fosite/handler/oauth2"
	"github.com/ory/fosite/handler/openid"
	"github.com/ory/fosite/handler/pkce"
	fositestorage "github.com/ory/fosite/storage"

	"pratu/storage"
)

// errSpent is a code or refresh token that somebody else spent first, or whose session or consent ended meanwhile.
var errSpent = errors.New("oidc: spent or ended meanwhile")

// store is fosite's storage. Its many views of a request are views of the unit's one grant, which was read before fosite
// began; what fosite writes is collected and goes to the database in one transaction when it commits.
type store struct{ *Provider }

var (
	_ fosite.Storage                     = (*store)(nil)
	_ oauth2.CoreStorage                 = (*store)(nil)
	_ oauth2.TokenRevocationStorage      = (*store)(nil)
	_ openid.OpenIDConnectRequestStorage = (*store)(nil)
	_ pkce.PKCERequestStorage            = (*store)(nil)
	_ fositestorage.Transactional        = (*store)(nil) // hidden, fosite would run without transactions
)

func (s *store) GetClient(ctx context.Context, id string) (fosite.Client, error) {
	if u := unitOf(ctx); u != nil && u.client != nil && u.client.ID == id {
		if u.trial {
			return client{u.client, s.trialURI()}, nil
		}
		return client{Client: u.client}, nil
	}
	c, err := s.Clients.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	return client{Client: c}, nil
}

// Client assertions are checked and remembered in assertion.go, per client and in one statement.

func (s *store) ClientAssertionJWTValid(context.Context, string) error { return fosite.ErrJTIKnown }

func (s *store) SetClientAssertionJWT(context.Context, string, time.Time) error {
	return fosite.ErrJTIKnown
}

// BeginTX starts to collect.
func (s *store) BeginTX(ctx context.Context) (context.Context, error) {
	u := unitOf(ctx)
	u.collecting, u.writes, u.redeems = true, nil, false
	return ctx, nil
}

// Commit writes what was collected, all or nothing. Somebody else's second use of what works once, a moment before, is seen
// as no row or, where both derived the same successor, as one that is there.
func (s *store) Commit(ctx context.Context) error {
	u := unitOf(ctx)
	u.collecting = false
	if len(u.writes) == 0 {
		return nil
	}
	return s.Store.InTx(ctx, func(ctx context.Context) error {
		_, err := s.Store.Apply(ctx, u.writes...)
		switch {
		case errors.Is(err, storage.ErrExists):
			return errSpent
		case err != nil || !u.redeems:
			return err
		}
		if u.record != nil {
			if err := u.record(ctx); err != nil {
				return err
			}
		}
		return s.join(ctx, u)
	})
}

// Rollback forgets what was collected.
func (s *store) Rollback(ctx context.Context) error {
	u := unitOf(ctx)
	u.collecting, u.writes, u.redeems = false, nil, false
	return nil
}

func (s *store) write(ctx context.Context, w storage.Write) error {
	if u := unitOf(ctx); u.collecting {
		u.writes = append(u.writes, w)
		return nil
	}
	_, err := s.Store.Apply(ctx, w)
	return err
}

// CreateAuthorizeCodeSession consumes what led to a code, in the transaction of Issue, and writes the grant that the code
// doesn't carry.
func (s *store) CreateAuthorizeCodeSession(ctx context.Context, signature string, _ fosite.Requester) error {
	u := unitOf(ctx)
	if u.carries {
		return s.Store.Later(ctx, u.spends...)
	}
	u.grant.CodeHash = signature
	return s.Store.Later(ctx, append(u.spends, s.Store.CreateGrant(u.grant.Grant).Else(errSession))...)
}

func (s *store) GetAuthorizeCodeSession(ctx context.Context, signature string, session fosite.Session) (fosite.Requester, error) {
	u := unitOf(ctx)
	if u.grant == nil || u.grant.CodeHash != signature {
		return nil, fosite.ErrNotFound
	}
	return u.requester(session), nil
}

func (s *store) InvalidateAuthorizeCodeSession(ctx context.Context, _ string) error {
	u := unitOf(ctx)
	u.redeems = true
	return s.write(ctx, s.useCode(u))
}

// join notes that an application signed somebody in by a session, if it can hear of the session's end.
func (s *store) join(ctx context.Context, u *unit) error {
	if u.trial || !u.client.HearsOfLogout() || !slices.Contains(strings.Fields(u.grant.Scopes), "openid") {
		return nil
	}
	return s.Store.JoinSession(ctx, storage.Participant{
		SessionID: u.grant.SessionID, ClientID: u.client.ID, Subject: u.grant.Subject,
		BackChannel: u.client.Metadata.BackchannelLogoutURI != "", JoinedAt: storage.At(u.now),
	})
}

// CreateAccessTokenSession writes opaque tokens. A JWT has no row: its grant is what lives or dies.
func (s *store) CreateAccessTokenSession(ctx context.Context, signature string, _ fosite.Requester) error {
	u := unitOf(ctx)
	if !u.client.OpaqueAccessTokens() || u.trial {
		return nil
	}
	row := s.accessToken(u)
	row.ID = signature
	return s.write(ctx, s.Store.CreateToken(row))
}

func (s *store) CreateRefreshTokenSession(ctx context.Context, signature, _ string, _ fosite.Requester) error {
	u := unitOf(ctx)
	if u.retry { // the successor is there already
		return nil
	}
	row := storage.Token{
		ID: signature, Kind: storage.TokenRefresh, GrantID: u.grant.ID, ClientID: u.client.ID, Scopes: u.grant.Scopes,
		Audience: u.grant.Audience, CreatedAt: storage.At(u.now),
		ExpiresAt: min(storage.At(u.now.Add(RefreshIdle)), u.grant.ExpiresAt),
	}
	return s.write(ctx, s.Store.CreateToken(row))
}

func (s *store) GetRefreshTokenSession(ctx context.Context, _ string, session fosite.Session) (fosite.Requester, error) {
	u := unitOf(ctx)
	if u.grant == nil || u.presented == "" {
		return nil, fosite.ErrNotFound
	}
	return u.requester(session), nil
}

func (s *store) RotateRefreshToken(ctx context.Context, _ string, signature string) error {
	u := unitOf(ctx)
	if u.retry {
		return nil
	}
	return s.write(ctx, s.Store.UseRefreshToken(signature, storage.At(u.now)).Else(errSpent))
}

// The rest of fosite's views. The PKCE and OpenID data are columns of the grant; they are never deleted before the code
// is spent, so a failed verifier can't be followed by none at all.

func (s *store) GetPKCERequestSession(ctx context.Context, signature string, session fosite.Session) (fosite.Requester, error) {
	u := unitOf(ctx)
	if u.form.Get("code_challenge") == "" {
		return nil, fosite.ErrNotFound
	}
	return s.GetAuthorizeCodeSession(ctx, signature, session)
}

func (s *store) CreatePKCERequestSession(context.Context, string, fosite.Requester) error { return nil }

func (s *store) DeletePKCERequestSession(context.Context, string) error { return nil }

func (s *store) GetOpenIDConnectSession(ctx context.Context, _ string, r fosite.Requester) (fosite.Requester, error) {
	u := unitOf(ctx)
	request := u.requester(r.GetSession())
	if !request.GetGrantedScopes().Has("openid") {
		return nil, openid.ErrNoSessionFound
	}
	return request, nil
}

func (s *store) CreateOpenIDConnectSession(context.Context, string, fosite.Requester) error {
	return nil
}

func (s *store) DeleteOpenIDConnectSession(context.Context, string) error { return nil }

func (s *store) GetAccessTokenSession(context.Context, string, fosite.Session) (fosite.Requester, error) {
	return nil, fosite.ErrNotFound // access tokens are verified in access.go
}

func (s *store) DeleteAccessTokenSession(context.Context, string) error { return nil }

func (s *store) DeleteRefreshTokenSession(context.Context, string) error { return nil }

func (s *store) RevokeRefreshToken(ctx context.Context, grantID string) error {
	_, err := s.Store.RevokeGrant(ctx, grantID, storage.At(s.Now()))
	return err
}

func (s *store) RevokeAccessToken(context.Context, string) error { return nil } // dies with the grant
