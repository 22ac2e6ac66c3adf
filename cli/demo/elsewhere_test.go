package demo

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// The pretend provider speaks to any relying party, once for each code, and to nobody else's.
func TestElsewhere(t *testing.T) {
	const back = "http://localhost:8080/federation/demo/callback"
	e := &Elsewhere{ClientID: "pratu", Secret: "s", RedirectURI: back, Now: time.Now}
	h, err := e.Handler()
	if err != nil {
		t.Fatal(err)
	}
	there := httptest.NewServer(Below(h, http.NotFoundHandler()))
	defer there.Close()
	e.Issuer = there.URL + Path
	p, err := oidc.NewProvider(t.Context(), e.Issuer)
	if err != nil {
		t.Fatal(err)
	}
	proof := oauth2.GenerateVerifier()
	rp := oauth2.Config{ClientID: "pratu", ClientSecret: "s", Endpoint: p.Endpoint(), RedirectURL: back, Scopes: []string{"openid"}}
	rp.Endpoint.AuthStyle = oauth2.AuthStyleInParams
	asks := rp.AuthCodeURL("state", oidc.Nonce("n"), oauth2.S256ChallengeOption(proof))
	page := get(t, asks)
	if page.status != http.StatusOK || !strings.Contains(page.body, "Pretend provider") || !strings.Contains(page.body, "Somchai") {
		t.Fatalf("%d %s", page.status, page.body)
	}
	for _, other := range []string{strings.Replace(asks, "8080", "6666", 1), strings.Replace(asks, "client_id=pratu", "client_id=x", 1), strings.Replace(asks, "S256", "plain", 1)} {
		if got := get(t, other); got.status != http.StatusBadRequest {
			t.Errorf("%s: %d", other, got.status)
		}
	}
	chosen := func(person string) url.Values {
		client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		answer, err := client.PostForm(asks, url.Values{"person": {person}})
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		to, err := answer.Location()
		if err != nil || !strings.HasPrefix(to.String(), back+"?") {
			t.Fatalf("%v %v", to, err)
		}
		return to.Query()
	}
	if q := chosen(""); q.Get("error") != "access_denied" {
		t.Errorf("%v", q)
	}
	q := chosen("1")
	if q.Get("state") != "state" || q.Get("iss") != e.Issuer {
		t.Errorf("%v", q)
	}
	buy := func(ctx context.Context, code, proof string) (*oauth2.Token, error) {
		return rp.Exchange(ctx, code, oauth2.VerifierOption(proof))
	}
	tokens, err := buy(t.Context(), q.Get("code"), proof)
	if err != nil {
		t.Fatal(err)
	}
	raw, _ := tokens.Extra("id_token").(string)
	id, err := p.Verifier(&oidc.Config{ClientID: "pratu"}).Verify(t.Context(), raw)
	if err != nil || id.Subject != "1" || id.Nonce != "n" {
		t.Errorf("%+v %v", id, err)
	}
	if _, err := buy(t.Context(), q.Get("code"), proof); err == nil {
		t.Error("a code bought twice")
	}
	if _, err := buy(t.Context(), chosen("2").Get("code"), oauth2.GenerateVerifier()); err == nil {
		t.Error("a code was bought without its proof")
	}
}

type fetched struct {
	status int
	body   string
}

func get(t *testing.T, target string) fetched {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, target, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return fetched{answer.StatusCode, string(body)}
}
