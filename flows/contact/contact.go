// Package contact owns the forms of e-mail addresses and phone numbers: what is accepted, what they are compared by, how
// they are shown. It doesn't know whose they are, and stores nothing. Canonical forms are computed here and never in SQL,
// because letters fold differently in Go, PostgreSQL and SQLite (U+212A KELVIN SIGN, U+0130, É).
package contact

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"pratu/flows/kind"
)

// Kinds of contacts.
const (
	Email = "email"
	Phone = "phone"
)

// maxInput bounds what is looked at at all.
const maxInput = 512

// Contact is a way to reach a person. Value is what is kept and shown; Canonical is what it is compared by.
type Contact struct{ Kind, Value, Canonical string }

// Parse takes what a person types into the one field of a sign-in page: an e-mail address or a phone number.
func Parse(identifier string) (Contact, error) {
	if strings.ContainsRune(identifier, '@') {
		return ParseEmail(identifier)
	}
	return ParsePhone(identifier)
}

// Stored is a contact read back from the directory, whose value was accepted when it was written.
func Stored(contactKind, value string) Contact {
	c := Contact{Kind: contactKind, Value: value, Canonical: value}
	var parsed Contact
	var err error
	if contactKind == Email {
		parsed, err = ParseEmail(value)
	} else {
		parsed, err = ParsePhone(value)
	}
	if err == nil {
		c.Canonical = parsed.Canonical
	}
	return c
}

// clean strips what chat programs and right-to-left text leave around a pasted word: zero-width and direction marks
// anywhere, spaces at the ends. ok is false for text that no field of a page sends: controls (CR and LF would forge
// mail headers), broken UTF-8, something endless.
func clean(s string) (text string, ok bool) {
	if len(s) > maxInput || !utf8.ValidString(s) {
		return "", false
	}
	text = strings.Map(func(r rune) rune {
		if invisible(r) {
			return -1
		}
		return r
	}, s)
	if strings.ContainsFunc(text, unicode.IsControl) {
		return "", false
	}
	return strings.TrimFunc(text, unicode.IsSpace), true
}

func invisible(r rune) bool {
	switch {
	case r == 0x00AD, r == 0x061C, r == 0xFEFF: // soft hyphen, Arabic letter mark, byte-order mark
	case 0x200B <= r && r <= 0x200F: // zero-width space and joiners, direction marks
	case 0x202A <= r && r <= 0x202E: // direction embeddings and overrides
	case 0x2060 <= r && r <= 0x206F: // word joiner, invisible operators, direction isolates
	default:
		return false
	}
	return true
}

// FoldDigits turns Thai and full-width digits into ASCII ones and leaves everything else alone.
func FoldDigits(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case '๐' <= r && r <= '๙':
			return '0' + r - '๐'
		case '０' <= r && r <= '９':
			return '0' + r - '０'
		}
		return r
	}, s)
}

// CleanCode takes a mailed code as people type and paste it: spaces, dashes, invisible marks, Thai digits.
func CleanCode(s string) string {
	if len(s) > maxInput {
		return ""
	}
	return strings.Map(func(r rune) rune {
		if invisible(r) || unicode.IsSpace(r) || dash(r) {
			return -1
		}
		return r
	}, FoldDigits(s))
}

// Mask shows enough for the owner to recognise a contact and too little for anybody else to use it.
func Mask(c Contact) string {
	if c.Kind == Email {
		local, domain, _ := strings.Cut(c.Value, "@")
		if len(local) < 2 {
			return "•••@" + domain
		}
		return local[:1] + "•••@" + domain
	}
	if len(c.Value) < 8 {
		return "•••"
	}
	return c.Value[:3] + "•••" + c.Value[len(c.Value)-3:]
}

func invalid(code, field string) error { return kind.New(kind.Invalid, code).WithField(field) }
