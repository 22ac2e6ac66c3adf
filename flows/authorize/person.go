package authorize

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"pratu/flows/clients"
	"pratu/flows/contact"
)

// Person is what an account says of its owner: the one source of what applications are told, and of what people are shown
// before they allow it.
type Person struct {
	SSOID        int64
	OID          string
	Roles        []string
	Profile      map[string]any // as it is kept
	Locale       string
	UpdatedAt    time.Time
	Email, Phone Reach
}

// Reach is the contact of a kind that applications are told of; without a value there is none.
type Reach struct {
	Value    string
	Verified bool
}

// claims are all of the person, in the form in which they are sent.
func (p *Person) claims() map[string]any {
	claims := map[string]any{}
	maps.Copy(claims, p.Profile)
	maps.DeleteFunc(claims, func(name string, _ any) bool { return slices.Contains(clients.NotOfProfile, name) })
	if claims["name"] == nil || claims["name"] == "" {
		claims["name"] = p.fullName()
	}
	if claims["locale"] == nil {
		claims["locale"] = p.Locale
	}
	claims["updated_at"] = p.UpdatedAt.Unix()
	for claim, to := range map[string]Reach{"email": p.Email, "phone_number": p.Phone} {
		if to.Value != "" {
			claims[claim], claims[claim+"_verified"] = to.Value, to.Verified
		}
	}
	return claims
}

func (p *Person) fullName() string {
	given, _ := p.Profile["given_name"].(string)
	family, _ := p.Profile["family_name"].(string)
	return strings.TrimSpace(given + " " + family)
}

// Tell is what is told of the person under these names. What the account doesn't have is left out: never null, never empty.
func (p *Person) Tell(names ...string) map[string]any {
	all, told := p.claims(), map[string]any{}
	for _, name := range names {
		if v := all[name]; v != nil && v != "" && slices.Contains(standardClaims, name) {
			told[name] = v
		}
	}
	return told
}

// Fields are what the rules of clients take from an account.
func (p *Person) Fields() map[string]any {
	fields := p.claims()
	maps.DeleteFunc(fields, func(_ string, v any) bool { return v == "" })
	fields["ssoid"], fields["oid"] = strconv.FormatInt(p.SSOID, 10), p.OID
	if len(p.Roles) > 0 {
		fields["roles"] = p.Roles
	}
	return fields
}

// PublicName is what the scope public_profile calls the person; a phone number that stands where a name should is masked.
// Without a name it is a contact, masked.
func (p *Person) PublicName() string {
	told := p.claims()
	for _, name := range []string{"name", "nickname", "preferred_username"} {
		if text, _ := told[name].(string); text != "" {
			return maskNumber(text)
		}
	}
	switch {
	case p.Phone.Value != "":
		return maskNumber(p.Phone.Value)
	case p.Email.Value != "":
		return contact.Mask(contact.Stored(contact.Email, p.Email.Value))
	}
	return ""
}

// maskNumber leaves three digits of a phone number; a name stays as it is.
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

// Aside tells whether a claim only says something of others that are told with it.
func Aside(claim string) bool {
	return slices.Contains([]string{"email_verified", "phone_number_verified", "updated_at"}, claim)
}
