package codes_test

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pratu/flows/codes"
	"pratu/flows/contact"
	"pratu/flows/issuer"
	"pratu/flows/kind"
	"pratu/flows/limits"
	"pratu/flows/mail"
	"pratu/flows/outbox"
	"pratu/flows/secret"
	"pratu/flows/sms"
	"pratu/storage"
	"pratu/storage/storagetest"
)

// world keeps what would be sent.
type world struct {
	*codes.Service
	t     *testing.T
	box   *outbox.Outbox
	at    atomic.Int64
	mails []mail.Code
	texts []sms.Message
	none  int
}

type nowhere struct{}

func (nowhere) Send(context.Context, sms.Text) error { return nil }

func (w *world) now() time.Time { return time.UnixMilli(w.at.Load()) }

func (w *world) pass(d time.Duration) { w.at.Add(d.Milliseconds()) }

func each(t *testing.T, run func(t *testing.T, w *world)) {
	t.Helper()
	storagetest.Engines(t, func(t *testing.T, s *storage.Store) {
		ring, err := secret.NewKeyring([]byte(strings.Repeat("k", 32)))
		must(t, err)
		i, err := issuer.New("https://op.test")
		must(t, err)
		w := &world{t: t}
		w.at.Store(time.Now().Truncate(time.Second).UnixMilli())
		w.box = &outbox.Outbox{Store: s, Keyring: ring, Now: w.now}
		w.box.Handlers = map[string]outbox.Handler{
			mail.Kind: func(_ context.Context, raw []byte) error { return w.keep(raw, &w.mails) },
			sms.Kind:  func(_ context.Context, raw []byte) error { return w.keepText(raw, &w.texts) },
		}
		w.Service = &codes.Service{
			Store: s, Keyring: ring, Limiter: &limits.Limiter{Store: s, Keyring: ring, Now: w.now}, Issuer: i, Product: "Pratu", Now: w.now,
			Mail: &mail.Service{Outbox: w.box, Now: w.now}, SMS: &sms.Service{Outbox: w.box, Sender: nowhere{}},
		}
		run(t, w)
	})
}

func (w *world) keep(raw []byte, list *[]mail.Code) error {
	var m struct {
		Nobody bool
		Data   mail.Code
	}
	if err := json.Unmarshal(raw, &m); err != nil {
		return err
	}
	if m.Nobody {
		w.none++
		return nil
	}
	*list = append(*list, m.Data)
	return nil
}

func (w *world) keepText(raw []byte, list *[]sms.Message) error {
	var m sms.Message
	if err := json.Unmarshal(raw, &m); err != nil {
		return err
	}
	if m.Nobody {
		w.none++
		return nil
	}
	*list = append(*list, m)
	return nil
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) flush() {
	w.t.Helper()
	must(w.t, w.box.Flush(w.t.Context()))
}

func parse(t *testing.T, text string) contact.Contact {
	t.Helper()
	c, err := contact.Parse(text)
	must(t, err)
	return c
}

func (w *world) begin(to, account string) *codes.Challenge {
	w.t.Helper()
	handle, err := w.Begin(w.t.Context(), codes.Request{
		Purpose: codes.SignIn, AccountID: account, Contact: parse(w.t, to), Browser: "mine", Network: "192.0.2.1", Locale: "en", LinkPath: "/link",
	})
	must(w.t, err)
	c, err := w.Load(w.t.Context(), codes.SignIn, handle, "mine")
	must(w.t, err)
	w.flush()
	return c
}

// expect reads an error's code, "" for none.
func expect(t *testing.T, err error, want string) {
	t.Helper()
	got := ""
	if err != nil {
		got = kind.Code(err)
	}
	if got != want {
		t.Errorf("%v, not %q", err, want)
	}
}

func TestCode(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.begin("mali@x.test", "a1")
		sent := w.mails[0]
		if len(sent.Code) != 6 || !strings.HasSuffix(sent.Link, "/link?token="+sent.Token) || c.Address() != "m•••@x.test" {
			t.Errorf("%+v", sent)
		}
		for _, other := range []string{"theirs", ""} {
			_, err := w.Load(t.Context(), codes.SignIn, c.Handle, other)
			expect(t, err, "code.other_browser")
		}
		_, err := w.Load(t.Context(), codes.Recovery, c.Handle, "mine") // a code for one thing is none for another
		expect(t, err, "code.expired")
		_, err = w.Linked(t.Context(), codes.Recovery, sent.Token, "mine")
		expect(t, err, "code.expired")
		linked, err := w.Linked(t.Context(), codes.SignIn, sent.Token, "theirs")
		must(t, err)
		if linked.SameBrowser || linked.AccountID != "a1" {
			t.Errorf("%+v", linked)
		}
		expect(t, w.Check(t.Context(), c, "000000x"), "code.wrong")
		expect(t, w.Check(t.Context(), c, " "+sent.Code[:3]+" "+sent.Code[3:]), "")
		// One code at once in fifty hands buys one thing; the link is the same code.
		var won atomic.Int64
		var all sync.WaitGroup
		for n := range 50 {
			all.Go(func() {
				which := c
				if n%2 == 0 {
					which = linked
				}
				if err := w.Use(t.Context(), which); err == nil {
					won.Add(1)
				}
			})
		}
		all.Wait()
		if won.Load() != 1 {
			t.Errorf("%d uses", won.Load())
		}
		_, err = w.Load(t.Context(), codes.SignIn, c.Handle, "mine")
		expect(t, err, "code.expired")
	})
}

// Whether anybody has the contact shows in nothing but who gets a message.
func TestNobody(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.begin("warm@x.test", "a0")
		count := func(to, account string) int64 {
			before := w.Store.Statements()
			handle, err := w.Begin(t.Context(), codes.Request{Purpose: codes.SignIn, AccountID: account, Contact: parse(t, to), Browser: "mine", Network: "192.0.2.1"})
			must(t, err)
			c, err := w.Load(t.Context(), codes.SignIn, handle, "mine")
			must(t, err)
			expect(t, w.Check(t.Context(), c, "000000"), "code.wrong")
			return w.Store.Statements() - before
		}
		for _, pair := range [][2]string{{"mali@x.test", "nobody@x.test"}, {"0812345678", "0812345679"}} {
			if a, b := count(pair[0], "a1"), count(pair[1], ""); a != b {
				t.Errorf("%v: %d and %d statements", pair, a, b)
			}
		}
		w.flush()
		if len(w.mails) != 2 || len(w.texts) != 1 || w.none != 2 {
			t.Errorf("%d mails, %d texts, %d nowhere", len(w.mails), len(w.texts), w.none)
		}
	})
}

// Guessing is bounded for one code, and codes by the messages that a contact gets: a new one brings no new budget.
func TestGuessing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for range limits.MailDay.Budget {
			c := w.begin("mali@x.test", "a1")
			for range limits.CodeChallenge.Budget {
				expect(t, w.Check(t.Context(), c, "wrong"), "code.wrong")
			}
			expect(t, w.Check(t.Context(), c, w.mails[len(w.mails)-1].Code), "limit.exceeded")
			w.pass(limits.MailMinute.Window)
		}
		// Of what isn't sent any more, no code at all is right.
		c := w.begin("mali@x.test", "a1")
		if len(w.mails) != limits.MailDay.Budget {
			t.Fatalf("%d mails", len(w.mails))
		}
		row, err := w.Store.Challenge(t.Context(), secret.Hash(c.Handle), codes.SignIn, storage.At(w.now()))
		must(t, err)
		if row.CodeHash != "" || w.Keyring.CheckMAC("challenge-code", row.CodeHash, row.ID, "") {
			t.Error("some code is right, although nobody was told")
		}
		if _, err := w.Begin(t.Context(), codes.Request{Purpose: codes.SignIn, Contact: parse(t, "x@x.test"), Network: "192.0.2.1"}); err != nil {
			t.Error(err)
		}
	})
}

// Fifty wishes for another code at once are one message, and the code in it is the one that works.
func TestFiftyResends(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.begin("mali@x.test", "a1")
		w.pass(limits.MailMinute.Window)
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() {
				if err := w.Resend(t.Context(), c, "/link", ""); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		w.flush()
		fresh, err := w.Load(t.Context(), codes.SignIn, c.Handle, "mine")
		must(t, err)
		if len(w.mails) != 2 {
			t.Fatalf("%d mails", len(w.mails))
		}
		expect(t, w.Check(t.Context(), fresh, w.mails[1].Code), "")
	})
}

// Whatever a stranger does with somebody's address, the owner's own browser gets a code and may type it wrong (HP-07); and a
// link to a new password is in the mailbox as long as strangers' recoveries are refused.
func TestStrangersLockNobodyOut(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		must(t, w.Store.CreateAccount(t.Context(), storage.Account{ID: "a1", SSOID: 1, OID: "o1", Status: storage.StatusActive, Profile: "{}"}))
		must(t, w.Store.KnowBrowser(t.Context(), "a1", secret.Hash("mine"), "", storage.At(w.now()), storage.At(w.now().Add(48*time.Hour))))
		ask := func(purpose, browser string) *codes.Challenge {
			handle, err := w.Begin(t.Context(), codes.Request{
				Purpose: purpose, AccountID: "a1", Contact: parse(t, "mali@x.test"), Browser: browser, Network: browser, LinkPath: "/link",
			})
			must(t, err)
			w.flush()
			c, err := w.Load(t.Context(), purpose, handle, browser)
			must(t, err)
			return c
		}
		attack := func() {
			for n := range limits.MailDay.Budget + 2 {
				for _, purpose := range []string{codes.SignIn, codes.AddContact, codes.Recovery} {
					c := ask(purpose, "stranger"+strconv.Itoa(n))
					for range limits.CodeChallenge.Budget + 1 {
						_ = w.Check(t.Context(), c, "000000x")
					}
				}
				w.pass(limits.MailMinute.Window)
			}
		}
		attack()
		for _, purpose := range []string{codes.SignIn, codes.Recovery, codes.Confirm} {
			w.mails = nil
			c := ask(purpose, "mine")
			if len(w.mails) != 1 {
				t.Fatalf("%s: %d mails", purpose, len(w.mails))
			}
			expect(t, w.Check(t.Context(), c, "000000x"), "code.wrong")
			expect(t, w.Check(t.Context(), c, w.mails[0].Code), "")
			must(t, w.Use(t.Context(), c))
			w.pass(limits.MailMinute.Window)
		}
	})
}

// In a browser that is new to the account: at any time there is a link or a spare code that works, or a message is sent.
func TestStrangersLeaveAWayIn(t *testing.T) {
	for _, to := range []string{"mali@x.test", "+66812345678"} {
		t.Run(to, func(t *testing.T) {
			each(t, func(t *testing.T, w *world) {
				must(t, w.Store.CreateAccount(t.Context(), storage.Account{ID: "a1", SSOID: 1, OID: "o1", Status: storage.StatusActive, Profile: "{}"}))
				linkPath := "/link"
				if parse(t, to).Kind == contact.Phone {
					linkPath = ""
				}
				ask := func(browser string) {
					_, err := w.Begin(t.Context(), codes.Request{
						Purpose: codes.Recovery, AccountID: "a1", Contact: parse(t, to), Browser: browser, Network: browser, LinkPath: linkPath,
					})
					must(t, err)
					w.flush()
				}
				var tokens []string
				for n := range limits.MailDay.Budget + 2 {
					ask("stranger" + strconv.Itoa(n))
					w.pass(limits.MailMinute.Window)
				}
				for _, m := range w.mails {
					tokens = append(tokens, m.Token)
				}
				for _, m := range w.texts {
					tokens = append(tokens, m.Spare)
				}
				for range 25 {
					w.mails, w.texts = nil, nil
					ask("new")
					works := len(w.mails) + len(w.texts)
					for _, token := range tokens {
						if _, err := w.Linked(t.Context(), codes.Recovery, token, "new"); err == nil {
							works++
						}
					}
					if works == 0 {
						t.Fatal("no way in")
					}
					w.pass(time.Hour)
				}
			})
		})
	}
}

func TestResend(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.begin("mali@x.test", "a1")
		must(t, w.Resend(t.Context(), c, "/link", "")) // too early: nothing happens, the first goes on working
		w.flush()
		expect(t, w.Check(t.Context(), c, w.mails[0].Code), "")
		w.pass(time.Minute)
		must(t, w.Resend(t.Context(), c, "/link", ""))
		w.flush()
		if len(w.mails) != 2 {
			t.Fatalf("%d mails", len(w.mails))
		}
		expect(t, w.Use(t.Context(), c), "code.expired") // it was replaced
		fresh, err := w.Load(t.Context(), codes.SignIn, c.Handle, "mine")
		must(t, err)
		expect(t, w.Check(t.Context(), fresh, w.mails[1].Code), "")
		w.pass(codes.LinkLife)
		expect(t, w.Use(t.Context(), fresh), "code.expired")
		w.SMS.Sender = nil
		_, err = w.Begin(t.Context(), codes.Request{Purpose: codes.SignIn, AccountID: "a1", Contact: parse(t, "0812345678"), Network: "192.0.2.1"})
		expect(t, err, "code.no_sms")
	})
}

// A pass stands for a code that was right, and for nothing else; a form has time, but not for ever.
func TestPass(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c, other := w.begin("0812345678", "a1"), w.begin("mali@x.test", "a1")
		pass, err := w.Pass(t.Context(), c)
		must(t, err)
		expect(t, w.Passed(c, pass), "")
		for _, wrong := range []string{"", "guess"} {
			expect(t, w.Passed(c, wrong), "code.expired")
		}
		expect(t, w.Passed(other, pass), "code.expired")
		w.pass(codes.PassLife - time.Second)
		fresh, err := w.Load(t.Context(), codes.SignIn, c.Handle, "mine")
		must(t, err)
		expect(t, w.Passed(fresh, pass), "")
		must(t, w.Resend(t.Context(), fresh, "", ""))
		fresh, err = w.Load(t.Context(), codes.SignIn, c.Handle, "mine")
		must(t, err)
		expect(t, w.Passed(fresh, pass), "code.expired") // another code was sent
		w.pass(codes.Life)                               // and lives no longer than the first
		_, err = w.Pass(t.Context(), fresh)
		expect(t, err, "code.expired")
	})
}

// Somebody else has the contact: they are told in place of a code, it costs the same, and nothing proves the challenge.
func TestInstead(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.begin("warm@x.test", "a0")
		ask := func(to string, instead *mail.Message) (*codes.Challenge, int64) {
			before := w.Store.Statements()
			handle, err := w.Begin(t.Context(), codes.Request{Purpose: codes.AddContact, AccountID: "a1", Contact: parse(t, to), Browser: "mine",
				Network: "192.0.2.1", LinkPath: "/link", Instead: instead})
			must(t, err)
			n := w.Store.Statements() - before
			c, err := w.Load(t.Context(), codes.AddContact, handle, "mine")
			must(t, err)
			return c, n
		}
		told := &mail.Message{To: "taken@x.test", Template: mail.TemplateAccountExists, Locale: "en", Data: mail.AccountExists{}}
		_, n1 := ask("free@x.test", nil)
		c, n2 := ask("taken@x.test", told)
		if n1 != n2 {
			t.Errorf("%d and %d statements", n1, n2)
		}
		w.flush()
		last := w.mails[len(w.mails)-1]
		if last.Code != "" || last.Token != "" {
			t.Errorf("%+v", last)
		}
		expect(t, w.Check(t.Context(), c, "000000"), "code.wrong")
		w.pass(2 * time.Minute)
		c.Instead = told
		must(t, w.Resend(t.Context(), c, "/link", ""))
		w.flush()
		if last := w.mails[len(w.mails)-1]; last.Code != "" {
			t.Errorf("%+v", last)
		}
	})
}
