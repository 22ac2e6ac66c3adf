package storage

import (
	"context"
	"strings"
)

// Client is a relying party. Its documents are JSON that flows/clients reads.
type Client struct {
	ID         string  `db:"id"`
	Kind       string  `db:"kind"`
	Name       string  `db:"name"`
	Metadata   string  `db:"metadata"`
	Settings   string  `db:"settings"`
	DisabledAt Instant `db:"disabled_at"`
	CreatedAt  Instant `db:"created_at"`
	UpdatedAt  Instant `db:"updated_at"`
	DeletedAt  Instant `db:"deleted_at"`
	Origin     string  `db:"origin"` // OriginDynamic, or "" for an administrator
	// RegistrationHash is the SHA-256 of the token by which the client manages itself, or "".
	RegistrationHash string         `db:"registration_hash"`
	HasLogo          bool           `db:"has_logo"` // only read: ClientLogo has it
	LogoDigest       string         `db:"logo_digest"`
	Secrets          []ClientSecret `db:"-"` // newest first, expired ones too
}

// OriginDynamic are clients that registered themselves.
const OriginDynamic = "dynamic"

// ClientSecret is one of the secrets of a client.
type ClientSecret struct {
	ID        string  `db:"id"`
	ClientID  string  `db:"client_id"`
	Hash      string  `db:"hash"`
	CreatedAt Instant `db:"created_at"`
	ExpiresAt Instant `db:"expires_at"` // 0: never
	// LastUsedAt is noted in passing: to the minute; 0: never.
	LastUsedAt Instant `db:"last_used_at"`
}

const clientColumns = `c.id, c.kind, c.name, c.metadata, c.settings, c.disabled_at, c.created_at, c.updated_at,
	c.deleted_at, c.origin, c.registration_hash,
	CASE WHEN EXISTS (SELECT 1 FROM client_logos l WHERE l.client_id = c.id) THEN 1 ELSE 0 END AS has_logo,
	COALESCE((SELECT l.digest FROM client_logos l WHERE l.client_id = c.id), '') AS logo_digest`

// CreateClient writes a client and its secrets. An id that is taken, or was once, is ErrExists.
func (s *Store) CreateClient(ctx context.Context, c Client) error {
	return s.InTx(ctx, func(ctx context.Context) error {
		_, err := s.exec(ctx, `INSERT INTO clients (id, kind, name, metadata, settings, disabled_at, created_at, updated_at,
			deleted_at, origin, registration_hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?)`,
			c.ID, c.Kind, c.Name, c.Metadata, c.Settings, c.DisabledAt, c.CreatedAt, c.UpdatedAt, c.Origin, c.RegistrationHash)
		if err != nil {
			return err
		}
		for _, secret := range c.Secrets {
			secret.ClientID = c.ID
			if err := s.AddClientSecret(ctx, secret); err != nil {
				return err
			}
		}
		return nil
	})
}

// Client reads a client with its secrets, in one statement. A deleted one is ErrNotFound, a disabled one isn't.
func (s *Store) Client(ctx context.Context, id string) (Client, error) {
	var rows []struct {
		Client
		Secret ClientSecret `db:"s"`
	}
	err := s.list(ctx, &rows, `SELECT `+clientColumns+`, COALESCE(s.id, '') AS "s.id", c.id AS "s.client_id",
		COALESCE(s.hash, '') AS "s.hash", COALESCE(s.created_at, 0) AS "s.created_at", COALESCE(s.expires_at, 0) AS "s.expires_at",
		COALESCE(s.last_used_at, 0) AS "s.last_used_at"
		FROM clients c LEFT JOIN client_secrets s ON s.client_id = c.id
		WHERE c.id = ? AND c.deleted_at = 0 ORDER BY s.created_at DESC, s.id DESC`, id)
	if err != nil {
		return Client{}, err
	}
	if len(rows) == 0 {
		return Client{}, ErrNotFound
	}
	c := rows[0].Client
	for _, row := range rows {
		if row.Secret.ID != "" {
			c.Secrets = append(c.Secrets, row.Secret)
		}
	}
	return c, nil
}

// Clients reads up to limit clients with ids after the given one, in the order of ids.
func (s *Store) Clients(ctx context.Context, after string, limit int) ([]Client, error) {
	var list []Client
	err := s.list(ctx, &list, `SELECT `+clientColumns+` FROM clients c WHERE c.id > ? AND c.deleted_at = 0
		ORDER BY c.id LIMIT ?`, after, limit)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	var secrets []ClientSecret
	err = s.list(ctx, &secrets, `SELECT id, client_id, hash, created_at, expires_at, last_used_at FROM client_secrets
		WHERE client_id > ? AND client_id <= ? ORDER BY created_at DESC, id DESC`, after, list[len(list)-1].ID)
	if err != nil {
		return nil, err
	}
	at := make(map[string]int, len(list))
	for i, c := range list {
		at[c.ID] = i
	}
	for _, secret := range secrets {
		if i, ok := at[secret.ClientID]; ok {
			list[i].Secrets = append(list[i].Secrets, secret)
		}
	}
	return list, nil
}

// ClientIDUsed tells whether a client has an id, or had it once.
func (s *Store) ClientIDUsed(ctx context.Context, id string) (used bool, err error) {
	err = s.get(ctx, &used, `SELECT COUNT(*) > 0 FROM clients WHERE id = ?`, id)
	return used, err
}

// ClientsThere are those of the ids that are clients', disabled ones among them.
func (s *Store) ClientsThere(ctx context.Context, ids []string) (there []string, err error) {
	err = s.byIDs(ctx, &there, `SELECT id FROM clients WHERE deleted_at = 0 AND id IN `, ids)
	return there, err
}

// ClientFilter says which clients are looked for. Titles, unless nil, are the only ones that may be found: a title, and
// what serves it.
type ClientFilter struct {
	Text   string // part of a name or an id; "" for any
	Kind   string // "" for any
	Titles []string
	After  string
	Limit  int
}

// FindClients reads clients without their secrets, in the order of ids.
func (s *Store) FindClients(ctx context.Context, f ClientFilter) (list []Client, err error) {
	query, args := `SELECT `+clientColumns+` FROM clients c WHERE c.id > ? AND c.deleted_at = 0`, []any{f.After}
	if f.Text != "" {
		query += ` AND (LOWER(c.name) LIKE ? ESCAPE '!' OR LOWER(c.id) LIKE ? ESCAPE '!')`
		part := "%" + literally(strings.ToLower(f.Text)) + "%"
		args = append(args, part, part)
	}
	if f.Kind != "" {
		query, args = query+` AND c.kind = ?`, append(args, f.Kind)
	}
	if f.Titles != nil {
		query += ` AND (1 = 0`
		for _, title := range f.Titles {
			query += ` OR c.id = ? OR c.settings LIKE ? ESCAPE '!'`
			args = append(args, title, `%"title":"`+literally(title)+`"%`)
		}
		query += `)`
	}
	err = s.list(ctx, &list, query+` ORDER BY c.id LIMIT ?`, append(args, f.Limit)...)
	return list, err
}

// literally is a text as part of a LIKE pattern that ends its escapes with "!".
func literally(text string) string {
	return strings.NewReplacer("!", "!!", "%", "!%", "_", "!_").Replace(text)
}

// UpdateClient writes what may change of a client, if nobody else did since it was read; else ErrConflict.
func (s *Store) UpdateClient(ctx context.Context, c Client, ifUpdatedAt Instant) error {
	rows, err := s.exec(ctx, `UPDATE clients SET name = ?, metadata = ?, settings = ?, disabled_at = ?, updated_at = ?
		WHERE id = ? AND updated_at = ? AND deleted_at = 0`,
		c.Name, c.Metadata, c.Settings, c.DisabledAt, c.UpdatedAt, c.ID, ifUpdatedAt)
	if err == nil && rows == 0 {
		return ErrConflict
	}
	return err
}

// DeleteClient removes a client and its secrets for good. The row stays, so that the id is never used again: tokens and
// records of the old client must not become those of a new one.
func (s *Store) DeleteClient(ctx context.Context, id string, now Instant) error {
	return s.InTx(ctx, func(ctx context.Context) error {
		if err := s.guarded(ctx, `UPDATE clients SET deleted_at = ?, updated_at = ? WHERE id = ? AND deleted_at = 0`, now, now, id); err != nil {
			return err
		}
		for _, table := range []string{"client_secrets", "client_logos", "api_keys", "refused_redirects"} {
			if _, err := s.exec(ctx, `DELETE FROM `+table+` WHERE client_id = ?`, id); err != nil {
				return err
			}
		}
		return nil
	})
}

// AddClientSecret adds a secret to a client that isn't deleted.
func (s *Store) AddClientSecret(ctx context.Context, c ClientSecret) error {
	return s.guarded(ctx, `INSERT INTO client_secrets (id, client_id, hash, created_at, expires_at)
		SELECT ?, c.id, ?, ?, ? FROM clients c WHERE c.id = ? AND c.deleted_at = 0`,
		c.ID, c.Hash, c.CreatedAt, c.ExpiresAt, c.ClientID)
}

// ExpireClientSecrets ends all secrets of a client but one, at the given instant or when they end anyway.
func (s *Store) ExpireClientSecrets(ctx context.Context, clientID, exceptID string, at Instant) error {
	_, err := s.exec(ctx, `UPDATE client_secrets SET expires_at = ? WHERE client_id = ? AND id <> ?
		AND (expires_at = 0 OR expires_at > ?)`, at, clientID, exceptID, at)
	return err
}
