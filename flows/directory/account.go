package directory

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"pratu/flows/audit"
	"pratu/flows/clients"
	"pratu/flows/contact"
	"pratu/flows/kind"
	"pratu/flows/limits"
	"pratu/flows/oidc"
	"pratu/storage"
)

// Scopes that open parts of an account to who reads it.
const (
	ScopeMobile     = "mobile"
	ScopeEmail      = "email"
	ScopeContacts   = "contacts"
	ScopeReferences = "references"
)

// Account is what a client is told of an account. What the token's scopes don't open is left out.
type Account struct {
	Mobile, Email *string
	Verified      bool // there is a contact that its owner proved
	Bindings      []storage.Binding
	Contacts      []Contact
	Scopes        []string
	RegisteredAt  time.Time

	id string
}

// Opens tells whether a scope is among those that the account was read with.
func (a *Account) Opens(scope string) bool { return slices.Contains(a.Scopes, scope) }

// Contact is a way to reach an account's owner.
type Contact struct {
	Kind, Value         string
	Preferred           bool
	AddedAt, VerifiedAt time.Time // zero: not proven
}

// ReadRequest asks for an account, by API key, client and access token together.
type ReadRequest struct {
	Credentials
	ID     string // the ssoid as it was written
	APIKey string // the Authorization header
	Token  string
}

// maxSSOID is below 2^53: every JSON reader keeps it exact.
const maxSSOID = 1<<53 - 1

// Read answers with an account whose owner's token the client has, or with permission with any. An account that isn't the
// token's is never looked for, so one that doesn't exist is answered like it, in the same time.
func (s *Service) Read(ctx context.Context, r ReadRequest) (*Account, *clients.Client, error) {
	id, err := strconv.ParseInt(r.ID, 10, 64)
	if err != nil || id <= 0 || id > maxSSOID || strconv.FormatInt(id, 10) != r.ID {
		return nil, nil, malformed("id")
	}
	caller, err := s.authenticate(ctx, r.Credentials)
	if err != nil {
		return nil, nil, err
	}
	if err := s.proveKey(ctx, caller, r.APIKey); err != nil {
		return nil, nil, err
	}
	if !caller.May(clients.PermissionRead) {
		return nil, caller, errPermission
	}
	a, err := s.read(ctx, caller, id, r.Token)
	return a, caller, err
}

func (s *Service) read(ctx context.Context, caller *clients.Client, id int64, token string) (*Account, error) {
	access, err := s.Provider.Access(ctx, token)
	var refused *oidc.Error
	if errors.As(err, &refused) {
		return nil, errToken.WithErr(err)
	}
	if err != nil {
		return nil, err
	}
	own := access.SSOID() == id
	if own && slices.Contains(access.Audience, caller.ID) {
		return s.tell(ctx, id, access.Scopes)
	}
	if err := s.Limiter.Take(ctx, limits.ReadClient.Of(caller.ID)); err != nil {
		return nil, s.alarm(ctx, caller, err)
	}
	if !slices.Contains(access.Audience, caller.ID) || !caller.May(clients.PermissionReadAny) {
		return nil, errNotYours
	}
	a, err := s.tell(ctx, id, access.Scopes)
	if err != nil {
		return nil, err
	}
	return a, s.Audit.Append(ctx, s.lookup(caller, a.id, map[string]any{"hit": true, "by": "id"}))
}

// tell reads what scopes open.
func (s *Service) tell(ctx context.Context, ssoid int64, scopes []string) (*Account, error) {
	row, contacts, err := s.Store.AccountWithContacts(ctx, ssoid)
	if errors.Is(err, storage.ErrNotFound) || err == nil && row.Status != storage.StatusActive && row.Status != storage.StatusGuest {
		return nil, errUnknown
	}
	if err != nil {
		return nil, err
	}
	a := &Account{id: row.ID, Scopes: scopes, RegisteredAt: row.CreatedAt.Time(), Contacts: []Contact{}}
	for _, c := range contacts {
		a.Verified = a.Verified || !c.VerifiedAt.IsZero()
	}
	if !slices.ContainsFunc(scopes, func(scope string) bool { return scope == ScopeMobile || scope == ScopeEmail || scope == ScopeContacts }) {
		contacts = nil
	}
	for _, c := range contacts {
		value, err := s.Keyring.Open("contact", c.Value, c.ID)
		if err != nil {
			return nil, fmt.Errorf("contact %s: %w", c.ID, err)
		}
		a.Contacts = append(a.Contacts, Contact{c.Kind, string(value), c.Preferred, c.AddedAt.Time(), c.VerifiedAt.Time()})
	}
	a.Mobile, a.Email = a.best(contact.Phone), a.best(contact.Email)
	if a.Opens(ScopeReferences) {
		a.Bindings, err = s.Store.BindingsOfAccount(ctx, row.ID, false)
	}
	return a, err
}

// best is the preferred one among the proven contacts of a kind, else "": a note that nobody proved isn't passed on as the
// account's.
func (a *Account) best(contactKind string) *string {
	best := Contact{}
	for _, c := range a.Contacts { // the oldest first
		if c.Kind == contactKind && !c.VerifiedAt.IsZero() && (best.Value == "" || c.Preferred && !best.Preferred) {
			best = c
		}
	}
	return &best.Value
}

// alarm notes that a client went beyond a budget, once for each window.
func (s *Service) alarm(ctx context.Context, caller *clients.Client, err error) error {
	e, limited := kind.As(err)
	if !limited || e.Kind != kind.RateLimited || !s.Presence.firstAlarm(caller.ID, e.RetryAfter) {
		return err
	}
	noted := s.Audit.Append(ctx, audit.Event{
		Name: "client.limited", Outcome: audit.Failure, ActorKind: audit.Client, ActorID: caller.ID, ClientID: caller.ID,
		Details: map[string]any{"policy": e.Args["policy"]},
	})
	return errors.Join(err, noted)
}
