// Package logout owns what applications hear of the end of a session: logout tokens, sent through the outbox (OpenID
// Connect Back-Channel Logout 1.0), the addresses that a page loads in frames (Front-Channel Logout 1.0), and the record of
// who was told. It ends no session: whoever does, the store calls Queue in the same transaction.
package logout

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"time"

	"pratu/flows/clients"
	"pratu/flows/issuer"
	"pratu/flows/kind"
	"pratu/flows/outbound"
	"pratu/flows/outbox"
	"pratu/flows/secret"
	"pratu/storage"
)

// Kind is the kind of the outbox's messages that are logout tokens; Lane is theirs alone, so that an application that
// doesn't answer holds up no mail; Parallel is how many are on their way at a time.
const (
	Kind     = "logout"
	Lane     = "logout"
	Parallel = 8
)

const (
	tokenType = "logout+jwt"
	event     = "http://schemas.openid.net/event/backchannel-logout"
	// TokenLife is the most that Back-Channel Logout section 4 recommends.
	TokenLife = 2 * time.Minute
	// AnswerTime is how long an application may take: a worker waits, nobody else does.
	AnswerTime = 5 * time.Second
)

// Signer signs logout tokens.
type Signer interface {
	Sign(alg, typ string, claims any) (string, error)
}

// Service tells applications. All fields are required; Outbound has AnswerTime for its timeout.
type Service struct {
	Store    *storage.Store
	Outbox   *outbox.Outbox // of Lane
	Clients  *clients.Service
	Keys     Signer
	Outbound *outbound.Client
	Issuer   issuer.Issuer
	Now      func() time.Time
}

// payload is what the outbox keeps. Where to send it is asked when it is sent: an application that is gone isn't called.
type payload struct {
	SessionID string `json:"sid"`
	ClientID  string `json:"client_id"`
	Subject   string `json:"sub"`
}

// Queue is the store's Tell.
func (s *Service) Queue(ctx context.Context, p storage.Participant) (messageID string, err error) {
	raw, err := json.Marshal(payload{SessionID: p.SessionID, ClientID: p.ClientID, Subject: p.Subject})
	if err != nil {
		return "", err
	}
	return s.Outbox.Put(ctx, Kind, raw)
}

// Deliver is the outbox's handler. 200 and 204 are a yes, 400 a no that stays one (section 2.8); everything else, a redirect
// too, is tried again.
func (s *Service) Deliver(ctx context.Context, raw []byte) error {
	var p payload
	if err := json.Unmarshal(raw, &p); err != nil {
		return outbox.Permanent(errors.New("logout: unreadable payload"))
	}
	c, err := s.Clients.Find(ctx, p.ClientID)
	if kind.Of(err) == kind.NotFound || err == nil && c.Metadata.BackchannelLogoutURI == "" {
		return outbox.Permanent(fmt.Errorf("logout: %s has no back-channel address any more", p.ClientID))
	}
	if err != nil {
		return err
	}
	token, err := s.token(c, p)
	if err != nil {
		return err
	}
	answer, err := s.Outbound.Post(ctx, c.Metadata.BackchannelLogoutURI,
		map[string]string{"Content-Type": "application/x-www-form-urlencoded"},
		[]byte(url.Values{"logout_token": {token}}.Encode()))
	switch {
	case err != nil:
		return fmt.Errorf("logout: %s: %w", p.ClientID, err)
	case answer.Status == 200, answer.Status == 204:
		return nil
	case answer.Status == 400:
		return outbox.Permanent(fmt.Errorf("logout: %s refused the logout token", p.ClientID))
	}
	return fmt.Errorf("logout: %s answered %d", p.ClientID, answer.Status)
}

// token is a logout token (section 2.4). Each attempt has its own: an application that saw the jti of one whose answer got
// lost may take the same again for a replay.
func (s *Service) token(c *clients.Client, p payload) (string, error) {
	now := s.Now()
	return s.Keys.Sign(c.IDTokenAlg(), tokenType, struct {
		Issuer    string              `json:"iss"`
		Subject   string              `json:"sub"`
		Audience  string              `json:"aud"`
		IssuedAt  int64               `json:"iat"`
		ExpiresAt int64               `json:"exp"`
		ID        string              `json:"jti"`
		SessionID string              `json:"sid"`
		Events    map[string]struct{} `json:"events"`
	}{
		s.Issuer.String(), p.Subject, c.ID, now.Unix(), now.Add(TokenLife).Unix(), secret.ID(), p.SessionID,
		map[string]struct{}{event: {}},
	})
}
