package signin

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"pratu/flows/audit"
	"pratu/flows/kind"
	"pratu/flows/secret"
	"pratu/storage"
)

// HeldLife is how long a first factor waits for the second.
const HeldLife = 10 * time.Minute

// factorPurpose is what such a wait is among challenges.
const factorPurpose = "factor"

// Held is a first factor that was proven and waits for the second. Nobody is signed in by it: it is no session, and all
// that can be done with it is to give the second factor in the browser that gave the first.
type Held struct {
	AccountID   string
	Interaction string // handle to go on with, or ""
	Notice      string // message id for the page after the sign-in, or ""
	AMR         []string
	since       storage.Instant
	row         storage.Challenge
}

// waiting is what the row of a Held keeps besides.
type waiting struct {
	AMR    []string        `json:"amr"`
	Notice string          `json:"notice,omitempty"`
	Since  storage.Instant `json:"since,omitempty"` // as in Proof
}

// Second is what somebody gives as the second factor: a code of the app, or a recovery code. Trust asks not to be asked in
// this browser for a while. A further kind of factor is a case of second.
type Second struct {
	Code     string
	Recovery bool
	Trust    bool
	ClientID string
}

// Factors are what an account can prove itself with.
func (s *Service) Factors(ctx context.Context, accountID, browser string) (storage.Factors, error) {
	return s.Store.FactorsOf(ctx, accountID, s.browserHash(browser), storage.At(s.Now()))
}

// NeedsSecond tells whether a proof is one factor only of an account that has a second. A browser that was trusted stands
// for the second factor; the proof stays one of a single factor then, and a request that wants more asks.
func (s *Service) NeedsSecond(ctx context.Context, p Proof, browser string) (bool, error) {
	if p.ACR == ACRMulti {
		return false, nil
	}
	if p.won != nil { // it was read with the password
		return p.won.login.TOTP && !p.won.login.Trusted, nil
	}
	f, err := s.Factors(ctx, p.AccountID, browser)
	return f.TOTP && !f.Trusted, err
}

// Hold keeps a first factor until the second comes, and returns the handle for URLs. What the first was bought with is
// spent here: coming back for the second needs no first again, and a first works once.
func (s *Service) Hold(ctx context.Context, p Proof, interaction, notice, browser, clientID string) (handle string, err error) {
	data, err := json.Marshal(waiting{p.AMR, notice, p.since})
	if err != nil {
		return "", err
	}
	handle = secret.Token()
	now := s.Now()
	return handle, s.Store.InTx(ctx, func(ctx context.Context) error {
		if err := s.pay(ctx, p); err != nil {
			return err
		}
		err := s.Store.CreateChallenge(ctx, storage.Challenge{
			ID: secret.Hash(handle), Purpose: factorPurpose, AccountID: p.AccountID, BrowserHash: secret.Hash(browser),
			TokenHash: secret.Hash(secret.Token()), Interaction: interaction, ClientID: clientID, Data: string(data),
			CreatedAt: storage.At(now), ExpiresAt: storage.At(now.Add(HeldLife)),
		})
		if err != nil {
			return err
		}
		return s.Audit.Append(ctx, audit.Event{
			Name: "signin.second_factor_asked", ActorKind: audit.Account, ActorID: p.AccountID, AccountID: p.AccountID,
			ClientID: clientID, Details: map[string]any{"methods": p.AMR},
		})
	})
}

// Held is a first factor that waits, for the browser that gave it: kind.NotFound "factor.expired", kind.Forbidden
// "factor.other_browser".
func (s *Service) Held(ctx context.Context, handle, browser string) (*Held, error) {
	if handle == "" || len(handle) > 128 {
		return nil, heldExpired(nil)
	}
	row, err := s.Store.Challenge(ctx, secret.Hash(handle), factorPurpose, storage.At(s.Now()))
	if errors.Is(err, storage.ErrNotFound) {
		return nil, heldExpired(err)
	}
	if err != nil {
		return nil, err
	}
	if browser == "" || !secret.Equal(row.BrowserHash, secret.Hash(browser)) {
		return nil, kind.New(kind.Forbidden, "factor.other_browser")
	}
	w := waiting{}
	if err := json.Unmarshal([]byte(row.Data), &w); err != nil {
		return nil, err
	}
	return &Held{AccountID: row.AccountID, Interaction: row.Interaction, Notice: w.Notice, AMR: w.AMR, since: w.Since, row: row}, nil
}

func heldExpired(err error) error { return expiredHold().WithErr(err) }

func expiredHold() *kind.Error { return kind.New(kind.NotFound, "factor.expired") }

// Complete judges the second factor. The proof spends the first one as well, so two at once begin one session.
func (s *Service) Complete(ctx context.Context, h *Held, a Second) (Proof, error) {
	spend, err := s.second(ctx, h.AccountID, a)
	if err != nil {
		return Proof{}, err
	}
	p := Proof{AccountID: h.AccountID, AMR: merge(h.AMR), ACR: ACRMulti, At: s.Now(), trust: a.Trust, since: h.since, stale: expiredHold()}
	return p.Spending(spend).Spending(func(ctx context.Context) error {
		err := s.Store.UseChallenge(ctx, h.row.ID, h.row.CodeHash, storage.At(s.Now()))
		if errors.Is(err, storage.ErrNotFound) {
			return heldExpired(err)
		}
		return err
	}), nil
}

// StepUp judges a second factor that is added to a session.
func (s *Service) StepUp(ctx context.Context, session storage.Session, a Second) (Proof, error) {
	spend, err := s.second(ctx, session.AccountID, a)
	if err != nil {
		return Proof{}, err
	}
	return raised(session).Spending(spend), nil
}

// raised is the proof of a session that has a second factor now. When its person signed in stays what it was: who has the
// browser and the app, but not the password, makes no sign-in look new by it, nor a session last longer.
func raised(session storage.Session) Proof {
	p := Proof{
		AccountID: session.AccountID, AMR: merge(strings.Fields(session.AMR)), ACR: ACRMulti, At: session.AuthTime.Time(),
		event: "session.stepped_up", until: session.ExpiresAt.Time(),
	}
	return p.Continuing(session)
}

// merge adds a code that works once to the methods of a first factor (RFC 8176). Only together with something that the
// person knows these are factors of different kinds: a mailed code and one of an app are two things to have.
func merge(first []string) []string {
	amr := slices.Clone(first)
	if !slices.Contains(amr, AMROTP) {
		amr = append(amr, AMROTP)
	}
	if slices.Contains(amr, AMRPassword) && !slices.Contains(amr, AMRMulti) {
		amr = append(amr, AMRMulti)
	}
	return amr
}

// second judges a second factor and returns what spends it: kind.Unauthorized "factor.wrong", kind.RateLimited. Failures
// are counted for the account and nothing but a right factor forgets them, so a fresh first factor brings no new budget
// (Zitadel CVE-2024-32868).
func (s *Service) second(ctx context.Context, accountID string, a Second) (spend func(context.Context) error, err error) {
	method := "totp"
	if a.Recovery {
		method = "recovery"
		spend, err = s.recovery(ctx, accountID, a.Code)
	} else {
		spend, err = s.totp(ctx, accountID, a.Code)
	}
	if err == nil {
		return spend, nil
	}
	if kind.Of(err) != kind.Unauthorized { // see refuse
		return nil, err
	}
	failure := s.Audit.Append(ctx, audit.Event{
		Name: "signin.failed", Outcome: audit.Failure, ActorKind: audit.Account, AccountID: accountID, ClientID: a.ClientID,
		Reason: kind.Code(err), Details: map[string]any{"method": method},
	})
	if failure != nil {
		return nil, failure
	}
	return nil, err
}

func wrongFactor(err error) error {
	return kind.New(kind.Unauthorized, "factor.wrong").WithField("code").WithErr(err)
}
