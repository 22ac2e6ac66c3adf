// Package partner owns the exchange of codes by partners of old: a profile of the token endpoint that binds a code to the
// customer's phone number. How the number is protected on its way is here; codes, clients and tokens are flows/oidc's, and
// the envelope is server/identity's.
package partner

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"pratu/flows/audit"
	"pratu/flows/clients"
	"pratu/flows/contact"
	"pratu/flows/oidc"
	"pratu/flows/secret"
	"pratu/storage"
)

// Service exchanges codes. All fields are required.
type Service struct {
	Store    *storage.Store
	Keyring  *secret.Keyring
	Clients  *clients.Service
	Provider *oidc.Provider
	Audit    *audit.Log
	Now      func() time.Time
}

// Request is what a partner sends, as it came.
type Request struct {
	GrantType, ClientID, ClientSecret, RequestID, Code, MobileNumber, RedirectURL, Timestamp, CodeVerifier string
	Network                                                                                                string
}

// Bounds of a request.
const (
	maxRequestID = 50
	maxMobile    = 512
	clockSkew    = 5 * time.Minute

	// TimeFormat is RFC 3339 in UTC with milliseconds.
	TimeFormat = "2006-01-02T15:04:05.000Z"
)

// ValidRequestID tells whether a partner's own id of a request is one that is echoed and noted.
func ValidRequestID(id string) bool {
	return id != "" && utf8.ValidString(id) && utf8.RuneCountInString(id) <= maxRequestID && !strings.ContainsFunc(id, unicode.IsControl)
}

// Exchange buys tokens for a code and its customer's number. Errors are the protocol's.
func (s *Service) Exchange(ctx context.Context, r Request) (*oidc.Tokens, *clients.Client, error) {
	if err := s.check(r); err != nil {
		return nil, nil, err
	}
	c, err := s.Provider.AuthenticateSecret(ctx, r.ClientID, r.ClientSecret, r.Network)
	if err != nil {
		return nil, nil, err
	}
	if c.Settings.PartnerMobileProtection == "" {
		return nil, c, oidc.RefuseWith(oidc.UnauthorizedClient, "the client is no partner: partner_mobile_protection is not set")
	}
	if r.RedirectURL == "" && len(c.Metadata.RedirectURIs) != 1 {
		return nil, c, invalid("redirect_url is missing, and the client has more than one")
	}
	form := url.Values{}
	for name, value := range map[string]string{"code": r.Code, "redirect_uri": r.RedirectURL, "code_verifier": r.CodeVerifier} {
		if value != "" {
			form.Set(name, value)
		}
	}
	tokens, err := s.Provider.Redeem(ctx, c, form, oidc.Redemption{
		Judge: func(ctx context.Context, accountID string) error { return s.judge(ctx, c, accountID, r.MobileNumber) },
		Record: func(ctx context.Context, accountID string, refused error) error {
			return s.record(ctx, c, accountID, r.RequestID, refused)
		},
	})
	return tokens, c, err
}

func invalid(description string) error {
	return oidc.RefuseWith(oidc.InvalidRequest, description)
}

// check looks at what can be judged without knowing anybody.
func (s *Service) check(r Request) error {
	at, err := time.Parse(TimeFormat, r.Timestamp)
	switch {
	case r.GrantType != clients.GrantCode:
		return oidc.RefuseWith(oidc.UnsupportedGrant, "grant_type must be authorization_code")
	case !ValidRequestID(r.RequestID):
		return invalid("request_id has 1 to 50 characters")
	case r.ClientID == "" || r.ClientSecret == "":
		return oidc.RefuseWith(oidc.InvalidClient, "client_id and client_secret are needed")
	case r.Code == "":
		return invalid("code is missing")
	case r.MobileNumber == "" || len(r.MobileNumber) > maxMobile:
		return invalid("mobile_number is missing or too long")
	case err != nil:
		return invalid("timestamp is RFC 3339 in UTC with milliseconds, such as 2020-11-11T11:59:55.003Z")
	case s.Now().Sub(at).Abs() > clockSkew:
		return invalid("timestamp is more than 5 minutes off")
	}
	return nil
}

// errNumber is the one answer to a wrong number, a wrong key, bad padding and bad base64: told apart, they would be an
// oracle.
func errNumber() error {
	return oidc.RefuseWith(oidc.InvalidGrant, "the code and mobile_number do not belong together").Forbidden()
}

// judge holds the number to those that the code's owner proved.
func (s *Service) judge(ctx context.Context, c *clients.Client, accountID, sent string) error {
	key, err := s.Clients.PartnerMobileKey(c)
	if err != nil {
		return err
	}
	contacts, err := s.Store.ContactsOfAccount(ctx, accountID)
	if err != nil {
		return err
	}
	var numbers []string
	for _, x := range contacts {
		if x.Kind != contact.Phone || x.VerifiedAt.IsZero() {
			continue
		}
		value, err := s.Keyring.Open("contact", x.Value, x.ID)
		if err != nil {
			return fmt.Errorf("contact %s: %w", x.ID, err)
		}
		numbers = append(numbers, string(value))
	}
	if !Verify(c.Settings.PartnerMobileProtection, key, sent, numbers) {
		return errNumber()
	}
	return nil
}

func (s *Service) record(ctx context.Context, c *clients.Client, accountID, requestID string, refused error) error {
	e := audit.Event{
		Name: "partner.exchanged", ActorKind: audit.Client, ActorID: c.ID, AccountID: accountID, ClientID: c.ID,
		Details: map[string]any{"request_id": requestID},
	}
	if refused != nil {
		e.Outcome, e.Reason = audit.Failure, "mobile_number"
	}
	return s.Audit.Append(ctx, e)
}
