package server_test

import (
	"context"
	"encoding/json"
	"maps"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"pratu/flows/mail"
	"pratu/flows/outbox"
	"pratu/flows/sms"
	"pratu/server/formtest"
)

// note is a mail or a text before it is rendered.
type note struct {
	Nobody             bool
	To, Template, Code string
	Data               struct{ Code, Event, Purpose string }
}

// notes are what left since the last call; what goes nowhere is a note to nobody.
func (s *site) notes() (list []note) {
	s.t.Helper()
	keep := func(_ context.Context, raw []byte) error {
		var n note
		err := json.Unmarshal(raw, &n)
		if n.Nobody {
			n = note{}
		}
		if n.Data.Event != mail.NewSignIn { // these tests sign in with many browsers
			list = append(list, n)
		}
		return err
	}
	box := &outbox.Outbox{Store: s.store, Keyring: s.ring, Now: s.now, Handlers: map[string]outbox.Handler{
		mail.Kind: keep, sms.Kind: keep,
	}}
	must(s.t, box.Flush(s.t.Context()))
	return list
}

// sentCode is the one code that left.
func (s *site) sentCode(to string) string {
	s.t.Helper()
	list := s.notes()
	if len(list) != 1 || list[0].To != to || list[0].Code+list[0].Data.Code == "" {
		s.t.Fatalf("to %s: %+v", to, list)
	}
	return list[0].Code + list[0].Data.Code
}

// told expects one mail about an event.
func (s *site) told(event string) {
	s.t.Helper()
	list := s.notes()
	if len(list) != 1 || list[0].Template != mail.TemplateNotice || list[0].Data.Event != event || list[0].To != malisMail {
		s.t.Errorf("%s: %+v", event, list)
	}
}

// useCode presses the button of the sign-in page that asks for a code.
func (b *browser) useCode(identifier string, changes ...string) reply {
	b.w.t.Helper()
	f := formtest.Find(b.w.t, b.get("/login").body, "sign-in")
	return b.send(post("/login/code", changed(f.Values, append([]string{"username", identifier, "password", "half typed"}, changes...)...)))
}

var shownSecret = regexp.MustCompile(`id="authenticator-secret">([A-Z2-7 ]+)<`)

// app is an authenticator app.
type app struct {
	s      *site
	secret string
}

// code is what the app shows, steps from now.
func (a app) code(steps int) string {
	a.s.t.Helper()
	code, err := totp.GenerateCode(a.secret, a.s.now().Add(time.Duration(steps)*30*time.Second))
	must(a.s.t, err)
	return code
}

// next waits until the app shows a code that nobody has seen.
func (a app) next() string {
	a.s.pass(30 * time.Second)
	return a.code(0)
}

// enrol sets an app up for whoever is signed in, and is sent on to the recovery codes.
func (s *site) enrol(b *browser) app {
	s.t.Helper()
	page := b.get("/account/authenticator").expect(s.t, 200, `id="authenticator-start"`)
	page = b.to(b.submit(page, "authenticator-start", "start", "1"), "/account/authenticator").expect(s.t, 200, `class="qr"`)
	found := shownSecret.FindStringSubmatch(page.body)
	if found == nil {
		s.t.Fatal(page.main())
	}
	a := app{s, strings.ReplaceAll(found[1], " ", "")}
	b.to(b.submit(page, "authenticator-confirm", "code", a.code(0)), "/account/recovery-codes").expect(s.t, 200, `id="recovery-make"`)
	return a
}

// malis is a browser of mali's, and her app.
func (s *site) malis() (*browser, app) {
	s.t.Helper()
	b := s.browser()
	b.to(b.login(malisMail, malisPassword), "/account")
	a := s.enrol(b)
	s.notes()
	return b, a
}

// held is a browser that gave mali's password and stands before the second step.
func (s *site) held() (*browser, reply) {
	s.t.Helper()
	b := s.browser()
	return b, b.to(b.login(malisMail, malisPassword), "/login/factor").expect(s.t, 200, `id="factor"`)
}

// codesOf are the recovery codes on a page.
func codesOf(body string) (list []string) {
	for _, m := range regexp.MustCompile(`<li><code>([0-9a-z-]+)</code></li>`).FindAllStringSubmatch(body, -1) {
		list = append(list, m[1])
	}
	return list
}

// fifty does something fifty times at once and counts what worked.
func fifty(do func() bool) int64 {
	var won atomic.Int64
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			if do() {
				won.Add(1)
			}
		})
	}
	all.Wait()
	return won.Load()
}

// sends submits a form once more from the same browser, with cookies of its own: for what happens at once.
func (b *browser) sends(path string, form url.Values) reply {
	return b.twin().send(post(path, form))
}

func (b *browser) twin() *browser { return &browser{w: b.w, cookies: maps.Clone(b.cookies)} }

// said is what the ID token for a client says about how somebody signed in.
func (b *browser) said(t *testing.T, changes ...string) (acr string, amr string) {
	t.Helper()
	c := claims(t, b.w.tokens(b, changes...)["id_token"].(string))
	var methods []string
	for _, m := range c["amr"].([]any) {
		methods = append(methods, m.(string))
	}
	return c["acr"].(string), strings.Join(methods, " ")
}

// isSaid compares that.
func (b *browser) isSaid(acr, amr string, changes ...string) {
	b.w.t.Helper()
	if a, m := b.said(b.w.t, changes...); a != acr || m != amr {
		b.w.t.Errorf("acr %s, amr %s; want %s, %s", a, m, acr, amr)
	}
}
