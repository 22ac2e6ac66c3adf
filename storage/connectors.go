package storage

import "context"

// Connector is a provider that people sign in with elsewhere. Its settings are JSON that flows/connectors reads.
type Connector struct {
	ID         string  `db:"id"`
	Kind       string  `db:"kind"`
	Name       string  `db:"name"`
	ClientID   string  `db:"client_id"` // ours, there
	Secret     string  `db:"secret"`    // sealed, or ""
	Settings   string  `db:"settings"`
	DisabledAt Instant `db:"disabled_at"`
	CreatedAt  Instant `db:"created_at"`
	UpdatedAt  Instant `db:"updated_at"`
}

const connectorColumns = `id, kind, name, client_id, secret, settings, disabled_at, created_at, updated_at`

// CreateConnector writes one. An id that is taken is ErrExists.
func (s *Store) CreateConnector(ctx context.Context, c Connector) error {
	_, err := s.exec(ctx, `INSERT INTO connectors (`+connectorColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		c.ID, c.Kind, c.Name, c.ClientID, c.Secret, c.Settings, c.DisabledAt, c.CreatedAt, c.UpdatedAt)
	return err
}

// Connectors reads all, disabled ones too, in the order of ids. They are few: an administrator sets each up.
func (s *Store) Connectors(ctx context.Context) (list []Connector, err error) {
	err = s.list(ctx, &list, `SELECT `+connectorColumns+` FROM connectors ORDER BY id LIMIT 1000`)
	return list, err
}

// UpdateConnector writes what may change of one, if nobody else did since it was read; else ErrConflict.
func (s *Store) UpdateConnector(ctx context.Context, c Connector, ifUpdatedAt Instant) error {
	rows, err := s.exec(ctx, `UPDATE connectors SET name = ?, client_id = ?, secret = ?, settings = ?, disabled_at = ?, updated_at = ?
		WHERE id = ? AND updated_at = ?`, c.Name, c.ClientID, c.Secret, c.Settings, c.DisabledAt, c.UpdatedAt, c.ID, ifUpdatedAt)
	if err == nil && rows == 0 {
		return ErrConflict
	}
	return err
}

// DeleteConnector removes one. Who signed in by it stays known: what identifies people is the provider's, not ours.
func (s *Store) DeleteConnector(ctx context.Context, id string) error {
	return s.guarded(ctx, `DELETE FROM connectors WHERE id = ?`, id)
}
