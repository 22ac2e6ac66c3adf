package social

import (
	"pratu/flows/connectors"
	"pratu/flows/kind"
	"pratu/flows/signin"
	"pratu/storage"
)

// Step is what becomes of somebody whom a provider vouches for.
type Step int

// Steps of a Decision.
const (
	Refuse Step = iota
	SignIn      // the identity is an account's
	Create      // it is nobody's: an account is made
	Offer       // the address is an account's, whose owner may link it after signing in there as always
	Link        // it becomes one more way into the account that asks
	Keep        // it is that account's already
)

// Decision is Decide's answer. AccountID is whom a step is about, Verified whether an address becomes an identifier.
type Decision struct {
	Step      Step
	AccountID string
	Verified  bool
	Err       error // of Refuse
}

// Known is what we have of an identity.
type Known struct {
	Login  *storage.IdentityLogin // nil: nobody's
	Holder string                 // account that has proven the address, or ""
	Linker string                 // account that asks for one more way in, "" when somebody signs in
}

// Decide says what an identity is here. The pair of namespace and subject decides, and nothing else: an address that both
// sides have lets nobody in (nOAuth; pre-hijacking, Sudhodanan and Paverd 2022; ZITADEL CVE-2026-56666).
func Decide(who Identity, c *connectors.Connector, known Known) Decision {
	switch {
	case who.Namespace == "" || who.Subject == "": // all such people would be one account
		return Decision{Err: refused("identity", "no subject")}
	case known.Linker != "":
		return link(known)
	case known.Login != nil && !signin.Enters(known.Login.Status):
		return Decision{AccountID: known.Login.AccountID, Err: kind.New(kind.Forbidden, "account.disabled")}
	case known.Login != nil:
		return Decision{Step: SignIn, AccountID: known.Login.AccountID}
	case who.Trust == Authoritative && known.Holder != "":
		return Decision{Step: Offer, AccountID: known.Holder}
	case c.Settings.NoSignUp:
		return Decision{Err: kind.New(kind.Forbidden, "federation.no_account")}
	}
	return Decision{Step: Create, Verified: who.Trust == Authoritative}
}

// link never says whose an identity is that somebody else has.
func link(known Known) Decision {
	switch {
	case known.Login == nil:
		return Decision{Step: Link, AccountID: known.Linker}
	case known.Login.AccountID == known.Linker:
		return Decision{Step: Keep, AccountID: known.Linker}
	}
	return Decision{Err: kind.New(kind.Exists, "federation.taken")}
}
