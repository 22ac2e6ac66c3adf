package main

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"pratu/server/formtest"
	"pratu/storage/storagetest"
)

const (
	person   = "nok@example.com"
	password = "seven purple doors in the rain"
	home     = "http://localhost:1/callback" // nobody listens there: the browser stops in front of it
	farewell = "http://localhost:1/bye"
)

// TestProgram is the life of one person at one relying party that others wrote (go-oidc, x/oauth2): in the real program,
// over real HTTP, on both engines.
func TestProgram(t *testing.T) {
	for engine, database := range storagetest.URLs(t) {
		t.Run(engine, func(t *testing.T) {
			d := newDeployment(t, database)
			first := d.serve(strings.TrimPrefix(d.issuer, "http://"))
			p := newParty(first)
			b := newBrowser(first)

			tokens := p.signUp(b)
			p.looksAtEverything(tokens)
			p.refreshes(tokens)

			second := first
			if engine == "postgres" {
				second = d.serve(freeAddress(t, "127.0.0.1"))
			}
			p.retries(p.exchange(b.silent(p)), first, second)
			p.rotates(tokens, first, second)
			p.revokes(p.exchange(b.silent(p)))
			p.administers(p.exchange(b.silent(p)))
			if engine == "sqlite" {
				p.elsewhere()
				p.tellsElsewhere()
				p.bindsElsewhere()
				p.triesMailElsewhere()
				p.importsElsewhere()
				p.triesOut(b)
				p.cantTryOut()
			}

			second.stop()
			first.stop()
			d.serve(strings.TrimPrefix(d.issuer, "http://"))
			tokens = p.exchange(b.silent(p)) // the session has outlived the process
			p.signsOut(b, tokens)
		})
	}
}

// party is a relying party.
type party struct {
	*replica
	ctx      context.Context
	config   oauth2.Config
	provider *oidc.Provider
}

func newParty(r *replica) *party {
	r.t.Helper()
	const clientSecret = "a secret of thirty-two characters or more"
	r.cli(clientSecret, "client", "create", "--kind", "web", "--id", "314159", "--secret-stdin",
		"--redirect-uri", home, "--post-logout-redirect-uri", farewell, "-o", "json")
	p := &party{replica: r, ctx: oidc.ClientContext(r.t.Context(), r.http)}
	var err error
	if p.provider, err = oidc.NewProvider(p.ctx, r.issuer); err != nil {
		r.t.Fatal(err)
	}
	p.config = oauth2.Config{
		ClientID: "314159", ClientSecret: clientSecret, RedirectURL: home, Endpoint: p.provider.Endpoint(),
		Scopes: []string{"openid", "profile", "email", "offline_access"},
	}
	return p
}

// signUp goes from the application through sign-up, the mailed code and consent back to the application.
func (p *party) signUp(b *browser) *oauth2.Token {
	p.t.Helper()
	login := b.get(p.ask(), "/login")
	form := formtest.Find(p.t, login.body, "sign-in")
	if !form.Values.Has("username") || !form.Values.Has("password") {
		p.t.Errorf("the sign-in form has %v", form.Values)
	}
	signUp := b.get(login.link(p.t, "/sign-up"), "/sign-up")
	verify := b.submit(signUp, "sign-up", "/sign-up/verify", "email", person, "name", "Nok", "password", password)
	consent := b.submit(verify, "verify", "/consent", "code", p.mailedCode())
	return p.exchange(b.submit(consent, "consent", "/callback", "decision", "allow"))
}

var verifier = oauth2.GenerateVerifier()

// ask is an authorization request.
func (p *party) ask(more ...oauth2.AuthCodeOption) string {
	return p.config.AuthCodeURL("state-0123456789", append(more, oauth2.S256ChallengeOption(verifier), oidc.Nonce("nonce-0123456789"))...)
}

// exchange checks what the browser brought back, and gets tokens for it.
func (p *party) exchange(back page) *oauth2.Token {
	p.t.Helper()
	got := back.url.Query()
	if got.Get("state") != "state-0123456789" || got.Get("iss") != p.issuer {
		p.t.Fatalf("came back with %v", got)
	}
	tokens, err := p.config.Exchange(p.ctx, got.Get("code"), oauth2.VerifierOption(verifier))
	if err != nil {
		p.t.Fatal(err)
	}
	return tokens
}

// idToken verifies the ID token, and that it belongs to this request and this access token.
func (p *party) idToken(tokens *oauth2.Token) (raw string, token *oidc.IDToken) {
	p.t.Helper()
	raw, _ = tokens.Extra("id_token").(string)
	token, err := p.provider.VerifierContext(p.ctx, &oidc.Config{ClientID: p.config.ClientID}).Verify(p.ctx, raw)
	if err != nil {
		p.t.Fatal(err)
	}
	if err := token.VerifyAccessToken(tokens.AccessToken); err != nil {
		p.t.Error(err)
	}
	return raw, token
}

func (p *party) looksAtEverything(tokens *oauth2.Token) {
	p.t.Helper()
	_, token := p.idToken(tokens)
	if token.Nonce != "nonce-0123456789" || tokens.TokenType != "Bearer" || tokens.RefreshToken == "" {
		p.t.Errorf("nonce %q, type %q, refresh token: %t", token.Nonce, tokens.TokenType, tokens.RefreshToken != "")
	}
	info, err := p.provider.UserInfo(p.ctx, oauth2.StaticTokenSource(tokens))
	if err != nil {
		p.t.Fatal(err)
	}
	var profile struct{ Name string }
	if err := info.Claims(&profile); err != nil {
		p.t.Fatal(err)
	}
	if info.Subject != token.Subject || info.Email != person || !info.EmailVerified || profile.Name != "Nok" {
		p.t.Errorf("userinfo: %+v, name %q; sub of the ID token %q", info, profile.Name, token.Subject)
	}
}

// refresh spends a refresh token at a replica.
func (p *party) refresh(r *replica, token string) (*oauth2.Token, error) {
	ctx := context.WithValue(p.ctx, oauth2.HTTPClient, r.http)
	return p.config.TokenSource(ctx, &oauth2.Token{RefreshToken: token}).Token()
}

// refreshes goes three steps, and then a thief comes with the first: the family ends, the owner's newest token with it.
func (p *party) refreshes(first *oauth2.Token) {
	p.t.Helper()
	_, owner := p.idToken(first)
	last := first
	for range 3 {
		next, err := p.refresh(p.replica, last.RefreshToken)
		if err != nil {
			p.t.Fatal(err)
		}
		if next.RefreshToken == last.RefreshToken {
			p.t.Error("the refresh token wasn't rotated")
		}
		if _, token := p.idToken(next); token.Subject != owner.Subject || token.IssuedAt.Before(owner.IssuedAt) {
			p.t.Errorf("ID token of a refresh: %+v", token)
		}
		last = next
	}
	_, err := p.refresh(p.replica, first.RefreshToken)
	p.refused(err)
	_, err = p.refresh(p.replica, last.RefreshToken)
	p.refused(err)
	p.useless(last)
}

// retries sends one refresh token many times at once to two replicas: all get the same successor, and it works.
func (p *party) retries(tokens *oauth2.Token, replicas ...*replica) {
	p.t.Helper()
	var wg sync.WaitGroup
	var mu sync.Mutex
	got := map[string]int{}
	for i := range 8 {
		wg.Go(func() {
			next, err := p.refresh(replicas[i%len(replicas)], tokens.RefreshToken)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				p.t.Error(err)
				return
			}
			got[next.RefreshToken]++
		})
	}
	wg.Wait()
	if len(got) != 1 {
		p.t.Fatalf("%d successors of one refresh token", len(got))
	}
	for successor := range got {
		if _, err := p.refresh(replicas[1], successor); err != nil {
			p.t.Error(err)
		}
	}
}

// rotates changes the signing keys by command: every running replica publishes the new ones, and what the old ones have
// signed stays good.
func (p *party) rotates(tokens *oauth2.Token, replicas ...*replica) {
	p.t.Helper()
	before := len(published(replicas[0]))
	p.cli("", "key", "rotate")
	for _, r := range replicas {
		for deadline := time.Now().Add(20 * time.Second); len(published(r)) <= before; time.Sleep(100 * time.Millisecond) {
			if time.Now().After(deadline) {
				p.t.Fatalf("a replica publishes %d keys after a rotation, as before", before)
			}
		}
	}
	p.idToken(tokens)
}

// published are the keys that a replica lets everybody read.
func published(r *replica) []json.RawMessage {
	r.t.Helper()
	var set struct{ Keys []json.RawMessage }
	answer, err := r.http.Get(r.issuer + "/oauth2/jwks")
	if err := json.Unmarshal([]byte(read(r.t, answer, err)), &set); err != nil {
		r.t.Fatal(err)
	}
	return set.Keys
}

// revokes takes a refresh token back: it ends, and so does what came with it.
func (p *party) revokes(tokens *oauth2.Token) {
	p.t.Helper()
	var known struct {
		Endpoint string `json:"revocation_endpoint"`
	}
	if err := p.provider.Claims(&known); err != nil {
		p.t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(p.t.Context(), http.MethodPost, known.Endpoint, strings.NewReader(url.Values{"token": {tokens.RefreshToken}}.Encode()))
	if err != nil {
		p.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.SetBasicAuth(p.config.ClientID, url.QueryEscape(p.config.ClientSecret))
	answer, err := p.http.Do(request)
	if body := read(p.t, answer, err); answer.StatusCode != http.StatusOK {
		p.t.Fatalf("revocation: %d %s", answer.StatusCode, body)
	}
	_, err = p.refresh(p.replica, tokens.RefreshToken)
	p.refused(err)
	p.useless(tokens)
}

// administers has who runs the server look into tokens and end one.
func (p *party) administers(tokens *oauth2.Token) {
	p.t.Helper()
	says := func(want, token string, command ...string) {
		p.t.Helper()
		out := p.cli(token, append(append([]string{"token"}, command...), "-o", "json")...)
		if !strings.Contains(string(out), want) {
			p.t.Errorf("%v: %s", command, out)
		}
	}
	raw, _ := p.idToken(tokens)
	says(`"client_id": "314159"`, tokens.AccessToken, "introspect")
	says(`"active": true`, tokens.RefreshToken, "introspect")
	says(`"active": false`, raw, "introspect")
	says(`"signed_by_us": true`, raw, "decode")
	p.cli(tokens.RefreshToken, "token", "revoke")
	p.useless(tokens)
	says(`"active": false`, tokens.AccessToken, "introspect")
}

// signsOut ends the session at the provider and comes back; without a session nobody is let in silently.
func (p *party) signsOut(b *browser, tokens *oauth2.Token) {
	p.t.Helper()
	var known struct {
		Endpoint string `json:"end_session_endpoint"`
	}
	if err := p.provider.Claims(&known); err != nil {
		p.t.Fatal(err)
	}
	raw, _ := p.idToken(tokens)
	back := b.get(known.Endpoint+"?"+url.Values{
		"id_token_hint": {raw}, "post_logout_redirect_uri": {farewell}, "state": {"bye-0123"},
	}.Encode(), "/bye")
	if got := back.url.Query().Get("state"); got != "bye-0123" {
		p.t.Errorf("came back with state %q", got)
	}
	back = b.get(p.ask(oauth2.SetAuthURLParam("prompt", "none")), "/callback")
	if got := back.url.Query().Get("error"); got != "login_required" {
		p.t.Errorf("prompt=none after sign-out: %s", back.url)
	}
}

// refused expects invalid_grant.
func (p *party) refused(err error) {
	p.t.Helper()
	var answer *oauth2.RetrieveError
	if !errors.As(err, &answer) || answer.ErrorCode != "invalid_grant" {
		p.t.Errorf("not refused with invalid_grant: %v", err)
	}
}

// useless expects that userinfo takes an access token no longer.
func (p *party) useless(tokens *oauth2.Token) {
	p.t.Helper()
	if info, err := p.provider.UserInfo(p.ctx, oauth2.StaticTokenSource(tokens)); err == nil {
		raw, _ := json.Marshal(info)
		p.t.Errorf("userinfo for a token that has ended: %s", raw)
	}
}

// browser is a person's: cookies, redirects, forms, no scripts.
type browser struct {
	t    *testing.T
	http *http.Client
}

func newBrowser(r *replica) *browser {
	jar, _ := cookiejar.New(nil)
	c := *r.http
	c.Jar = jar
	c.CheckRedirect = func(next *http.Request, _ []*http.Request) error {
		if next.URL.Host == "localhost:1" {
			return http.ErrUseLastResponse
		}
		return nil
	}
	return &browser{r.t, &c}
}

// page is where a browser ended up.
type page struct {
	url  *url.URL
	body string
}

func (p page) link(t *testing.T, path string) string {
	t.Helper()
	_, rest, found := strings.Cut(p.body, `href="`+path)
	rest, _, _ = strings.Cut(rest, `"`)
	target, err := p.url.Parse(path + strings.ReplaceAll(rest, "&amp;", "&"))
	if !found || err != nil {
		t.Fatalf("no link to %s: %s", path, p.body)
	}
	return target.String()
}

// get opens an address and expects to end at a path.
func (b *browser) get(address, path string) page {
	b.t.Helper()
	answer, err := b.http.Get(address)
	return b.arrive(answer, err, path)
}

// submit sends a form of a page with what somebody typed or clicked, and expects to end at a path.
func (b *browser) submit(at page, id, path string, typed ...string) page {
	b.t.Helper()
	s := b.fill(at, id, typed...)
	answer, err := b.http.PostForm(s.to, s.form)
	return b.arrive(answer, err, path)
}

func (b *browser) arrive(answer *http.Response, err error, path string) page {
	b.t.Helper()
	body := read(b.t, answer, err)
	at := answer.Request.URL
	if location, err := answer.Location(); err == nil {
		at = location
	}
	if at.Path != path || answer.StatusCode >= 400 {
		b.t.Fatalf("arrived at %s with %s instead of %s: %s", at, answer.Status, path, body)
	}
	return page{at, body}
}

// silent is an authorization request that shows no page: the session and the consent are there.
func (b *browser) silent(p *party) page {
	b.t.Helper()
	back := b.get(p.ask(oauth2.SetAuthURLParam("prompt", "none")), "/callback")
	if e := back.url.Query().Get("error"); e != "" {
		b.t.Fatalf("prompt=none with a session: %s", back.url)
	}
	return back
}
