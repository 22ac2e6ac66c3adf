package main

import (
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"pratu/server/formtest"
	"pratu/storage/storagetest"
)

const crowd = 50

// TestRaces lets two processes on one database fight for what is there once (F32, F33). The budgets of guesses are lifted:
// they would end most of a race before it begins.
func TestRaces(t *testing.T) {
	database, found := storagetest.URLs(t)["postgres"]
	if !found {
		t.Skip("SKIPPED: two processes need PostgreSQL")
	}
	d := newDeployment(t, database)
	d.env = append(d.env, "PRATU_LIMITS=code.registration=1000/1d,code.challenge=1000/1h,factor.account=1000/15m,factor.account_day=1000/1d")
	w := &arena{d, []*replica{d.serve(strings.TrimPrefix(d.issuer, "http://")), d.serve(freeAddress(t, "127.0.0.1"))}}
	t.Run("an address in many spellings", w.registrations)
	t.Run("the code of a registration", w.registrationCode)
	t.Run("a code to sign in", w.signInCode)
	t.Run("the link of a recovery", w.recoveryLink)
	t.Run("a code of an app", w.appCode)
	t.Run("a code at two endpoints", w.partnerCode)
}

// arena is where browsers meet two processes.
type arena struct {
	*deployment
	replicas []*replica
}

// browser is one that keeps to a process.
func (w *arena) browser(t *testing.T, i int) *browser {
	b := newBrowser(w.replicas[i%len(w.replicas)])
	b.t = t
	return b
}

// sending is a form that is ready to be sent.
type sending struct {
	*browser
	to   string
	form url.Values
}

// fill is a form of a page with what somebody types.
func (b *browser) fill(at page, id string, typed ...string) sending {
	b.t.Helper()
	form := formtest.Find(b.t, at.body, id)
	for i := 0; i < len(typed); i += 2 {
		form.Values.Set(typed[i], typed[i+1])
	}
	target, err := at.url.Parse(form.Action)
	if err != nil {
		b.t.Fatal(err)
	}
	return sending{b, target.String(), form.Values}
}

// many are copies of a form, half of them for each process; differ makes each one's own.
func (w *arena) many(s sending, n int, differ func(i int, form url.Values)) (all []sending) {
	for i := range n {
		twin := w.browser(s.t, i)
		twin.http.Jar = s.http.Jar
		form := maps.Clone(s.form)
		differ(i, form)
		all = append(all, sending{twin, s.to, form})
	}
	return all
}

func same(int, url.Values) {}

// hashing is how many may be on their way that each cost a password's hash: on a busy machine fifty of those wait longer
// than an answer may take.
const hashing = 15

// together runs calls at once, as many as may be on their way.
func together(n, width int, run func(i int)) {
	var done sync.WaitGroup
	start, places := make(chan struct{}), make(chan struct{}, width)
	for i := range n {
		done.Go(func() {
			<-start
			places <- struct{}{}
			defer func() { <-places }()
			run(i)
		})
	}
	close(start)
	done.Wait()
}

// once sends forms at once and expects that one of them leads to a path, and the others to the news that they came too late.
func once(t *testing.T, all []sending, width int, path string) {
	t.Helper()
	var won atomic.Int64
	together(len(all), width, func(i int) {
		s := all[i]
		s.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		answer, err := s.http.PostForm(s.to, s.form)
		body := read(t, answer, err)
		switch location, _ := answer.Location(); {
		case answer.StatusCode == http.StatusSeeOther && location.Path == path:
			won.Add(1)
		case answer.StatusCode == http.StatusNotFound, answer.StatusCode == http.StatusUnprocessableEntity:
		default:
			t.Errorf("%s to %s: %s", answer.Status, location, body)
		}
	})
	if won.Load() != 1 {
		t.Errorf("%d of %d won", won.Load(), len(all))
	}
}

func (w *arena) registrations(t *testing.T) {
	spellings := []string{"kate@example.com", "KATE@example.com", " Kate@Example.COM", "kate\u200b@example.com", "kAtE@eXample.cOm "}
	var begun, proven []sending
	for i := range crowd {
		b := w.browser(t, i)
		begun = append(begun, b.fill(b.get(w.issuer+"/sign-up", "/sign-up"), "sign-up", "email", spellings[i%len(spellings)], "password", password))
	}
	pages := make([]page, crowd)
	together(crowd, hashing, func(i int) {
		answer, err := begun[i].http.PostForm(begun[i].to, begun[i].form)
		pages[i] = begun[i].arrive(answer, err, "/sign-up/verify") // what each of them sees is the same
	})
	code := w.letter(t, "kate@example.com").code
	for i, s := range begun {
		proven = append(proven, s.fill(pages[i], "verify", "code", code))
	}
	once(t, proven, crowd, "/account")
	if n := storagetest.Count(t, w.database, `SELECT count(*) FROM accounts`); n != 1 {
		t.Errorf("%d accounts", n)
	}
	if n := storagetest.Count(t, w.database, `SELECT count(*) FROM outbox`); n != 1 {
		t.Errorf("%d mails", n)
	}
}

func (w *arena) registrationCode(t *testing.T) {
	b := w.browser(t, 0)
	verify := b.submit(b.get(w.issuer+"/sign-up", "/sign-up"), "sign-up", "/sign-up/verify", "email", "ploy@example.com", "password", password)
	once(t, w.many(b.fill(verify, "verify", "code", w.letter(t, "ploy@example.com").code), crowd, same), crowd, "/account")
}

func (w *arena) signInCode(t *testing.T) {
	w.account("mali@example.com")
	b := w.browser(t, 0)
	verify := b.submit(b.get(w.issuer+"/login/code", "/login/code"), "login-code", "/login/code/verify", "username", "mali@example.com")
	once(t, w.many(b.fill(verify, "login-code-verify", "code", w.letter(t, "mali@example.com").code), crowd, same), crowd, "/account")
}

func (w *arena) recoveryLink(t *testing.T) {
	w.account("dao@example.com")
	b := w.browser(t, 0)
	b.submit(b.get(w.issuer+"/recover", "/recover"), "recover", "/recover/verify", "username", "dao@example.com")
	reader := w.browser(t, 1)
	link := reader.get(w.letter(t, "dao@example.com").link, "/recover/link")
	once(t, w.many(reader.fill(link, "recover-password"), crowd, func(i int, form url.Values) {
		form.Set("password", password+strings.Repeat("!", i))
	}), hashing, "/account")
}

func (w *arena) appCode(t *testing.T) {
	w.account("fah@example.com")
	signIn := func(b *browser, path string) page {
		return b.submit(b.get(w.issuer+"/login", "/login"), "sign-in", path, "username", "fah@example.com", "password", password)
	}
	b := w.browser(t, 0)
	signIn(b, "/account")
	offer := b.submit(b.get(w.issuer+"/account/authenticator", "/account/authenticator"), "authenticator-start", "/account/authenticator", "start", "1")
	shown := regexp.MustCompile(`id="authenticator-secret">([A-Z2-7 ]+)<`).FindStringSubmatch(offer.body)
	if shown == nil {
		t.Fatal(offer.body)
	}
	code := func(at time.Time) string {
		code, err := totp.GenerateCode(strings.ReplaceAll(shown[1], " ", ""), at)
		if err != nil {
			t.Fatal(err)
		}
		return code
	}
	b.submit(offer, "authenticator-confirm", "/account/recovery-codes", "code", code(time.Now()))
	next := code(time.Now().Add(30 * time.Second)) // clocks may differ by a step
	var all []sending
	for i := range 10 { // as many first factors wait, each of them good for a session
		b := w.browser(t, i)
		all = append(all, w.many(b.fill(signIn(b, "/login/factor"), "factor", "code", next), crowd/10, same)...)
	}
	once(t, all, crowd, "/account")
}

// partnerCode lets two endpoints of two processes fight for one authorization code: LX-04.
func (w *arena) partnerCode(t *testing.T) {
	const back, secret, number = "https://partner.test/cb", "pratu_cs_YGFiY2RlZmdoaWprbG1ub3BxcnN0dXZ3eHl6e3x9fn8", "+66812345678"
	w.cli(secret, "client", "create", "--kind", "web", "--id", "1245", "--redirect-uri", back, "--secret-stdin", "--set", "first_party=true",
		"--set", "require_pkce=false", "--set", "partner_mobile_protection=off")
	w.cli(password, "account", "create", "--email", "partner@example.com", "--phone", number, "--verified", "--password-stdin")
	b := w.browser(t, 0)
	b.submit(b.get(w.issuer+"/login", "/login"), "sign-in", "/account", "username", "partner@example.com", "password", password)
	b.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	answer, err := b.http.Get(w.issuer + "/oauth2/authorize?" + url.Values{
		"response_type": {"code"}, "client_id": {"1245"}, "redirect_uri": {back}, "scope": {"openid"}, "state": {"x"},
	}.Encode())
	read(t, answer, err)
	location, err := answer.Location()
	if err != nil || location.Query().Get("code") == "" {
		t.Fatalf("%s: %v %v", answer.Status, location, err)
	}
	standard := url.Values{
		"grant_type": {"authorization_code"}, "client_id": {"1245"}, "client_secret": {secret}, "code": {location.Query().Get("code")}, "redirect_uri": {back},
	}
	partners := maps.Clone(standard)
	partners.Set("redirect_url", back)
	partners.Set("request_id", "race")
	partners.Set("mobile_number", number)
	partners.Set("timestamp", time.Now().UTC().Format("2006-01-02T15:04:05.000Z"))
	var won atomic.Int64
	together(crowd, crowd, func(i int) {
		path, form := "/oauth2/token", standard
		if i/2%2 == 1 { // both endpoints at both processes
			path, form = "/partner/token", partners
		}
		answer, err := w.replicas[i%2].http.PostForm(w.issuer+path, form)
		switch body := read(t, answer, err); {
		case answer.StatusCode == http.StatusOK && strings.Contains(body, "access_token"):
			won.Add(1)
		case answer.StatusCode != http.StatusBadRequest || !strings.Contains(body, "invalid_grant"):
			t.Errorf("%s: %s %s", path, answer.Status, body)
		}
	})
	if won.Load() != 1 {
		t.Errorf("%d of %d won", won.Load(), crowd)
	}
}

// account creates a person whose address is proven.
func (d *deployment) account(email string) {
	d.t.Helper()
	d.cli(password, "account", "create", "--email", email, "--verified", "--password-stdin")
}

// letter is a mail with a code.
type letter struct{ code, link string }

var linked = regexp.MustCompile(`http://\S+\?token=[\w-]+`)

// letter waits for the newest mail with a code to an address, in whatever spelling it was first given.
func (d *deployment) letter(t *testing.T, to string) letter {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		found, _ := filepath.Glob(filepath.Join(d.mails, "*.eml"))
		for i := len(found) - 1; i >= 0; i-- {
			raw, err := os.ReadFile(found[i])
			if err != nil {
				t.Fatal(err)
			}
			_, subject, _ := strings.Cut(string(raw), "Subject: ")
			if strings.Contains(strings.ToLower(string(raw)), "to: <"+to+">") && len(subject) > 6 && strings.Trim(subject[:6], "0123456789") == "" {
				return letter{subject[:6], linked.FindString(string(raw))}
			}
		}
	}
	t.Fatalf("no mail to %s within 20 s", to)
	return letter{}
}
