package oidc

import (
	"context"
	"slices"
	"strconv"
)

// directoryVersion is what clients of the Identity API know their tokens by.
const directoryVersion = "2.0"

// directoryClaims adds what clients of the Identity API look for in an access token. profile is told where public_profile
// was allowed; the strings of the gateway that stood before the old system go to those that still read them.
func (p *Provider) directoryClaims(ctx context.Context, u *unit, claims map[string]any) error {
	public := slices.Contains(u.scopes, "public_profile")
	if u.grant == nil || u.grant.ClientID != u.client.ID || !public && !u.client.Settings.LegacyClaims {
		return nil
	}
	claims["version"], claims["device_id"] = directoryVersion, u.form.Get("device_id")
	profile := map[string]any{"refs": []string{}, "avatar": "", "display_name": ""}
	if public {
		if err := p.publicProfile(ctx, u, profile); err != nil {
			return err
		}
	}
	claims["profile"] = profile
	if u.client.Settings.LegacyClaims {
		claims["trusted_owner"] = strconv.FormatBool(u.client.FirstParty())
		claims["tze"] = map[string]string{"timezone": "Asia/Bangkok", "value": "+07:00", "gmt": "7"}
		claims["apim_an"], claims["apim_po"] = u.client.DisplayName(), u.client.ID
	}
	return nil
}

func (p *Provider) publicProfile(ctx context.Context, u *unit, profile map[string]any) error {
	person, err := p.person(u.grant, nil)
	if err != nil {
		return err
	}
	if person.PublicName() == "" { // somebody without a name
		contacts, err := p.Store.ContactsForGrant(ctx, u.grant.AccountID)
		if err == nil {
			err = p.reach(person, contacts)
		}
		if err != nil {
			return err
		}
	}
	profile["display_name"] = person.PublicName()
	if avatar, ok := person.Tell("picture")["picture"].(string); ok {
		profile["avatar"] = avatar
	}
	if !slices.Contains(u.scopes, "references") {
		return nil
	}
	bindings, err := p.Store.BindingsOfAccount(ctx, u.grant.AccountID, false)
	refs := []string{}
	for _, b := range bindings {
		refs = append(refs, b.Partner)
	}
	profile["refs"] = refs
	return err
}
