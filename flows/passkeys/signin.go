package passkeys

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"pratu/flows/audit"
	"pratu/flows/kind"
	"pratu/flows/limits"
	"pratu/flows/signin"
	"pratu/storage"
)

// What a passkey proves (RFC 8176): a key was used, in somebody's presence, and its authenticator verified that somebody
// by PIN or biometry. Whether the key is in hardware isn't known without attestation, and synchronised ones aren't.
var methods = []string{"pop", "user", "mfa"}

// AskSignIn is the question of a sign-in: any passkey of ours.
func (s *Service) AskSignIn(browser string) (Ask, error) {
	options, session, err := s.rp.BeginDiscoverableLogin()
	if err != nil {
		return Ask{}, err
	}
	return s.ask(options.Response, state{Purpose: forSignIn, Until: storage.At(s.Now().Add(SignInLife)), Session: *session}, browser)
}

// Answer is what the script sent. Browser is the value of the long-lived browser cookie.
type Answer struct {
	State, Credential string
	Browser, IP       string
	ClientID          string
}

// SignIn judges an answer: kind.Unauthorized passkey.failed, or passkey.unknown with the id that no account has any more;
// kind.Invalid passkey.expired; and whether an account is disabled only to who has its passkey.
func (s *Service) SignIn(ctx context.Context, a Answer) (signin.Proof, error) {
	address := limits.SigninAddress.Of(signin.Network(a.IP))
	if err := s.Limiter.Check(ctx, address); err != nil {
		return signin.Proof{}, err
	}
	st, err := s.open(a.State, a.Browser, forSignIn)
	if err != nil {
		return signin.Proof{}, err
	}
	if err := s.spend(ctx, st); err != nil {
		return signin.Proof{}, err
	}
	row, after, err := s.verify(ctx, st, a.Credential)
	if err != nil {
		return signin.Proof{}, s.refuse(ctx, a, row, err)
	}
	p := signin.Proof{AccountID: row.AccountID, AMR: methods, ACR: signin.ACRMulti, At: s.Now()}
	return p.Spending(func(ctx context.Context) error {
		err := s.Store.UsePasskey(ctx, row.ID, row.Credential, after, storage.At(s.Now()))
		if errors.Is(err, storage.ErrNotFound) { // used or deleted at this moment
			err = failed(err)
		}
		return err
	}), nil
}

func failed(err error) *kind.Error { return kind.New(kind.Unauthorized, "passkey.failed").WithErr(err) }

// verify finds the passkey and checks the signature. after is what the passkey is once it was used; the row is returned with
// an error too.
func (s *Service) verify(ctx context.Context, st state, answer string) (row storage.PasskeyLogin, after string, err error) {
	parsed, err := parse(answer, protocol.ParseCredentialRequestResponseBytes)
	if err != nil {
		return row, "", failed(err)
	}
	id := encode(parsed.RawID)
	row, err = s.Store.PasskeyLogin(ctx, id)
	if errors.Is(err, storage.ErrNotFound) {
		return row, "", kind.New(kind.Unauthorized, "passkey.unknown").WithArg("credential", id)
	}
	if err != nil {
		return row, "", err
	}
	used, err := s.validate(st, row.Passkey, parsed)
	if err != nil {
		return row, "", err
	}
	if !signin.Enters(row.Status) {
		return row, "", kind.New(kind.Forbidden, "account.disabled")
	}
	raw, err := json.Marshal(used)
	return row, string(raw), err
}

// errCounter is a signature that counts no further than one we saw: the key may have been copied (WebAuthn section 6.1.1).
// Keys that are synchronised count nothing; one that counts backwards is refused, and its owner can use another way in.
var errCounter = errors.New("the signature counter didn't advance")

func (s *Service) validate(st state, row storage.Passkey, parsed *protocol.ParsedCredentialAssertionData) (*webauthn.Credential, error) {
	c, err := credentialOf(row)
	if err != nil {
		return nil, err
	}
	owner := func(_, handle []byte) (webauthn.User, error) {
		if encode(handle) != row.UserHandle {
			return nil, errors.New("the user handle is another account's")
		}
		return person{handle: handle, credentials: []webauthn.Credential{c}}, nil
	}
	_, used, err := s.rp.ValidatePasskeyLogin(owner, st.Session, parsed)
	if err != nil {
		return nil, failed(err)
	}
	if used.Authenticator.CloneWarning {
		return nil, failed(errCounter)
	}
	return used, nil
}

// parse reads an answer of a script.
func parse[T any](answer string, read func([]byte) (*T, error)) (*T, error) {
	if len(answer) > maxAnswer {
		return nil, errors.New("the answer is too long")
	}
	return read([]byte(answer))
}

// refuse writes a failure down and returns it.
func (s *Service) refuse(ctx context.Context, a Answer, row storage.PasskeyLogin, failure error) error {
	if _, known := kind.As(failure); !known { // ours, not theirs
		return failure
	}
	event := audit.Event{
		Name: "signin.failed", Outcome: audit.Failure, ActorKind: audit.Account, AccountID: row.AccountID, ClientID: a.ClientID,
		Reason: kind.Code(failure), Details: map[string]any{"method": "passkey"},
	}
	if errors.Is(failure, errCounter) {
		event.Reason = "passkey.counter"
	}
	err := s.Store.InTx(ctx, func(ctx context.Context) error {
		if kind.Of(failure) == kind.Unauthorized {
			if err := s.Limiter.Count(ctx, limits.SigninAddress.Of(signin.Network(a.IP))); err != nil {
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
