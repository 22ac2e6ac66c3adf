package storage

import "context"

// Consent is what a person allowed a client, remembered.
type Consent struct {
	AccountID string  `db:"account_id"`
	ClientID  string  `db:"client_id"`
	Scopes    string  `db:"scopes"` // space-separated
	Claims    string  `db:"claims"` // names asked for by the claims parameter, space-separated
	GrantedAt Instant `db:"granted_at"`
	ExpiresAt Instant `db:"expires_at"`
}

// PutConsent remembers a consent in place of an earlier one.
func (s *Store) PutConsent(ctx context.Context, c Consent) error {
	_, err := s.exec(ctx, `INSERT INTO consents (account_id, client_id, scopes, claims, granted_at, expires_at)
		VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (account_id, client_id) DO UPDATE SET scopes = excluded.scopes,
		claims = excluded.claims, granted_at = excluded.granted_at, expires_at = excluded.expires_at`,
		c.AccountID, c.ClientID, c.Scopes, c.Claims, c.GrantedAt, c.ExpiresAt)
	return err
}

// Consent reads a remembered consent that hasn't expired, or ErrNotFound.
func (s *Store) Consent(ctx context.Context, accountID, clientID string, now Instant) (c Consent, err error) {
	err = s.get(ctx, &c, `SELECT account_id, client_id, scopes, claims, granted_at, expires_at FROM consents
		WHERE account_id = ? AND client_id = ? AND expires_at > ?`, accountID, clientID, now)
	return c, err
}
