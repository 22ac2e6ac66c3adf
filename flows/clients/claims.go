package clients

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	syntax "text/template/parse"
)

// Where a claim can go.
const (
	InIDToken     = "id_token"
	InUserinfo    = "userinfo"
	InAccessToken = "access_token"
)

// ClaimRule puts a claim of an application's own into its tokens: a field of the account, a constant, or a text with
// fields of the account in it. It isn't a program, and can't become one: a template substitutes fields and nothing else.
type ClaimRule struct {
	Claim    string          `json:"claim"`
	Scope    string          `json:"scope,omitempty"` // only together with this scope
	Field    string          `json:"field,omitempty"`
	Value    json.RawMessage `json:"value,omitempty"`
	Template string          `json:"template,omitempty"`
	In       []string        `json:"in,omitempty"` // userinfo when left out
}

// Bounds that keep a token small enough for a header, whatever the rules.
const (
	maxClaimRules = 16
	maxClaimValue = 512 // bytes of JSON; what is longer is left out
	maxTemplate   = 512
)

// claimFields are what a rule may take from an account.
var claimFields = []string{
	"ssoid", "oid", "roles", "email", "email_verified", "phone_number", "phone_number_verified", "name", "given_name",
	"family_name", "middle_name", "nickname", "preferred_username", "profile", "picture", "website", "gender", "birthdate",
	"zoneinfo", "locale", "address", "address.formatted", "address.street_address", "address.locality", "address.region",
	"address.postal_code", "address.country",
}

// NotOfProfile is what a profile can't say: an account's numbers, roles and contacts are kept elsewhere, and another system
// could have written the profile.
var NotOfProfile = []string{"sub", "ssoid", "oid", "roles", "email", "email_verified", "phone_number", "phone_number_verified"}

// reservedClaims mean something to whoever reads a token: those of the protocols (RFC 7519, 7662, 7800, 8693, 9068, OpenID
// Connect), the standard ones about a person, and scopes, which have words of their own on the consent page.
var reservedClaims = strings.Fields(`iss sub aud exp nbf iat jti typ azp nonce auth_time acr amr sid at_hash c_hash s_hash
	client_id scope gid act may_act cnf events toe txn sub_id sub_jwk active username token_type token_introspection
	authorization_details _claim_names _claim_sources claims verified_claims
	name given_name family_name middle_name nickname preferred_username profile picture website gender birthdate zoneinfo
	locale updated_at email email_verified phone_number phone_number_verified address
	openid phone offline_access`)

// ReservedClaim tells whether a name isn't free for rules.
func ReservedClaim(name string) bool { return slices.Contains(reservedClaims, name) }

// UnmarshalJSON refuses unknown members.
func (r *ClaimRule) UnmarshalJSON(raw []byte) error {
	type plain ClaimRule
	v, err := strictly[plain](raw)
	*r = ClaimRule(v)
	return err
}

func (r *ClaimRule) goes(target string) bool {
	return slices.Contains(r.In, target) || len(r.In) == 0 && target == InUserinfo
}

// ClaimRules are the rules for a token with these scopes.
func (c *Client) ClaimRules(target string, scopes []string) []ClaimRule {
	return slices.DeleteFunc(slices.Clone(c.Settings.Claims), func(r ClaimRule) bool {
		return !r.goes(target) || ReservedClaim(r.Claim) || r.Scope != "" && !slices.Contains(scopes, r.Scope)
	})
}

// ToldClaims are the claims of rules that tell something of the account, sorted, each with the fields that it is made of: people
// are asked about them, and asked again when the same name is to tell something else.
func (c *Client) ToldClaims(scopes []string) (told []string) {
	fields := map[string][]string{}
	for _, r := range c.Settings.Claims {
		if len(r.Fields()) > 0 && (r.Scope == "" || slices.Contains(scopes, r.Scope)) {
			fields[r.Claim] = append(fields[r.Claim], r.Fields()...)
		}
	}
	for claim, of := range fields {
		slices.Sort(of)
		told = append(told, claim+"="+strings.Join(slices.Compact(of), ","))
	}
	slices.Sort(told)
	return told
}

// ClaimOf is the claim that one of ToldClaims is about; a standard claim is itself.
func ClaimOf(told string) string {
	if i := strings.LastIndexByte(told, '='); i > 0 {
		return told[:i]
	}
	return told
}

// Fields are what the rule takes from the account.
func (r *ClaimRule) Fields() []string {
	if r.Field != "" {
		return []string{r.Field}
	}
	var fields []string
	parts, _ := readTemplate(r.Template) // it was read when it was stored
	for _, p := range parts {
		if p.field != "" {
			fields = append(fields, p.field)
		}
	}
	return fields
}

// Evaluate is the claim for an account with these fields. Without one of the fields that it takes there is no claim.
func (r *ClaimRule) Evaluate(fields map[string]any) (any, bool) {
	var value any
	switch {
	case r.Field != "":
		value = lookUp(fields, r.Field)
	case r.Template != "":
		parts, err := readTemplate(r.Template)
		if err != nil {
			return nil, false
		}
		var b strings.Builder
		for _, p := range parts {
			part := any(p.text)
			if p.field != "" {
				if part = lookUp(fields, p.field); part == nil {
					return nil, false
				}
			}
			fmt.Fprint(&b, part)
		}
		value = b.String()
	default:
		value = r.Value
	}
	raw, err := json.Marshal(value)
	return value, err == nil && value != nil && len(raw) <= maxClaimValue
}

// lookUp is a field, or nil where the account has nothing.
func lookUp(fields map[string]any, name string) any {
	outer, inner, nested := strings.Cut(name, ".")
	v := fields[outer]
	if nested {
		object, _ := v.(map[string]any)
		v = object[inner]
	}
	if v == "" {
		return nil
	}
	return v
}

// part of a template: a text or a field.
type part struct{ text, field string }

var errTemplate = errors.New("a template is text with fields such as {{.given_name}}, and nothing else: no functions, conditions, loops or variables")

// readTemplate takes the syntax of text/template and refuses everything in it but {{.field}}. It is never executed.
func readTemplate(text string) ([]part, error) {
	if text == "" {
		return nil, nil
	}
	trees, err := syntax.Parse("claim", text, "", "")
	if err != nil {
		return nil, errTemplate
	}
	tree := trees["claim"]
	if len(trees) != 1 || tree == nil || tree.Root == nil {
		return nil, errTemplate
	}
	var parts []part
	for _, node := range tree.Root.Nodes {
		switch n := node.(type) {
		case *syntax.TextNode:
			parts = append(parts, part{text: string(n.Text)})
		case *syntax.ActionNode:
			if len(n.Pipe.Decl) != 0 || len(n.Pipe.Cmds) != 1 || len(n.Pipe.Cmds[0].Args) != 1 {
				return nil, errTemplate
			}
			field, ok := n.Pipe.Cmds[0].Args[0].(*syntax.FieldNode)
			if !ok {
				return nil, errTemplate
			}
			parts = append(parts, part{field: strings.Join(field.Ident, ".")})
		default:
			return nil, errTemplate
		}
	}
	return parts, nil
}

var claimSyntax = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.:-]{0,127}$`)

// claimName takes names, such as acme:level, and addresses, such as https://acme.example/level (RFC 7519 section 4.2).
func claimName(name string) bool {
	u, err := url.Parse(name)
	return claimSyntax.MatchString(name) ||
		err == nil && u.Scheme == "https" && u.Host != "" && len(name) <= 128 && scopeSyntax.MatchString(name)
}

func (d *Document) validateClaims(ps *Problems) {
	rules := d.Settings.Claims
	if len(rules) > maxClaimRules {
		ps.add("/settings/claims", "setting.claims", "at most %d", maxClaimRules)
		return
	}
	taken := map[string]bool{}
	for i := range rules {
		r := &rules[i]
		add := func(member, format string, args ...any) {
			ps.add(fmt.Sprintf("/settings/claims/%d/%s", i, member), "setting.claims", format, args...)
		}
		switch {
		case ReservedClaim(r.Claim):
			add("claim", "%s means something in every token: take a name of your own, such as https://app.example.com/%s", r.Claim, r.Claim)
		case !claimName(r.Claim):
			add("claim", "%q is no name of a claim: letters, digits and _ . : -, or an https address, up to 128 characters", r.Claim)
		}
		if r.Scope != "" && !slices.Contains(strings.Fields(d.Scope), r.Scope) {
			add("scope", "the client may not ask for the scope %s", r.Scope)
		}
		for _, target := range []string{InIDToken, InUserinfo, InAccessToken} {
			if !r.goes(target) {
				continue
			}
			if taken[r.Claim+" "+target] {
				add("claim", "%s is in %s already", r.Claim, target)
			}
			taken[r.Claim+" "+target] = true
		}
		d.validateTargets(r, add)
		r.validateSource(add)
	}
}

func (d *Document) validateTargets(r *ClaimRule, add func(member, format string, args ...any)) {
	for _, target := range r.In {
		switch {
		case target != InIDToken && target != InUserinfo && target != InAccessToken:
			add("in", "%q is none of id_token, userinfo, access_token", target)
		case target == InAccessToken && d.Settings.AccessTokenFormat == FormatOpaque:
			add("in", "access tokens of this client are opaque and hold nothing")
		}
	}
}

// validateSource looks at what the claim is made of: exactly one of field, value and template.
func (r *ClaimRule) validateSource(add func(member, format string, args ...any)) {
	sources := 0
	for _, given := range []bool{r.Field != "", len(r.Value) > 0, r.Template != ""} {
		if given {
			sources++
		}
	}
	switch {
	case sources != 1:
		add("field", "give one of field, value and template")
		return
	case len(r.Value) > maxClaimValue:
		add("value", "longer than %d bytes", maxClaimValue)
	case string(r.Value) == "null":
		add("value", "null is no value: leave the rule out")
	case len(r.Template) > maxTemplate:
		add("template", "longer than %d bytes", maxTemplate)
		return
	}
	member := "field"
	if r.Template != "" {
		member = "template"
		if _, err := readTemplate(r.Template); err != nil {
			add(member, "%s", err)
		}
	}
	for _, field := range r.Fields() {
		if !slices.Contains(claimFields, field) {
			add(member, "an account has no %s: one of %s%s", field, strings.Join(claimFields, ", "), DidYouMean(field, claimFields))
		}
	}
}
