package storage

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
)

// Session is an account signed in to a browser.
type Session struct {
	ID         string  `db:"id"`          // the public sid of ID tokens
	CookieHash string  `db:"cookie_hash"` // the sessions of one browser share it
	AccountID  string  `db:"account_id"`
	AuthTime   Instant `db:"auth_time"`
	ACR        string  `db:"acr"`
	AMR        string  `db:"amr"` // space-separated
	IP         string  `db:"ip"`
	UserAgent  string  `db:"user_agent"`
	CreatedAt  Instant `db:"created_at"`  // of the sign-in; signing in again in the same browser renews it
	SelectedAt Instant `db:"selected_at"` // the newest is the one in use
	LastSeenAt Instant `db:"last_seen_at"`
	ExpiresAt  Instant `db:"expires_at"`
	EndedAt    Instant `db:"ended_at"`
	Title      string  `db:"title"` // the game that it is in, whose token lives as long; "" for a browser's
}

// SessionView is a session with its account and what the account allowed one client.
type SessionView struct {
	Session
	Account          Account `db:"account"`
	ConsentScopes    string  `db:"consent_scopes"`     // "" without consent
	ConsentClaims    string  `db:"consent_claims"`     // likewise
	ConsentExpiresAt Instant `db:"consent_expires_at"` // 0 without consent
	SecondFactor     bool    `db:"second_factor"`      // the account can be asked for one
}

const sessionColumns = `s.id, s.cookie_hash, s.account_id, s.auth_time, s.acr, s.amr, s.ip, s.user_agent, s.created_at,
	s.selected_at, s.last_seen_at, s.expires_at, s.ended_at, s.title`

const signedInColumns = `a.id AS "account.id", a.ssoid AS "account.ssoid", a.oid AS "account.oid",
	a.status AS "account.status", a.register_by AS "account.register_by", a.locale AS "account.locale",
	a.profile AS "account.profile", a.created_at AS "account.created_at", a.updated_at AS "account.updated_at",
	COALESCE(c.scopes, '') AS consent_scopes, COALESCE(c.claims, '') AS consent_claims,
	COALESCE(c.expires_at, 0) AS consent_expires_at, ` + hasSecondFactor + ` AS second_factor`

// Start is where a session begins, what must still be so, and whose consent is asked for along with it.
type Start struct {
	ClientID      string  // or ""
	OldCookieHash string  // "" for a browser without sessions
	From          string  // the session that this one goes on with, which must live, or ""
	PasswordAt    Instant // when the password was set that was proven, and must not have been replaced; 0 for another proof
}

// BeginSession writes a session and returns it as it is kept. Sessions of other accounts in the browser move to the new
// cookie. The session that the same account has there goes on under its id, which applications know as sid, and with its
// grants: signing in again is no sign-out elsewhere. For a browser that has no sessions the view is whole; else it has no
// account. ErrNotFound: the password was replaced meanwhile. ErrConflict: the session to go on with has ended.
func (s *Store) BeginSession(ctx context.Context, n Session, from Start) (view SessionView, err error) {
	err = s.InTx(ctx, func(ctx context.Context) error {
		view = SessionView{Session: n}
		id, err := s.renewSession(ctx, n, from)
		if err != nil {
			return err
		}
		if from.From != "" && id != from.From {
			return ErrConflict
		}
		if id != "" {
			view.ID = id
			return nil
		}
		created, others, err := s.createSession(ctx, n, from)
		if err != nil {
			return err
		}
		if from.OldCookieHash == "" {
			view = created
		}
		if others < n.bound() {
			return nil
		}
		return s.endOldest(ctx, n)
	})
	return view, err
}

// renewSession moves what a browser has to a new cookie, and returns the id of the account's session there, renewed; ""
// when it has none. What the browser called itself stays: its owner may have been told of it.
func (s *Store) renewSession(ctx context.Context, n Session, from Start) (id string, err error) {
	if from.OldCookieHash == "" {
		return "", nil
	}
	if err := s.holdPassword(ctx, n.AccountID, from.PasswordAt); err != nil {
		return "", err
	}
	err = s.returning(ctx, &id, `UPDATE sessions SET cookie_hash = ?, auth_time = ?, acr = ?, amr = ?, ip = ?,
		created_at = ?, selected_at = ?, last_seen_at = ?, expires_at = ?
		WHERE cookie_hash = ? AND account_id = ? AND ended_at = 0 AND expires_at > ? RETURNING id`,
		n.CookieHash, n.AuthTime, n.ACR, n.AMR, n.IP, n.CreatedAt, n.SelectedAt, n.LastSeenAt, n.ExpiresAt,
		from.OldCookieHash, n.AccountID, n.CreatedAt)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return "", err
	}
	_, err = s.exec(ctx, `UPDATE sessions SET cookie_hash = ? WHERE cookie_hash = ? AND account_id <> ? AND ended_at = 0`,
		n.CookieHash, from.OldCookieHash, n.AccountID)
	return id, err
}

// holdPassword waits for whoever replaces the password, and keeps them waiting: they end the sessions that they find, and
// one that begins with the old password must be among them, or not begin.
func (s *Store) holdPassword(ctx context.Context, accountID string, setAt Instant) error {
	if setAt.IsZero() {
		return nil
	}
	var found int
	return s.get(ctx, &found, `SELECT 1 FROM credentials WHERE account_id = ? AND kind = 'password' AND created_at = ?`+s.dialect.hold(),
		accountID, setAt)
}

// createSession is the usual case: it holds the password in the same statement, and counts the account's other sessions, of
// which it needn't know how many there are beyond the bound.
func (s *Store) createSession(ctx context.Context, n Session, from Start) (view SessionView, others int, err error) {
	args := []any{
		n.ID, n.CookieHash, n.AccountID, n.AuthTime, n.ACR, n.AMR, n.IP, n.UserAgent,
		n.CreatedAt, n.SelectedAt, n.LastSeenAt, n.ExpiresAt, n.EndedAt, n.Title,
	}
	values := `VALUES (` + strings.Repeat(`?, `, 13) + `?)`
	if !from.PasswordAt.IsZero() {
		values = `SELECT ` + strings.Repeat(`?, `, 13) + `? FROM credentials WHERE account_id = ? AND kind = 'password'
			AND created_at = ?` + s.dialect.hold()
		args = append(args, n.AccountID, from.PasswordAt)
	}
	var row struct {
		SessionView
		Others int `db:"others"`
	}
	err = s.beside(ctx, &row, guard(`INSERT INTO sessions (id, cookie_hash, account_id, auth_time, acr, amr, ip, user_agent,
		created_at, selected_at, last_seen_at, expires_at, ended_at, title) `+values, args...),
		`SELECT `+signedInColumns+`, (SELECT COUNT(*) FROM (SELECT 1 FROM sessions o WHERE o.account_id = a.id AND o.ended_at = 0
		AND o.title = ? AND o.id <> ? LIMIT ?) AS o) AS others FROM accounts a LEFT JOIN consents c ON c.account_id = a.id
		AND c.client_id = ? AND c.expires_at > ? WHERE a.id = ?`, n.Title, n.ID, n.bound(), from.ClientID, n.CreatedAt, n.AccountID)
	row.Session = n
	return row.SessionView, row.Others, err
}

// MaxSessions is how many browsers an account is signed in to. Right passwords are not limited: without a bound somebody
// with one account could have us keep any number of sessions, and put them all on one page.
const MaxSessions = 60

// MaxTitleSessions is the same for one title: a game may sign in each time it starts.
const MaxTitleSessions = 200

func (n Session) bound() int {
	if n.Title != "" {
		return MaxTitleSessions
	}
	return MaxSessions
}

// endOldest makes room for a session that just began: those not seen for the longest time end.
func (s *Store) endOldest(ctx context.Context, n Session) error {
	_, err := s.end(ctx, n.CreatedAt, `id IN (SELECT id FROM sessions WHERE account_id = ? AND title = ? AND id <> ? AND ended_at = 0
		AND expires_at > ? ORDER BY last_seen_at DESC, created_at DESC, id LIMIT 1000 OFFSET ?)`,
		n.AccountID, n.Title, n.ID, n.CreatedAt, n.bound()-1)
	return err
}

// BrowserSessions reads the live sessions of a browser, the one in use first, each with its account, of any status, and
// the account's consent for the client. One statement. Sessions not seen since idleSince are over.
func (s *Store) BrowserSessions(ctx context.Context, cookieHash, clientID string, now, idleSince Instant) (list []SessionView, err error) {
	err = s.list(ctx, &list, `SELECT `+sessionColumns+`, `+signedInColumns+` FROM sessions s JOIN accounts a ON a.id = s.account_id
		LEFT JOIN consents c ON c.account_id = s.account_id AND c.client_id = ? AND c.expires_at > ?
		WHERE s.cookie_hash = ? AND s.ended_at = 0 AND s.expires_at > ? AND s.last_seen_at > ?`, clientID, now, cookieHash, now, idleSince)
	slices.SortFunc(list, func(a, b SessionView) int {
		return cmp.Or(cmp.Compare(b.SelectedAt, a.SelectedAt), cmp.Compare(b.CreatedAt, a.CreatedAt), cmp.Compare(a.ID, b.ID))
	})
	return list, err
}

// SessionByID reads a session in any state.
func (s *Store) SessionByID(ctx context.Context, id string) (n Session, err error) {
	err = s.get(ctx, &n, `SELECT `+sessionColumns+` FROM sessions s WHERE s.id = ?`, id)
	return n, err
}

// SessionsOfAccount reads the live sessions of an account, the last seen first. Those not seen since idleSince are over.
func (s *Store) SessionsOfAccount(ctx context.Context, accountID string, now, idleSince Instant) (list []Session, err error) {
	err = s.list(ctx, &list, `SELECT `+sessionColumns+` FROM sessions s WHERE s.account_id = ? AND s.ended_at = 0
		AND s.expires_at > ? AND s.last_seen_at > ? ORDER BY s.last_seen_at DESC, s.id`, accountID, now, idleSince)
	return list, err
}

// TouchSession notes that a live session was seen.
func (s *Store) TouchSession(ctx context.Context, id string, now Instant) error {
	_, err := s.exec(ctx, `UPDATE sessions SET last_seen_at = ? WHERE id = ? AND ended_at = 0 AND last_seen_at < ?`, now, id, now)
	return err
}

// SelectSession makes a live session of this browser the one in use; any other is ErrNotFound.
func (s *Store) SelectSession(ctx context.Context, cookieHash, id string, now Instant) error {
	return s.guarded(ctx, `UPDATE sessions SET selected_at = ? WHERE id = ? AND cookie_hash = ? AND ended_at = 0
		AND expires_at > ?`, now, id, cookieHash, now)
}

// EndSession ends a session and revokes the grants that live no longer than it. It tells whether the session ended now.
func (s *Store) EndSession(ctx context.Context, id string, now Instant) (ended bool, err error) {
	ids, err := s.end(ctx, now, `id = ?`, id)
	return len(ids) == 1, err
}

// EndSessionsOfAccount ends all sessions of an account but one ("" for all) and revokes what was granted in them, as
// EndDevice does.
func (s *Store) EndSessionsOfAccount(ctx context.Context, accountID, exceptID string, now Instant) error {
	return s.InTx(ctx, func(ctx context.Context) error {
		if _, err := s.end(ctx, now, `account_id = ? AND id <> ?`, accountID, exceptID); err != nil {
			return err
		}
		_, err := s.exec(ctx, `UPDATE grants SET revoked_at = ? WHERE account_id = ? AND session_id <> ? AND session_id <> ''
			AND revoked_at = 0`, now, accountID, exceptID)
		return err
	})
}
