package oidc

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"pratu/flows/clients"
	"pratu/flows/kind"
	"pratu/flows/secret"
	"pratu/storage"
)

// Access is what a living access token stands for.
type Access struct {
	ID        string // jti, or the hash of an opaque token
	Client    *clients.Client
	Subject   string
	Scopes    []string
	Audience  []string
	IssuedAt  time.Time
	ExpiresAt time.Time
	Opaque    bool
	Act       *Actor // who acts for the subject, or nil

	grant    *storage.GrantView // nil for client_credentials
	contacts []storage.GrantContact
}

// SSOID is the number of the account that the token was given for; 0: for none.
func (a *Access) SSOID() int64 {
	if a.grant == nil {
		return 0
	}
	return a.grant.AccountSSOID
}

// maxToken bounds what is looked at as a token.
const maxToken = 16 << 10

// Access verifies an access token: its own validity, and in one statement that its grant lives and its account may sign
// in; its client must not be disabled. A token that opens nothing is invalid_token, whatever the reason.
func (p *Provider) Access(ctx context.Context, token string) (*Access, error) {
	if token == "" || len(token) > maxToken {
		return nil, errToken(nil)
	}
	var a *Access
	var err error
	if strings.HasPrefix(token, prefixAccess) {
		a, err = p.opaque(ctx, token)
	} else {
		a, err = p.structured(ctx, token)
	}
	if err != nil {
		return nil, err
	}
	now := p.Now()
	if !now.Before(a.ExpiresAt) {
		return nil, errToken(errors.New("expired"))
	}
	if a.grant != nil && (!a.grant.RevokedAt.IsZero() || !signsIn(a.grant.AccountStatus)) {
		return nil, errToken(errors.New("grant revoked or account disabled"))
	}
	return a, nil
}

func signsIn(status string) bool {
	return status == storage.StatusActive || status == storage.StatusGuest
}

func (p *Provider) opaque(ctx context.Context, token string) (*Access, error) {
	id := secret.Hash(token)
	v, err := p.Store.TokenWithGrant(ctx, id, storage.TokenAccess)
	a := &Access{ID: id, Opaque: true}
	switch {
	case errors.Is(err, storage.ErrNotFound): // of client_credentials, or none
		if v.Token, err = p.Store.TokenByID(ctx, id, storage.TokenAccess); err != nil {
			return nil, unknownToken(err)
		}
		if v.Token.GrantID != "" {
			return nil, errToken(errors.New("grant is gone"))
		}
	case err != nil:
		return nil, err
	default:
		a.grant = &v.Grant
		if a.contacts, err = p.contactsFor(ctx, v.Grant.AccountID, byScopes(strings.Fields(v.Token.Scopes))); err != nil {
			return nil, err
		}
	}
	if !v.Token.RevokedAt.IsZero() {
		return nil, errToken(errors.New("revoked"))
	}
	a.Scopes, a.Audience = strings.Fields(v.Token.Scopes), strings.Fields(v.Token.Audience)
	a.IssuedAt, a.ExpiresAt = v.Token.CreatedAt.Time(), v.Token.ExpiresAt.Time()
	return p.finish(ctx, a, v.Token.ClientID)
}

func unknownToken(err error) error {
	if errors.Is(err, storage.ErrNotFound) || errors.Is(err, storage.ErrInvalid) {
		return errToken(err)
	}
	return err
}

func (p *Provider) structured(ctx context.Context, token string) (*Access, error) {
	claims, err := p.verifyAccess(token)
	if err != nil {
		return nil, errToken(err)
	}
	a := &Access{
		Act: claims.Act,
		ID:  claims.ID, Subject: claims.Subject, Scopes: strings.Fields(claims.Scope), Audience: claims.Audience,
		IssuedAt: time.Unix(claims.IssuedAt, 0), ExpiresAt: time.Unix(claims.ExpiresAt, 0),
	}
	if claims.GrantID != "" {
		var g storage.GrantView
		if slices.ContainsFunc(a.Scopes, func(s string) bool { return s == "email" || s == "phone" }) {
			g, a.contacts, err = p.Store.GrantWithContacts(ctx, claims.GrantID)
		} else {
			g, err = p.Store.GrantByID(ctx, claims.GrantID)
		}
		if err != nil {
			return nil, unknownToken(err)
		}
		a.grant = &g
	}
	if a.grant == nil || a.grant.ClientID != claims.ClientID { // it can be revoked by itself
		switch revoked, err := p.Store.Seen(ctx, seenID("revoked", claims.ClientID, claims.ID)); {
		case err != nil:
			return nil, err
		case revoked:
			return nil, errToken(errors.New("revoked"))
		}
	}
	return p.finish(ctx, a, claims.ClientID)
}

func (p *Provider) finish(ctx context.Context, a *Access, clientID string) (*Access, error) {
	c, err := p.living(ctx, clientID)
	if err != nil {
		return nil, err
	}
	a.Client, a.Subject = c, c.ID
	if a.grant != nil {
		a.Subject = a.grant.Subject
	}
	if a.exchanged() { // the client that the person signed in to stands behind it too
		_, err = p.living(ctx, a.grant.ClientID)
	}
	return a, err
}

// Own tells whether the client got the token for itself (client_credentials), and no person stands behind it.
func (a *Access) Own() bool { return a.grant == nil }

// exchanged tells whether the token was got for one of another client (RFC 8693).
func (a *Access) exchanged() bool { return a.grant != nil && a.grant.ClientID != a.Client.ID }

// OfClient tells whether the token is a client's own, of client_credentials, and for an API of this issuer.
func (a *Access) OfClient(issuer string) bool {
	return a.grant == nil && (slices.Contains(a.Audience, a.Client.ID) || slices.Contains(a.Audience, issuer))
}

// living is a client whose tokens are worth something.
func (p *Provider) living(ctx context.Context, clientID string) (*clients.Client, error) {
	c, err := p.Clients.Get(ctx, clientID)
	if k := kind.Of(err); err != nil && (k == kind.NotFound || k == kind.Forbidden) {
		return nil, errToken(err)
	}
	return c, err
}

// seenID is the row of something seen once, by purpose and owner.
func seenID(purpose, owner, id string) string {
	return secret.Hash(purpose + "\x00" + owner + "\x00" + id)
}

// verifyAccess checks signature, type and issuer of a JWT access token. Verdicts are remembered for a while, because an
// ES256 verification costs more than the rest of userinfo; whether the token still lives is asked each time. They go with the
// keys: what a leaked one signed is refused at once.
func (p *Provider) verifyAccess(token string) (accessClaims, error) {
	key, keys := sha256.Sum256([]byte(token)), p.Keys.Generation()
	if claims, ok := p.verified.get(key, keys); ok {
		return claims, nil
	}
	payload, _, err := p.Keys.Verify(token, typAccess)
	if err != nil {
		return accessClaims{}, err
	}
	var claims accessClaims
	if err := json.Unmarshal(payload, &claims); err != nil {
		return accessClaims{}, err
	}
	if claims.Issuer != p.Issuer.String() || claims.ClientID == "" || claims.ID == "" {
		return accessClaims{}, errors.New("not an access token of ours")
	}
	p.verified.put(key, keys, claims)
	return claims, nil
}

// verified remembers signatures that were right, by the hash of the token.
type verified struct {
	mu     sync.Mutex
	keys   string // of which generation the keys were
	claims map[[32]byte]accessClaims
}

const maxVerified = 8192

func (v *verified) get(key [32]byte, keys string) (accessClaims, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.keys != keys {
		return accessClaims{}, false
	}
	c, ok := v.claims[key]
	return c, ok
}

// put keeps a verdict by the keys that there were before it was made: newer ones may not share it.
func (v *verified) put(key [32]byte, keys string, c accessClaims) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.claims == nil || v.keys != keys || len(v.claims) >= maxVerified {
		v.keys, v.claims = keys, make(map[[32]byte]accessClaims)
	}
	v.claims[key] = c
}
