package oidc_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"pratu/flows/clients"
	"pratu/flows/oidc"
	"pratu/storage"
)

// firstParty makes a client one of ours, which nobody is asked about.
func (w *world) firstParty(id string) {
	w.t.Helper()
	if _, err := w.Clients.Update(w.t.Context(), id, func(d *clients.Document) error {
		d.Settings.FirstParty = true
		return nil
	}); err != nil {
		w.t.Fatal(err)
	}
	if _, err := w.Store.RevokeClient(w.t.Context(), w.alice.AccountID, id, storage.At(w.clock.now())); err != nil {
		w.t.Fatal(err)
	}
}

// fails expects a code to buy nothing.
func (w *world) fails(what, client, code string) {
	w.t.Helper()
	if got, err := w.token(w.t.Context(), client, exchange(code, rp)); oidc.Answer(err) == nil || oidc.Answer(err).Code != oidc.InvalidGrant {
		w.t.Errorf("%s: %+v %v", what, got, err)
	}
}

// A code is its client's, in one spelling; whoever tries another doesn't spend it.
func TestCodesOfOthersAndOtherSpellings(t *testing.T) {
	each(t, func(w *world) {
		code := w.code(params("web1", rp))
		if strings.Contains(code, "alice") || strings.Contains(code, "21992040") {
			w.t.Errorf("a code tells whose it is: %s", code)
		}
		for what, other := range map[string]string{
			"cut short":          code[:len(code)-1],
			"longer":             code + "A",
			"padded":             code + "=",
			"line break":         code[:60] + "\n" + code[60:],
			"changed":            code[:60] + string('A'+('B'-code[60]+25)%25) + code[61:],
			"unused bits":        code[:len(code)-1] + string(code[len(code)-1]+1),
			"without its prefix": strings.TrimPrefix(code, "pratu_ac_"),
			"a refresh token":    "pratu_rt_" + strings.TrimPrefix(code, "pratu_ac_"),
			"under another key":  "pratu_ac_00000000" + code[len("pratu_ac_00000000"):],
			"nothing in it":      code[:len("pratu_ac_00000000.")],
			"endless":            code + strings.Repeat("A", 1<<15),
		} {
			w.costs(1, what, func() { w.fails(what, "web1", other) })
		}
		w.fails("another client's", "opaque", code)
		w.fails("another client's", "free", code)
		if _, err := w.token(w.t.Context(), "web1", exchange(code, rp)); err != nil {
			w.t.Errorf("the right one: %v", err)
		}
	})
}

// F35: nothing is bought after a sign-out, neither for a request that had begun before nor with a code from before.
func TestNothingIsIssuedForAnEndedSession(t *testing.T) {
	each(t, func(w *world) {
		w.firstParty("opaque")
		waiting, own := w.code(params("web1", rp)), w.code(params("opaque", rp))
		r, err := w.Authorization(w.t.Context(), params("web1", rp), w.clock.now())
		if err != nil {
			w.t.Fatal(err)
		}
		if _, err := w.Store.EndSession(w.t.Context(), w.alice.ID, storage.At(w.clock.now())); err != nil {
			w.t.Fatal(err)
		}
		w.fails("from before", "web1", waiting)
		w.fails("from before, of our own application", "opaque", own)
		answer, err := w.Issue(w.t.Context(), r, w.alice, nil)
		if err == nil {
			w.fails("of a request from before", "web1", answer.Params.Get("code"))
		}
	})
}

// What an account took back from an application can't be fetched either. There is nothing to take back from our own.
func TestCodeAfterWithdrawal(t *testing.T) {
	each(t, func(w *world) {
		code := w.code(params("web1", rp))
		if _, err := w.Store.RevokeClient(w.t.Context(), w.alice.AccountID, "web1", storage.At(w.clock.now())); err != nil {
			w.t.Fatal(err)
		}
		w.fails("taken back", "web1", code)
		w.allow("web1", []string{"openid", "offline_access"}, nil)
		w.fails("taken back, then less allowed", "web1", code)
		claims := w.code(params("web1", rp, "scope", "openid", "claims", `{"userinfo":{"birthdate":null}}`))
		w.fails("a claim that isn't allowed", "web1", claims)
		w.firstParty("opaque")
		if _, err := w.token(w.t.Context(), "opaque", exchange(w.code(params("opaque", rp)), rp)); err != nil {
			w.t.Errorf("our own: %v", err)
		}
	})
}

// Wrong verifiers for a code that buys nothing any more are none of an application that has something.
func TestWrongProofsOfDeadCodes(t *testing.T) {
	each(t, func(w *world) {
		guess := func(what, code string) {
			for range 5 {
				_, err := w.token(w.t.Context(), "web1", exchange(code, rp, "code_verifier", strings.Repeat("a", 43)))
				w.refused(err, oidc.InvalidGrant)
			}
			list, err := w.Store.AccessOfAccount(w.t.Context(), w.alice.AccountID, storage.At(w.clock.now()))
			if err != nil || len(list) > 0 {
				w.t.Errorf("%s: %+v %v", what, list, err)
			}
		}
		late, code := w.code(params("web1", rp)), w.code(params("web1", rp))
		if _, err := w.Store.RevokeClient(w.t.Context(), w.alice.AccountID, "web1", storage.At(w.clock.now())); err != nil {
			w.t.Fatal(err)
		}
		guess("taken back", code)
		w.consent("web1")
		w.clock.pass(oidc.CodeLife)
		guess("expired", late)
	})
}

// A grant that ends with its session before its code does is purged while other replicas' clocks still have that code usable.
func TestCodeOfExpiredGrant(t *testing.T) {
	each(t, func(w *world) {
		w.alice.ExpiresAt = w.clock.now().Add(time.Second)
		used, late := w.code(params("web1", rp, "scope", "openid")), w.code(params("web1", rp, "scope", "openid"))
		if _, err := w.token(w.t.Context(), "web1", exchange(used, rp)); err != nil {
			w.t.Fatal(err)
		}
		w.clock.pass(oidc.CodeLife - 2*time.Second)
		ahead := w.clock.now().Add(5 * time.Second)
		if rows, err := w.Store.Purge(w.t.Context(), storage.At(ahead)); rows == 0 || err != nil {
			w.t.Fatalf("%d %v", rows, err)
		}
		w.fails("used and purged", "web1", used)
		w.fails("never used", "web1", late)
	})
}

// Of an exchange and a withdrawal at the same moment, on two replicas, either the code buys nothing or what it buys ends.
func TestCodeAgainstWithdrawal(t *testing.T) {
	worlds(t, 2, func(t *testing.T, w []*world) {
		w[0].t, w[1].t = t, t
		bought := 0
		for range 30 {
			w[0].consent("web1")
			code := w[0].code(params("web1", rp))
			var got *oidc.Tokens
			var both sync.WaitGroup
			both.Go(func() { got, _ = w[0].token(t.Context(), "web1", exchange(code, rp)) })
			both.Go(func() {
				if _, err := w[1].Store.RevokeClient(t.Context(), w[1].alice.AccountID, "web1", storage.At(w[1].clock.now())); err != nil {
					t.Error(err)
				}
			})
			both.Wait()
			if got == nil {
				continue
			}
			bought++
			if w[0].alive(got.AccessToken) {
				t.Fatal("a grant outlived the withdrawal of what was allowed")
			}
		}
		t.Logf("%d of 30 were bought, and ended", bought)
	})
}

// Too long for a URL: the grant is a row as it is issued, and everything holds as for others.
func TestLongCode(t *testing.T) {
	each(t, func(w *world) {
		long := func() string { return w.code(params("web1", rp, "nonce", strings.Repeat("n", 1000))) }
		code := w.code(params("web1", rp)) // fills the client cache
		w.costs(1, "a long one", func() { code = long() })
		if len(code) > 100 {
			w.t.Errorf("%d bytes", len(code))
		}
		got, err := w.token(w.t.Context(), "web1", exchange(code, rp))
		if err != nil || w.claims(got.IDToken)["nonce"] != strings.Repeat("n", 1000) {
			w.t.Fatalf("%+v %v", got, err)
		}
		w.fails("used", "web1", code)
		if w.alive(got.AccessToken) {
			w.t.Error("a replay left its tokens alive")
		}
		code = long()
		if _, err := w.Store.EndSession(w.t.Context(), w.alice.ID, storage.At(w.clock.now())); err != nil {
			w.t.Fatal(err)
		}
		w.fails("signed out", "web1", code)
	})
}
