package oidc

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"pratu/flows/clients"
	"pratu/flows/kind"
	"pratu/flows/limits"
)

// attempt is how a client says who it is. At most one of its ways may be used (RFC 6749 section 2.3).
type attempt struct {
	method, id, secret string
}

// Authenticate proves which client a request comes from, by a method that it is registered for. network is the address
// the request came from, for the budget of failures. A failure says nothing about which half was wrong.
func (p *Provider) Authenticate(ctx context.Context, r *http.Request, form url.Values, network string) (*clients.Client, error) {
	a, err := presented(r, form)
	if err != nil {
		return nil, err
	}
	c, err := p.Clients.Get(ctx, a.id)
	switch k := kind.Of(err); {
	case err != nil && (k == kind.NotFound || k == kind.Forbidden):
		return nil, p.failed(ctx, a.id, network, err)
	case err != nil:
		return nil, err
	case !c.Accepts(a.method):
		return nil, p.failed(ctx, c.ID, network, errors.New("another method than the registered one"))
	}
	switch a.method {
	case clients.AuthBasic, clients.AuthPost:
		err = p.checkSecret(ctx, c, a.secret, network)
	case clients.AuthPrivateKeyJWT:
		err = p.checkAssertion(ctx, c, form.Get("client_assertion"))
	}
	if e := (*Error)(nil); errors.As(err, &e) && e.Code == InvalidClient {
		return nil, p.failed(ctx, c.ID, network, err)
	}
	return c, err
}

// AuthenticateSecret proves a client by id and secret that came elsewhere than at our own endpoints, in headers or in
// another envelope. It is for clients that send a secret, by whichever of the two methods.
func (p *Provider) AuthenticateSecret(ctx context.Context, id, secret, network string) (*clients.Client, error) {
	c, err := p.Clients.Get(ctx, id)
	switch k := kind.Of(err); {
	case err != nil && (k == kind.NotFound || k == kind.Forbidden):
		return nil, p.failed(ctx, id, network, err)
	case err != nil:
		return nil, err
	case !c.Accepts(clients.AuthBasic) && !c.Accepts(clients.AuthPost):
		return nil, p.failed(ctx, c.ID, network, errors.New("a client without a secret"))
	}
	err = p.checkSecret(ctx, c, secret, network)
	if e := (*Error)(nil); errors.As(err, &e) && e.Code == InvalidClient {
		return nil, p.failed(ctx, c.ID, network, err)
	}
	return c, err
}

// presented reads what the request offers: Basic, or parameters of the body, never of the query.
func presented(r *http.Request, form url.Values) (attempt, error) {
	header, assertion, posted := r.Header.Get("Authorization"), form.Get("client_assertion"), form.Get("client_secret")
	offers := 0
	for _, offered := range []bool{header != "", assertion != "" || form.Get("client_assertion_type") != "", posted != ""} {
		if offered {
			offers++
		}
	}
	switch {
	case offers > 1 || len(r.Header.Values("Authorization")) > 1:
		return attempt{}, refuse(InvalidRequest, "more than one way of client authentication is used")
	case header != "":
		return basic(header, form)
	case assertion != "" || form.Get("client_assertion_type") != "":
		return asserted(assertion, form)
	case form.Get("client_id") == "":
		return attempt{}, errClient(errors.New("no client"))
	case posted != "":
		return attempt{clients.AuthPost, form.Get("client_id"), posted}, nil
	}
	return attempt{clients.AuthNone, form.Get("client_id"), ""}, nil
}

// basic reads HTTP Basic, whose two halves are form-encoded before base64 (RFC 6749 section 2.3.1).
func basic(header string, form url.Values) (attempt, error) {
	scheme, text, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Basic") {
		return attempt{}, errClient(errors.New("not Basic"))
	}
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
	if err != nil {
		return attempt{}, errClient(err)
	}
	user, password, found := strings.Cut(string(raw), ":")
	if !found {
		return attempt{}, errClient(errors.New("no colon"))
	}
	id, err1 := url.QueryUnescape(user)
	secret, err2 := url.QueryUnescape(password)
	if err1 != nil || err2 != nil { // theirs would quote a piece of the secret
		return attempt{}, errClient(errors.New("not form-encoded"))
	}
	if other := form.Get("client_id"); other != "" && other != id {
		return attempt{}, refuse(InvalidRequest, "client_id differs from the one in the Authorization header")
	}
	return attempt{clients.AuthBasic, id, secret}, nil
}

// checkSecret compares a secret. Where a person chose it, failures are looked at first: guessing such a secret must end
// early, and each try costs a slow hash.
func (p *Provider) checkSecret(ctx context.Context, c *clients.Client, secret, network string) error {
	if slices.ContainsFunc(c.Secrets, clients.Slow) {
		if err := p.Limiter.Check(ctx, limits.ClientSecret.Of(subject(c.ID, network))); err != nil {
			return err
		}
	}
	ok, err := p.Clients.VerifySecret(ctx, c, secret)
	if err != nil {
		return err
	}
	if !ok {
		return errClient(errors.New("wrong secret"))
	}
	return nil
}

func subject(clientID, network string) string { return clientID + " " + network }

// failed counts a failure; beyond the budget it is answered with 429. A success counts nothing and costs no statement.
func (p *Provider) failed(ctx context.Context, clientID, network string, cause error) error {
	if err := p.Limiter.Take(ctx, limits.ClientSecret.Of(subject(clientID, network))); err != nil {
		return err
	}
	return errClient(cause)
}
