package signin

import (
	"context"
	"encoding/base32"
	"errors"
	"net/url"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"

	"pratu/flows/audit"
	"pratu/flows/contact"
	"pratu/flows/kind"
	"pratu/flows/limits"
	"pratu/flows/secret"
	"pratu/storage"
)

// Parameters of RFC 6238 that every authenticator app understands; the URI names none of them, since apps disagree about
// what they read there.
const (
	totpStep   = 30 * time.Second
	totpSkew   = 1  // steps that a phone's clock may be off, either way
	totpSecret = 20 // bytes, as long as the hash (RFC 4226 section 4, R6)
	totpLabel  = "totp"
	// OfferLife is how long a secret that was shown can be confirmed: one that somebody saw last year is worth nothing.
	OfferLife = 15 * time.Minute
)

var totpText = base32.StdEncoding.WithPadding(base32.NoPadding)

// TOTP is an account's authenticator app.
type TOTP struct {
	Confirmed  bool
	AddedAt    time.Time // when it was confirmed
	LastUsedAt time.Time
	// Secret and URI are for the app, as long as nothing is confirmed; "" when there is nothing to confirm.
	Secret, URI string
}

// TOTP tells what an account has. issuer and name are what the app shows.
func (s *Service) TOTP(ctx context.Context, accountID, issuer, name string) (TOTP, error) {
	row, err := s.Store.TOTPOf(ctx, accountID)
	if errors.Is(err, storage.ErrNotFound) {
		return TOTP{}, nil
	}
	if err != nil {
		return TOTP{}, err
	}
	if !row.ConfirmedAt.IsZero() {
		return TOTP{Confirmed: true, AddedAt: row.ConfirmedAt.Time(), LastUsedAt: row.LastUsedAt.Time()}, nil
	}
	if !s.offered(row) {
		return TOTP{}, nil
	}
	text, err := s.totpSecret(row)
	if err != nil {
		return TOTP{}, err
	}
	uri := url.URL{
		Scheme: "otpauth", Host: "totp", Path: "/" + issuer + ":" + name,
		RawQuery: "secret=" + text + "&issuer=" + url.PathEscape(issuer), // some apps show a plus as it is
	}
	return TOTP{Secret: text, URI: uri.String()}, nil
}

func (s *Service) offered(row storage.TOTP) bool {
	return row.ConfirmedAt.IsZero() && s.Now().Sub(row.CreatedAt.Time()) < OfferLife
}

func (s *Service) totpSecret(row storage.TOTP) (string, error) {
	raw, err := s.Keyring.Open(totpLabel, row.Secret, row.AccountID)
	return totpText.EncodeToString(raw), err
}

// ResealTOTP seals the secrets of authenticator apps under the current secret key.
func (s *Service) ResealTOTP(ctx context.Context) error {
	return s.Keyring.Reseal(ctx, s.Store, storage.TOTPSecrets, totpLabel)
}

// OfferTOTP makes a secret to be confirmed by a code. An account that has a confirmed one keeps that.
func (s *Service) OfferTOTP(ctx context.Context, accountID string) error {
	sealed := s.Keyring.Seal(totpLabel, secret.Bytes(totpSecret), accountID)
	err := s.Store.OfferTOTP(ctx, accountID, sealed, storage.At(s.Now()))
	if errors.Is(err, storage.ErrExists) {
		return nil
	}
	return err
}

// ConfirmTOTP judges a code of the app that has the offered secret: kind.Unauthorized "factor.wrong", kind.Conflict
// "totp.not_offered". Beginning a session with the proof makes the secret the account's second factor, which the session
// thereby proved, and uses the code. join is part of that transaction.
func (s *Service) ConfirmTOTP(ctx context.Context, session storage.Session, code string, join func(context.Context) error) (Proof, error) {
	row, err := s.Store.TOTPOf(ctx, session.AccountID)
	if errors.Is(err, storage.ErrNotFound) || err == nil && !s.offered(row) {
		return Proof{}, kind.New(kind.Conflict, "totp.not_offered").WithErr(err)
	}
	if err != nil {
		return Proof{}, err
	}
	step, err := s.step(row, code)
	if err != nil {
		return Proof{}, err
	}
	return raised(session).Spending(func(ctx context.Context) error {
		err := s.Store.ConfirmTOTP(ctx, session.AccountID, row.Secret, step, storage.At(s.Now()))
		if errors.Is(err, storage.ErrNotFound) {
			return kind.New(kind.Conflict, "totp.not_offered").WithErr(err)
		}
		if err != nil {
			return err
		}
		return s.changed(ctx, session.AccountID, "totp.added", join)
	}), nil
}

// RemoveTOTP takes the second factor away, with the recovery codes that stood in for it.
func (s *Service) RemoveTOTP(ctx context.Context, accountID string, join func(context.Context) error) error {
	return s.Store.InTx(ctx, func(ctx context.Context) error {
		if err := s.Store.DeleteTOTP(ctx, accountID); err != nil {
			if errors.Is(err, storage.ErrNotFound) {
				return kind.New(kind.Conflict, "totp.none").WithErr(err)
			}
			return err
		}
		if err := s.Store.DeleteRecoveryCodes(ctx, accountID); err != nil {
			return err
		}
		return s.changed(ctx, accountID, "totp.removed", join)
	})
}

// changed follows a change of factors: no browser is trusted any more, and it is written down.
func (s *Service) changed(ctx context.Context, accountID, event string, join func(context.Context) error) error {
	if err := s.Store.UntrustBrowsers(ctx, accountID); err != nil {
		return err
	}
	if err := s.Audit.Append(ctx, audit.Event{Name: event, ActorKind: audit.Account, ActorID: accountID, AccountID: accountID}); err != nil {
		return err
	}
	return join(ctx)
}

// totp judges a code of the app. A step works once, and none before it does afterwards: the code that was just typed may
// have been seen by somebody (Keycloak CVE-2024-7318).
func (s *Service) totp(ctx context.Context, accountID, code string) (spend func(context.Context) error, err error) {
	taken := []limits.Charge{limits.FactorAccount.Of(accountID), limits.FactorAccountDay.Of(accountID)}
	if err := s.Limiter.Take(ctx, taken...); err != nil {
		return nil, err
	}
	row, err := s.Store.TOTPOf(ctx, accountID)
	if errors.Is(err, storage.ErrNotFound) || err == nil && row.ConfirmedAt.IsZero() {
		return nil, wrongFactor(err)
	}
	if err != nil {
		return nil, err
	}
	step, err := s.step(row, code)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) error {
		if err := s.Store.UseTOTP(ctx, accountID, row.Secret, step, storage.At(s.Now())); err != nil {
			if errors.Is(err, storage.ErrNotFound) {
				return wrongFactor(err)
			}
			return err
		}
		return s.Limiter.Reset(ctx, taken...)
	}, nil
}

// step is the time step that a code is of, among those that are near and were not used.
func (s *Service) step(row storage.TOTP, code string) (int64, error) {
	text, err := s.totpSecret(row)
	if err != nil {
		return 0, err
	}
	typed := contact.CleanCode(code)
	now := s.Now().Unix() / int64(totpStep.Seconds())
	for step := now - totpSkew; step <= now+totpSkew; step++ {
		want, err := hotp.GenerateCodeCustom(text, uint64(step), hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
		if err != nil {
			return 0, err
		}
		if step > row.LastStep && secret.Equal(want, typed) {
			return step, nil
		}
	}
	return 0, wrongFactor(nil)
}
