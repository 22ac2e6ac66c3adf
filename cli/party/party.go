// Package party owns a relying party of one sign-in, at a terminal: how an application's registration is tried out from
// outside. It speaks to the provider by HTTP only, with the libraries that Go applications use, and knows no flows.
package party

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// Party is the application that is tried out.
type Party struct {
	Issuer, ClientID, ClientSecret string
	InBody                         bool   // the client names itself in the body of requests, not in a header
	RedirectURI                    string // of this machine
	AnyPort                        bool   // of the redirect URI (RFC 8252 section 7.3)
	Scopes                         []string
	HTTP                           *http.Client
}

// Result is what the application got.
type Result struct {
	Request      string          `json:"request"`
	Scope        string          `json:"scope"`
	IDToken      string          `json:"id_token,omitempty"`
	AccessToken  string          `json:"access_token"`
	RefreshToken string          `json:"refresh_token,omitempty"`
	ExpiresAt    time.Time       `json:"expires_at"`
	Userinfo     json.RawMessage `json:"userinfo,omitempty"`
}

// Run waits for somebody who opens the address that show is given, and returns what came of it.
func (p *Party) Run(ctx context.Context, show func(request string)) (*Result, error) {
	ctx = oidc.ClientContext(ctx, p.HTTP)
	provider, err := oidc.NewProvider(ctx, p.Issuer)
	if err != nil {
		return nil, fmt.Errorf("the server doesn't answer as %s (%w): is it running?", p.Issuer, err)
	}
	listener, redirect, err := p.listen(ctx)
	if err != nil {
		return nil, err
	}
	config := oauth2.Config{ClientID: p.ClientID, ClientSecret: p.ClientSecret, RedirectURL: redirect.String(), Endpoint: provider.Endpoint(), Scopes: p.Scopes}
	config.Endpoint.AuthStyle = oauth2.AuthStyleInHeader
	if p.InBody {
		config.Endpoint.AuthStyle = oauth2.AuthStyleInParams
	}
	state, nonce, verifier := rand.Text(), rand.Text(), oauth2.GenerateVerifier()
	request := config.AuthCodeURL(state, oauth2.S256ChallengeOption(verifier), oidc.Nonce(nonce))
	back, err := answered(ctx, listener, redirect.Path, state, func() { show(request) })
	if err != nil {
		return nil, err
	}
	switch {
	case back.Get("iss") != p.Issuer: // RFC 9207
		return nil, fmt.Errorf("the answer is of another issuer: %q", back.Get("iss"))
	case back.Has("error"):
		return nil, fmt.Errorf("the server answers %s: %s", back.Get("error"), back.Get("error_description"))
	}
	tokens, err := config.Exchange(ctx, back.Get("code"), oauth2.VerifierOption(verifier))
	if err != nil {
		return nil, refusedToken(err)
	}
	r := &Result{Request: request, AccessToken: tokens.AccessToken, RefreshToken: tokens.RefreshToken, ExpiresAt: tokens.Expiry.UTC()}
	r.Scope, _ = tokens.Extra("scope").(string)
	r.IDToken, _ = tokens.Extra("id_token").(string)
	return r, p.verify(ctx, provider, tokens, r, nonce)
}

// listen opens the port of the redirect URI.
func (p *Party) listen(ctx context.Context) (net.Listener, *url.URL, error) {
	u, err := url.Parse(p.RedirectURI)
	if err != nil {
		return nil, nil, err
	}
	port := u.Port()
	switch {
	case p.AnyPort:
		port = "0"
	case port == "":
		port = "80"
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", net.JoinHostPort(u.Hostname(), port))
	if err != nil {
		return nil, nil, fmt.Errorf("nothing can listen at %s (%w): stop what does, or register another redirect URI of this machine", u.Host, err)
	}
	if at, is := l.Addr().(*net.TCPAddr); is && p.AnyPort {
		u.Host = net.JoinHostPort(u.Hostname(), fmt.Sprint(at.Port))
	}
	return l, u, nil
}

// answered serves the redirect URI until the answer to our request comes. What isn't one is refused and waited past: any
// page of the browser can send something here.
func answered(ctx context.Context, l net.Listener, path, state string, ready func()) (url.Values, error) {
	got := make(chan url.Values, 1)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("Referrer-Policy", "no-referrer") // the code is in the address
		w.Header().Set("Cache-Control", "no-store")
		back := r.URL.Query()
		if r.URL.Path != cmp.Or(path, "/") || back.Get("state") != state {
			w.WriteHeader(http.StatusNotFound)
			_, _ = io.WriteString(w, "This isn't the answer to what was asked at the terminal.\n")
			return
		}
		_, _ = io.WriteString(w, "That was it: go back to the terminal. เสร็จแล้ว กลับไปที่เทอร์มินัลได้\n")
		select {
		case got <- back:
		default:
		}
	})
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(l) }()
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = server.Shutdown(ctx)
	}()
	ready()
	select {
	case back := <-got:
		return back, nil
	case err := <-failed:
		return nil, err
	case <-ctx.Done():
		return nil, errors.New("nobody came back in time")
	}
}

// verify reads what belongs to the access token, as an application has to.
func (p *Party) verify(ctx context.Context, provider *oidc.Provider, tokens *oauth2.Token, r *Result, nonce string) error {
	if r.IDToken == "" {
		return nil
	}
	id, err := provider.VerifierContext(ctx, &oidc.Config{ClientID: p.ClientID, SupportedSigningAlgs: algorithms}).Verify(ctx, r.IDToken)
	switch {
	case err != nil:
		return fmt.Errorf("the ID token can't be believed: %w", err)
	case id.Nonce != nonce:
		return errors.New("the nonce of the ID token differs")
	case id.AccessTokenHash != "" && id.VerifyAccessToken(tokens.AccessToken) != nil:
		return errors.New("the ID token belongs to another access token")
	}
	info, err := provider.UserInfo(ctx, oauth2.StaticTokenSource(tokens))
	if err != nil {
		return fmt.Errorf("userinfo: %w", err)
	}
	if info.Subject != id.Subject {
		return errors.New("userinfo is about somebody else")
	}
	return info.Claims(&r.Userinfo)
}

var algorithms = []string{oidc.RS256, oidc.PS256, oidc.ES256, oidc.EdDSA}

// refusedToken says what the token endpoint said, without the answer around it.
func refusedToken(err error) error {
	var answer *oauth2.RetrieveError
	if errors.As(err, &answer) && answer.ErrorCode != "" {
		return fmt.Errorf("the token endpoint answers %s: %s", answer.ErrorCode, answer.ErrorDescription)
	}
	return err
}
