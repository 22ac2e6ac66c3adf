package social

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"strings"
	"time"

	"pratu/flows/connectors"
	"pratu/flows/kind"
	"pratu/flows/secret"
	"pratu/storage"
)

// Posted is a token that an application's SDK got from a provider and posted to us. There was no browser of ours, no state
// and no PKCE: whatever isn't verified here is believed of whoever sends it.
type Posted struct {
	Kinds    []string // of connectors that may vouch for it
	ClientID string   // ours: whose application it is
	Token    string
	Nonce    string // that the application had the provider put into an ID token, or ""
	Legacy   bool   // the constant nonce of old games is accepted
}

// Vouched is who somebody is, by a posted token that was verified.
type Vouched struct {
	Who    Identity
	Claims json.RawMessage // of an ID token, as they were signed; else nil
	Once   string          // what marks the token as used, "" for one that may come again
	Until  time.Time       // as long as the mark is needed
}

// verifier judges a posted token for one connector.
type verifier func(s *Service, ctx context.Context, c *connectors.Connector, p Posted) (Vouched, error)

// verifiers by kind. A token in the shape of a JWT is an ID token to all of them: no provider's access token, which these
// know by asking, is one.
var verifiers = map[string]verifier{
	connectors.KindB2C:      (*Service).postedB2C,
	connectors.KindAzureAD:  (*Service).postedIDToken,
	connectors.KindApple:    (*Service).postedIDToken,
	connectors.KindGoogle:   (*Service).postedGoogle,
	connectors.KindFacebook: (*Service).postedFacebook,
	connectors.KindLINE:     (*Service).postedLINE,
}

// maxPosted bounds a posted token; Facebook's are the longest.
const maxPosted = 16 << 10

// Verify judges a posted token: kind.Unauthorized "federation.refused", kind.Invalid "federation.subject" when it is right
// and about nobody, kind.Unavailable "federation.unavailable". One of several connectors of a kind has to vouch for it.
func (s *Service) Verify(ctx context.Context, p Posted) (Vouched, error) {
	if p.Token == "" || len(p.Token) > maxPosted || strings.ContainsAny(p.Token, " \r\n\t") {
		return Vouched{}, refused("posted", "%d bytes", len(p.Token))
	}
	var list []*connectors.Connector
	for _, name := range p.Kinds {
		of, err := s.Connectors.OfKind(ctx, name, p.ClientID)
		if err != nil {
			return Vouched{}, err
		}
		list = append(list, of...)
	}
	ctx, cancel := context.WithTimeout(ctx, AnswerTime)
	defer cancel()
	failure := refused("posted", "no connector of this kind is for the client")
	for _, c := range list {
		v, err := verifiers[c.Kind](s, ctx, c, p)
		switch {
		case err != nil:
			failure = err
			if kind.Of(err) != kind.Unauthorized {
				return Vouched{}, err
			}
			continue
		case v.Who.Subject == "" || v.Who.Namespace == "" || len(v.Who.Subject) > 1024 || len(v.Who.Namespace) > 1024:
			return Vouched{}, kind.New(kind.Invalid, "federation.subject") // all such people would be one account
		}
		return v, nil
	}
	return Vouched{}, failure
}

// isJWT tells the two kinds of tokens apart.
func isJWT(token string) bool {
	return strings.HasPrefix(token, "eyJ") && strings.Count(token, ".") == 2
}

// peek reads a claim of a token that nobody has verified: only to choose among what is set up.
func peek(token, name string) string {
	claims := map[string]any{}
	_ = json.Unmarshal(payloadOf(token), &claims)
	return word(claims, name)
}

// postedIDToken judges an ID token by the keys of its provider.
func (s *Service) postedIDToken(ctx context.Context, c *connectors.Connector, p Posted) (Vouched, error) {
	return s.vouch(ctx, c, p, "")
}

// fresh is how old a token of B2C may be.
const fresh = 5 * time.Minute

// constantNonce is what old games send instead of a nonce.
const constantNonce = "defaultNonce"

// postedB2C is about a policy that is set up: what the token says of it only chooses among those (MS-10).
func (s *Service) postedB2C(ctx context.Context, c *connectors.Connector, p Posted) (Vouched, error) {
	if peek(p.Token, "iss") != c.Settings.Issuer { // another connector's, and no reason to ask for keys
		return Vouched{}, refused("id_token", "its issuer is nobody who is let in")
	}
	said := peek(p.Token, "tfp")
	if said == "" {
		said = peek(p.Token, "acr")
	}
	for _, policy := range c.Settings.Policies {
		if !strings.EqualFold(policy, said) {
			continue
		}
		v, err := s.vouch(ctx, c, p, policy)
		if err != nil {
			return v, err
		}
		at, _ := v.Who.Claims["iat"].(float64)
		if issued := time.Unix(int64(at), 0); s.Now().Sub(issued) > fresh { // at least 1970
			return Vouched{}, refused("id_token", "it is too old (iat)")
		}
		if word(v.Who.Claims, "nonce") == constantNonce && !p.Legacy {
			return Vouched{}, refused("id_token", "its nonce is the same for everybody")
		}
		return v, nil
	}
	return Vouched{}, refused("id_token", "it is of another policy")
}

// vouch verifies an ID token for a connector. Where the SDK keeps no token to show again, each works once.
func (s *Service) vouch(ctx context.Context, c *connectors.Connector, p Posted, policy string) (Vouched, error) {
	if !isJWT(p.Token) {
		return Vouched{}, refused("id_token", "it is none")
	}
	m, err := s.metadata(ctx, variants[c.Kind].source(c, policy))
	if err != nil {
		return Vouched{}, err
	}
	claims, err := s.verifyIDToken(ctx, c, m, p.Token, Wanted{Audiences: c.Audiences(), Policy: policy})
	if err != nil {
		return Vouched{}, err
	}
	if err := checkNonce(claims, p.Nonce); err != nil {
		return Vouched{}, err
	}
	v := Vouched{Who: s.vouchedFor(c, claims), Claims: payloadOf(p.Token)}
	if c.Kind != connectors.KindGoogle {
		v.Once, v.Until = onceOf(p.Token, claims)
	}
	return v, nil
}

// checkNonce compares a nonce that was posted. Apple's SDKs hand over its SHA-256.
func checkNonce(claims map[string]any, nonce string) error {
	if said := word(claims, "nonce"); nonce != "" && !secret.Equal(said, nonce) && !secret.Equal(said, secret.Hash(nonce)) {
		return refused("id_token", "its nonce isn't the one that was posted")
	}
	return nil
}

// vouchedFor is whom claims are about.
func (s *Service) vouchedFor(c *connectors.Connector, claims map[string]any) Identity {
	v := variants[c.Kind]
	who := Identity{Connector: c, Email: address(claims), Claims: claims}
	who.Namespace, who.Subject = v.identify(c, claims)
	if who.Email != "" {
		who.Trust = Asserted
		if v.trusts(c, claims) {
			who.Trust = Authoritative
		}
	}
	return who
}

// onceOf marks a token as used, by what was signed: a signature can be written in several ways.
func onceOf(token string, claims map[string]any) (mark string, until time.Time) {
	signed := token[:strings.LastIndexByte(token, '.')]
	exp, _ := claims["exp"].(float64)
	return secret.Hash("posted\x00" + word(claims, "iss") + "\x00" + word(claims, "sub") + "\x00" + signed),
		time.Unix(int64(exp), 0).Add(fresh) // clocks differ
}

// ask calls a provider's API and reads its JSON: what it refuses (4xx) is an answer, the rest may be better in a moment.
func (s *Service) ask(ctx context.Context, step, address string, form url.Values, header map[string]string, into any) error {
	u, err := url.Parse(address)
	if err != nil {
		return trouble(step, errors.New("no address"))
	}
	u = s.Hosts.at(u)
	answer, err := s.call(ctx, u, form, header)
	switch {
	case err != nil:
		return trouble(step, err)
	case answer.Status == 429 || answer.Status >= 500 || answer.Status < 200:
		return trouble(step, errors.New("it doesn't answer as it should"))
	case answer.Status >= 300:
		return refused(step, "status %d", answer.Status)
	}
	if err := json.Unmarshal(answer.Body, into); err != nil {
		return trouble(step, errors.New("the answer is no JSON"))
	}
	return nil
}

// Adopt makes an identity one more way into an account, in the caller's transaction: kind.Exists "federation.taken" when it
// is another's. One that is the account's already stays so.
func (s *Service) Adopt(ctx context.Context, who Identity, accountID string) (linked bool, err error) {
	known := Known{Linker: accountID}
	login, err := s.Store.IdentityLogin(ctx, who.Namespace, who.Subject)
	if err == nil {
		known.Login = &login
	} else if !errors.Is(err, storage.ErrNotFound) {
		return false, err
	}
	switch d := Decide(who, who.Connector, known); d.Step {
	case Link:
		return true, s.attach(ctx, accountID, who)
	case Keep:
		return false, nil
	default:
		return false, d.Err
	}
}
