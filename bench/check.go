package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/coreos/go-oidc/v3/oidc"
)

// check signs in once and verifies the ID token by the rules of OpenID Connect, so that the driver never measures a
// provider that answers wrongly. It returns the algorithms of the ID token and of the access token.
func check(t *target, md *metadata, rt http.RoundTripper) (traits string, err error) {
	tk, err := newSession(t, md, rt, 0).signIn()
	if err != nil {
		return "", err
	}
	ctx := oidc.ClientContext(context.Background(), &http.Client{Transport: rt})
	v := oidc.NewVerifier(md.Issuer, oidc.NewRemoteKeySet(ctx, md.JWKS), &oidc.Config{
		ClientID: t.web.id, SupportedSigningAlgs: []string{oidc.RS256, oidc.ES256},
	})
	id, err := v.Verify(ctx, tk.ID)
	if err != nil {
		return "", fmt.Errorf("ID token: %w", err)
	}
	if id.Nonce != tk.nonce {
		return "", fmt.Errorf("ID token: nonce is %q, want %q", id.Nonce, tk.nonce)
	}
	if id.AccessTokenHash != "" {
		if err := id.VerifyAccessToken(tk.Access); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("ID token %s, access token %s", algorithm(tk.ID), algorithm(tk.Access)), nil
}

func algorithm(token string) string {
	var header struct{ Alg string }
	first, _, _ := strings.Cut(token, ".")
	if raw, err := base64.RawURLEncoding.DecodeString(first); err == nil {
		_ = json.Unmarshal(raw, &header)
	}
	if header.Alg == "" {
		return "opaque"
	}
	return header.Alg
}
