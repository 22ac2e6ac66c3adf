package connectors

import (
	"encoding/pem"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"pratu/flows/audit"
	"pratu/flows/kind"
)

// Problem is one reason why a connector can't be set up. Pointer is a JSON pointer into the document, Code a stable message
// id, Detail the English sentence.
type Problem struct {
	Pointer string `json:"pointer"`
	Code    string `json:"code"`
	Detail  string `json:"detail"`
}

// Problems are all reasons at once. It is found in a kind.Invalid error by errors.As.
type Problems []Problem

func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.Pointer + ": " + p.Detail
	}
	return strings.Join(lines, "\n")
}

// maxProblems, maxPointer and maxDetail bound an answer: a document may be wrong from end to end.
const (
	maxProblems = 100
	maxPointer  = 200
	maxDetail   = 600
	maxListed   = 100 // of a setting
)

func (ps *Problems) add(pointer, code, format string, args ...any) {
	if len(*ps) < maxProblems {
		*ps = append(*ps, Problem{
			Pointer: audit.Printable(pointer, maxPointer), Code: "connector." + code, Detail: audit.Printable(fmt.Sprintf(format, args...), maxDetail),
		})
	}
}

// Err is nil when there is nothing to say.
func (ps Problems) Err() error {
	if len(ps) == 0 {
		return nil
	}
	e := kind.New(kind.Invalid, "connector.invalid")
	e.Field, e.Err = ps[0].Pointer, ps
	return e
}

var (
	idSyntax     = regexp.MustCompile(`^[a-z0-9](?:[a-z0-9-]{0,46}[a-z0-9])?$`) // part of a URL, and of a cookie's neighbours
	guidSyntax   = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
	wordSyntax   = regexp.MustCompile(`^[A-Za-z0-9_.:-]{1,128}$`)
	domainSyntax = regexp.MustCompile(`^[a-z0-9-]+(\.[a-z0-9-]+)+$`)
	scopeSyntax  = regexp.MustCompile(`^[\x21\x23-\x5B\x5D-\x7E]+$`) // RFC 6749 section 3.3
)

// Mappable are the claims of an account that a connector may fill. Addresses and numbers aren't among them: they have rules
// of their own.
var Mappable = []string{
	"name", "given_name", "family_name", "middle_name", "nickname", "preferred_username", "picture", "website", "gender", "birthdate",
	"zoneinfo", "locale",
}

// names are the buttons' words where nobody chose others.
var names = map[string]string{
	KindGoogle: "Google", KindFacebook: "Facebook", KindAzureAD: "Microsoft", KindB2C: "Microsoft", KindLINE: "LINE", KindApple: "Apple",
}

// fill writes defaults and canonical forms into the document. An id that somebody chose is a name for people too; the word
// oidc is none.
func (d *Document) fill() {
	if d.ID == "" {
		d.ID = d.Kind
	}
	if d.Name == "" {
		if d.Name = names[d.Kind]; d.Name == "" && d.ID != d.Kind {
			d.Name = d.ID
		}
	}
	if d.Kind == KindLINE && d.Settings.Provider == "" {
		d.Settings.Provider = d.ClientID // a channel that shares its provider with no other
	}
	for _, list := range [][]string{d.Settings.Tenants, d.Settings.Domains, d.Settings.TrustedDomains} {
		for i := range list {
			list[i] = strings.ToLower(list[i])
		}
	}
}

// Needs are the settings that a kind can't do without.
func Needs(kindName string) []string { return needs[kindName] }

// needs are the settings of a kind that it can't do without. Other kinds don't have them.
var needs = map[string][]string{
	KindGoogle:   nil,
	KindFacebook: nil,
	KindAzureAD:  {"tenants"},
	KindB2C:      {"issuer", "authority", "policies"},
	KindLINE:     {"provider"}, // filled in by fill
	KindApple:    {"team", "key"},
	KindOIDC:     {"issuer"},
}

// validate returns every reason why the document can't be stored. local allows plain http.
func (d *Document) validate(local bool) Problems {
	var ps Problems
	required, known := needs[d.Kind]
	if !known {
		ps.add("/kind", "kind", "%q is none of %s", d.Kind, strings.Join(Kinds(), ", "))
		return ps
	}
	if !idSyntax.MatchString(d.ID) {
		ps.add("/id", "id", "write 1 to 48 characters of a-z 0-9 and - between them: it is part of an address")
	}
	if d.Name == "" {
		ps.add("/name", "missing", "give it a name, which its button says: a company's, for example")
	} else {
		text(&ps, "/name", d.Name, 60)
	}
	if d.ClientID == "" || len(d.ClientID) > 255 || strings.ContainsFunc(d.ClientID, notPrintable) {
		ps.add("/client_id", "missing", "the id that the provider gave to this application is missing, or isn't printable ASCII")
	}
	d.validateSecret(&ps)
	for name, set := range d.Settings.ofKinds() {
		switch {
		case set && !slices.Contains(required, name):
			ps.add("/settings/"+name, "kind", "kind %s has no such setting", d.Kind)
		case !set && slices.Contains(required, name):
			ps.add("/settings/"+name, "missing", "kind %s needs it", d.Kind)
		}
	}
	d.Settings.validate(&ps, local)
	slices.SortFunc(ps, func(a, b Problem) int { return strings.Compare(a.Pointer, b.Pointer) })
	return ps
}

// replaces refuses what a connector can't become. By some settings people are known: with others everybody would be somebody
// new, or somebody else.
func (d *Document) replaces(ps *Problems, old *Connector) {
	if d.Kind != old.Kind || d.ID != old.ID {
		ps.add("/kind", "stays", "kind and id stay as they are: create another connector")
	}
	before := old.Document()
	now := d.knownBy()
	for pointer, was := range before.knownBy() {
		if is := now[pointer]; is != was {
			ps.add(pointer, "stays", "it stays %q, since people are known by it: create another connector", was)
		}
	}
}

// keepSecret lets a document without a secret have the one that the connector had. It isn't sent to where somebody says just
// now: nobody sees it, and nobody has it sent to themselves.
func (d *Document) keepSecret(old *Connector) error {
	var ps Problems
	if d.Secret == "" && old.Secret != "" && d.Settings.Authority != old.Settings.Authority {
		ps.add("/secret", "missing", "with another authority the secret has to be written again: it is sent there")
	}
	if d.Secret == "" {
		d.Secret = old.Secret
	}
	return ps.Err()
}

// Stays are the members of a kind's document, and of its settings, that the subjects of people belong to, as flows/social
// identifies them.
func Stays(kindName string) []string {
	if kindName == KindFacebook {
		return []string{"client_id"}
	}
	return []string{"issuer", "team", "provider"}
}

func (d *Document) knownBy() map[string]string {
	by := map[string]string{}
	for _, name := range Stays(d.Kind) {
		if name == "client_id" {
			by["/client_id"] = d.ClientID
		} else {
			by["/settings/"+name] = d.Settings.Get(name)
		}
	}
	return by
}

// ofKinds are the settings that only some kinds have.
func (s Settings) ofKinds() map[string]bool {
	return map[string]bool{
		"issuer": s.Issuer != "", "authority": s.Authority != "", "policies": len(s.Policies) > 0, "tenants": len(s.Tenants) > 0,
		"team": s.Team != "", "key": s.Key != "", "provider": s.Provider != "",
	}
}

func (d *Document) validateSecret(ps *Problems) {
	switch block, _ := pem.Decode([]byte(d.Secret)); {
	case d.Kind == KindApple && (block == nil || block.Type != "PRIVATE KEY"):
		ps.add("/secret", "secret", "kind apple needs the private key as Apple gave it, a .p8 file")
	case d.Kind == KindApple:
	case d.Secret == "" && d.Kind != KindOIDC && d.Kind != KindB2C:
		ps.add("/secret", "missing", "kind %s needs the secret that the provider gave", d.Kind)
	case len(d.Secret) > 4096 || strings.ContainsFunc(d.Secret, notPrintable):
		ps.add("/secret", "secret", "a secret is printable ASCII, 4096 characters at most")
	}
}

func (s Settings) validate(ps *Problems, local bool) {
	address(ps, "/settings/issuer", s.Issuer, local)
	address(ps, "/settings/authority", s.Authority, local)
	each(ps, "tenants", s.Tenants, guidSyntax, "a tenant is its GUID, such as 72f988bf-86f1-41af-91ab-2d7cd011db47; names may be taken by others")
	each(ps, "policies", s.Policies, wordSyntax, "a policy is a word, such as B2C_1_signin")
	each(ps, "client_ids", s.ClientIDs, wordSyntax, "an id of the application at the provider")
	each(ps, "clients", s.Clients, wordSyntax, "the id of a client of ours")
	each(ps, "domains", s.Domains, domainSyntax, "a domain is written like example.com")
	each(ps, "trusted_domains", s.TrustedDomains, domainSyntax, "a domain is written like example.com")
	each(ps, "scopes", s.Scopes, scopeSyntax, "a scope is printable ASCII without spaces")
	for name, value := range map[string]string{"team": s.Team, "key": s.Key, "provider": s.Provider} {
		if value != "" && !wordSyntax.MatchString(value) {
			ps.add("/settings/"+name, "word", "a word of letters and digits")
		}
	}
	if s.Sync != "" && s.Sync != SyncOnce && s.Sync != SyncAlways {
		ps.add("/settings/sync", "sync", "one of %s, %s", SyncOnce, SyncAlways)
	}
	for _, claim := range slices.Sorted(maps.Keys(s.Claims)) {
		if !slices.Contains(Mappable, claim) {
			ps.add("/settings/claims/"+claim, "claim", "one of %s", strings.Join(Mappable, ", "))
		}
		text(ps, "/settings/claims/"+claim, s.Claims[claim], 128)
	}
}

func each(ps *Problems, name string, list []string, syntax *regexp.Regexp, hint string) {
	if len(list) > maxListed {
		ps.add("/settings/"+name, "too_many", "at most %d", maxListed)
		return
	}
	for i, v := range list {
		if len(v) > 255 || !syntax.MatchString(v) {
			ps.add(fmt.Sprintf("/settings/%s/%d", name, i), "syntax", "%q: %s", v, hint)
		}
	}
}

func text(ps *Problems, pointer, value string, most int) {
	if value == "" || utf8.RuneCountInString(value) > most || !utf8.ValidString(value) || strings.ContainsFunc(value, unicode.IsControl) {
		ps.add(pointer, "text", "1 to %d characters, no control characters", most)
	}
}

func notPrintable(r rune) bool { return r < 0x20 || r > 0x7e }

// address checks where a provider is. The guarded client judges its IP address at every call.
func address(ps *Problems, pointer, raw string, local bool) {
	if raw == "" {
		return
	}
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || len(raw) > 1024 ||
		u.Scheme != "https" && !(local && u.Scheme == "http") {
		what := "an https address"
		if local {
			what = "an https address, or http as the issuer is localhost,"
		}
		ps.add(pointer, "address", "%s without query, fragment and user-info", what)
	}
}
