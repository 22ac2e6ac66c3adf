// Package migrations holds the schema: one portable set of SQL files for PostgreSQL and SQLite, embedded.
// Migrations are additive, so that an old and a new replica can run side by side; storage applies them.
package migrations

import "embed"

// Files are the numbered migrations, in goose's format.
//
//go:embed *.sql
var Files embed.FS
