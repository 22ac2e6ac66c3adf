package web

import (
	"encoding/json"
	"errors"
	"mime"
	"net/http"

	"pratu/flows/kind"
)

// Content-Security-Policy of all pages. There is nothing inline. form-action stands only where no POST leaves us:
// Chromium applies it to every redirect that follows a form, and signing in would end on a page that just stays.
const (
	pagePolicy  = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; frame-ancestors 'none'"
	formsOfOurs = "; form-action 'self'"
	dataPolicy  = "default-src 'none'; frame-ancestors 'none'"
	noReferrer  = "no-referrer"
	permissions = "publickey-credentials-get=(self), publickey-credentials-create=(self), otp-credentials=(self), camera=(), microphone=(), geolocation=()"
)

// maxForm bounds the body of a posted page, maxUpload that of one with a file, which is kept in memory.
const (
	maxForm   = 64 << 10
	maxUpload = 2 << 20
)

// class is what all pages of a kind share.
type class struct {
	policy, opener, referrer string
	guarded                  bool // a POST has to come from a page of ours
	files                    bool // it may bring some
}

// Page is a page of ours whose forms stay here: account, set-up, mails.
func (k *Kernel) Page(h Handler) http.Handler {
	return k.html(h, class{policy: pagePolicy + formsOfOurs, opener: "same-origin", referrer: "same-origin", guarded: true})
}

// Upload is a Page that files can be posted to.
func (k *Kernel) Upload(h Handler) http.Handler {
	return k.html(h, class{policy: pagePolicy + formsOfOurs, opener: "same-origin", referrer: "same-origin", guarded: true, files: true})
}

// Leaving is a Page of ours whose POST may end elsewhere: at a provider that one signs in with.
func (k *Kernel) Leaving(h Handler) http.Handler {
	return k.html(h, class{policy: pagePolicy, opener: "same-origin", referrer: "same-origin", guarded: true})
}

// Secret is a Page whose URL is a secret that nobody else should see, not even in our own logs.
func (k *Kernel) Secret(h Handler) http.Handler {
	return k.html(h, class{policy: pagePolicy + formsOfOurs, opener: "same-origin", referrer: noReferrer, guarded: true})
}

// Interaction is a page on the way to a relying party: its POST may end there, and the relying party may have opened it
// in a pop-up.
func (k *Kernel) Interaction(h Handler) http.Handler {
	return k.html(h, class{policy: pagePolicy, opener: "unsafe-none", referrer: "same-origin", guarded: true})
}

// SecretInteraction is an Interaction whose URL is a secret: the mailed link.
func (k *Kernel) SecretInteraction(h Handler) http.Handler {
	return k.html(h, class{policy: pagePolicy, opener: "unsafe-none", referrer: noReferrer, guarded: true})
}

// Front is an endpoint that other sites send browsers to, by GET or POST: no CSRF token can be expected.
func (k *Kernel) Front(h Handler) http.Handler {
	return k.html(h, class{policy: pagePolicy, opener: "unsafe-none", referrer: "same-origin"})
}

func (k *Kernel) html(h Handler, c class) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r = k.Localize(r)
		head := w.Header()
		head.Set("Content-Security-Policy", c.policy)
		head.Set("X-Frame-Options", "DENY")
		head.Set("Referrer-Policy", c.referrer)
		head.Set("Cross-Origin-Opener-Policy", c.opener)
		head.Set("Cross-Origin-Resource-Policy", "same-origin")
		head.Set("Permissions-Policy", permissions)
		head.Set("Cache-Control", "no-store")
		head.Add("Vary", "Accept-Language, Cookie")
		if c.guarded && r.Method == http.MethodPost {
			if err := k.guard(w, r, c); err != nil {
				k.Fail(w, r, err)
				return
			}
		}
		if err := h(w, r); err != nil {
			k.Fail(w, r, err)
		}
	})
}

// guard lets a POST through only when it comes from a page of ours, by what the browser says (Fetch Metadata, Origin) and
// by a token that only our page has.
func (k *Kernel) guard(w http.ResponseWriter, r *http.Request, c class) error {
	if err := k.crossOrigin.Check(r); err != nil && !anonymous(r, c) {
		k.Metrics.csrfRejected()
		return kind.New(kind.Forbidden, "csrf.cross_site").WithErr(err)
	}
	if err := parse(w, r, c.files); err != nil {
		return err
	}
	if k.cookie(r, browserCookie) == "" {
		k.Metrics.csrfRejected()
		return kind.New(kind.Forbidden, "cookies") // most probably the browser keeps none
	}
	if !k.csrfMatches(r) {
		k.Metrics.csrfRejected()
		return kind.New(kind.Forbidden, "csrf.token")
	}
	return nil
}

// parse reads a posted form.
func parse(w http.ResponseWriter, r *http.Request, files bool) error {
	refused := &PageError{Status: http.StatusBadRequest, Code: "invalid_request", Message: "error.request"}
	switch media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); {
	case media == "application/x-www-form-urlencoded":
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		refused.Err = r.ParseForm()
	case files && media == "multipart/form-data":
		r.Body = http.MaxBytesReader(w, r.Body, maxUpload)
		refused.Err = r.ParseMultipartForm(maxUpload) //nolint:gosec // the reader bounds it
	default:
		refused.Status = http.StatusUnsupportedMediaType
		return refused
	}
	if refused.Err == nil {
		return nil
	}
	if long := (*http.MaxBytesError)(nil); errors.As(refused.Err, &long) {
		refused.Status = http.StatusRequestEntityTooLarge
		if long.Limit == maxUpload {
			refused.Message = "error.upload"
		}
	}
	return refused
}

// anonymous tells whether a browser without Fetch Metadata hides its origin because we told it to send no referrer
// (Fetch standard, "append a request Origin header"). Then the token alone decides.
func anonymous(r *http.Request, c class) bool {
	return c.referrer == noReferrer && r.Header.Get("Sec-Fetch-Site") == "" && r.Header.Get("Origin") == "null"
}

// Protocol is an endpoint for programs. Handlers answer their own errors; one that is returned is a failure of ours.
func (k *Kernel) Protocol(h Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", dataPolicy)
		w.Header().Set("Referrer-Policy", "no-referrer")
		if err := h(w, r); err != nil {
			k.failData(w, r, err)
		}
	})
}

// failData answers a program in the shape that all OAuth endpoints share.
func (k *Kernel) failData(w http.ResponseWriter, r *http.Request, err error) {
	EventOf(r.Context()).Set("cause", err.Error())
	status, code := http.StatusInternalServerError, "server_error"
	if kind.Of(err) == kind.Unavailable {
		status, code = http.StatusServiceUnavailable, "temporarily_unavailable"
		w.Header().Set("Retry-After", "1")
	}
	WriteError(w, status, code, "")
}

// WriteError writes an error as JSON (RFC 6749 section 5.2).
func WriteError(w http.ResponseWriter, status int, code, description string) {
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(struct {
		Error       string `json:"error"`
		Description string `json:"error_description,omitempty"`
	}{code, description})
}
