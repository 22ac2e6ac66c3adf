package pages

import (
	"time"

	"pratu/server/web"
)

// Sessions is "sessions" [session=id ends one], [others ends the others], [device=id forgets one],
// [named=id takes one from the list].
type Sessions struct {
	Portal
	Sessions []Session // this one first
	Devices  []Device  // this one first
	Named    []NamedDevice
}

// Device is a browser in which somebody has signed in before.
type Device struct {
	ID, Browser, System string
	Seen                time.Time
	This                bool
}

// Profile is "profile" [a claim by its name, a part of the address by its] and [mails] by itself: the language of messages.
type Profile struct {
	Portal
	Groups []FieldGroup
	Mails  string
}

// FieldGroup is a heading and the inputs below it.
type FieldGroup struct {
	Name   string
	Fields []Field
}

// Field is an input of a form, named by its claim.
type Field struct {
	Name, Value  string
	Autocomplete string
	Mode         string // inputmode
	Lines        bool   // it may have several
}

// Password is "password" [password, others].
type Password struct {
	Portal
	Has         bool   // a password is replaced, not set for the first time
	Identifier  string // in full, for password managers
	MinPassword int
	Others      int // other browsers that are signed in
}

// Applications is "applications" [client=id takes all from one].
type Applications struct {
	Portal
	Applications []Application // the last used first
}

// Application is a relying party that has something of the account's.
type Application struct {
	ID     string
	Brand  *web.Brand
	Groups []ConsentGroup
	Since  time.Time
	Used   time.Time // zero: never

	Unverified bool   // registered by itself
	OpenURL    string // where it signs people in, or ""
}

// Activity is "activity".
type Activity struct {
	Portal
	Happenings []Happening // the newest first
	OlderURL   string      // "" at the end
}

// Happening is one event of the record.
type Happening struct {
	Event           string // words are event.EVENT
	Failed          bool
	ByUs            bool // not done by somebody who was signed in
	At              time.Time
	IP              string
	Browser, System string
	Client          string // name of the application that it is about, or ""
}

// Data is "data": one button.
type Data struct{ Portal }

// Delete is "delete" [confirm].
type Delete struct {
	Portal
	Days int // of grace
}

// Deleted is "deleted": what answers it, once.
type Deleted struct {
	web.Frame
	EraseAt   time.Time
	SignInURL string
}

// Keep is "keep" [decision=keep|leave]: for whom signs in to an account that is closed.
type Keep struct {
	web.Frame
	Name    string
	EraseAt time.Time
}
