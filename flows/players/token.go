package players

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"time"

	"pratu/flows/accounts"
	"pratu/flows/clients"
	"pratu/flows/contact"
	"pratu/flows/kind"
	"pratu/flows/secret"
	"pratu/flows/signin"
	"pratu/storage"
)

// typToken keeps session tokens apart from everything else that we sign: none passes for the other (RFC 8725 section 3.11).
const typToken = "game+jwt"

// claims of a session token. username and id are what games have always read.
type claims struct {
	Username string `json:"username"` // e-mail, or ""
	OID      string `json:"id"`
	Issuer   string `json:"iss"`
	Subject  string `json:"sub"`
	Title    string `json:"aud"`
	Session  string `json:"sid"`
	ID       string `json:"jti"`
	IssuedAt int64  `json:"iat"`
	Expires  int64  `json:"exp"`
}

// sign makes the token of a session, which ends when the session does.
func (s *Service) sign(title *clients.Client, a storage.Account, email string, session storage.Session) (string, error) {
	return s.Keys.Sign(title.IDTokenAlg(), typToken, claims{
		Username: email, OID: a.OID, Issuer: s.Issuer.String(), Subject: strconv.FormatInt(a.SSOID, 10), Title: title.ID,
		Session: session.ID, ID: secret.ID(), IssuedAt: s.Now().Unix(), Expires: session.ExpiresAt.Time().Unix(),
	})
}

// email is what username says: the account's preferred proven address, or "".
func (s *Service) email(ctx context.Context, accountID string) (string, error) {
	rows, err := s.Store.ContactsOfAccount(ctx, accountID)
	if err != nil || len(rows) == 0 {
		return "", err
	}
	a, err := s.Accounts.Open(rows)
	if err != nil {
		return "", err
	}
	return provenEmail(a), nil
}

func provenEmail(list []accounts.Contact) string {
	best := ""
	for _, c := range list {
		if c.Kind == contact.Email && c.Verified && (best == "" || c.Preferred) {
			best = c.Value
		}
	}
	return best
}

// begin starts a session in a title for a proof and returns its token.
func (s *Service) begin(ctx context.Context, title *clients.Client, p signin.Proof, from Caller) (string, error) {
	var a storage.Account
	var email string
	_, session, err := s.Signin.Begin(ctx, p, signin.Browser{
		IP: from.IP, UserAgent: from.UserAgent, Title: title.ID, Until: s.Now().Add(title.SessionTokenLifetime()),
	}, func(ctx context.Context, _ storage.SessionView) error {
		var err error
		if a, err = s.admit(ctx, title, p.AccountID); err != nil {
			return err
		}
		email, err = s.email(ctx, a.ID)
		return err
	})
	if err != nil {
		return "", err
	}
	return s.sign(title, a, email, session)
}

// admit makes sure that an account may play a title, as a player that is there from now on.
func (s *Service) admit(ctx context.Context, title *clients.Client, accountID string) (storage.Account, error) {
	a, err := s.Store.AccountByID(ctx, accountID)
	if err != nil {
		return a, err
	}
	player, err := s.Store.PlayerOf(ctx, accountID, title.ID)
	if errors.Is(err, storage.ErrNotFound) {
		return a, errors.Join(plays(a, player), s.provision(ctx, title, accountID))
	}
	if err != nil {
		return a, err
	}
	return a, plays(a, player)
}

// plays tells why somebody may not play, or nil.
func plays(a storage.Account, p storage.Player) error {
	switch {
	case a.Status == storage.StatusDeletionPending:
		return kind.New(kind.Forbidden, "account.closed")
	case a.Status != storage.StatusActive && a.Status != storage.StatusGuest:
		return kind.New(kind.Forbidden, "account.disabled")
	case !p.BannedAt.IsZero():
		return kind.New(kind.Forbidden, "player.banned").WithArg("reason", p.BanReason)
	}
	return nil
}

// Playing is whom a session token stands for.
type Playing struct {
	Title   *clients.Client
	Session storage.Session
	Account storage.Account
	Player  storage.Player
	OID     string
}

func errToken(err error) error { return kind.New(kind.Unauthorized, "token.invalid").WithErr(err) }

// Playing verifies a session token: ours, of its kind, not expired, of a live session of somebody who may play. named is
// the title that the call names, or "".
func (s *Service) Playing(ctx context.Context, token, named string) (*Playing, error) {
	payload, _, err := s.Keys.Verify(token, typToken)
	if err != nil {
		return nil, errToken(err)
	}
	var c claims
	if err := json.Unmarshal(payload, &c); err != nil {
		return nil, errToken(err)
	}
	now := s.Now()
	switch {
	case c.Issuer != s.Issuer.String() || c.Session == "" || c.Title == "" || named != "" && named != c.Title:
		return nil, errToken(errors.New("of another issuer or title"))
	case c.Expires <= now.Unix():
		return nil, kind.New(kind.Unauthorized, "token.expired")
	}
	title, err := s.Title(ctx, c.Title)
	if err != nil {
		return nil, err
	}
	v, err := s.Store.TitleSession(ctx, c.Session, c.Title, storage.At(now))
	if errors.Is(err, storage.ErrNotFound) {
		return nil, s.ended(ctx, c)
	}
	if err != nil {
		return nil, err
	}
	if strconv.FormatInt(v.Account.SSOID, 10) != c.Subject {
		return nil, errToken(errors.New("the session is another's"))
	}
	return &Playing{Title: title, Session: v.Session, Account: v.Account, Player: v.Player, OID: c.OID}, plays(v.Account, v.Player)
}

// ended says why a session is over where its owner should know: a ban ends sessions, and without a reason people would
// only sign in again.
func (s *Service) ended(ctx context.Context, c claims) error {
	session, err := s.Store.SessionByID(ctx, c.Session)
	if err != nil || session.Title != c.Title {
		return errToken(err)
	}
	a, err := s.Store.AccountByID(ctx, session.AccountID)
	if err != nil {
		return err
	}
	p, err := s.Store.PlayerOf(ctx, a.ID, c.Title)
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return err
	}
	if err := plays(a, p); err != nil {
		return err
	}
	return errToken(errors.New("the session has ended"))
}

// Renew gives a new token for one that is still good. The session slides along, up to its absolute end.
func (s *Service) Renew(ctx context.Context, p *Playing) (string, error) {
	now := s.Now()
	until := now.Add(p.Title.SessionTokenLifetime())
	if last := p.Session.CreatedAt.Time().Add(signin.AbsoluteLife); until.After(last) {
		until = last
	}
	p.Session.ExpiresAt = storage.At(until.Truncate(time.Millisecond))
	err := s.Store.ProlongSession(ctx, p.Session.ID, storage.At(now), p.Session.ExpiresAt)
	if errors.Is(err, storage.ErrNotFound) {
		return "", errToken(err)
	}
	if err != nil {
		return "", err
	}
	email, err := s.email(ctx, p.Account.ID)
	if err != nil {
		return "", err
	}
	return s.sign(p.Title, p.Account, email, p.Session)
}

// End signs a player out of the title.
func (s *Service) End(ctx context.Context, p *Playing) error { return s.Signin.End(ctx, p.Session.ID) }
