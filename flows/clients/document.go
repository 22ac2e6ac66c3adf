package clients

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"

	"pratu/flows/kind"
)

// Document is a client as scripts see it: RFC 7591 names and kind, settings and the secret, which is shown once.
type Document struct {
	ClientID string `json:"client_id,omitempty"`
	Kind     string `json:"kind"`
	Metadata
	Settings         Settings `json:"settings"`
	Disabled         bool     `json:"disabled,omitempty"`
	ClientSecret     string   `json:"client_secret,omitempty"`
	ClientIDIssuedAt int64    `json:"client_id_issued_at,omitempty"` // epoch seconds (RFC 7591 section 3.2.1)
	Origin           string   `json:"origin,omitempty"`              // dynamic: it registered itself; only shown
	// AuthMethods are all by which the client may authenticate; only shown, where no method was named and there are several.
	AuthMethods []string `json:"token_endpoint_auth_methods,omitempty"`

	drawn  *string  // of UseLogo and DropLogo; nil leaves the logo as it is
	unread Problems // of ReadDocument
}

// Document is the client without its secrets. Keys that only we may read stay out.
func (c *Client) Document() Document {
	d := Document{
		ClientID: c.ID, Kind: c.Kind, Metadata: c.Metadata, Settings: c.Settings,
		Disabled: c.Disabled(), ClientIDIssuedAt: c.CreatedAt.Time().Unix(),
		Origin: c.Origin,
	}
	d.Settings.PartnerMobileKey, d.TokenEndpointAuthMethod = "", c.Metadata.AuthMethod()
	if c.Accepts(AuthBasic) && c.Accepts(AuthPost) {
		d.AuthMethods = []string{AuthBasic, AuthPost}
	}
	return d
}

// Portable is the client as a file holds it: what apply reads back without a change. Neither secrets nor what is only shown
// are in it, and a method that wasn't named stays so.
func (c *Client) Portable() Document {
	d := c.Document()
	d.TokenEndpointAuthMethod, d.ClientIDIssuedAt, d.Origin, d.AuthMethods = c.Metadata.TokenEndpointAuthMethod, 0, "", nil
	return d
}

// maxDocument bounds what is read as a registration.
const maxDocument = 1 << 20

// ReadDocument decodes one JSON document. Unknown members are refused with the nearest known name, because a
// misspelt require_pkce would silently be something else. What could be read is judged too, so that all problems are told at
// once: Create, Update and Judge refuse the document. Whoever hands it on otherwise asks Unread.
func ReadDocument(r io.Reader) (Document, error) {
	raw, err := io.ReadAll(io.LimitReader(r, maxDocument+1))
	if err != nil {
		return Document{}, err
	}
	if len(raw) > maxDocument {
		return Document{}, Problems{{"", "document.too_long", "longer than 1 MiB"}}.err()
	}
	var ps Problems
	ps.Strict("", raw, reflect.TypeFor[Document]())
	var d Document
	var mistyped *json.UnmarshalTypeError // which leaves the rest to be read
	dec := json.NewDecoder(bytes.NewReader(raw))
	err = dec.Decode(&d)
	switch _, trailing := dec.Token(); {
	case err != nil && len(ps) == 0:
		ps.add("", "document.json", "not a client document: %v", err)
	case err == nil && trailing != io.EOF:
		ps.add("", "document.json", "more than one JSON document")
	case err == nil, errors.As(err, &mistyped) && ps[0].Pointer != "":
		d.unread = ps
		return d, nil
	}
	return d, ps.err()
}

// Unread is what ReadDocument couldn't read of a document, or nil.
func (d *Document) Unread() error { return d.unread.err() }

// amiss adds to what couldn't be read what is wrong with the rest. Of a member that couldn't be read nothing else is known.
func (d *Document) amiss(judged Problems) Problems {
	list := slices.Clone(d.unread)
	for _, p := range judged {
		same := func(u Problem) bool { return p.Pointer == u.Pointer || strings.HasPrefix(p.Pointer, u.Pointer+"/") }
		if !slices.ContainsFunc(d.unread, same) && !list.full() {
			list = append(list, p)
		}
	}
	return list
}

var settingNames = JSONNames(reflect.TypeFor[Settings]())

// Set applies one key=value of --set.
func (s *Settings) Set(key, value string) error {
	if !slices.Contains(settingNames, key) {
		return kind.New(kind.Invalid, "client.setting").WithErr(fmt.Errorf("unknown setting %q%s", key, DidYouMean(key, settingNames)))
	}
	var raw []byte
	switch key {
	case "require_pkce", "first_party", "legacy_claims", "legacy_scopes", "legacy_lookup", "always_200", "id_token_claims", "legacy_nonce":
		if value != "true" && value != "false" {
			return kind.New(kind.Invalid, "client.setting").WithErr(fmt.Errorf("%s is true or false, not %q", key, value))
		}
		raw = []byte(value)
	case "token_exchange", "claims", "player", "sign_in_text":
		if raw = []byte(value); value == "" {
			raw = []byte("null")
		}
	case "resources", "permissions":
		raw, _ = json.Marshal(strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == ' ' }))
	default:
		raw, _ = json.Marshal(value)
	}
	member, _ := json.Marshal(key)
	if err := json.Unmarshal([]byte("{"+string(member)+":"+string(raw)+"}"), s); err != nil {
		return kind.New(kind.Invalid, "client.setting").WithErr(fmt.Errorf("%s: %w", key, err))
	}
	return nil
}
