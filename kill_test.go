package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pratu/storage/storagetest"
)

// TestKilled pulls the plug in every step of a person's life: in the midst of its writes, and again right after its
// answer. What a step changes has then happened as a whole or not at all, its mails too; and the person goes on (F1).
func TestKilled(t *testing.T) {
	for engine, database := range storagetest.URLs(t) {
		t.Run(engine, func(t *testing.T) {
			d := newDeployment(t, database)
			d.env = append(d.env, "PRATU_LIMITS=mail.minute=1000/1m,mail.day=1000/1d")
			v := &victim{deployment: d, email: person, password: password}
			v.restart()
			for _, s := range v.life() {
				v.lives(s)
			}
			v.whole()
		})
	}
}

// victim is a person whose provider dies again and again.
type victim struct {
	*deployment
	replica         *replica
	b               *browser
	at              string // where the last answer led
	email, password string
}

// step is a form that is sent, and what it changes.
type step struct {
	name, path, form string
	typed            func() []string
	hold             string   // a table that it writes into
	makes            []string // rows that come together
	mails            int64    // that come with them
	anew             bool     // sent again it does the same again
	after            func()
}

const moved = "nok.two@example.com"

func (v *victim) life() []step {
	typed := func(t ...string) func() []string { return func() []string { return t } }
	code := func(to string) func() []string {
		return func() []string { return []string{"code", v.letter(v.t, to).code} }
	}
	asked := func(purpose string) string { return "challenges WHERE purpose = '" + purpose + "'" }
	used := func(purpose string) string { return asked(purpose) + " AND used_at > 0" }
	spent := "(SELECT 1 FROM " + used("recovery") + " LIMIT 1) AS recoveries" // each takes what else is on its way along
	event := func(name string) string { return "audit WHERE event = '" + name + "'" }
	return []step{
		{"registers", "/sign-up", "sign-up", typed("email", person, "password", password), "outbox", []string{"pending_registrations"}, 1, true, nil},
		{"proves the address", "", "verify", code(person), "audit", []string{"accounts", "contacts", event("account.created")}, 0, false, nil},
		{"asks for a code", "/login/code", "login-code", typed("username", person), "outbox", []string{asked("sign-in")}, 1, true, nil},
		{"signs in", "", "login-code-verify", code(person), "audit", []string{used("sign-in"), event("signin.succeeded")}, 0, false, nil},
		{"forgets the password", "/recover", "recover", typed("username", person), "outbox", []string{asked("recovery")}, 1, true, nil},
		{"sets another", "link", "recover-password", typed("password", password+"!"), "outbox", []string{spent, event("password.recovered")}, 1, false,
			func() { v.password += "!" }},
		{"begins to move", "/account/contacts", "contacts", typed("contact", moved), "outbox", []string{asked("add-contact")}, 1, true, nil},
		{"moves", "", "prove", code(moved), "outbox", []string{used("add-contact"), event("contact.added"), event("contact.removed")}, 3, false,
			func() { v.email = moved }},
		{"goes", "/account/delete", "delete-form", typed("confirm", "1"), "outbox", []string{"accounts WHERE status = '3'", event("account.deleted")}, 1, false, nil},
		{"comes back", "/login/keep", "keep", typed("decision", "keep"), "outbox", []string{event("account.kept")}, 1, false, nil},
	}
}

// lives does a step that is broken off, and does it again.
func (v *victim) lives(s step) {
	v.t.Helper()
	form, before := v.fill(s), v.count(s)
	v.breakOff(s, form)
	happened := v.times(s, before)
	if s.anew || happened == 0 {
		form = v.fill(s)
	}
	before = v.count(s)
	answer, err := form.http.PostForm(form.to, form.form)
	body := read(v.t, answer, err)
	v.restart()
	at, _ := answer.Location()
	switch again := v.times(s, before); {
	case s.anew || happened == 0:
		if again != 1 || answer.StatusCode >= 400 {
			v.t.Fatalf("%s: happened %d times, %s: %s", s.name, again, answer.Status, body)
		}
	case again != 0, answer.StatusCode >= 500, at == nil && (!strings.Contains(body, "<h1") || !strings.Contains(body, "<a ")):
		v.t.Fatalf("%s a second time: happened %d times, %s: %s", s.name, again, answer.Status, body)
	}
	if at != nil {
		v.at = at.String()
	}
	if s.after != nil {
		s.after()
	}
	v.t.Logf("%s: %d when it was broken off", s.name, happened)
}

// fill is the form of a step, on the page where the person stands or begins anew.
func (v *victim) fill(s step) sending {
	v.t.Helper()
	at := v.at
	switch s.path {
	case "":
	case "link":
		at = v.letter(v.t, person).link
	default:
		at = v.issuer + s.path
	}
	here := v.b.look(at)
	if here.url.Path == "/login" { // the session is over, or its answer was lost
		if here = v.b.send(v.b.fill(here, "sign-in", "username", v.email, "password", v.password)); here.url.Path != s.path {
			here = v.b.look(at)
		}
	}
	if s.form == "contacts" {
		here = v.b.look(here.link(v.t, "/account/contacts?replace="))
	}
	filled := v.b.fill(here, s.form, s.typed()...)
	filled.browser = newBrowser(v.replica)
	filled.http.Jar, filled.http.CheckRedirect = v.b.http.Jar, func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return filled
}

// look opens an address, wherever that leads.
func (b *browser) look(address string) page {
	b.t.Helper()
	answer, err := b.http.Get(address)
	return page{answer.Request.URL, read(b.t, answer, err)}
}

func (b *browser) send(s sending) page {
	b.t.Helper()
	answer, err := b.http.PostForm(s.to, s.form)
	return page{answer.Request.URL, read(b.t, answer, err)}
}

// breakOff sends a form and kills the program while it writes: on PostgreSQL before a table that somebody else holds, on
// SQLite when the log of writes grows.
func (v *victim) breakOff(s step, form sending) {
	v.t.Helper()
	path, embedded := strings.CutPrefix(v.database, "sqlite:")
	log := func() os.FileInfo { info, _ := os.Stat(path + "-wal"); return info }
	var writes func() bool
	release := func() {}
	if embedded {
		before := log()
		writes = func() bool {
			now := log()
			return now != nil && (before == nil || now.Size() != before.Size() || !now.ModTime().Equal(before.ModTime()))
		}
	} else {
		writes, release = storagetest.Hold(v.t, v.database, s.hold)
	}
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		if answer, err := form.http.PostForm(form.to, form.form); err == nil {
			_ = answer.Body.Close()
		}
	}()
	for deadline := time.Now().Add(20 * time.Second); !writes(); time.Sleep(100 * time.Microsecond) {
		if time.Now().After(deadline) {
			v.t.Errorf("%s writes nothing", s.name)
			break
		}
	}
	if embedded { // the first that is written are the limits; what follows takes about as long
		time.Sleep(time.Duration(time.Now().UnixNano() % int64(10*time.Millisecond)))
	}
	_ = v.replica.cmd.Process.Kill()
	<-answered
	release()
	v.restart()
}

// restart kills the program and starts it anew. Its mails leave as soon as the dead one's lease is over, for which nobody
// waits here.
func (v *victim) restart() {
	v.t.Helper()
	if v.replica != nil {
		v.replica.kill()
		storagetest.Exec(v.t, v.database, `DELETE FROM leases`)
	}
	jar := http.CookieJar(nil)
	if v.b != nil {
		jar = v.b.http.Jar
	}
	v.replica = v.serve(strings.TrimPrefix(v.issuer, "http://"))
	if v.b = newBrowser(v.replica); jar != nil {
		v.b.http.Jar = jar
	}
	for deadline := time.Now().Add(30 * time.Second); storagetest.Count(v.t, v.database, `SELECT count(*) FROM outbox WHERE delivered_at = 0`) > 0; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			v.t.Fatal("mails don't leave")
		}
	}
}

// count is how many rows there are of each kind that a step makes, and how many mails.
func (v *victim) count(s step) (rows []int64) {
	v.t.Helper()
	for _, table := range append(s.makes, "outbox") {
		rows = append(rows, storagetest.Count(v.t, v.database, "SELECT count(*) FROM "+table))
	}
	return rows
}

// times is how often a step happened since. All its rows and mails are there, or none.
func (v *victim) times(s step, before []int64) int64 {
	v.t.Helper()
	now := v.count(s)
	times := now[0] - before[0]
	for i, n := range now[1:] {
		want := times
		if i == len(s.makes)-1 {
			want *= s.mails
		}
		if n-before[i+1] != want {
			v.t.Fatalf("%s is half done: %v became %v of %v and mails", s.name, before, now, s.makes)
		}
	}
	return times
}

// whole looks at the end: who came through it all has one account with one address, and every mail arrived once.
func (v *victim) whole() {
	v.t.Helper()
	files, _ := filepath.Glob(filepath.Join(v.mails, "*.eml"))
	if mails := storagetest.Count(v.t, v.database, `SELECT count(*) FROM outbox`); int(mails) != len(files) {
		v.t.Errorf("%d mails were written, %d arrived", mails, len(files))
	}
	b := newBrowser(v.replica)
	login := b.get(v.issuer+"/login", "/login")
	for _, wrong := range [][2]string{{moved, password}, {person, password + "!"}} {
		if at := b.send(b.fill(login, "sign-in", "username", wrong[0], "password", wrong[1])); at.url.Path != "/login" {
			v.t.Errorf("%s came in with %s", wrong[0], wrong[1])
		}
	}
	b.submit(login, "sign-in", "/account", "username", moved, "password", password+"!")
	if got := storagetest.Count(v.t, v.database, `SELECT count(*) FROM contacts`); got != 1 {
		v.t.Errorf("%d contacts", got)
	}
}
