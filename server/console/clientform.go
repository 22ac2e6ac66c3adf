package console

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"pratu/flows/clients"
	"pratu/flows/kind"
)

// setting is an input of the form of an application: which kinds have it, how it is read off a document, how it is written
// into one. A form has no other way into a document: what isn't listed can't be set here, whatever is posted.
type setting struct {
	name    string
	kinds   []string // nil: all
	later   bool     // among what most needn't touch
	mode    string
	lines   bool
	tick    bool
	options []string
	get     func(d *clients.Document) string
	set     func(d *clients.Document, value string) error
}

var (
	redirecting = []string{clients.KindWeb, clients.KindSPA, clients.KindNative, clients.KindGame}
	people      = []string{clients.KindWeb, clients.KindSPA, clients.KindNative, clients.KindTV, clients.KindGame}
	keeping     = []string{clients.KindWeb, clients.KindMachine}
)

func text(name string, at func(d *clients.Document) *string) setting {
	return setting{
		name: name, get: func(d *clients.Document) string { return *at(d) },
		set: func(d *clients.Document, value string) error { *at(d) = strings.TrimSpace(value); return nil },
	}
}

func link(name string, at func(d *clients.Document) *string) setting {
	s := text(name, at)
	s.mode, s.later = "url", true
	return s
}

func list(name string, at func(d *clients.Document) *[]string) setting {
	return setting{
		name: name, lines: true, get: func(d *clients.Document) string { return strings.Join(*at(d), "\n") },
		set: func(d *clients.Document, value string) error { *at(d) = lines(value); return nil },
	}
}

func seconds(name string, at func(d *clients.Document) *clients.Seconds) setting {
	return setting{
		name: name, mode: "numeric", later: true,
		get: func(d *clients.Document) string {
			if *at(d) == 0 {
				return ""
			}
			return strconv.FormatInt(int64(*at(d)), 10)
		},
		set: func(d *clients.Document, value string) error {
			*at(d) = 0
			if value = strings.TrimSpace(value); value == "" {
				return nil
			}
			n, err := clients.ParseSeconds(value)
			if err != nil {
				return kind.New(kind.Invalid, "client.seconds").WithField(name).WithErr(err)
			}
			*at(d) = n
			return nil
		},
	}
}

func only(s setting, kinds []string) setting { s.kinds = kinds; return s }

func later(s setting) setting { s.later = true; return s }

// settings of the form, in its order.
var settings = []setting{
	text("client_name", func(d *clients.Document) *string { return &d.ClientName }),
	only(list("redirect_uris", func(d *clients.Document) *[]string { return &d.RedirectURIs }), redirecting),
	only(text("scope", func(d *clients.Document) *string { return &d.Scope }), []string{clients.KindMachine}),
	only(list("resources", func(d *clients.Document) *[]string { return &d.Settings.Resources }), []string{clients.KindMachine}),
	only(text("title", func(d *clients.Document) *string { return &d.Settings.Title }), []string{clients.KindMachine}),
	only(authentication, keeping),
	only(link("jwks_uri", func(d *clients.Document) *string { return &d.JWKSURI }), keeping),
	only(firstParty, people),
	only(later(list("post_logout_redirect_uris", func(d *clients.Document) *[]string { return &d.PostLogoutRedirectURIs })), redirecting),
	only(later(text("scope", func(d *clients.Document) *string { return &d.Scope })), people),
	only(later(list("resources", func(d *clients.Document) *[]string { return &d.Settings.Resources })), []string{clients.KindWeb}),
	only(later(text("client_name#th", func(d *clients.Document) *string { return &d.ClientNameTH })), people),
	only(later(text("client_name#en", func(d *clients.Document) *string { return &d.ClientNameEN })), people),
	only(accent, people),
	only(words("sign_in_text/th", func(t *clients.Texts) *string { return &t.TH }), people),
	only(words("sign_in_text/en", func(t *clients.Texts) *string { return &t.EN }), people),
	only(link("client_uri", func(d *clients.Document) *string { return &d.ClientURI }), people),
	only(link("logo_uri", func(d *clients.Document) *string { return &d.LogoURI }), people),
	only(link("policy_uri", func(d *clients.Document) *string { return &d.PolicyURI }), people),
	only(link("tos_uri", func(d *clients.Document) *string { return &d.TosURI }), people),
	only(link("backchannel_logout_uri", func(d *clients.Document) *string { return &d.BackchannelLogoutURI }), people),
	only(minACR, people),
	seconds("access_token_lifetime", func(d *clients.Document) *clients.Seconds { return &d.Settings.AccessTokenLifetime }),
	only(seconds("refresh_token_lifetime", func(d *clients.Document) *clients.Seconds { return &d.Settings.RefreshTokenLifetime }), people),
}

var authentication = setting{
	name: "token_endpoint_auth_method", later: true, options: []string{"", clients.AuthBasic, clients.AuthPost, clients.AuthPrivateKeyJWT},
	get: func(d *clients.Document) string { return d.TokenEndpointAuthMethod },
	set: func(d *clients.Document, value string) error { d.TokenEndpointAuthMethod = value; return nil },
}

var accent = setting{
	name: "accent_color", later: true,
	get: func(d *clients.Document) string { return d.Settings.AccentColor },
	set: func(d *clients.Document, value string) error {
		d.Settings.AccentColor = strings.ToLower(strings.TrimSpace(value))
		return nil
	},
}

// words is a text of pages in one language.
func words(name string, at func(t *clients.Texts) *string) setting {
	return setting{
		name: name, later: true,
		get: func(d *clients.Document) string {
			if d.Settings.SignInText == nil {
				return ""
			}
			return *at(d.Settings.SignInText)
		},
		set: func(d *clients.Document, value string) error {
			fresh := clients.Texts{}
			if d.Settings.SignInText != nil {
				fresh = *d.Settings.SignInText
			}
			*at(&fresh) = strings.TrimSpace(value)
			if d.Settings.SignInText = &fresh; fresh == (clients.Texts{}) {
				d.Settings.SignInText = nil
			}
			return nil
		},
	}
}

var firstParty = setting{
	name: "first_party", tick: true,
	get: func(d *clients.Document) string {
		if d.Settings.FirstParty {
			return "1"
		}
		return ""
	},
	set: func(d *clients.Document, value string) error { d.Settings.FirstParty = value == "1"; return nil },
}

var minACR = setting{
	name: "min_acr", later: true, options: []string{"", "1", "2"},
	get: func(d *clients.Document) string { return d.Settings.MinACR },
	set: func(d *clients.Document, value string) error { d.Settings.MinACR = value; return nil },
}

// inputs of a document's form. typed, where there is one, is what was posted.
func inputs(d *clients.Document, typed url.Values) (first, more []Input) {
	for _, x := range settings {
		if x.kinds != nil && !slices.Contains(x.kinds, d.Kind) {
			continue
		}
		value := x.get(d)
		if typed != nil {
			value = typed.Get(x.name)
		}
		in := Input{Name: x.name, Value: value, Mode: x.mode, Lines: x.lines, Tick: x.tick, Checked: x.tick && value == "1"}
		for _, o := range x.options {
			in.Options = append(in.Options, Option{Value: o, Words: "console.option." + x.name + "." + either(o, "default"), Chosen: o == value})
		}
		in.Required = x.name == "redirect_uris" && d.Kind != clients.KindGame || x.name == "client_name"
		if x.later {
			more = append(more, in)
		} else {
			first = append(first, in)
		}
	}
	return first, more
}

// read writes what was posted into a document: what its kind has, and nothing else.
func read(d *clients.Document, form url.Values) error {
	for _, x := range settings {
		if x.kinds != nil && !slices.Contains(x.kinds, d.Kind) || !form.Has(x.name) && !x.tick {
			continue
		}
		if err := x.set(d, strings.ReplaceAll(form.Get(x.name), "\r\n", "\n")); err != nil {
			return err
		}
	}
	return nil
}

// facts are what the form doesn't change.
func facts(d *clients.Document) (list []Fact) {
	for _, f := range []Fact{
		{"grant_types", strings.Join(d.GrantTypes, "\n")}, {"response_types", strings.Join(d.ResponseTypes, "\n")},
		{"token_endpoint_auth_method", d.AuthMethod()}, {"id_token_signed_response_alg", d.IDTokenAlg}, {"channel", d.Settings.Channel},
		{"access_token_format", d.Settings.AccessTokenFormat}, {"subject_type", d.SubjectType}, {"title", d.Settings.Title},
	} {
		if f.Value != "" {
			list = append(list, f)
		}
	}
	return list
}

func either(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
