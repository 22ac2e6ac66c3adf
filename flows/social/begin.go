package social

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/url"

	"github.com/markbates/goth"
	"github.com/markbates/goth/providers/openidConnect"

	"pratu/flows/connectors"
	"pratu/flows/kind"
	"pratu/flows/limits"
	"pratu/flows/secret"
	"pratu/storage"
)

// Start is somebody who wants to go to a provider.
type Start struct {
	Connector   string
	Purpose     string // one of storage's
	Browser     string // cookie
	Network     string
	Interaction string // handle to go on with, or ""
	ClientID    string // of the interaction, or ""
	AccountID   string // whose page asks, or ""
	SessionID   string // in which
	To          string // path to go on to, or ""
	LoginHint   string
	Locale      string
	Anew        bool // an old sign-in there doesn't do
}

// sealed is what the row of a request keeps to itself.
type sealed struct {
	Nonce    string `json:"nonce"`
	Verifier string `json:"verifier"`
	Anew     bool   `json:"anew,omitempty"`
	To       string `json:"to,omitempty"`
}

const requestLabel = "federation-request"

// Begin sends a browser to a provider: the URL is where. kind.NotFound "connector.unknown", also for one that isn't for the
// client; kind.Forbidden "connector.disabled"; kind.Unavailable "federation.unavailable".
func (s *Service) Begin(ctx context.Context, st Start) (redirect string, err error) {
	c, err := s.Connectors.Get(ctx, st.Connector)
	if err != nil {
		return "", err
	}
	if !c.For(st.ClientID) {
		return "", kind.New(kind.NotFound, "connector.unknown")
	}
	if err := s.Limiter.Take(ctx, limits.FederationAddress.Of(st.Network)); err != nil {
		return "", err
	}
	m, err := s.metadata(ctx, s.source(c))
	if err != nil {
		return "", err
	}
	state, keep := secret.Token(), sealed{Nonce: secret.Token(), Verifier: secret.Token(), Anew: st.Anew, To: st.To}
	target, err := s.authorization(c, m, st, state, keep)
	if err != nil {
		return "", err
	}
	raw, err := json.Marshal(keep)
	if err != nil {
		return "", err
	}
	now, id := s.Now(), secret.Hash(state)
	return target, s.Store.CreateFederationRequest(ctx, storage.FederationRequest{
		ID: id, Purpose: st.Purpose, ConnectorID: c.ID, AccountID: st.AccountID, SessionID: st.SessionID, ClientID: st.ClientID,
		Interaction: st.Interaction, BrowserHash: secret.Hash(st.Browser), Sealed: s.Keyring.Seal(requestLabel, raw, id),
		CreatedAt: storage.At(now), ExpiresAt: storage.At(now.Add(RequestLife)),
	})
}

// source is where the metadata of what signs browsers in is.
func (s *Service) source(c *connectors.Connector) source {
	return variants[c.Kind].source(c, policy(c))
}

// policy is the one of B2C by which browsers sign in.
func policy(c *connectors.Connector) string {
	if len(c.Settings.Policies) == 0 {
		return ""
	}
	return c.Settings.Policies[0]
}

// authorization is the request that the browser carries there. Goth has no place for what differs from login to login.
func (s *Service) authorization(c *connectors.Connector, m Metadata, st Start, state string, keep sealed) (string, error) {
	p, err := s.provider(c, m)
	if err != nil {
		return "", err
	}
	session, err := p.BeginAuth(state)
	if err != nil {
		return "", err
	}
	raw, err := session.GetAuthURL()
	if err != nil {
		return "", err
	}
	u, err := url.Parse(raw)
	if err != nil {
		return "", err
	}
	v, q := variants[c.Kind], u.Query()
	for name, values := range v.extra {
		q[name] = values
	}
	sum := sha256.Sum256([]byte(keep.Verifier))
	q.Set("code_challenge", base64.RawURLEncoding.EncodeToString(sum[:]))
	q.Set("code_challenge_method", "S256")
	q.Set("nonce", keep.Nonce)
	if st.Anew && v.prompt != "" {
		q.Set("prompt", v.prompt)
	}
	for name, value := range map[string]string{"login_hint": st.LoginHint, "ui_locales": st.Locale} {
		if value != "" && len(value) <= 320 {
			q.Set(name, value)
		}
	}
	u.RawQuery = q.Encode()
	pin(c, u)
	return s.Hosts.at(u).String(), nil
}

// provider is goth's, made for one login: it has no state but what is given here.
func (s *Service) provider(c *connectors.Connector, m Metadata) (goth.Provider, error) {
	v, known := variants[c.Kind]
	if !known {
		return nil, errors.New("a kind of connector that nobody speaks")
	}
	scopes := v.scopes
	if len(c.Settings.Scopes) > 0 {
		scopes = c.Settings.Scopes
	}
	if v.goth != nil {
		return v.goth(c, s.callback(c), scopes), nil
	}
	return openidConnect.NewCustomisedURL(c.ClientID, "", s.callback(c), m.Authorization, m.Token, m.Issuer, m.Userinfo, "", scopes...)
}
