// Package passkeys owns WebAuthn: what a browser is asked, whether its answer is right, and the passkeys of an account.
// What follows a proof is flows/signin's business, pages and scripts are the edge's.
package passkeys

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"pratu/flows/accounts"
	"pratu/flows/audit"
	"pratu/flows/issuer"
	"pratu/flows/kind"
	"pratu/flows/limits"
	"pratu/flows/secret"
	"pratu/storage"
)

// Most is how many passkeys an account may have.
const Most = 20

// How long a question may be answered. A page that offers to make a passkey is good for as long as the sign-in before it
// is fresh.
const (
	SignInLife   = 5 * time.Minute
	RegisterLife = 10 * time.Minute
)

// Options of New. All are required.
type Options struct {
	Issuer   issuer.Issuer
	RPID     string // "" takes the issuer's host
	Product  string // what authenticators call us
	Store    *storage.Store
	Keyring  *secret.Keyring
	Limiter  *limits.Limiter
	Audit    *audit.Log
	Accounts *accounts.Service
	Now      func() time.Time
}

// Service asks for passkeys and judges them.
type Service struct {
	Options
	rp *webauthn.WebAuthn // nil: the issuer's host is an address, which no passkey can be made for
}

// New refuses an RP ID that isn't the issuer's host or above it.
func New(o Options) (*Service, error) {
	s := &Service{Options: o}
	id, err := RPID(o.Issuer, o.RPID)
	if err != nil || id == "" {
		return s, err
	}
	s.RPID = id
	s.rp, err = webauthn.New(&webauthn.Config{
		RPID: id, RPDisplayName: o.Product, RPOrigins: []string{o.Issuer.Origin()},
		AttestationPreference: protocol.PreferNoAttestation, // we trust people, not makers
		// A discoverable credential signs in without a name being typed. The authenticator has to verify its user: that is
		// what makes a passkey two factors.
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			ResidentKey: protocol.ResidentKeyRequirementRequired, RequireResidentKey: protocol.ResidentKeyRequired(),
			UserVerification: protocol.VerificationRequired,
		},
		// Some password managers report what nobody asked for.
		ExtensionsUnsolicitedOutputPolicy: protocol.UnsolicitedOutputPolicyIgnore,
	})
	return s, err
}

// On tells whether browsers can have passkeys for this provider.
func (s *Service) On() bool { return s != nil && s.rp != nil }

// Purposes of a question.
const (
	forSignIn   = "sign-in"
	forRegister = "register"
)

// Ask is what the browser's script needs to ask an authenticator. State comes back with the answer.
type Ask struct {
	PublicKey any    `json:"publicKey"`
	State     string `json:"state"`
}

// JSON is how a page carries it.
func (a Ask) JSON() (string, error) {
	raw, err := json.Marshal(a)
	return string(raw), err
}

// state is what we have to know when the answer comes. The page carries it, sealed and bound to the browser, so that
// looking at a sign-in page writes nothing; that it works once is written down when it is used.
type state struct {
	Purpose   string
	AccountID string `json:",omitempty"`
	Until     storage.Instant
	Session   webauthn.SessionData
}

const sealLabel = "passkey"

func (s *Service) ask(options any, st state, browser string) (Ask, error) {
	raw, err := json.Marshal(st)
	if err != nil {
		return Ask{}, err
	}
	return Ask{PublicKey: options, State: s.Keyring.Seal(sealLabel, raw, secret.Hash(browser))}, nil
}

func expired(err error) error { return kind.New(kind.Invalid, "passkey.expired").WithErr(err) }

// open reads the state of an answer: another browser's, another purpose's and an old one are all passkey.expired.
func (s *Service) open(sealed, browser, purpose string) (st state, err error) {
	if !s.On() || browser == "" {
		return st, expired(nil)
	}
	raw, err := s.Keyring.Open(sealLabel, sealed, secret.Hash(browser))
	if err != nil {
		return st, expired(err)
	}
	if err := json.Unmarshal(raw, &st); err != nil {
		return st, err
	}
	if st.Purpose != purpose || storage.At(s.Now()) >= st.Until {
		return st, expired(nil)
	}
	return st, nil
}

// spend makes a question work once, whatever the answer is worth.
func (s *Service) spend(ctx context.Context, st state) error {
	err := s.Store.InTx(ctx, func(ctx context.Context) error {
		return s.Store.MarkSeen(ctx, secret.Hash("passkey "+st.Session.Challenge), st.Until)
	})
	if errors.Is(err, storage.ErrExists) {
		return expired(err)
	}
	return err
}

// Of lists an account's passkeys, the oldest first.
func (s *Service) Of(ctx context.Context, accountID string) ([]storage.Passkey, error) {
	return s.Store.PasskeysOf(ctx, accountID)
}

// WaysIn are how an account can be signed in to.
func (s *Service) WaysIn(ctx context.Context, accountID string) (storage.WaysIn, error) {
	return s.Store.WaysIn(ctx, accountID)
}

// Known tells whether some account has a passkey with this id.
func (s *Service) Known(ctx context.Context, id string) (bool, error) {
	_, err := s.Store.PasskeyLogin(ctx, id)
	if errors.Is(err, storage.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// person is an account as WebAuthn sees it.
type person struct {
	handle        []byte
	name, display string
	credentials   []webauthn.Credential
}

func (p person) WebAuthnID() []byte                         { return p.handle }
func (p person) WebAuthnName() string                       { return p.name }
func (p person) WebAuthnDisplayName() string                { return p.display }
func (p person) WebAuthnCredentials() []webauthn.Credential { return p.credentials }

func credentialOf(p storage.Passkey) (c webauthn.Credential, err error) {
	err = json.Unmarshal([]byte(p.Credential), &c)
	return c, err
}

func encode(raw []byte) string { return base64.RawURLEncoding.EncodeToString(raw) }

func decode(text string) ([]byte, error) { return base64.RawURLEncoding.DecodeString(text) }

// maxAnswer bounds what is parsed: a form may be longer.
const maxAnswer = 32 << 10
