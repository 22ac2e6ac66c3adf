package oidc

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"

	"pratu/flows/authorize"
	"pratu/flows/clients"
	"pratu/flows/issuer"
	"pratu/flows/kind"
	"pratu/flows/secret"
	"pratu/storage"
)

// TrialLife is how long an administrator may take to sign in by way of trial.
const TrialLife = 10 * time.Minute

// Trial is how a sign-in by way of trial ended. No token is in it: what it could open died before it was made.
type Trial struct {
	Client      *clients.Client
	Request     url.Values // as it was sent
	Answer      url.Values // what came back, without the code
	IDToken     *Decoded   // nil: there is none
	AccessToken *Decoded   // nil for an opaque one
	Userinfo    map[string]any
	Scopes      []ScopeClaims
	Warnings    clients.Problems
}

// Decoded is a token without its signature.
type Decoded struct{ Header, Claims map[string]any }

// ErrNoTrial is an application without a sign-in in a browser.
var ErrNoTrial = kind.New(kind.Conflict, "trial.none")

// Tryable tells whether people sign in to a client with a code, so that a trial can show how.
func Tryable(c *clients.Client) bool {
	return c.Allows(clients.GrantCode) && slices.Contains(c.Metadata.ResponseTypes, "code") && !c.Disabled()
}

// trialURI is where a trial comes back to. No client is registered with it: see unregistered.
func (p *Provider) trialURI() string { return p.Issuer.URL(issuer.PathAdminTrial) }

// BeginTrial makes an authorization request of a client for an account, and writes it down as a whole. It is sent by a
// browser as any other.
func (p *Provider) BeginTrial(ctx context.Context, c *clients.Client, account storage.Account) (url.Values, error) {
	if !Tryable(c) {
		return nil, ErrNoTrial
	}
	subject, err := p.Subject(ctx, c, account)
	if err != nil {
		return nil, err
	}
	now, state, verifier := p.Now(), secret.Token(), secret.Token()
	request := url.Values{
		"response_type": {"code"}, "client_id": {c.ID}, "redirect_uri": {p.trialURI()}, "scope": {strings.Join(c.Scopes(), " ")},
		"state": {state}, "nonce": {secret.ID()}, "code_challenge": {s256(verifier)}, "code_challenge_method": {"S256"}, "login_hint": {subject},
	}
	sealed, err := json.Marshal(kept{request.Encode(), verifier})
	if err != nil {
		return nil, err
	}
	id := secret.Hash(state)
	return request, p.Store.CreateTrial(ctx, storage.Trial{
		ID: id, ClientID: c.ID, AccountID: account.ID, Sealed: p.Keyring.Seal("trial", sealed, id),
		CreatedAt: storage.At(now), ExpiresAt: storage.At(now.Add(TrialLife)),
	})
}

// kept is what a trial's row holds, sealed.
type kept struct {
	Request  string `json:"request"`
	Verifier string `json:"verifier"`
}

func (p *Provider) trial(ctx context.Context, state string) (row storage.Trial, k kept, err error) {
	if row, err = p.Store.Trial(ctx, secret.Hash(state), storage.At(p.Now())); err != nil {
		return row, k, err
	}
	raw, err := p.Keyring.Open("trial", row.Sealed, row.ID)
	if err == nil {
		err = json.Unmarshal(raw, &k)
	}
	return row, k, err
}

// unregistered judges a redirect URI that the client isn't registered with. It is ours in a request that is, to the last
// byte, one that an administrator began: its state is the secret that finds the row, its challenge is of a verifier that
// never leaves us. Any other is refused, and noted for whoever looks after the client.
func (p *Provider) unregistered(ctx context.Context, r *Request) error {
	refused := refuse(InvalidRequest, UnregisteredRedirect)
	if r.RedirectURI != p.trialURI() {
		if err := p.Clients.NoteRefused(ctx, r.Client, r.RedirectURI); err != nil {
			return refused.with(err)
		}
		return refused
	}
	row, k, err := p.trial(ctx, r.Params.Get("state"))
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return refused.with(err)
	case err != nil:
		return answer(err)
	case row.ClientID != r.Client.ID || k.Request != r.Params.Encode():
		return refused
	}
	r.trial = true
	return nil
}

// FinishTrial reads what came back to the account that began a trial, exchanges the code as its client would, and ends the
// grant in the transaction that spends it: nothing that was issued ever opens anything. Somebody else's trial, one that is
// over, and one that never was are all the same.
func (p *Provider) FinishTrial(ctx context.Context, accountID string, back url.Values) (*Trial, error) {
	row, k, err := p.trial(ctx, back.Get("state"))
	if errors.Is(err, storage.ErrNotFound) || err == nil && row.AccountID != accountID {
		return nil, kind.New(kind.NotFound, "trial.over").WithErr(err)
	}
	if err != nil {
		return nil, err
	}
	t := &Trial{Answer: url.Values{}}
	if t.Request, err = url.ParseQuery(k.Request); err != nil {
		return nil, err
	}
	if t.Client, err = p.Clients.Get(ctx, row.ClientID); err != nil {
		return nil, err
	}
	for _, name := range []string{"error", "error_description", "iss"} {
		if v := back.Get(name); v != "" {
			t.Answer.Set(name, v)
		}
	}
	over := func(ctx context.Context) error {
		err := p.Store.EndTrial(ctx, row.ID, accountID, storage.At(p.Now()))
		if errors.Is(err, storage.ErrNotFound) {
			return kind.New(kind.NotFound, "trial.over").WithErr(err)
		}
		return err
	}
	if t.Answer.Has("error") {
		return t, p.Store.InTx(ctx, over)
	}
	return t, p.exchangeTrial(ctx, t, accountID, k.Verifier, back.Get("code"), over)
}

func (p *Provider) exchangeTrial(ctx context.Context, t *Trial, accountID, verifier, code string, over func(context.Context) error) error {
	form := url.Values{"grant_type": {clients.GrantCode}, "code": {code}, "redirect_uri": {p.trialURI()}, "code_verifier": {verifier}}
	u := &unit{client: t.Client, now: p.Now(), once: true, trial: true}
	if err := p.prepareCode(ctx, u, form); err != nil {
		return trialFailed(err)
	}
	if u.grant.AccountID != accountID { // another account of the same browser: not theirs to look at
		return kind.New(kind.Forbidden, "trial.other")
	}
	u.record = func(ctx context.Context) error {
		if err := over(ctx); err != nil {
			return err
		}
		_, err := p.Store.RevokeGrant(ctx, u.grant.ID, storage.At(u.now))
		return err
	}
	tokens, err := p.exchange(ctx, u, form)
	if err != nil {
		return trialFailed(err)
	}
	t.IDToken, t.AccessToken = decoded(tokens.IDToken), decoded(tokens.AccessToken)
	if slices.Contains(u.scopes, "openid") {
		a := &Access{Client: t.Client, Subject: u.grant.Subject, Scopes: u.scopes, grant: u.grant}
		if t.Userinfo, err = p.userinfoClaims(ctx, a); err != nil {
			return err
		}
	}
	t.Scopes = explain(t.Client, u.scopes, t.Userinfo, claimsOf(t.IDToken))
	t.Warnings = t.warnings()
	return nil
}

// trialFailed is an exchange that bought nothing: the code was spent, or never ours.
func trialFailed(err error) error {
	var e *Error
	if errors.As(err, &e) && e.Status < 500 || errors.Is(err, errSpent) {
		return kind.New(kind.NotFound, "trial.over").WithErr(err)
	}
	return err
}

// decoded reads a token of ours; nil for what is no JWT.
func decoded(token string) *Decoded {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil
	}
	d := &Decoded{}
	for i, to := range []*map[string]any{&d.Header, &d.Claims} {
		raw, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err != nil || json.Unmarshal(raw, to) != nil {
			return nil
		}
	}
	return d
}

func claimsOf(d *Decoded) map[string]any {
	if d == nil {
		return nil
	}
	return d.Claims
}

// ScopeClaims is what a scope gave, and what it would have given if the account had it.
type ScopeClaims struct {
	Scope         string
	Given, Absent []string
}

// explain tells which scope gave which claims of the person.
func explain(c *clients.Client, scopes []string, told ...map[string]any) (list []ScopeClaims) {
	for _, scope := range scopes {
		x := ScopeClaims{Scope: scope}
		names := authorize.ScopeClaims(scope)
		if scope == "openid" {
			names = []string{"sub"}
		}
		for _, r := range c.Settings.Claims {
			if r.Scope == scope && !slices.Contains(names, r.Claim) {
				names = append(names, r.Claim)
			}
		}
		for _, name := range names {
			if slices.ContainsFunc(told, func(claims map[string]any) bool { _, ok := claims[name]; return ok }) {
				x.Given = append(x.Given, name)
			} else {
				x.Absent = append(x.Absent, name)
			}
		}
		list = append(list, x)
	}
	return list
}

// warnings are what an application would stumble over, beside what its registration tells.
func (t *Trial) warnings() clients.Problems {
	ps := clients.Problems(t.Client.Warnings())
	warn := func(code, detail string) {
		ps = append(ps, clients.Problem{Code: code, Detail: detail})
	}
	if t.IDToken != nil {
		if t.IDToken.Header["alg"] != t.Client.IDTokenAlg() {
			warn("trial.warn_alg", "the ID token isn't signed with the algorithm that the client is registered for")
		}
		if t.IDToken.Claims["nonce"] != t.Request.Get("nonce") {
			warn("trial.warn_nonce", "the ID token hasn't the nonce of the request")
		}
		if t.IDToken.Claims["sub"] != t.Userinfo["sub"] {
			warn("trial.warn_sub", "ID token and userinfo name different people")
		}
	}
	if t.Client.Allows(clients.GrantRefresh) && !t.Client.Public() && !slices.Contains(t.Client.Scopes(), "offline_access") {
		warn("trial.warn_refresh", "there is no refresh token without the scope offline_access")
	}
	for _, x := range t.Scopes {
		if len(x.Given) == 0 && len(x.Absent) > 0 {
			warn("trial.warn_nothing", "the scope "+x.Scope+" gave nothing: this account has none of its claims")
		}
	}
	return ps
}
