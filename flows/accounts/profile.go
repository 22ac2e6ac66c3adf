package accounts

import (
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // an image without a zone database must not refuse what another machine takes

	"golang.org/x/text/language"
)

// ClaimProblems are the reasons why a profile is refused, one sentence each, beginning with the claim's name. They are
// found in a kind.Invalid error by errors.As.
type ClaimProblems []string

func (ps ClaimProblems) Error() string { return strings.Join(ps, "\n") }

// claimFormats are the standard claims that have one (OpenID Connect Core section 5.1). Applications compute with them:
// what is stored wrongly fails in every one of their parsers, at somebody's sign-in.
var claimFormats = map[string]func(string) string{
	"birthdate": checkBirthdate,
	"zoneinfo":  checkZone,
	"locale":    checkLocale,
	"profile":   checkURL,
	"picture":   checkURL,
	"website":   checkURL,
}

// checkProfile looks at the formats of standard claims.
func checkProfile(profile map[string]any) error {
	var ps ClaimProblems
	for _, name := range slices.Sorted(maps.Keys(profile)) {
		text, isText := profile[name].(string)
		switch check := claimFormats[name]; {
		case name == "updated_at":
			ps = append(ps, "updated_at is the time of the last change and kept by us: leave it out")
		case check == nil:
		case !isText:
			ps = append(ps, name+" is a text")
		default:
			if wrong := check(text); wrong != "" {
				ps = append(ps, fmt.Sprintf("%s %q %s", name, text, wrong))
			}
		}
	}
	return claimsRefused(ps)
}

var birthdateSyntax = regexp.MustCompile(`^\d{4}(-\d{2}-\d{2})?$`)

func checkBirthdate(text string) string {
	const forms = "write YYYY-MM-DD, YYYY when only the year is known, or 0000-MM-DD without the year"
	if !birthdateSyntax.MatchString(text) || text == "0000" {
		return "is no date: " + forms
	}
	if len(text) == len("2006") {
		return ""
	}
	if _, err := time.Parse(time.DateOnly, text); err != nil { // the year 0000 has a 29th of February
		return "is no day of the calendar: " + forms
	}
	return ""
}

func checkZone(text string) string {
	if _, err := time.LoadLocation(text); err != nil || text == "" || text == "Local" {
		return "is no time zone: write a name of the IANA database, such as Asia/Bangkok"
	}
	return ""
}

func checkLocale(text string) string {
	// The parser also takes th_TH, which is no language tag.
	if _, err := language.Parse(text); err != nil || strings.Contains(text, "_") {
		return "is no language tag (BCP 47): write one such as th-TH or en"
	}
	return ""
}

func checkURL(text string) string {
	if u, err := url.Parse(text); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return "is no web address: write it with https:// or http://"
	}
	return ""
}
