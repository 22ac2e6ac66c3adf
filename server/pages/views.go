package pages

import (
	"time"

	"pratu/server/web"
)

// The data of each page: plain values, no logic. Give Render a pointer. Names of inputs are in brackets.
//
// Every form posts csrf and, when there is one, interaction. The language buttons of sign-in and sign-up post the form
// with [language] set and everything else as typed: store the choice, show the page again with what was typed, do
// nothing else. So a half-filled form survives, without JavaScript and without an address in a URL.

// SignIn is "sign-in" [username, password, another, passkeys=1 where the browser can make one].
type SignIn struct {
	web.Frame
	Username   string // as typed, or login_hint
	Wrong      bool   // what was typed is refused; a problem may also be one of another way in
	Again      bool   // Username is signed in and has to prove it anew (prompt=login, max_age)
	Name       string // of who is signed in, "" when they have none
	Another    bool   // somebody else than who is signed in
	AnotherURL string // not you?
	SignUpURL  string // "" hides it
	RecoverURL string // forgotten password
	Notice     string // message id of good news on top, such as "notice.account_ready"; "" for none
	Passkey    *PasskeyAsk
	Doors      []Door // providers to sign in with
}

// SignUp is "sign-up" [email, name, password].
type SignUp struct {
	web.Frame
	Email, Name string
	Phones      bool // Email may be a number
	MinPassword int
	SignInURL   string
}

// Verify is "verify" [code, pending]; [resend] asks for another mail.
type Verify struct {
	web.Frame
	Pending    string // handle of the pending registration
	Address    string // masked
	Phone      bool   // it is a number: the code is a text, without a link
	Hours      int    // how long the code works
	Resent     bool
	StartURL   string // back to sign-up: the address was wrong
	DevMailURL string // only in development
}

// Link is "link" [token, password]: the page behind the mailed link. Its GET consumes nothing.
type Link struct {
	web.Frame
	Token       string
	Address     string // in full: a password manager keeps it beside the password
	SameBrowser bool   // false: the link began elsewhere, so a new password is asked for
	MinPassword int
}

// DeviceCode is "device" [user_code].
type DeviceCode struct {
	web.Frame
	UserCode string // as typed, or of the link
}

// DeviceConfirm is "device-confirm" [user_code, found=1, decision=allow|deny]: whether that device is the person's.
type DeviceConfirm struct {
	web.Frame
	UserCode string
}

// DeviceDone is "device-done".
type DeviceDone struct {
	web.Frame
	Refused bool
}

// Consent is "consent" [decision=allow|deny].
type Consent struct {
	web.Frame
	Name, Identifier string // who is about to allow it; no identifier where the name is it
	SwitchURL        string // not you?
	RedirectHost     string // where the browser goes afterwards
	Device           bool   // the answer goes to a device that waits elsewhere
	Unverified       bool   // nobody vetted it: warn
	Unregistered     bool   // and it isn't even registered: Client.Host describes it
	Groups           []ConsentGroup
}

// ConsentGroup is a heading and what is below it. Name is identity (openid, profile), contact (email, phone, address),
// offline (offline_access) or other.
type ConsentGroup struct {
	Name  string
	Items []ConsentItem
}

// ConsentItem is one scope, or one claim. What has no words of its own is shown by its id.
type ConsentItem struct {
	Scope   string
	Claim   bool
	Values  []string // what would be sent now, as the person will read it
	Missing bool     // the account has nothing of what is asked
}

// SelectAccount is "select-account" [session=id]; [remove=id] signs one out.
type SelectAccount struct {
	web.Frame
	Choices    []Choice
	AnotherURL string // sign in with another account
}

// Choice is one account of this browser.
type Choice struct {
	SessionID  string
	Name       string
	Initial    string
	Identifier string // masked; "" where the name is it
	Current    bool
}

// SignedOut is "signed-out".
type SignedOut struct {
	web.Frame
	SignInURL    string
	Applications []Heard
	Waiting      string   // where to look again while one hasn't answered; "" when all have
	Frames       []string // loaded unseen: applications that sign out so
	Continue     string   // where the way leads on; "" for nowhere
	Left         bool     // another account is still signed in here
}

// Heard is an application that somebody was signed in to. State is a logout.State.
type Heard struct{ Name, State string }

// Account is "account": the way to everything else.
type Account struct {
	Portal
	Name, Initial string
	Contacts      []Contact
	CreatedAt     time.Time
	AdminURL      string // "" unless an administrator
}

// Contact is an address or number of the account.
type Contact struct {
	Kind      string // email or phone
	Value     string
	Verified  bool
	Preferred bool
}

// Session is a browser that is signed in.
type Session struct {
	ID      string
	Browser string // "Firefox", "" when unknown
	System  string // "Android"
	IP      string
	Methods []string // amr values
	Since   time.Time
	Seen    time.Time
	This    bool
}

// Setup is "setup" [email, password], or [session] for the account that is signed in: the first administrator. Its forms
// post to the page's own address.
type Setup struct {
	web.Frame
	Action           string
	Email            string
	MinPassword      int
	Session          string // of who is signed in; "" for nobody
	Name, Identifier string // who that is; no identifier where the name is it
	SignInURL        string // while nobody is
}

// LoginLink is "login-link": one button. The form posts to the page's own address.
type LoginLink struct {
	web.Frame
	Action string
	Name   string // masked contact of who will be signed in, or ""
}

// DevMails is "dev-mails", only in development.
type DevMails struct {
	web.Frame
	Mails []DevMail
}

// DevMail is "dev-mail" and a row of "dev-mails".
type DevMail struct {
	web.Frame
	URL     string
	To      string
	Subject string
	At      time.Time
	Text    string
	Links   []string
}
