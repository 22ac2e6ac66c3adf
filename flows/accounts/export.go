package accounts

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"pratu/flows/audit"
	"pratu/flows/mail"
	"pratu/flows/signin"
	"pratu/storage"
)

// maxExport bounds how much of the record an export holds.
const maxExport = 10_000

// Export is what we know of a person, for them to keep. It holds no secrets, no hashes of any, and no internal ids.
type Export struct {
	ExportedAt   time.Time        `json:"exported_at"`
	Account      ExportAccount    `json:"account"`
	Profile      map[string]any   `json:"profile"`
	Contacts     []ExportContact  `json:"contacts"`
	Methods      []ExportMethod   `json:"sign_in_methods"`
	Sessions     []ExportSession  `json:"sessions"`
	Browsers     []ExportBrowser  `json:"known_browsers"`
	Consents     []ExportConsent  `json:"consents"`
	Applications []ExportAccess   `json:"application_access"`
	Devices      []ExportDevice   `json:"devices"`
	Channels     []ExportChannel  `json:"channels"`
	Partners     []ExportPartner  `json:"partners"`
	Lookups      []ExportActivity `json:"lookups"`
	Players      []ExportPlayer   `json:"players"`
	Activity     []ExportActivity `json:"activity"`
}

// ExportAccount is the account itself.
type ExportAccount struct {
	SSOID        int64     `json:"ssoid"`
	OID          string    `json:"oid"`
	Status       string    `json:"status"`
	RegisteredBy string    `json:"registered_by"`
	Locale       string    `json:"locale"`
	Roles        []string  `json:"roles"`
	CreatedAt    time.Time `json:"created_at"`
	UpdatedAt    time.Time `json:"updated_at"`
}

// ExportContact is a way to reach its owner.
type ExportContact struct {
	Kind       string    `json:"kind"`
	Value      string    `json:"value"`
	Preferred  bool      `json:"preferred"`
	AddedAt    time.Time `json:"added_at,omitzero"`
	VerifiedAt time.Time `json:"verified_at,omitzero"`
}

// ExportMethod is a way to sign in.
type ExportMethod struct {
	Kind       string    `json:"kind"`
	Name       string    `json:"name,omitempty"`
	CreatedAt  time.Time `json:"created_at,omitzero"`
	LastUsedAt time.Time `json:"last_used_at,omitzero"`
}

// ExportSession is a browser that is signed in.
type ExportSession struct {
	ID         string    `json:"id"`
	IP         string    `json:"ip"`
	UserAgent  string    `json:"user_agent"`
	Methods    []string  `json:"methods"`
	CreatedAt  time.Time `json:"created_at"`
	LastSeenAt time.Time `json:"last_seen_at"`
	ExpiresAt  time.Time `json:"expires_at"`
}

// ExportBrowser is one that was signed in.
type ExportBrowser struct {
	UserAgent  string    `json:"user_agent"`
	LastSeenAt time.Time `json:"last_seen_at"`
}

// ExportConsent is what a client is allowed.
type ExportConsent struct {
	ClientID  string    `json:"client_id"`
	Scopes    []string  `json:"scopes"`
	Claims    []string  `json:"claims,omitempty"`
	GrantedAt time.Time `json:"granted_at"`
	ExpiresAt time.Time `json:"expires_at"`
}

// ExportAccess is what a client has.
type ExportAccess struct {
	ClientID   string    `json:"client_id"`
	Subject    string    `json:"sub"`
	Scopes     []string  `json:"scopes"`
	Since      time.Time `json:"since"`
	LastUsedAt time.Time `json:"last_used_at,omitzero"`
}

// ExportPlayer is somebody in a game.
type ExportPlayer struct {
	Title     string        `json:"title"`
	Name      string        `json:"name"`
	Team      int64         `json:"team"`
	Costume   int64         `json:"costume"`
	Coin      int64         `json:"coin"`
	Diamond   int64         `json:"diamond"`
	BannedAt  time.Time     `json:"banned_at,omitzero"`
	BanReason string        `json:"ban_reason,omitempty"`
	CreatedAt time.Time     `json:"created_at"`
	Ledger    []ExportEntry `json:"ledger"` // the newest first
}

// ExportEntry is what a player got or spent.
type ExportEntry struct {
	At       time.Time `json:"at"`
	Currency string    `json:"currency"`
	Amount   int64     `json:"amount"`
	Balance  int64     `json:"balance"`
	Reason   string    `json:"reason"`
}

// ExportActivity is an event of the record.
type ExportActivity struct {
	At        time.Time       `json:"at"`
	Event     string          `json:"event"`
	Outcome   string          `json:"outcome"`
	ClientID  string          `json:"client_id,omitempty"`
	IP        string          `json:"ip,omitempty"`
	UserAgent string          `json:"user_agent,omitempty"`
	Reason    string          `json:"reason,omitempty"`
	Details   json.RawMessage `json:"details,omitempty"`
}

// Export gathers all of it, notes that it left, and tells the owner.
func (s *Service) Export(ctx context.Context, a *Account, device string) (*Export, error) {
	return s.ExportFor(ctx, a, News{Event: mail.DataDownloaded, Device: device})
}

// ExportFor is Export by whoever the news tells of.
func (s *Service) ExportFor(ctx context.Context, a *Account, news News) (*Export, error) {
	e := &Export{
		ExportedAt: s.Now().UTC(), Profile: a.Profile,
		Account:  ExportAccount{a.SSOID, a.OID, a.Status, a.RegisterBy, a.Locale, append([]string{}, a.Roles...), a.CreatedAt, a.UpdatedAt},
		Contacts: []ExportContact{}, Methods: []ExportMethod{}, Sessions: []ExportSession{}, Browsers: []ExportBrowser{},
		Consents: []ExportConsent{}, Applications: []ExportAccess{}, Devices: []ExportDevice{}, Channels: []ExportChannel{},
		Partners: []ExportPartner{}, Players: []ExportPlayer{},
	}
	for _, c := range a.Contacts {
		e.Contacts = append(e.Contacts, ExportContact{c.Kind, c.Value, c.Preferred, c.AddedAt, c.VerifiedAt})
	}
	if err := s.exportBrowsers(ctx, a.ID, e); err != nil {
		return nil, err
	}
	if err := s.exportApplications(ctx, a.ID, e); err != nil {
		return nil, err
	}
	if err := s.exportDirectory(ctx, a.ID, e); err != nil {
		return nil, err
	}
	if err := s.exportPlayers(ctx, a.ID, e); err != nil {
		return nil, err
	}
	events, err := s.Store.AuditPage(ctx, a.ID, storage.At(s.Now())+1, "", maxExport)
	if err != nil {
		return nil, err
	}
	e.Activity = exportActivity(events)
	err = s.Store.InTx(ctx, func(ctx context.Context) error {
		err := s.Audit.Append(ctx, audit.Event{Name: "account.exported", ActorKind: audit.Account, ActorID: a.ID, AccountID: a.ID})
		if err != nil {
			return err
		}
		return s.Notify(ctx, a, news)
	})
	if err != nil {
		return nil, err
	}
	s.Mail.Wake()
	return e, nil
}

func (s *Service) exportBrowsers(ctx context.Context, accountID string, e *Export) error {
	now := storage.At(s.Now())
	methods, err := s.Store.MethodsOfAccount(ctx, accountID)
	if err != nil {
		return err
	}
	for _, m := range methods {
		e.Methods = append(e.Methods, ExportMethod{m.Kind, m.Name, m.CreatedAt.Time(), m.LastUsedAt.Time()})
	}
	sessions, err := s.Store.SessionsOfAccount(ctx, accountID, now, now.Add(-signin.IdleLife))
	if err != nil {
		return err
	}
	for _, x := range sessions {
		e.Sessions = append(e.Sessions, ExportSession{
			x.ID, x.IP, x.UserAgent, strings.Fields(x.AMR), x.CreatedAt.Time(), x.LastSeenAt.Time(), x.ExpiresAt.Time(),
		})
	}
	browsers, err := s.Store.KnownBrowsers(ctx, accountID, now)
	for _, k := range browsers {
		e.Browsers = append(e.Browsers, ExportBrowser{k.UserAgent, k.LastSeenAt.Time()})
	}
	return err
}

func (s *Service) exportPlayers(ctx context.Context, accountID string, e *Export) error {
	list, err := s.Store.PlayersOf(ctx, accountID)
	if err != nil {
		return err
	}
	for _, p := range list {
		player := ExportPlayer{
			Title: p.Title, Name: p.Name, Team: p.TeamID, Costume: p.CostumeID, Coin: p.Coin, Diamond: p.Diamond,
			BannedAt: p.BannedAt.Time(), BanReason: p.BanReason, CreatedAt: p.CreatedAt.Time(), Ledger: []ExportEntry{},
		}
		entries, err := s.Store.Ledger(ctx, p.ID, maxExport)
		if err != nil {
			return err
		}
		for _, x := range entries {
			player.Ledger = append(player.Ledger, ExportEntry{x.CreatedAt.Time(), x.Currency, x.Amount, x.Balance, x.Reason})
		}
		e.Players = append(e.Players, player)
	}
	return nil
}

func (s *Service) exportApplications(ctx context.Context, accountID string, e *Export) error {
	now := storage.At(s.Now())
	consents, err := s.Store.ConsentsOfAccount(ctx, accountID, now)
	if err != nil {
		return err
	}
	for _, c := range consents {
		e.Consents = append(e.Consents, ExportConsent{
			c.ClientID, strings.Fields(c.Scopes), strings.Fields(c.Claims), c.GrantedAt.Time(), c.ExpiresAt.Time(),
		})
	}
	access, err := s.Store.AccessOfAccount(ctx, accountID, now)
	for _, g := range access {
		e.Applications = append(e.Applications, ExportAccess{g.ClientID, g.Subject, strings.Fields(g.Scopes), g.Since.Time(), g.UsedAt.Time()})
	}
	return err
}
