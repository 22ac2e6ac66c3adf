package storage

import "context"

// RefusedRedirect is a redirect URI that was refused of late.
type RefusedRedirect struct {
	ClientID string  `db:"client_id"`
	Place    int64   `db:"place"` // an application has a few of them, whatever strangers send
	URI      string  `db:"uri"`
	At       Instant `db:"refused_at"`
}

// NoteRefusedRedirect writes one into its place: first tells whether that was empty. What is there stays until rested.
func (s *Store) NoteRefusedRedirect(ctx context.Context, r RefusedRedirect, rested Instant) (first bool, err error) {
	rows, err := s.exec(ctx, `INSERT INTO refused_redirects (client_id, place, uri, refused_at)
		SELECT id, CAST(? AS BIGINT), ?, CAST(? AS BIGINT) FROM clients WHERE id = ? AND deleted_at = 0
		ON CONFLICT (client_id, place) DO NOTHING`, r.Place, r.URI, r.At, r.ClientID)
	if err != nil || rows > 0 {
		return rows > 0, err
	}
	_, err = s.exec(ctx, `UPDATE refused_redirects SET uri = ?, refused_at = ? WHERE client_id = ? AND place = ? AND refused_at <= ?`,
		r.URI, r.At, r.ClientID, r.Place, rested)
	return false, err
}

// RefusedRedirects reads those of a client, the newest first.
func (s *Store) RefusedRedirects(ctx context.Context, clientID string) (list []RefusedRedirect, err error) {
	err = s.list(ctx, &list, `SELECT client_id, place, uri, refused_at FROM refused_redirects WHERE client_id = ? ORDER BY refused_at DESC, place`, clientID)
	return list, err
}

// ForgetRefusedRedirect removes one, if it is still there.
func (s *Store) ForgetRefusedRedirect(ctx context.Context, clientID, uri string) error {
	_, err := s.exec(ctx, `DELETE FROM refused_redirects WHERE client_id = ? AND uri = ?`, clientID, uri)
	return err
}
