package web

import (
	"fmt"
	"html"
	"net/http"

	"pratu/flows/secret"
)

// stateCookie is the one cookie that a script of ours reads, in a frame on an application's page (OpenID Connect Session
// Management): a random value that changes when somebody signs in or out, and says nothing else. It exists only with
// Kernel.SessionManagement.
const stateCookie = "op_state"

// framePolicy lets everybody embed a page on which there is nothing to click.
const framePolicy = "default-src 'none'; script-src 'self'; base-uri 'none'; frame-ancestors *"

// State is the browser's; one without it gets it with this answer, and one that signed in with this answer has a new one.
func (k *Kernel) State(w http.ResponseWriter, r *http.Request) string {
	for _, c := range (&http.Response{Header: w.Header()}).Cookies() {
		if c.Name == k.name(stateCookie) && c.Value != "" {
			return c.Value
		}
	}
	if v := k.cookie(r, stateCookie); v != "" {
		return v
	}
	return k.changeState(w)
}

func (k *Kernel) changeState(w http.ResponseWriter) string {
	v := secret.ID()
	k.setState(w, v)
	return v
}

func (k *Kernel) setState(w http.ResponseWriter, value string) {
	if !k.SessionManagement {
		return
	}
	k.writeCookie(w, &http.Cookie{ //nolint:gosec // a script has to read it, on pages of other sites
		Name: k.name(stateCookie), Value: value, MaxAge: ages(value, sessionAge),
		Secure: true, SameSite: http.SameSiteNoneMode, // browsers take Secure from http://localhost as well
	})
}

// Ended follows the end of a session of this browser: the cookie goes with the last one.
func (k *Kernel) Ended(w http.ResponseWriter, last bool) {
	if last {
		k.ClearSession(w)
		return
	}
	k.changeState(w)
}

// Embedded is a page that applications embed in theirs.
func (k *Kernel) Embedded(h Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		head := w.Header()
		head.Set("Content-Security-Policy", framePolicy)
		head.Set("Referrer-Policy", noReferrer)
		head.Set("Cross-Origin-Resource-Policy", "cross-origin")
		head.Set("Cache-Control", "no-cache")
		if err := h(w, r); err != nil {
			k.failData(w, r, err)
		}
	})
}

// SessionFrame is the page of check_session_iframe: a script and nothing to see.
func (k *Kernel) SessionFrame(w http.ResponseWriter) error {
	script, err := k.Renderer.assets.url("session.js")
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, err = fmt.Fprintf(w, "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>%s</title>\n<script src=\"%s\" data-cookie=\"%s\"></script>\n</head><body></body></html>\n",
		Product, html.EscapeString(script), k.name(stateCookie))
	return err
}
