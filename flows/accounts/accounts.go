// Package accounts owns people's accounts: how one comes to be, which contacts it has, who administers. No account exists
// before a contact is proven, so there are no unverified twins and nobody's address can be taken in advance. Signing in
// is flows/signin's, rows are storage's.
package accounts

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"pratu/flows/audit"
	"pratu/flows/codes"
	"pratu/flows/contact"
	"pratu/flows/issuer"
	"pratu/flows/kind"
	"pratu/flows/limits"
	"pratu/flows/mail"
	"pratu/flows/passwords"
	"pratu/flows/secret"
	"pratu/storage"
)

// Roles that the first administrator has. What roles may do is flows/office's.
const (
	RoleOwner = "owner"
	RoleAdmin = "admin"
)

// ByUs is register_by of accounts that came through no client: command line, console, import.
const ByUs = "0"

const sealLabel = "contact"

// Service keeps accounts. All fields are required.
type Service struct {
	Store   *storage.Store
	Keyring *secret.Keyring
	Hasher  *passwords.Hasher
	Limiter *limits.Limiter
	Audit   *audit.Log
	Mail    *mail.Service
	Codes   *codes.Service
	Issuer  issuer.Issuer
	Product string // what mails call us
	Now     func() time.Time
}

// Account is a person, with contacts opened.
type Account struct {
	ID         string
	SSOID      int64
	OID        string
	Status     string
	RegisterBy string
	Locale     string
	Profile    map[string]any // OIDC standard claims
	Contacts   []Contact
	Roles      []string
	CreatedAt  time.Time
	UpdatedAt  time.Time
}

// Contact is a way to reach a person.
type Contact struct {
	ID, Kind, Value     string
	Verified, Preferred bool
	AddedAt, VerifiedAt time.Time
}

// Email is the preferred address among the verified ones, else any, else "".
func (a *Account) Email() string { return a.Best(contact.Email).Value }

// Phone is the preferred number among the verified ones, else any, else "".
func (a *Account) Phone() string { return a.Best(contact.Phone).Value }

// Best is the contact that stands for all of a kind; one without a value where there is none.
func (a *Account) Best(contactKind string) Contact {
	best, _ := contact.Best(a.Contacts, func(c Contact) (bool, bool, bool) { return c.Kind == contactKind, c.Verified, c.Preferred })
	return best
}

// Identifier is what the person signs in with.
func (a *Account) Identifier() string {
	if email := a.Email(); email != "" {
		return email
	}
	return a.Phone()
}

// DisplayName is what pages call the person.
func (a *Account) DisplayName() string {
	text := func(claim string) string {
		s, _ := a.Profile[claim].(string)
		return strings.TrimSpace(s)
	}
	for _, name := range []string{text("name"), strings.TrimSpace(text("given_name") + " " + text("family_name")), text("nickname"), text("preferred_username")} {
		if name != "" {
			return name
		}
	}
	return ""
}

// Is tells whether the account has a role.
func (a *Account) Is(role string) bool { return slices.Contains(a.Roles, role) }

// Load reads an account in any status.
func (s *Service) Load(ctx context.Context, id string) (*Account, error) {
	row, err := s.Store.AccountByID(ctx, id)
	if errors.Is(err, storage.ErrNotFound) {
		return nil, kind.New(kind.NotFound, "account.unknown").WithErr(err)
	}
	if err != nil {
		return nil, err
	}
	contacts, err := s.Store.ContactsOfAccount(ctx, id)
	if err != nil {
		return nil, err
	}
	roles, err := s.Store.RolesOf(ctx, id)
	if err != nil {
		return nil, err
	}
	a := &Account{
		ID: row.ID, SSOID: row.SSOID, OID: row.OID, Status: row.Status, RegisterBy: row.RegisterBy, Locale: row.Locale,
		Profile: map[string]any{}, Roles: roles, CreatedAt: row.CreatedAt.Time(), UpdatedAt: row.UpdatedAt.Time(),
	}
	if err := json.Unmarshal([]byte(row.Profile), &a.Profile); err != nil {
		return nil, fmt.Errorf("profile of account %s: %w", id, err)
	}
	a.Contacts, err = s.Open(contacts)
	return a, err
}

// Open reads sealed contacts.
func (s *Service) Open(rows []storage.Contact) ([]Contact, error) {
	list := make([]Contact, 0, len(rows))
	for _, c := range rows {
		value, err := s.Keyring.Open(sealLabel, c.Value, c.ID)
		if err != nil {
			return nil, fmt.Errorf("contact %s: %w", c.ID, err)
		}
		list = append(list, Contact{
			ID: c.ID, Kind: c.Kind, Value: string(value), Verified: !c.VerifiedAt.IsZero(), Preferred: c.Preferred,
			AddedAt: c.AddedAt.Time(), VerifiedAt: c.VerifiedAt.Time(),
		})
	}
	return list, nil
}

// New is an account to be created by an administrator's word.
type New struct {
	Email, Phone                 string // "" for none
	EmailVerified, PhoneVerified bool
	Password                     string // "" for none
	Locale                       string
	Profile                      map[string]any
	RegisterBy                   string // client, or ByUs
	ActorKind, ActorID           string // who says so, for the audit
	Roles                        []string
}

// Create makes an account: account.exists when a verified contact is another account's, account.claims with
// ClaimProblems when a claim isn't what its name promises.
func (s *Service) Create(ctx context.Context, n New) (*Account, error) {
	p, err := s.prepare(ctx, n)
	if err != nil {
		return nil, err
	}
	var id string
	err = s.Store.InTx(ctx, func(ctx context.Context) error {
		var err error
		id, err = s.insert(ctx, p)
		return err
	})
	if err != nil {
		return nil, err
	}
	return s.Load(ctx, id)
}

// prepare checks what was given and hashes the password, which is too slow for a transaction.
func (s *Service) prepare(ctx context.Context, n New) (person, error) {
	p := person{
		locale: n.Locale, profile: n.Profile, registerBy: n.RegisterBy, createdAt: s.Now(), roles: n.Roles,
		event: audit.Event{Name: "account.created", ActorKind: n.ActorKind, ActorID: n.ActorID},
	}
	for _, c := range []struct {
		text     string
		verified bool
		parse    func(string) (contact.Contact, error)
	}{{n.Email, n.EmailVerified, contact.ParseEmail}, {n.Phone, n.PhoneVerified, contact.ParsePhone}} {
		if c.text == "" {
			continue
		}
		parsed, err := c.parse(c.text)
		if err != nil {
			return p, err
		}
		p.contacts = append(p.contacts, draft{parsed, c.verified})
	}
	if len(p.contacts) == 0 {
		return p, kind.New(kind.Invalid, "account.no_contact")
	}
	if err := checkProfile(n.Profile); err != nil || n.Password == "" {
		return p, err
	}
	if err := passwords.Check(n.Password, passwords.MinAlone, n.Email, n.Phone); err != nil {
		return p, err
	}
	var err error
	p.password, err = s.Hasher.Hash(ctx, n.Password)
	return p, err
}

// draft is a contact on its way into an account.
type draft struct {
	contact.Contact
	verified bool
}

// person is everything about a new account.
type person struct {
	status     string // active unless said otherwise
	contacts   []draft
	password   string // hash, "" for none
	title      string // the one game that the password opens, or ""
	locale     string
	profile    map[string]any
	registerBy string
	createdAt  time.Time
	roles      []string
	event      audit.Event
	spend      func(context.Context) error // what the account costs, or nil
}

// insert writes an account with all that belongs to it, in the caller's transaction.
func (s *Service) insert(ctx context.Context, p person) (id string, err error) {
	profile := []byte("{}")
	if len(p.profile) > 0 {
		if profile, err = json.Marshal(p.profile); err != nil {
			return "", err
		}
	}
	id = secret.UUID()
	now := storage.At(s.Now())
	err = s.Store.CreateAccount(ctx, storage.Account{
		ID: id, SSOID: secret.SSOID(), OID: secret.OID(), Status: or(p.status, storage.StatusActive), RegisterBy: or(p.registerBy, ByUs),
		Locale: p.locale, Profile: string(profile), CreatedAt: storage.At(p.createdAt), UpdatedAt: now,
	})
	if err != nil {
		return "", err
	}
	if words := Words(p.profile); len(words) > 0 {
		if err := s.Store.SetWords(ctx, id, words); err != nil {
			return "", err
		}
	}
	masked := make([]string, len(p.contacts))
	for i, c := range p.contacts {
		masked[i] = contact.Mask(c.Contact)
		if err := s.addContact(ctx, id, c, true, now); err != nil {
			return "", err
		}
	}
	// Whoever proves the same contact waits at its index from here on. To spend first would have each of several hold what
	// the others are about to void.
	if p.spend != nil {
		if err := p.spend(ctx); err != nil {
			return "", err
		}
	}
	for _, c := range p.contacts {
		if err := s.void(ctx, c); err != nil {
			return "", err
		}
	}
	if p.password != "" {
		err := s.Store.CreateCredential(ctx, storage.Credential{ID: secret.UUID(), AccountID: id, Kind: "password", Secret: p.password, Title: p.title, CreatedAt: now})
		if err != nil {
			return "", err
		}
	}
	for _, role := range p.roles {
		if err := s.Store.GrantRole(ctx, id, role, now); err != nil {
			return "", err
		}
	}
	e := p.event
	e.AccountID = id
	e.Details = map[string]any{"contacts": masked, "roles": p.roles}
	return id, s.Audit.Append(ctx, e)
}

func (s *Service) addContact(ctx context.Context, accountID string, c draft, preferred bool, now storage.Instant) error {
	row := storage.Contact{ID: secret.UUID(), AccountID: accountID, Kind: c.Kind, Preferred: preferred, AddedAt: now}
	row.Value = s.Keyring.Seal(sealLabel, []byte(c.Value), row.ID)
	digests := s.Keyring.Digests(c.Kind, c.Canonical)
	if c.verified {
		row.VerifiedAt = now
		// An index row of a key that isn't current any more may be all that another account has.
		if _, _, err := s.Store.AccountByContact(ctx, c.Kind, digests); !errors.Is(err, storage.ErrNotFound) {
			return taken(err)
		}
	}
	err := s.Store.CreateContact(ctx, row, digests)
	if errors.Is(err, storage.ErrExists) {
		return taken(nil)
	}
	return err
}

// void ends the registrations that wait for a contact which now has an owner.
func (s *Service) void(ctx context.Context, c draft) error {
	if !c.verified {
		return nil
	}
	return s.Store.VoidPendings(ctx, c.Kind, s.Keyring.Digests(c.Kind, c.Canonical))
}

// taken is a contact that another account has proven. An error of the database stays one.
func taken(err error) error {
	if err != nil {
		return err
	}
	return kind.New(kind.Exists, "account.exists")
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
