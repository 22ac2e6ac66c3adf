package signin_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pratu/flows/accounts"
	"pratu/flows/audit"
	"pratu/flows/kind"
	"pratu/flows/limits"
	"pratu/flows/passwords"
	"pratu/flows/secret"
	"pratu/flows/signin"
	"pratu/storage"
	"pratu/storage/storagetest"
)

const (
	mail     = "mali@x.test"
	password = "seven purple doors in the rain"
)

// world is a directory with one account. It hears the news.
type world struct {
	*signin.Service
	news     []storage.Session
	t        *testing.T
	account  *accounts.Account
	accounts *accounts.Service
	at       atomic.Int64
}

func (w *world) NewBrowser(_ context.Context, session storage.Session) error {
	w.news = append(w.news, session)
	return nil
}

func (w *world) Wake() {}

func (w *world) now() time.Time { return time.UnixMilli(w.at.Load()) }

func (w *world) pass(d time.Duration) { w.at.Add(d.Milliseconds()) }

func each(t *testing.T, run func(t *testing.T, w *world)) {
	t.Helper()
	storagetest.Engines(t, func(t *testing.T, s *storage.Store) {
		ring, err := secret.NewKeyring([]byte(strings.Repeat("k", 32)))
		must(t, err)
		w := &world{t: t}
		w.at.Store(time.Now().Truncate(time.Second).UnixMilli())
		log, hasher := &audit.Log{Store: s, Now: w.now}, passwords.New(passwords.Cheap)
		w.Service = &signin.Service{Store: s, Keyring: ring, Hasher: hasher, Audit: log, Now: w.now,
			Limiter: &limits.Limiter{Store: s, Keyring: ring, Now: w.now}}
		w.accounts = &accounts.Service{Store: s, Keyring: ring, Hasher: hasher, Audit: log, Now: w.now}
		w.News = w
		w.account, err = w.accounts.Create(t.Context(), accounts.New{Email: mail, EmailVerified: true, Password: password})
		must(t, err)
		run(t, w)
	})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) try(password, browser string) (signin.Proof, error) {
	return w.Password(w.t.Context(), signin.Attempt{Identifier: mail, Password: password, Browser: browser, IP: "192.0.2.1"})
}

// in signs in and expects it to work.
func (w *world) in(browser, cookie string) (string, storage.Session) {
	w.t.Helper()
	proof, err := w.try(password, browser)
	must(w.t, err)
	fresh, session, err := w.Begin(w.t.Context(), proof, signin.Browser{SessionCookie: cookie, BrowserCookie: browser, IP: "192.0.2.1"}, nil)
	must(w.t, err)
	return fresh, session
}

// What a sign-in costs the database doesn't grow unseen: each statement is a round trip.
func TestStatements(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.in("first", "") // prepares, and notes the use of the password
		before := w.Store.Statements()
		_, err := w.try(password, "second")
		must(t, err)
		if n := w.Store.Statements() - before; n != 2 {
			t.Errorf("the proof took %d statements, not 2: account, budgets after the hash", n)
		}
		begin := func(browser string, want int64, what string) {
			t.Helper()
			if w.Store.Engine() == "postgres" {
				want -= 2 // the session and what is read beside it are one, and the browser and the audit
			}
			proof, err := w.try(password, browser)
			must(t, err)
			before := w.Store.Statements()
			_, _, err = w.Begin(t.Context(), proof, signin.Browser{BrowserCookie: browser}, nil)
			must(t, err)
			if n := w.Store.Statements() - before; n != want {
				t.Errorf("the session took %d statements, not %d: %s", n, want, what)
			}
		}
		begin("first", 4, "session, what else the account has, browser, audit")
		begin("second", 6, "the same; the browser is new, and whether that is news")
		begin("second", 4, "it is known by now")
		_, err = w.try("slip", "second")
		if kind.Of(err) != kind.Unauthorized {
			t.Fatal(err)
		}
		begin("second", 6, "and the failure is counted with, and forgotten")
	})
}

// A sign-in with a browser that an account never used is news, except the account's first.
func TestNews(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		told := func(browser string, want int) {
			t.Helper()
			w.news = nil
			_, session := w.in(browser, "")
			if len(w.news) != want || want == 1 && w.news[0].ID != session.ID {
				t.Errorf("%s: %+v", browser, w.news)
			}
		}
		told("first", 0)
		told("first", 0)
		told("second", 1)
		told("second", 0)
		told("first", 0)
		w.pass(signin.KnownLife + time.Second)
		told("first", 1)
		_, err := w.Store.Purge(t.Context(), storage.At(w.now().Add(2*signin.KnownLife)))
		must(t, err)
		told("first", 1) // all are forgotten, but this isn't a new account
	})
}

// Attempts at the same moment use up the budget that they share (Keycloak CVE-2024-4629): no more are answered than it has.
func TestParallelGuesses(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		var wrong, limited atomic.Int64
		var all sync.WaitGroup
		for n := range 50 {
			all.Go(func() {
				_, err := w.try(fmt.Sprint("guess ", n), "")
				switch kind.Of(err) {
				case kind.Unauthorized:
					wrong.Add(1)
				case kind.RateLimited:
					limited.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		all.Wait()
		budget := int64(limits.SigninAccount.Budget)
		if wrong.Load() != budget || limited.Load() != 50-budget {
			t.Errorf("%d wrong, %d limited", wrong.Load(), limited.Load())
		}
		before := w.Hasher.Hashes()
		if _, err := w.try("guess", ""); kind.Of(err) != kind.RateLimited || w.Hasher.Hashes() != before {
			t.Errorf("beyond the budget a guess is hashed: %v", err)
		}
		// What was refused unseen doesn't use up the budget of the day.
		for range limits.SigninAccountDay.Budget/limits.SigninAccount.Budget - 1 {
			w.pass(limits.SigninAccount.Window)
			for range limits.SigninAccount.Budget {
				if _, err := w.try("guess", ""); kind.Of(err) != kind.Unauthorized {
					t.Fatal(err)
				}
			}
		}
		w.pass(limits.SigninAccount.Window)
		if _, err := w.try(password, ""); kind.Of(err) != kind.RateLimited {
			t.Errorf("the day's budget: %v", err)
		}
	})
}

// What is hashed while others use the budget up is told from nothing: else a hundred guesses at once would be answered by
// what is refused and what isn't, or by what is refused sooner.
func TestGuessTooLate(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		own, looks := &limits.Limiter{Store: w.Store, Keyring: w.Keyring, Now: w.now}, 0
		others := func() time.Time {
			if looks++; looks == 2 { // after the hash
				for range limits.SigninAccount.Budget {
					must(t, own.Count(t.Context(), limits.SigninAccount.Of(w.account.ID)))
				}
			}
			return w.now()
		}
		took := map[string]int64{}
		for _, guess := range []string{password, "guess"} {
			looks, w.Limiter = 0, &limits.Limiter{Store: w.Store, Keyring: w.Keyring, Now: others}
			must(t, own.Reset(t.Context(), limits.SigninAccount.Of(w.account.ID)))
			before := w.Store.Statements()
			if _, err := w.try(guess, ""); kind.Of(err) != kind.RateLimited || looks != 2 {
				t.Errorf("%q: %v, looked %d times", guess, err, looks)
			}
			took[guess] = w.Store.Statements() - before
			hashes := w.Hasher.Hashes()
			if _, err := w.try(guess, ""); kind.Of(err) != kind.RateLimited || w.Hasher.Hashes() != hashes {
				t.Errorf("%q once more: %v, and %d were hashed", guess, err, w.Hasher.Hashes()-hashes)
			}
		}
		if took[password] != took["guess"] {
			t.Errorf("statements tell the verdict: %v", took)
		}
	})
}

// A right password next to failures takes its turn among them: of those that are hashed at the same moment no more are
// answered than the budget has.
func TestRightGuessAmongOthers(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for range limits.SigninAccount.Budget - 1 {
			_, _ = w.try("guess", "")
		}
		proof, err := w.try(password, "")
		must(t, err)
		_, _ = w.try("the last guess", "")
		if _, _, err := w.Begin(t.Context(), proof, signin.Browser{}, nil); kind.Of(err) != kind.RateLimited {
			t.Errorf("one more than the budget has: %v", err)
		}
	})
}

// Who hangs up when the hash is over has guessed all the same.
func TestHungUp(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for range limits.SigninAccount.Budget {
			ctx, hangUp := context.WithCancel(t.Context())
			looks := 0
			w.Limiter.Now = func() time.Time {
				if looks++; looks == 2 { // after the hash
					hangUp()
				}
				return w.now()
			}
			_, _ = w.Password(ctx, signin.Attempt{Identifier: mail, Password: "guess", IP: "192.0.2.1"})
		}
		if _, err := w.try("guess", ""); kind.Of(err) != kind.RateLimited {
			t.Errorf("guesses of who hung up weren't counted: %v", err)
		}
	})
}

// Strangers who use the budget up don't lock the owner out of a browser that is known, and a success gives the budget back.
func TestKnownBrowser(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.in("mine", "")
		for range limits.SigninAccount.Budget {
			_, _ = w.try("guess", "")
		}
		if _, err := w.try(password, "strange"); kind.Of(err) != kind.RateLimited {
			t.Errorf("a stranger: %v", err)
		}
		for range 2 {
			for range limits.SigninBrowser.Budget - 1 {
				if _, err := w.try("slip", "mine"); kind.Of(err) != kind.Unauthorized {
					t.Fatal(err)
				}
			}
			w.in("mine", "")
		}
		w.pass(signin.KnownLife)
		for range limits.SigninAccount.Budget {
			_, _ = w.try("guess", "")
		}
		if _, err := w.try(password, "mine"); kind.Of(err) != kind.RateLimited {
			t.Errorf("forgotten after a year: %v", err)
		}
	})
}

// The sign-in and what it is for happen together or not at all.
func TestBeginTogether(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for range limits.SigninAccount.Budget - 1 {
			_, _ = w.try("guess", "b")
		}
		proof, err := w.try(password, "b")
		must(t, err)
		gone := errors.New("the request is gone")
		_, _, err = w.Begin(t.Context(), proof, signin.Browser{BrowserCookie: "b"}, func(context.Context, storage.SessionView) error { return gone })
		if !errors.Is(err, gone) {
			t.Fatal(err)
		}
		sessions, err := w.SessionsOf(t.Context(), proof.AccountID)
		must(t, err)
		if len(sessions) != 0 {
			t.Errorf("%+v", sessions)
		}
		_, _ = w.try("guess", "b")
		if _, err := w.try(password, "b"); kind.Of(err) != kind.RateLimited {
			t.Errorf("the browser is known, or the failures are forgotten: %v", err)
		}
	})
}

// An old hash is replaced by the sign-in that it let in, unless the password was changed meanwhile.
func TestRehash(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		old := w.Hasher
		w.Hasher = passwords.New(passwords.Params{MemoryKiB: 128, Iterations: 1, Parallelism: 1, Workers: 1})
		w.in("b", "")
		before := w.Hasher.Hashes()
		w.in("b", "")
		if n := w.Hasher.Hashes() - before; n != 1 {
			t.Errorf("hashed again: %d", n)
		}
		proof, err := func() (signin.Proof, error) { w.Hasher = old; return w.try(password, "b") }()
		must(t, err)
		digests := w.Keyring.Digests("email", mail)
		_, c, err := w.Store.AccountByContact(t.Context(), "email", digests)
		must(t, err)
		changed, err := old.Hash(t.Context(), "nine green windows at night")
		must(t, err)
		must(t, w.Store.UpdatePasswordHash(t.Context(), c.ID, c.Secret, changed))
		_, _, err = w.Begin(t.Context(), proof, signin.Browser{}, nil)
		must(t, err)
		if _, c, err = w.Store.AccountByContact(t.Context(), "email", digests); err != nil || c.Secret != changed {
			t.Errorf("the change is undone: %v", err)
		}
	})
}

// Sessions: a new cookie for each sign-in, accounts side by side, idle and absolute ends.
func TestSessions(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		first, one := w.in("b", "")
		second, two := w.in("b", first)
		if first == second || one.ID != two.ID {
			t.Error("the cookie stayed, or applications know another session")
		}
		live := func(cookie string) int {
			t.Helper()
			list, err := w.Sessions(t.Context(), cookie, "")
			must(t, err)
			return len(list)
		}
		if live(first) != 0 || live(second) != 1 || live("") != 0 || live(strings.Repeat("x", 300)) != 0 {
			t.Error(live(first), live(second))
		}
		other, err := w.accounts.Create(t.Context(), accounts.New{Email: "som@x.test", EmailVerified: true, Password: password})
		must(t, err)
		third, _, err := w.Begin(t.Context(), signin.PasswordProof(other.ID, w.now()), signin.Browser{SessionCookie: second}, nil)
		must(t, err)
		if live(third) != 2 || live(second) != 0 {
			t.Error(live(third), live(second))
		}
		if err := w.Select(t.Context(), second, two.ID); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("selected with an old cookie: %v", err)
		}
		must(t, w.Select(t.Context(), third, two.ID))
		w.pass(time.Hour)
		must(t, w.Seen(t.Context(), two))
		w.pass(signin.IdleLife - time.Minute)
		if live(third) != 1 {
			t.Errorf("%d after idling", live(third))
		}
		must(t, w.End(t.Context(), two.ID))
		must(t, w.End(t.Context(), two.ID))
		if live(third) != 0 {
			t.Error("ended sessions live")
		}
	})
}

func TestNetwork(t *testing.T) {
	for text, want := range map[string]string{
		"192.0.2.7": "192.0.2.7", "::ffff:192.0.2.7": "192.0.2.7", "2001:db8:1:2:3::4": "2001:db8:1:2::/64",
		"fe80::1%eth0": "fe80::/64", "": "unknown", "what": "unknown",
	} {
		if got := signin.Network(text); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}
