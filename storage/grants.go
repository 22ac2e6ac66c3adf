package storage

import (
	"context"
	"errors"
)

// Grant is one authorization: its code, PKCE and OpenID data are views of it, its id is the refresh family.
type Grant struct {
	ID            string  `db:"id"`
	ClientID      string  `db:"client_id"`
	AccountID     string  `db:"account_id"`
	SessionID     string  `db:"session_id"`
	Subject       string  `db:"subject"`
	Scopes        string  `db:"scopes"`   // space-separated
	Audience      string  `db:"audience"` // resources (RFC 8707), space-separated
	Claims        string  `db:"claims"`   // the claims parameter, JSON
	AuthTime      Instant `db:"auth_time"`
	ACR           string  `db:"acr"`
	AMR           string  `db:"amr"`  // space-separated
	Form          string  `db:"form"` // redirect_uri, nonce, code_challenge, form-encoded
	CodeHash      string  `db:"code_hash"`
	CodeExpiresAt Instant `db:"code_expires_at"`
	CodeUsedAt    Instant `db:"code_used_at"`
	FailedProofs  int64   `db:"failed_proofs"`
	Offline       bool    `db:"offline"` // outlives the browser session
	CreatedAt     Instant `db:"created_at"`
	ExpiresAt     Instant `db:"expires_at"`
	RevokedAt     Instant `db:"revoked_at"`
	Told          string  `db:"told"` // claims by rules that its person was asked about, space-separated, or ToldAll
}

// ToldAll stands in grants from before it was kept what people had been asked about.
const ToldAll = "*"

// GrantView is a grant with what its tokens need of the account.
type GrantView struct {
	Grant
	AccountSSOID     int64   `db:"account_ssoid"`
	AccountOID       string  `db:"account_oid"`
	AccountStatus    string  `db:"account_status"`
	AccountProfile   string  `db:"account_profile"`
	AccountLocale    string  `db:"account_locale"`
	AccountUpdatedAt Instant `db:"account_updated_at"`
}

// CarriedView is a grant that its code carried, with what the account allows its client now.
type CarriedView struct {
	GrantView
	ConsentScopes string `db:"consent_scopes"` // "" without consent
	ConsentClaims string `db:"consent_claims"`
}

const grantColumns = `g.id, g.client_id, g.account_id, g.session_id, g.subject, g.scopes, g.audience, g.claims, g.auth_time,
	g.acr, g.amr, g.form, g.code_hash, g.code_expires_at, g.code_used_at, g.failed_proofs, g.offline, g.created_at,
	g.expires_at, g.revoked_at, g.told, ` + grantAccount

const grantAccount = `a.ssoid AS account_ssoid, a.oid AS account_oid, a.status AS account_status, a.profile AS account_profile,
	a.locale AS account_locale, a.updated_at AS account_updated_at`

const insertGrant = `INSERT INTO grants (id, client_id, account_id, session_id, subject, scopes, audience, claims,
	auth_time, acr, amr, form, code_hash, code_expires_at, code_used_at, failed_proofs, offline, created_at, expires_at,
	revoked_at, told) SELECT ?, ?, ?, s.id, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ? FROM sessions s`

func (g Grant) values(more ...any) []any {
	return append([]any{g.ID, g.ClientID, g.AccountID, g.Subject, g.Scopes, g.Audience, g.Claims,
		g.AuthTime, g.ACR, g.AMR, g.Form, g.CodeHash, g.CodeExpiresAt, g.CodeUsedAt, g.FailedProofs, flag(g.Offline),
		g.CreatedAt, g.ExpiresAt, g.RevokedAt, g.Told}, more...)
}

// CreateGrant writes an authorization for a living session. For one that ended meanwhile it is ErrNotFound: the end of a
// session revokes the grants that it finds, and one written a moment later would outlive the sign-out.
func (s *Store) CreateGrant(g Grant) Write {
	return guard(insertGrant+` WHERE s.id = ? AND s.ended_at = 0`+s.dialect.hold(), g.values(g.SessionID)...)
}

// UseCarriedCode writes a grant that its code carried, as one whose code is spent: of several at once, all but one get
// ErrNotFound. So does what came too late: after the session's end or, for a grant that was allowed, after that was taken back.
func (s *Store) UseCarriedCode(g Grant, allowed bool, now Instant) Write {
	const once = ` ON CONFLICT (id) DO UPDATE SET code_used_at = excluded.code_used_at WHERE grants.code_used_at = 0
		AND grants.revoked_at = 0`
	g.CodeUsedAt = now
	if !allowed {
		return guard(insertGrant+` WHERE s.id = ? AND s.ended_at = 0`+s.dialect.hold()+once, g.values(g.SessionID)...)
	}
	return guard(insertGrant+` JOIN consents c ON c.account_id = s.account_id AND c.client_id = ?
		WHERE s.id = ? AND s.ended_at = 0`+s.dialect.hold()+once, g.values(g.ClientID, g.SessionID)...)
}

// FailCarriedProof is FailProof for a grant that its code carries.
func (s *Store) FailCarriedProof(ctx context.Context, g Grant, most int64, now Instant) error {
	g.FailedProofs = 1
	_, err := s.exec(ctx, insertGrant+` WHERE s.id = ? AND s.ended_at = 0 ON CONFLICT (id) DO UPDATE
		SET failed_proofs = grants.failed_proofs + 1,
		code_used_at = CASE WHEN grants.failed_proofs + 1 >= ? THEN ? ELSE grants.code_used_at END WHERE grants.code_used_at = 0`,
		g.values(g.SessionID, most, now)...)
	if errors.Is(err, ErrExists) { // of two at once, where a restored database looks at the hash before the id
		return s.FailProof(ctx, g.ID, most, now)
	}
	return err
}

// GrantByCode finds the grant of a code in any state: spent codes are what replay detection looks at.
func (s *Store) GrantByCode(ctx context.Context, codeHash string) (g GrantView, err error) {
	err = s.get(ctx, &g, `SELECT `+grantColumns+` FROM grants g JOIN accounts a ON a.id = g.account_id
		WHERE g.code_hash = ?`, codeHash)
	return g, err
}

// GrantCarried adds to a grant that its code carried what is known of it here: its account and consent, and its state once it
// is written.
func (s *Store) GrantCarried(ctx context.Context, g Grant) (CarriedView, error) {
	v := CarriedView{GrantView: GrantView{Grant: g}}
	err := s.get(ctx, &v, `SELECT `+grantAccount+`, COALESCE(g.code_used_at, 0) AS code_used_at,
		COALESCE(g.failed_proofs, 0) AS failed_proofs, COALESCE(g.revoked_at, 0) AS revoked_at,
		COALESCE(c.scopes, '') AS consent_scopes, COALESCE(c.claims, '') AS consent_claims
		FROM accounts a LEFT JOIN grants g ON g.id = ? LEFT JOIN consents c ON c.account_id = a.id AND c.client_id = ?
		WHERE a.id = ?`, g.ID, g.ClientID, g.AccountID)
	return v, err
}

// GrantByID finds a grant in any state.
func (s *Store) GrantByID(ctx context.Context, id string) (g GrantView, err error) {
	err = s.get(ctx, &g, `SELECT `+grantColumns+` FROM grants g JOIN accounts a ON a.id = g.account_id WHERE g.id = ?`, id)
	return g, err
}

// UseCode spends a code: of several at once, all but one get ErrNotFound.
func (s *Store) UseCode(grantID string, now Instant) Write {
	return guard(`UPDATE grants SET code_used_at = ? WHERE id = ? AND code_used_at = 0 AND revoked_at = 0
		AND code_expires_at > ?`, now, grantID, now)
}

// FailProof counts a wrong code_verifier; the code is spent when there were too many.
func (s *Store) FailProof(ctx context.Context, grantID string, most int64, now Instant) error {
	_, err := s.exec(ctx, `UPDATE grants SET failed_proofs = failed_proofs + 1,
		code_used_at = CASE WHEN failed_proofs + 1 >= ? THEN ? ELSE code_used_at END WHERE id = ? AND code_used_at = 0`,
		most, now, grantID)
	return err
}

// RevokeGrant ends a grant with all its tokens. It tells whether that was news.
func (s *Store) RevokeGrant(ctx context.Context, id string, now Instant) (revoked bool, err error) {
	rows, err := s.exec(ctx, `UPDATE grants SET revoked_at = ? WHERE id = ? AND revoked_at = 0`, now, id)
	return rows == 1, err
}

// RevokeGrantsOfAccount ends all grants of an account, for one client or, with "", for all.
func (s *Store) RevokeGrantsOfAccount(ctx context.Context, accountID, clientID string, now Instant) error {
	_, err := s.exec(ctx, `UPDATE grants SET revoked_at = ? WHERE account_id = ? AND (client_id = ? OR ? = '')
		AND revoked_at = 0`, now, accountID, clientID, clientID)
	return err
}

// flag is a truth value as both engines store it.
func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// GrantContact is a contact of a grant's account, for its claims. The value is sealed.
type GrantContact struct {
	ID         string  `db:"c_id"`
	Kind       string  `db:"c_kind"`
	Value      string  `db:"c_value"`
	Preferred  bool    `db:"c_preferred"`
	VerifiedAt Instant `db:"c_verified_at"`
}

// GrantWithContacts reads a grant in any state with its account and the account's contacts, in one statement.
func (s *Store) GrantWithContacts(ctx context.Context, id string) (GrantView, []GrantContact, error) {
	var rows []struct {
		GrantView
		GrantContact
	}
	err := s.list(ctx, &rows, `SELECT `+grantColumns+`, COALESCE(c.id, '') AS c_id, COALESCE(c.kind, '') AS c_kind,
		COALESCE(c.value, '') AS c_value, COALESCE(c.preferred, 0) AS c_preferred, COALESCE(c.verified_at, 0) AS c_verified_at
		FROM grants g JOIN accounts a ON a.id = g.account_id LEFT JOIN contacts c ON c.account_id = a.id
		WHERE g.id = ? ORDER BY c.added_at, c.id`, id)
	if err != nil {
		return GrantView{}, nil, err
	}
	if len(rows) == 0 {
		return GrantView{}, nil, ErrNotFound
	}
	var contacts []GrantContact
	for _, row := range rows {
		if row.GrantContact.ID != "" {
			contacts = append(contacts, row.GrantContact)
		}
	}
	return rows[0].GrantView, contacts, nil
}

// ContactsForGrant reads the contacts of an account as GrantWithContacts does.
func (s *Store) ContactsForGrant(ctx context.Context, accountID string) (list []GrantContact, err error) {
	err = s.list(ctx, &list, `SELECT id AS c_id, kind AS c_kind, value AS c_value, preferred AS c_preferred,
		verified_at AS c_verified_at FROM contacts WHERE account_id = ? ORDER BY added_at, id`, accountID)
	return list, err
}
