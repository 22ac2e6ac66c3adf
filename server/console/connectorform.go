package console

import (
	"errors"
	"net/url"
	"slices"
	"strings"

	"pratu/flows/clients"
	"pratu/flows/connectors"
	"pratu/server/web"
)

// ofConnector is what inputs of a connector's form are called before the member of its document.
const ofConnector = "connector."

// member is an input of the form of a connector. A form has no other way into a document: what isn't listed, or isn't of the
// kind, can't be set here, whatever is posted.
type member struct {
	name    string // of the document, or of its settings
	lines   bool
	tick    bool
	url     bool
	options []string
	only    []string // kinds that may have it, where that goes by kind
	later   bool
}

// members of the form, in its order. The secret has an input of its own: it is written, and never shown.
var members = []member{
	{name: "name"}, {name: "client_id"},
	{name: "issuer", url: true, only: kindsWith("issuer")}, {name: "authority", url: true, only: kindsWith("authority")},
	{name: "policies", lines: true, only: kindsWith("policies")}, {name: "tenants", lines: true, only: kindsWith("tenants")},
	{name: "team", only: kindsWith("team")}, {name: "key", only: kindsWith("key")},
	{name: "provider", later: true, only: kindsWith("provider")},
	{name: "clients", lines: true, later: true}, {name: "domains", lines: true, later: true},
	{name: "trusted_domains", lines: true, later: true, only: []string{connectors.KindOIDC, connectors.KindB2C, connectors.KindAzureAD}},
	{name: "no_sign_up", tick: true, later: true},
	{name: "sync", later: true, options: []string{"", connectors.SyncAlways}},
	{name: "claims", lines: true, later: true}, {name: "scopes", lines: true, later: true}, {name: "client_ids", lines: true, later: true},
}

func kindsWith(setting string) (list []string) {
	for _, k := range connectors.Kinds() {
		if slices.Contains(connectors.Needs(k), setting) {
			list = append(list, k)
		}
	}
	return list
}

func (m member) of(kindName string) bool { return m.only == nil || slices.Contains(m.only, kindName) }

func (m member) get(d *connectors.Document) string {
	switch m.name {
	case "name":
		return d.Name
	case "client_id":
		return d.ClientID
	}
	value := d.Settings.Get(m.name)
	switch {
	case m.lines:
		value = strings.ReplaceAll(value, ",", "\n")
	case m.tick && value == "true":
		value = "1"
	}
	return value
}

func (m member) set(d *connectors.Document, value string) error {
	switch value = strings.TrimSpace(value); m.name {
	case "name":
		d.Name = value
		return nil
	case "client_id":
		d.ClientID = value
		return nil
	}
	switch {
	case m.lines:
		value = strings.Join(lines(value), ",")
	case m.tick && value == "1":
		value = "true"
	}
	return d.Settings.Set(m.name, value)
}

// connectorInputs of a document's form; of one that is set up those that may change. typed, where there is one, is what was
// posted.
func connectorInputs(d *connectors.Document, typed url.Values) (first, more []Input) {
	for _, m := range members {
		if !m.of(d.Kind) || d.ID != "" && slices.Contains(connectors.Stays(d.Kind), m.name) {
			continue
		}
		in := Input{Name: ofConnector + m.name, Value: m.get(d), Lines: m.lines, Tick: m.tick}
		if typed != nil {
			in.Value = typed.Get(in.Name)
		}
		if m.url {
			in.Mode = "url"
		}
		in.Checked = m.tick && in.Value == "1"
		for _, o := range m.options {
			in.Options = append(in.Options, Option{Value: o, Words: "console.option.sync." + either(o, "default"), Chosen: o == in.Value})
		}
		in.Required = m.name == "client_id" || m.name == "name" && d.Kind == connectors.KindOIDC || slices.Contains(connectors.Needs(d.Kind), m.name) && !m.later
		if m.later {
			more = append(more, in)
		} else {
			first = append(first, in)
		}
	}
	return first, more
}

// connectorFacts are what a form doesn't change: by them people are known.
func connectorFacts(d *connectors.Document) (list []Fact) {
	for _, m := range members {
		if value := m.get(d); m.of(d.Kind) && value != "" && slices.Contains(connectors.Stays(d.Kind), m.name) {
			list = append(list, Fact{"console.field." + ofConnector + m.name, web.Inert(value)})
		}
	}
	return list
}

// readConnector writes what was posted into a document: what its kind has, and nothing else. An empty secret is none that was
// typed.
func readConnector(d *connectors.Document, form url.Values) error {
	var ps connectors.Problems
	for _, m := range members {
		name := ofConnector + m.name
		if !m.of(d.Kind) || !form.Has(name) && !m.tick {
			continue
		}
		if err := m.set(d, strings.ReplaceAll(form.Get(name), "\r\n", "\n")); err != nil {
			ps = append(ps, connectors.Problem{Pointer: "/settings/" + m.name, Code: "connector.claim", Detail: err.Error()})
		}
	}
	if secret := strings.TrimSpace(strings.ReplaceAll(form.Get(ofConnector+"secret"), "\r\n", "\n")); secret != "" {
		d.Secret = secret
	}
	return ps.Err()
}

// markConnector puts what is wrong with a document beside its inputs, and returns the rest.
func markConnector(err error, form url.Values, groups ...[]Input) []Wrong {
	var ps connectors.Problems
	errors.As(err, &ps)
	var list clients.Problems
	for _, p := range ps {
		list = append(list, clients.Problem{Pointer: "/" + ofConnector + connectorMember(p.Pointer), Code: p.Code, Detail: p.Detail})
	}
	return marked(list, form, groups...)
}

// connectorMember is what a pointer is about, without where in the document that is.
func connectorMember(pointer string) string {
	return strings.TrimPrefix(strings.TrimPrefix(pointer, "/"), "settings/")
}
