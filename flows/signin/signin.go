// Package signin owns how a person proves to be an account's owner and the browser sessions that follow: passwords,
// budgets of failures, cookies. It makes no accounts and decides nothing about authorization requests.
package signin

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"time"

	"pratu/flows/audit"
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
)

// Service signs people in.
type Service struct {
	Store   *storage.Store
	Keyring *secret.Keyring
	Hasher  *passwords.Hasher
	Limiter *limits.Limiter
	Audit   *audit.Log
	Now     func() time.Time
}

// Attempt is what a sign-in form holds. Browser is the value of the long-lived browser cookie.
type Attempt struct {
	Identifier, Password string
	Browser              string
	IP, UserAgent        string
	ClientID             string
}

// Proof says who proved to be whom, how and when.
type Proof struct {
	AccountID string
	AMR       []string
	ACR       string
	At        time.Time
}

// PasswordProof is the proof of somebody who just set or typed the account's password.
func PasswordProof(accountID string, at time.Time) Proof {
	return Proof{AccountID: accountID, AMR: []string{AMRPassword}, ACR: ACRSingle, At: at}
}

// errFailed is the one answer to everything that isn't right: which half was wrong stays here.
func errFailed() *kind.Error { return kind.New(kind.Unauthorized, "signin.failed") }

// Password verifies an identifier and a password. An unknown identifier, an account without a password and a wrong
// password take the same statements and the same hash. Whether an account is disabled is told only to who knows its
// password.
func (s *Service) Password(ctx context.Context, a Attempt) (Proof, error) {
	c := identifier(a.Identifier)
	account, credential, err := s.Store.AccountByContact(ctx, c.Kind, s.Keyring.Digests(c.Kind, c.Canonical))
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return Proof{}, err
	}
	t := try{Attempt: a, contact: c, account: account}
	if t.known, err = s.Store.BrowserKnown(ctx, account.ID, s.browserHash(a.Browser), storage.At(s.Now())); err != nil {
		return Proof{}, err
	}
	if err := s.take(ctx, &t); err != nil {
		return Proof{}, s.refuse(ctx, t, err)
	}
	ok, rehash, err := s.verify(ctx, credential, a.Password)
	if err != nil {
		return Proof{}, err
	}
	if !ok {
		return Proof{}, s.refuse(ctx, t, errFailed())
	}
	if err := s.settle(ctx, t, credential, rehash); err != nil {
		return Proof{}, err
	}
	if account.Status != storage.StatusActive {
		return Proof{}, s.refuse(ctx, t, kind.New(kind.Forbidden, "account.disabled"))
	}
	return PasswordProof(account.ID, s.Now()), nil
}

// try is one attempt on its way.
type try struct {
	Attempt
	contact contact.Contact
	account storage.Account // zero: nobody has this identifier
	known   bool            // the account signed in with this browser before
	taken   []taken         // what was counted beforehand
}

type taken struct {
	policy  limits.Policy
	subject string
}

// identifier is what was typed as a contact. What can't be one is looked up all the same, and not found.
func identifier(text string) contact.Contact {
	c, err := contact.Parse(text)
	if err != nil {
		return contact.Contact{Kind: contact.Email, Canonical: "?" + text[:min(len(text), 256)]}
	}
	return c
}

// take counts the attempt before the password is looked at: attempts at the same moment would otherwise all see the
// budget that each of them is about to use up. All identifiers of an account share its budget; a browser that knows the
// account has one of its own, so that strangers can't lock its owner out.
func (s *Service) take(ctx context.Context, t *try) error {
	subject := t.account.ID
	if subject == "" {
		subject = t.contact.Kind + ":" + t.contact.Canonical
	}
	if t.known {
		t.taken = []taken{{limits.SigninBrowser, subject + ":" + s.browserHash(t.Browser)}}
	} else {
		if err := s.Limiter.Check(ctx, limits.SigninAddress, Network(t.IP)); err != nil {
			return err
		}
		t.taken = []taken{{limits.SigninAccount, subject}, {limits.SigninAccountDay, subject}}
	}
	for _, x := range t.taken {
		if err := s.Limiter.Take(ctx, x.policy, x.subject); err != nil {
			return err
		}
	}
	return nil
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

// settle follows a right password: the failures before it are forgotten, an old hash is replaced.
func (s *Service) settle(ctx context.Context, t try, c storage.Credential, rehash bool) error {
	fresh := ""
	if rehash {
		var err error
		if fresh, err = s.Hasher.Hash(ctx, t.Password); err != nil {
			return err
		}
	}
	return s.Store.InTx(ctx, func(ctx context.Context) error {
		for _, x := range t.taken {
			if err := s.Limiter.Reset(ctx, x.policy, x.subject); err != nil {
				return err
			}
		}
		if rehash {
			// Guarded by the old hash: a password that was changed meanwhile stays changed.
			if err := s.Store.UpdatePasswordHash(ctx, c.ID, c.Secret, fresh); err != nil && !errors.Is(err, storage.ErrConflict) && !errors.Is(err, storage.ErrNotFound) {
				return err
			}
		}
		return s.Store.TouchCredential(ctx, c.ID, storage.At(s.Now()))
	})
}

// refuse writes a failure down and returns it. A refused sign-in that can't be recorded is still refused.
func (s *Service) refuse(ctx context.Context, t try, failure error) error {
	event := audit.Event{
		Name: "signin.failed", Outcome: audit.Failure, ActorKind: audit.Account, AccountID: t.account.ID,
		ClientID: t.ClientID, Reason: kind.Code(failure), Details: map[string]any{"method": AMRPassword},
	}
	if t.contact.Value != "" { // else it may be a password in the wrong field
		event.Details["identifier"] = contact.Mask(t.contact)
	}
	err := s.Store.InTx(ctx, func(ctx context.Context) error {
		if !t.known && kind.Of(failure) == kind.Unauthorized {
			if err := s.Limiter.Count(ctx, limits.SigninAddress, Network(t.IP)); err != nil {
				return err
			}
		}
		return s.Audit.Append(ctx, event)
	})
	if err != nil {
		return err
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

// Network is the part of an address that one subscriber has: all of IPv4, the /64 of IPv6.
func Network(ip string) string {
	addr, err := netip.ParseAddr(strings.TrimSpace(ip))
	if err != nil {
		return "unknown"
	}
	addr = addr.Unmap().WithZone("")
	if addr.Is6() {
		if p, err := addr.Prefix(64); err == nil {
			return p.String()
		}
	}
	return addr.String()
}
