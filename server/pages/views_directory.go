package pages

import "time"

// Lookups is "lookups" [hide=1 is not to be found, hide=0 is to be].
type Lookups struct {
	Portal
	Hidden   bool
	Lookups  []Lookup // the newest first
	OlderURL string   // "" at the end
}

// Lookup is an application that asked about the account.
type Lookup struct {
	At      time.Time
	Client  string
	By      string // email, phone, or id for who read the account by its number
	Contact string // masked, "" for id
	Purpose string // as the application's administrator states it, or ""
	Found   bool
}

// Partners is "partners" [binding=id ends one].
type Partners struct {
	Portal
	Bindings []Binding
}

// Binding is what the account is called at a partner's.
type Binding struct {
	ID, Partner, ExternalID string
	Since                   time.Time
}

// NamedDevice is a device that an application named.
type NamedDevice struct {
	ID, Name, Client string
	Seen             time.Time
}
