package contact

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// RFC 5321 section 4.5.3.1: octets of a local part and of what fits between < and >.
const (
	maxLocal   = 64
	maxAddress = 254
	maxLabel   = 63
	maxDomain  = 253
)

// domains turns an internationalised domain into A-labels (UTS #46, non-transitional, strict).
var domains = idna.New(idna.MapForLookup(), idna.BidiRule(), idna.StrictDomainName(true), idna.Transitional(false),
	idna.ValidateLabels(true), idna.CheckJoiners(true))

// ParseEmail accepts the one narrow syntax of this product: an unquoted ASCII local part, one @, a domain with at least
// two labels. net/mail would take display names, comments, quoted locals and IP literals, and every one of them has
// been a way to a second mailbox somewhere. The local part must be ASCII before anything is folded: U+212A would
// otherwise become the k of somebody else's address.
func ParseEmail(s string) (Contact, error) {
	refused := invalid("contact.email_invalid", "email")
	text, ok := clean(s)
	if !ok || len(text) > maxInput {
		return Contact{}, refused
	}
	local, domain, found := strings.Cut(text, "@")
	if !found || strings.Contains(domain, "@") || !localPart(local) {
		return Contact{}, refused
	}
	ascii, ok := asciiDomain(domain)
	if !ok || len(local)+1+len(ascii) > maxAddress {
		return Contact{}, refused
	}
	if !isASCII(domain) {
		domain = ascii // what mail servers understand, whatever they speak
	}
	return Contact{Kind: Email, Value: local + "@" + domain, Canonical: lowerASCII(local) + "@" + ascii}, nil
}

// localPart tells whether s is a dot-atom of RFC 5322 section 3.2.3 that nobody takes for an encoded word (RFC 2047): some
// mail servers decode one and deliver to what is in it.
func localPart(s string) bool {
	if s == "" || len(s) > maxLocal || strings.Contains(s, "=?") {
		return false
	}
	for atom := range strings.SplitSeq(s, ".") {
		if atom == "" {
			return false
		}
		for i := range len(atom) {
			if c := atom[i]; !letterOrDigit(c) && !strings.ContainsRune("!#$%&'*+-/=?^_`{|}~", rune(c)) {
				return false
			}
		}
	}
	return true
}

// asciiDomain is the canonical form of a domain: A-labels in lower case. A last label without a letter would be an IP
// address, a single label somebody's own network.
func asciiDomain(domain string) (string, bool) {
	text := lowerASCII(domain)
	if !isASCII(text) || strings.HasPrefix(text, "xn--") || strings.Contains(text, ".xn--") {
		mapped, err := domains.ToASCII(text)
		if err != nil {
			return "", false
		}
		text = mapped
	}
	labels := strings.Split(text, ".")
	if len(text) > maxDomain || len(labels) < 2 {
		return "", false
	}
	for _, label := range labels {
		if !hostLabel(label) {
			return "", false
		}
	}
	last := labels[len(labels)-1]
	return text, strings.Trim(last, "0123456789") != "" && len(last) >= 2
}

func hostLabel(s string) bool {
	if s == "" || len(s) > maxLabel || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	for i := range len(s) {
		if !letterOrDigit(s[i]) && s[i] != '-' {
			return false
		}
	}
	return true
}

func letterOrDigit(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// lowerASCII folds A to Z and nothing else: strings.ToLower knows too many letters.
func lowerASCII(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}
