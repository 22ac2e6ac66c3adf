package accounts

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"pratu/flows/audit"
	"pratu/flows/contact"
	"pratu/flows/kind"
	"pratu/storage"
)

// ProfileClaims are the standard claims that owners write themselves (OpenID Connect Core section 5.1), in the order in which
// what is wrong with them is told.
var ProfileClaims = []string{
	"name", "given_name", "middle_name", "family_name", "nickname", "preferred_username", "birthdate", "gender", "locale",
	"zoneinfo", "website", "profile", "picture",
}

// AddressParts are the members of the address claim (section 5.1.1).
var AddressParts = []string{"street_address", "locality", "region", "postal_code", "country", "formatted"}

// Bounds of what a claim may hold, in code points.
const (
	maxClaim   = 200
	maxAddress = 500
	maxLink    = 1000
)

// Text is a claim as its owner reads it, "" for none or for one that is no text.
func (a *Account) Text(claim string) string {
	text, _ := a.Profile[claim].(string)
	return text
}

// AddressPart is a member of the address claim.
func (a *Account) AddressPart(part string) string {
	address, _ := a.Profile["address"].(map[string]any)
	text, _ := address[part].(string)
	return text
}

// UpdateProfile writes what an owner typed: claims and parts of the address by name, "" takes one away. What isn't named,
// isn't a text, or came from elsewhere under a name that is none of ours stays as it is. All that is wrong is told at once.
func (s *Service) UpdateProfile(ctx context.Context, accountID string, typed map[string]string) error {
	clean, err := s.checkTyped(typed)
	if err != nil {
		return err
	}
	return s.Store.InTx(ctx, func(ctx context.Context) error {
		row, err := s.Store.AccountByID(ctx, accountID)
		if err != nil {
			return err
		}
		profile := map[string]any{}
		if err := json.Unmarshal([]byte(row.Profile), &profile); err != nil {
			return err
		}
		changed := merge(profile, clean)
		if len(changed) == 0 {
			return nil
		}
		fresh, err := json.Marshal(profile)
		if err != nil {
			return err
		}
		err = s.Store.UpdateProfile(ctx, accountID, row.Profile, string(fresh), storage.At(s.Now()))
		if errors.Is(err, storage.ErrNotFound) {
			return kind.New(kind.Conflict, "account.changed").WithErr(err)
		}
		if err != nil {
			return err
		}
		if err := s.Store.SetWords(ctx, accountID, Words(profile)); err != nil {
			return err
		}
		return s.Audit.Append(ctx, audit.Event{
			Name: "account.updated", ActorKind: audit.Account, ActorID: accountID, AccountID: accountID,
			Details: map[string]any{"claims": changed},
		})
	})
}

// SetLocale chooses the language of the messages that an account gets.
func (s *Service) SetLocale(ctx context.Context, accountID, locale string) error {
	return s.Store.InTx(ctx, func(ctx context.Context) error {
		if err := s.Store.SetLocale(ctx, accountID, locale, storage.At(s.Now())); err != nil {
			return err
		}
		return s.Audit.Append(ctx, audit.Event{
			Name: "account.updated", ActorKind: audit.Account, ActorID: accountID, AccountID: accountID,
			Details: map[string]any{"claims": []string{"locale"}},
		})
	})
}

// checkTyped makes what was typed storable, or tells all that is wrong with it.
func (s *Service) checkTyped(typed map[string]string) (map[string]string, error) {
	clean := map[string]string{}
	var wrong []error
	for _, name := range slices.Concat(ProfileClaims, AddressParts) {
		text, given := typed[name]
		if !given {
			continue
		}
		clean[name] = tidy(name, text)
		if err := s.checkClaim(name, clean[name]); err != nil {
			wrong = append(wrong, err.WithField(name))
		}
	}
	return clean, errors.Join(wrong...)
}

func (s *Service) checkClaim(name, text string) *kind.Error {
	if text == "" {
		return nil
	}
	if most := boundOf(name); utf8.RuneCountInString(text) > most {
		return kind.New(kind.Invalid, "profile.too_long").WithArg("max", most)
	}
	check := claimFormats[name]
	if check == nil {
		return nil
	}
	wrong := check(text) != ""
	switch {
	case name == "birthdate" && wrong:
		return kind.New(kind.Invalid, "profile.birthdate")
	case name == "birthdate" && text[:4] > strconv.Itoa(s.Now().Year()): // most probably of the Buddhist era
		return kind.New(kind.Invalid, "profile.birthdate").WithArg("reason", "future")
	case !wrong:
		return nil
	case name == "zoneinfo":
		return kind.New(kind.Invalid, "profile.zoneinfo")
	case name == "locale":
		return kind.New(kind.Invalid, "profile.locale")
	}
	return kind.New(kind.Invalid, "profile.link")
}

func boundOf(name string) int {
	switch {
	case slices.Contains([]string{"profile", "picture", "website"}, name):
		return maxLink
	case slices.Contains(AddressParts, name):
		return maxAddress
	}
	return maxClaim
}

// tidy drops what nobody typed: spaces around, controls, broken UTF-8, and marks of direction, with which a name turns around
// the text beside it in whatever application shows it. An address may have lines.
func tidy(name, text string) string {
	lines := name == "formatted" || name == "street_address"
	text = strings.ReplaceAll(strings.ToValidUTF8(text, ""), "\r\n", "\n")
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && (r != '\n' || !lines) || unicode.Is(unicode.Bidi_Control, r) {
			return -1
		}
		return r
	}, text)
	if name == "birthdate" {
		text = contact.FoldDigits(text)
	}
	return strings.TrimSpace(text)
}

// merge puts texts into a profile and returns the names of the claims that changed.
func merge(profile map[string]any, typed map[string]string) (changed []string) {
	put := func(into map[string]any, name, text string) bool {
		old, isText := into[name].(string)
		switch {
		case old == text, text == "" && !isText: // what is no text was shown as none: leaving that empty changes nothing
			return false
		case text == "":
			delete(into, name)
		default:
			into[name] = text
		}
		return true
	}
	for _, name := range ProfileClaims {
		if text, given := typed[name]; given && put(profile, name, text) {
			changed = append(changed, name)
		}
	}
	address, _ := profile["address"].(map[string]any)
	if address == nil {
		address = map[string]any{}
	}
	moved := false
	for _, part := range AddressParts {
		if text, given := typed[part]; given && put(address, part, text) {
			moved = true
		}
	}
	if !moved {
		return changed
	}
	profile["address"] = address
	if len(address) == 0 {
		delete(profile, "address")
	}
	return append(changed, "address")
}
