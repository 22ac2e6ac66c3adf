package clients

import (
	"bytes"
	"encoding/json"
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

	drawn *string // of UseLogo and DropLogo; nil leaves the logo as it is
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
// misspelt require_pkce would silently be something else.
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
	dec := json.NewDecoder(bytes.NewReader(raw))
	if err := dec.Decode(&d); err != nil && len(ps) == 0 {
		ps.add("", "document.json", "not a client document: %v", err)
	} else if _, trailing := dec.Token(); err == nil && trailing != io.EOF {
		ps.add("", "document.json", "more than one JSON document")
	}
	return d, ps.err()
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
