package passwords

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"pratu/flows/kind"
)

// Lengths in code points (NIST SP 800-63B-4 section 3.1.1.2).
const (
	MinAlone      = 15 // the password is the only factor
	MinWithFactor = 8  // there is a second one
	MaxLength     = 256
)

// Check tells whether a new password is acceptable: long enough, nothing that everybody tries first. There are no rules
// of composition. context are words of the moment that make bad passwords, such as the person's own name or address.
// The error says why: password.too_short {min}, password.too_long {max}, password.invalid, password.blocked {reason}.
func Check(password string, least int, context ...string) error {
	refuse := func(code, name string, value any) error {
		e := kind.New(kind.Invalid, code).WithField("password")
		if name != "" {
			e = e.WithArg(name, value)
		}
		return e
	}
	if len(password) > 8*MaxLength {
		return refuse("password.too_long", "max", MaxLength)
	}
	normal := norm.NFC.String(password)
	if !utf8.ValidString(password) || containsControl(normal) {
		return refuse("password.invalid", "", nil)
	}
	switch n := utf8.RuneCountInString(normal); {
	case n < least:
		return refuse("password.too_short", "min", least)
	case n > MaxLength:
		return refuse("password.too_long", "max", MaxLength)
	}
	if reason := Blocked(normal, context...); reason != "" {
		return refuse("password.blocked", "reason", string(reason))
	}
	return nil
}

// Short tells whether a password is too short to be the only factor of an account.
func Short(password string) bool { return utf8.RuneCountInString(norm.NFC.String(password)) < MinAlone }

func containsControl(s string) bool {
	for _, r := range s {
		if unicode.IsControl(r) {
			return true
		}
	}
	return false
}
