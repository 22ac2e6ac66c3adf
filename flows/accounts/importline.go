package accounts

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"pratu/flows/clients"
	"pratu/flows/contact"
	"pratu/flows/kind"
	"pratu/flows/passwords"
	"pratu/flows/secret"
	"pratu/storage"
)

// ImportLine is an account of another system: one line of an import. docs/import.md describes it.
type ImportLine struct {
	SSOID        number          `json:"ssoid"`
	OID          string          `json:"oid"`
	Status       string          `json:"status"`
	RegisterBy   number          `json:"register_by"`
	CreatedAt    moment          `json:"created_at"`
	Locale       string          `json:"locale"`
	Claims       map[string]any  `json:"claims"`
	Contacts     []ImportContact `json:"contacts"`
	PasswordHash string          `json:"password_hash"`
	Bindings     []ImportBinding `json:"bindings"`
}

// ImportContact is a contact of an imported account.
type ImportContact struct {
	Type         string `json:"type"` // mobile, phone or email
	Identifier   string `json:"identifier"`
	Verified     bool   `json:"verified"`
	Preferred    bool   `json:"preferred"`
	AddedDate    moment `json:"added_date"`
	LastVerified moment `json:"last_verified"`
}

// ImportBinding is what an imported account is called at a partner's.
type ImportBinding struct {
	Partner    string `json:"partner"`
	ExternalID string `json:"external_id"`
	CreatedAt  moment `json:"created_at"`
}

// importMembers are all names in a line.
var importMembers = slices.Concat(
	clients.JSONNames(reflect.TypeFor[ImportLine]()), clients.JSONNames(reflect.TypeFor[ImportContact]()), clients.JSONNames(reflect.TypeFor[ImportBinding]()),
)

// ImportHint is which member somebody may have meant by a name, for the end of a sentence.
func ImportHint(name string) string { return clients.DidYouMean(name, importMembers) }

// number is an id that some systems write as an integer and some as a text.
type number string

// UnmarshalJSON reads both.
func (n *number) UnmarshalJSON(raw []byte) error {
	text := string(raw)
	if len(raw) > 0 && raw[0] == '"' {
		if err := json.Unmarshal(raw, &text); err != nil {
			return err
		}
	}
	*n = number(text)
	return nil
}

// moment is a time as RFC 3339 or in seconds since the epoch, as a number or a text.
type moment struct{ time.Time }

// UnmarshalJSON reads all three.
func (m *moment) UnmarshalJSON(raw []byte) error {
	var text number
	if err := text.UnmarshalJSON(raw); err != nil {
		return err
	}
	if seconds, err := strconv.ParseInt(string(text), 10, 64); err == nil {
		m.Time = time.Unix(seconds, 0)
		return nil
	}
	at, err := time.Parse(time.RFC3339, string(text))
	m.Time = at
	return err
}

// Bounds of a line.
const (
	MaxImportLine     = 64 << 10
	maxImportContacts = 50
	maxSSOID          = 1<<53 - 1
	maxPHC            = 1024
)

var (
	oidSyntax     = regexp.MustCompile(`^[0-9a-f]{24}$`)
	clientSyntax  = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)
	partnerSyntax = regexp.MustCompile(`^[a-z0-9_-]{1,64}$`)
)

// contactTypes are the words for a contact's kind.
var contactTypes = map[string]func(string) (contact.Contact, error){
	"mobile": contact.ParsePhone, "phone": contact.ParsePhone, "email": contact.ParseEmail,
}

// refused is why a line isn't imported.
func refused(code, field string) error {
	return kind.New(kind.Invalid, "import."+code).WithField(field)
}

// readLine makes an account of a line, strictly: a misspelt member would be lost silently.
func (s *Service) readLine(raw []byte) (storage.Import, error) {
	var line ImportLine
	switch {
	case len(raw) > MaxImportLine:
		return storage.Import{}, refused("too_long", "")
	case !utf8.Valid(raw): // encoding/json would make something else of it
		return storage.Import{}, refused("json", "")
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&line); err != nil {
		var wrong *json.UnmarshalTypeError
		if name, found := strings.CutPrefix(err.Error(), "json: unknown field "); found {
			name = strings.Trim(name, `"`)
			e, _ := kind.As(refused("unknown_member", name))
			return storage.Import{}, e.WithArg("hint", ImportHint(name))
		}
		if errors.As(err, &wrong) {
			return storage.Import{}, refused("json", wrong.Field)
		}
		return storage.Import{}, refused("json", "") // its text would quote the line
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return storage.Import{}, refused("json", "")
	}
	return s.importOf(line)
}

func (s *Service) importOf(line ImportLine) (x storage.Import, err error) {
	now := storage.At(s.Now())
	x.Account = storage.Account{
		ID: secret.UUID(), SSOID: secret.SSOID(), OID: secret.OID(), Status: or(line.Status, storage.StatusActive), RegisterBy: or(string(line.RegisterBy), ByUs),
		Locale: line.Locale, Profile: "{}", CreatedAt: now, UpdatedAt: now,
	}
	if !line.CreatedAt.IsZero() {
		x.CreatedAt = storage.At(line.CreatedAt.Time)
	}
	if line.SSOID != "" {
		x.SSOID, err = strconv.ParseInt(string(line.SSOID), 10, 64)
		if err != nil || x.SSOID <= 0 || x.SSOID > maxSSOID || strconv.FormatInt(x.SSOID, 10) != string(line.SSOID) {
			return x, refused("ssoid", "ssoid")
		}
	}
	if line.OID != "" {
		x.OID = line.OID
	}
	switch {
	case !oidSyntax.MatchString(x.OID):
		return x, refused("oid", "oid")
	case x.Status != storage.StatusActive && x.Status != storage.StatusDisabled:
		return x, refused("status", "status")
	case !clientSyntax.MatchString(x.RegisterBy):
		return x, refused("register_by", "register_by")
	case !slices.Contains([]string{"", "th", "en"}, x.Locale):
		return x, refused("locale", "locale")
	case x.CreatedAt < 0 || x.CreatedAt > now:
		return x, refused("time", "created_at")
	}
	for _, fill := range []func(*storage.Import, ImportLine) error{s.importClaims, s.importContacts, s.importPassword, s.importBindings} {
		if err := fill(&x, line); err != nil {
			return x, err
		}
	}
	return x, nil
}

func (s *Service) importClaims(x *storage.Import, line ImportLine) error {
	if len(line.Claims) == 0 {
		return nil
	}
	for _, own := range clients.NotOfProfile {
		if _, given := line.Claims[own]; given {
			return refused("claims", "claims."+own)
		}
	}
	if err := checkProfile(line.Claims); err != nil {
		return refused("claims", "claims")
	}
	raw, err := json.Marshal(line.Claims)
	x.Profile, x.Words = string(raw), Words(line.Claims)
	return err
}

func (s *Service) importContacts(x *storage.Import, line ImportLine) error {
	if len(line.Contacts) == 0 || len(line.Contacts) > maxImportContacts {
		return refused("contacts", "contacts")
	}
	now := storage.At(s.Now())
	preferred := map[string]bool{}
	for i, c := range line.Contacts {
		at := fmt.Sprintf("contacts[%d]", i)
		parse := contactTypes[c.Type]
		if parse == nil {
			return refused("contact_type", at+".type")
		}
		parsed, err := parse(c.Identifier)
		if err != nil {
			return kind.New(kind.Invalid, kind.Code(err)).WithField(at + ".identifier")
		}
		row := storage.ImportContact{Contact: storage.Contact{
			ID: secret.UUID(), AccountID: x.ID, Kind: parsed.Kind, AddedAt: x.CreatedAt, Preferred: c.Preferred && !preferred[parsed.Kind],
		}}
		if !c.AddedDate.IsZero() {
			row.AddedAt = storage.At(c.AddedDate.Time)
		}
		if c.Verified {
			row.VerifiedAt = row.AddedAt
			if !c.LastVerified.IsZero() {
				row.VerifiedAt = storage.At(c.LastVerified.Time)
			}
		}
		if row.AddedAt < 0 || row.AddedAt > now || row.VerifiedAt < 0 || row.VerifiedAt > now {
			return refused("time", at)
		}
		preferred[parsed.Kind] = preferred[parsed.Kind] || row.Preferred
		row.Value = s.Keyring.Seal(sealLabel, []byte(parsed.Value), row.ID)
		row.Digests = s.Keyring.Digests(parsed.Kind, parsed.Canonical)
		if slices.ContainsFunc(x.Contacts, func(o storage.ImportContact) bool { return o.Kind == row.Kind && o.Digests[0] == row.Digests[0] }) {
			return refused("contact_twice", at)
		}
		x.Contacts = append(x.Contacts, row)
	}
	return nil
}

func (s *Service) importPassword(x *storage.Import, line ImportLine) error {
	if line.PasswordHash == "" {
		return nil
	}
	if len(line.PasswordHash) > maxPHC || !passwords.Readable(line.PasswordHash) {
		return refused("password_hash", "password_hash")
	}
	x.Credential = &storage.Credential{ID: secret.UUID(), Kind: "password", Secret: line.PasswordHash, CreatedAt: x.CreatedAt}
	return nil
}

func (s *Service) importBindings(x *storage.Import, line ImportLine) error {
	for i, b := range line.Bindings {
		at := fmt.Sprintf("bindings[%d]", i)
		row := storage.Binding{ID: secret.UUID(), AccountID: x.ID, Partner: b.Partner, ExternalID: b.ExternalID, CreatedAt: x.CreatedAt, UpdatedAt: x.CreatedAt}
		if !b.CreatedAt.IsZero() {
			row.CreatedAt, row.UpdatedAt = storage.At(b.CreatedAt.Time), storage.At(b.CreatedAt.Time)
		}
		twice := slices.ContainsFunc(x.Bindings, func(o storage.Binding) bool { return o.Partner == b.Partner })
		if !partnerSyntax.MatchString(b.Partner) || b.ExternalID == "" || tidy("", b.ExternalID) != b.ExternalID || len(b.ExternalID) > maxClaim || twice {
			return refused("binding", at)
		}
		x.Bindings = append(x.Bindings, row)
	}
	return nil
}
