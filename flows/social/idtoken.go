package social

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"pratu/flows/connectors"
	"pratu/flows/secret"
)

// asymmetric are the signatures that we take: none that a public key could make, and not "none".
var asymmetric = []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}

// maxIDToken bounds what is parsed: header, claims and signature of real ones have a few KiB.
const maxIDToken = 16 << 10

// Wanted is what an ID token has to say besides being the provider's.
type Wanted struct {
	Nonce       string   // "": none was sent
	Audiences   []string // one of these has to be its audience
	AccessToken string   // "": none came with it
	Policy      string   // b2c
}

// verifyIDToken judges an ID token of a connector (OpenID Connect Core section 3.1.3.7) and returns its claims.
func (s *Service) verifyIDToken(ctx context.Context, c *connectors.Connector, m Metadata, raw string, want Wanted) (map[string]any, error) {
	const step = "id_token"
	v := variants[c.Kind]
	if raw == "" || len(raw) > maxIDToken {
		return nil, refused(step, "%d bytes", len(raw))
	}
	set := s.keySet(m.JWKS)
	verifier := oidc.NewVerifier(m.Issuer, set, &oidc.Config{
		SkipClientIDCheck: true, SkipIssuerCheck: m.Issuer == "", SupportedSigningAlgs: algs(v, m), Now: s.Now,
	})
	token, err := verifier.Verify(ctx, raw)
	if err != nil {
		return nil, judge(ctx, set, err)
	}
	claims := map[string]any{}
	if err := token.Claims(&claims); err != nil {
		return nil, refused(step, "its claims are no object")
	}
	if issuer := v.issuer(c, m, claims); issuer == "" || m.Issuer == "" && token.Issuer != issuer {
		return nil, refused(step, "its issuer is nobody who is let in")
	}
	if err := checkAudience(claims, token.Audience, want.Audiences); err != nil {
		return nil, err
	}
	switch {
	case want.Nonce != "" && !secret.Equal(token.Nonce, want.Nonce):
		return nil, refused(step, "its nonce isn't the one that was sent")
	case token.IssuedAt.After(s.Now().Add(5 * time.Minute)):
		return nil, refused(step, "it is of the future")
	case want.AccessToken != "" && token.AccessTokenHash != "" && token.VerifyAccessToken(want.AccessToken) != nil:
		return nil, refused(step, "it is of another access token (at_hash)")
	case want.Policy != "" && !ofPolicy(claims, want.Policy):
		return nil, refused(step, "it is of another policy")
	}
	return claims, nil
}

// judge keeps missing keys apart from a token that is wrong. go-oidc's texts quote issuers and audiences.
func judge(ctx context.Context, set *keySet, err error) error {
	var expired *oidc.TokenExpiredError
	switch {
	case errors.As(err, &expired):
		return refused("id_token", "it is over")
	case ctx.Err() != nil:
		return trouble("keys", context.DeadlineExceeded)
	case set.away():
		return trouble("keys", errors.New("there are none"))
	}
	return refused("id_token", "signature, issuer or times are wrong")
}

func algs(v variant, m Metadata) []string {
	if v.algs != nil {
		return v.algs
	}
	var list []string
	for _, alg := range m.Algs {
		if slices.Contains(asymmetric, alg) {
			list = append(list, alg)
		}
	}
	if len(list) == 0 {
		return []string{"RS256"}
	}
	return list
}

// checkAudience wants a token that was issued to us, and to nobody besides without saying so.
func checkAudience(claims map[string]any, audience, ours []string) error {
	const step = "id_token"
	if !slices.ContainsFunc(audience, func(a string) bool { return slices.Contains(ours, a) }) {
		return refused(step, "it is for another application (aud)")
	}
	azp, given := claims["azp"]
	party, _ := azp.(string)
	if given && !slices.Contains(ours, party) || !given && len(audience) > 1 {
		return refused(step, "it was issued to another application (azp)")
	}
	return nil
}

// ofPolicy tells by which policy of B2C somebody signed in.
func ofPolicy(claims map[string]any, policy string) bool {
	for _, name := range []string{"tfp", "acr"} { // acr is that of older custom policies
		if text := word(claims, name); text != "" {
			return strings.EqualFold(text, policy)
		}
	}
	return false
}
