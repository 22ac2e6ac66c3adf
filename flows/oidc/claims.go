package oidc

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"pratu/flows/authorize"
	"pratu/flows/clients"
	"pratu/flows/contact"
	"pratu/storage"
)

// contactClaims need the account's contacts.
var contactClaims = slices.Concat(authorize.ScopeClaims("email"), authorize.ScopeClaims("phone"))

func supportedClaims() []string {
	list := []string{"sub", "iss", "aud", "exp", "iat", "auth_time", "acr", "amr", "sid"}
	for _, scope := range []string{"profile", "email", "phone", "address"} {
		list = append(list, authorize.ScopeClaims(scope)...)
	}
	return list
}

func byScopes(scopes []string) []string {
	var names []string
	for _, s := range scopes {
		names = append(names, authorize.ScopeClaims(s)...)
	}
	return names
}

// assemble puts together the claims about a person from the account as it is now. A claim that was asked for with other
// values than the account's is left out.
func (p *Provider) assemble(g *storage.GrantView, contacts []storage.GrantContact, names []string, asked map[string]*authorize.ClaimRequest) (map[string]any, error) {
	person, err := p.person(g, contacts)
	if err != nil {
		return nil, err
	}
	claims := person.Tell(slices.AppendSeq(names, maps.Keys(asked))...)
	maps.DeleteFunc(claims, func(name string, value any) bool { return !wanted(asked[name], value) })
	return claims, nil
}

// person is whom a grant is about, contacts included where they were read.
func (p *Provider) person(g *storage.GrantView, contacts []storage.GrantContact) (*authorize.Person, error) {
	person := &authorize.Person{
		SSOID: g.AccountSSOID, OID: g.AccountOID, Locale: g.AccountLocale, UpdatedAt: g.AccountUpdatedAt.Time(),
	}
	if err := json.Unmarshal([]byte(g.AccountProfile), &person.Profile); err != nil {
		return nil, fmt.Errorf("profile of account %s: %w", g.AccountID, err)
	}
	return person, p.reach(person, contacts)
}

// custom are the claims that the client's rules put into a token. g is nil for client_credentials. A token that was
// exchanged has none: the person was asked about them for the other client.
func (p *Provider) custom(ctx context.Context, c *clients.Client, g *storage.GrantView, target string, scopes []string) (map[string]any, error) {
	claims := map[string]any{}
	rules := asked(c, g, c.ClaimRules(target, scopes))
	if len(rules) == 0 || g != nil && g.ClientID != c.ID {
		return claims, nil
	}
	var names []string
	for _, r := range rules {
		names = append(names, r.Fields()...)
	}
	fields, err := p.fields(ctx, g, names)
	if err != nil {
		return nil, err
	}
	for _, r := range rules {
		if v, ok := r.Evaluate(fields); ok {
			claims[r.Claim] = v
		}
	}
	return claims, nil
}

// asked are the rules of which a grant's person was asked. What came since then, or tells something else by now, waits for the
// next question. Nobody is asked for an application of our own.
func asked(c *clients.Client, g *storage.GrantView, rules []clients.ClaimRule) []clients.ClaimRule {
	if len(rules) == 0 || g == nil || g.Told == storage.ToldAll || c.FirstParty() {
		return rules
	}
	told, now := strings.Fields(g.Told), c.ToldClaims(strings.Fields(g.Scopes))
	return slices.DeleteFunc(rules, func(r clients.ClaimRule) bool {
		return len(r.Fields()) > 0 && !slices.ContainsFunc(now, func(t string) bool {
			return clients.ClaimOf(t) == r.Claim && slices.Contains(told, t)
		})
	})
}

// fields reads what rules take from an account: in the common case nothing more than the grant has.
func (p *Provider) fields(ctx context.Context, g *storage.GrantView, names []string) (map[string]any, error) {
	if g == nil || len(names) == 0 {
		return nil, nil
	}
	contacts, err := p.contactsFor(ctx, g.AccountID, names)
	if err != nil {
		return nil, err
	}
	person, err := p.person(g, contacts)
	if err != nil {
		return nil, err
	}
	if slices.Contains(names, "roles") {
		if person.Roles, err = p.Store.RolesOf(ctx, g.AccountID); err != nil {
			return nil, err
		}
	}
	return person.Fields(), nil
}

// wanted tells whether a value is among those asked for.
func wanted(r *authorize.ClaimRequest, value any) bool {
	if r == nil || r.Value == nil && len(r.Values) == 0 {
		return true
	}
	return slices.ContainsFunc(append(r.Values, r.Value), func(v any) bool { return v != nil && fmt.Sprint(v) == fmt.Sprint(value) })
}

// reach opens the best contact of each kind.
func (p *Provider) reach(person *authorize.Person, contacts []storage.GrantContact) error {
	for kind, to := range map[string]*authorize.Reach{contact.Email: &person.Email, contact.Phone: &person.Phone} {
		best, found := contact.Best(contacts, func(c storage.GrantContact) (bool, bool, bool) {
			return c.Kind == kind, !c.VerifiedAt.IsZero(), c.Preferred
		})
		if !found {
			continue
		}
		value, err := p.Keyring.Open("contact", best.Value, best.ID)
		if err != nil {
			return fmt.Errorf("contact %s: %w", best.ID, err)
		}
		*to = authorize.Reach{Value: string(value), Verified: !best.VerifiedAt.IsZero()}
	}
	return nil
}

// contactsFor reads the contacts of an account when the claims need them.
func (p *Provider) contactsFor(ctx context.Context, accountID string, names []string) ([]storage.GrantContact, error) {
	if !slices.ContainsFunc(names, func(n string) bool { return slices.Contains(contactClaims, n) }) {
		return nil, nil
	}
	return p.Store.ContactsForGrant(ctx, accountID)
}
