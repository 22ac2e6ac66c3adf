package storage

import "context"

// Interaction is an authorization request that waits for a person.
type Interaction struct {
	ID          string  `db:"id"` // SHA-256 of the handle in the URL
	ClientID    string  `db:"client_id"`
	BrowserHash string  `db:"browser_hash"` // "" until the first GET binds it
	PushedID    string  `db:"par_id"`
	DeviceID    string  `db:"device_id"` // of the device authorization it answers, or ""
	Form        string  `db:"form"`      // the authorization request, form-encoded; "" when it was answered
	RequestedAt Instant `db:"requested_at"`
	SessionID   string  `db:"session_id"`
	SignedInAt  Instant `db:"signed_in_at"`
	SelectedAt  Instant `db:"selected_at"`
	ConsentedAt Instant `db:"consented_at"`
	Scopes      string  `db:"scopes"`
	DeniedAt    Instant `db:"denied_at"`
	ExpiresAt   Instant `db:"expires_at"`

	Unwritten bool `db:"-"` // there is no row yet, as far as is known
}

// CreateInteraction parks a request. One that is there already stays as it is; unless it is said otherwise that is
// ErrNotFound.
func (s *Store) CreateInteraction(i Interaction) Write {
	return guard(`INSERT INTO interactions (id, client_id, browser_hash, par_id, form, requested_at, session_id,
		signed_in_at, selected_at, consented_at, scopes, denied_at, expires_at, device_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO NOTHING`,
		i.ID, i.ClientID, i.BrowserHash, i.PushedID, i.Form, i.RequestedAt, i.SessionID,
		i.SignedInAt, i.SelectedAt, i.ConsentedAt, i.Scopes, i.DeniedAt, i.ExpiresAt, i.DeviceID)
}

// Interaction reads one in any state, or ErrNotFound.
func (s *Store) Interaction(ctx context.Context, id string) (i Interaction, err error) {
	err = s.get(ctx, &i, `SELECT id, client_id, browser_hash, par_id, form, requested_at, session_id, signed_in_at, selected_at,
		consented_at, scopes, denied_at, expires_at, device_id FROM interactions WHERE id = ?`, id)
	return i, err
}

// BindInteraction gives a parked request to the first browser that comes for it; another one is ErrNotFound.
func (s *Store) BindInteraction(ctx context.Context, id, browserHash string) error {
	return s.guarded(ctx, `UPDATE interactions SET browser_hash = ? WHERE id = ? AND browser_hash = ''`, browserHash, id)
}

// SignInInteraction notes that somebody signed in for it.
func (s *Store) SignInInteraction(ctx context.Context, id, sessionID string, now Instant) error {
	return s.guarded(ctx, `UPDATE interactions SET session_id = ?, signed_in_at = ?, consented_at = 0, scopes = ''
		WHERE id = ? AND expires_at > ?`, sessionID, now, id, now)
}

// SelectInteraction notes which of the browser's sessions was chosen for it. A sign-in for the request counts for the one
// who signed in: after another choice it is as if nobody had.
func (s *Store) SelectInteraction(ctx context.Context, id, sessionID string, now Instant) error {
	return s.guarded(ctx, `UPDATE interactions SET signed_in_at = CASE WHEN session_id = ? THEN signed_in_at ELSE 0 END,
		session_id = ?, selected_at = ?, consented_at = 0, scopes = '' WHERE id = ? AND expires_at > ?`,
		sessionID, sessionID, now, id, now)
}

// MoveInteraction makes a session take another one's place in it, of the same person: what was noted stays. Whether somebody
// signed in for the request isn't changed by that.
func (s *Store) MoveInteraction(ctx context.Context, id, fromSession, toSession string, now Instant) error {
	return s.guarded(ctx, `UPDATE interactions SET session_id = ? WHERE id = ? AND session_id = ? AND expires_at > ?`,
		toSession, id, fromSession, now)
}

// ConsentInteraction notes what was consented to, by the person of sessionID and nobody else. When another tab chose or
// signed in somebody else meanwhile, it is ErrNotFound.
func (s *Store) ConsentInteraction(ctx context.Context, id, sessionID, scopes string, now Instant) error {
	return s.guarded(ctx, `UPDATE interactions SET consented_at = ?, scopes = ?
		WHERE id = ? AND session_id = ? AND expires_at > ?`, now, scopes, id, sessionID, now)
}

// DenyInteraction notes that the person said no.
func (s *Store) DenyInteraction(ctx context.Context, id string, now Instant) error {
	return s.guarded(ctx, `UPDATE interactions SET denied_at = ? WHERE id = ? AND expires_at > ?`, now, id, now)
}

// EndInteraction consumes its form, and leaves of an unwritten one no more than that it was answered: of several at once, all
// but one get ErrNotFound, whatever their clocks say. So does one
// whose consent was taken back, or changed, since it was read. The row stays a while, so that whoever comes back to a page of
// it can be led to the application.
func (s *Store) EndInteraction(i Interaction, now Instant) Write {
	if i.Unwritten {
		i.Form, i.ExpiresAt = "", now
		return s.CreateInteraction(i)
	}
	return guard(`UPDATE interactions SET expires_at = ?, form = '' WHERE id = ? AND form <> '' AND consented_at = ?`,
		now, i.ID, i.ConsentedAt)
}
