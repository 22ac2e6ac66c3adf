package contact

import (
	"strings"
	"unicode"

	"github.com/nyaruka/phonenumbers"
)

// DefaultRegion is where a number without a country code is.
const DefaultRegion = "TH"

// ParsePhone accepts digits (ASCII, Thai, full width) with a leading + or 00 and the separators people write. Letters,
// tel: URIs and extensions are refused before the library sees them: it would take vanity numbers and ;ext=, and two
// spellings of one number would become two accounts.
func ParsePhone(s string) (Contact, error) {
	refused := invalid("contact.phone_invalid", "phone")
	text, ok := clean(s)
	if !ok {
		return Contact{}, refused
	}
	digits, ok := dialled(text)
	if !ok {
		return Contact{}, refused
	}
	number, err := phonenumbers.Parse(digits, DefaultRegion)
	if err != nil || number.GetExtension() != "" || !phonenumbers.IsValidNumber(number) || !personal(number) {
		return Contact{}, refused
	}
	e164 := phonenumbers.Format(number, phonenumbers.E164)
	return Contact{Kind: Phone, Value: e164, Canonical: e164}, nil
}

// dialled reduces a number to an optional + and digits.
func dialled(text string) (string, bool) {
	var b strings.Builder
	for i, r := range FoldDigits(text) {
		switch {
		case '0' <= r && r <= '9':
			b.WriteRune(r)
		case (r == '+' || r == '＋') && i == 0:
			b.WriteByte('+')
		case unicode.IsSpace(r) || dash(r) || r == '(' || r == ')' || r == '.':
		default:
			return "", false
		}
	}
	digits := b.String()
	if rest, international := strings.CutPrefix(digits, "00"); international {
		digits = "+" + rest
	}
	// E.164 has at most 15 digits; one more for a trunk prefix as in +66 (0)81…
	return digits, len(digits) >= 6 && len(digits) <= 17
}

func dash(r rune) bool {
	return r == '-' || 0x2010 <= r && r <= 0x2015 || r == 0x2212 || r == 0xFE63 || r == 0xFF0D
}

// personal leaves out numbers that belong to nobody or bill whoever sends to them.
func personal(n *phonenumbers.PhoneNumber) bool {
	switch phonenumbers.GetNumberType(n) {
	case phonenumbers.PREMIUM_RATE, phonenumbers.TOLL_FREE, phonenumbers.SHARED_COST, phonenumbers.PAGER,
		phonenumbers.UAN, phonenumbers.VOICEMAIL:
		return false
	}
	return true
}
