package office

import (
	"cmp"
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
// "key.reused" for another request under the key, "key.busy" while the first isn't done. What is done is there with its answer
// or not at all, and may be tried again where it failed. An answer may hold a secret, and is kept sealed.
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
		return nil, busy()
	case errors.Is(err, storage.ErrExists):
		return s.Keyring.Open(answerLabel, before.Answer, row.ID)
	case err != nil:
		return nil, err
	}
	answer, err := s.answer(ctx, row, do)
	if err != nil {
		return nil, cmp.Or(s.Store.DropAnswer(context.WithoutCancel(ctx), row.ID, row.CreatedAt), err)
	}
	return answer, nil
}

// answer undoes what took so long that another has begun with it.
func (s *Service) answer(ctx context.Context, row storage.Answer, do func(ctx context.Context) ([]byte, error)) (answer []byte, err error) {
	err = s.Store.AsOne(ctx, func(ctx context.Context) error {
		if answer, err = do(ctx); err != nil {
			return err
		}
		err = s.Store.PutAnswer(ctx, row.ID, s.Keyring.Seal(answerLabel, answer, row.ID), row.CreatedAt)
		if errors.Is(err, storage.ErrNotFound) {
			err = busy().WithErr(err)
		}
		return err
	})
	return answer, err
}

func busy() *kind.Error { return kind.New(kind.Conflict, "key.busy").WithRetryAfter(time.Second) }
