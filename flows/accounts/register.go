package accounts

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"pratu/flows/audit"
	"pratu/flows/codes"
	"pratu/flows/contact"
	"pratu/flows/issuer"
	"pratu/flows/kind"
	"pratu/flows/limits"
	"pratu/flows/mail"
	"pratu/flows/passwords"
	"pratu/flows/secret"
	"pratu/flows/signin"
	"pratu/flows/sms"
	"pratu/storage"
)

// PendingLife is how long a registration waits for its proof.
const PendingLife = 24 * time.Hour

// Registration is what a sign-up form holds. Email may be a phone number where texts can be sent.
type Registration struct {
	Email, Name, Password string
	Browser               string // cookie
	Interaction           string // handle to go on with, or ""
	ClientID, ClientName  string
	Locale, IP            string

	title string // of the game API: a short password opens this game, and nothing else
	guest string // account that gets the address instead of a new one
}

// Pending is a registration that waits, as its page shows it.
type Pending struct {
	Handle      string
	Address     string // masked
	Phone       bool   // it is a number: the code came by text, and there is no link
	Interaction string
	ClientID    string
	ExpiresAt   time.Time
}

// Register begins a registration and mails its code and link. Whether the address has an account already changes
// nothing that the page could tell: its owner gets another mail, and no code there is works.
func (s *Service) Register(ctx context.Context, r Registration) (handle string, err error) {
	handle, _, err = s.register(ctx, r)
	return handle, err
}

func (s *Service) register(ctx context.Context, r Registration) (handle, token string, err error) {
	name, least := strings.TrimSpace(r.Name), passwords.MinAlone
	if r.title != "" {
		least = passwords.MinWithFactor
	}
	c, err := s.registrable(r.Email)
	if err := errors.Join(err, passwords.Check(r.Password, least, c.Value, name)); err != nil { // all that is wrong at once
		return "", "", err
	}
	charges := []limits.Charge{limits.SignupAddress.Of(signin.Network(r.IP))}
	if c.Kind == contact.Phone { // texts cost money, and some numbers earn it
		charges = append(charges, limits.CodeAddress.Of(signin.Network(r.IP)))
	}
	if err := s.Limiter.Take(ctx, charges...); err != nil {
		return "", "", err
	}
	hash, err := s.Hasher.Hash(ctx, r.Password)
	if err != nil {
		return "", "", err
	}
	profile := []byte("{}")
	if name != "" {
		if profile, err = json.Marshal(map[string]any{"name": audit.Printable(name, 200)}); err != nil {
			return "", "", err
		}
	}
	now := s.Now()
	handle = secret.Token()
	digest := s.Keyring.Digests(c.Kind, c.Canonical)[0]
	row := storage.PendingRegistration{
		ID: secret.Hash(handle), Kind: c.Kind, KeyID: digest.KeyID, Digest: digest.Digest, Password: hash, Profile: string(profile),
		BrowserHash: secret.Hash(r.Browser), Interaction: r.Interaction, ClientID: r.ClientID, Locale: r.Locale,
		CreatedAt: storage.At(now), ExpiresAt: storage.At(now.Add(PendingLife)), AccountID: r.guest,
	}
	if passwords.Short(r.Password) {
		row.Title = r.title
	}
	row.Value = s.Keyring.Seal(sealLabel, []byte(c.Value), row.ID)
	token, code := s.secrets(&row)
	err = s.Store.InTx(ctx, func(ctx context.Context) error {
		allowed, err := s.mayWrite(ctx, c)
		if err != nil {
			return err
		}
		if !allowed { // what isn't sent can't be guessed
			row.TokenHash, row.CodeHash = secret.Hash(secret.Token()), ""
		}
		if err := s.Store.CreatePending(ctx, row); err != nil || !allowed {
			return err
		}
		return s.prove(ctx, c, row, token, code, r.ClientName)
	})
	if err != nil {
		return "", "", err
	}
	s.Mail.Wake()
	return handle, token, nil
}

// registrable reads an address, or a number where texts can be sent.
func (s *Service) registrable(text string) (contact.Contact, error) {
	if strings.Contains(text, "@") || !s.Phones() {
		return contact.ParseEmail(text)
	}
	return s.reachable(text, "email")
}

// Phones tells whether people can register and recover with a phone number.
func (s *Service) Phones() bool { return s.Codes != nil && s.Codes.Reachable(contact.Phone) }

// secrets gives a pending registration a new token and code.
func (s *Service) secrets(row *storage.PendingRegistration) (token, code string) {
	token, code = secret.Token(), secret.Code()
	row.TokenHash = secret.Hash(token)
	row.CodeHash = s.Keyring.MAC("registration-code", row.ID, code)
	return token, code
}

// prove mails the code, or to the owner of the address the news that somebody tried.
func (s *Service) prove(ctx context.Context, c contact.Contact, row storage.PendingRegistration, token, code, client string) error {
	host := s.Issuer.Host()
	if c.Kind == contact.Phone { // whoever reads it may have the number since yesterday: they are asked (vacate)
		return s.Codes.SMS.Queue(ctx, sms.Message{To: c.Value, Locale: row.Locale, Purpose: "sign-up", Product: s.Product, Host: host, Code: code})
	}
	held, err := s.Store.ContactHeld(ctx, c.Kind, s.Keyring.Digests(c.Kind, c.Canonical))
	if err != nil {
		return err
	}
	if held {
		return s.Mail.Queue(ctx, mail.Message{To: c.Value, Template: mail.TemplateAccountExists, Locale: row.Locale, Data: mail.AccountExists{
			Product: s.Product, Host: host, Link: s.Issuer.URL(issuer.PathLogin), Client: client,
		}})
	}
	return s.Mail.Queue(ctx, mail.Message{To: c.Value, Template: mail.TemplateVerify, Locale: row.Locale, Data: mail.Verify{
		Product: s.Product, Host: host, Code: code, Token: token, Hours: int(PendingLife / time.Hour), Client: client,
		Link: s.Issuer.URL(issuer.PathSignUpLink) + "?token=" + token,
	}})
}

// mayWrite counts a message and tells whether it is within the budgets. Beyond them nothing is sent and nothing is said.
func (s *Service) mayWrite(ctx context.Context, c contact.Contact) (bool, error) {
	err := s.Limiter.Take(ctx, codes.Budgets(c.Kind, c.Canonical)...)
	if kind.Of(err) == kind.RateLimited {
		return false, nil
	}
	return err == nil, err
}

// load reads a pending registration for the browser that began it.
func (s *Service) load(ctx context.Context, handle, browser string) (storage.PendingRegistration, error) {
	if handle == "" || len(handle) > 128 {
		return storage.PendingRegistration{}, expired(nil)
	}
	row, err := s.Store.Pending(ctx, secret.Hash(handle), storage.At(s.Now()))
	if errors.Is(err, storage.ErrNotFound) {
		return row, expired(err)
	}
	if err != nil {
		return row, err
	}
	if browser == "" || !secret.Equal(row.BrowserHash, secret.Hash(browser)) {
		return row, kind.New(kind.Forbidden, "registration.other_browser")
	}
	return row, nil
}

func expired(err error) error { return kind.New(kind.NotFound, "registration.expired").WithErr(err) }

func (s *Service) address(row storage.PendingRegistration) (contact.Contact, error) {
	value, err := s.Keyring.Open(sealLabel, row.Value, row.ID)
	if err != nil {
		return contact.Contact{}, err
	}
	return contact.Stored(row.Kind, string(value)), nil
}

// Pending shows a waiting registration to the browser that began it.
func (s *Service) Pending(ctx context.Context, handle, browser string) (*Pending, error) {
	row, err := s.load(ctx, handle, browser)
	if err != nil {
		return nil, err
	}
	c, err := s.address(row)
	if err != nil {
		return nil, err
	}
	return &Pending{
		Handle: handle, Address: contact.Mask(c), Phone: c.Kind == contact.Phone, Interaction: row.Interaction, ClientID: row.ClientID, ExpiresAt: row.ExpiresAt.Time(),
	}, nil
}

// Resend mails a new code; the one before it stops working. Beyond the limits nothing happens, and the page looks the same.
func (s *Service) Resend(ctx context.Context, handle, browser, clientName string) error {
	row, err := s.load(ctx, handle, browser)
	if err != nil {
		return err
	}
	c, err := s.address(row)
	if err != nil {
		return err
	}
	fresh := row
	token, code := s.secrets(&fresh)
	err = s.Store.InTx(ctx, func(ctx context.Context) error {
		allowed, err := s.mayWrite(ctx, c)
		if err != nil || !allowed { // the code that was sent goes on working
			return err
		}
		if err := s.Store.RenewPending(ctx, row.ID, fresh.TokenHash, fresh.CodeHash, storage.At(s.Now())); err != nil {
			return expiredIfGone(err)
		}
		return s.prove(ctx, c, fresh, token, code, clientName)
	})
	if err == nil {
		s.Mail.Wake()
	}
	return err
}

func expiredIfGone(err error) error {
	if errors.Is(err, storage.ErrNotFound) {
		return expired(err)
	}
	return err
}

// Proven is a registration that became an account.
type Proven struct {
	Proof       signin.Proof
	Interaction string // handle to go on with, or ""
}

// VerifyCode proves an address or number by its code, typed in the browser that began. Failures are bounded for the
// registration, and those by the messages that the address gets. A number that an account has is "contact.number_taken".
func (s *Service) VerifyCode(ctx context.Context, handle, browser, code string) (*Proven, error) {
	return s.verifyCode(ctx, handle, browser, code, false)
}

// TakeNumber is VerifyCode for who says that the number is theirs now: it leaves the account that has it.
func (s *Service) TakeNumber(ctx context.Context, handle, browser, code string) (*Proven, error) {
	return s.verifyCode(ctx, handle, browser, code, true)
}

func (s *Service) verifyCode(ctx context.Context, handle, browser, code string, take bool) (*Proven, error) {
	row, err := s.load(ctx, handle, browser)
	if err != nil {
		return nil, err
	}
	if err := s.Limiter.Take(ctx, limits.CodeRegistration.Of(row.ID)); err != nil {
		return nil, err
	}
	typed := strings.Join(strings.Fields(contact.FoldDigits(code)), "")
	if !s.Keyring.CheckMAC("registration-code", row.CodeHash, row.ID, typed) {
		return nil, kind.New(kind.Invalid, "registration.wrong_code").WithField("code")
	}
	return s.activate(ctx, row, activation{password: row.Password, take: take, mine: true})
}

// LinkView is what the page behind a mailed link shows. Looking consumes nothing: mail scanners look too. Whoever has the
// link has read the mail, so its address is no secret to them.
type LinkView struct {
	Address     string
	SameBrowser bool
	Interaction string // only for the same browser
	ClientID    string
}

func (s *Service) byToken(ctx context.Context, token, browser string) (row storage.PendingRegistration, same bool, err error) {
	if token == "" || len(token) > 128 {
		return row, false, expired(nil)
	}
	row, err = s.Store.PendingByToken(ctx, secret.Hash(token), storage.At(s.Now()))
	if err != nil {
		return row, false, expiredIfGone(err)
	}
	return row, browser != "" && secret.Equal(row.BrowserHash, secret.Hash(browser)), nil
}

// Link shows what a mailed link is for.
func (s *Service) Link(ctx context.Context, token, browser string) (*LinkView, error) {
	row, same, err := s.byToken(ctx, token, browser)
	if err != nil {
		return nil, err
	}
	c, err := s.address(row)
	if err != nil {
		return nil, err
	}
	v := &LinkView{Address: c.Value, SameBrowser: same, ClientID: row.ClientID}
	if same {
		v.Interaction = row.Interaction
	}
	return v, nil
}

// ActivateLink proves an address by its link. In another browser than the one that began, whoever began may be a
// stranger who knows the password: a new one is asked for, and theirs is never used.
func (s *Service) ActivateLink(ctx context.Context, token, browser, newPassword string) (*Proven, error) {
	row, same, err := s.byToken(ctx, token, browser)
	if err != nil {
		return nil, err
	}
	hash := row.Password
	if !same {
		c, err := s.address(row)
		if err != nil {
			return nil, err
		}
		if err := passwords.Check(newPassword, passwords.MinAlone, c.Value); err != nil {
			return nil, err
		}
		if hash, err = s.Hasher.Hash(ctx, newPassword); err != nil {
			return nil, err
		}
		row.Interaction, row.Title = "", "" // the new password is a long one
	}
	return s.activate(ctx, row, activation{password: hash, mine: same})
}

// activation is what becomes of a registration that was proven.
type activation struct {
	password string                                            // hash, "" for none
	take     bool                                              // a number leaves the account that has it
	mine     bool                                              // whoever proves it also began it
	join     func(ctx context.Context, accountID string) error // in the same transaction, or nil
}

// activate turns a registration into an account, once. Of several registrations of one address the first to be proven
// becomes the account; the others are void.
func (s *Service) activate(ctx context.Context, row storage.PendingRegistration, how activation) (*Proven, error) {
	c, err := s.address(row)
	if err != nil {
		return nil, err
	}
	profile := map[string]any{}
	if err := json.Unmarshal([]byte(row.Profile), &profile); err != nil {
		return nil, err
	}
	var id string
	spend := func(ctx context.Context) error {
		return expiredIfGone(s.Store.UsePending(ctx, row.ID, row.TokenHash, storage.At(s.Now())))
	}
	err = s.Store.InTx(ctx, func(ctx context.Context) error {
		_, took, err := s.vacate(ctx, c, "", how.take)
		if err != nil {
			return err
		}
		if row.AccountID != "" {
			id, err = row.AccountID, s.promote(ctx, row, c, how, spend)
		} else {
			id, err = s.insert(ctx, person{
				contacts: []draft{{c, true}}, password: how.password, title: row.Title, locale: row.Locale, profile: profile,
				registerBy: row.ClientID, createdAt: row.CreatedAt.Time(), spend: spend,
				event: audit.Event{Name: "account.created", ActorKind: audit.Account, ClientID: row.ClientID},
			})
		}
		if err == nil && how.join != nil {
			err = how.join(ctx, id)
		}
		if err != nil || !took {
			return err
		}
		return s.Audit.Append(ctx, audit.Event{
			Name: "contact.added", ActorKind: audit.Account, ActorID: id, AccountID: id,
			Details: map[string]any{"contact": contact.Mask(c), "taken": true},
		})
	})
	if kind.Of(err) == kind.Exists { // by a second click, or by another registration that voided this one
		if _, gone := s.Store.Pending(ctx, row.ID, storage.At(s.Now())); errors.Is(gone, storage.ErrNotFound) {
			return nil, expired(err)
		}
	}
	if err != nil {
		return nil, err
	}
	s.Mail.Wake()
	return &Proven{Proof: signin.PasswordProof(id, s.Now()), Interaction: row.Interaction}, nil
}
