package oidc

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"time"

	"pratu/flows/clients"
	"pratu/flows/limits"
	"pratu/flows/secret"
	"pratu/storage"
)

// credentials are parameters of client authentication. They have no place in a stored request.
var credentials = []string{"client_secret", "client_assertion", "client_assertion_type"}

// Push stores an authorization request of an authenticated client (RFC 9126 section 2), judged as it would be at the
// authorization endpoint, so that mistakes come back to whoever can mend them. network is the address the request came from.
func (p *Provider) Push(ctx context.Context, c *clients.Client, form url.Values, network string) (requestURI string, life time.Duration, err error) {
	if form.Get("request_uri") != "" {
		return "", 0, refuse(InvalidRequest, "request_uri has no place in a pushed request")
	}
	if id := form.Get("client_id"); id != "" && id != c.ID {
		return "", 0, refuse(InvalidRequest, "client_id is not the authenticated client")
	}
	budget := c.ID
	if c.Public() { // anybody can name it: one stranger must not use up what all its people have
		budget = subject(c.ID, network)
	}
	if err := p.Limiter.Take(ctx, limits.PushedClient.Of(budget)); err != nil {
		return "", 0, err
	}
	params := url.Values{}
	for name, values := range form {
		params[name] = values
	}
	for _, name := range credentials {
		params.Del(name)
	}
	params.Set("client_id", c.ID)
	pushedID := "pushed" // satisfies require_pushed_authorization_requests
	if _, err := p.Resume(ctx, Kept{Params: params, PushedID: pushedID, At: p.Now()}); err != nil {
		if refusal, ok := AsRefusal(err); ok {
			return "", 0, refusal.Error
		}
		return "", 0, err
	}
	handle := PushedPrefix + secret.Token()
	now := p.Now()
	return handle, PushedLife, p.Store.CreatePushedRequest(ctx, storage.PushedRequest{
		ID: secret.Hash(handle), ClientID: c.ID, Form: params.Encode(), CreatedAt: storage.At(now),
		ExpiresAt: storage.At(now.Add(PushedLife)),
	})
}

// pushed reads a pushed request for the client it belongs to. It is not consumed here: a page that is loaded twice, or
// another client that got hold of the request_uri, must not burn it. Parameters beside it are ignored (RFC 9101 section
// 6.3): merged, they would be an injection.
func (p *Provider) pushed(ctx context.Context, c *clients.Client, uri string) (url.Values, string, error) {
	id := secret.Hash(uri)
	row, err := p.Store.PushedRequest(ctx, id, c.ID, storage.At(p.Now()))
	if errors.Is(err, storage.ErrNotFound) {
		return nil, "", refuse(InvalidRequestURI, "the pushed request is unknown, expired or another client's").with(err)
	}
	if err != nil {
		return nil, "", answer(err)
	}
	params, err := url.ParseQuery(row.Form)
	if err != nil {
		return nil, "", answer(err)
	}
	return params, id, nil
}

// IsPushed tells whether a request_uri is one of ours.
func IsPushed(uri string) bool { return strings.HasPrefix(uri, PushedPrefix) }
