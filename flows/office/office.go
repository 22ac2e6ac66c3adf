// Package office owns what administrators may do: roles, the one table of which role may do what, and the actions
// themselves, each of which asks that table before anything else. Console, admin API and commands are its adapters. What
// the actions do to clients, accounts and keys is decided in those rooms; who is signed in is flows/signin's.
package office

import (
	"context"
	"slices"
	"strings"
	"time"

	"pratu/flows/accounts"
	"pratu/flows/audit"
	"pratu/flows/clients"
	"pratu/flows/connectors"
	"pratu/flows/keys"
	"pratu/flows/kind"
	"pratu/flows/players"
	"pratu/flows/record"
	"pratu/flows/secret"
	"pratu/flows/webhooks"
	"pratu/storage"
)

// Service is the office. All fields are required.
type Service struct {
	Store    *storage.Store
	Clients  *clients.Service
	Accounts *accounts.Service
	Keys     *keys.Service
	Keyring  *secret.Keyring
	Audit    *audit.Log
	Chain    *record.Chain
	Webhooks *webhooks.Service
	Now      func() time.Time

	Connectors *connectors.Service
	Players    *players.Service
	APIKeys    *clients.APIKeys
	Registrar  *clients.Registrar
	Bindings   Bindings

	live tally
}

// Actor is who asks. The zero value may nothing.
type Actor struct {
	Kind, ID string // as in the record
	Roles    []string
	Titles   []string // that a title owner owns
	may      []Action // all of it
	own      []Action // with what belongs to the titles
}

// Of is an account as an actor; without a role it may nothing.
func (s *Service) Of(ctx context.Context, accountID string) (Actor, error) {
	a := Actor{Kind: audit.Account, ID: accountID}
	var err error
	if a.Roles, err = s.Store.RolesOf(ctx, accountID); err != nil {
		return a, err
	}
	if slices.Contains(a.Roles, TitleOwner) {
		if a.Titles, err = s.Store.TitlesOf(ctx, accountID); err != nil {
			return a, err
		}
	}
	for _, action := range Actions() {
		for _, role := range a.Roles {
			switch matrix[action][role] {
			case All:
				a.may = append(a.may, action)
			case Own:
				a.own = append(a.own, action)
			}
		}
	}
	return a, nil
}

// Host is who sits at the server's own terminal: commands need its database and its secret key.
func Host() Actor { return Actor{Kind: audit.CLI, may: Actions()} }

// ScopePrefix is what scopes of the admin API begin with; the rest is the action.
const ScopePrefix = clients.AdminScope

// Machine is a client with an access token of the admin API: it may what the token's scopes say.
func Machine(clientID string, scopes []string) Actor {
	a := Actor{Kind: audit.Client, ID: clientID}
	for _, action := range Remote() {
		if slices.Contains(scopes, action.Scope()) {
			a.may = append(a.may, action)
		}
	}
	return a
}

// May tells whether an actor may do something, to anything or to what is their own.
func (a Actor) May(action Action) bool {
	return slices.Contains(a.may, action) || slices.Contains(a.own, action)
}

// Everywhere tells whether an actor may do something to all there is.
func (a Actor) Everywhere(action Action) bool { return slices.Contains(a.may, action) }

// Anything tells whether the office has a door for an actor.
func (a Actor) Anything() bool { return len(a.may)+len(a.own) > 0 }

// enter is the first line of every action: it refuses, or hands on who acts to the record of what follows.
func (a Actor) enter(ctx context.Context, action Action) (context.Context, error) {
	if !a.May(action) {
		return ctx, Refused(action)
	}
	return audit.Acting(ctx, a.Kind, a.ID), nil
}

// Refused is the one answer to who may not.
func Refused(action Action) error {
	return kind.New(kind.Forbidden, "office.forbidden").WithArg("action", string(action))
}

// maxReason bounds what somebody writes about why they did something.
const maxReason = 200

// reasoned is a reason as it is kept: one line of printable text.
func reasoned(text string) (string, error) {
	text = strings.TrimSpace(text)
	if text == "" || len([]rune(text)) > maxReason || text != audit.Printable(text, 4*maxReason) {
		return "", kind.New(kind.Invalid, "office.reason").WithField("reason").WithArg("max", maxReason)
	}
	return text, nil
}
