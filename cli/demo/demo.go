// Package demo owns the demo relying party of development mode: an ordinary web application that signs in with
// authorization code, PKCE, state and nonce, and shows what it got. It knows the provider only through HTTP, as any
// application does; its sessions live in memory. It doesn't own anything of the provider.
package demo

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// Config says whose relying party this is.
type Config struct {
	Issuer   string
	ClientID string
	URL      string // where browsers reach the demo, without a slash at the end
	Logger   *slog.Logger
}

const signedOutHere = "You are signed out of this application. The provider may still know you."

// scopes are everything the provider knows, so that the page has something to show.
var scopes = []string{oidc.ScopeOpenID, "profile", "email", "phone", "address", oidc.ScopeOfflineAccess}

// Demo is the application. Provider metadata is fetched at first use, since both start together.
type Demo struct {
	cfg      Config
	sessions sessions

	mu   sync.Mutex
	meta *provider
}

// provider is what discovery told.
type provider struct {
	oauth    oauth2.Config
	oidc     *oidc.Provider
	verifier *oidc.IDTokenVerifier
	End      string `json:"end_session_endpoint"`
	Iss      bool   `json:"authorization_response_iss_parameter_supported"`
}

// New returns the application's handler.
func New(cfg Config) http.Handler {
	d := &Demo{cfg: cfg, sessions: sessions{byID: map[string]*session{}}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", d.home)
	mux.HandleFunc("GET /sign-in", d.signIn)
	mux.HandleFunc("GET /callback", d.callback)
	mux.HandleFunc("POST /userinfo", d.userinfo)
	mux.HandleFunc("POST /refresh", d.refresh)
	mux.HandleFunc("POST /sign-out", d.signOut)
	mux.HandleFunc("POST /forget", d.forget)
	mux.HandleFunc("GET /style.css", style)
	return http.NewCrossOriginProtection().Handler(headers(mux))
}

func headers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		// No form-action: browsers apply it to the redirect of sign-out too, which leaves for the provider.
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

func (d *Demo) provider(ctx context.Context) (*provider, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.meta != nil {
		return d.meta, nil
	}
	// The key set of the verifier keeps the context, so it must not be the request's.
	ctx = oidc.ClientContext(context.WithoutCancel(ctx), &http.Client{Timeout: 5 * time.Second})
	p, err := oidc.NewProvider(ctx, d.cfg.Issuer)
	if err != nil {
		return nil, err
	}
	meta := &provider{oidc: p, verifier: p.Verifier(&oidc.Config{ClientID: d.cfg.ClientID})}
	if err := p.Claims(meta); err != nil {
		return nil, err
	}
	meta.oauth = oauth2.Config{
		ClientID: d.cfg.ClientID, Endpoint: p.Endpoint(), Scopes: scopes, RedirectURL: d.cfg.URL + "/callback",
	}
	meta.oauth.Endpoint.AuthStyle = oauth2.AuthStyleInParams
	d.meta = meta
	return meta, nil
}

func (d *Demo) home(w http.ResponseWriter, r *http.Request) {
	s := d.sessions.get(r)
	page := Page{Issuer: d.cfg.Issuer, ClientID: d.cfg.ClientID, URL: d.cfg.URL}
	if s == nil {
		render(w, http.StatusOK, page)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended != "" && r.URL.Query().Get("state") == s.ended {
		s.ended, s.notice = "", "You are signed out, here and at the provider."
	}
	page.Notice, s.notice = s.notice, ""
	if s.tokens != nil {
		if p, err := d.provider(r.Context()); err == nil {
			page.show(p, s)
		}
	}
	render(w, http.StatusOK, page)
}

// signIn begins an authorization request. Options of the request may be given to try them out.
func (d *Demo) signIn(w http.ResponseWriter, r *http.Request) {
	p, err := d.provider(r.Context())
	if err != nil {
		d.fail(w, http.StatusBadGateway, "The provider can't be reached", err)
		return
	}
	s := d.sessions.begin(w, r)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state, s.nonce, s.proof = rand.Text(), rand.Text(), oauth2.GenerateVerifier()
	options := []oauth2.AuthCodeOption{oidc.Nonce(s.nonce), oauth2.S256ChallengeOption(s.proof)}
	for _, name := range []string{"prompt", "ui_locales", "login_hint", "max_age", "acr_values"} {
		if v := r.URL.Query().Get(name); v != "" {
			options = append(options, oauth2.SetAuthURLParam(name, v))
		}
	}
	http.Redirect(w, r, p.oauth.AuthCodeURL(s.state, options...), http.StatusSeeOther) //nolint:gosec // to the provider's endpoint; only parameters are the visitor's
}

func (d *Demo) callback(w http.ResponseWriter, r *http.Request) {
	q, s := r.URL.Query(), d.sessions.get(r)
	p, err := d.provider(r.Context())
	if err != nil {
		d.fail(w, http.StatusBadGateway, "The provider can't be reached", err)
		return
	}
	if s != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
	}
	switch {
	case s == nil || s.state == "" || subtle.ConstantTimeCompare([]byte(q.Get("state")), []byte(s.state)) != 1:
		d.fail(w, http.StatusBadRequest, "This answer belongs to no sign-in that began in this browser", errors.New("state differs"))
		return
	case p.Iss && q.Get("iss") != d.cfg.Issuer: // RFC 9207: mix-up defence
		d.fail(w, http.StatusBadRequest, "This answer comes from another provider", errors.New("iss differs"))
		return
	case q.Get("error") != "":
		s.state = ""
		d.fail(w, http.StatusOK, "The provider answered: "+q.Get("error"), errors.New(q.Get("error_description")))
		return
	}
	s.state = ""
	tokens, err := p.oauth.Exchange(r.Context(), q.Get("code"), oauth2.VerifierOption(s.proof))
	if err == nil {
		err = s.accept(r.Context(), p, tokens, s.nonce)
	}
	if err != nil {
		d.fail(w, http.StatusBadGateway, "The code could not be exchanged", err)
		return
	}
	d.sessions.renew(w, r, s)
	s.notice = "Signed in: the code was exchanged and the ID token verified."
	s.ask(r.Context(), p)
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// signed runs a step that needs tokens and returns to the page.
func (d *Demo) signed(w http.ResponseWriter, r *http.Request, step func(*provider, *session) error) {
	s := d.sessions.get(r)
	p, err := d.provider(r.Context())
	if err == nil && s != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.tokens != nil {
			if err = step(p, s); err != nil {
				s.notice = "That did not work: " + err.Error()
			}
		}
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func (d *Demo) userinfo(w http.ResponseWriter, r *http.Request) {
	d.signed(w, r, func(p *provider, s *session) error { //nolint:contextcheck // the closure uses the request's
		s.notice = "Userinfo was asked again."
		s.ask(r.Context(), p)
		return nil
	})
}

func (d *Demo) refresh(w http.ResponseWriter, r *http.Request) {
	d.signed(w, r, func(p *provider, s *session) error { //nolint:contextcheck // the closure uses the request's
		old := &oauth2.Token{RefreshToken: s.tokens.RefreshToken, Expiry: time.Unix(1, 0)}
		tokens, err := p.oauth.TokenSource(r.Context(), old).Token()
		if err != nil {
			return err
		}
		if err := s.accept(r.Context(), p, tokens, ""); err != nil {
			return err
		}
		s.refreshed++
		s.notice = "Refreshed: a new access token, a new refresh token, and a new ID token."
		s.ask(r.Context(), p)
		return nil
	})
}

// signOut is RP-initiated logout: the local session ends first, then the browser asks the provider to end its own.
func (d *Demo) signOut(w http.ResponseWriter, r *http.Request) {
	s := d.sessions.get(r)
	p, err := d.provider(r.Context())
	if s != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
	}
	if err != nil || s == nil || s.tokens == nil || p.End == "" {
		d.sessions.replace(w, r, signedOutHere)
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	fresh := d.sessions.replace(w, r, signedOutHere)
	fresh.ended = rand.Text()
	q := url.Values{
		"id_token_hint":            {s.rawID},
		"client_id":                {d.cfg.ClientID},
		"post_logout_redirect_uri": {d.cfg.URL + "/"},
		"state":                    {fresh.ended},
	}
	http.Redirect(w, r, p.End+"?"+q.Encode(), http.StatusSeeOther)
}

// forget ends the session of the demo alone, which shows single sign-on at the next sign-in.
func (d *Demo) forget(w http.ResponseWriter, r *http.Request) {
	d.sessions.replace(w, r, signedOutHere)
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func (d *Demo) fail(w http.ResponseWriter, status int, title string, err error) {
	if d.cfg.Logger != nil {
		d.cfg.Logger.Info("demo", "event", "demo.failed", "title", title)
	}
	render(w, status, Page{Issuer: d.cfg.Issuer, ClientID: d.cfg.ClientID, URL: d.cfg.URL, Error: title, Detail: err.Error()})
}
