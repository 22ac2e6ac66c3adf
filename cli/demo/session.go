package demo

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/http"
	"sync"
	"time"

	"golang.org/x/oauth2"
)

const (
	cookieName  = "pratu_demo" // cookies of localhost are shared by all ports: the name must not collide
	sessionLife = 12 * time.Hour
	maxSessions = 1000
)

// session is what the demo remembers of one browser.
type session struct {
	mu                  sync.Mutex
	began               time.Time
	state, nonce, proof string
	tokens              *oauth2.Token
	rawID, subject      string
	claims              json.RawMessage
	info                json.RawMessage
	infoError           string
	refreshed           int
	notice              string
	ended               string // state of a sign-out that went to the provider
}

type sessions struct {
	mu   sync.Mutex
	byID map[string]*session
}

func (ss *sessions) get(r *http.Request) *session {
	c, err := r.Cookie(cookieName)
	if err != nil {
		return nil
	}
	ss.mu.Lock()
	defer ss.mu.Unlock()
	s := ss.byID[c.Value]
	if s == nil || time.Since(s.began) > sessionLife {
		return nil
	}
	return s
}

// begin returns the browser's session, or a new one.
func (ss *sessions) begin(w http.ResponseWriter, r *http.Request) *session {
	if s := ss.get(r); s != nil {
		return s
	}
	s := &session{began: time.Now()}
	ss.put(w, s)
	return s
}

// renew gives the session a new id after sign-in, so that nobody can plant one beforehand, and ends the one before it.
func (ss *sessions) renew(w http.ResponseWriter, r *http.Request, s *session) {
	if c, err := r.Cookie(cookieName); err == nil {
		ss.mu.Lock()
		delete(ss.byID, c.Value)
		ss.mu.Unlock()
	}
	ss.put(w, s)
}

func (ss *sessions) put(w http.ResponseWriter, s *session) {
	id := rand.Text()
	ss.mu.Lock()
	defer ss.mu.Unlock()
	if len(ss.byID) >= maxSessions {
		clear(ss.byID)
	}
	ss.byID[id] = s
	http.SetCookie(w, &http.Cookie{Name: cookieName, Value: id, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode}) //nolint:gosec // the demo runs on http://localhost only
}

// replace ends the browser's session; the new one knows nobody and says a notice.
func (ss *sessions) replace(w http.ResponseWriter, r *http.Request, notice string) *session {
	s := &session{began: time.Now(), notice: notice}
	ss.renew(w, r, s)
	return s
}

// accept verifies the ID token before anything of it is kept. After a refresh there is no nonce to compare, but the
// subject has to stay the same (OpenID Connect Core section 12.2).
func (s *session) accept(ctx context.Context, p *provider, tokens *oauth2.Token, nonce string) error {
	raw, _ := tokens.Extra("id_token").(string)
	if raw == "" && nonce == "" && s.rawID != "" {
		s.tokens = tokens // a refresh may come without an ID token
		return nil
	}
	id, err := p.verifier.Verify(ctx, raw)
	if err != nil {
		return err
	}
	switch {
	case nonce != "" && id.Nonce != nonce:
		return errors.New("the nonce of the ID token differs")
	case nonce == "" && id.Subject != s.subject:
		return errors.New("the subject changed")
	}
	if id.AccessTokenHash != "" {
		if err := id.VerifyAccessToken(tokens.AccessToken); err != nil {
			return err
		}
	}
	var claims json.RawMessage
	if err := id.Claims(&claims); err != nil {
		return err
	}
	s.tokens, s.rawID, s.subject, s.claims = tokens, raw, id.Subject, claims
	return nil
}

// ask calls userinfo; go-oidc doesn't compare the subject, so we do (OpenID Connect Core section 5.3.2).
func (s *session) ask(ctx context.Context, p *provider) {
	s.info, s.infoError = nil, ""
	info, err := p.oidc.UserInfo(ctx, oauth2.StaticTokenSource(s.tokens))
	if err == nil && info.Subject != s.subject {
		err = errors.New("userinfo is about somebody else")
	}
	if err == nil {
		err = info.Claims(&s.info)
	}
	if err != nil {
		s.infoError = err.Error()
	}
}
