package office_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pratu/flows/keys"
	"pratu/flows/kind"
	"pratu/flows/office"
	"pratu/flows/secret"
	"pratu/flows/webhooks"
	"pratu/storage/storagetest"
)

// Of many requests under one key one is done; the others get its answer, or are told to wait. Who died is taken over.
func TestOnce(t *testing.T) {
	each(t, func(w *world) {
		ctx, a := w.t.Context(), office.Machine("robot", nil)
		var done atomic.Int64
		do := func(context.Context) ([]byte, error) { return fmt.Appendf(nil, "secret %d", done.Add(1)), nil }
		var wait sync.WaitGroup
		for range 20 {
			wait.Go(func() {
				answer, err := w.Once(ctx, a, "k", "request", do)
				if err == nil && string(answer) != "secret 1" || err != nil && !kind.Is(err, "key.busy") {
					t.Errorf("%s, %v", answer, err)
				}
			})
		}
		wait.Wait()
		if done.Load() != 1 {
			t.Errorf("done %d times", done.Load())
		}
		if _, err := w.Once(ctx, a, "k", "another request", do); !kind.Is(err, "key.reused") {
			t.Error(err)
		}
		if n := storagetest.Count(t, w.url, `SELECT COUNT(*) FROM answers WHERE fingerprint = '`+secret.Hash("request")+`'`); n != 0 {
			t.Error("who has the database can try passwords out by the fingerprint of a request")
		}
		if answer, err := w.Once(ctx, office.Machine("other", nil), "k", "request", do); err != nil || string(answer) != "secret 2" {
			t.Errorf("another's key: %s, %v", answer, err)
		}
		failure := errors.New("not now")
		if _, err := w.Once(ctx, a, "f", "request", func(context.Context) ([]byte, error) { return nil, failure }); !errors.Is(err, failure) {
			t.Error(err)
		}
		if answer, err := w.Once(ctx, a, "f", "request", do); err != nil || string(answer) != "secret 3" {
			t.Errorf("after a failure: %s, %v", answer, err)
		}
		storagetest.Exec(t, w.url, `UPDATE answers SET answer = ''`) // as if the process had died
		if _, err := w.Once(ctx, a, "k", "request", do); !kind.Is(err, "key.busy") {
			t.Error(err)
		}
		w.pass(time.Minute)
		if answer, err := w.Once(ctx, a, "k", "request", do); err != nil || string(answer) != "secret 4" {
			t.Errorf("taken over: %s, %v", answer, err)
		}
		w.pass(office.AnswerLife + time.Second)
		if answer, err := w.Once(ctx, a, "k", "another request", do); err != nil || string(answer) != "secret 5" {
			t.Errorf("after a day: %s, %v", answer, err)
		}
	})
}

// What is done under a key is there with its answer, or not at all: who dies, comes too late, or fails has done nothing.
func TestOnceIsOneWithItsAnswer(t *testing.T) {
	each(t, func(w *world) {
		ctx, a := w.t.Context(), office.Machine("robot", []string{"admin:webhooks.write"})
		hooks := func() int64 { return storagetest.Count(t, w.url, `SELECT COUNT(*) FROM webhooks`) }
		in := webhooks.Settings{URL: "https://hooks.test/x", Events: []string{"account.created"}}
		create := func(ctx context.Context) ([]byte, error) {
			_, plain, err := w.CreateWebhook(ctx, a, in)
			return []byte(plain), err
		}
		failure := errors.New("not now")
		_, err := w.Once(ctx, a, "fails", "request", func(ctx context.Context) ([]byte, error) {
			_, err := create(ctx)
			return nil, errors.Join(err, failure)
		})
		if n := hooks(); n != 0 || !errors.Is(err, failure) {
			t.Errorf("%d are left of a failure: %v", n, err)
		}
		func() {
			defer func() { _ = recover() }()
			_, _ = w.Once(ctx, a, "dies", "request", func(ctx context.Context) ([]byte, error) {
				_, err := create(ctx)
				must(w.t, err)
				panic("dies")
			})
		}()
		if n := hooks(); n != 0 {
			t.Errorf("%d are left of who died", n)
		}
		var first []byte
		_, err = w.Once(ctx, a, "dies", "request", create)
		if !kind.Is(err, "key.busy") {
			t.Error(err)
		}
		w.pass(time.Minute)
		_, err = w.Once(ctx, a, "dies", "request", func(ctx context.Context) ([]byte, error) { // somebody slow
			w.pass(time.Minute)
			var err error
			first, err = w.Once(t.Context(), a, "dies", "request", create)
			must(w.t, err)
			return create(ctx)
		})
		if n := hooks(); n != 1 || !kind.Is(err, "key.busy") {
			t.Errorf("%d, and who came too late got %v", n, err)
		}
		if again, err := w.Once(ctx, a, "dies", "request", create); err != nil || string(again) != string(first) || hooks() != 1 {
			t.Errorf("%s, %v, and then %s", again, err, first)
		}
	})
}

// A key that may not come to be signs nothing yet; once it has, it signs at once.
func TestOnceRotatesKeys(t *testing.T) {
	each(t, func(w *world) {
		ctx, a := w.t.Context(), office.Machine("robot", []string{"admin:keys.rotate"})
		must(w.t, w.Keys.Ensure(ctx))
		published := func() int { jwks, _ := w.Keys.Document(); return bytes.Count(jwks, []byte(`"kid"`)) }
		before := published()
		_, err := w.Once(ctx, a, "k", "request", func(ctx context.Context) ([]byte, error) {
			_, err := w.RotateKeys(ctx, a, keys.RotateOptions{Alg: keys.ES256, Now: true})
			if n := published(); n != before {
				t.Errorf("%d keys, %d before the commit", before, n)
			}
			return []byte("done"), err
		})
		if n := published(); err != nil || n != before+1 {
			t.Errorf("%d keys became %d, %v", before, n, err)
		}
	})
}
