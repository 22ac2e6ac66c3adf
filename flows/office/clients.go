package office

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"pratu/flows/clients"
	"pratu/flows/kind"
	"pratu/storage"
)

// FindClients reads up to limit applications whose name or id holds a text, in the order of ids after one; next is where to
// go on, "" at the end. Title owners find their own.
func (s *Service) FindClients(ctx context.Context, a Actor, text, after string, limit int) (list []*clients.Client, next string, err error) {
	return s.search(ctx, a, ReadClients, storage.ClientFilter{Text: strings.TrimSpace(text), After: after, Limit: limit}, a.reaches)
}

// search is one of applications that an actor may do something with.
func (s *Service) search(ctx context.Context, a Actor, action Action, f storage.ClientFilter, may func(Action, *clients.Client) bool) (list []*clients.Client, next string, err error) {
	if ctx, err = a.enter(ctx, action); err != nil {
		return nil, "", err
	}
	if !a.Everywhere(action) {
		if f.Titles = a.Titles; len(f.Titles) == 0 {
			return nil, "", nil
		}
	}
	limit := f.Limit
	f.Limit++
	if list, err = s.Clients.Search(ctx, f); err != nil {
		return nil, "", err
	}
	if len(list) > limit {
		list = list[:limit]
		next = list[limit-1].ID
	}
	// The query looks at JSON as text, which somebody else's setting may look like.
	return slices.DeleteFunc(list, func(c *clients.Client) bool { return !may(action, c) }), next, nil
}

// reaches tells whether an actor may do something with an application.
func (a Actor) reaches(action Action, c *clients.Client) bool {
	return a.Everywhere(action) || slices.Contains(a.own, action) &&
		(slices.Contains(a.Titles, c.ID) || slices.Contains(a.Titles, c.Settings.Title))
}

// Client is one application. One of somebody else's title is as unknown as one that isn't there.
func (s *Service) Client(ctx context.Context, a Actor, id string) (*clients.Client, error) {
	_, c, err := s.theirs(ctx, a, ReadClients, id)
	return c, err
}

// theirs is what every action on one application begins with.
func (s *Service) theirs(ctx context.Context, a Actor, action Action, id string) (context.Context, *clients.Client, error) {
	ctx, err := a.enter(ctx, action)
	if err != nil {
		return ctx, nil, err
	}
	c, err := s.Clients.Find(ctx, id)
	if err == nil && !a.reaches(action, c) {
		return ctx, nil, kind.New(kind.NotFound, "client.unknown")
	}
	return ctx, c, err
}

// CreateClient registers an application. Its secret is returned this once.
func (s *Service) CreateClient(ctx context.Context, a Actor, d clients.Document) (*clients.Client, string, error) {
	ctx, err := a.enter(ctx, WriteClients)
	if err == nil && !a.Everywhere(WriteClients) {
		err = Refused(WriteClients)
	}
	if err == nil {
		err = errors.Join(a.gives(d.Scope), a.lets(nil, d.Settings.Permissions))
	}
	if err != nil {
		return nil, "", err
	}
	return s.Clients.Create(ctx, d)
}

// ChangeClient applies a change to an application that is still the version that was looked at; 0 for any.
func (s *Service) ChangeClient(ctx context.Context, a Actor, id string, version storage.Instant, change func(*clients.Document) error) (*clients.Client, error) {
	ctx, _, err := s.theirs(ctx, a, WriteClients, id)
	if err != nil {
		return nil, err
	}
	return s.Clients.UpdateIf(ctx, id, version, func(d *clients.Document) error {
		before := *d
		if err := change(d); err != nil {
			return err
		}
		if err := errors.Join(a.gives(before.Scope+" "+d.Scope), a.lets(before.Settings.Permissions, d.Settings.Permissions)); err != nil {
			return err
		}
		if !a.Everywhere(WriteClients) && widened(&before, d) {
			return Refused(WriteClients)
		}
		return nil
	})
}

// gives refuses to hand out scopes of the admin API that somebody doesn't have, or the keys of a client that has them: else
// who may write clients could become one that may everything.
func (a Actor) gives(scopes string) error {
	for _, scope := range strings.Fields(scopes) {
		action := Action(strings.TrimPrefix(scope, ScopePrefix))
		if strings.HasPrefix(scope, ScopePrefix) && !a.Everywhere(action) {
			return Refused(action)
		}
	}
	return nil
}

// lets refuses to let a client ask more about accounts when it is done by who may not read them.
func (a Actor) lets(before, after []string) error {
	more := slices.ContainsFunc(after, func(p string) bool { return !slices.Contains(before, p) })
	if more && !a.Everywhere(ReadAccounts) {
		return Refused(ReadAccounts)
	}
	return nil
}

// widened tells whether a change is of more than a title owner decides about: what the title is called, and where it lives.
// Everything else decides what an application may, members that are yet to come too.
func widened(before, after *clients.Document) bool {
	rest := func(d clients.Document) string {
		m := &d.Metadata
		m.ClientName, m.Localized, m.ClientURI, m.LogoURI, m.PolicyURI, m.TosURI, m.Contacts = "", clients.Localized{}, "", "", "", "", nil
		m.RedirectURIs, m.PostLogoutRedirectURIs, m.InitiateLoginURI = nil, nil, ""
		m.BackchannelLogoutURI, m.BackchannelSession, m.FrontchannelLogoutURI, m.FrontchannelSession = "", false, "", false
		m.SoftwareID, m.SoftwareVersion = "", ""
		raw, _ := json.Marshal(d) //nolint:gosec // it goes nowhere
		return string(raw)
	}
	return rest(*before) != rest(*after)
}

// DeleteClient removes an application for good.
func (s *Service) DeleteClient(ctx context.Context, a Actor, id string, version storage.Instant) error {
	ctx, err := a.enter(ctx, WriteClients)
	if err == nil && !a.Everywhere(WriteClients) {
		err = Refused(WriteClients)
	}
	if err != nil {
		return err
	}
	return s.Store.InTx(ctx, func(ctx context.Context) error {
		c, err := s.Clients.Find(ctx, id)
		if err == nil && version != 0 && c.UpdatedAt != version {
			err = kind.New(kind.Conflict, "client.changed")
		}
		if err != nil {
			return err
		}
		return s.Clients.Delete(ctx, id)
	})
}

// MaxOverlap is how long an old secret can work beside a new one.
const MaxOverlap = 30 * 24 * time.Hour

// RotateSecret gives an application a second secret. The one before works for the overlap, those before that end.
func (s *Service) RotateSecret(ctx context.Context, a Actor, id string, overlap time.Duration) (string, error) {
	ctx, err := s.keyed(ctx, a, id)
	if err == nil && (overlap < 0 || overlap > MaxOverlap) {
		err = kind.New(kind.Invalid, "client.overlap").WithField("overlap")
	}
	if err != nil {
		return "", err
	}
	return s.Clients.RotateSecret(ctx, id, "", overlap)
}

// keyed is what begins with which an actor gets a secret or key of an application: not that of one who may more, at the admin
// API or, for who isn't given it with a title, in what it may ask about accounts.
func (s *Service) keyed(ctx context.Context, a Actor, id string) (context.Context, error) {
	ctx, c, err := s.theirs(ctx, a, RotateSecrets, id)
	if err == nil {
		err = a.gives(c.Metadata.Scope)
	}
	if err == nil && a.Everywhere(RotateSecrets) {
		err = a.lets(nil, c.Settings.Permissions)
	}
	return ctx, err
}

// EndOldSecrets leaves an application its newest secret alone.
func (s *Service) EndOldSecrets(ctx context.Context, a Actor, id string) error {
	ctx, _, err := s.theirs(ctx, a, RotateSecrets, id)
	if err != nil {
		return err
	}
	return s.Clients.EndOldSecrets(ctx, id)
}
