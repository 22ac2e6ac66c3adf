package signin

import (
	"context"
	"errors"
	"strings"
	"time"

	"pratu/flows/audit"
	"pratu/flows/kind"
	"pratu/flows/secret"
	"pratu/storage"
)

// Lives of a sign-in (rulings 3.11; NIST SP 800-63B-4 section 2.1.3 allows 30 days).
const (
	IdleLife     = 14 * 24 * time.Hour
	AbsoluteLife = 30 * 24 * time.Hour
	// KnownLife is how long a browser keeps its own budget of failures after the last sign-in.
	KnownLife = 365 * 24 * time.Hour
	// TrustLife is how long a trusted browser isn't asked for the second factor.
	TrustLife = 30 * 24 * time.Hour
	// touchEvery is how often being seen is written down: not at every request.
	touchEvery = 5 * time.Minute
	// usedEvery is how exactly the last use of a password is known.
	usedEvery = time.Hour
)

// Browser is where a session lives. SessionCookie is the one it has now, "" for none.
type Browser struct {
	SessionCookie, BrowserCookie string
	IP, UserAgent                string
	ClientID                     string    // what is signed in to, or ""
	Title                        string    // the game that it is instead; "" for a browser
	Until                        time.Time // and until when its token lives
}

// Begin starts a session for a proof and returns the new cookie. The cookie is always a new random one: what a stranger
// planted beforehand, or saw before, is worth nothing afterwards (session fixation). Sessions of other accounts in the
// same browser move along. What is proven by then must still be so: kind.Unauthorized "signin.failed" when the password was
// replaced meanwhile, "session.ended" for one to go on with. What the sign-in is for joins its transaction, unless it is nil.
func (s *Service) Begin(ctx context.Context, p Proof, b Browser, join func(context.Context, storage.SessionView) error) (cookie string, session storage.Session, err error) {
	cookie = secret.Token()
	now := s.Now()
	at := storage.At(now)
	session = storage.Session{
		ID: secret.ID(), CookieHash: secret.Hash(cookie), AccountID: p.AccountID,
		AuthTime: storage.At(p.At), ACR: p.ACR, AMR: strings.Join(p.AMR, " "),
		IP: audit.Printable(b.IP, 64), UserAgent: audit.Printable(b.UserAgent, 256),
		CreatedAt: at, SelectedAt: at, LastSeenAt: at, ExpiresAt: storage.At(now.Add(AbsoluteLife)),
	}
	if b.Title != "" {
		session.Title, session.ExpiresAt = b.Title, storage.At(b.Until)
	}
	if !p.until.IsZero() && p.until.Before(session.ExpiresAt.Time()) {
		session.ExpiresAt = storage.At(p.until)
	}
	event := "signin.succeeded"
	if p.event != "" {
		event = p.event
	}
	from := storage.Start{ClientID: b.ClientID, From: p.from, PasswordAt: p.since}
	if b.SessionCookie != "" {
		from.OldCookieHash = secret.Hash(b.SessionCookie)
	}
	var fresh bool
	first := session
	err = s.Store.InTx(ctx, func(ctx context.Context) error {
		if err := s.pay(ctx, p); err != nil {
			return err
		}
		view, err := s.Store.BeginSession(ctx, first, from)
		session = view.Session
		switch {
		case errors.Is(err, storage.ErrNotFound):
			return p.stale.WithErr(err)
		case p.from != "" && errors.Is(err, storage.ErrConflict):
			return kind.New(kind.Unauthorized, "session.ended").WithErr(err)
		case err != nil:
			return err
		}
		if join != nil {
			if err := join(ctx, view); err != nil {
				return err
			}
		}
		record, err := s.Audit.Write(ctx, audit.Event{
			Name: event, ActorKind: audit.Account, ActorID: p.AccountID, AccountID: p.AccountID, ClientID: b.Title,
			SessionID: session.ID, Details: map[string]any{"methods": p.AMR, "acr": p.ACR},
		})
		if err != nil {
			return err
		}
		fresh, err = s.know(ctx, session, s.browserHash(b.BrowserCookie), p.trust, record)
		return err
	})
	if err != nil {
		return "", storage.Session{}, err
	}
	if fresh {
		s.News.Wake()
	}
	return cookie, session, nil
}

// pay settles what a proof was bought with, in the transaction of what it buys.
func (s *Service) pay(ctx context.Context, p Proof) error {
	if p.won != nil {
		if err := s.settle(ctx, *p.won); err != nil {
			return err
		}
	}
	for _, spend := range p.spend {
		if err := spend(ctx); err != nil {
			return err
		}
	}
	return nil
}

// know remembers the browser of a session, along with a record. A browser that is new to an account is news, except for the
// account's first.
func (s *Service) know(ctx context.Context, session storage.Session, hash string, trust bool, record storage.Write) (fresh bool, err error) {
	if hash == "" {
		_, err := s.Store.Apply(ctx, record)
		return false, err
	}
	now := session.CreatedAt
	rows, err := s.Store.Apply(ctx, record, s.Store.SeeBrowser(session.AccountID, hash, session.UserAgent, now, now.Add(KnownLife)))
	if err != nil {
		return false, err
	}
	known := rows[1] > 0
	if !known {
		if err := s.Store.KnowBrowser(ctx, session.AccountID, hash, session.UserAgent, now, now.Add(KnownLife)); err != nil {
			return false, err
		}
	}
	if trust {
		if err := s.Store.TrustBrowser(ctx, session.AccountID, hash, now.Add(TrustLife)); err != nil {
			return false, err
		}
	}
	if known || s.News == nil {
		return false, nil
	}
	before, err := s.Store.SignedInBefore(ctx, session.AccountID, hash, now.Add(-KnownLife))
	if err != nil || !before {
		return false, err
	}
	return true, s.News.NewBrowser(ctx, session)
}

// Sessions are the live sessions of a browser, the one in use first, each with its account and with the account's
// consent for the client. One statement. Accounts of any status are among them; the caller decides.
func (s *Service) Sessions(ctx context.Context, cookie, clientID string) ([]storage.SessionView, error) {
	if cookie == "" || len(cookie) > 256 {
		return nil, nil
	}
	return s.browser(ctx, secret.Hash(cookie), clientID)
}

// Signed is Sessions for the browser of a session that begins in the same transaction, for the client that it begins for.
func (s *Service) Signed(ctx context.Context, session storage.SessionView, clientID string) ([]storage.SessionView, error) {
	if session.Account.ID != "" { // read along with its beginning
		return []storage.SessionView{session}, nil
	}
	return s.browser(ctx, session.CookieHash, clientID)
}

func (s *Service) browser(ctx context.Context, cookieHash, clientID string) ([]storage.SessionView, error) {
	now := s.Now()
	return s.Store.BrowserSessions(ctx, cookieHash, clientID, storage.At(now), storage.At(now.Add(-IdleLife)))
}

// Seen writes down that a session is in use, now and then.
func (s *Service) Seen(ctx context.Context, session storage.Session) error {
	now := s.Now()
	if now.Sub(session.LastSeenAt.Time()) < touchEvery {
		return nil
	}
	return s.Store.TouchSession(ctx, session.ID, storage.At(now))
}

// Select makes one of the browser's sessions the one in use. Another browser's session is storage.ErrNotFound.
func (s *Service) Select(ctx context.Context, cookie, sessionID string) error {
	return s.Store.SelectSession(ctx, secret.Hash(cookie), sessionID, storage.At(s.Now()))
}

// SessionsOf are the live sessions of an account, for its owner to look at.
func (s *Service) SessionsOf(ctx context.Context, accountID string) ([]storage.Session, error) {
	now := s.Now()
	return s.Store.SessionsOfAccount(ctx, accountID, storage.At(now), storage.At(now.Add(-IdleLife)))
}

// End ends a session and the grants that live only as long as it. Ending twice is no error.
func (s *Service) End(ctx context.Context, sessionID string) error {
	session, err := s.Store.SessionByID(ctx, sessionID)
	if err != nil {
		return err
	}
	return s.Store.InTx(ctx, func(ctx context.Context) error {
		ended, err := s.Store.EndSession(ctx, sessionID, storage.At(s.Now()))
		if err != nil || !ended {
			return err
		}
		return s.Audit.Append(ctx, audit.Event{
			Name: "session.ended", ActorKind: audit.Account, ActorID: session.AccountID,
			AccountID: session.AccountID, SessionID: sessionID,
		})
	})
}

// EndOthers ends all sessions of an account but one, and what applications were given in them.
func (s *Service) EndOthers(ctx context.Context, accountID, exceptID string) error {
	return s.Store.InTx(ctx, func(ctx context.Context) error {
		if err := s.Store.EndSessionsOfAccount(ctx, accountID, exceptID, storage.At(s.Now())); err != nil {
			return err
		}
		return s.Audit.Append(ctx, audit.Event{
			Name: "session.others_ended", ActorKind: audit.Account, ActorID: accountID, AccountID: accountID, SessionID: exceptID,
		})
	})
}
