package apply

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"pratu/flows/clients"
	"pratu/flows/connectors"
)

// Client is a client with the logo that was uploaded, as a data: URI (RFC 2397).
type Client struct {
	clients.Document
	Logo string `json:"logo,omitempty"`
}

// Role is one role of one account. Title is for title owners.
type Role struct {
	Account string `json:"account"` // ssoid, oid, or a verified address or number
	Role    string `json:"role"`
	Title   string `json:"title,omitempty"`
}

// file is what was read. at is the place of an item.
type file struct {
	clients    []clientItem
	connectors []connectorItem
	roles      []roleItem
	clientIDs  []string // also of clients that weren't understood
}

type clientItem struct {
	list, at string
	Client
}

type connectorItem struct {
	at string
	connectors.Document
}

type roleItem struct {
	at string
	Role
}

// reader collects every problem of a file.
type reader struct {
	file
	problems
	find func(by, name string) (string, error)
}

func (ps *problems) refuse(pointer, code, format string, args ...any) {
	ps.Problems = append(ps.Problems, clients.Problem{Pointer: pointer, Code: code, Detail: fmt.Sprintf(format, args...)})
}

// read reads what can be read: the rest are problems.
func read(raw []byte, find func(by, name string) (string, error)) (*file, problems) {
	r := &reader{find: find}
	members, ok := clients.Members(raw)
	if !ok {
		r.refuse("", "document.json", "a file is one object with the lists %s", strings.Join(Lists(), ", "))
	}
	seen := map[string]bool{}
	for _, m := range members {
		switch {
		case !slices.Contains(Lists(), m.Name):
			r.refuse("/"+m.Name, "document.unknown", "unknown list%s", clients.DidYouMean(m.Name, Lists()))
		case seen[m.Name]:
			r.refuse("/"+m.Name, "document.twice", "given twice")
		default:
			r.list(m)
		}
		seen[m.Name] = true
	}
	return &r.file, r.problems
}

func (r *reader) list(m clients.Member) {
	var items []json.RawMessage
	if json.Unmarshal(m.Value, &items) != nil {
		r.refuse("/"+m.Name, "document.type", "is a list")
		return
	}
	for i, raw := range items {
		at := fmt.Sprintf("/%s/%d", m.Name, i)
		switch m.Name {
		case Connectors:
			r.connector(at, raw)
		case Roles:
			item := roleItem{at: at}
			if r.decode(at, raw, &item.Role) {
				r.file.roles = append(r.file.roles, item)
			}
		default:
			r.client(m.Name, at, raw)
		}
	}
}

// decode reads an item strictly.
func (r *reader) decode(at string, raw []byte, into any) bool {
	before := len(r.Problems)
	if _, object := clients.Members(raw); !object {
		r.refuse(at, "document.type", "is an object")
		return false
	}
	r.Strict(at, raw, reflect.TypeOf(into).Elem())
	if len(r.Problems) > before {
		return false
	}
	if err := json.Unmarshal(raw, into); err != nil {
		r.refuse(at, "document.json", "%v", err)
		return false
	}
	return true
}

func (r *reader) client(list, at string, raw []byte) {
	item, before := clientItem{list: list, at: at}, len(r.Problems)
	raw, secret := r.take(at, raw, "client_secret")
	members, _ := clients.Members(raw)
	var key string
	for i, m := range members {
		switch m.Name {
		case "settings":
			members[i].Value, key = r.take(at+"/settings", m.Value, "partner_mobile_key")
		case "client_id":
			var id string
			_ = json.Unmarshal(m.Value, &id) // decode tells
			r.file.clientIDs = append(r.file.clientIDs, id)
		}
	}
	if members != nil {
		raw = object(members)
	}
	if !r.decode(at, raw, &item.Client) {
		return
	}
	item.ClientSecret, item.Settings.PartnerMobileKey = secret, key
	r.logo(at, &item.Client)
	if item.ClientID == "" {
		r.refuse(at+"/client_id", "client.id", "give it an id: else every run would make another client")
	}
	if item.ClientIDIssuedAt != 0 || item.Origin != "" || item.AuthMethods != nil {
		r.refuse(at, "document.read_only", "client_id_issued_at, origin and token_endpoint_auth_methods are kept by us: leave them out")
	}
	switch implied := map[string]string{Titles: clients.KindGame, Partners: clients.KindWeb}[list]; {
	case item.Kind == "" && implied == "":
		r.refuse(at+"/kind", "client.kind", "is missing: one of %s", strings.Join(clients.Kinds(), ", "))
	case item.Kind == "":
		item.Kind = implied
	case list == Titles && item.Kind != clients.KindGame:
		r.refuse(at+"/kind", "client.kind", "titles are of kind game")
	}
	if list == Partners && item.Settings.PartnerMobileProtection == "" {
		r.refuse(at+"/settings/partner_mobile_protection", "setting.value", "is missing: one of %s", strings.Join(clients.MobileProtections(), ", "))
	}
	if len(r.Problems) == before {
		r.file.clients = append(r.file.clients, item)
	}
}

func (r *reader) connector(at string, raw []byte) {
	item, before := connectorItem{at: at}, len(r.Problems)
	raw, secret := r.take(at, raw, "secret")
	if r.decode(at, raw, &item.Document) && len(r.Problems) == before {
		item.Secret = secret
		r.file.connectors = append(r.file.connectors, item)
	}
}

// take cuts out of an object where a secret is, and finds it. The secret itself is refused: files are shown around, and
// kept for ever.
func (r *reader) take(at string, raw []byte, name string) (rest []byte, secret string) {
	members, ok := clients.Members(raw)
	if !ok {
		return raw, ""
	}
	var kept []clients.Member
	for _, m := range members {
		by, named := strings.CutPrefix(m.Name, name+"_")
		switch {
		case m.Name == name:
			r.refuse(at+"/"+name, "apply.secret", "a file is no place for a secret: say where it is, by %s_file or %s_env", name, name)
		case named && (by == "file" || by == "env"):
			if secret != "" {
				r.refuse(at+"/"+m.Name, "document.twice", "%s_file and %s_env exclude each other", name, name)
			}
			secret = r.found(at+"/"+m.Name, by, m.Value)
		default:
			kept = append(kept, m)
		}
	}
	return object(kept), secret
}

func (r *reader) found(at, by string, raw json.RawMessage) string {
	var name string
	if json.Unmarshal(raw, &name) != nil || name == "" {
		r.refuse(at, "document.type", "is a text: the name of a file or of an environment variable")
		return ""
	}
	secret, err := r.find(by, name)
	if err == nil && secret == "" {
		err = fmt.Errorf("%s is empty", name)
	}
	if err != nil {
		r.refuse(at, "apply.secret", "%v", err)
	}
	return secret
}

// object is an object of its members as they were written, twice given ones too.
func object(members []clients.Member) []byte {
	var b strings.Builder
	b.WriteByte('{')
	for i, m := range members {
		if i > 0 {
			b.WriteByte(',')
		}
		name, _ := json.Marshal(m.Name)
		b.Write(name)
		b.WriteByte(':')
		b.Write(m.Value)
	}
	b.WriteByte('}')
	return []byte(b.String())
}
