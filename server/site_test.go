package server_test

import (
	"context"
	"encoding/json"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"pratu/flows/accounts"
	"pratu/flows/audit"
	"pratu/flows/issuer"
	"pratu/flows/mail"
	"pratu/flows/outbox"
	"pratu/flows/sms"
	"pratu/storage/storagetest"
)

// People of the pages' tests. mali is in the directory with a password and a phone number.
const (
	malisMail     = "mali@x.test"
	malisPhone    = "+66815558888"
	malisPassword = "seven purple doors in the rain"
	newcomer      = "nok@x.test"
)

// site is the world with somebody in it who can sign in, and a mailbox.
type site struct {
	*world
	accounts *accounts.Service
	mali     *accounts.Account
	box      *outbox.Outbox

	mu    sync.Mutex
	mails []letter
	texts []sms.Message
}

// letter is a mail before it is rendered.
type letter struct {
	To, Template string
	Nobody       bool
	Data         struct {
		mail.Verify
		Purpose, Event, What, Device string
	}
	Event string `json:"-"` // of a notice
}

// onSite runs a test of pages on both engines. Passwords, addresses and codes must not be found in the log afterwards.
func onSite(t *testing.T, run func(t *testing.T, s *site)) {
	t.Helper()
	each(t, func(w *world) {
		s := newSite(w)
		run(w.t, s)
		canaries := []string{malisMail, malisPhone, malisPassword, newcomer, "purple", "wrong password"}
		for _, m := range s.mails {
			canaries = append(canaries, m.Data.Token)
		}
		for _, canary := range canaries {
			if canary != "" && strings.Contains(w.log.String(), canary) {
				w.t.Errorf("the log holds %q: %s", canary, line(w.log.String(), canary))
			}
		}
	})
}

func newSite(w *world) *site {
	w.t.Helper()
	s := &site{world: w}
	s.box = &outbox.Outbox{Store: w.store, Keyring: w.ring, Now: w.now, Handlers: map[string]outbox.Handler{
		mail.Kind: s.keep, sms.Kind: s.keepText,
	}}
	i, err := issuer.New(op)
	must(w.t, err)
	s.accounts = &accounts.Service{
		Store: w.store, Keyring: w.ring, Hasher: w.hasher, Limiter: w.limiter, Audit: &audit.Log{Store: w.store, Now: w.now},
		Issuer: i, Product: "Pratu", Mail: &mail.Service{Outbox: s.box, Now: w.now}, Now: w.now,
	}
	s.mali, err = s.accounts.Create(w.t.Context(), accounts.New{
		Email: malisMail, Phone: malisPhone, EmailVerified: true, PhoneVerified: true, Password: malisPassword, Locale: "en",
		Profile: map[string]any{"name": "Mali Saelim", "address": map[string]any{"locality": "Chiang Mai", "country": "TH"}},
	})
	must(w.t, err)
	return s
}

func (s *site) keep(_ context.Context, payload []byte) error {
	var m letter
	if err := json.Unmarshal(payload, &m); err != nil || m.Nobody {
		return err
	}
	var news struct{ Data mail.Notice }
	if err := json.Unmarshal(payload, &news); err != nil {
		return err
	}
	m.Event = news.Data.Event
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mails = append(s.mails, m)
	return nil
}

func (s *site) keepText(_ context.Context, payload []byte) error {
	var m sms.Message
	if err := json.Unmarshal(payload, &m); err != nil || m.Nobody {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.texts = append(s.texts, m)
	return nil
}

// texted are the texts to phones that left since the last call. Mails that left as well are in mails.
func (s *site) texted() []sms.Message {
	s.t.Helper()
	before := len(s.texts)
	must(s.t, s.box.Flush(s.t.Context()))
	return s.texts[before:]
}

// delivered are the mails that left since the last call.
func (s *site) delivered() []letter {
	s.t.Helper()
	before := len(s.mails)
	must(s.t, s.box.Flush(s.t.Context()))
	return s.mails[before:]
}

// login types an identifier and a password into the sign-in page of its own.
func (b *browser) login(identifier, password string) reply {
	b.w.t.Helper()
	return b.submit(b.get("/login"), "sign-in", "username", identifier, "password", password)
}

// from sends a request as if from another address, with the browser's cookies.
func (b *browser) from(address string, r *http.Request) *http.Response {
	for name, value := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	r.Host, r.RemoteAddr = "op.test", address+":4711"
	rec := httptest.NewRecorder()
	b.w.handler.ServeHTTP(rec, r)
	return rec.Result()
}

const sessionName, browserName = "__Host-pratu_session", "__Host-pratu_browser"

// isIn tells whether the browser is signed in.
func (b *browser) isIn() bool {
	b.w.t.Helper()
	return b.get("/account").StatusCode == http.StatusOK
}

// main is what a page has to say.
func (r reply) main() string {
	_, text, found := strings.Cut(r.body, "<main")
	if !found {
		return r.body
	}
	text, _, _ = strings.Cut(text, "</main>")
	return text
}

// expect is a status, a page's words among it.
func (r reply) expect(t *testing.T, status int, words ...string) reply {
	t.Helper()
	if r.StatusCode != status {
		t.Fatalf("%s %s: status %d, want %d; to %q: %s", r.Request.Method, r.Request.URL.Path, r.StatusCode, status, r.Header.Get("Location"), r.main())
	}
	for _, w := range words {
		if !strings.Contains(r.body, w) && !strings.Contains(html.UnescapeString(r.body), w) {
			t.Errorf("%s %s doesn't tell %q: %s", r.Request.Method, r.Request.URL.Path, w, r.main())
		}
	}
	return r
}

// to expects a redirect to a path of ours and follows it.
func (b *browser) to(answer reply, path string) reply {
	b.w.t.Helper()
	target, _ := answer.location(b.w.t)
	if answer.StatusCode != http.StatusSeeOther || target != op+path {
		b.w.t.Fatalf("%s %s: %d to %s, want %s: %s", answer.Request.Method, answer.Request.URL.Path, answer.StatusCode, target, path, answer.main())
	}
	return b.get(answer.Header.Get("Location"))
}

// asked begins an authorization request as a client that needs consent, and stands on the sign-in page.
func (b *browser) asked(changes ...string) reply {
	b.w.t.Helper()
	return b.to(b.authorize(base(append([]string{"client_id", "web1", "scope", "openid profile email offline_access"}, changes...)...)), "/login")
}

// proceed is what comes after a page that was answered: /oauth2/authorize/continue tells, unless a sign-in was all that was
// missing.
func (b *browser) proceed(answer reply) reply {
	b.w.t.Helper()
	if target, _ := answer.location(b.w.t); target != op+"/oauth2/authorize/continue" {
		return answer.expect(b.w.t, http.StatusSeeOther)
	}
	return b.to(answer, "/oauth2/authorize/continue")
}

// query is the query of a redirect.
func (r reply) query(t *testing.T) url.Values {
	t.Helper()
	_, params := r.location(t)
	return params
}

// newAccount is somebody with an address and mali's password.
func newAccount(email string) accounts.New {
	return accounts.New{Email: email, EmailVerified: true, Password: malisPassword, Locale: "en"}
}

func (s *site) exec(query string) {
	s.t.Helper()
	storagetest.Exec(s.t, s.url, query)
}

func must1[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		must(t, err)
		return v
	}
}

// field is the nth value that buttons and inputs of a name have on a page.
func field(body, name string, n int) string {
	found := regexp.MustCompile(`name="`+name+`" value="([^"]*)"`).FindAllStringSubmatch(body, -1)
	if n >= len(found) {
		return ""
	}
	return html.UnescapeString(found[n][1])
}

func number(n int64) string { return strconv.FormatInt(n, 10) }

func (s *site) count(query string) int64 {
	s.t.Helper()
	return storagetest.Count(s.t, s.url, query)
}
