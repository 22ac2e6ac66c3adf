// Package web is the kernel of the HTTP edge: classes of routes with their headers and checks, errors as answers,
// cookies, CSRF, who calls from where, one log event for each request, languages and rendering. It knows no domain, no
// route and no protocol engine.
package web

import (
	"log/slog"
	"maps"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"pratu/flows/issuer"
	"pratu/flows/secret"
)

// Handler answers a request or returns why it can't. An error before anything was written becomes an answer of the
// route's class.
type Handler func(w http.ResponseWriter, r *http.Request) error

// Kernel is shared by all routes. Proxies, ExtraHosts and APIs may be empty; the rest is required.
type Kernel struct {
	Issuer     issuer.Issuer
	Keyring    *secret.Keyring
	Logger     *slog.Logger
	Renderer   *Renderer
	Metrics    *Metrics
	Now        func() time.Time
	Proxies    []netip.Prefix // whose X-Forwarded-For is believed
	ExtraHosts []string       // Host headers that are answered besides the issuer's
	APIs       []string       // paths below which programs are answered, beside the protocol's
	Dev        bool           // development: mails can be read

	SessionManagement bool // applications may watch whether somebody signs in or out

	crossOrigin http.CrossOriginProtection
}

// Render fills the page's frame and writes the page.
func (k *Kernel) Render(w http.ResponseWriter, r *http.Request, status int, name string, data Framed) error {
	f := data.FrameOf()
	f.Locale = LocaleOf(r.Context())
	f.CSRF = k.CSRF(w, r)
	f.RequestID = RequestID(r.Context())
	f.Dev = k.Dev
	_, failed := data.(*ErrorView)
	f.Languages = k.languages(r, f, failed)
	body, err := k.Renderer.Page(name, data)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", f.Locale)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body)
	}
	return nil
}

// ours are the parameters of our own links.
var ours = []string{"interaction", "pending", "token", "return", "notice", "another", "resent", "elsewhere", "door"}

// maxBack bounds the address that a language link carries along: sealed and escaped it has to stay below maxQuery.
const maxBack = 4 << 10

// languages are links that store a choice and come back here. A page that answers a POST comes back to its GET, with the
// interaction that the form brought along.
func (k *Kernel) languages(r *http.Request, f *Frame, failed bool) []Language {
	back := k.back(r, f, failed)
	list := make([]Language, 0, len(Locales))
	for _, l := range Locales {
		link := k.Issuer.Path() + issuer.PathLanguage + "?" + url.Values{"to": {l}, "back": {back}}.Encode()
		if !k.known(r) { // at another host a link of ours only fails again, and no choice is kept
			link = "?" + url.Values{"ui_locales": {l}}.Encode()
		}
		list = append(list, Language{Tag: l, Name: localeNames[l], Current: l == f.Locale, URL: link})
	}
	return list
}

// back is the address of a page, for its language links. What a stranger wrote into it isn't repeated in a page of ours:
// neither foreign parameters nor the path of a failure.
func (k *Kernel) back(r *http.Request, f *Frame, failed bool) string {
	here := r.URL.Query()
	handle := f.Interaction
	if handle == "" && r.Method == http.MethodPost {
		handle = r.PostForm.Get("interaction")
	}
	if handle != "" {
		here.Set("interaction", handle)
	}
	back := r.URL.EscapedPath()
	switch query := here.Encode(); {
	case len(back) > maxBack:
		back = k.Issuer.Path() + "/"
	case query != "" && len(back)+len(query) < maxBack:
		back += "?" + query
	}
	foreign := func(name string) bool { return !slices.Contains(ours, name) }
	if failed || slices.ContainsFunc(slices.Collect(maps.Keys(here)), foreign) {
		return k.SealLocal(back)
	}
	return back
}

// Localize chooses the language of an answer. uiLocales are those of the authorization request that a page belongs to.
func (k *Kernel) Localize(r *http.Request, uiLocales ...string) *http.Request {
	if len(uiLocales) == 0 {
		uiLocales = strings.Fields(r.URL.Query().Get("ui_locales"))
	}
	locale := ChooseLocale(k.cookie(r, LocaleCookie), uiLocales, r.Header.Get("Accept-Language"))
	return r.WithContext(WithLocale(r.Context(), locale))
}

// Redirect sends the browser to one of our own paths by GET, with a query or none.
func (k *Kernel) Redirect(w http.ResponseWriter, path string, query url.Values) error {
	target := k.Issuer.URL(path)
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	w.Header().Set("Location", target)
	w.WriteHeader(http.StatusSeeOther)
	return nil
}

// Continue returns from a page to the one place that decides what comes next.
func (k *Kernel) Continue(w http.ResponseWriter, _ *http.Request, handle string) error {
	return k.Redirect(w, issuer.PathContinue, url.Values{"interaction": {handle}})
}
