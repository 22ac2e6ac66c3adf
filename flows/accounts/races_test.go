package accounts_test

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pratu/flows/accounts"
	"pratu/flows/codes"
	"pratu/flows/kind"
	"pratu/flows/limits"
	"pratu/flows/sms"
)

const crowd = 50

// busy lifts the limits that would keep fifty messages from one address, and gives the world a phone.
func (w *world) busy() (texts func() []sms.Message) {
	w.t.Helper()
	w.Limiter.Overrides = map[string]limits.Override{}
	for _, p := range []limits.Policy{limits.MailMinute, limits.MailDay, limits.SMSMinute, limits.SMSDay, limits.CodeAddress} {
		w.Limiter.Overrides[p.Name] = limits.Override{Budget: 10 * crowd, Window: p.Window}
	}
	sender, err := sms.Open("file:"+w.t.TempDir(), sms.Webhook{}, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	var mu sync.Mutex
	var list []sms.Message
	w.box.Handlers[sms.Kind] = func(_ context.Context, raw []byte) error {
		var m sms.Message
		if err := json.Unmarshal(raw, &m); err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		list = append(list, m)
		return nil
	}
	w.Codes = &codes.Service{
		Store: w.Store, Keyring: w.Keyring, Limiter: w.Limiter, Mail: w.Mail, SMS: &sms.Service{Outbox: w.box, Sender: sender},
		Issuer: w.Issuer, Product: "Pratu", Now: w.now,
	}
	return func() []sms.Message {
		w.delivered()
		mu.Lock()
		defer mu.Unlock()
		got := list
		list = nil
		return got
	}
}

// together runs a number of calls at once and counts those that worked. The others lost the race, in one of the ways in
// which that is told.
func (w *world) together(n int, run func(i int) error) int64 {
	w.t.Helper()
	var won atomic.Int64
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			switch err := run(i); {
			case err == nil:
				won.Add(1)
			case kind.Of(err) == kind.Exists, kind.Of(err) == kind.NotFound, kind.Of(err) == kind.Unavailable:
			default:
				w.t.Error(err)
			}
		})
	}
	all.Wait()
	return won.Load()
}

// One address, registered fifty times at once in different spellings and proven fifty times at once, is one account.
func TestFiftyRegistrations(t *testing.T) {
	each(t, func(w *world) {
		w.busy()
		spellings := []string{"kate@x.test", "KATE@x.test", " Kate@X.TEST", "kate\u200b@x.test", "kAtE@X.tEsT "}
		begun := w.together(crowd, func(i int) error {
			_, err := w.Register(w.t.Context(), accounts.Registration{
				Email: spellings[i%len(spellings)], Password: good, Browser: fmt.Sprint("b", i), Locale: "th", IP: "192.0.2.1",
			})
			return err
		})
		mails := w.delivered()
		if begun == 0 || len(mails) != int(begun) {
			w.t.Fatalf("%d registrations, %d mails", begun, len(mails))
		}
		won := w.together(len(mails), func(i int) error {
			_, err := w.ActivateLink(w.t.Context(), mails[i].Data.Token, "another", evils)
			return err
		})
		if won != 1 || !w.signsIn("kate@x.test", evils) {
			w.t.Errorf("%d accounts have one address", won)
		}
	})
}

// The same for a number. Those who prove it a moment later are asked whether to take it; none of them is given an account.
func TestFiftyNumbers(t *testing.T) {
	each(t, func(w *world) {
		texts := w.busy()
		spellings := []string{"0812345678", "+66 81-234-5678", "๐๘๑ ๒๓๔ ๕๖๗๘", "0066812345678", "(081) 234.5678"}
		handles, secrets := make([]string, crowd), make([]string, crowd)
		for i := range crowd {
			handles[i] = w.register(spellings[i%len(spellings)], good, "b")
			got := texts()
			if len(got) != 1 || got[0].To != "+66812345678" {
				w.t.Fatalf("%d: %+v", i, got)
			}
			secrets[i] = got[0].Code
		}
		won := w.together(crowd, func(i int) error {
			_, err := w.VerifyCode(w.t.Context(), handles[i], "b", secrets[i])
			return err
		})
		if won != 1 || !w.signsIn("081 234 5678", good) {
			w.t.Errorf("%d accounts have one number", won)
		}
	})
}

// A number that many take from its holder at once goes to one of them, and is taken once.
func TestFiftyTakers(t *testing.T) {
	each(t, func(w *world) {
		texts := w.busy()
		const takers = 10
		holder, err := w.Create(w.t.Context(), accounts.New{Email: "kate@x.test", EmailVerified: true, Phone: "0812345678", PhoneVerified: true, Password: good})
		if err != nil {
			w.t.Fatal(err)
		}
		challenges := make([]*codes.Challenge, takers)
		for i := range takers {
			a, err := w.Create(w.t.Context(), accounts.New{Email: fmt.Sprintf("taker%d@x.test", i), EmailVerified: true, Password: good})
			if err != nil {
				w.t.Fatal(err)
			}
			handle, err := w.BeginContact(w.t.Context(), accounts.NewContact{Account: a, Text: "0812345678", Browser: "b", Locale: "en", IP: "192.0.2.1"})
			if err != nil {
				w.t.Fatal(err)
			}
			if challenges[i], err = w.Codes.Load(w.t.Context(), codes.AddContact, handle, "b"); err != nil {
				w.t.Fatal(err)
			}
			if err := w.Codes.Check(w.t.Context(), challenges[i], texts()[0].Code); err != nil {
				w.t.Fatal(err)
			}
		}
		w.pass(time.Second)
		for _, c := range challenges {
			if err := w.AddContact(w.t.Context(), c, false); !kind.Is(err, "contact.number_taken") {
				w.t.Fatal(err)
			}
		}
		if won := w.together(takers, func(i int) error { return w.AddContact(w.t.Context(), challenges[i], true) }); won < 1 {
			w.t.Error("nobody has it")
		}
		owners := 0
		for i := range takers {
			a, err := w.Load(w.t.Context(), challenges[i].AccountID)
			if err != nil {
				w.t.Fatal(err)
			}
			if a.Phone() != "" {
				owners++
			}
		}
		old, err := w.Load(w.t.Context(), holder.ID)
		if err != nil || old.Phone() != "" || owners != 1 {
			w.t.Errorf("%d accounts have the number, its holder %q: %v", owners, old.Phone(), err)
		}
	})
}
