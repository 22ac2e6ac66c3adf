package mail

// Names of the mails. Each has templates/mails/NAME.LOCALE.txt and .html, whose data is the struct beside it.
const (
	TemplateVerify        = "verify"         // Verify
	TemplateAccountExists = "account-exists" // AccountExists
)

// Locales in which every mail exists.
var Locales = []string{"th", "en"}

// Templates makes the data of each mail, a pointer to its struct.
var Templates = map[string]func() any{
	TemplateVerify:        func() any { return &Verify{} },
	TemplateAccountExists: func() any { return &AccountExists{} },
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
