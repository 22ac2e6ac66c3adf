package accounts

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"pratu/flows/audit"
	"pratu/flows/clients"
	"pratu/flows/kind"
)

// Bounds of what is said about a document that is wrong from end to end.
const (
	maxClaimProblems = 50
	maxClaimName     = 60
)

// ReadNew decodes a document with OpenID Connect claim names and a password, strictly: an unknown claim is more likely a slip
// than a wish, and nobody gives themselves a role with one. What is wrong is account.claims with ClaimProblems.
func ReadNew(raw []byte) (New, error) {
	n := New{Profile: map[string]any{}}
	dec := json.NewDecoder(bytes.NewReader(raw))
	doc := map[string]any(nil)
	if err := dec.Decode(&doc); err != nil || doc == nil {
		return n, claimsRefused(ClaimProblems{"not a JSON object with claims"})
	}
	if dec.More() {
		return n, claimsRefused(ClaimProblems{"more than one JSON document: create accounts one by one"})
	}
	var ps ClaimProblems
	members, _ := clients.Members(raw)
	if len(members) > len(doc) { // encoding/json took the last: whoever judged the document before us may have read the first
		ps = append(ps, "more than one value of a claim")
	}
	texts := map[string]*string{"email": &n.Email, "phone_number": &n.Phone, "password": &n.Password}
	flags := map[string]*bool{"email_verified": &n.EmailVerified, "phone_number_verified": &n.PhoneVerified}
	known := slices.Concat(ProfileClaims, slices.Collect(maps.Keys(texts)), slices.Collect(maps.Keys(flags)), []string{"address"})
	for _, name := range slices.Sorted(maps.Keys(doc)) {
		if len(ps) == maxClaimProblems {
			break
		}
		text, isText := doc[name].(string)
		flag, isFlag := doc[name].(bool)
		switch {
		case name == "updated_at" || name == "sub":
			ps = append(ps, name+" is kept by us: leave it out")
		case !slices.Contains(known, name):
			ps = append(ps, "unknown claim "+audit.Printable(name, maxClaimName)+clients.DidYouMean(name, known))
		case name == "address":
			ps = append(ps, readAddress(n.Profile, doc[name])...)
		case flags[name] != nil && isFlag:
			*flags[name] = flag
		case flags[name] != nil:
			ps = append(ps, name+" is true or false")
		case !isText:
			ps = append(ps, name+" is a text")
		case texts[name] != nil:
			*texts[name] = text
		default:
			n.Profile[name] = text
		}
	}
	return n, claimsRefused(ps)
}

func readAddress(profile map[string]any, v any) (ps ClaimProblems) {
	members := strings.Join(AddressParts, ", ")
	object, ok := v.(map[string]any)
	if !ok {
		return ClaimProblems{"address is an object with " + members}
	}
	for _, name := range slices.Sorted(maps.Keys(object)) {
		if len(ps) == maxClaimProblems {
			break
		}
		if _, text := object[name].(string); !text || !slices.Contains(AddressParts, name) {
			ps = append(ps, "address."+audit.Printable(name, maxClaimName)+": the members are texts named "+members)
		}
	}
	profile["address"] = object
	return ps
}

func claimsRefused(ps ClaimProblems) error {
	if len(ps) == 0 {
		return nil
	}
	return kind.New(kind.Invalid, "account.claims").WithErr(ps)
}
