package main

import (
	"strings"
	"testing"
)

// pageItems are what people may expect of our pages, each with the tests that show it. Source says what comes later.
var pageItems = []requirement{
	{1, "The page says its language; its title is its own and names the application", "", []string{"server/pages.TestPages", "e2e.TestPages"}},
	{2, "One h1, one main, sound landmarks", "", []string{"server/pages.TestPages", "e2e.TestPages", "e2e.TestFaultsAreSeen", "e2e.TestSamples"}},
	{3, "axe finds nothing, and leaves nothing undecided", "", []string{"e2e.TestPages", "e2e.TestContactPages", "e2e.TestPasskeyPages", "e2e.TestSamples"}},
	{4, "Contrast of text, borders and the ring of focus", "accents of applications come with 48", []string{"e2e.TestPages", "e2e.TestSamples", "e2e.TestKeyboard", "e2e.TestFaultsAreSeen"}},
	{5, "Nothing overflows at 320 px, nor with text twice as large", "", []string{"e2e.TestPages", "e2e.TestSamples", "e2e.TestFaultsAreSeen"}},
	{6, "What is pressed has 24 px, main buttons 44", "", []string{"e2e.TestPages", "e2e.TestSamples", "e2e.TestFaultsAreSeen"}},
	{7, "Phones don't zoom into fields", "", []string{"e2e.TestPages", "e2e.TestSamples"}},
	{8, "Fields have labels, and no placeholder stands for one", "", []string{"server/pages.TestPages", "e2e.TestPages", "e2e.TestFaultsAreSeen"}},
	{9, "Tab leads through a page as people read it, is seen, and out again; Enter submits, Escape loses nothing", "", []string{"e2e.TestKeyboard", "e2e.TestEnterAndEscape"}},
	{10, "With the colours of the system everything keeps its edge, and nothing moves", "", []string{"e2e.TestForcedColours"}},
	{11, "The identifier is one that password managers and passkeys know", "", []string{"server/pages.TestFields", "server.TestSignIn"}},
	{12, "Passwords: the current one and a new one", "", []string{"server/pages.TestFields", "e2e.TestSamples", "e2e.TestFaultsAreSeen"}},
	{13, "A code has one numeric field that is filled from a message", "", []string{"server/pages.TestFields", "e2e.TestSamples", "e2e.TestFaultsAreSeen"}},
	{14, "Keyboards of phones fit the field", "", []string{"server/pages.TestFields", "e2e.TestSamples", "e2e.TestFaultsAreSeen"}},
	{15, "Every field takes what is pasted", "", []string{"e2e.TestPages", "e2e.TestSamples", "e2e.TestFaultsAreSeen"}},
	{16, "A password can be looked at, keeps value and caret, and is hidden when sent", "", []string{"e2e.TestPasswordField"}},
	{17, "Caps Lock is told politely", "", []string{"e2e.TestPasswordField"}},
	{18, "The focus is on what is to be filled in, after a mistake on the summary", "", []string{"e2e.TestFocus"}},
	{19, "Codes in groups, Thai digits and wide ones", "", []string{"e2e.TestTypedAsPeopleDo", "flows/contact.TestCleanCode", "server.TestCodeSignIn"}},
	{20, "What is pasted or written with spaces and hyphens signs in", "", []string{"server.TestSignIn", "flows/contact.TestParseEmail", "flows/contact.TestParsePhone", "e2e.TestTypedAsPeopleDo"}},
	{21, "Long passwords of any script work; short and common ones are refused with the reason", "", []string{"server.TestPasswordsAreTakenAsTyped", "server.TestSignUpRefusals", "server.TestPortalPassword", "flows/passwords.TestCheck", "e2e.TestTypedAsPeopleDo"}},
	{22, "A refused sign-in is 422, an alert, marked fields, and keeps the identifier only", "", []string{"server.TestSignIn", "server/pages.TestFields"}},
	{23, "Known and unknown are the same in words, status, cost and time", "", []string{"server.TestSignInTellsNothing", "server.TestSignUpTellsNothing", "server.TestRecoverTellsNothing", "server.TestCodeTellsNothing", "e2e.TestTiming"}},
	{24, "Too many attempts: 429, when to try again, and another way", "", []string{"server.TestSignInBudget", "server.TestLimitedOffersCode", "server.TestCodeAttacks"}},
	{25, "The state of an account is told after right credentials only", "", []string{"server.TestSignInTellsNothing", "server.TestCodeTellsNothing", "server.TestPasskeyDisabled", "server.TestPortalKeep"}},
	{26, "Expired, back, twice, two tabs: a page that explains, and nothing lost", "", []string{"server.TestExpiredInteraction", "server.TestConsentIsWhoseItWas", "e2e.TestTwoTabs"}},
	{27, "Unknown application or address: a page with a request id, and no redirect", "", []string{"server.TestErrorPages", "server.TestErrorPagesShowWhatWasReceived", "e2e.TestExplained"}},
	{28, "A browser without cookies is told so", "", []string{"server.TestSignIn", "e2e.TestExplained"}},
	{29, "Autofill signs in by passkey without a click", "", []string{"e2e.TestPasskeys"}},
	{30, "No question opens by itself; cancelling leaves the form of use", "", []string{"e2e.TestPasskeys"}},
	{31, "Opened at another address, the page says which", "", []string{"e2e.TestPasskeyMismatch"}},
	{32, "Passkeys are made, named and deleted; the last way in stays", "", []string{"e2e.TestPasskeys", "server.TestPasskeyLast"}},
	{33, "Without WebAuthn there is no button", "", []string{"e2e.TestNoPasskeys", "server.TestNoPasskeysAtAnAddress"}},
	{34, "All of it without scripts, mistakes and second factor included", "", []string{"e2e.TestTwoFactorsWithoutScripts", "e2e.TestDemo", "e2e.TestNoPasskeys"}},
	{35, "Nothing inline, and no violation of the policy", "", []string{"server/pages.TestPages", "e2e.TestPages", "e2e.TestFaultsAreSeen"}},
	{36, "The headers of every page, errors included", "", []string{"server.TestHeaders", "server.TestOfficeIsClosed"}},
	{37, "Forms of an account stay here; a sign-in reaches a third origin", "", []string{"server.TestHeaders", "server.TestOfficeIsClosed", "e2e.TestSignInReachesAThirdOrigin"}},
	{38, "In a frame nothing is shown", "", []string{"e2e.TestNoFrames", "server.TestHeaders"}},
	{39, "Fingerprinted, immutable, compressed, light, and all from here", "", []string{"server/web.TestAssets", "server/web.TestWeight", "e2e.TestFirstPage"}},
	{40, "The stored language, then the application's, then the browser's", "", []string{"server/web.TestChooseLocale", "server.TestLanguage"}},
	{41, "Another language keeps request and input, without scripts as well", "", []string{"e2e.TestLanguageKeepsTheForm", "server.TestLanguage"}},
	{42, "Every word in both languages, none missing on a page", "", []string{"server/web.TestParity", "server/web.TestEverythingHasWords", "e2e.TestPages"}},
	{43, "Thai headings, labels and buttons aren't clipped", "", []string{"e2e.TestPages", "e2e.TestSamples", "e2e.TestFaultsAreSeen"}},
	{44, "Thai dates are of the Buddhist era, machines read ISO", "", []string{"server/web.TestDates", "e2e.TestPages", "e2e.TestFaultsAreSeen"}},
	{45, "Consent shows who, to whom, where to and what", "", []string{"server.TestConsent", "server.TestConsentShowsWhatIsSent", "server.TestConsentTellsWhatIsMissing"}},
	{46, "Denied is told, allowed is remembered, more is asked again", "", []string{"server.TestConsent"}},
	{47, "prompt, max_age and login_hint do what they say", "", []string{"server.TestConformancePrompts", "server.TestSelectAccount", "server.TestSignInAgain", "server.TestLoginHint", "server.TestConformanceBasic"}},
	{48, "Accents and logos of applications", "", []string{"server.TestBranding", "server.TestOfficeLogo", "server.TestLogoAttacks"}},
	{49, "Names are text, whoever chose them", "", []string{"server.TestNamesAreText", "server/pages.TestPages", "server/web.TestNames", "e2e.TestSamples"}},
	{50, "This browser is marked; another one ends at its next request", "telling applications comes with the whole protocol", []string{"server.TestPortalSessions", "e2e.TestAnotherBrowserEnds"}},
	{51, "Changes need a fresh proof; other browsers can be signed out", "", []string{"server.TestPortalPassword", "server.TestChangeOfAddress", "server.TestAuthenticator", "server.TestPasskeysHP29"}},
	{52, "Recovery codes are shown once, can be printed, and kept before going on", "", []string{"e2e.TestTwoFactorsWithoutScripts", "server.TestRecoveryCodes"}},
	{53, "Looking at a mailed link consumes nothing; elsewhere it explains itself", "", []string{"server.TestSignUpLink", "server.TestRecoverLink", "server.TestContactLink", "e2e.TestContactPages"}},
	{54, "Mails: two parts, the right language, nothing loaded, the code first", "", []string{"server/web.TestMails", "flows/mail.TestSubjects"}},
	{55, "A session has a new cookie after every proof; it is the host's alone and goes nowhere else", "", []string{"e2e.TestCookiesBehindTLS", "server.TestSignIn", "server.TestStepUp", "server.TestCookiesAndLog"}},
	{56, "Forms of other sites are refused, browser applications redeem their codes", "calling back by form comes with other doors", []string{"e2e.TestOtherOrigins", "server.TestCrossOrigin", "server.TestFormPost"}},
}

// TestPagesCoverage writes which test shows what of the hosted pages: UPDATE_DOCS=1 go test . -run Coverage
func TestPagesCoverage(t *testing.T) {
	named, tests := securityTests(t)
	var b strings.Builder
	b.WriteString("# Coverage of the pages\n\nWritten by `UPDATE_DOCS=1 go test . -run Coverage`; a missing test fails `make test`.\n\n| | what | later | shown by |\n|---|---|---|---|\n")
	for i, r := range pageItems {
		if r.number != i+1 {
			t.Errorf("%d stands where %d belongs", r.number, i+1)
		}
		if len(r.shown) == 0 && r.source == "" {
			t.Errorf("nothing shows %d, %s", r.number, r.text)
		}
		r.write(t, &b, named, tests)
	}
	if len(pageItems) != 56 {
		t.Errorf("%d items", len(pageItems))
	}
	written(t, "docs/pages-coverage.md", b.String())
}
