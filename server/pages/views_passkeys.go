package pages

import (
	"time"

	"pratu/server/web"
)

// PasskeyAsk is what static/passkey.js needs to ask for a passkey, in a form that it fills and shows. nil where there can
// be none.
type PasskeyAsk struct {
	Action  string // where the answer is posted
	JSON    string // options and sealed state
	Renew   string // where fresh ones come from; "" loads the page again
	Quiet   string // for a passkey that a password manager makes by itself, or ""
	Origin  string // where we are configured to be
	RPID    string
	Unknown string // id of the passkey that nobody has any more, for the browser to forget; "" for none
}

// PasskeyOffer is "passkey-offer" [credential, state]: shown once after a password, to browsers that can.
type PasskeyOffer struct {
	web.Frame
	Create *PasskeyAsk
	OnURL  string // not now
}

// PasskeyList is "passkeys" [credential, state] makes one; [rename=id, name]; [delete=id].
type PasskeyList struct {
	Portal
	Passkeys []Passkey
	Create   *PasskeyAsk // nil: no more, or none at all
	Full     bool
	Max      int
	Signals  *PasskeySignals
}

// Passkey is a row of the list.
type Passkey struct {
	ID, Name  string
	CreatedAt time.Time
	UsedAt    time.Time // zero: never
}

// PasskeySignals tells the browser's password manager what we know, so that it doesn't offer what was deleted.
type PasskeySignals struct {
	RPID, User    string
	Accepted      string // JSON array of ids
	Name, Display string
	Removed       string // id that was just deleted, or ""
}
