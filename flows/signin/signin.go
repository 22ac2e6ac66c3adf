// Package signin owns how a person proves to be an account's owner and the browser sessions that follow: passwords,
// budgets of failures, cookies. It makes no accounts and decides nothing about authorization requests.
package signin

import (
	"context"
	"errors"
	"slices"
	"time"

	"pratu/flows/audit"
	"pratu/flows/codes"
	"pratu/flows/contact"
	"pratu/flows/kind"
	"pratu/flows/limits"
	"pratu/flows/passwords"
	"pratu/flows/secret"
	"pratu/storage"
)

// Authentication context classes (acr) and methods (amr, RFC 8176).
const (
	ACRSingle   = "1" // one factor
	ACRMulti    = "2" // two factors
	AMRPassword = "pwd"
	AMROTP      = "otp" // a code that works once: of an app, a mail, a list
	AMRSMS      = "sms"
	AMRMulti    = "mfa" // factors of different kinds
)

// Service signs people in.
type Service struct {
	Store   *storage.Store
	Keyring *secret.Keyring
	Hasher  *passwords.Hasher
	Limiter *limits.Limiter
	Audit   *audit.Log
	Codes   *codes.Service // sends and judges codes in place of a password
	Now     func() time.Time
	News    News // nil: nobody is told
}

// News hears of sign-ins with browsers that an account never signed in with before.
type News interface {
	NewBrowser(ctx context.Context, session storage.Session) error // in the transaction that begins the session
	Wake()                                                         // after it
}

// Attempt is what a sign-in form holds. Browser is the value of the long-lived browser cookie.
type Attempt struct {
	Identifier, Password string
	Browser              string
	IP, UserAgent        string
	ClientID             string
	Title                string // the game that is signed in to, or "": short passwords open one title
}

// Proof says who proved to be whom, how and when.
type Proof struct {
	AccountID string
	AMR       []string
	ACR       string
	At        time.Time

	won   *try                          // what Begin or Hold settles, in its transaction
	spend []func(context.Context) error // what the proof was bought with, consumed in the same transaction
	event string                        // for the audit; "" is a sign-in
	trust bool                          // the browser is to stand for the second factor from now on
	until time.Time                     // zero, or when the session that this one goes on with ends
	from  string                        // that session, or ""
	// since is when the password was set that was proven. A session begins only while it is the account's: whoever replaces
	// a password ends all sessions that there are.
	since storage.Instant
	stale *kind.Error // what becomes of the proof otherwise
}

// Continuing is the proof of somebody who is signed in already: it begins a session only in place of one that lives. One
// that was ended from elsewhere doesn't come back to life.
func (p Proof) Continuing(session storage.Session) Proof {
	p.from = session.ID
	return p
}

// Spending is the proof, bought with something that works once: f consumes it in the transaction that makes use of the
// proof, and its error undoes that.
func (p Proof) Spending(f func(context.Context) error) Proof {
	p.spend = append(slices.Clone(p.spend), f)
	return p
}

// Status is the account's, where the proof was found with it; else "".
func (p Proof) Status() string {
	if p.won == nil {
		return ""
	}
	return p.won.login.Status
}

// SecondFactor tells whether the account that was found with the proof has a second factor that wasn't asked for.
func (p Proof) SecondFactor() bool { return p.won != nil && p.won.login.TOTP }

// PasswordProof is the proof of somebody who just set or typed the account's password.
func PasswordProof(accountID string, at time.Time) Proof {
	return Proof{AccountID: accountID, AMR: []string{AMRPassword}, ACR: ACRSingle, At: at, stale: errFailed()}
}

// Since is the proof of the password that was set at an instant.
func (p Proof) Since(at storage.Instant) Proof {
	p.since = at
	return p
}

// Enters tells whether an account of a status may sign in. Somebody whose account is closed may, as far as the page where
// it can be kept; who is let through here has proven to be its owner.
func Enters(status string) bool {
	return status == storage.StatusActive || status == storage.StatusDeletionPending
}

// errFailed is the one answer to everything that isn't right: which half was wrong stays here.
func errFailed() *kind.Error { return kind.New(kind.Unauthorized, "signin.failed") }

// Password verifies an identifier and a password. An unknown identifier, an account without a password and a wrong
// password take the same statements and the same hash. Whether an account is disabled is told only to who knows its
// password.
func (s *Service) Password(ctx context.Context, a Attempt) (Proof, error) {
	c := identifier(a.Identifier)
	login, err := s.Store.LoginByContact(ctx, c.Kind, s.Keyring.Digests(c.Kind, c.Canonical), s.browserHash(a.Browser), storage.At(s.Now()))
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return Proof{}, err
	}
	t := s.try(a, c, login)
	all := slices.Concat(t.strangers, t.budgets)
	if s.Limiter.Suspect(all...) {
		if err := s.Limiter.Check(ctx, all...); err != nil {
			return Proof{}, err
		}
	}
	ok, rehash, err := s.verify(ctx, login.Credential, a.Password)
	if err != nil {
		return Proof{}, err
	}
	ctx = context.WithoutCancel(ctx) // who hangs up by now has guessed all the same
	counted, err := s.Limiter.Used(ctx, all...)
	if err != nil {
		return Proof{}, err
	}
	t.failures = slices.ContainsFunc(counted, func(c limits.Charge) bool { return slices.Contains(t.budgets, c) })
	if !ok {
		return Proof{}, s.refuse(ctx, t, errFailed())
	}
	if !Enters(login.Status) {
		return Proof{}, s.refuse(ctx, t, kind.New(kind.Forbidden, "account.disabled"))
	}
	if own := login.Credential.Title; own != "" && own != a.Title && !login.TOTP { // alone it is too short for an account
		return Proof{}, s.refuse(ctx, t, kind.New(kind.Forbidden, "password.title"))
	}
	if rehash {
		if t.rehashed, err = s.Hasher.Hash(ctx, a.Password); err != nil {
			return Proof{}, err
		}
	}
	p := PasswordProof(login.Account.ID, s.Now()).Since(login.Credential.CreatedAt)
	p.won = &t
	return p, nil
}

// try is one attempt on its way.
type try struct {
	Attempt
	contact   contact.Contact
	login     storage.Login   // zero: nobody has this identifier
	budgets   []limits.Charge // that a failure is counted in, and a success resets
	strangers []limits.Charge // likewise, and a success doesn't
	failures  bool            // something was counted in budgets before
	rehashed  string          // what replaces an old hash, or ""
}

// identifier is what was typed as a contact. What can't be one is looked up all the same, and not found.
func identifier(text string) contact.Contact {
	c, err := contact.Parse(text)
	if err != nil {
		return contact.Contact{Kind: contact.Email, Canonical: "?" + text[:min(len(text), 256)]}
	}
	return c
}

// try is an attempt with its budgets. All identifiers of an account share the account's; a browser that knows the account
// has one of its own, so that strangers can't lock its owner out.
//
// Budgets are looked at after the hash and before the verdict is, so that nothing, not even time, tells it when they are used
// up. Before the hash they are asked for where they were found used up earlier, which spares us most of the work of guesses.
// Each failure is counted before it is told, and a success next to failures takes its turn among them. Of a hundred guesses at once, which all find
// a fresh budget before the hash, no more are answered than it has.
func (s *Service) try(a Attempt, c contact.Contact, login storage.Login) try {
	t := try{Attempt: a, contact: c, login: login}
	subject := login.Account.ID
	if subject == "" {
		subject = c.Kind + ":" + c.Canonical
	}
	if login.Known {
		t.budgets = []limits.Charge{limits.SigninBrowser.Of(subject + ":" + s.browserHash(a.Browser))}
	} else {
		t.budgets = []limits.Charge{limits.SigninAccount.Of(subject), limits.SigninAccountDay.Of(subject)}
		t.strangers = []limits.Charge{limits.SigninAddress.Of(Network(a.IP))}
	}
	if a.Title != "" {
		t.budgets = append(t.budgets, limits.TitleSignin.Of(subject))
	}
	return t
}

func (s *Service) verify(ctx context.Context, c storage.Credential, password string) (ok, rehash bool, err error) {
	if len(password) > 8*passwords.MaxLength { // no accepted password is; don't hash a megabyte
		password = ""
	}
	if c.Secret == "" {
		return false, false, s.Hasher.Decoy(ctx, password)
	}
	return s.Hasher.Verify(ctx, c.Secret, password)
}

// settle follows a right password: the failures before it are forgotten, an old hash is replaced, the use is noted.
func (s *Service) settle(ctx context.Context, t try) error {
	if t.failures {
		if err := s.Limiter.Take(ctx, t.budgets...); err != nil {
			return err
		}
		if err := s.Limiter.Reset(ctx, t.budgets...); err != nil {
			return err
		}
	}
	c, now := t.login.Credential, s.Now()
	if t.rehashed != "" {
		// Guarded by the old hash: a password that was changed meanwhile stays changed.
		if err := s.Store.UpdatePasswordHash(ctx, c.ID, c.Secret, t.rehashed); err != nil && !errors.Is(err, storage.ErrNotFound) {
			return err
		}
	}
	if now.Sub(c.LastUsedAt.Time()) < usedEvery {
		return nil
	}
	return s.Store.TouchCredential(ctx, c.ID, storage.At(now))
}

// Budgets are those that failed sign-ins of an account are counted in, everywhere and in one browser. A new password begins
// with new ones.
func Budgets(accountID, browserCookie string) []limits.Charge {
	return []limits.Charge{
		limits.SigninAccount.Of(accountID), limits.SigninAccountDay.Of(accountID),
		limits.SigninBrowser.Of(accountID + ":" + secret.Hash(browserCookie)),
	}
}

// refuse counts a failure, writes it down and returns it. A refused sign-in that can't be recorded is still refused. What is
// beyond a budget is told as that, whatever it was, and is in the log only: anybody could fill the record with it, which is
// kept for months.
func (s *Service) refuse(ctx context.Context, t try, failure *kind.Error) error {
	event := audit.Event{
		Name: "signin.failed", Outcome: audit.Failure, ActorKind: audit.Account, AccountID: t.login.Account.ID,
		ClientID: t.ClientID, Reason: failure.Code, Details: map[string]any{"method": AMRPassword},
	}
	if t.contact.Value != "" { // else it may be a password in the wrong field
		event.Details["identifier"] = contact.Mask(t.contact)
	}
	var beyond error
	err := s.Store.InTx(ctx, func(ctx context.Context) error {
		if beyond = s.Limiter.Take(ctx, t.budgets...); beyond != nil {
			if kind.Of(beyond) == kind.RateLimited {
				return nil
			}
			return beyond
		}
		if len(t.strangers) > 0 && failure.Kind == kind.Unauthorized {
			if err := s.Limiter.Count(ctx, t.strangers...); err != nil {
				return err
			}
		}
		return s.Audit.Append(ctx, event)
	})
	switch {
	case err != nil:
		return err
	case beyond != nil:
		return beyond
	}
	return failure
}

// browserHash is how a browser cookie is known; no cookie is nobody's.
func (s *Service) browserHash(cookie string) string {
	if cookie == "" {
		return ""
	}
	return secret.Hash(cookie)
}

// Network is limits.Network.
func Network(ip string) string { return limits.Network(ip) }
