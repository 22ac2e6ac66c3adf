package office

import (
	"context"
	"errors"
	"time"

	"pratu/flows/kind"
	"pratu/flows/limits"
	"pratu/flows/secret"
	"pratu/storage"
)

// Spend counts a request of a machine and tells what is left of its budget.
func (s *Service) Spend(ctx context.Context, a Actor) (limits.Left, error) {
	return s.Accounts.Limiter.Spend(ctx, limits.AdminClient.Of(a.ID))
}

const (
	answerLabel = "answer"
	// fingerprintLabel is of the request, which may hold a password: who has the database must not try some out by it.
	fingerprintLabel = "answer-fingerprint"
	// AnswerLife is how long a key is remembered; answerTime how long a request may take before another may begin.
	AnswerLife = 24 * time.Hour
	answerTime = time.Minute
)

// Once does something a single time for an Idempotency-Key of an actor: whoever repeats the request gets the same answer.
// "key.reused" for another request under the key, "key.busy" while the first isn't done. An answer may hold a secret, and is
// kept sealed; what failed is forgotten.
func (s *Service) Once(ctx context.Context, a Actor, key, fingerprint string, do func(ctx context.Context) ([]byte, error)) ([]byte, error) {
	now := s.Now()
	row := storage.Answer{
		ID: secret.Hash(a.Kind + "\x00" + a.ID + "\x00" + key), Fingerprint: s.Keyring.MAC(fingerprintLabel, fingerprint),
		CreatedAt: storage.At(now), ExpiresAt: storage.At(now.Add(AnswerLife)),
	}
	before, err := s.Store.ClaimAnswer(ctx, row, storage.At(now.Add(-answerTime)))
	switch {
	case errors.Is(err, storage.ErrExists) && before.ID != "" && !s.Keyring.CheckMAC(fingerprintLabel, before.Fingerprint, fingerprint):
		return nil, kind.New(kind.Invalid, "key.reused")
	case errors.Is(err, storage.ErrExists) && before.Answer == "":
		return nil, kind.New(kind.Conflict, "key.busy").WithRetryAfter(time.Second)
	case errors.Is(err, storage.ErrExists):
		return s.Keyring.Open(answerLabel, before.Answer, row.ID)
	case err != nil:
		return nil, err
	}
	answer, err := do(ctx)
	if err != nil {
		if failure := s.Store.DropAnswer(context.WithoutCancel(ctx), row.ID, row.CreatedAt); failure != nil {
			return nil, failure
		}
		return nil, err
	}
	return answer, s.Store.PutAnswer(context.WithoutCancel(ctx), row.ID, s.Keyring.Seal(answerLabel, answer, row.ID), row.CreatedAt)
}
