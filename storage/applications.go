package storage

import "context"

// ConsentsOfAccount reads what an account allows to which clients, the newest first.
func (s *Store) ConsentsOfAccount(ctx context.Context, accountID string, now Instant) (list []Consent, err error) {
	err = s.list(ctx, &list, `SELECT account_id, client_id, scopes, claims, granted_at, expires_at FROM consents
		WHERE account_id = ? AND expires_at > ? ORDER BY granted_at DESC, client_id LIMIT 200`, accountID, now)
	return list, err
}

// Access is what a client can do for an account now: living grants whose code was spent, those of the same scopes together.
type Access struct {
	ClientID string  `db:"client_id"`
	Scopes   string  `db:"scopes"`
	Since    Instant `db:"since"`
	UsedAt   Instant `db:"used_at"` // the newest exchange or refresh
	Subject  string  `db:"subject"` // under which the client knows the account
}

// AccessOfAccount reads that of all clients.
func (s *Store) AccessOfAccount(ctx context.Context, accountID string, now Instant) (list []Access, err error) {
	err = s.list(ctx, &list, `SELECT g.client_id, g.scopes, MIN(g.created_at) AS since, MAX(g.subject) AS subject,
		CASE WHEN COALESCE(MAX(t.created_at), 0) > MAX(g.code_used_at) THEN MAX(t.created_at) ELSE MAX(g.code_used_at) END AS used_at
		FROM grants g LEFT JOIN tokens t ON t.grant_id = g.id
		WHERE g.account_id = ? AND g.revoked_at = 0 AND g.expires_at > ? AND g.code_used_at > 0
		GROUP BY g.client_id, g.scopes ORDER BY g.client_id, g.scopes LIMIT 1000`, accountID, now)
	return list, err
}

// RevokeClient takes from a client what an account allowed it, and all that it was given. It tells whether there was any.
// Where somebody is signed in to it, it is told as if the session had ended. What was allowed to a request that still waits comes first: an answer to it either finds that gone, or is among the grants.
func (s *Store) RevokeClient(ctx context.Context, accountID, clientID string, now Instant) (found bool, err error) {
	err = s.InTx(ctx, func(ctx context.Context) error {
		_, err := s.exec(ctx, `UPDATE interactions SET consented_at = 0, scopes = '' WHERE client_id = ? AND consented_at > 0
			AND session_id IN (SELECT id FROM sessions WHERE account_id = ?)`, clientID, accountID)
		if err != nil {
			return err
		}
		consents, err := s.exec(ctx, `DELETE FROM consents WHERE account_id = ? AND client_id = ?`, accountID, clientID)
		if err != nil {
			return err
		}
		grants, err := s.exec(ctx, `UPDATE grants SET revoked_at = ? WHERE account_id = ? AND client_id = ? AND revoked_at = 0`,
			now, accountID, clientID)
		if err != nil {
			return err
		}
		found = consents+grants > 0
		return s.leave(ctx, accountID, clientID)
	})
	return found, err
}
