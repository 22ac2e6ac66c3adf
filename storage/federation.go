package storage

import "context"

// Purposes of a FederationRequest.
const (
	FederationSignIn  = "signin"
	FederationLink    = "link"    // one more way into an account
	FederationConfirm = "confirm" // it is still its owner
)

// FederationRequest is a browser on its way to a provider and back.
type FederationRequest struct {
	ID          string  `db:"id"` // SHA-256 of the state
	Purpose     string  `db:"purpose"`
	ConnectorID string  `db:"connector_id"`
	AccountID   string  `db:"account_id"` // whose page asks, or ""
	SessionID   string  `db:"session_id"` // in which, or ""
	ClientID    string  `db:"client_id"`
	Interaction string  `db:"interaction"` // handle to go on with, or ""
	BrowserHash string  `db:"browser_hash"`
	Sealed      string  `db:"sealed"` // nonce and PKCE verifier
	Answer      string  `db:"answer"` // sealed: what came by POST, or ""
	CreatedAt   Instant `db:"created_at"`
	ExpiresAt   Instant `db:"expires_at"`
}

const federationColumns = `id, purpose, connector_id, account_id, session_id, client_id, interaction, browser_hash, sealed, answer,
	created_at, expires_at`

// CreateFederationRequest writes one.
func (s *Store) CreateFederationRequest(ctx context.Context, r FederationRequest) error {
	_, err := s.exec(ctx, `INSERT INTO federation_requests (`+federationColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		r.ID, r.Purpose, r.ConnectorID, r.AccountID, r.SessionID, r.ClientID, r.Interaction, r.BrowserHash, r.Sealed, r.Answer,
		r.CreatedAt, r.ExpiresAt)
	return err
}

// UseFederationRequest consumes one of a connector: of several at once, all but one get ErrNotFound.
func (s *Store) UseFederationRequest(ctx context.Context, id, connectorID string, now Instant) (r FederationRequest, err error) {
	err = s.returning(ctx, &r, `DELETE FROM federation_requests WHERE id = ? AND connector_id = ? AND expires_at > ?
		RETURNING `+federationColumns, id, connectorID, now)
	return r, err
}

// ParkFederationAnswer keeps what a provider had a browser post, until the same browser asks with its cookie. The second
// time it is ErrNotFound.
func (s *Store) ParkFederationAnswer(ctx context.Context, id, connectorID, answer string, now Instant) error {
	return s.guarded(ctx, `UPDATE federation_requests SET answer = ? WHERE id = ? AND connector_id = ? AND answer = '' AND expires_at > ?`,
		answer, id, connectorID, now)
}
