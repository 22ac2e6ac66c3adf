// Package codes owns the codes of six digits, and the links beside them, that prove who reads an address or a phone: for
// a sign-in, a recovery, a new contact. A code is bound to the browser that asked for it, works once, and takes the same
// steps whether anybody has the contact or not. What a proof is good for is the caller's business.
package codes

import (
	"context"
	"errors"
	"time"

	"pratu/flows/contact"
	"pratu/flows/issuer"
	"pratu/flows/kind"
	"pratu/flows/limits"
	"pratu/flows/mail"
	"pratu/flows/secret"
	"pratu/flows/sms"
	"pratu/storage"
)

// Purposes. A code for one is none for another: the purpose is in every query.
const (
	SignIn     = "sign-in"     // instead of a password
	Recovery   = "recovery"    // a forgotten password
	AddContact = "add-contact" // an address or number that an account gets
	Confirm    = "confirm"     // it is still you
)

// Life is how long a code works (NIST SP 800-63B-4 3.1.3.2 allows ten minutes); LinkLife is for those that come with a link.
// RecoveryLife is as long as the windows of limits.MailDay and limits.SMSDay: whoever uses those up for somebody else has
// sent them links, or a spare code, that let the owner in, in whatever browser (ASVS 6.4 allows it).
const (
	Life         = 5 * time.Minute
	LinkLife     = time.Hour
	RecoveryLife = 24 * time.Hour
)

const (
	sealLabel = "challenge"
	macLabel  = "challenge-code"
)

// Service sends codes and judges them.
type Service struct {
	Store   *storage.Store
	Keyring *secret.Keyring
	Limiter *limits.Limiter
	Mail    *mail.Service
	SMS     *sms.Service // its Sender is nil where no texts can be sent
	Issuer  issuer.Issuer
	Product string
	Now     func() time.Time
}

// Request asks for a code.
type Request struct {
	Purpose    string
	AccountID  string // "" when nobody has the contact: everything goes its way, but no code arrives
	Contact    contact.Contact
	Browser    string // cookie
	Network    string // the part of the address that one subscriber has
	Locale     string
	ClientID   string
	ClientName string
	// Interaction is the handle of what to go on with, or "".
	Interaction string
	// LinkPath is the page behind a link that does the same as the code, or "". Its query is ?token=….
	LinkPath string
	Data     string // JSON that the caller gets back, or ""
	// Instead is what is mailed in place of the code: somebody else has the contact, and is told. Nothing else differs, but
	// no code and no link of this challenge works.
	Instead *mail.Message
}

// Challenge is a code that was asked for, as its page needs it.
type Challenge struct {
	Handle      string // "" when it was found by its link
	Purpose     string
	AccountID   string
	Contact     contact.Contact
	Interaction string
	ClientID    string
	Data        string
	ExpiresAt   time.Time
	SameBrowser bool
	Instead     *mail.Message // as in the request; whoever resends says it again

	row storage.Challenge
}

// Address is the contact as a stranger may see it.
func (c *Challenge) Address() string { return contact.Mask(c.Contact) }

func expired(err error) error {
	return kind.New(kind.NotFound, "code.expired").WithErr(err)
}

// Begin sends a code and returns the handle for URLs. Beyond the limits of a contact nothing is sent and nothing is said;
// beyond those of a network it is kind.RateLimited.
func (s *Service) Begin(ctx context.Context, r Request) (handle string, err error) {
	if err := s.Limiter.Take(ctx, limits.CodeAddress.Of(r.Network)); err != nil {
		return "", err
	}
	now := s.Now()
	handle = secret.Token()
	row := storage.Challenge{
		ID: secret.Hash(handle), Purpose: r.Purpose, AccountID: r.AccountID, Kind: r.Contact.Kind, BrowserHash: secret.Hash(r.Browser),
		Interaction: r.Interaction, ClientID: r.ClientID, Locale: r.Locale, Data: or(r.Data, "{}"),
		CreatedAt: storage.At(now), ExpiresAt: storage.At(now.Add(life(r.Purpose, r.LinkPath))),
	}
	row.Value = s.Keyring.Seal(sealLabel, []byte(r.Contact.Value), row.ID)
	l := letter{linkPath: r.LinkPath, client: r.ClientName, instead: r.Instead}
	l.token, l.code = s.secrets(&row)
	err = s.Store.InTx(ctx, func(ctx context.Context) error {
		row, l := row, l
		leave, err := s.mayWrite(ctx, row, r.Contact)
		if err != nil {
			return err
		}
		if leave == lastOne {
			l.spare(&row)
		}
		if leave == none || r.Instead != nil {
			unheard(&row)
		}
		if err := s.Store.CreateChallenge(ctx, row); err != nil || leave == none {
			return err
		}
		return s.send(ctx, row, r.Contact, l)
	})
	if err != nil {
		return "", err
	}
	s.Mail.Wake()
	return handle, nil
}

// life is how long a code works: it doesn't grow with those that are sent after it.
func life(purpose, linkPath string) time.Duration {
	switch {
	case linkPath == "":
		return Life
	case purpose == Recovery:
		return RecoveryLife
	}
	return LinkLife
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// secrets gives a challenge a new token and code.
func (s *Service) secrets(row *storage.Challenge) (token, code string) {
	token, code = secret.Token(), secret.Code()
	row.TokenHash = secret.Hash(token)
	row.CodeHash = s.Keyring.MAC(macLabel, row.ID, code)
	return token, code
}

// unheard makes a challenge one that nothing proves: of what isn't sent, six digits could still be guessed.
func unheard(row *storage.Challenge) {
	row.TokenHash, row.CodeHash = secret.Hash(secret.Token()), "" // which is no code's
}

// Load is a challenge for the browser that asked for it: kind.NotFound "code.expired", kind.Forbidden "code.other_browser".
func (s *Service) Load(ctx context.Context, purpose, handle, browser string) (*Challenge, error) {
	if handle == "" || len(handle) > 128 {
		return nil, expired(nil)
	}
	row, err := s.Store.Challenge(ctx, secret.Hash(handle), purpose, storage.At(s.Now()))
	if err != nil {
		return nil, gone(err)
	}
	c, err := s.challenge(row, browser)
	if err != nil {
		return nil, err
	}
	if !c.SameBrowser { // a page's URL that was passed on is worth nothing
		return nil, kind.New(kind.Forbidden, "code.other_browser")
	}
	c.Handle = handle
	return c, nil
}

// Linked is a challenge by the token of its link, or by its spare code, in whatever browser. Looking consumes nothing: mail scanners look too.
func (s *Service) Linked(ctx context.Context, purpose, token, browser string) (*Challenge, error) {
	if token == "" || len(token) > 128 {
		return nil, expired(nil)
	}
	row, err := s.Store.ChallengeByToken(ctx, secret.Hash(token), purpose, storage.At(s.Now()))
	if err != nil {
		return nil, gone(err)
	}
	if row.AccountID == "" && row.Purpose != AddContact { // nothing was sent, so nobody has this token
		return nil, expired(nil)
	}
	return s.challenge(row, browser)
}

// Spare reads a spare code as it was typed, and tells whether it is one: it is what Linked takes.
func (s *Service) Spare(ctx context.Context, purpose, typed string) (token string, found bool, err error) {
	token = contact.CleanCode(typed)
	if len(token) != secret.SpareDigits {
		return "", false, nil
	}
	_, err = s.Linked(ctx, purpose, token, "")
	if err != nil && kind.Of(err) == kind.NotFound {
		return "", false, nil
	}
	return token, err == nil, err
}

func (s *Service) challenge(row storage.Challenge, browser string) (*Challenge, error) {
	value, err := s.Keyring.Open(sealLabel, row.Value, row.ID)
	if err != nil {
		return nil, err
	}
	return &Challenge{
		Purpose: row.Purpose, AccountID: row.AccountID, Contact: contact.Stored(row.Kind, string(value)), Interaction: row.Interaction,
		ClientID: row.ClientID, Data: row.Data, ExpiresAt: row.ExpiresAt.Time(), row: row,
		SameBrowser: browser != "" && secret.Equal(row.BrowserHash, secret.Hash(browser)),
	}, nil
}

func gone(err error) error {
	if errors.Is(err, storage.ErrNotFound) {
		return expired(err)
	}
	return err
}

// Resend replaces the code and sends it anew, unless the limits of the contact say that it is too early.
func (s *Service) Resend(ctx context.Context, c *Challenge, linkPath, clientName string) error {
	now := s.Now()
	row := c.row
	l := letter{linkPath: linkPath, client: clientName, instead: c.Instead}
	l.token, l.code = s.secrets(&row)
	if c.Instead != nil {
		unheard(&row)
	}
	row.CreatedAt, row.ExpiresAt = storage.At(now), storage.At(now.Add(life(c.Purpose, linkPath)))
	err := s.Store.InTx(ctx, func(ctx context.Context) error {
		row, l := row, l
		leave, err := s.mayWrite(ctx, row, c.Contact)
		if err != nil || leave == none { // the code that was sent goes on working
			return err
		}
		if leave == lastOne {
			l.spare(&row)
		}
		if err := s.Store.RenewChallenge(ctx, row.ID, row.CodeHash, row.TokenHash, row.CreatedAt, row.ExpiresAt); err != nil {
			return gone(err)
		}
		return s.send(ctx, row, c.Contact, l)
	})
	if err == nil {
		s.Mail.Wake()
	}
	return err
}

// Check judges a typed code and consumes nothing: kind.Invalid "code.wrong", kind.RateLimited. Failures are bounded for each
// code, and codes by the messages that a contact gets, since one that wasn't sent can't be guessed: a new challenge brings
// no new budget (Zitadel CVE-2024-32868), and a stranger's failures cost nobody but the stranger.
func (s *Service) Check(ctx context.Context, c *Challenge, code string) error {
	if err := s.Limiter.Take(ctx, limits.CodeChallenge.Of(c.row.ID+c.row.CodeHash)); err != nil {
		return err
	}
	if !s.Keyring.CheckMAC(macLabel, c.row.CodeHash, c.row.ID, contact.CleanCode(code)) || c.AccountID == "" && c.Purpose != AddContact {
		return kind.New(kind.Invalid, "code.wrong").WithField("code")
	}
	return nil
}

// Use consumes a challenge that was proven by Check or by its link, in the transaction of what it buys: of several at once,
// all but one get "code.expired".
func (s *Service) Use(ctx context.Context, c *Challenge) error {
	return gone(s.Store.UseChallenge(ctx, c.row.ID, c.row.CodeHash, storage.At(s.Now())))
}

// PassLife is how long a form may take that follows a proven code.
const PassLife = 15 * time.Minute

// Pass is what a page carries from a code that Check found right to the form that spends it, so that nobody types it twice.
// It is good for this challenge, with this code, in this browser.
func (s *Service) Pass(ctx context.Context, c *Challenge) (string, error) {
	now := s.Now()
	until := now.Add(PassLife)
	if c.ExpiresAt.After(until) {
		until = c.ExpiresAt
	}
	if err := s.Store.RenewChallenge(ctx, c.row.ID, c.row.CodeHash, c.row.TokenHash, storage.At(now), storage.At(until)); err != nil {
		return "", gone(err)
	}
	return s.pass(c), nil
}

func (s *Service) pass(c *Challenge) string {
	return s.Keyring.MAC("challenge-pass", c.row.ID, c.row.CodeHash)
}

// Passed judges a pass: "code.expired" when it isn't this challenge's, or a newer code was sent since.
func (s *Service) Passed(c *Challenge, pass string) error {
	if !s.Keyring.CheckMAC("challenge-pass", pass, c.row.ID, c.row.CodeHash) {
		return expired(nil)
	}
	return nil
}

// within tells a spent budget from a failure.
func within(err error) (bool, error) {
	if err != nil && kind.Of(err) == kind.RateLimited {
		return false, nil
	}
	return err == nil, err
}
