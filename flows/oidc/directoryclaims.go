package oidc

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"pratu/flows/contact"
	"pratu/storage"
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
	account, err := p.profile(u.grant, nil)
	if err != nil {
		return err
	}
	avatar, _ := account["picture"].(string)
	profile["avatar"] = avatar
	for _, name := range []string{"name", "nickname", "preferred_username"} {
		if text, _ := account[name].(string); text != "" {
			profile["display_name"] = maskNumber(text)
			break
		}
	}
	if profile["display_name"] == "" {
		if profile["display_name"], err = p.maskedContact(ctx, u.grant); err != nil {
			return err
		}
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

// maskedContact is what somebody without a name is called.
func (p *Provider) maskedContact(ctx context.Context, g *storage.GrantView) (string, error) {
	contacts, err := p.Store.ContactsForGrant(ctx, g.AccountID)
	if err != nil {
		return "", err
	}
	told := map[string]any{}
	if err := p.addContacts(told, contacts); err != nil {
		return "", err
	}
	if number, _ := told["phone_number"].(string); number != "" {
		return maskNumber(number), nil
	}
	address, _ := told["email"].(string)
	if address == "" {
		return "", nil
	}
	return contact.Mask(contact.Stored(contact.Email, address)), nil
}

// maskNumber leaves three digits of a phone number that stands where a name should; a name stays as it is.
func maskNumber(text string) string {
	c, err := contact.ParsePhone(text)
	if err != nil {
		return text
	}
	digits := strings.TrimPrefix(c.Value, "+")
	if national, thai := strings.CutPrefix(digits, "66"); thai {
		digits = "0" + national
	}
	return digits[:3] + strings.Repeat("*", len(digits)-3)
}
