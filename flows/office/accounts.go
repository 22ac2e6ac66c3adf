package office

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"pratu/flows/accounts"
	"pratu/flows/audit"
	"pratu/flows/contact"
	"pratu/flows/kind"
	"pratu/flows/mail"
	"pratu/flows/signin"
	"pratu/storage"
)

// Found is a page of people.
type Found struct {
	Accounts []*accounts.Account
	Next     string // where to go on; "" at the end
}

// FindAccounts finds people by a contact, a number or an id, in full; by how a word of their name begins; without a text
// the newest. Looking for an address or number is written down: it tells whether somebody has an account here.
func (s *Service) FindAccounts(ctx context.Context, a Actor, text, after string, limit int) (*Found, error) {
	ctx, err := a.enter(ctx, ReadAccounts)
	if err != nil {
		return nil, err
	}
	if text = strings.TrimSpace(text); text == "" {
		return s.newest(ctx, after, limit)
	}
	one, err := s.looked(ctx, a, text)
	switch {
	case err == nil:
		return &Found{Accounts: []*accounts.Account{one}}, nil
	case kind.Of(err) != kind.NotFound:
		return nil, err
	}
	return s.byName(ctx, text, after, limit)
}

// looked is Named, on the record of who acts in ctx where it tells whether somebody's address or number has an account here.
func (s *Service) looked(ctx context.Context, a Actor, text string) (*accounts.Account, error) {
	one, err := s.Named(ctx, a, text)
	text = strings.TrimSpace(text)
	c, e := contact.Parse(text)
	byNumber := err == nil && strconv.FormatInt(one.SSOID, 10) == text // which may look like a phone's
	if err != nil && kind.Of(err) != kind.NotFound || e != nil || byNumber {
		return one, err
	}
	details := map[string]any{"kind": c.Kind, "contact": contact.Mask(c), "found": err == nil}
	return one, cmp.Or(s.Audit.Append(ctx, audit.Event{Name: "directory.searched", Details: details}), err)
}

func (s *Service) newest(ctx context.Context, before string, limit int) (*Found, error) {
	rows, err := s.Store.NewestAccounts(ctx, before, limit+1)
	if err != nil {
		return nil, err
	}
	f := &Found{}
	if len(rows) > limit {
		rows = rows[:limit]
		f.Next = rows[limit-1].ID
	}
	ids := make([]string, len(rows))
	for i, row := range rows {
		ids[i] = row.ID
	}
	return f, s.load(ctx, f, ids)
}

func (s *Service) load(ctx context.Context, f *Found, ids []string) error {
	for _, id := range ids {
		x, err := s.Accounts.Load(ctx, id)
		if kind.Is(err, "account.unknown") { // erased meanwhile
			continue
		}
		if err != nil {
			return err
		}
		f.Accounts = append(f.Accounts, x)
	}
	return nil
}

// CreateAccount makes an account by the word of an administrator, who vouches for what is given as proven. It has no role.
func (s *Service) CreateAccount(ctx context.Context, a Actor, n accounts.New) (*accounts.Account, error) {
	ctx, err := a.enter(ctx, CreateAccounts)
	if err != nil {
		return nil, err
	}
	n.RegisterBy, n.Roles = accounts.ByUs, nil
	return s.Accounts.Create(ctx, n)
}

// Person is an account with what is around it.
type Person struct {
	*accounts.Account
	Factors  storage.Factors
	Sessions []storage.Session
	Reason   string // why it was disabled, or ""
	// MergedInto is the number of the account that this one became, or 0.
	MergedInto int64
}

// Account is one account by its number (ssoid).
func (s *Service) Account(ctx context.Context, a Actor, ssoid int64) (*Person, error) {
	ctx, err := a.enter(ctx, ReadAccounts)
	if err != nil {
		return nil, err
	}
	row, err := s.Store.AccountBySSOID(ctx, ssoid)
	if err != nil {
		return nil, unknownAccount(err)
	}
	p := &Person{}
	if p.Account, err = s.Accounts.Load(ctx, row.ID); err != nil {
		return nil, err
	}
	now := s.Now()
	if p.Factors, err = s.Store.FactorsOf(ctx, row.ID, "", storage.At(now)); err != nil {
		return nil, err
	}
	if p.Sessions, err = s.Store.SessionsOfAccount(ctx, row.ID, storage.At(now), storage.At(now.Add(-signin.IdleLife))); err != nil {
		return nil, err
	}
	if p.Status == storage.StatusMerged {
		var into storage.Account
		into, err = s.Store.MergedInto(ctx, row.ID)
		p.MergedInto = into.SSOID
	}
	if p.Status == storage.StatusDisabled {
		p.Reason, err = s.Store.WhyDisabled(ctx, row.ID)
	}
	return p, err
}

// reading is an actor who reads accounts as well: a scope to write needn't come with one to read.
func (a Actor) reading() Actor {
	a.may = append(slices.Clone(a.may), ReadAccounts)
	return a
}

// touch is what every change of an account begins with: who has a role is only touched by who may give roles, else support
// could become its owner by taking a factor away; and nobody locks themselves out.
func (s *Service) touch(ctx context.Context, a Actor, action Action, ssoid int64) (context.Context, *Person, error) {
	ctx, err := a.enter(ctx, action)
	if err != nil {
		return ctx, nil, err
	}
	p, err := s.Account(ctx, a.reading(), ssoid)
	switch {
	case err != nil:
		return ctx, nil, err
	case len(p.Roles) > 0 && !a.May(WriteRoles):
		return ctx, nil, Refused(WriteRoles)
	case a.Kind == audit.Account && a.ID == p.ID:
		return ctx, nil, kind.New(kind.Conflict, "account.self")
	}
	return ctx, p, nil
}

// EndSessions signs an account out everywhere, and takes from applications what they have.
func (s *Service) EndSessions(ctx context.Context, a Actor, ssoid int64) error {
	ctx, p, err := s.touch(ctx, a, WriteAccounts, ssoid)
	if err != nil {
		return err
	}
	return s.Store.InTx(ctx, func(ctx context.Context) error {
		if err := s.signOut(ctx, p.ID); err != nil {
			return err
		}
		return s.record(ctx, "session.all_ended", p.ID, nil)
	})
}

func (s *Service) signOut(ctx context.Context, accountID string) error {
	now := storage.At(s.Now())
	if err := s.Store.EndSessionsOfAccount(ctx, accountID, "", now); err != nil {
		return err
	}
	return s.Store.RevokeGrantsOfAccount(ctx, accountID, "", now)
}

// ResetFactors takes an account's passkeys, authenticator app and recovery codes away, for who has lost them. Nobody sees
// any of them, the owner is told of each, and whoever is signed in is signed out.
func (s *Service) ResetFactors(ctx context.Context, a Actor, ssoid int64) error {
	ctx, p, err := s.touch(ctx, a, WriteAccounts, ssoid)
	if err != nil {
		return err
	}
	err = s.Store.InTx(ctx, func(ctx context.Context) error {
		keys, app, err := s.Store.ResetFactors(ctx, p.ID, storage.At(s.Now()))
		if err != nil {
			return err
		}
		if err := s.signOut(ctx, p.ID); err != nil {
			return err
		}
		var news []accounts.News
		if app {
			news = append(news, accounts.News{Event: mail.TOTPRemoved})
		}
		for _, k := range keys {
			news = append(news, accounts.News{Event: mail.PasskeyRemoved, What: k.Name})
		}
		for _, n := range news {
			if err := s.Accounts.Notify(ctx, p.Account, n); err != nil {
				return err
			}
		}
		return s.record(ctx, "account.factors_reset", p.ID, map[string]any{"passkeys": len(keys), "app": app})
	})
	if err == nil {
		s.Accounts.Mail.Wake()
	}
	return err
}

// DeleteAccount closes an account as its owner would; it is erased when the grace is over.
func (s *Service) DeleteAccount(ctx context.Context, a Actor, ssoid int64) error {
	ctx, p, err := s.touch(ctx, a, DeleteAccounts, ssoid)
	if err != nil {
		return err
	}
	_, err = s.Accounts.Close(ctx, p.Account, "")
	return err
}
