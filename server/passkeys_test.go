package server_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/descope/virtualwebauthn"

	"pratu/flows/issuer"
	"pratu/flows/limits"
	"pratu/flows/mail"
	"pratu/flows/passkeys"
	"pratu/flows/signin"
	"pratu/server/formtest"
	"pratu/storage"
)

// device is an authenticator in software, with the keys that it made.
type device struct {
	rp   virtualwebauthn.RelyingParty
	auth virtualwebauthn.Authenticator
	key  virtualwebauthn.Credential
}

func newDevice() *device {
	return &device{
		rp:   virtualwebauthn.RelyingParty{ID: "op.test", Name: "Pratu", Origin: op},
		auth: virtualwebauthn.NewAuthenticator(), key: newKey(),
	}
}

// newKey is one whose coordinates begin with no zero: virtualwebauthn leaves those away, and a COSE key has all 32 bytes
// (RFC 9053 section 7.1.1).
func newKey() virtualwebauthn.Credential {
	const whole = 77
	for {
		if key := virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2); len(key.Key.AttestationData()) == whole {
			return key
		}
	}
}

// question is what a form of a page asks the authenticator.
type question struct {
	PublicKey json.RawMessage `json:"publicKey"`
	State     string          `json:"state"`
}

func askedBy(t *testing.T, body, attribute string) (q question) {
	t.Helper()
	found := regexp.MustCompile(attribute + `="([^"]*)"`).FindStringSubmatch(body)
	if found == nil {
		t.Fatalf("no %s in %s", attribute, body)
	}
	must(t, json.Unmarshal([]byte(html.UnescapeString(found[1])), &q))
	return q
}

// create answers a question for a new key, which the device keeps.
func (d *device) create(t *testing.T, q question) string {
	t.Helper()
	options := must1(virtualwebauthn.ParseAttestationOptions(string(q.PublicKey)))(t)
	var user struct {
		User struct{ ID string } `json:"user"`
	}
	must(t, json.Unmarshal(q.PublicKey, &user))
	d.auth.Options.UserHandle = must1(base64.RawURLEncoding.DecodeString(user.User.ID))(t)
	return virtualwebauthn.CreateAttestationResponse(d.rp, d.auth, d.key, *options)
}

// get answers a question of a sign-in.
func (d *device) get(t *testing.T, q question) string {
	t.Helper()
	options := must1(virtualwebauthn.ParseAssertionOptions(string(q.PublicKey)))(t)
	return virtualwebauthn.CreateAssertionResponse(d.rp, d.auth, d.key, *options)
}

var asks = regexp.MustCompile(`data-ask="[^"]*"`)

// unasked is a page without the random question for passkeys.
func unasked(body string) string { return asks.ReplaceAllString(body, "") }

// answer is what the script posts from a form of a page.
func answer(t *testing.T, page reply, form string, q question, credential string) (path string, values url.Values) {
	t.Helper()
	f := formtest.Find(t, page.body, form)
	return f.Action, changed(f.Values, "state", q.State, "credential", credential)
}

// enrol makes a passkey on the page for it.
func (b *browser) enrol(d *device) reply {
	b.w.t.Helper()
	page := b.get("/account/passkeys").expect(b.w.t, http.StatusOK, `id="passkey-new"`)
	q := askedBy(b.w.t, page.body, "data-ask")
	path, form := answer(b.w.t, page, "passkey-new", q, d.create(b.w.t, q))
	return b.send(post(path, form))
}

// passkey signs in on a page.
func (b *browser) passkey(page reply, d *device) reply {
	b.w.t.Helper()
	q := askedBy(b.w.t, page.body, "data-ask")
	path, form := answer(b.w.t, page, "passkey", q, d.get(b.w.t, q))
	return b.send(post(path, form))
}

// withPasskey is a device on which mali has made a passkey.
func (s *site) withPasskey() (*browser, *device) {
	s.t.Helper()
	b, d := s.browser(), newDevice()
	b.to(b.login(malisMail, malisPassword), "/account")
	b.to(b.enrol(d), "/account/passkeys").expect(s.t, http.StatusOK, "The passkey is ready")
	return b, d
}

func TestPasskeySignIn(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		_, d := s.withPasskey()
		b := s.browser()
		page := b.asked("client_id", "ours", "scope", "openid")
		b.cookies[sessionName] = "AAAA" // HP-02: planted by somebody else
		back := b.proceed(b.passkey(page, d))
		if b.cookies[sessionName] == "AAAA" || len(b.cookies[sessionName]) < 40 {
			t.Errorf("the cookie is %q", b.cookies[sessionName])
		}
		target, params := back.location(t)
		if target != rp {
			t.Fatalf("to %s", target)
		}
		tokens := s.post("/oauth2/token", "ours", s1, grant(params.Get("code"))).json(t)
		id := claims(t, tokens["id_token"].(string))
		if amr, _ := json.Marshal(id["amr"]); id["acr"] != signin.ACRMulti || string(amr) != `["pop","user","mfa"]` {
			t.Errorf("acr %v, amr %s", id["acr"], amr)
		}
		b.get("/account/sessions").expect(t, http.StatusOK, "passkey")
	})
}

// Whatever is wrong with an answer, it signs nobody in.
func TestPasskeyRefused(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		_, d := s.withPasskey()
		other := s.browser()
		stolen := askedBy(t, other.get("/login").body, "data-ask")
		for name, c := range map[string]struct {
			device func(d *device)
			state  func(q *question)
			says   string
		}{
			"not verified":         {device: func(d *device) { d.auth.Options.UserNotVerified = true }, says: "didn't work"},
			"nobody there":         {device: func(d *device) { d.auth.Options.UserNotPresent = true }, says: "didn't work"},
			"another origin":       {device: func(d *device) { d.rp.Origin = "https://evil.test" }, says: "didn't work"},
			"a subdomain's origin": {device: func(d *device) { d.rp.Origin = "https://evil.op.test" }, says: "didn't work"},
			"another RP":           {device: func(d *device) { d.rp.ID = "evil.test" }, says: "didn't work"},
			"another user handle":  {device: func(d *device) { d.auth.Options.UserHandle = []byte("somebody") }, says: "didn't work"},
			"no user handle":       {device: func(d *device) { d.auth.Options.UserHandle = nil }, says: "didn't work"},
			"another key":          {device: func(d *device) { d.key.Key = newKey().Key }, says: "didn't work"},
			"unknown id":           {device: func(d *device) { d.key.ID = []byte("never seen before") }, says: "no longer known"},
			"backup flag":          {device: func(d *device) { d.auth.Options.BackupEligible = true }, says: "didn't work"},
			"another browser's":    {state: func(q *question) { *q = stolen }, says: "too long"},
			"another state":        {state: func(q *question) { q.State = stolen.State }, says: "too long"},
			"no state":             {state: func(q *question) { q.State = "" }, says: "too long"},
			"challenge of our doing": {state: func(q *question) {
				q.PublicKey = json.RawMessage(`{"challenge":"AAAAAAAAAAAAAAAAAAAAAA","rpId":"op.test"}`)
			}, says: "didn't work"},
		} {
			t.Run(name, func(t *testing.T) {
				b, copied := s.browser(), *d
				if c.device != nil {
					c.device(&copied)
				}
				page := b.get("/login")
				q := askedBy(t, page.body, "data-ask")
				if c.state != nil {
					c.state(&q)
				}
				path, form := answer(t, page, "passkey", q, copied.get(t, q))
				again := b.send(post(path, form)).expect(t, http.StatusUnprocessableEntity, c.says, `id="sign-in"`)
				if unknown := strings.Contains(again.body, "data-unknown="); unknown != (name == "unknown id") || b.isIn() {
					t.Errorf("in %v, to be forgotten %v", b.isIn(), unknown)
				}
			})
		}
		for _, credential := range []string{"", "{}", "null", `{"id":"AA"}`, strings.Repeat("x", 40<<10)} {
			b := s.browser()
			page := b.get("/login")
			path, form := answer(t, page, "passkey", askedBy(t, page.body, "data-ask"), credential)
			b.send(post(path, form)).expect(t, http.StatusUnprocessableEntity, "didn't work")
		}
	})
}

// An answer works once and not for long, in one browser; without our token it is somebody else's doing.
func TestPasskeyOnce(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		_, d := s.withPasskey()
		b := s.browser()
		page := b.get("/login")
		q := askedBy(t, page.body, "data-ask")
		path, form := answer(t, page, "passkey", q, d.get(t, q))
		b.send(post(path, changed(url.Values{"state": form["state"], "credential": form["credential"]}))).expect(t, http.StatusForbidden) // HP-01
		var in atomic.Int64
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				twin := &browser{w: s.world, cookies: map[string]string{browserName: b.cookies[browserName]}}
				if twin.send(post(path, form)).StatusCode == http.StatusSeeOther {
					in.Add(1)
				}
			})
		}
		all.Wait()
		if in.Load() != 1 {
			t.Errorf("one answer signed in %d times", in.Load())
		}
		late := s.browser()
		page = late.get("/login")
		s.pass(5 * time.Minute)
		late.passkey(page, d).expect(t, http.StatusUnprocessableEntity, "too long")
		fresh := question{}
		must(t, json.Unmarshal([]byte(late.get("/login/passkey/options").body), &fresh))
		path, form = answer(t, page, "passkey", fresh, d.get(t, fresh))
		late.to(late.send(post(path, form)), "/account")
	})
}

// A counter that goes back may be a copied key's. The record says so; the page doesn't.
func TestPasskeyCounter(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		_, d := s.withPasskey()
		for n, c := range []struct {
			counter uint32
			in      bool
		}{{0, true}, {5, true}, {6, true}, {6, false}, {3, false}, {0, false}, {7, true}} {
			b := s.browser()
			d.key.Counter = c.counter
			b.passkey(b.get("/login"), d)
			if b.isIn() != c.in {
				t.Errorf("%d: counter %d: in %v", n, c.counter, b.isIn())
			}
		}
		if n := s.happened("signin.failed passkey.counter"); n != 3 {
			t.Errorf("%d are recorded", n)
		}
	})
}

// Whether an account is disabled is told to who has its passkey, and to nobody else.
func TestPasskeyDisabled(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		_, d := s.withPasskey()
		s.exec(`UPDATE accounts SET status = '2' WHERE id = '` + s.mali.ID + `'`)
		b := s.browser()
		b.passkey(b.get("/login"), d).expect(t, http.StatusUnprocessableEntity, "disabled")
		d.auth.Options.UserNotVerified = true
		b.passkey(b.get("/login"), d).expect(t, http.StatusUnprocessableEntity, "didn't work")
	})
}

func TestPasskeyBudget(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		_, d := s.withPasskey()
		s.limiter.Overrides = map[string]limits.Override{limits.SigninAddress.Name: {Budget: 3, Window: time.Minute}}
		b := s.browser()
		for range 3 {
			page := b.get("/login")
			path, form := answer(t, page, "passkey", askedBy(t, page.body, "data-ask"), "{}")
			b.send(post(path, form)).expect(t, http.StatusUnprocessableEntity)
		}
		b.passkey(b.get("/login"), d).expect(t, http.StatusTooManyRequests)
		s.pass(time.Minute)
		b.to(b.passkey(b.get("/login"), d), "/account")
	})
}

// HP-29: passkeys are made and removed after fresh proof, and the owner is told.
func TestPasskeysHP29(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		b, d := s.withPasskey()
		if news := s.news(); news != mail.PasskeyAdded {
			t.Errorf("the owner heard %q", news)
		}
		page := b.get("/account/passkeys").expect(t, http.StatusOK)
		id := field(page.body, "delete", 0)
		csrf := field(page.body, "csrf", 0)
		s.pass(2 * time.Hour)
		b.to(b.get("/account/passkeys"), "/account/confirm")
		b.to(b.send(post("/account/passkeys", url.Values{"csrf": {csrf}, "delete": {id}})), "/account/confirm")
		// A passkey is a way to confirm.
		page = b.get("/account/confirm?to=/account/passkeys").expect(t, http.StatusOK, `id="passkey"`, `id="confirm"`)
		b.to(b.passkey(page, d), "/account/passkeys")

		answer := b.send(post("/account/passkeys", url.Values{"csrf": {csrf}, "rename": {id}, "name": {" Key \u202e of\tmine "}}))
		b.to(answer, "/account/passkeys").expect(t, http.StatusOK, "<bdi>Key of mine</bdi>")
		b.send(post("/account/passkeys", url.Values{"csrf": {csrf}, "rename": {id}, "name": {" "}})).expect(t, http.StatusUnprocessableEntity)
		b.send(post("/account/passkeys", url.Values{"delete": {id}})).expect(t, http.StatusForbidden)
		answer = b.send(post("/account/passkeys", url.Values{"csrf": {csrf}, "delete": {id}}))
		b.to(answer, "/account/passkeys").expect(t, http.StatusOK, "The passkey is deleted", `data-removed="`+id+`"`)
		if news := s.news(); news != mail.PasskeyRemoved {
			t.Errorf("the owner heard %q", news)
		}
		b.send(post("/account/passkeys", url.Values{"csrf": {csrf}, "delete": {id}})).expect(t, http.StatusUnprocessableEntity, "no longer there")
		if n := s.happened("passkey.added ") + s.happened("passkey.renamed ") + s.happened("passkey.removed "); n != 3 {
			t.Errorf("%d are recorded", n)
		}
	})
}

// The last way in stays, and another account's passkeys are nobody's business.
func TestPasskeyLast(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		b, d := s.withPasskey()
		page := b.get("/account/passkeys")
		id, csrf := field(page.body, "delete", 0), field(page.body, "csrf", 0)
		_, err := s.accounts.Create(t.Context(), newAccount("som@x.test"))
		must(t, err)
		som := s.browser()
		som.to(som.login("som@x.test", malisPassword), "/account")
		theirs := field(som.get("/account/passkeys").body, "csrf", 0)
		som.send(post("/account/passkeys", url.Values{"csrf": {theirs}, "delete": {id}})).expect(t, http.StatusUnprocessableEntity, "no longer there")
		som.send(post("/account/passkeys", url.Values{"csrf": {theirs}, "rename": {id}, "name": {"x"}})).expect(t, http.StatusUnprocessableEntity, "no longer there")
		if page := som.get("/account/passkeys?notice=passkey.removed&removed=" + id); strings.Contains(page.body, `data-removed="`+id) {
			t.Error("a link lets a living passkey be forgotten")
		}
		// A passkey confirms for its own account only.
		som.to(som.enrol(newDevice()), "/account/passkeys")
		som.passkey(som.get("/account/confirm"), d).expect(t, http.StatusUnprocessableEntity, "another account")

		s.exec(`DELETE FROM credentials WHERE account_id = '` + s.mali.ID + `'`)
		b.send(post("/account/passkeys", url.Values{"csrf": {csrf}, "delete": {id}})).expect(t, http.StatusUnprocessableEntity, "only way into your account")
		if page := b.get("/account/confirm").expect(t, http.StatusOK, `id="passkey"`); strings.Contains(page.body, `id="confirm"`) {
			t.Error("a password is asked for that doesn't exist")
		}
	})
}

// What a passkey is made of is ours to say: handles tell nothing, answers work once and for who was asked.
func TestPasskeyRegister(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		b, d := s.withPasskey()
		page := b.get("/account/passkeys")
		q := askedBy(t, page.body, "data-ask")
		for _, part := range []string{`"residentKey":"required"`, `"userVerification":"required"`, `"excludeCredentials":[{`, `"attestation":"none"`} {
			if !strings.Contains(string(q.PublicKey), part) {
				t.Errorf("%s isn't in %s", part, q.PublicKey)
			}
		}
		if strings.Contains(string(q.PublicKey), s.mali.ID) || len(d.auth.Options.UserHandle) != 64 {
			t.Errorf("%s", q.PublicKey)
		}
		second := newDevice()
		handle := d.auth.Options.UserHandle
		path, form := answer(t, page, "passkey-new", q, second.create(t, q))
		b.to(b.send(post(path, form)), "/account/passkeys")
		if string(second.auth.Options.UserHandle) != string(handle) {
			t.Error("one account has two handles")
		}
		b.send(post(path, form)).expect(t, http.StatusUnprocessableEntity, "too long") // twice
		b.enrol(second).expect(t, http.StatusUnprocessableEntity, "couldn't be created")
		unverified := newDevice()
		unverified.auth.Options.UserNotVerified = true
		b.enrol(unverified).expect(t, http.StatusUnprocessableEntity, "couldn't be created")
		foreign := newDevice()
		foreign.rp.Origin = "https://evil.test"
		b.enrol(foreign).expect(t, http.StatusUnprocessableEntity, "couldn't be created")

		// Asked as mali, answered as somebody else in the same browser.
		page = b.get("/account/passkeys")
		q = askedBy(t, page.body, "data-ask")
		path, form = answer(t, page, "passkey-new", q, newDevice().create(t, q))
		_, err := s.accounts.Create(t.Context(), newAccount("som@x.test"))
		must(t, err)
		som := s.browser()
		som.cookies[browserName] = b.cookies[browserName]
		som.to(som.login("som@x.test", malisPassword), "/account")
		som.to(som.send(post(path, form)), "/account/passkeys") // the form says whose it is; the question does too
		som.send(post(path, changed(form, "owner", ""))).expect(t, http.StatusUnprocessableEntity, "too long")
		// A question of a sign-in is none for a new passkey.
		login := askedBy(t, s.sameBrowser(b).get("/login").body, "data-ask")
		b.send(post(path, changed(form, "state", login.State))).expect(t, http.StatusUnprocessableEntity, "too long")
	})
}

func TestPasskeyMost(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		b, _ := s.withPasskey()
		for range 18 {
			b.to(b.enrol(newDevice()), "/account/passkeys")
		}
		page := b.get("/account/passkeys")
		b.to(b.enrol(newDevice()), "/account/passkeys").expect(t, http.StatusOK, "20 passkeys at most")
		q := askedBy(t, page.body, "data-ask")
		path, form := answer(t, page, "passkey-new", q, newDevice().create(t, q))
		b.send(post(path, form)).expect(t, http.StatusUnprocessableEntity, "20 passkeys at most")
	})
}

// After a password a passkey is offered once, to browsers that can make one, on the way to wherever the person goes.
func TestPasskeyOffer(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		b := s.browser()
		page := b.asked("client_id", "ours", "scope", "openid")
		offer := b.to(b.submit(page, "sign-in", "username", malisMail, "password", malisPassword, "passkeys", "1"), "/login/passkey/offer")
		offer.expect(t, http.StatusOK, `id="passkey-new"`, `id="passkey-later"`, "data-quiet")
		if header := offer.Header.Get("Content-Security-Policy"); strings.Contains(header, "form-action") {
			t.Errorf("the way on is barred: %s", header)
		}
		later := html.UnescapeString(regexp.MustCompile(`id="passkey-later" href="([^"]+)"`).FindStringSubmatch(offer.body)[1])
		if target, _ := b.get(later).location(t); target != rp {
			t.Errorf("not now leads to %s", target)
		}
		again := s.sameBrowser(b)
		again.cookies["__Host-pratu_passkey_offered"] = b.cookies["__Host-pratu_passkey_offered"]
		again.to(again.submit(again.get("/login"), "sign-in", "username", malisMail, "password", malisPassword, "passkeys", "1"), "/account")

		// A password manager that makes one by itself promises neither presence nor verification.
		quiet, d := s.browser(), newDevice()
		page = quiet.asked("client_id", "ours", "scope", "openid")
		page = quiet.to(quiet.submit(page, "sign-in", "username", malisMail, "password", malisPassword, "passkeys", "1"), "/login/passkey/offer")
		d.auth.Options.UserNotPresent, d.auth.Options.UserNotVerified = true, true
		q := askedBy(t, page.body, "data-ask")
		path, form := answer(t, page, "passkey-new", q, d.create(t, q))
		quiet.send(post(path, form)).expect(t, http.StatusUnprocessableEntity, "couldn't be created")
		q = askedBy(t, page.body, "data-quiet")
		path, form = answer(t, page, "passkey-new", q, d.create(t, q))
		if target, _ := quiet.proceed(quiet.send(post(path, form))).location(t); target != rp {
			t.Errorf("leads to %s", target)
		}
		d.auth.Options.UserNotPresent, d.auth.Options.UserNotVerified = false, false
		last := s.browser()
		last.to(last.passkey(last.get("/login"), d), "/account")
		last.to(last.get("/login/passkey/offer"), "/account") // who has one isn't asked

		plain := s.browser() // no scripts, no offer
		plain.to(plain.login(malisMail, malisPassword), "/account")
	})
}

// A passkey is two factors: a password and a trusted browser don't buy one where there is an authenticator app.
func TestPasskeyNeedsSecondStep(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		_, a := s.malis()
		b, page := s.held()
		b.to(b.submit(page, "factor", "code", a.next(), "trust", "1"), "/account")
		strong := b.get("/account/passkeys").expect(t, http.StatusOK, `id="passkey-new"`)
		b.submit(b.get("/sign-out"), "sign-out")
		page = b.submit(b.get("/login"), "sign-in", "username", malisMail, "password", malisPassword, "passkeys", "1")
		b.isSaid("1", "pwd")
		b.to(b.get(page.Header.Get("Location")), "/account") // no offer
		b.to(b.get("/account/passkeys"), "/login/factor")
		d := newDevice()
		q := askedBy(t, strong.body, "data-ask")
		path, form := answer(t, strong, "passkey-new", q, d.create(t, q))
		for _, path := range []string{path, "/login/passkey/offer"} {
			b.send(post(path, form)).expect(t, http.StatusSeeOther)
		}
		if n := s.count(`SELECT COUNT(*) FROM passkeys`); n != 0 {
			t.Fatalf("%d passkeys", n)
		}
		b.to(b.submit(b.to(b.get("/account/passkeys"), "/login/factor"), "factor", "code", a.next()), "/account/passkeys")
		b.to(b.enrol(d), "/account/passkeys").expect(t, http.StatusOK, "The passkey is ready")
	})
}

func TestWellKnownAddresses(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		b := s.browser()
		found := b.get("/.well-known/passkey-endpoints").expect(t, http.StatusOK).json(t)
		if found["enroll"] != op+"/account/passkeys" || found["manage"] != op+"/account/passkeys" {
			t.Errorf("%v", found)
		}
		answer := b.get("/.well-known/change-password")
		if target, _ := answer.location(t); answer.StatusCode != http.StatusSeeOther || target != op+"/account/password" {
			t.Errorf("%d %s", answer.StatusCode, target)
		}
		b.to(b.get("/login/passkey"), "/login").expect(t, http.StatusOK)
	})
}

// news is what the newest mail to mali tells.
func (s *site) news() (event string) {
	s.t.Helper()
	kept := s.box.Handlers[mail.Kind]
	defer func() { s.box.Handlers[mail.Kind] = kept }()
	s.box.Handlers[mail.Kind] = func(_ context.Context, payload []byte) error {
		var m struct {
			To   string
			Data struct{ Event string }
		}
		if err := json.Unmarshal(payload, &m); err == nil && m.To == malisMail {
			event = m.Data.Event
		}
		return nil
	}
	must(s.t, s.box.Flush(s.t.Context()))
	return event
}

// happened counts events of mali's with their reason.
func (s *site) happened(event string) (n int) {
	s.t.Helper()
	for _, e := range must1(s.store.AuditOfAccount(s.t.Context(), s.mali.ID, storage.At(s.now().Add(time.Hour)), 100))(s.t) {
		if e.Event+" "+e.Reason == event {
			n++
		}
	}
	return n
}

func (s *site) sameBrowser(b *browser) *browser {
	return &browser{w: s.world, cookies: map[string]string{browserName: b.cookies[browserName]}}
}

// passkeysAt are those of another issuer.
func (s *site) passkeysAt(i issuer.Issuer) *passkeys.Service {
	s.t.Helper()
	return must1(passkeys.New(passkeys.Options{
		Issuer: i, Product: "Pratu", Store: s.store, Keyring: s.ring, Limiter: s.limiter, Audit: s.accounts.Audit, Accounts: s.accounts, Now: s.now,
	}))(s.t)
}

// Below a path of the issuer, browsers still look for these at the root of the host.
func TestWellKnownAtTheRoot(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		s.moved(op+"/auth", "")
		b, d := s.browser(), newDevice()
		for _, path := range []string{"/.well-known/passkey-endpoints", "/.well-known/change-password"} {
			answer := b.get(path)
			if answer.StatusCode >= http.StatusBadRequest || !strings.Contains(answer.body+answer.Header.Get("Location"), op+"/auth/account/pass") {
				t.Errorf("%s: %d %s", path, answer.StatusCode, answer.body)
			}
		}
		b.to(b.submit(b.get("/auth/login"), "sign-in", "username", malisMail, "password", malisPassword), "/auth/account")
		page := b.get("/auth/account/passkeys")
		q := askedBy(t, page.body, "data-ask")
		path, form := answer(t, page, "passkey-new", q, d.create(t, q))
		b.to(b.send(post(path, form)), "/auth/account/passkeys").expect(t, http.StatusOK, "The passkey is ready")
		other := s.browser()
		other.to(other.passkey(other.get("/auth/login"), d), "/auth/account")
	})
}

// At an address no browser makes passkeys: nothing of them is shown.
func TestNoPasskeysAtAnAddress(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		s.moved("http://127.0.0.1:8080", "")
		b := s.browser()
		get := func(path string) reply {
			r := httptest.NewRequest(http.MethodGet, path, nil)
			r.Host = "127.0.0.1:8080"
			return b.send(r)
		}
		if page := get("/login").expect(t, http.StatusOK); strings.Contains(page.body, "passkey") {
			t.Error("the sign-in page speaks of passkeys")
		}
		get("/login/passkey/options").expect(t, http.StatusNotFound)
		r := post("/login/passkey", url.Values{"csrf": {field(get("/login").body, "csrf", 0)}})
		r.Host = "127.0.0.1:8080"
		b.send(r).expect(t, http.StatusUnprocessableEntity, "too long")
	})
}
