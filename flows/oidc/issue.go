package oidc

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"

	"pratu/flows/authorize"
	"pratu/flows/clients"
	"pratu/flows/secret"
	"pratu/storage"
)

// Issue answers a request for a session with what its grant is exchanged for. In one transaction it consumes what led here: the
// interaction, when there was one, and the pushed request. In a transaction of the caller's that may be with its next statement,
// whose error is one that InteractionSpent or RequestSpent knows.
func (p *Provider) Issue(ctx context.Context, r *Request, s authorize.Session, waiting *storage.Interaction) (Redirect, error) {
	if r.DeviceID != "" {
		return p.issueDevice(ctx, r, s, waiting)
	}
	now := p.Now()
	g := p.grant(r, s, now)
	params := url.Values{}
	err := p.Store.AsOne(ctx, func(ctx context.Context) error {
		clear(params) // a repeated transaction begins anew
		u := &unit{
			client: r.Client, now: now, grant: &storage.GrantView{Grant: g}, spends: p.consume(r, waiting), carries: !r.getsTokens(),
		}
		if err := p.issueCode(ctx, u, r, params); err != nil || !r.getsTokens() {
			return err
		}
		return p.tokensInFront(ctx, u, r, params)
	})
	if errors.Is(err, errPushedSpent) {
		return Redirect{}, p.Refuse(r, refuse(InvalidRequestURI, "the pushed request was used or has expired").with(err))
	}
	if errors.Is(err, errSession) {
		return Redirect{}, p.Refuse(r, refuse(authorize.ErrLoginRequired, "the session has ended").with(err))
	}
	if err != nil {
		return Redirect{}, p.issueFailure(r, err)
	}
	p.Store.AfterCommit(ctx, func(context.Context) { p.signedIn(r, s) }) // a sign-in may be going on
	return p.redirect(r, params), nil
}

// issueCode has fosite write the grant with its code.
func (p *Provider) issueCode(ctx context.Context, u *unit, r *Request, params url.Values) error {
	if !r.gets("code") {
		return p.withoutCode(ctx, u)
	}
	fs := newSession(u.grant)
	at := r.RequestedAt.Truncate(time.Second)
	if r.Prompts(authorize.PromptNone) && fs.claims.AuthTime.After(at) {
		at = fs.claims.AuthTime // another replica's clock may be a little ahead
	}
	// fosite compares with the wall clock; the decision was made by ours.
	skew := -time.Since(u.now)
	fs.claims.RequestedAt, fs.claims.AuthTime = at.Add(-skew), fs.claims.AuthTime.Add(-skew)
	for _, scope := range r.Scopes {
		r.engine.GrantScope(scope)
	}
	r.engine.SetID(u.grant.ID)
	response, err := p.engine.NewAuthorizeResponse(withUnit(ctx, u), r.engine, fs)
	if err == nil {
		params.Set("code", response.GetCode())
	}
	return err
}

// issueFailure keeps an expired interaction what it is, a page; everything else goes to the relying party.
func (p *Provider) issueFailure(r *Request, err error) error {
	if errors.Is(err, errInteraction) {
		return errInteraction
	}
	return p.Refuse(r, answer(err))
}

var (
	errPushedSpent = errors.New("oidc: pushed request spent")
	errInteraction = authorize.Spent(storage.ErrNotFound)
	errSession     = errors.New("oidc: session ended meanwhile")
)

// InteractionSpent tells whether Issue failed because another tab had answered the interaction already.
func InteractionSpent(err error) bool { return errors.Is(err, errInteraction) }

// RequestSpent tells whether the transaction that Issue was part of failed because the request can't be answered any more,
// which the relying party is to hear.
func RequestSpent(err error) bool {
	return errors.Is(err, errPushedSpent) || errors.Is(err, errSession)
}

// consume is what ends with an answer, each once.
func (p *Provider) consume(r *Request, waiting *storage.Interaction) (writes []storage.Write) {
	if waiting != nil {
		writes = append(writes, p.Authorize.Finishing(*waiting).Else(errInteraction))
	}
	if r.PushedID != "" {
		writes = append(writes, p.Store.UsePushedRequest(r.PushedID).Else(errPushedSpent))
	}
	return writes
}

// grant is the row of an authorization. It lives as long as its refresh tokens may: by itself with offline_access, else
// as long as the browser session.
func (p *Provider) grant(r *Request, s authorize.Session, now time.Time) storage.Grant {
	form := url.Values{"redirect_uri": {r.RedirectURI}}
	for _, name := range append([]string{"nonce", "code_challenge", "code_challenge_method"}, deviceNames...) {
		if v := r.Params.Get(name); v != "" {
			form.Set(name, v)
		}
	}
	offline := slices.Contains(r.Scopes, "offline_access") && r.getsCode() && r.Client.Allows(clients.GrantRefresh)
	expires := s.ExpiresAt
	if offline {
		expires = now.Add(r.Client.RefreshTokenLifetime())
	}
	return storage.Grant{
		ID: secret.ID(), ClientID: r.Client.ID, AccountID: s.AccountID, SessionID: s.ID, Subject: s.Subject,
		Scopes: strings.Join(r.Scopes, " "), Audience: strings.Join(r.Resources, " "), Claims: r.Params.Get("claims"),
		AuthTime: storage.At(s.AuthTime), ACR: s.ACR, AMR: strings.Join(s.AMR, " "), Form: form.Encode(),
		CodeExpiresAt: storage.At(now.Add(CodeLife)), Offline: offline, CreatedAt: storage.At(now),
		ExpiresAt: storage.At(expires), Told: strings.Join(r.Client.ToldClaims(r.Scopes), " "),
	}
}
