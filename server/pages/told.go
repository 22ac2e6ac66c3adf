package pages

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"

	"pratu/flows/accounts"
	"pratu/flows/authorize"
	"pratu/flows/clients"
	"pratu/flows/contact"
	"pratu/server/web"
	"pratu/storage"
)

// personOf is an account as applications are told of it: what tokens hold is made of the same.
func personOf(a *accounts.Account) *authorize.Person {
	reach := func(kind string) authorize.Reach {
		best := a.Best(kind)
		return authorize.Reach{Value: best.Value, Verified: best.Verified}
	}
	return &authorize.Person{
		SSOID: a.SSOID, OID: a.OID, Roles: a.Roles, Profile: a.Profile, Locale: a.Locale, UpdatedAt: a.UpdatedAt,
		Email: reach(contact.Email), Phone: reach(contact.Phone),
	}
}

// tells are the scopes that send something of the account's.
func tells(scope string) bool {
	return len(authorize.ScopeClaims(scope)) > 0 || slices.Contains([]string{"public_profile", "mobile", "contacts", "references"}, scope)
}

// covered tells whether a claim is told with one of the scopes already.
func covered(claim string, scopes []string) bool {
	return slices.ContainsFunc(scopes, func(scope string) bool { return slices.Contains(authorize.ScopeClaims(scope), claim) })
}

// values are what a scope would send now, as the person reads it. What only says something of the rest goes without saying.
func values(scope string, p *authorize.Person, a *accounts.Account, partners []storage.Binding) (list []string) {
	switch scope { // those of the Identity API
	case "public_profile":
		return slices.Concat(texts("name", p.PublicName()), told("picture", p))
	case "mobile":
		if p.Phone.Verified {
			return texts("phone_number", p.Phone.Value)
		}
		return nil
	case "contacts":
		for _, c := range a.Contacts {
			list = append(list, c.Value)
		}
		return list
	case "references":
		for _, b := range partners {
			list = append(list, web.Inert(b.Partner+" "+b.ExternalID))
		}
		return list
	}
	for _, claim := range authorize.ScopeClaims(scope) {
		for _, v := range told(claim, p) {
			if !authorize.Aside(claim) && !slices.Contains(list, v) { // a name and its parts needn't be told twice
				list = append(list, v)
			}
		}
	}
	return list
}

// told is what a standard claim tells.
func told(claim string, p *authorize.Person) []string { return texts(claim, p.Tell(claim)[claim]) }

// toldBy is what a claim tells: of the client's own, the fields of the account that it is made of.
func toldBy(c *clients.Client, claim string, scopes []string, p *authorize.Person) (list []string) {
	if clients.ReservedClaim(claim) {
		return told(claim, p)
	}
	if c == nil {
		return nil
	}
	fields := p.Fields()
	for _, r := range c.Settings.Claims {
		if _, sent := r.Evaluate(fields); !sent || r.Claim != claim || r.Scope != "" && !slices.Contains(scopes, r.Scope) {
			continue
		}
		for _, field := range r.Fields() {
			value, _ := (&clients.ClaimRule{Field: field}).Evaluate(fields)
			list = append(list, texts(field, value)...)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// texts are a claim's value as people read it.
func texts(claim string, value any) []string {
	var text string
	switch v := value.(type) {
	case nil:
	case []string:
		return v
	case map[string]any:
		if text = members(v); text == "" {
			return nil
		}
		return []string{text}
	case int64:
		text = fmt.Sprint(v)
		if claim == "updated_at" {
			text = time.Unix(v, 0).UTC().Format(time.DateOnly)
		}
	default:
		text = fmt.Sprint(v)
		if claim == "locale" {
			text = web.Spelled(text)
		}
	}
	if text = web.InertText(text); text == "" {
		return nil
	}
	return []string{text}
}

// addressParts are the members of an address as they are written; another system may have had more.
var addressParts = []string{"formatted", "street_address", "locality", "region", "postal_code", "country"}

// members are an address as it is written, and whatever else is sent with it.
func members(object map[string]any) string {
	var list []string
	written, _ := object["formatted"].(string)
	names := slices.Sorted(maps.Keys(object))
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(place(a), place(b)) })
	for _, name := range names {
		for _, text := range texts(name, object[name]) {
			if name == "formatted" || !strings.Contains(words(written), words(text)) {
				list = append(list, text)
			}
		}
	}
	return strings.Join(list, ", ")
}

// words are a text to look for others in.
func words(text string) string {
	return " " + strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r == ',' || unicode.IsSpace(r) }), " ") + " "
}

func place(part string) int {
	if i := slices.Index(addressParts, part); i >= 0 {
		return i
	}
	return len(addressParts)
}
