package storage

import "context"

// Kinds of tokens that have a row. The kind is in every WHERE: a refresh token never works as an access token.
const (
	TokenRefresh = "refresh"
	TokenAccess  = "access"
)

// Token is a refresh token or an opaque access token.
type Token struct {
	ID        string  `db:"id"` // SHA-256 of the token
	Kind      string  `db:"kind"`
	GrantID   string  `db:"grant_id"` // "" for client_credentials
	ClientID  string  `db:"client_id"`
	Scopes    string  `db:"scopes"`
	Audience  string  `db:"audience"`
	CreatedAt Instant `db:"created_at"`
	ExpiresAt Instant `db:"expires_at"`
	UsedAt    Instant `db:"used_at"`
	RevokedAt Instant `db:"revoked_at"`
}

// TokenView is a token with its grant.
type TokenView struct {
	Token Token
	Grant GrantView
}

const tokenColumns = `t.id AS "t.id", t.kind AS "t.kind", t.grant_id AS "t.grant_id", t.client_id AS "t.client_id",
	t.scopes AS "t.scopes", t.audience AS "t.audience", t.created_at AS "t.created_at", t.expires_at AS "t.expires_at",
	t.used_at AS "t.used_at", t.revoked_at AS "t.revoked_at"`

// CreateToken writes a token.
func (s *Store) CreateToken(t Token) Write {
	return guard(`INSERT INTO tokens (id, kind, grant_id, client_id, scopes, audience, created_at, expires_at,
		used_at, revoked_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		t.ID, t.Kind, t.GrantID, t.ClientID, t.Scopes, t.Audience, t.CreatedAt, t.ExpiresAt, t.UsedAt, t.RevokedAt)
}

// TokenWithGrant reads a token of a kind in any state with its grant and account, in one statement.
func (s *Store) TokenWithGrant(ctx context.Context, id, kind string) (TokenView, error) {
	var row struct {
		GrantView
		Token Token `db:"t"`
	}
	err := s.get(ctx, &row, `SELECT `+grantColumns+`, `+tokenColumns+` FROM tokens t JOIN grants g ON g.id = t.grant_id
		JOIN accounts a ON a.id = g.account_id WHERE t.id = ? AND t.kind = ?`, id, kind)
	return TokenView{Token: row.Token, Grant: row.GrantView}, err
}

// TokenByID reads a token of a kind in any state, by itself.
func (s *Store) TokenByID(ctx context.Context, id, kind string) (t Token, err error) {
	err = s.get(ctx, &t, `SELECT id, kind, grant_id, client_id, scopes, audience, created_at, expires_at, used_at, revoked_at
		FROM tokens WHERE id = ? AND kind = ?`, id, kind)
	return t, err
}

// UseRefreshToken spends a refresh token of a living grant: of several at once, all but one get ErrNotFound. The grant
// is looked at in the same statement, so a revocation that was committed before is never overtaken.
func (s *Store) UseRefreshToken(id string, now Instant) Write {
	return guard(`UPDATE tokens SET used_at = ? WHERE id = ? AND kind = 'refresh' AND used_at = 0 AND revoked_at = 0
		AND expires_at > ? AND EXISTS (SELECT 1 FROM grants g WHERE g.id = tokens.grant_id AND g.revoked_at = 0)`,
		now, id, now)
}

// RevokeToken ends one token.
func (s *Store) RevokeToken(ctx context.Context, id, kind string, now Instant) error {
	_, err := s.exec(ctx, `UPDATE tokens SET revoked_at = ? WHERE id = ? AND kind = ? AND revoked_at = 0`, now, id, kind)
	return err
}
