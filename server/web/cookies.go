package web

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"pratu/flows/secret"
)

// Cookies hold random values, and choices that somebody made. The browser's is set once and long-lived: interactions, CSRF tokens and
// budgets of failures are bound to it. The session's changes with every sign-in.
const (
	sessionCookie = "pratu_session"
	browserCookie = "pratu_browser"
	offeredCookie = "pratu_passkey_offered"
	requestCookie = "pratu_request_" // and the end of the handle

	sessionAge = 30 * 24 * time.Hour
	browserAge = 400 * 24 * time.Hour // the most that browsers keep
	// requestAge is how long a page of a request knows which application it came from (storage.KeepInteractions).
	requestAge = 24 * time.Hour
	maxCookie  = 128
	maxRequest = 2048 // of a request, which we sealed; proxies give all cookies together 8 KiB
	maxCarried = 2
)

// name carries the __Host- prefix on https: no other host and no plain connection can set it.
func (k *Kernel) name(base string) string {
	if k.Issuer.Secure() {
		return "__Host-" + base
	}
	return base
}

func (k *Kernel) setCookie(w http.ResponseWriter, base, value string, age time.Duration) {
	k.writeCookie(w, &http.Cookie{ //nolint:gosec // Secure is set where the issuer is https
		Name: k.name(base), Value: value, MaxAge: ages(value, age), HttpOnly: true,
		Secure: k.Issuer.Secure(), SameSite: http.SameSiteLaxMode,
	})
}

// ages is a cookie's Max-Age: one without a value goes.
func ages(value string, age time.Duration) int {
	if value == "" {
		return -1
	}
	return int(age / time.Second)
}

// writeCookie sets a cookie for the whole host.
func (k *Kernel) writeCookie(w http.ResponseWriter, c *http.Cookie) { //nolint:gosec // its attributes are the caller's
	c.Path = "/"
	// One Set-Cookie for each name: a second one would leave to the browser which of them counts.
	kept := w.Header().Values("Set-Cookie")[:0:0]
	for _, line := range w.Header().Values("Set-Cookie") {
		if !strings.HasPrefix(line, c.Name+"=") {
			kept = append(kept, line)
		}
	}
	w.Header().Del("Set-Cookie")
	for _, line := range append(kept, c.String()) {
		w.Header().Add("Set-Cookie", line)
	}
}

func (k *Kernel) cookie(r *http.Request, base string) string { return k.bounded(r, base, maxCookie) }

func (k *Kernel) bounded(r *http.Request, base string, most int) string {
	c, err := r.Cookie(k.name(base))
	if err != nil || len(c.Value) > most {
		return ""
	}
	return c.Value
}

// Session is the session cookie, or "".
func (k *Kernel) Session(r *http.Request) string { return k.cookie(r, sessionCookie) }

// SetSession replaces the session cookie.
func (k *Kernel) SetSession(w http.ResponseWriter, value string) {
	k.setCookie(w, sessionCookie, value, sessionAge)
	k.changeState(w)
}

// ClearSession takes it away.
func (k *Kernel) ClearSession(w http.ResponseWriter) {
	k.setCookie(w, sessionCookie, "", 0)
	k.setState(w, "")
}

// Browser is the browser's cookie; a browser without one gets it with this answer.
func (k *Kernel) Browser(w http.ResponseWriter, r *http.Request) string {
	if v := k.cookie(r, browserCookie); v != "" {
		return v
	}
	v := secret.Token()
	k.setCookie(w, browserCookie, v, browserAge)
	// The rest of this request sees it too, before any of that name that was no use.
	r.Header["Cookie"] = slices.Insert(slices.Clone(r.Header["Cookie"]), 0, k.name(browserCookie)+"="+v)
	return v
}

// Visitor is a browser that comes with a request that waits, or for one: see authorize.Visitor.
type Visitor struct {
	Browser  string
	SignedIn bool
	Carried  string
	Carries  bool
}

// Visitor is who comes with a request, or, without a handle, for one. A browser without our cookie gets it with this answer,
// and carries nothing before it has shown that it keeps that.
func (k *Kernel) Visitor(w http.ResponseWriter, r *http.Request, handle string) Visitor {
	v := Visitor{SignedIn: k.Session(r) != "", Carries: k.cookie(r, browserCookie) != ""}
	v.Browser = k.Browser(w, r)
	if handle != "" {
		v.Carried = k.bounded(r, requestCookie+tail(handle), maxRequest)
	}
	carried := 0
	for _, c := range r.Cookies() {
		if strings.HasPrefix(c.Name, k.name(requestCookie)) {
			carried++
		}
	}
	v.Carries = v.Carries && carried < maxCarried
	return v
}

// Carry has a browser carry a request; without one, no longer.
func (k *Kernel) Carry(w http.ResponseWriter, r *http.Request, handle, request string) {
	base := requestCookie + tail(handle)
	if request != "" || k.bounded(r, base, maxRequest) != "" {
		k.setCookie(w, base, request, requestAge)
	}
}

// tail is what tells the handles of a browser apart.
func tail(handle string) string { return handle[max(0, len(handle)-8):] }

// CSRF is the token that a form of ours posts as "csrf".
func (k *Kernel) CSRF(w http.ResponseWriter, r *http.Request) string {
	return k.Keyring.MAC("csrf", k.Browser(w, r))
}

func (k *Kernel) csrfMatches(r *http.Request) bool {
	browser := k.cookie(r, browserCookie)
	return browser != "" && len(r.PostForm["csrf"]) == 1 && k.Keyring.CheckMAC("csrf", r.PostForm.Get("csrf"), browser)
}

// PasskeyOffered tells whether this browser has been offered to make a passkey.
func (k *Kernel) PasskeyOffered(r *http.Request) bool { return k.cookie(r, offeredCookie) != "" }

// SetPasskeyOffered remembers it: who didn't want one isn't asked again.
func (k *Kernel) SetPasskeyOffered(w http.ResponseWriter) {
	k.setCookie(w, offeredCookie, "1", browserAge)
}

// SetLocale stores the choice of a language; one that we don't have is ignored.
func (k *Kernel) SetLocale(w http.ResponseWriter, locale string) {
	if KnownLocale(locale) {
		k.setCookie(w, LocaleCookie, locale, browserAge)
	}
}
