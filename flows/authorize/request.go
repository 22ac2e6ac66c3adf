// Package authorize owns what happens between an authorization request and its answer: the pure decision login →
// account → consent → issue, the requests that wait for a person (interactions) and what people consented to. It knows
// no protocol engine, no HTML and no tokens; flows/oidc describes requests to it and issues what it decides.
package authorize

import (
	"net/url"
	"slices"
	"time"

	"pratu/flows/clients"
)

// Prompts of OpenID Connect Core section 3.1.2.1.
const (
	PromptNone          = "none"
	PromptLogin         = "login"
	PromptConsent       = "consent"
	PromptSelectAccount = "select_account"
)

// Modes of answers (OAuth 2.0 Multiple Response Types section 2.1, OAuth 2.0 Form Post Response Mode).
const (
	ModeQuery    = "query"
	ModeFragment = "fragment"
	ModeFormPost = "form_post"
)

// Request is an authorization request whose syntax, client and redirect URI were found right.
type Request struct {
	Client      *clients.Client
	Params      url.Values // as they came, without credentials
	PushedID    string     // of the pushed request it came by, or ""
	DeviceID    string     // of the device authorization it answers, or ""
	RequestedAt time.Time

	RedirectURI string
	State       string
	HasState    bool
	// ResponseMode is how the answer gets to the redirect URI: a Mode.
	ResponseMode string

	Scopes    []string
	Resources []string
	Prompt    []string
	// MaxAge is how long ago the sign-in may have been, in seconds; nil for no wish.
	MaxAge *int64
	// EssentialACR lists the classes of which one must be reached; empty for no wish.
	EssentialACR []string
	// ACR lists the classes that are wished for, the best first (acr_values, or acr in claims).
	ACR []string
	// ClaimNames are the claims asked for one by one.
	ClaimNames []string
	// Subject is who it must be, by id_token_hint or the claims parameter; "" for anybody.
	Subject string
}

// Prompts tells whether the request holds a prompt.
func (r *Request) Prompts(prompt string) bool { return slices.Contains(r.Prompt, prompt) }

// assured tells whether the client's identity stands behind the redirect URI. Any app may claim a custom scheme or
// listen on a loopback port, so a public client there is asked for each time (RFC 8252 section 8.6).
func (r *Request) assured() bool {
	if !r.Client.Public() {
		return true
	}
	if r.DeviceID != "" { // any device can say that it is this client's
		return false
	}
	u, err := url.Parse(r.RedirectURI)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http" && u.Hostname() == "localhost" && !r.Client.Unverified())
}

// State is what is known of the browser and of the interaction, if there is one already.
type State struct {
	Sessions []Session // of the browser, the one in use first

	SessionID   string // chosen or begun in this interaction
	SignedInAt  time.Time
	SelectedAt  time.Time
	ConsentedAt time.Time
	Consented   []string // scopes
	Denied      bool

	// Hinted is true when login_hint names somebody, HintAccount whom; "" for nobody we know.
	Hinted      bool
	HintAccount string
}

// Session is a sign-in of the browser.
type Session struct {
	ID, AccountID, Subject string
	Active                 bool // the account may sign in
	AuthTime               time.Time
	ACR                    string
	SecondFactor           bool // the account has one, and could be asked for it
	AMR                    []string
	ExpiresAt              time.Time
	ConsentScopes          []string // remembered for this client
	ConsentClaims          []string
}
