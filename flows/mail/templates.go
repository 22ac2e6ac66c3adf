package mail

import "time"

// Names of the mails. Each has templates/mails/NAME.LOCALE.txt and .html, whose data is the struct beside it.
const (
	TemplateVerify        = "verify"         // Verify
	TemplateAccountExists = "account-exists" // AccountExists
	TemplateCode          = "code"           // Code
	TemplateNotice        = "notice"         // Notice
)

// Locales in which every mail exists.
var Locales = []string{"th", "en"}

// Templates makes the data of each mail, a pointer to its struct.
var Templates = map[string]func() any{
	TemplateVerify:        func() any { return &Verify{} },
	TemplateAccountExists: func() any { return &AccountExists{} },
	TemplateCode:          func() any { return &Code{} },
	TemplateNotice:        func() any { return &Notice{} },
}

// Verify proves that an address is read by whoever registers it.
type Verify struct {
	Product string // the provider's name
	Host    string // where the reader expects to be: the issuer's host
	Code    string // six digits
	Link    string // complete URL; a GET shows a button only
	Token   string // the secret in the link, by itself
	Hours   int    // how long both work
	Client  string // name of the application that sent the person, or ""
}

// AccountExists answers a registration of an address that has an account already, so that the page needn't tell.
type AccountExists struct {
	Product string
	Host    string
	Link    string // the sign-in page
	Client  string
}

// Code proves that somebody reads an address, for one of the purposes of flows/codes.
type Code struct {
	Product string
	Host    string
	Purpose string
	Code    string // six digits
	Link    string // complete URL that does the same, or ""; a GET shows a button only
	Token   string // the secret in the link, by itself
	Minutes int    // how long both work
	Client  string // name of the application that sent the person, or ""
}

// Hours is how long both work, where that is long; else 0.
func (c Code) Hours() int {
	if c.Minutes < 120 {
		return 0
	}
	return c.Minutes / 60
}

// Events of Notice.
const (
	PasswordChanged   = "password_changed"
	NewSignIn         = "new_sign_in"
	PasskeyAdded      = "passkey_added"
	PasskeyRemoved    = "passkey_removed"
	TOTPAdded         = "totp_added"
	TOTPRemoved       = "totp_removed"
	RecoveryCodesMade = "recovery_codes_made"
	RecoveryCodeUsed  = "recovery_code_used"
	ContactAdded      = "contact_added"
	ContactRemoved    = "contact_removed"
	NumberTaken       = "number_taken"
	AccountDeleted    = "account_deleted"
	AccountKept       = "account_kept"
	LoginLinked       = "login_linked"
	LoginUnlinked     = "login_unlinked"
	DataDownloaded    = "data_downloaded"
	DataExported      = "data_exported" // by an administrator
	AccountMerged     = "account_merged"
	Test              = "test" // whether mails arrive
)

// Events of Notice, all of them.
var Events = []string{PasswordChanged, NewSignIn, PasskeyAdded, PasskeyRemoved, TOTPAdded, TOTPRemoved, RecoveryCodesMade,
	RecoveryCodeUsed, ContactAdded, ContactRemoved, NumberTaken, AccountDeleted, AccountKept, LoginLinked, LoginUnlinked,
	DataDownloaded, DataExported, AccountMerged, Test}

// Notice tells an owner what happened to the account.
type Notice struct {
	Product string
	Host    string
	Event   string    // one of Events
	At      time.Time // when it happened
	Device  string    // browser and system, or ""
	IP      string
	What    string // the address, passkey, application … that it is about, masked, or ""
	Link    string // what to do if it wasn't the owner; works without signing in where it can
}
