// Package directory owns what applications may ask about accounts by themselves: reading one, searching one by a contact,
// and for its owner who did that, and not to be found. It knows partners' ids, devices and channels of accounts. What comes
// as HTTP, in which envelope, is server/identity's; tokens and client authentication are flows/oidc's.
package directory

import (
	"context"
	"errors"
	"strings"
	"time"

	"pratu/flows/audit"
	"pratu/flows/clients"
	"pratu/flows/kind"
	"pratu/flows/limits"
	"pratu/flows/oidc"
	"pratu/flows/secret"
	"pratu/storage"
)

// Service answers what is asked of the directory. All fields are required.
type Service struct {
	Store    *storage.Store
	Keyring  *secret.Keyring
	Provider *oidc.Provider
	Keys     *clients.APIKeys
	Limiter  *limits.Limiter
	Audit    *audit.Log
	Presence *Presence
	Now      func() time.Time
}

// Refusals. They say nothing of what was asked about.
var (
	errClient     = kind.New(kind.Unauthorized, "directory.client")     // who asks isn't proven
	errToken      = kind.New(kind.Unauthorized, "directory.token")      // the access token opens nothing
	errPermission = kind.New(kind.Forbidden, "directory.permission")    // the client may not ask that
	errNotYours   = kind.New(kind.Forbidden, "directory.not_yours")     // the token is of another account or client
	errSwitch     = kind.New(kind.Forbidden, "directory.legacy_lookup") // the obsolete look-up is off for the client
	errUnknown    = kind.New(kind.NotFound, "directory.unknown")
)

// malformed is an input that can't be right, by its name.
func malformed(name string) error {
	return kind.New(kind.Invalid, "directory.malformed").WithField(name)
}

// Credentials are how a client says who it is.
type Credentials struct {
	ClientID, Secret string
	Network          string // where it asks from, for the budget of failures
}

// Caller proves which client asks, and that it has a permission.
func (s *Service) Caller(ctx context.Context, c Credentials, permission string) (*clients.Client, error) {
	caller, err := s.authenticate(ctx, c)
	if err != nil {
		return nil, err
	}
	if !caller.May(permission) {
		return caller, errPermission
	}
	return caller, nil
}

func (s *Service) authenticate(ctx context.Context, c Credentials) (*clients.Client, error) {
	if c.ClientID == "" || c.Secret == "" {
		return nil, errClient
	}
	caller, err := s.Provider.AuthenticateSecret(ctx, c.ClientID, c.Secret, c.Network)
	var refused *oidc.Error
	if errors.As(err, &refused) {
		return nil, errClient.WithErr(err)
	}
	return caller, err
}

// proveKey holds an API key to its client: that of another one is none.
func (s *Service) proveKey(ctx context.Context, caller *clients.Client, authorization string) error {
	key, err := s.Keys.Verify(ctx, bareKey(authorization))
	switch {
	case err != nil && kind.Of(err) == kind.NotFound:
		return errClient.WithErr(err)
	case err != nil:
		return err
	case key.ClientID != caller.ID:
		return errClient
	}
	s.Presence.KeyUsed(key.ID)
	return nil
}

// bareKey is a key without the scheme that some clients put before it.
func bareKey(authorization string) string {
	scheme, key, found := strings.Cut(authorization, " ")
	if found && (strings.EqualFold(scheme, "Bearer") || strings.EqualFold(scheme, "apikey")) {
		return strings.TrimSpace(key)
	}
	return authorization
}
