package social

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"pratu/flows/connectors"
)

// exchange is the traffic of one sign-in with a provider: goth's requests go through it, since goth has no context, no
// bounds, sends codes twice, and throws ID tokens away.
type exchange struct {
	ctx      context.Context
	s        *Service
	c        *connectors.Connector
	m        Metadata
	verifier string // PKCE
	secret   string // as the provider wants it

	sent    bool   // the code works once, so it is sent once
	idToken string // what came with the access token
	access  string
	cause   error // why a call failed, in words of ours
}

// client is what goth calls with. Redirects are answers: one to a neighbour of ours would be followed with our secrets.
func (x *exchange) client() *http.Client {
	return &http.Client{Transport: x, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// RoundTrip sends one request of goth's.
func (x *exchange) RoundTrip(r *http.Request) (*http.Response, error) {
	out := r.Clone(x.ctx)
	out.RequestURI = ""
	token := r.Method == http.MethodPost && r.URL.String() == x.m.Token
	if token {
		if x.sent {
			return nil, x.fail("token", errors.New("once is enough"))
		}
		x.sent = true
		if err := x.authenticate(out); err != nil {
			return nil, x.fail("token", err)
		}
	}
	pin(x.c, out.URL)
	out.URL = x.s.Hosts.at(out.URL)
	out.Host = out.URL.Host
	answer, err := x.s.Outbound.Do(out)
	if err != nil {
		return nil, x.fail(stepOf(token), err)
	}
	if answer.Status != http.StatusOK {
		_ = x.fail(stepOf(token), fmt.Errorf("status %d%s", answer.Status, errorOf(answer.Body)))
	} else if token {
		if err := x.capture(answer.Body); err != nil {
			return nil, x.fail("token", err)
		}
	}
	return answerOf(answer.Status, answer.Header, answer.Body, r), nil
}

func stepOf(token bool) string {
	if token {
		return "token"
	}
	return "profile"
}

// fail keeps the first cause.
func (x *exchange) fail(step string, cause error) error {
	if x.cause == nil {
		x.cause = fmt.Errorf("%s: %w", step, cause)
	}
	return x.cause
}

// authenticate writes the token request anew: the code, the verifier, and our secret in the one way that the provider takes.
func (x *exchange) authenticate(r *http.Request) error {
	raw, err := io.ReadAll(io.LimitReader(r.Body, 64<<10))
	if err != nil {
		return errors.New("the request can't be read")
	}
	form, err := url.ParseQuery(string(raw))
	if err != nil {
		return errors.New("the request is no form")
	}
	form.Set("code_verifier", x.verifier)
	form.Del("client_secret")
	form.Set("client_id", x.c.ClientID)
	r.Header.Del("Authorization")
	r.Header.Set("Accept", "application/json")
	switch {
	case x.secret == "":
	case x.posts():
		form.Set("client_secret", x.secret)
	default: // RFC 6749 section 2.3.1
		form.Del("client_id")
		r.SetBasicAuth(url.QueryEscape(x.c.ClientID), url.QueryEscape(x.secret))
	}
	body := form.Encode()
	r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
	r.GetBody = nil
	return nil
}

// posts tells whether the secret goes into the body: where the metadata has it, since Basic is spelled in two ways (RFC 6749
// section 2.3.1 encodes, many don't), and with every provider of a name. Without a word it is Basic (OpenID Connect Discovery
// section 3).
func (x *exchange) posts() bool {
	return x.c.Kind != connectors.KindOIDC || slices.Contains(x.m.AuthMethods, "client_secret_post")
}

// capture keeps the ID token, and refuses one that is no text: goth would panic.
func (x *exchange) capture(body []byte) error {
	var answer struct {
		IDToken *json.RawMessage `json:"id_token"`
		Access  string           `json:"access_token"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return errors.New("the answer isn't the JSON that it should be")
	}
	x.access = answer.Access
	if answer.IDToken == nil || bytes.Equal(*answer.IDToken, []byte("null")) {
		return nil
	}
	if json.Unmarshal(*answer.IDToken, &x.idToken) != nil {
		return errors.New("the id_token is no text")
	}
	return nil
}

// errorOf is the code of an OAuth error, if it looks like one.
func errorOf(body []byte) string {
	var answer struct {
		Error any `json:"error"`
	}
	if json.Unmarshal(body, &answer) != nil {
		return ""
	}
	code, _ := answer.Error.(string)
	if code == "" || len(code) > 40 || strings.Trim(code, "abcdefghijklmnopqrstuvwxyz_") != "" {
		return ""
	}
	return " " + code
}
