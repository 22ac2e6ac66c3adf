package main

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// tokens is a token endpoint's answer.
type tokens struct {
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token"`
	ID      string `json:"id_token"`
	nonce   string
}

func randomString() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b)
	return base64.RawURLEncoding.EncodeToString(b)
}

const maxHops = 24

// signIn runs the authorization code flow with PKCE through the provider's own pages and exchanges the code. Whether a
// sign-in page appears depends on the session's cookies.
func (s *session) signIn() (tokens, error) {
	verifier, state, nonce := randomString(), randomString(), randomString()
	challenge := sha256.Sum256([]byte(verifier))
	q := url.Values{
		"response_type": {"code"}, "client_id": {s.t.web.id}, "redirect_uri": {s.t.redirectURI},
		"scope": {scope}, "state": {state}, "nonce": {nonce},
		"code_challenge":        {base64.RawURLEncoding.EncodeToString(challenge[:])},
		"code_challenge_method": {"S256"},
	}
	req, err := http.NewRequest(http.MethodGet, s.md.Authorization+"?"+q.Encode(), nil)
	if err != nil {
		return tokens{}, err
	}
	back, err := s.follow(req)
	if err != nil {
		return tokens{}, err
	}
	if e := back.Get("error"); e != "" {
		return tokens{}, fmt.Errorf("authorization: %s: %s", e, back.Get("error_description"))
	}
	if back.Get("state") != state || back.Get("iss") != s.md.Issuer {
		return tokens{}, fmt.Errorf("authorization: wrong state or iss")
	}
	r, err := s.post(s.md.Token, url.Values{
		"grant_type": {"authorization_code"}, "code": {back.Get("code")},
		"redirect_uri": {s.t.redirectURI}, "code_verifier": {verifier},
	}, s.t.web)
	if err != nil {
		return tokens{}, err
	}
	tk, err := parseTokens("code exchange", r)
	tk.nonce = nonce
	if err == nil && tk.ID == "" {
		err = unexpected("code exchange gave no ID token", r)
	}
	return tk, err
}

func parseTokens(what string, r *reply) (tokens, error) {
	var tk tokens
	if r.Status != http.StatusOK {
		return tk, unexpected(what, r)
	}
	if err := json.Unmarshal(r.Body, &tk); err != nil || tk.Access == "" {
		return tk, unexpected(what, r)
	}
	return tk, nil
}

// follow goes through redirects and pages until the provider sends the user agent to the redirect URI, and returns the
// parameters it came with.
func (s *session) follow(req *http.Request) (url.Values, error) {
	for range maxHops {
		if strings.HasPrefix(req.URL.String(), s.t.redirectURI) {
			return req.URL.Query(), nil
		}
		r, err := s.do(req)
		if err != nil {
			return nil, err
		}
		switch {
		case r.Status/100 == 3 && r.Header.Get("Location") != "":
			u, err := r.URL.Parse(r.Header.Get("Location"))
			if err != nil {
				return nil, err
			}
			if req, err = http.NewRequest(http.MethodGet, u.String(), nil); err != nil {
				return nil, err
			}
		case r.Status == http.StatusOK:
			if req, err = s.advance(r); err != nil {
				return nil, err
			}
		default:
			return nil, unexpected("sign-in", r)
		}
	}
	return nil, fmt.Errorf("sign-in: no end after %d requests", maxHops)
}

// advance answers the page: the sign-in form with the credentials, the consent form by allowing.
func (s *session) advance(page *reply) (*http.Request, error) {
	f, ok := formWithID(page.Body, "sign-in")
	if ok {
		f.values.Set("username", s.username)
		f.values.Set("password", s.t.password)
	} else if f, ok = formWithID(page.Body, "consent"); ok {
		f.press("consent-allow")
	} else {
		return nil, unexpected("no known form on the page", page)
	}
	action, err := page.URL.Parse(f.action)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequest(http.MethodPost, action.String(), strings.NewReader(f.values.Encode()))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Origin", page.URL.Scheme+"://"+page.URL.Host)
	return req, nil
}
