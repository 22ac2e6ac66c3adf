package oidc

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"pratu/flows/clients"
	"pratu/flows/limits"
)

// InvalidRequestObject is OpenID Connect Core section 3.1.2.6's.
const InvalidRequestObject = "invalid_request_object"

// readObject reads the request behind a request_uri that the client is registered with, where applications may register
// themselves at all: signed by the client, fetched by the guarded client, never for a URL that only the request names
// (AZ-19). Its parameters weigh more than those beside it (OpenID Connect Core section 6).
func (p *Provider) readObject(ctx context.Context, r *Request, uri string) error {
	if !p.Registration || !slices.ContainsFunc(r.Client.Metadata.RequestURIs, func(own string) bool { return bare(own) == bare(uri) }) {
		return refuse(RequestURINot, "request_uri is only supported for pushed requests (RFC 9126)")
	}
	if err := p.Limiter.Take(ctx, limits.RequestObject.Of(r.Client.ID)); err != nil {
		return err
	}
	fetched, err := p.Outbound.Get(ctx, bare(uri))
	if err != nil || fetched.Status != http.StatusOK {
		return refuse(InvalidRequestURI, "the request_uri could not be fetched").with(err)
	}
	inside, err := p.openObject(ctx, r.Client, strings.TrimSpace(string(fetched.Body)))
	if e := (*Error)(nil); errors.As(err, &e) && e.Code != InvalidClient {
		return err
	}
	if err != nil {
		return refuse(InvalidRequestObject, "the request object is not one that the client signed for this issuer").with(err)
	}
	for _, name := range []string{"client_id", "response_type"} {
		if v := inside.Get(name); v != "" && v != r.Params.Get(name) {
			return refuse(InvalidRequestObject, "the request object has another "+name+" than the request")
		}
	}
	merged := url.Values{}
	for name, values := range r.Params {
		merged[name] = values
	}
	merged.Del("request_uri")
	for name, values := range inside {
		merged[name] = values
	}
	r.Params = merged
	return nil
}

// bare is a URL without its fragment, which only says that what is behind it changed (OpenID Connect Core section 6.2).
func bare(uri string) string {
	uri, _, _ = strings.Cut(uri, "#")
	return uri
}

// openObject verifies a request object and returns its parameters.
func (p *Provider) openObject(ctx context.Context, c *clients.Client, text string) (url.Values, error) {
	algs := assertionAlgs
	if registered := c.Metadata.RequestObjectAlg; registered != "" {
		algs = []jose.SignatureAlgorithm{jose.SignatureAlgorithm(registered)}
	}
	token, err := jwt.ParseSigned(text, algs) // none isn't among them
	if err != nil || len(token.Headers) != 1 {
		return nil, errors.Join(err, errors.New("not a signed JWT"))
	}
	key, err := p.clientKey(ctx, c, token.Headers[0])
	if err != nil {
		return nil, err
	}
	var held jwt.Claims
	var all map[string]json.RawMessage
	if err := token.Claims(key, &held, &all); err != nil {
		return nil, err
	}
	now := p.Now()
	switch {
	case held.Issuer != "" && held.Issuer != c.ID:
		return nil, errors.New("iss is another client")
	case held.Subject == c.ID: // else a client assertion would pass for one (RFC 9101 section 10.8)
		return nil, errors.New("sub is the client")
	case len(held.Audience) > 0 && !held.Audience.Contains(p.Issuer.String()):
		return nil, errors.New("aud is another issuer")
	case held.Expiry != nil && now.After(held.Expiry.Time().Add(clockLeeway)):
		return nil, errors.New("exp is past")
	case held.NotBefore != nil && held.NotBefore.Time().After(now.Add(clockLeeway)), held.IssuedAt != nil && held.IssuedAt.Time().After(now.Add(clockLeeway)):
		return nil, errors.New("it is from the future")
	}
	return objectParams(all)
}

// objectParams writes claims as the parameters that they stand for: texts as they are, everything else as JSON.
func objectParams(all map[string]json.RawMessage) (url.Values, error) {
	params := url.Values{}
	for name, raw := range all {
		switch name {
		case "iss", "aud", "exp", "nbf", "iat", "jti", "sub":
			continue
		case "request", "request_uri":
			return nil, errors.New("a request object in a request object")
		}
		var one string
		var list []string
		switch {
		case json.Unmarshal(raw, &one) == nil:
			params.Set(name, one)
		case name == "resource" && json.Unmarshal(raw, &list) == nil:
			params[name] = list
		default:
			params.Set(name, string(raw))
		}
	}
	return params, nil
}
