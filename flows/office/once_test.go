package office_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pratu/flows/kind"
	"pratu/flows/office"
	"pratu/flows/secret"
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
