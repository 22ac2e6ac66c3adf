package accounts

import (
	"context"
	"errors"
	"strings"

	"pratu/flows/audit"
	"pratu/flows/contact"
	"pratu/flows/kind"
	"pratu/flows/limits"
	"pratu/flows/mail"
	"pratu/flows/secret"
	"pratu/flows/signin"
	"pratu/storage"
)

// TitleRegistration is what a game posts. There is no browser and no page: who began is known by the handle that it was
// answered, and otherwise by where it came from.
type TitleRegistration struct {
	Email, Password  string
	Title, TitleName string // client of kind game
	Locale, IP       string
	UserAgent        string
	Guest            string // account that gets the address instead of a new one, or ""
}

// RegisterPlayer is Register for games. token is what the mail holds: only development shows it.
func (s *Service) RegisterPlayer(ctx context.Context, r TitleRegistration) (handle, token string, err error) {
	if _, err := contact.ParseEmail(r.Email); err != nil { // a number would cost texts
		return "", "", err
	}
	return s.register(ctx, Registration{
		Email: r.Email, Password: r.Password, Browser: installation(r.IP, r.UserAgent), ClientID: r.Title, ClientName: r.TitleName,
		Locale: r.Locale, IP: r.IP, title: r.Title, guest: r.Guest,
	})
}

// installation stands for a browser's cookie where there is none.
func installation(ip, userAgent string) string {
	return "title " + signin.Network(ip) + " " + userAgent
}

// TitleResend asks for another mail: by the handle of a registration, or by an address.
type TitleResend struct {
	Handle, Email    string
	Title, TitleName string
	Locale           string
}

// ResendPlayer mails a new token and code to a registration that waits; those before it stop working. Where none waits, and
// beyond the limits, nothing happens and nothing is told.
func (s *Service) ResendPlayer(ctx context.Context, r TitleResend) (token string, err error) {
	c, err := contact.ParseEmail(r.Email)
	if err != nil {
		return "", err
	}
	waiting, err := s.waiting(ctx, c, r.Title)
	if err != nil {
		return "", err
	}
	at := 0 // the newest, or the one that is named
	for i, row := range waiting {
		if r.Handle != "" && row.ID == secret.Hash(r.Handle) {
			at = i
		}
	}
	token = secret.Token()
	err = s.Store.InTx(ctx, func(ctx context.Context) error {
		allowed, err := s.mayWrite(ctx, c)
		if err != nil || !allowed {
			return err
		}
		if len(waiting) == 0 { // as much is written as for somebody who is known
			return s.Mail.Queue(ctx, mail.Message{To: c.Value, Nobody: true, Template: mail.TemplateVerify, Locale: r.Locale, Data: mail.Verify{}})
		}
		fresh := waiting[at]
		var code string
		token, code = s.secrets(&fresh)
		if err := s.Store.RenewPending(ctx, fresh.ID, fresh.TokenHash, fresh.CodeHash, storage.At(s.Now())); err != nil {
			return err
		}
		return s.prove(ctx, c, fresh, token, code, r.TitleName)
	})
	if errors.Is(err, storage.ErrNotFound) { // proven at this moment
		err = nil
	}
	s.Mail.Wake()
	return token, err
}

// waiting are the registrations of an address in a title, the newest first.
func (s *Service) waiting(ctx context.Context, c contact.Contact, title string) ([]storage.PendingRegistration, error) {
	list, err := s.Store.PendingsOf(ctx, c.Kind, s.Keyring.Digests(c.Kind, c.Canonical), storage.At(s.Now()))
	var own []storage.PendingRegistration
	for _, row := range list {
		if row.ClientID == title {
			own = append(own, row)
		}
	}
	return own, err
}

// TitleProof proves an address to a game: by the mailed token alone, or by the mailed code with the handle of the
// registration or with its address.
type TitleProof struct {
	Secret, Email, Code string
	Title               string
	IP, UserAgent       string
	Join                func(ctx context.Context, accountID string) error // in the transaction that makes the account
}

// errSecret is the one answer to every token and code that opens nothing here.
func errSecret(err error) error { return kind.New(kind.Invalid, "registration.secret").WithErr(err) }

// ProvePlayer makes an account of a registration in a title, once. Guesses are bounded for each network; those of a code
// for its registration as well.
func (s *Service) ProvePlayer(ctx context.Context, p TitleProof) (accountID string, err error) {
	network := limits.TitleVerify.Of(signin.Network(p.IP))
	if err := s.Limiter.Check(ctx, network); err != nil {
		return "", err
	}
	row, mine, err := s.proven(ctx, p)
	if err == nil {
		// The mailed token is posted by the game that asked for it, most of the time.
		here := secret.Equal(row.BrowserHash, secret.Hash(installation(p.IP, p.UserAgent)))
		how := activation{password: row.Password, mine: mine || here, join: p.Join}
		if !mine {
			how.password, err = s.theirPassword(ctx, row)
		}
		if err == nil {
			var made *Proven
			if made, err = s.activate(ctx, row, how); err == nil {
				return made.Proof.AccountID, nil
			}
		}
	}
	if k := kind.Of(err); k == kind.NotFound || k == kind.Invalid || k == kind.Exists {
		if err := s.Limiter.Count(ctx, network); err != nil {
			return "", err
		}
		return "", errSecret(err)
	}
	return "", err
}

// proven finds the registration that a proof is of. mine: whoever proves it also began it.
func (s *Service) proven(ctx context.Context, p TitleProof) (row storage.PendingRegistration, mine bool, err error) {
	now := storage.At(s.Now())
	if p.Code == "" { // the token in the mail
		if p.Secret == "" || len(p.Secret) > 128 {
			return row, false, expired(nil)
		}
		if row, err = s.Store.PendingByToken(ctx, secret.Hash(p.Secret), now); err == nil && row.ClientID != p.Title {
			err = storage.ErrNotFound
		}
		return row, false, expiredIfGone(err)
	}
	var candidates []storage.PendingRegistration
	if p.Secret != "" {
		row, err = s.Store.Pending(ctx, secret.Hash(p.Secret[:min(len(p.Secret), 128)]), now)
		if err != nil || row.ClientID != p.Title {
			return row, false, expired(err)
		}
		candidates, mine = append(candidates, row), true
	} else {
		c, err := contact.ParseEmail(p.Email)
		if err != nil {
			return row, false, err
		}
		if candidates, err = s.waiting(ctx, c, p.Title); err != nil {
			return row, false, err
		}
	}
	typed := strings.Join(strings.Fields(contact.FoldDigits(p.Code)), "")
	failure := expired(nil)
	for _, row := range candidates {
		if row.CodeHash == "" { // it wasn't sent, so it can't be guessed
			continue
		}
		subject := row.ID
		if !mine { // who knows the address uses up no budget of who has the handle
			subject += " by address"
		}
		if err := s.Limiter.Take(ctx, limits.CodeRegistration.Of(subject)); err != nil {
			failure = err // a stranger's registration of the address stands in no other's way
			continue
		}
		if s.Keyring.CheckMAC("registration-code", row.CodeHash, row.ID, typed) {
			return row, mine, nil
		}
	}
	return row, false, failure
}

// theirPassword is the hash that a registration brings along when its token or code came from somewhere else than where it
// began: none where several have registered the address from different places. Whoever reads the mail can't tell whose
// token it is, and would open the account to a stranger's password. A forgotten password is set anew.
func (s *Service) theirPassword(ctx context.Context, row storage.PendingRegistration) (string, error) {
	c, err := s.address(row)
	if err != nil {
		return "", err
	}
	list, err := s.Store.PendingsOf(ctx, c.Kind, s.Keyring.Digests(c.Kind, c.Canonical), storage.At(s.Now()))
	for _, other := range list {
		if other.BrowserHash != row.BrowserHash {
			return "", err
		}
	}
	return row.Password, err
}

// promote gives a guest the address and password of a registration: the account stays what it is otherwise. When somebody
// else than the guest proves the address, whoever wrote it down as theirs stays outside (GV-09).
func (s *Service) promote(ctx context.Context, row storage.PendingRegistration, c contact.Contact, how activation, spend func(context.Context) error) error {
	now := storage.At(s.Now())
	if err := s.Store.Promote(ctx, row.AccountID, now); err != nil { // nobody's guest any more
		return expiredIfGone(err)
	}
	if !how.mine {
		if err := s.Store.EndSessionsOfAccount(ctx, row.AccountID, "", now); err != nil {
			return err
		}
	}
	if err := s.addContact(ctx, row.AccountID, draft{c, true}, true, now); err != nil {
		return err
	}
	if err := spend(ctx); err != nil {
		return err
	}
	if err := s.void(ctx, draft{c, true}); err != nil {
		return err
	}
	if how.password != "" {
		err := s.Store.SetPassword(ctx, storage.Credential{
			ID: secret.UUID(), AccountID: row.AccountID, Secret: how.password, CreatedAt: now, Title: row.Title,
		})
		if err != nil {
			return err
		}
	}
	return s.Audit.Append(ctx, audit.Event{
		Name: "guest.upgraded", ActorKind: audit.Account, ActorID: row.AccountID, AccountID: row.AccountID, ClientID: row.ClientID,
		Details: map[string]any{"contact": contact.Mask(c)},
	})
}

// CreateGuest makes an account that nobody has proven anything for but the key of a device, in the caller's transaction.
func (s *Service) CreateGuest(ctx context.Context, title, deviceHash, locale string) (id string, err error) {
	id, err = s.insert(ctx, person{
		status: storage.StatusGuest, locale: locale, registerBy: title, createdAt: s.Now(),
		event: audit.Event{Name: "account.created", ActorKind: audit.Account, ClientID: title},
	})
	if err != nil {
		return "", err
	}
	return id, s.Store.CreateCredential(ctx, storage.Credential{
		ID: secret.UUID(), AccountID: id, Kind: "device", Secret: deviceHash, CreatedAt: storage.At(s.Now()), Title: title,
	})
}
