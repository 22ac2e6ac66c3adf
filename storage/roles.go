package storage

import "context"

// RoleHolder is an account with one of its roles.
type RoleHolder struct {
	AccountID string  `db:"account_id"`
	SSOID     int64   `db:"ssoid"`
	Status    string  `db:"status"`
	Role      string  `db:"role"`
	GrantedAt Instant `db:"granted_at"`
}

// RoleHolders lists who has a role, account by account.
func (s *Store) RoleHolders(ctx context.Context) (list []RoleHolder, err error) {
	err = s.list(ctx, &list, `SELECT r.account_id, a.ssoid, a.status, r.role, r.granted_at FROM account_roles r
		JOIN accounts a ON a.id = r.account_id ORDER BY r.account_id, r.role LIMIT 1000`)
	return list, err
}

// RevokeRole takes a role away. An account that hasn't got it is ErrNotFound.
func (s *Store) RevokeRole(ctx context.Context, accountID, role string) error {
	return s.guarded(ctx, `DELETE FROM account_roles WHERE account_id = ? AND role = ?`, accountID, role)
}

// LockOwners makes transactions wait for each other that might leave nobody who owns the installation, by a row that all of
// them write.
func (s *Store) LockOwners(ctx context.Context) error {
	_, err := s.exec(ctx, `INSERT INTO settings (name, value, updated_at) VALUES ('owners', '', 0)
		ON CONFLICT (name) DO UPDATE SET value = excluded.value`)
	return err
}

// GrantTitle gives an account a title; doing it twice is doing it once.
func (s *Store) GrantTitle(ctx context.Context, accountID, title string, now Instant) error {
	_, err := s.exec(ctx, `INSERT INTO account_titles (account_id, title, granted_at) VALUES (?, ?, ?)
		ON CONFLICT (account_id, title) DO NOTHING`, accountID, title, now)
	return err
}

// RevokeTitle takes a title away, or with "" all. It tells how many.
func (s *Store) RevokeTitle(ctx context.Context, accountID, title string) (int64, error) {
	return s.exec(ctx, `DELETE FROM account_titles WHERE account_id = ? AND (title = ? OR ? = '')`, accountID, title, title)
}

// TitlesOf lists the titles that an account owns.
func (s *Store) TitlesOf(ctx context.Context, accountID string) (titles []string, err error) {
	err = s.list(ctx, &titles, `SELECT title FROM account_titles WHERE account_id = ? ORDER BY title`, accountID)
	return titles, err
}

// AccountByEitherID finds an account in any status by its internal id or by that of the game API.
func (s *Store) AccountByEitherID(ctx context.Context, id string) (a Account, err error) {
	err = s.get(ctx, &a, `SELECT `+accountColumns+` FROM accounts WHERE id = ? OR oid = ?`, id, id)
	return a, err
}
