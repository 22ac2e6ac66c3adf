package e2e

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// active is the id of what has the focus. Browsers give it a moment after the page is there.
func (b *tab) active() (id string) {
	b.t.Helper()
	for deadline := time.Now().Add(5 * time.Second); id == "" && time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		id = eval[string](b, `document.activeElement.id`)
	}
	return id
}

// Items 16 and 17: a password can be looked at without losing value and caret, is never sent in the clear field, and Caps
// Lock is told politely.
func TestPasswordField(t *testing.T) {
	p := startDev(t)
	b := newTab(t)
	b.open(p.Issuer + "/login")
	b.fill(`#username`, "mali@example.com")
	b.fill(`#password`, "seven purple")
	type state struct{ Type, Value, Pressed, Label, Button string }
	look := func() state {
		return eval[state](b, `(() => { const i = document.getElementById('password'), s = document.querySelector('.show')
			return {type: i.type, value: i.value + '|' + i.selectionStart, pressed: s.ariaPressed, label: s.ariaLabel, button: s.type} })()`)
	}
	eval[bool](b, `document.getElementById('password').setSelectionRange(5, 5), true`)
	hidden := look()
	b.press(`.show`)
	shown := look()
	b.press(`.show`)
	if again := look(); again != hidden || hidden != (state{"password", "seven purple|5", "false", hidden.Label, "button"}) ||
		shown != (state{"text", "seven purple|5", "true", shown.Label, "button"}) || shown.Label == hidden.Label {
		t.Errorf("hidden %+v, shown %+v, again %+v", hidden, shown, again)
	}

	const caps = `document.getElementById('password').dispatchEvent(new KeyboardEvent('keydown', {bubbles: true, modifierCapsLock: %}))`
	if b.text(`.caps`) != "" {
		t.Error("Caps Lock is told before a key was pressed")
	}
	eval[bool](b, strings.Replace(caps, "%", "true", 1))
	if said := b.text(`.caps[role=status]`); !strings.Contains(said, "Caps Lock") {
		t.Errorf("with Caps Lock the page says %q", said)
	}
	eval[bool](b, strings.Replace(caps, "%", "false", 1))
	if said := b.text(`.caps`); said != "" {
		t.Errorf("without Caps Lock the page says %q", said)
	}

	b.press(`.show`)
	eval[bool](b, `document.getElementById('sign-in').addEventListener('submit', () => { sessionStorage.sent = document.getElementById('password').type }), true`)
	b.click(`#sign-in-submit`)
	if sent := eval[string](b, `sessionStorage.sent`); sent != "password" {
		t.Errorf("it was sent as %q", sent)
	}
}

// Item 18: what is to be filled in first has the focus; after a mistake it is the summary.
func TestFocus(t *testing.T) {
	p := startDev(t)
	p.account("mali@example.com")
	b := newTab(t)
	for path, id := range map[string]string{
		"/login": "username", "/sign-up": "email", "/recover": "username", "/login/code": "username",
	} {
		b.open(p.Issuer + path)
		if got := b.active(); got != id {
			t.Errorf("%s: the focus is on %q", path, got)
		}
	}
	b.open(p.Demo + "/sign-in?login_hint=mali%40example.com")
	if got := b.active(); got != "password" {
		t.Errorf("the identifier is known, and the focus is on %q", got)
	}
	b.fill(`#password`, "wrong "+password)
	b.click(`#sign-in-submit`)
	if got := b.active(); got != "problems" {
		t.Errorf("after a mistake the focus is on %q", got)
	}
}

// Items 19 and 20: what is pasted from a mail, a chat or a Thai keyboard is taken for what it is.
func TestTypedAsPeopleDo(t *testing.T) {
	p := startDev(t)
	const email = "mali@example.com"
	thai := func(code string) string { return shifted(code[:3], '๐') + " " + shifted(code[3:], '๐') }
	wide := func(code string) string { return shifted(code, '０') }
	b := newTab(t)
	b.open(p.Issuer + "/sign-up")
	b.fill(`#email`, email)
	b.fill(`#password`, "ประตูบานที่เจ็ด 🚪 กับฝนที่ตกลงมาทั้งคืน และคำอีกหลายคำ ให้ยาวเกินหกสิบสี่ตัวอักษร")
	b.click(`#sign-up-submit`)
	b.fill(`#code`, "abcdef")
	if eval[bool](b, `document.getElementById('code').checkValidity()`) {
		t.Error("letters pass for a code")
	}
	b.fill(`#code`, thai(p.mailedCode(email)))
	if status := b.click(`#verify-submit`); status != http.StatusOK {
		t.Errorf("a code in Thai digits, in groups: %d", status)
	}
	b.at(p.Issuer + "/account")
	b.signOut(p)

	b.open(p.Issuer + "/login")
	b.fill(`#username`, " \u200bMALI@example.com\u200b ")
	b.fill(`#password`, "ประตูบานที่เจ็ด 🚪 กับฝนที่ตกลงมาทั้งคืน และคำอีกหลายคำ ให้ยาวเกินหกสิบสี่ตัวอักษร")
	b.click(`#sign-in-submit`)
	b.at(p.Issuer + "/account")

	const other = "nid@example.com" // an address gets one mail in a minute
	p.account(other)
	b = newTab(t)
	b.open(p.Issuer + "/login/code")
	b.fill(`#username`, other)
	b.click(`#login-code-submit`)
	b.fill(`#code`, wide(p.mailedCode(other)))
	if status := b.click(`#login-code-verify-submit`); status != http.StatusOK {
		t.Errorf("a code in wide digits: %d", status)
	}
	b.at(p.Issuer + "/account")
}

// shifted writes digits in those that begin at zero.
func shifted(code string, zero rune) string {
	return strings.Map(func(r rune) rune { return r - '0' + zero }, code)
}

// Item 41: another language, by a form and without a script as well, keeps what was typed and whom it is for.
func TestLanguageKeepsTheForm(t *testing.T) {
	p := startDev(t)
	for name, off := range map[string]bool{"with scripts": false, "without scripts": true} {
		t.Run(name, func(t *testing.T) {
			b := newTab(t)
			b.scriptless(off)
			b.open(p.Demo + "/sign-in")
			b.fill(`#username`, "mali@example.com")
			before, _ := url.Parse(b.url())
			b.click(`footer [lang=th]`)
			type state struct{ Lang, Typed, Interaction string }
			got := eval[state](b, `({lang: document.documentElement.lang, typed: document.getElementById('username').value,
				interaction: document.querySelector('#sign-in [name=interaction]').value})`)
			if want := (state{"th", "mali@example.com", before.Query().Get("interaction")}); got != want || !strings.Contains(b.text("main"), "Corner Shop") {
				t.Errorf("%+v, not %+v: %s", got, want, b.text("main"))
			}
		})
	}
}

// Item 9: Enter submits, and Escape loses nothing.
func TestEnterAndEscape(t *testing.T) {
	p := startDev(t)
	p.account("mali@example.com")
	b := newTab(t)
	b.open(p.Issuer + "/login")
	b.fill(`#username`, "mali@example.com")
	b.fill(`#password`, password)
	b.do("Escape", chromedp.KeyEvent(kb.Escape))
	b.at(p.Issuer + "/login")
	b.load("Enter", chromedp.KeyEvent(kb.Enter))
	b.at(p.Issuer + "/account")
}
