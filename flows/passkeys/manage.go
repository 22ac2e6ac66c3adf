package passkeys

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"unicode"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"
	"github.com/go-webauthn/webauthn/webauthn"

	"pratu/flows/accounts"
	"pratu/flows/audit"
	"pratu/flows/kind"
	"pratu/flows/mail"
	"pratu/flows/secret"
	"pratu/storage"
)

// algorithms that every authenticator has one of.
var algorithms = []protocol.CredentialParameter{
	{Type: protocol.PublicKeyCredentialType, Algorithm: webauthncose.AlgES256},
	{Type: protocol.PublicKeyCredentialType, Algorithm: webauthncose.AlgEdDSA},
	{Type: protocol.PublicKeyCredentialType, Algorithm: webauthncose.AlgRS256},
}

// handleSize is what WebAuthn section 14.6.1 recommends: random, and nothing that tells who it is.
const handleSize = 64

// AskRegister is the question for a new passkey. A quiet one may be answered by a password manager without anybody being
// asked, right after it filled in the password: then neither presence nor verification is promised for the making, while
// every sign-in goes on requiring both.
func (s *Service) AskRegister(ctx context.Context, a *accounts.Account, browser string, quiet bool) (Ask, error) {
	rows, err := s.Of(ctx, a.ID)
	if err != nil {
		return Ask{}, err
	}
	p := person{handle: secret.Bytes(handleSize), name: a.Identifier(), display: a.DisplayName()}
	var exclude []protocol.CredentialDescriptor
	for _, row := range rows {
		c, err := credentialOf(row)
		if err != nil {
			return Ask{}, err
		}
		exclude = append(exclude, c.Descriptor())
		if p.handle, err = decode(row.UserHandle); err != nil {
			return Ask{}, err
		}
	}
	if p.name == "" {
		p.name = strconv.FormatInt(a.SSOID, 10)
	}
	if p.display == "" {
		p.display = p.name
	}
	options := []webauthn.RegistrationOption{webauthn.WithExclusions(exclude), webauthn.WithCredentialParameters(algorithms)}
	mediation := protocol.MediationDefault
	if quiet {
		mediation = protocol.MediationConditional
		options = append(options, func(o *protocol.PublicKeyCredentialCreationOptions) error {
			o.AuthenticatorSelection.UserVerification = protocol.VerificationPreferred
			return nil
		})
	}
	creation, session, err := s.rp.BeginMediatedRegistration(p, mediation, options...)
	if err != nil {
		return Ask{}, err
	}
	return s.ask(creation.Response, state{
		Purpose: forRegister, AccountID: a.ID, Until: storage.At(s.Now().Add(RegisterLife)), Session: *session,
	}, browser)
}

// Registration is an answer to AskRegister. Name is what the passkey is called until its owner calls it something else.
type Registration struct {
	Account           *accounts.Account
	State, Credential string
	Browser           string
	Name, Device      string
}

// Register makes a passkey and tells the owner: kind.Invalid passkey.expired or passkey.refused, kind.Conflict
// passkey.too_many.
func (s *Service) Register(ctx context.Context, r Registration) error {
	st, err := s.open(r.State, r.Browser, forRegister)
	if err != nil {
		return err
	}
	if st.AccountID != r.Account.ID { // somebody else signed in meanwhile
		return expired(nil)
	}
	if err := s.spend(ctx, st); err != nil {
		return err
	}
	c, err := s.created(st, r.Credential)
	if err != nil {
		return kind.New(kind.Invalid, "passkey.refused").WithErr(err)
	}
	c.Attestation = webauthn.CredentialAttestation{} // we asked for none
	raw, err := json.Marshal(c)
	if err != nil {
		return err
	}
	row := storage.Passkey{
		ID: encode(c.ID), AccountID: r.Account.ID, UserHandle: encode(st.Session.UserID), Name: cleanName(r.Name), Credential: string(raw),
		CreatedAt: storage.At(s.Now()),
	}
	err = s.Store.InTx(ctx, func(ctx context.Context) error {
		if err := s.Store.CreatePasskey(ctx, row, Most); err != nil {
			return err
		}
		return s.tell(ctx, "passkey.added", mail.PasskeyAdded, row, r.Account, r.Device)
	})
	switch {
	case errors.Is(err, storage.ErrConflict):
		return s.crowded(ctx, r.Account.ID, err)
	case errors.Is(err, storage.ErrExists): // an id that was known already proves nothing
		return kind.New(kind.Invalid, "passkey.refused").WithErr(err)
	case err == nil:
		s.Accounts.Mail.Wake()
	}
	return err
}

// crowded tells too many passkeys from a first one that was made in two pages at once.
func (s *Service) crowded(ctx context.Context, accountID string, conflict error) error {
	rows, err := s.Of(ctx, accountID)
	if err != nil {
		return err
	}
	if len(rows) < Most {
		return expired(conflict)
	}
	return kind.New(kind.Conflict, "passkey.too_many").WithArg("max", Most).WithErr(conflict)
}

func (s *Service) created(st state, answer string) (*webauthn.Credential, error) {
	parsed, err := parse(answer, protocol.ParseCredentialCreationResponseBytes)
	if err != nil {
		return nil, err
	}
	return s.rp.CreateCredential(person{handle: st.Session.UserID}, st.Session, parsed)
}

// tell writes the event down and mails it.
func (s *Service) tell(ctx context.Context, event, notice string, row storage.Passkey, a *accounts.Account, device string) error {
	err := s.Audit.Append(ctx, audit.Event{
		Name: event, ActorKind: audit.Account, ActorID: a.ID, AccountID: a.ID, Details: map[string]any{"passkey": row.Name},
	})
	if err != nil || notice == "" {
		return err
	}
	return s.Accounts.Notify(ctx, a, accounts.News{Event: notice, What: row.Name, Device: device})
}

// Rename gives one of an account's passkeys another name: kind.Conflict passkey.gone.
func (s *Service) Rename(ctx context.Context, a *accounts.Account, id, name string) error {
	name = cleanName(name)
	if name == "" {
		return kind.New(kind.Invalid, "passkey.name")
	}
	err := s.Store.InTx(ctx, func(ctx context.Context) error {
		if err := s.Store.RenamePasskey(ctx, a.ID, id, name); err != nil {
			return err
		}
		return s.tell(ctx, "passkey.renamed", "", storage.Passkey{ID: id, Name: name}, a, "")
	})
	return gone(err)
}

// Delete removes one and tells the owner: kind.Conflict passkey.gone, or passkey.last when nothing else is left to sign in
// with.
func (s *Service) Delete(ctx context.Context, a *accounts.Account, id, device string) error {
	err := s.Store.InTx(ctx, func(ctx context.Context) error {
		row, err := s.Store.DeletePasskey(ctx, a.ID, id)
		if err != nil {
			return err
		}
		return s.tell(ctx, "passkey.removed", mail.PasskeyRemoved, row, a, device)
	})
	if errors.Is(err, storage.ErrConflict) {
		return kind.New(kind.Conflict, "passkey.last").WithErr(err)
	}
	if err == nil {
		s.Accounts.Mail.Wake()
	}
	return gone(err)
}

func gone(err error) error {
	if errors.Is(err, storage.ErrNotFound) {
		return kind.New(kind.Conflict, "passkey.gone").WithErr(err)
	}
	return err
}

const maxName = 60

// cleanName keeps a name on one line.
func cleanName(name string) string {
	name = strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && !unicode.IsSpace(r) || unicode.In(r, unicode.Cf, unicode.Co) || r == unicode.ReplacementChar {
			return -1
		}
		return r
	}, name)), " ")
	if runes := []rune(name); len(runes) > maxName {
		return string(runes[:maxName])
	}
	return name
}
