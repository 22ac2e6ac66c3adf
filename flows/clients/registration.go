package clients

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"

	"pratu/flows/kind"
	"pratu/flows/limits"
	"pratu/flows/secret"
	"pratu/storage"
)

// Guards say who may register an application without an administrator.
const (
	GuardOff   = "off"
	GuardToken = "token" // who has an initial access token
	GuardOpen  = "open"  // everybody, so often from one network
)

// Guards is all of them.
func Guards() []string { return []string{GuardOff, GuardToken, GuardOpen} }

// Registrar lets applications register and manage themselves (RFC 7591, RFC 7592). All fields are required.
type Registrar struct {
	Clients *Service
	Store   *storage.Store
	Limiter *limits.Limiter
	Guard   string
	// RequirePKCE says whether confidential clients that register themselves have to use it.
	RequirePKCE bool
}

const (
	prefixInitial = "pratu_it_" // for secret scanners
	prefixManage  = "pratu_mt_"
)

// selfGrants are the grants of an application of people's. What acts without a person, or on another device than the
// one that shows who asks, needs somebody who vouches for it.
var selfGrants = []string{GrantCode, GrantRefresh, GrantImplicit}

// Registration is the answer to a registration (RFC 7591 section 3.2.1).
type Registration struct {
	ClientID              string `json:"client_id"`
	ClientSecret          string `json:"client_secret,omitempty"`
	ClientIDIssuedAt      int64  `json:"client_id_issued_at"`
	ClientSecretExpiresAt *int64 `json:"client_secret_expires_at,omitempty"` // 0: never; with a secret only
	AccessToken           string `json:"registration_access_token"`
	ManageURI             string `json:"registration_client_uri"`
	Metadata
}

// On tells whether applications can register themselves at all.
func (r *Registrar) On() bool { return r != nil && r.Guard != GuardOff && r.Guard != "" }

// Register registers an application by the JSON that it sent. token is what it presents, or "".
func (r *Registrar) Register(ctx context.Context, raw []byte, token, network string) (*Registration, error) {
	spend, err := r.admit(ctx, token, network)
	if err != nil {
		return nil, err
	}
	d, _, ps := r.read(raw)
	if err := ps.err(); err != nil {
		return nil, err
	}
	access := prefixManage + secret.Token()
	c, plain, err := r.Clients.create(ctx, d, applicant{hash: secret.Hash(access), spend: spend})
	if err != nil {
		return nil, err
	}
	return c.registration(plain, access), nil
}

// admit judges who may register. A token is spent in the transaction that registers, and not when that fails.
func (r *Registrar) admit(ctx context.Context, token, network string) (spend func(context.Context) error, err error) {
	if token == "" && r.Guard == GuardOpen {
		return nil, r.Limiter.Take(ctx, limits.RegisterAddress.Of(network))
	}
	denied := kind.New(kind.Unauthorized, "registration.token")
	row, err := r.Store.RegistrationToken(ctx, secret.Hash(token), storage.At(r.Clients.Now()))
	if errors.Is(err, storage.ErrNotFound) {
		return nil, denied
	}
	return func(ctx context.Context) error {
		err := r.Store.UseRegistrationToken(ctx, row.ID, storage.At(r.Clients.Now()))
		if errors.Is(err, storage.ErrNotFound) { // another one was quicker
			return denied
		}
		return err
	}, err
}

// read makes a document of what an application says about itself.
func (r *Registrar) read(raw []byte) (Document, ownMembers, Problems) {
	m, own, ps := readMetadata(raw)
	d := selfDescribed(m, &ps)
	if !r.RequirePKCE && d.Kind == KindWeb {
		off := false
		d.Settings.RequirePKCE = &off
	}
	return d, own, ps
}

// selfDescribed is a document of metadata that nobody vetted. What it can't be is a problem; what it may not have it
// doesn't get, and the answer to a registration shows what it got (RFC 7591 section 3.2.1).
func selfDescribed(m Metadata, ps *Problems) Document {
	d := Document{Kind: selfKind(m), Metadata: m}
	if len(m.GrantTypes) == 0 {
		d.GrantTypes = grantsOf(m.ResponseTypes)
		if len(d.GrantTypes) == 0 {
			d.GrantTypes = []string{GrantCode} // RFC 7591 section 2
		}
	}
	for i, g := range m.GrantTypes {
		if !slices.Contains(selfGrants, g) {
			ps.add(fmt.Sprintf("/grant_types/%d", i), "client.grant", "an administrator has to register applications with %s", g)
		}
	}
	if m.Scope != "" {
		known := strings.Fields(DefaultScope)
		kept := slices.DeleteFunc(strings.Fields(m.Scope), func(s string) bool { return !slices.Contains(known, s) })
		d.Scope = strings.Join(kept, " ")
		if d.Scope == "" {
			d.Scope = "openid"
		}
	}
	if m.TokenEndpointAuthMethod == "" && d.Kind == KindWeb && (m.JWKS != nil || m.JWKSURI != "") {
		d.TokenEndpointAuthMethod = AuthBasic // the keys are for something else: RFC 7591 section 2 names the default
	}
	if m.IDTokenAlg == "" {
		d.IDTokenAlg = "RS256" // whatever the kind: OpenID Connect Registration section 2
	}
	return d
}

// selfKind is the kind that metadata describes. A redirect URI with a scheme of its own is one of an installed app.
func selfKind(m Metadata) string {
	own := slices.ContainsFunc(m.RedirectURIs, func(uri string) bool {
		u, err := url.Parse(uri)
		return err == nil && privateUse.MatchString(u.Scheme)
	})
	switch {
	case m.ApplicationType == "native", m.ApplicationType == "" && own:
		return KindNative
	case m.TokenEndpointAuthMethod == AuthNone:
		return KindSPA
	}
	return KindWeb
}

// registration shows a client to itself. The secret is shown once: only its hash is kept.
func (c *Client) registration(plain, access string) *Registration {
	r := &Registration{
		ClientID: c.ID, ClientSecret: plain, ClientIDIssuedAt: c.CreatedAt.Time().Unix(), AccessToken: access, Metadata: c.Metadata,
	}
	r.TokenEndpointAuthMethod = c.Metadata.AuthMethod()
	if plain != "" {
		r.ClientSecretExpiresAt = new(int64)
	}
	return r
}

// own finds the client that a registration access token belongs to. Whether the client or the token is wrong isn't told.
func (r *Registrar) own(ctx context.Context, id, token string) (*Client, error) {
	denied := kind.New(kind.Unauthorized, "registration.token")
	c, err := r.Clients.Find(ctx, id)
	switch {
	case kind.Of(err) == kind.NotFound && err != nil:
		return nil, denied
	case err != nil:
		return nil, err
	case c.registrationHash == "" || !secret.Equal(c.registrationHash, secret.Hash(token)):
		return nil, denied
	case c.Disabled():
		return nil, kind.New(kind.Forbidden, "client.disabled")
	}
	return c, nil
}

// Read shows a client to itself (RFC 7592 section 2.1).
func (r *Registrar) Read(ctx context.Context, id, token string) (*Registration, error) {
	c, err := r.own(ctx, id, token)
	if err != nil {
		return nil, err
	}
	return c.registration("", token), nil
}

// Replace puts new metadata in place of a client's own; what is left out is deleted (RFC 7592 section 2.2).
func (r *Registrar) Replace(ctx context.Context, id, token string, raw []byte) (*Registration, error) {
	c, err := r.own(ctx, id, token)
	if err != nil {
		return nil, err
	}
	d, own, ps := r.read(raw)
	if own.ClientID != c.ID {
		ps.add("/client_id", "client.fixed", "has to be the client's own")
	}
	if own.ClientSecret != "" {
		ok, err := r.Clients.VerifySecret(ctx, c, own.ClientSecret)
		if err != nil {
			return nil, err
		}
		if !ok {
			ps.add("/client_secret", "client.secret", "is not the client's: it can not be chosen")
		}
	}
	if d.Kind != c.Kind || sendsSecret(d.AuthMethod()) && len(c.Secrets) == 0 {
		ps.add("/token_endpoint_auth_method", "client.fixed", "an application of this sort has to be registered anew")
	}
	if err := ps.err(); err != nil {
		return nil, err
	}
	updated, err := r.Clients.update(ctx, id, 0, true, func(old *Document) error {
		old.Metadata = d.Metadata
		return nil
	})
	if err != nil {
		return nil, err
	}
	return updated.registration("", token), nil
}

// Remove deletes a client at its own wish (RFC 7592 section 2.3).
func (r *Registrar) Remove(ctx context.Context, id, token string) error {
	if _, err := r.own(ctx, id, token); err != nil {
		return err
	}
	return r.Clients.remove(ctx, id, true)
}

// NewInitialToken makes a token with which somebody may register so many applications. It is shown this once.
func (r *Registrar) NewInitialToken(ctx context.Context, note string, uses int64, life time.Duration) (storage.RegistrationToken, string, error) {
	switch {
	case uses < 1 || uses > 1_000_000:
		return storage.RegistrationToken{}, "", kind.New(kind.Invalid, "registration.uses").WithField("uses")
	case life < time.Minute || life > 366*24*time.Hour:
		return storage.RegistrationToken{}, "", kind.New(kind.Invalid, "registration.life").WithField("expires_in")
	case len(note) > 200 || strings.ContainsFunc(note, unicode.IsControl):
		return storage.RegistrationToken{}, "", kind.New(kind.Invalid, "registration.note").WithField("note")
	}
	plain, now := prefixInitial+secret.Token(), r.Clients.Now()
	t := storage.RegistrationToken{
		ID: secret.UUID(), Hash: secret.Hash(plain), Note: note, Uses: uses,
		CreatedAt: storage.At(now), ExpiresAt: storage.At(now.Add(life)),
	}
	err := r.Store.InTx(ctx, func(ctx context.Context) error {
		if err := r.Store.CreateRegistrationToken(ctx, t); err != nil {
			return err
		}
		return r.Clients.record(ctx, "registration_token.created", "", false, map[string]any{"id": t.ID, "uses": uses})
	})
	return t, plain, err
}

// RemoveInitialToken ends one.
func (r *Registrar) RemoveInitialToken(ctx context.Context, id string) error {
	return r.Store.InTx(ctx, func(ctx context.Context) error {
		err := r.Store.DeleteRegistrationToken(ctx, id)
		if errors.Is(err, storage.ErrNotFound) {
			return kind.New(kind.NotFound, "registration.unknown").WithErr(err)
		}
		if err != nil {
			return err
		}
		return r.Clients.record(ctx, "registration_token.deleted", "", false, map[string]any{"id": id})
	})
}
