package accounts_test

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pratu/flows/accounts"
	"pratu/flows/audit"
	"pratu/flows/issuer"
	"pratu/flows/kind"
	"pratu/flows/limits"
	"pratu/flows/mail"
	"pratu/flows/outbox"
	"pratu/flows/passwords"
	"pratu/flows/secret"
	"pratu/flows/signin"
	"pratu/storage"
	"pratu/storage/storagetest"
)

const (
	good  = "seven purple doors in the rain"
	evils = "nine green windows at night"
)

type sent struct {
	To, Template string
	Nobody       bool
	Data         mail.Verify
}

// world is the directory with a mailbox that keeps what would be sent.
type world struct {
	*accounts.Service
	t      *testing.T
	box    *outbox.Outbox
	signin *signin.Service
	mu     sync.Mutex
	mails  []sent
	at     time.Time
}

func (w *world) now() time.Time { w.mu.Lock(); defer w.mu.Unlock(); return w.at }

func (w *world) pass(d time.Duration) { w.mu.Lock(); defer w.mu.Unlock(); w.at = w.at.Add(d) }

func each(t *testing.T, run func(w *world)) {
	t.Helper()
	storagetest.Engines(t, func(t *testing.T, s *storage.Store) {
		ring, err := secret.NewKeyring([]byte(strings.Repeat("k", 32)))
		if err != nil {
			t.Fatal(err)
		}
		i, err := issuer.New("https://op.test")
		if err != nil {
			t.Fatal(err)
		}
		w := &world{t: t, at: time.Now().Truncate(time.Second)}
		w.box = &outbox.Outbox{Store: s, Keyring: ring, Now: w.now, Handlers: map[string]outbox.Handler{mail.Kind: w.keep}}
		log, hasher := &audit.Log{Store: s, Now: w.now}, passwords.New(passwords.Cheap)
		limiter := &limits.Limiter{Store: s, Keyring: ring, Now: w.now}
		w.signin = &signin.Service{Store: s, Keyring: ring, Hasher: hasher, Limiter: limiter, Audit: log, Now: w.now}
		w.Service = &accounts.Service{
			Store: s, Keyring: ring, Hasher: hasher, Limiter: limiter, Audit: log, Issuer: i, Product: "Pratu", Now: w.now,
			Mail: &mail.Service{Outbox: w.box, From: "Pratu <no-reply@op.test>", Now: w.now},
		}
		run(w)
	})
}

func (w *world) keep(_ context.Context, payload []byte) error {
	var m sent
	if err := json.Unmarshal(payload, &m); err != nil || m.Nobody {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.mails = append(w.mails, m)
	return nil
}

// delivered are the mails since the last call.
func (w *world) delivered() []sent {
	w.t.Helper()
	if err := w.box.Flush(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	list := w.mails
	w.mails = nil
	return list
}

func (w *world) register(email, password, browser string) string {
	w.t.Helper()
	handle, err := w.Register(w.t.Context(), accounts.Registration{Email: email, Password: password, Browser: browser, Locale: "th", IP: "192.0.2.1", ClientID: "web", Interaction: "i"})
	if err != nil {
		w.t.Fatal(err)
	}
	return handle
}

func (w *world) fails(err error, code string) {
	w.t.Helper()
	if !kind.Is(err, code) {
		w.t.Errorf("got %v, want %s", err, code)
	}
}

func (w *world) signsIn(email, password string) bool {
	w.t.Helper()
	_, err := w.signin.Password(w.t.Context(), signin.Attempt{Identifier: email, Password: password, IP: "192.0.2.9"})
	if err != nil && !kind.Is(err, "signin.failed") {
		w.t.Fatal(err)
	}
	return err == nil
}

func TestRegistration(t *testing.T) {
	each(t, func(w *world) {
		handle := w.register(" Mali@Example.com ", good, "browser")
		if w.signsIn("mali@example.com", good) {
			w.t.Error("an account exists before its address is proven")
		}
		mails := w.delivered()
		if len(mails) != 1 || mails[0].Template != mail.TemplateVerify || mails[0].To != "Mali@Example.com" && mails[0].To != "mali@example.com" {
			w.t.Fatalf("%+v", mails)
		}
		p, err := w.Pending(w.t.Context(), handle, "browser")
		if err != nil || strings.Contains(strings.ToLower(p.Address), "mali@") || p.Interaction != "i" {
			w.t.Errorf("%+v %v", p, err)
		}
		_, err = w.VerifyCode(w.t.Context(), handle, "another", mails[0].Data.Code)
		w.fails(err, "registration.other_browser")
		_, err = w.VerifyCode(w.t.Context(), handle, "browser", "000000"+mails[0].Data.Code)
		w.fails(err, "registration.wrong_code")
		w.pass(time.Hour)
		thai := []rune{}
		for _, r := range mails[0].Data.Code {
			thai = append(thai, r-'0'+'๐')
		}
		proven, err := w.VerifyCode(w.t.Context(), handle, "browser", " "+string(thai[:3])+" "+string(thai[3:]))
		if err != nil || proven.Interaction != "i" {
			w.t.Fatalf("%+v %v", proven, err)
		}
		a, err := w.Load(w.t.Context(), proven.Proof.AccountID)
		if err != nil || strings.ToLower(a.Email()) != "mali@example.com" || a.Status != "1" || a.RegisterBy != "web" || a.Locale != "th" {
			w.t.Errorf("%+v %v", a, err)
		}
		if got := w.now().Sub(a.CreatedAt); got != time.Hour {
			w.t.Errorf("created %s ago: it is when the registration began", got)
		}
		if !w.signsIn("MALI@example.com", good) {
			w.t.Error("can't sign in")
		}
		_, err = w.VerifyCode(w.t.Context(), handle, "browser", mails[0].Data.Code)
		w.fails(err, "registration.expired")
		// Whoever registers the address now learns nothing; its owner is told.
		handle = w.register("mali@example.com", evils, "eve")
		mails = w.delivered()
		if len(mails) != 1 || mails[0].Template != mail.TemplateAccountExists || mails[0].Data.Code != "" {
			w.t.Errorf("%+v", mails)
		}
		if _, err := w.Pending(w.t.Context(), handle, "eve"); err != nil {
			w.t.Errorf("the page differs: %v", err)
		}
	})
}

// The first to prove an address has it; whoever registered it before or besides gets nothing (HP-26).
func TestNobodyIsPreHijacked(t *testing.T) {
	each(t, func(w *world) {
		w.register("carol@x.test", evils, "eve")
		eves := w.delivered()[0].Data
		w.pass(2 * time.Minute)
		handle := w.register("carol@x.test", good, "carol")
		carols := w.delivered()[0].Data
		if _, err := w.VerifyCode(w.t.Context(), handle, "carol", carols.Code); err != nil {
			w.t.Fatal(err)
		}
		if w.signsIn("carol@x.test", evils) || !w.signsIn("carol@x.test", good) {
			w.t.Error("eve's password opens carol's account")
		}
		_, err := w.Link(w.t.Context(), eves.Token, "eve")
		w.fails(err, "registration.expired")
	})
}

func TestLink(t *testing.T) {
	each(t, func(w *world) {
		w.register("carol@x.test", evils, "eve")
		token := w.delivered()[0].Data.Token
		for range 3 { // scanners look too
			v, err := w.Link(w.t.Context(), token, "carol")
			if err != nil || v.SameBrowser || v.Interaction != "" {
				w.t.Fatalf("%+v %v", v, err)
			}
		}
		_, err := w.ActivateLink(w.t.Context(), token, "carol", "")
		w.fails(err, "password.too_short")
		p, err := w.ActivateLink(w.t.Context(), token, "carol", good)
		if err != nil || p.Interaction != "" {
			w.t.Fatalf("%+v %v", p, err)
		}
		if w.signsIn("carol@x.test", evils) || !w.signsIn("carol@x.test", good) {
			w.t.Error("the password of whoever began opens the account")
		}
		_, err = w.ActivateLink(w.t.Context(), token, "carol", good)
		w.fails(err, "registration.expired")

		w.register("dan@x.test", good, "dan")
		token = w.delivered()[0].Data.Token
		if p, err = w.ActivateLink(w.t.Context(), token, "dan", ""); err != nil || p.Interaction != "i" || !w.signsIn("dan@x.test", good) {
			w.t.Errorf("in the same browser: %+v %v", p, err)
		}
	})
}

// F33: many browsers prove one address at once.
func TestOneAddressOneAccount(t *testing.T) {
	each(t, func(w *world) {
		const crowd = 5 // as many as there are mails a day
		handles, codes := make([]string, crowd), make([]string, crowd)
		spellings := []string{"kate@x.test", "KATE@x.test", " Kate@X.TEST"}
		for i := range crowd {
			handles[i] = w.register(spellings[i%3], good, "b")
			m := w.delivered()
			if len(m) != 1 {
				w.t.Fatalf("%d: %d mails", i, len(m))
			}
			codes[i] = m[0].Data.Code
			w.pass(2 * time.Minute)
		}
		var mu sync.Mutex
		won := 0
		var all sync.WaitGroup
		for i := range crowd {
			all.Go(func() {
				_, err := w.VerifyCode(w.t.Context(), handles[i], "b", codes[i])
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil:
					won++
				case !kind.Is(err, "account.exists") && !kind.Is(err, "registration.expired") && kind.Of(err) != kind.RateLimited:
					w.t.Error(err)
				}
			})
		}
		all.Wait()
		if won != 1 {
			w.t.Errorf("%d accounts have one address", won)
		}
	})
}

func TestMailLimits(t *testing.T) {
	each(t, func(w *world) {
		handle := w.register("alice@x.test", good, "b")
		first := w.delivered()
		for range 3 { // HP: the page looks the same when the limit bites, and the code that was sent goes on working
			if err := w.Resend(w.t.Context(), handle, "b", ""); err != nil {
				w.t.Fatal(err)
			}
			w.register("alice@x.test", good, "b")
		}
		if m := w.delivered(); len(m) != 0 {
			w.t.Errorf("%d mails within a minute", len(m))
		}
		w.pass(61 * time.Second)
		if err := w.Resend(w.t.Context(), handle, "b", ""); err != nil {
			w.t.Fatal(err)
		}
		second := w.delivered()
		if len(second) != 1 {
			w.t.Fatalf("%d mails", len(second))
		}
		_, err := w.VerifyCode(w.t.Context(), handle, "b", first[0].Data.Code) // GE-05
		if first[0].Data.Code != second[0].Data.Code {
			w.fails(err, "registration.wrong_code")
		}
		for range 10 {
			w.pass(2 * time.Minute)
			if err := w.Resend(w.t.Context(), handle, "b", ""); err != nil {
				w.t.Fatal(err)
			}
		}
		if m := w.delivered(); len(m) > 3 {
			w.t.Errorf("%d more mails on one day", len(m))
		}
	})
}

func TestCodesAreLimited(t *testing.T) {
	each(t, func(w *world) {
		handle := w.register("alice@x.test", good, "b")
		code := w.delivered()[0].Data.Code
		for range 5 {
			_, err := w.VerifyCode(w.t.Context(), handle, "b", "x")
			w.fails(err, "registration.wrong_code")
		}
		_, err := w.VerifyCode(w.t.Context(), handle, "b", code)
		if kind.Of(err) != kind.RateLimited {
			w.t.Errorf("the sixth is looked at: %v", err)
		}
	})
}

func TestRefusals(t *testing.T) {
	each(t, func(w *world) {
		for email, code := range map[string]string{
			"\u212Aate@x.test": "contact.email_invalid", "a@x.test\r\nBcc:e@evil.test": "contact.email_invalid", // HP-11, HP-12
			"alice@x.test@evil.test": "contact.email_invalid", "": "contact.email_invalid", // HP-13
		} {
			_, err := w.Register(w.t.Context(), accounts.Registration{Email: email, Password: good, Browser: "b"})
			w.fails(err, code)
		}
		for password, code := range map[string]string{"password1234567": "password.blocked", "short": "password.too_short", "alice@x.test.123": "password.blocked"} { // HP-10
			_, err := w.Register(w.t.Context(), accounts.Registration{Email: "alice@x.test", Password: password, Browser: "b"})
			w.fails(err, code)
		}
		if m := w.delivered(); len(m) != 0 {
			w.t.Errorf("%d mails", len(m))
		}
	})
}

func TestCreate(t *testing.T) {
	each(t, func(w *world) {
		a, err := w.Create(w.t.Context(), accounts.New{
			Email: "mali@example.com", EmailVerified: true, Phone: "๐๘๑-234-5678", Password: good, Profile: map[string]any{"given_name": "มะลิ"},
		})
		if err != nil || a.Phone() != "+66812345678" || a.DisplayName() != "มะลิ" || a.RegisterBy != "0" || a.SSOID <= 0 || len(a.OID) != 24 {
			w.t.Fatalf("%+v %v", a, err)
		}
		// Unverified contacts are notes: no identifiers, never unique.
		if w.signsIn("0812345678", good) {
			w.t.Error("an unverified number signs in")
		}
		if _, err := w.Create(w.t.Context(), accounts.New{Phone: "0812345678", PhoneVerified: true, Password: good}); err != nil {
			w.t.Error(err)
		}
		_, err = w.Create(w.t.Context(), accounts.New{Phone: "+66 81 234 5678", PhoneVerified: true})
		w.fails(err, "account.exists")
		_, err = w.Create(w.t.Context(), accounts.New{})
		w.fails(err, "account.no_contact")
	})
}

// Who signed up before anybody opened the set-up link becomes the first administrator by it too, and nobody after that.
func TestAppoint(t *testing.T) {
	each(t, func(w *world) {
		account := func(email string) *accounts.Account {
			a, err := w.Create(w.t.Context(), accounts.New{Email: email, EmailVerified: true})
			if err != nil {
				w.t.Fatal(err)
			}
			return a
		}
		mali := account("mali@x.test")
		disabled := storage.Account{
			ID: secret.UUID(), SSOID: secret.SSOID(), OID: secret.OID(), Status: storage.StatusDisabled, Profile: "{}",
			CreatedAt: storage.At(w.now()), UpdatedAt: storage.At(w.now()),
		}
		if err := w.Store.CreateAccount(w.t.Context(), disabled); err != nil {
			w.t.Fatal(err)
		}
		link, err := w.SetupLink(w.t.Context())
		if err != nil {
			w.t.Fatal(err)
		}
		token := link[strings.LastIndexByte(link, '/')+1:]
		w.fails(w.Appoint(w.t.Context(), "guess", mali.ID), "link.expired")
		w.fails(w.Appoint(w.t.Context(), token, disabled.ID), "account.disabled") // a refusal doesn't spend the link
		w.fails(w.Appoint(w.t.Context(), token, "nobody"), "account.unknown")
		if exists, err := w.HasAdmin(w.t.Context()); exists || err != nil {
			w.t.Fatal(exists, err)
		}
		var all sync.WaitGroup
		var won atomic.Int64
		for i := range 8 {
			all.Go(func() {
				var err error
				if i%2 == 0 {
					err = w.Appoint(w.t.Context(), token, mali.ID)
				} else {
					_, err = w.CompleteSetup(w.t.Context(), token, "admin"+string(rune('a'+i))+"@x.test", good, "th")
				}
				if err == nil {
					won.Add(1)
				} else if !kind.Is(err, "link.expired") {
					w.t.Error(err)
				}
			})
		}
		all.Wait()
		if won.Load() != 1 {
			w.t.Errorf("%d first administrators", won.Load())
		}
		w.fails(w.Appoint(w.t.Context(), token, mali.ID), "link.expired")
	})
}

func TestAppointedRoles(t *testing.T) {
	each(t, func(w *world) {
		mali, err := w.Create(w.t.Context(), accounts.New{Email: "mali@x.test", EmailVerified: true})
		if err != nil {
			w.t.Fatal(err)
		}
		link, err := w.SetupLink(w.t.Context())
		if err != nil {
			w.t.Fatal(err)
		}
		if err := w.Appoint(w.t.Context(), link[strings.LastIndexByte(link, '/')+1:], mali.ID); err != nil {
			w.t.Fatal(err)
		}
		a, err := w.Load(w.t.Context(), mali.ID)
		if err != nil || !a.Is(accounts.RoleOwner) || !a.Is(accounts.RoleAdmin) {
			w.t.Errorf("%+v %v", a, err)
		}
		if link, err := w.LoginLink(w.t.Context()); err != nil || !strings.HasPrefix(link, "https://op.test/login-link/") {
			w.t.Errorf("%s %v", link, err)
		}
	})
}

func TestFirstAdmin(t *testing.T) {
	each(t, func(w *world) {
		first, err := w.SetupLink(w.t.Context())
		if err != nil {
			w.t.Fatal(err)
		}
		link, err := w.LoginLink(w.t.Context()) // a newer one takes its place
		if err != nil || !strings.HasPrefix(link, "https://op.test/setup/") {
			w.t.Fatalf("%s %v", link, err)
		}
		token := func(link string) string { return link[strings.LastIndexByte(link, '/')+1:] }
		w.fails(w.Setup(w.t.Context(), token(first)), "link.expired")
		for range 3 {
			if err := w.Setup(w.t.Context(), token(link)); err != nil {
				w.t.Fatal(err)
			}
		}
		_, err = w.CompleteSetup(w.t.Context(), token(link), "admin@x.test", "", "th")
		w.fails(err, "password.too_short")
		var mu sync.Mutex
		won := 0
		var all sync.WaitGroup
		for i := range 10 {
			all.Go(func() {
				_, err := w.CompleteSetup(w.t.Context(), token(link), "admin"+string(rune('a'+i))+"@x.test", good, "th")
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					won++
				} else if !kind.Is(err, "link.expired") {
					w.t.Error(err)
				}
			})
		}
		all.Wait()
		if won != 1 {
			w.t.Fatalf("%d first administrators", won)
		}
		if again, err := w.SetupLink(w.t.Context()); again != "" || err != nil {
			w.t.Errorf("%q %v", again, err)
		}
		link, err = w.LoginLink(w.t.Context())
		if err != nil || !strings.HasPrefix(link, "https://op.test/login-link/") {
			w.t.Fatalf("%s %v", link, err)
		}
		a, err := w.LoginLinkOf(w.t.Context(), token(link))
		if err != nil || !a.Is(accounts.RoleAdmin) || !a.Is(accounts.RoleOwner) {
			w.t.Fatalf("%+v %v", a, err)
		}
		p, err := w.UseLoginLink(w.t.Context(), token(link))
		if err != nil || p.AccountID != a.ID {
			w.t.Errorf("%+v %v", p, err)
		}
		_, err = w.UseLoginLink(w.t.Context(), token(link))
		w.fails(err, "link.expired")
		link, err = w.LoginLink(w.t.Context())
		if err != nil {
			w.t.Fatal(err)
		}
		w.pass(accounts.LoginLinkLife + time.Second)
		_, err = w.UseLoginLink(w.t.Context(), token(link))
		w.fails(err, "link.expired")
	})
}
