package signin

import (
	"context"
	"errors"
	"strings"

	"pratu/flows/contact"
	"pratu/flows/kind"
	"pratu/flows/limits"
	"pratu/flows/secret"
	"pratu/storage"
)

// Recovery codes: ten of 80 bits, in letters that are told from each other on paper. Below 112 bits a plain hash wouldn't
// do (NIST SP 800-63B-4 section 3.1.2.2); they are kept under a key that isn't in the database.
const (
	RecoveryCount   = 10
	recoveryLetters = "0123456789abcdefghjkmnpqrstvwxyz" // Crockford's base 32: 5 bits each
	recoveryLength  = 16
	recoveryLabel   = "recovery-code"
)

// MakeRecoveryCodes replaces an account's recovery codes and returns the new ones: nobody can read them again.
// kind.Conflict "recovery.no_factor" without a second factor that they could stand in for.
func (s *Service) MakeRecoveryCodes(ctx context.Context, accountID string, join func(context.Context) error) ([]string, error) {
	shown, hashes := make([]string, RecoveryCount), make([]string, RecoveryCount)
	for i := range shown {
		code := recoveryCode()
		shown[i], hashes[i] = grouped(code), s.Keyring.MAC(recoveryLabel, accountID, code)
	}
	err := s.Store.InTx(ctx, func(ctx context.Context) error {
		err := s.Store.ReplaceRecoveryCodes(ctx, accountID, hashes, storage.At(s.Now()))
		if errors.Is(err, storage.ErrNotFound) {
			return kind.New(kind.Conflict, "recovery.no_factor").WithErr(err)
		}
		if err != nil {
			return err
		}
		return s.changed(ctx, accountID, "recovery_codes.made", join)
	})
	return shown, err
}

func recoveryCode() string {
	code := make([]byte, recoveryLength)
	for i, b := range secret.Bytes(recoveryLength) {
		code[i] = recoveryLetters[int(b)%len(recoveryLetters)] // 256 is a multiple of 32: all are as likely
	}
	return string(code)
}

func grouped(code string) string {
	return code[:4] + "-" + code[4:8] + "-" + code[8:12] + "-" + code[12:]
}

// recoveryText takes a code as people read it off paper.
func recoveryText(typed string) string {
	return strings.NewReplacer("o", "0", "i", "1", "l", "1").Replace(strings.ToLower(contact.CleanCode(typed)))
}

// recovery judges a recovery code.
func (s *Service) recovery(ctx context.Context, accountID, typed string) (spend func(context.Context) error, err error) {
	taken := limits.FactorRecovery.Of(accountID)
	if err := s.Limiter.Take(ctx, taken); err != nil {
		return nil, err
	}
	hashes, err := s.Store.RecoveryCodes(ctx, accountID)
	if err != nil {
		return nil, err
	}
	code, found := recoveryText(typed), ""
	for _, hash := range hashes {
		if s.Keyring.CheckMAC(recoveryLabel, hash, accountID, code) {
			found = hash
		}
	}
	if found == "" {
		return nil, wrongFactor(nil)
	}
	return func(ctx context.Context) error {
		if err := s.Store.UseRecoveryCode(ctx, accountID, found, storage.At(s.Now())); err != nil {
			if errors.Is(err, storage.ErrNotFound) {
				return wrongFactor(err)
			}
			return err
		}
		return s.Limiter.Reset(ctx, taken)
	}, nil
}
