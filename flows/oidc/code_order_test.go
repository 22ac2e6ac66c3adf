package oidc_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"pratu/flows/oidc"
	"pratu/flows/secret"
	"pratu/storage"
)

// disorder is what happens to one code at once, on two replicas.
type disorder struct {
	client, code, session string

	mu       sync.Mutex
	bought   []*oidc.Tokens
	replayed bool
	ended    bool
}

// step does one thing of many to a code. What isn't an exchange may be a wrong verifier, or an end.
func (d *disorder) step(ctx context.Context, w *world, which int) error {
	now := storage.At(w.clock.now())
	form := exchange(d.code, rp)
	switch {
	case which == 0:
		d.ended = true
		_, err := w.Store.RevokeClient(ctx, w.alice.AccountID, d.client, now)
		return err
	case which == 1:
		d.ended = true
		return w.Store.EndSessionsOfAccount(ctx, w.alice.AccountID, "", now)
	case which == 2:
		_, err := w.Store.Purge(ctx, now)
		return err
	case which < 6:
		form.Set("code_verifier", strings.Repeat("a", 43))
	}
	got, err := w.token(ctx, d.client, form)
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case err == nil:
		d.bought = append(d.bought, got)
	case oidc.Answer(err).Code != oidc.InvalidGrant:
		return err
	case strings.Contains(err.Error(), "used before"):
		d.replayed = true
	}
	return nil
}

// F30, F35: however exchanges, replays, wrong verifiers, withdrawals, sign-outs and the janitor meet, a code buys once at
// most, what it bought lives exactly if nothing ended it, and a replay afterwards ends that too.
func TestCodeInEveryOrder(t *testing.T) {
	worlds(t, 2, func(t *testing.T, w []*world) {
		w[0].t, w[1].t = t, t
		for round := range 40 {
			d := &disorder{client: []string{"web1", "opaque", "free"}[round%3], session: fmt.Sprint("session-", round)}
			now := storage.At(w[0].clock.now())
			w[0].alice.ID = d.session
			if _, err := w[0].Store.BeginSession(t.Context(), storage.Session{
				ID: d.session, CookieHash: d.session, AccountID: w[0].alice.AccountID, AuthTime: now, ACR: "1", AMR: "pwd",
				CreatedAt: now, SelectedAt: now, LastSeenAt: now, ExpiresAt: storage.At(w[0].alice.ExpiresAt),
			}, storage.Start{}); err != nil {
				t.Fatal(err)
			}
			w[0].consent(d.client)
			d.code = w[0].code(params(d.client, rp))
			end, ends := rand.IntN(6), rand.IntN(4) // one thing that ends it, in half of the rounds
			var all sync.WaitGroup
			for i := range 6 {
				which := 3 + rand.IntN(7)
				if i == end && ends < 3 {
					which = ends
				}
				all.Go(func() {
					time.Sleep(rand.N(1500 * time.Microsecond))
					if err := d.step(t.Context(), w[i%2], which); err != nil {
						t.Errorf("%d: %v", which, err)
					}
				})
			}
			all.Wait()
			d.judge(w[1])
		}
	})
}

func (d *disorder) judge(w *world) {
	w.t.Helper()
	if len(d.bought) > 1 {
		w.t.Fatalf("%d bought with one code", len(d.bought))
	}
	for _, got := range d.bought {
		if alive := w.alive(got.AccessToken); alive == (d.ended || d.replayed) {
			w.t.Errorf("alive: %v, ended: %v, replayed: %v", alive, d.ended, d.replayed)
		}
	}
	w.fails("afterwards", d.client, d.code)
	for _, got := range d.bought {
		if w.alive(got.AccessToken) {
			w.t.Error("a replay left its tokens alive")
		}
		_, err := w.token(w.t.Context(), d.client, refresh(got.RefreshToken))
		w.refused(err, oidc.InvalidGrant)
	}
}

// A code is good as long as its key is there, under whichever name; that it was used is known without.
func TestCodeAcrossKeys(t *testing.T) {
	each(t, func(w *world) {
		before, after := []byte(strings.Repeat("k", 32)), []byte(strings.Repeat("n", 32))
		ring := func(current []byte, others ...[]byte) {
			w.t.Helper()
			var err error
			if w.Keyring, err = secret.NewKeyring(current, others...); err != nil {
				w.t.Fatal(err)
			}
		}
		used, late := w.code(params("web1", rp)), w.code(params("web1", rp))
		ring(after, before)
		got, err := w.token(w.t.Context(), "web1", exchange(used, rp))
		if err != nil {
			w.t.Fatal(err)
		}
		early := w.code(params("web1", rp))
		ring(after)
		w.fails("its key is gone", "web1", late)
		w.fails("used, and its key is gone", "web1", used)
		if w.alive(got.AccessToken) {
			w.t.Error("a replay left its tokens alive")
		}
		ring(before, after) // a replica that is to get the new key, and knows it already
		if _, err := w.token(w.t.Context(), "web1", exchange(early, rp)); err != nil {
			w.t.Error(err)
		}
	})
}
