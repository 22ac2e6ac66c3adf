package oidc

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
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

// assemble puts together the claims about a person from the account as it is now. What the account doesn't have is left
// out: never null, never empty. A claim that was asked for with other values than the account's is left out as well.
func (p *Provider) assemble(g *storage.GrantView, contacts []storage.GrantContact, names []string, asked map[string]*authorize.ClaimRequest) (map[string]any, error) {
	profile, err := p.profile(g, contacts)
	if err != nil {
		return nil, err
	}
	for name := range asked {
		names = append(names, name)
	}
	claims := map[string]any{}
	for _, name := range names {
		value, known := profile[name]
		if !known || value == nil || value == "" || !slices.Contains(supportedClaims(), name) || !wanted(asked[name], value) {
			continue
		}
		claims[name] = value
	}
	return claims, nil
}

// profile is what the account says of its person, contacts included where they were read.
func (p *Provider) profile(g *storage.GrantView, contacts []storage.GrantContact) (map[string]any, error) {
	profile := map[string]any{}
	if err := json.Unmarshal([]byte(g.AccountProfile), &profile); err != nil {
		return nil, fmt.Errorf("profile of account %s: %w", g.AccountID, err)
	}
	if profile["name"] == nil {
		if name := fullName(profile); name != "" {
			profile["name"] = name
		}
	}
	if profile["locale"] == nil && g.AccountLocale != "" {
		profile["locale"] = g.AccountLocale
	}
	profile["updated_at"] = g.AccountUpdatedAt.Time().Unix()
	return profile, p.addContacts(profile, contacts)
}

// custom are the claims that the client's rules put into a token. g is nil for client_credentials. A token that was
// exchanged has none: the person was asked about them for the other client.
func (p *Provider) custom(ctx context.Context, c *clients.Client, g *storage.GrantView, target string, scopes []string) (map[string]any, error) {
	claims := map[string]any{}
	rules := c.ClaimRules(target, scopes)
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

// fields reads what rules take from an account: in the common case nothing more than the grant has.
func (p *Provider) fields(ctx context.Context, g *storage.GrantView, names []string) (map[string]any, error) {
	if g == nil || len(names) == 0 {
		return nil, nil
	}
	contacts, err := p.contactsFor(ctx, g.AccountID, names)
	if err != nil {
		return nil, err
	}
	fields, err := p.profile(g, contacts)
	if err != nil {
		return nil, err
	}
	fields["ssoid"], fields["oid"] = strconv.FormatInt(g.AccountSSOID, 10), g.AccountOID
	if slices.Contains(names, "roles") {
		roles, err := p.Store.RolesOf(ctx, g.AccountID)
		if err != nil {
			return nil, err
		}
		if len(roles) > 0 {
			fields["roles"] = roles
		}
	}
	return fields, nil
}

func fullName(profile map[string]any) string {
	given, _ := profile["given_name"].(string)
	family, _ := profile["family_name"].(string)
	return strings.TrimSpace(given + " " + family)
}

// wanted tells whether a value is among those asked for.
func wanted(r *authorize.ClaimRequest, value any) bool {
	if r == nil || r.Value == nil && len(r.Values) == 0 {
		return true
	}
	return slices.ContainsFunc(append(r.Values, r.Value), func(v any) bool { return v != nil && fmt.Sprint(v) == fmt.Sprint(value) })
}

// addContacts opens the best contact of each kind: verified before not, preferred before others, older before newer.
func (p *Provider) addContacts(profile map[string]any, contacts []storage.GrantContact) error {
	for _, kind := range []struct{ kind, claim string }{{contact.Email, "email"}, {contact.Phone, "phone_number"}} {
		best := storage.GrantContact{}
		for _, c := range contacts {
			better := !c.VerifiedAt.IsZero() && best.VerifiedAt.IsZero() || (c.VerifiedAt.IsZero() == best.VerifiedAt.IsZero() && c.Preferred && !best.Preferred)
			if c.Kind == kind.kind && (best.ID == "" || better) {
				best = c
			}
		}
		if best.ID == "" {
			continue
		}
		value, err := p.Keyring.Open("contact", best.Value, best.ID)
		if err != nil {
			return fmt.Errorf("contact %s: %w", best.ID, err)
		}
		profile[kind.claim], profile[kind.claim+"_verified"] = string(value), !best.VerifiedAt.IsZero()
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
