package pages

import "time"

// Sessions is "sessions" [session=id ends one], [others ends the others], [device=id forgets one].
type Sessions struct {
	Portal
	Sessions []Session // this one first
	Devices  []Device  // this one first
}

// Device is a browser in which somebody has signed in before.
type Device struct {
	ID, Browser, System string
	Seen                time.Time
	This                bool
}
