package office

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"pratu/flows/accounts"
	"pratu/flows/audit"
	"pratu/flows/clients"
	"pratu/flows/contact"
	"pratu/flows/kind"
	"pratu/storage"
)

// Holder is an account with what it may be here.
type Holder struct {
	AccountID string
	SSOID     int64
	Status    string
	Roles     []string
	Titles    []string
}

// Holders are all accounts with a role.
func (s *Service) Holders(ctx context.Context, a Actor) (list []Holder, err error) {
	if ctx, err = a.enter(ctx, ReadRoles); err != nil {
		return nil, err
	}
	rows, err := s.Store.RoleHolders(ctx)
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		if n := len(list); n == 0 || list[n-1].AccountID != row.AccountID {
			list = append(list, Holder{AccountID: row.AccountID, SSOID: row.SSOID, Status: row.Status})
		}
		h := &list[len(list)-1]
		h.Roles = append(h.Roles, row.Role)
		if row.Role == TitleOwner {
			if h.Titles, err = s.Store.TitlesOf(ctx, row.AccountID); err != nil {
				return nil, err
			}
		}
	}
	return list, nil
}

// Role is one to be given or taken: with Title for title owners, without for the others. Taking it without a title takes
// all titles.
type Role struct{ Name, Title string }

// Grant gives an account a role. Twice is once.
func (s *Service) Grant(ctx context.Context, a Actor, accountID string, r Role) error {
	ctx, err := a.enter(ctx, WriteRoles)
	if err != nil {
		return err
	}
	if err := s.check(ctx, r); err != nil {
		return err
	}
	return s.Store.InTx(ctx, func(ctx context.Context) error {
		account, err := s.account(ctx, accountID)
		if err != nil {
			return err
		}
		if account.Status != storage.StatusActive {
			return kind.New(kind.Conflict, "account.disabled")
		}
		now := storage.At(s.Now())
		if err := s.Store.GrantRole(ctx, accountID, r.Name, now); err != nil {
			return err
		}
		if r.Title != "" {
			if err := s.Store.GrantTitle(ctx, accountID, r.Title, now); err != nil {
				return err
			}
		}
		return s.record(ctx, "account.roles_granted", accountID, map[string]any{"roles": []string{r.Name}, "title": r.Title})
	})
}

// HolderID is the id of an account that is to get or lose a role, by its number (ssoid).
func (s *Service) HolderID(ctx context.Context, a Actor, ssoid int64) (string, error) {
	ctx, err := a.enter(ctx, WriteRoles)
	if err != nil {
		return "", err
	}
	row, err := s.Store.AccountBySSOID(ctx, ssoid)
	return row.ID, unknownAccount(err)
}

// check refuses roles that don't exist and titles that none are.
func (s *Service) check(ctx context.Context, r Role) error {
	switch {
	case !slices.Contains(Roles(), r.Name):
		return kind.New(kind.Invalid, "role.unknown").WithField("role")
	case (r.Name == TitleOwner) != (r.Title != ""):
		return kind.New(kind.Invalid, "role.title").WithField("title")
	case r.Title == "":
		return nil
	}
	c, err := s.Clients.Find(ctx, r.Title)
	if kind.Of(err) == kind.NotFound && err != nil || err == nil && c.Kind != clients.KindGame {
		return kind.New(kind.Invalid, "role.title").WithField("title").WithArg("reason", "unknown").WithArg("title", r.Title)
	}
	return err
}

// Revoke takes a role from an account. The last owner keeps it: nobody could be made one afterwards.
func (s *Service) Revoke(ctx context.Context, a Actor, accountID string, r Role) error {
	ctx, err := a.enter(ctx, WriteRoles)
	if err != nil {
		return err
	}
	if !slices.Contains(Roles(), r.Name) {
		return kind.New(kind.Invalid, "role.unknown").WithField("role")
	}
	return s.Store.InTx(ctx, func(ctx context.Context) error {
		if r.Name == Owner {
			if err := s.Accounts.NotLastOwner(ctx, accountID); err != nil {
				return err
			}
		}
		if err := s.take(ctx, accountID, r); err != nil {
			return err
		}
		return s.record(ctx, "account.roles_revoked", accountID, map[string]any{"roles": []string{r.Name}, "title": r.Title})
	})
}

func (s *Service) take(ctx context.Context, accountID string, r Role) error {
	missing := kind.New(kind.NotFound, "role.missing")
	if r.Name == TitleOwner {
		n, err := s.Store.RevokeTitle(ctx, accountID, r.Title)
		if err != nil {
			return err
		}
		if n == 0 && r.Title != "" {
			return missing
		}
		if left, err := s.Store.TitlesOf(ctx, accountID); err != nil || len(left) > 0 {
			return err
		}
	}
	err := s.Store.RevokeRole(ctx, accountID, r.Name)
	if errors.Is(err, storage.ErrNotFound) {
		return missing.WithErr(err)
	}
	return err
}

func (s *Service) record(ctx context.Context, event, accountID string, details map[string]any) error {
	return s.Audit.Append(ctx, audit.Event{Name: event, AccountID: accountID, Details: details})
}

// account reads the row of an account of any status.
func (s *Service) account(ctx context.Context, id string) (storage.Account, error) {
	row, err := s.Store.AccountByID(ctx, id)
	return row, unknownAccount(err)
}

// unknownAccount is what it means that there is no such row, or can't be.
func unknownAccount(err error) error {
	if errors.Is(err, storage.ErrNotFound) || errors.Is(err, storage.ErrInvalid) {
		return kind.New(kind.NotFound, "account.unknown").WithErr(err)
	}
	return err
}

// Named is the account that somebody means by a verified contact, a number (ssoid), or one of its ids.
func (s *Service) Named(ctx context.Context, a Actor, text string) (*accounts.Account, error) {
	ctx, err := a.enter(ctx, ReadAccounts)
	if err != nil {
		return nil, err
	}
	row, err := s.named(ctx, strings.TrimSpace(text))
	if err != nil {
		return nil, unknownAccount(err)
	}
	return s.Accounts.Load(ctx, row.ID)
}

// named takes digits for an account's number before it takes them for a phone's: people choose their phone numbers, and nobody
// is to be taken for somebody else by one.
func (s *Service) named(ctx context.Context, text string) (storage.Account, error) {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil && text == strconv.FormatInt(n, 10) {
		if row, err := s.Store.AccountBySSOID(ctx, n); !errors.Is(err, storage.ErrNotFound) {
			return row, err
		}
	}
	if c, err := contact.Parse(text); err == nil {
		row, _, err := s.Store.AccountByContact(ctx, c.Kind, s.Keyring.Digests(c.Kind, c.Canonical))
		if !errors.Is(err, storage.ErrNotFound) {
			return row, err
		}
	}
	return s.Store.AccountByEitherID(ctx, text)
}
