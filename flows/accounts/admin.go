package accounts

import (
	"context"
	"errors"
	"time"

	"pratu/flows/audit"
	"pratu/flows/contact"
	"pratu/flows/issuer"
	"pratu/flows/kind"
	"pratu/flows/passwords"
	"pratu/flows/secret"
	"pratu/flows/signin"
	"pratu/storage"
)

const (
	// SetupLife and LoginLinkLife are how long links for administrators work.
	SetupLife     = time.Hour
	LoginLinkLife = 15 * time.Minute

	// firstAdmin is written once: there is no second "first visitor".
	firstAdmin = "first-admin"

	// AMRLink is how an administrator signed in whose link came from the command line.
	AMRLink = "link"
)

// HasAdmin tells whether the first administrator exists.
func (s *Service) HasAdmin(ctx context.Context) (bool, error) {
	_, err := s.Store.Setting(ctx, firstAdmin)
	if errors.Is(err, storage.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// SetupLink makes the one-time link by which the first administrator is created; "" once there is one. A link made
// before it stops working.
func (s *Service) SetupLink(ctx context.Context) (string, error) {
	exists, err := s.HasAdmin(ctx)
	if err != nil || exists {
		return "", err
	}
	return s.link(ctx, storage.OneTimeLink{Purpose: storage.LinkSetup}, issuer.PathSetup, SetupLife)
}

// LoginLink is the way back in: a set-up link while there is no administrator, else a link that signs the first one in.
func (s *Service) LoginLink(ctx context.Context) (string, error) {
	link, err := s.SetupLink(ctx)
	if err != nil || link != "" {
		return link, err
	}
	admin, err := s.Store.FirstWithRole(ctx, RoleOwner)
	if errors.Is(err, storage.ErrNotFound) {
		return "", kind.New(kind.NotFound, "account.no_admin").WithErr(err)
	}
	if err != nil {
		return "", err
	}
	err = s.Audit.Append(ctx, audit.Event{Name: "admin.login_link_created", ActorKind: audit.CLI, AccountID: admin.ID})
	if err != nil {
		return "", err
	}
	return s.link(ctx, storage.OneTimeLink{Purpose: storage.LinkLogin, AccountID: admin.ID}, issuer.PathLoginLink, LoginLinkLife)
}

func (s *Service) link(ctx context.Context, l storage.OneTimeLink, path string, life time.Duration) (string, error) {
	token, now := secret.Token(), s.Now()
	l.ID, l.CreatedAt, l.ExpiresAt = secret.Hash(token), storage.At(now), storage.At(now.Add(life))
	return s.Issuer.URL(path) + "/" + token, s.Store.CreateLink(ctx, l)
}

func (s *Service) find(ctx context.Context, token, purpose string) (storage.OneTimeLink, error) {
	l, err := s.Store.Link(ctx, secret.Hash(token), purpose, storage.At(s.Now()))
	if errors.Is(err, storage.ErrNotFound) {
		return l, kind.New(kind.NotFound, "link.expired").WithErr(err)
	}
	return l, err
}

// Setup tells whether a set-up link works. Looking doesn't consume it.
func (s *Service) Setup(ctx context.Context, token string) error {
	_, err := s.find(ctx, token, storage.LinkSetup)
	return err
}

// CompleteSetup creates the first administrator by a link, once.
func (s *Service) CompleteSetup(ctx context.Context, token, email, password, locale string) (signin.Proof, error) {
	if err := s.Setup(ctx, token); err != nil {
		return signin.Proof{}, err
	}
	c, err := contact.ParseEmail(email)
	if err := errors.Join(err, passwords.Check(password, passwords.MinAlone, c.Value)); err != nil { // all that is wrong at once
		return signin.Proof{}, err
	}
	p, err := s.prepare(ctx, New{
		Email: email, EmailVerified: true, Password: password, Locale: locale, Roles: []string{RoleOwner, RoleAdmin},
	})
	if err != nil {
		return signin.Proof{}, err
	}
	var id string
	err = s.first(ctx, token, func(ctx context.Context) (string, error) {
		var err error
		id, err = s.insert(ctx, p)
		return id, err
	})
	if err != nil {
		return signin.Proof{}, err
	}
	return signin.PasswordProof(id, s.Now()), nil
}

// Appoint makes an account that exists already the first administrator by a link, once. The caller has proven that whoever
// opened the link is signed in to it and wants this.
func (s *Service) Appoint(ctx context.Context, token, accountID string) error {
	return s.first(ctx, token, func(ctx context.Context) (string, error) {
		row, err := s.Store.AccountByID(ctx, accountID)
		if errors.Is(err, storage.ErrNotFound) {
			return "", kind.New(kind.NotFound, "account.unknown").WithErr(err)
		}
		if err != nil {
			return "", err
		}
		if row.Status != storage.StatusActive {
			return "", kind.New(kind.Forbidden, "account.disabled")
		}
		roles, now := []string{RoleOwner, RoleAdmin}, storage.At(s.Now())
		for _, role := range roles {
			if err := s.Store.GrantRole(ctx, accountID, role, now); err != nil {
				return "", err
			}
		}
		return accountID, s.Audit.Append(ctx, audit.Event{
			Name: "account.roles_granted", ActorKind: audit.Account, ActorID: accountID, AccountID: accountID,
			Details: map[string]any{"roles": roles},
		})
	})
}

// first spends a set-up link on an account, in one transaction. Of all that try, one becomes the first administrator.
func (s *Service) first(ctx context.Context, token string, account func(ctx context.Context) (string, error)) error {
	return s.Store.InTx(ctx, func(ctx context.Context) error {
		now := storage.At(s.Now())
		if err := s.Store.UseLink(ctx, secret.Hash(token), storage.LinkSetup, now); err != nil {
			return kind.New(kind.NotFound, "link.expired").WithErr(err)
		}
		id, err := account(ctx)
		if err != nil {
			return err
		}
		if err := s.Store.Claim(ctx, firstAdmin, id, now); err != nil {
			return kind.New(kind.NotFound, "link.expired").WithErr(err)
		}
		return nil
	})
}

// LoginLinkOf tells whose link it is. Looking doesn't consume it.
func (s *Service) LoginLinkOf(ctx context.Context, token string) (*Account, error) {
	l, err := s.find(ctx, token, storage.LinkLogin)
	if err != nil {
		return nil, err
	}
	return s.Load(ctx, l.AccountID)
}

// UseLoginLink signs an administrator in by a link, once.
func (s *Service) UseLoginLink(ctx context.Context, token string) (signin.Proof, error) {
	l, err := s.find(ctx, token, storage.LinkLogin)
	if err != nil {
		return signin.Proof{}, err
	}
	if err := s.Store.UseLink(ctx, l.ID, storage.LinkLogin, storage.At(s.Now())); err != nil {
		return signin.Proof{}, kind.New(kind.NotFound, "link.expired").WithErr(err)
	}
	return signin.Proof{AccountID: l.AccountID, AMR: []string{AMRLink}, ACR: signin.ACRSingle, At: s.Now()}, nil
}
