package oidc

import (
	"context"
	"errors"
	"net/url"
	"time"

	"pratu/flows/audit"
	"pratu/flows/authorize"
	"pratu/flows/clients"
	"pratu/flows/issuer"
	"pratu/flows/limits"
	"pratu/flows/secret"
	"pratu/storage"
)

// Errors of RFC 8628 section 3.5.
const (
	AuthorizationPending = "authorization_pending"
	ExpiredToken         = "expired_token"
)

// slower is by how much a device that hurries has to wait longer.
const slower = 5 * time.Second

const prefixDevice = "pratu_dc_"

// DeviceAnswer tells a device what to show (RFC 8628 section 3.2).
type DeviceAnswer struct {
	DeviceCode              string `json:"device_code"`
	UserCode                string `json:"user_code"`
	VerificationURI         string `json:"verification_uri"`
	VerificationURIComplete string `json:"verification_uri_complete"`
	ExpiresIn               int64  `json:"expires_in"`
	Interval                int64  `json:"interval"`
}

// deviceParams are what a device may ask for.
var deviceParams = []string{"client_id", "scope", "resource", "claims", "acr_values", "max_age", "ui_locales", "login_hint", "device_id", "device_model"}

// AuthorizeDevice begins the authorization of a device, judged as it will be when the person comes.
func (p *Provider) AuthorizeDevice(ctx context.Context, c *clients.Client, form url.Values, network string) (*DeviceAnswer, error) {
	budget := c.ID
	if c.Public() {
		budget = subject(c.ID, network)
	}
	if err := p.Limiter.Take(ctx, limits.DeviceClient.Of(budget)); err != nil {
		return nil, err
	}
	params := url.Values{}
	for _, name := range deviceParams {
		if values := form[name]; len(values) > 0 {
			params[name] = values
		}
	}
	params.Set("client_id", c.ID)
	r := &Request{Request: authorize.Request{Client: c, Params: params, DeviceID: "asking", RequestedAt: p.Now()}}
	if err := p.checkDevice(ctx, r); err != nil {
		return nil, err
	}
	now := p.Now()
	code, userCode := prefixDevice+secret.Token(), authorize.NewUserCode()
	err := p.Store.CreateDeviceAuthorization(ctx, storage.DeviceAuthorization{
		ID: secret.Hash(code), UserCodeHash: authorize.UserCodeHash(p.Keyring, userCode), ClientID: c.ID, Form: params.Encode(),
		PollInterval: authorize.DeviceInterval.Milliseconds(), CreatedAt: storage.At(now), ExpiresAt: storage.At(now.Add(authorize.DeviceLife)),
	})
	at := p.Issuer.URL(issuer.PathDevice)
	return &DeviceAnswer{
		DeviceCode: code, UserCode: userCode, VerificationURI: at,
		VerificationURIComplete: at + "?" + url.Values{"user_code": {userCode}}.Encode(),
		ExpiresIn:               int64(authorize.DeviceLife.Seconds()), Interval: int64(authorize.DeviceInterval.Seconds()),
	}, err
}

// checkDevice judges what a device asks for.
func (p *Provider) checkDevice(ctx context.Context, r *Request) error {
	if !r.Client.Allows(clients.GrantDevice) {
		return refuse(UnauthorizedClient, "the client is not registered for the grant type "+clients.GrantDevice)
	}
	return first(
		func() error { return bounded(r.Params) },
		func() error { return r.readScopes() },
		func() error { return checkNamedDevice(r.Params) },
		func() error { return r.readPrompt() },
		func() error { return r.readResources() },
		func() error { return p.readClaims(r) },
	)
}

// resumeDevice is Resume for an interaction that answers a device. Its outcome is shown on a page of ours.
func (p *Provider) resumeDevice(ctx context.Context, r *Request) error {
	r.RedirectURI = p.Issuer.URL(issuer.PathDeviceDone)
	if err := p.checkDevice(ctx, r); err != nil {
		return p.Refuse(r, answer(err))
	}
	return nil
}

// deviceRedirect stands for the redirect URI in the grant of a device.
const deviceRedirect = "urn:pratu:device"

// deviceCode is the code of the grant that answers a device, and its PKCE verifier. Whoever approves and whoever fetches
// can derive them, so that nothing has to be stored for the time between.
func (p *Provider) deviceCode(deviceID string) (code, codeVerifier string) {
	return prefixCode + p.Keyring.MAC("device-code", deviceID), p.Keyring.MAC("device-verifier", deviceID)
}

// issueDevice writes the grant of a device, for the device to fetch.
func (p *Provider) issueDevice(ctx context.Context, r *Request, s authorize.Session, waiting *storage.Interaction) (Redirect, error) {
	now := p.Now()
	g := p.grant(r, s, now)
	code, codeVerifier := p.deviceCode(r.DeviceID)
	form := url.Values{"redirect_uri": {deviceRedirect}, "code_challenge": {s256(codeVerifier)}, "code_challenge_method": {"S256"}}
	copyDevice(form, r.Params)
	g.Form = form.Encode()
	g.CodeHash, g.CodeExpiresAt = secret.Hash(code), storage.At(now.Add(authorize.DeviceLife))
	err := p.Store.InTx(ctx, func(ctx context.Context) error {
		if err := p.Store.ApproveDevice(ctx, r.DeviceID, storage.At(now)); err != nil {
			return errors.Join(errInteraction, err)
		}
		writes := append(p.consume(r, waiting), p.Store.CreateGrant(g).Else(errSession))
		if _, err := p.Store.Apply(ctx, writes...); err != nil {
			return err
		}
		return p.Audit.Append(ctx, audit.Event{
			Name: "device.approved", ActorKind: audit.Account, ActorID: s.AccountID, AccountID: s.AccountID, ClientID: r.Client.ID, SessionID: s.ID,
		})
	})
	if errors.Is(err, errSession) {
		return Redirect{}, p.Refuse(r, refuse(authorize.ErrLoginRequired, "the session has ended").with(err))
	}
	if err == nil {
		p.signedIn(r, s)
	}
	return Redirect{URI: r.RedirectURI}, err
}

// prepareDevice judges a device's question. What a person allowed becomes the exchange of the grant's code, with all that
// holds for codes: it works once, and used again it ends what it gave.
func (p *Provider) prepareDevice(ctx context.Context, u *unit, form url.Values) (url.Values, error) {
	code := form.Get("device_code")
	if code == "" {
		return nil, refuse(InvalidRequest, "device_code is missing")
	}
	d, err := p.Store.DeviceAuthorization(ctx, secret.Hash(code))
	if errors.Is(err, storage.ErrNotFound) || err == nil && d.ClientID != u.client.ID {
		return nil, errGrant(errors.New("device code unknown, or another client's"))
	}
	if err != nil {
		return nil, err
	}
	switch now := storage.At(u.now); {
	case d.ExpiresAt <= now:
		return nil, refuse(ExpiredToken, "nobody answered in time: ask for a new code")
	case !d.DeniedAt.IsZero():
		return nil, refuse(authorize.ErrAccessDenied, "the person said no")
	case d.ApprovedAt.IsZero():
		return nil, p.poll(ctx, d, now)
	}
	grantCode, codeVerifier := p.deviceCode(d.ID)
	exchange := url.Values{
		"grant_type": {clients.GrantCode}, "code": {grantCode}, "redirect_uri": {deviceRedirect}, "code_verifier": {codeVerifier},
	}
	if asked := form["resource"]; len(asked) > 0 {
		exchange["resource"] = asked
	}
	return exchange, p.prepareCode(ctx, u, exchange)
}

func (p *Provider) poll(ctx context.Context, d storage.DeviceAuthorization, now storage.Instant) error {
	inTime, err := p.Store.PollDevice(ctx, d.ID, now, slower)
	switch {
	case err != nil:
		return err
	case !inTime:
		return refuse(SlowDown, "wait longer between two questions")
	}
	return refuse(AuthorizationPending, "nobody has answered yet")
}
