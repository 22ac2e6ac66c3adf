package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"pratu/flows/clients"
)

func (a *app) accountCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "account", Short: "Create and look up people's accounts", Args: args(cobra.NoArgs), RunE: help}
	cmd.AddCommand(a.accountCreate(), a.accountGet(), a.accountList(), a.accountSessions(), a.accountDisable(), a.accountEnable(), a.accountResetPassword(), a.accountResetFactors(), a.accountDelete(), a.accountMerge(), a.accountExport(), a.accountImport())
	return cmd
}

// profileClaims are the standard claims (OpenID Connect Core section 5.1) that a profile holds as texts. E-mail and
// phone number are contacts, address is an object.
var profileClaims = []string{
	"name", "given_name", "family_name", "middle_name", "nickname", "preferred_username", "profile", "picture", "website",
	"gender", "birthdate", "zoneinfo", "locale",
}

var addressMembers = []string{"formatted", "street_address", "locality", "region", "postal_code", "country"}

// person is an account to be created: a document's claims and what flags add.
type person struct {
	email, phone                 string
	emailVerified, phoneVerified bool
	password, locale             string
	claims                       map[string]any
}

// readPerson decodes a document with OIDC claim names, strictly: an unknown claim is more likely a slip than a wish.
func readPerson(r io.Reader) (person, error) {
	p := person{claims: map[string]any{}}
	raw, err := io.ReadAll(io.LimitReader(r, maxInput))
	if err != nil {
		return p, err
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	doc := map[string]any{}
	if err := dec.Decode(&doc); err != nil {
		return p, fmt.Errorf("not a JSON object with claims: %w", err)
	}
	if dec.More() {
		return p, fmt.Errorf("more than one JSON document: create accounts one by one")
	}
	var ps problems
	texts := map[string]*string{"email": &p.email, "phone_number": &p.phone, "password": &p.password}
	flags := map[string]*bool{"email_verified": &p.emailVerified, "phone_number_verified": &p.phoneVerified}
	known := slices.Concat(profileClaims, slices.Collect(maps.Keys(texts)), slices.Collect(maps.Keys(flags)), []string{"address"})
	for _, name := range slices.Sorted(maps.Keys(doc)) {
		text, isText := doc[name].(string)
		flag, isFlag := doc[name].(bool)
		switch {
		case name == "updated_at" || name == "sub":
			ps.add("%s is kept by us: leave it out", name)
		case !slices.Contains(known, name):
			ps.add("unknown claim %s%s", name, clients.DidYouMean(name, known))
		case name == "address":
			readAddress(&ps, p.claims, doc[name])
		case flags[name] != nil && isFlag:
			*flags[name] = flag
		case flags[name] != nil:
			ps.add("%s is true or false", name)
		case !isText:
			ps.add("%s is a text", name)
		case texts[name] != nil:
			*texts[name] = text
		default:
			p.claims[name] = text
		}
	}
	return p, ps.err()
}

func readAddress(ps *problems, claims map[string]any, v any) {
	object, ok := v.(map[string]any)
	if !ok {
		ps.add("address is an object with %s", strings.Join(addressMembers, ", "))
		return
	}
	for name, value := range object {
		if _, text := value.(string); !text || !slices.Contains(addressMembers, name) {
			ps.add("address.%s: the members are texts named %s", name, strings.Join(addressMembers, ", "))
		}
	}
	claims["address"] = object
}
