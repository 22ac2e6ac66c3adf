package oidc

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ory/fosite"

	"pratu/flows/authorize"
	"pratu/flows/kind"
)

// PushedPrefix begins the request_uri of a pushed request (RFC 9126 section 2.2).
const PushedPrefix = "urn:ietf:params:oauth:request_uri:"

// Bounds of parameters that we keep or echo.
const (
	maxState = 4096
	maxNonce = 1024
	maxParam = 8192
)

// Request is an authorization request that passed our checks and fosite's.
type Request struct {
	authorize.Request
	engine fosite.AuthorizeRequester
	object error // why the request behind its request_uri isn't read
	trial  bool  // an administrator's, see unregistered
}

// Refusal is an error that is answered at the relying party's redirect URI.
type Refusal struct {
	Error    *Error
	Redirect Redirect
}

func (r *Refusal) error() error { return &redirected{r} }

// redirected carries a Refusal as an error.
type redirected struct{ *Refusal }

func (r *redirected) Error() string { return r.Refusal.Error.Error() }
func (r *redirected) Unwrap() error { return r.Refusal.Error }

// AsRefusal finds the refusal in an error of Authorization: without one the answer is a page of ours and no redirect.
func AsRefusal(err error) (*Refusal, bool) {
	var r *redirected
	if !errors.As(err, &r) {
		return nil, false
	}
	return r.Refusal, true
}

// Authorization reads an authorization request. at is when it came: for a request that waited, when it began. An error
// before the redirect URI is known to be the client's is an *Error, for a page; after that it is a Refusal.
func (p *Provider) Authorization(ctx context.Context, params url.Values, at time.Time) (*Request, error) {
	for _, name := range []string{"client_id", "redirect_uri", "request_uri"} {
		if len(params[name]) > 1 {
			return nil, refuse(InvalidRequest, name+" is given more than once")
		}
	}
	r := &Request{Request: authorize.Request{Params: params, RequestedAt: at}}
	if err := p.identify(ctx, r); err != nil {
		return nil, err
	}
	return r, p.judge(ctx, r)
}

// Resume reads a request that waited for a person, as it was kept.
func (p *Provider) Resume(ctx context.Context, kept Kept) (*Request, error) {
	r := &Request{Request: authorize.Request{Params: kept.Params, RequestedAt: kept.At, PushedID: kept.PushedID, DeviceID: kept.DeviceID}}
	if err := p.identify(ctx, r); err != nil {
		return nil, err
	}
	if r.DeviceID != "" {
		return r, p.resumeDevice(ctx, r)
	}
	return r, p.judge(ctx, r)
}

// Kept is a request that waited.
type Kept struct {
	Params             url.Values
	PushedID, DeviceID string
	At                 time.Time
}

// identify finds the client and proves the redirect URI to be its own: until then nobody is sent anywhere.
func (p *Provider) identify(ctx context.Context, r *Request) error {
	id := r.Params.Get("client_id")
	if id == "" {
		return refuse(InvalidRequest, "client_id is missing")
	}
	c, err := p.Clients.Get(ctx, id)
	switch k := kind.Of(err); {
	case err != nil && (k == kind.NotFound || k == kind.Forbidden):
		return refuse(InvalidClient, "the client is unknown or disabled").with(err)
	case err != nil:
		return answer(err)
	}
	r.Client = c
	if uri := r.Params.Get("request_uri"); r.PushedID == "" && strings.HasPrefix(uri, PushedPrefix) {
		if r.Params, r.PushedID, err = p.pushed(ctx, c, uri); err != nil {
			return err
		}
	}
	if r.DeviceID != "" {
		return nil
	}
	if uri := r.Params.Get("request_uri"); r.PushedID == "" && uri != "" {
		r.object = p.readObject(ctx, r, uri)
	}
	r.RedirectURI = r.Params.Get("redirect_uri")
	switch {
	case r.RedirectURI == "":
		return refuse(InvalidRequest, "redirect_uri is missing")
	case !redirectMatches(c.Metadata.RedirectURIs, r.RedirectURI):
		return p.unregistered(ctx, r)
	}
	return nil
}

// judge checks everything else. From here on every error goes to the redirect URI.
func (p *Provider) judge(ctx context.Context, r *Request) error {
	states := r.Params["state"]
	if len(states) == 1 {
		r.State, r.HasState = states[0], true
	}
	r.ResponseMode = p.responseMode(r)
	err := p.check(ctx, r)
	if err == nil {
		err = p.admit(ctx, r)
	}
	if err == nil {
		return nil
	}
	return p.Refuse(r, answer(err))
}

// Refuse makes an error one that is answered at the request's redirect URI.
func (p *Provider) Refuse(r *Request, e *Error) error {
	params := url.Values{"error": {e.Code}}
	if e.Description != "" {
		params.Set("error_description", e.Description)
	}
	return (&Refusal{Error: e, Redirect: p.redirect(r, params)}).error()
}

var (
	scopeToken = regexp.MustCompile(`^[\x21\x23-\x5B\x5D-\x7E]+$`)
	plainScope = regexp.MustCompile(`^[A-Za-z0-9._:/-]{1,64}$`)
	challenge  = regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`)
	verifier   = regexp.MustCompile(`^[A-Za-z0-9._~-]{43,128}$`)
	digits     = regexp.MustCompile(`^[0-9]{1,9}$`)
)

// check is the strict front of fosite, in the order in which clients want to be told.
func (p *Provider) check(ctx context.Context, r *Request) error {
	if err := bounded(r.Params); err != nil {
		return err
	}
	get := r.Params.Get
	switch {
	case get("request") != "":
		return refuse(RequestNotSupported, "request objects are not supported; push the request instead (RFC 9126)")
	case r.object != nil:
		return r.object
	case get("registration") != "":
		return refuse(RegistrationNot, "registration in the request is not supported")
	case r.Client.Metadata.RequirePAR && r.PushedID == "" && !r.trial:
		return refuse(InvalidRequest, "this client has to push its requests (RFC 9126)")
	case len(r.State) > maxState:
		return refuse(InvalidRequest, "state is too long")
	case len(get("nonce")) > maxNonce:
		return refuse(InvalidRequest, "nonce is too long")
	}
	return first(
		func() error { return p.checkResponse(r) },
		func() error { return r.readScopes() },
		func() error { return checkTokensInFront(r) },
		func() error { return checkChallenge(r) },
		func() error { return checkNamedDevice(r.Params) },
		func() error { return r.readPrompt() },
		func() error { return r.readResources() },
		func() error { return p.readClaims(r) },
		func() error { return p.readHint(ctx, r) },
	)
}

func bounded(params url.Values) error {
	for name, values := range params {
		if len(values) > 1 && name != "resource" {
			return refuse(InvalidRequest, "a parameter is given more than once")
		}
		if slices.ContainsFunc(values, func(v string) bool { return len(v) > maxParam }) {
			return refuse(InvalidRequest, "a parameter is too long")
		}
	}
	return nil
}

// first is the first error of several checks.
func first(checks ...func() error) error {
	for _, check := range checks {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

func (r *Request) readScopes() error {
	r.Scopes = slices.Compact(r.Client.ReadScopes(r.Params.Get("scope")))
	if len(r.Scopes) == 0 {
		return refuse(InvalidScope, "scope is missing")
	}
	allowed := r.Client.Scopes()
	for _, s := range r.Scopes {
		if !scopeToken.MatchString(s) || !slices.Contains(allowed, s) {
			return errScope(s)
		}
	}
	return nil
}

// errScope names the scope that a client may not ask for, where its name is one that no page of a relying party could take
// for anything else: a link to us may hold a stranger's.
func errScope(scope string) error {
	if !plainScope.MatchString(scope) {
		return refuse(InvalidScope, "the client may not ask for one of the scopes")
	}
	return refuse(InvalidScope, "the client may not ask for the scope "+scope)
}

func checkChallenge(r *Request) error {
	value, method := r.Params.Get("code_challenge"), r.Params.Get("code_challenge_method")
	switch {
	case value == "" && method == "" && !r.Client.RequirePKCE(), !r.gets("code"):
		return nil
	case value == "":
		return refuse(InvalidRequest, "code_challenge is missing: this client has to use PKCE with S256")
	case method != "S256":
		return refuse(InvalidRequest, "code_challenge_method must be S256")
	case !challenge.MatchString(value):
		return refuse(InvalidRequest, "code_challenge is not the base64url of a SHA-256")
	}
	return nil
}

func (r *Request) readPrompt() error {
	r.Prompt = strings.Fields(r.Params.Get("prompt"))
	known := []string{authorize.PromptNone, authorize.PromptLogin, authorize.PromptConsent, authorize.PromptSelectAccount}
	for _, prompt := range r.Prompt {
		if !slices.Contains(known, prompt) {
			return refuse(InvalidRequest, "prompt is none, login, consent or select_account")
		}
	}
	if r.Prompts(authorize.PromptNone) && len(r.Prompt) > 1 {
		return refuse(InvalidRequest, "prompt=none stands alone")
	}
	switch age := r.Params.Get("max_age"); {
	case age == "":
		r.MaxAge = r.Client.Metadata.DefaultMaxAge
	case !digits.MatchString(age):
		return refuse(InvalidRequest, "max_age is a number of seconds")
	default:
		n, err := strconv.ParseInt(age, 10, 64)
		if err != nil {
			return refuse(InvalidRequest, "max_age is a number of seconds")
		}
		r.MaxAge = &n
	}
	return nil
}

func (r *Request) readResources() error {
	r.Resources = r.Params["resource"]
	return checkResources(r.Resources, r.Client.Resources())
}

// checkResources holds RFC 8707 section 2: absolute URIs without fragment, among those the client may ask for.
func checkResources(asked, allowed []string) error {
	for _, resource := range asked {
		if u, err := url.Parse(resource); err != nil || !u.IsAbs() || strings.Contains(resource, "#") || !slices.Contains(allowed, resource) {
			return refuse(InvalidTarget, "the client may not ask for one of the resources")
		}
	}
	return nil
}

func (p *Provider) readClaims(r *Request) error {
	asked, err := authorize.ParseClaims(r.Params.Get("claims"))
	if err != nil {
		return refuse(InvalidRequest, err.Error())
	}
	r.ClaimNames = authorize.ClaimNames(r.Client, r.Scopes, r.Params.Get("claims"))
	r.readACR(asked.IDToken["acr"])
	for _, sub := range []*authorize.ClaimRequest{asked.IDToken["sub"], asked.Userinfo["sub"]} {
		if sub != nil && sub.Value != nil {
			text, ok := sub.Value.(string)
			if !ok || r.Subject != "" && r.Subject != text {
				return refuse(InvalidRequest, "the claims parameter asks for a sub that can not be")
			}
			r.Subject = text
		}
	}
	return nil
}

// readACR reads which classes are wanted. acr_values is a wish, and so is acr in claims unless it is essential (OpenID
// Connect Core sections 3.1.2.1, 5.5.1.1).
func (r *Request) readACR(claim *authorize.ClaimRequest) {
	r.ACR = strings.Fields(r.Params.Get("acr_values"))
	if len(r.ACR) == 0 {
		r.ACR = r.Client.Metadata.DefaultACRValues
	}
	if claim == nil {
		return
	}
	values := []string{}
	for _, v := range append(slices.Clone(claim.Values), claim.Value) {
		text, ok := v.(string)
		if ok || v != nil { // what is no text is no class of ours: essential, it can't be met
			values = append(values, text)
		}
	}
	if claim.Essential {
		r.EssentialACR = values
	} else if len(values) > 0 {
		r.ACR = values
	}
}

// admit shows the request to fosite, without what only our own checks understand: to fosite every request is one for a code.
func (p *Provider) admit(ctx context.Context, r *Request) error {
	if !r.gets("code") {
		return nil
	}
	form := url.Values{"response_type": {"code"}}
	for _, name := range []string{"client_id", "redirect_uri", "scope", "state", "nonce", "prompt",
		"code_challenge", "code_challenge_method"} {
		if v := r.Params.Get(name); v != "" {
			form.Set(name, v)
		}
	}
	form.Set("scope", strings.Join(r.Scopes, " ")) // old clients separate theirs otherwise
	if form.Get("state") == "" {
		form.Set("state", "-") // fosite wants one; the answer's state is ours
	}
	httpRequest := &http.Request{Method: http.MethodGet, URL: &url.URL{}, Header: http.Header{}, Form: form}
	engine, err := p.engine.NewAuthorizeRequest(withUnit(ctx, &unit{client: r.Client, trial: r.trial}), httpRequest)
	r.engine = engine
	return err
}
