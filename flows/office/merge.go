package office

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"

	"pratu/flows/accounts"
	"pratu/flows/audit"
	"pratu/flows/kind"
	"pratu/flows/mail"
	"pratu/storage"
)

// Merge is what becomes of two accounts of one person when one goes into the other.
type Merge struct {
	From, Into   *accounts.Account
	Logins       int // linked ones, which go over
	Players      []MergedPlayer
	Partners     int
	Applications int // consents, which go over where the account that stays has none
	Claims       []string
	Sessions     int // which end

	profile string
}

// MergedPlayer is one of the account that goes.
type MergedPlayer struct {
	storage.Player
	Stays bool // the account that stays plays the title already: this one is nobody's from then on
}

// PreviewMerge tells what a merge would do. It reads both accounts, and changes neither. Who is looked for by an address is on
// the record, as in a search.
func (s *Service) PreviewMerge(ctx context.Context, a Actor, from int64, into string) (*Merge, error) {
	ctx, err := a.enter(ctx, MergeAccounts) // before it is told whether there is such an account
	if err != nil {
		return nil, err
	}
	x, err := s.looked(ctx, a.reading(), into)
	if kind.Is(err, "account.unknown") {
		err = kind.New(kind.Invalid, "account.unknown").WithField("into").WithErr(err)
	}
	if err != nil {
		return nil, err
	}
	return s.merging(ctx, a, from, x.SSOID)
}

// merging judges and reads both accounts. Roles are taken away before: nobody gets them by a merge. Nobody merges their own
// account, or somebody else's into it.
func (s *Service) merging(ctx context.Context, a Actor, from, into int64) (*Merge, error) {
	_, gone, err := s.touch(ctx, a, MergeAccounts, from)
	if err != nil {
		return nil, err
	}
	_, stays, err := s.touch(ctx, a, MergeAccounts, into)
	if err != nil {
		return nil, err
	}
	refuse := func(code string) error { return kind.New(kind.Invalid, code).WithField("into") }
	switch {
	case gone.ID == stays.ID:
		return nil, refuse("merge.same")
	case len(gone.Roles)+len(stays.Roles) > 0:
		return nil, refuse("merge.roles")
	case stays.Status != storage.StatusActive || !slices.Contains([]string{storage.StatusActive, storage.StatusDisabled, storage.StatusGuest}, gone.Status):
		return nil, refuse("merge.status")
	}
	m := &Merge{From: gone.Account, Into: stays.Account, Sessions: len(gone.Sessions)}
	return m, s.count(ctx, m)
}

// count reads what goes over.
func (s *Service) count(ctx context.Context, m *Merge) error {
	now := storage.At(s.Now())
	logins, err := s.Store.IdentitiesOf(ctx, m.From.ID)
	if err != nil {
		return err
	}
	theirs, err := s.Store.PlayersOf(ctx, m.From.ID)
	if err != nil {
		return err
	}
	ours, err := s.Store.PlayersOf(ctx, m.Into.ID)
	if err != nil {
		return err
	}
	for _, p := range theirs {
		stays := slices.ContainsFunc(ours, func(o storage.Player) bool { return o.Title == p.Title })
		m.Players = append(m.Players, MergedPlayer{p, stays})
	}
	partners, err := s.Store.BindingsOfAccount(ctx, m.From.ID, false)
	if err != nil {
		return err
	}
	consents, err := s.Store.ConsentsOfAccount(ctx, m.From.ID, now)
	if err != nil {
		return err
	}
	m.Logins, m.Partners, m.Applications = len(logins), len(partners), len(consents)
	profile := maps.Clone(m.Into.Profile)
	for _, name := range slices.Sorted(maps.Keys(m.From.Profile)) {
		if _, has := profile[name]; !has {
			profile[name] = m.From.Profile[name]
			m.Claims = append(m.Claims, name)
		}
	}
	raw, err := json.Marshal(profile)
	m.profile = string(raw)
	return err
}

// Seen are the versions of two accounts that a preview showed.
type Seen struct{ From, Into storage.Instant }

// Seen is what somebody who looked at the preview has seen.
func (m *Merge) Seen() Seen { return Seen{storage.At(m.From.UpdatedAt), storage.At(m.Into.UpdatedAt)} }

// MergeAccounts lets one account go into another, as the preview showed it. Whoever signed in to it is signed out, its
// password, passkeys and codes are void: what signs in to an account is never changed by a merge but by a proven contact
// or a linked login that goes over. Its numbers are never anybody's again.
func (s *Service) MergeAccounts(ctx context.Context, a Actor, from, into int64, seen Seen) error {
	ctx, err := a.enter(ctx, MergeAccounts)
	if err != nil {
		return err
	}
	m, err := s.merging(ctx, a, from, into)
	if err != nil {
		return err
	}
	if m.Seen() != seen {
		return kind.New(kind.Conflict, "account.changed")
	}
	err = s.Store.InTx(ctx, func(ctx context.Context) error { return s.merge(ctx, m) })
	if errors.Is(err, storage.ErrNotFound) {
		err = kind.New(kind.Conflict, "account.changed").WithErr(err)
	}
	if err == nil {
		s.Accounts.Mail.Wake()
	}
	return err
}

func (s *Service) merge(ctx context.Context, m *Merge) error {
	if err := s.signOut(ctx, m.From.ID); err != nil {
		return err
	}
	seen := m.Seen()
	err := s.Store.MergeAccounts(ctx, storage.AccountMerge{
		FromID: m.From.ID, IntoID: m.Into.ID, FromVersion: seen.From, IntoVersion: seen.Into, Profile: m.profile, Now: storage.At(s.Now()),
	})
	if err != nil {
		return err
	}
	profile := map[string]any{}
	if err := json.Unmarshal([]byte(m.profile), &profile); err != nil {
		return err
	}
	if err := s.Store.SetWords(ctx, m.Into.ID, accounts.Words(profile)); err != nil {
		return err
	}
	details := map[string]any{"from": m.From.SSOID, "into": m.Into.SSOID}
	err = s.Audit.AppendAll(ctx, []audit.Event{
		{Name: "account.merged", AccountID: m.Into.ID, Details: details}, {Name: "account.merged", AccountID: m.From.ID, Details: details},
	})
	if err != nil {
		return err
	}
	var others []string
	for _, c := range m.From.Contacts {
		if c.Verified && c.Kind == "email" {
			others = append(others, c.Value)
		}
	}
	return s.Accounts.Notify(ctx, m.Into, accounts.News{Event: mail.AccountMerged}, others...)
}

// ExportAccount is what we know of a person, as they could download it themselves. They are told.
func (s *Service) ExportAccount(ctx context.Context, a Actor, ssoid int64) (*accounts.Export, error) {
	ctx, p, err := s.touch(ctx, a, ExportAccounts, ssoid)
	if err != nil {
		return nil, err
	}
	return s.Accounts.ExportFor(ctx, p.Account, accounts.News{Event: mail.DataExported})
}
