package storage

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net"
	"strings"
	"unicode/utf8"
)

// What can be wrong with a row or a database. Flows turn these into kinds.
var (
	ErrNotFound    = errors.New("storage: no such row")
	ErrExists      = errors.New("storage: taken")
	ErrConflict    = errors.New("storage: changed meanwhile")
	ErrInvalid     = errors.New("storage: a value that no column takes")
	ErrUnavailable = errors.New("storage: the database is away or busy")
	// ErrUnsupported is what an engine has its own tools for.
	ErrUnsupported = errors.New("storage: the engine has its own tools for this")
	// ErrNewerSchema is a database that a later program has migrated.
	ErrNewerSchema = errors.New("storage: the schema is newer than this program")
)

// failure gives an error of a driver one of our meanings and keeps its text for the log.
func (s *Store) failure(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, sql.ErrNoRows):
		return ErrNotFound
	case isOurs(err):
		return err
	}
	var network net.Error
	if errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) || errors.Is(err, sql.ErrTxDone) ||
		err.Error() == "sql: database is closed" || // it has no name
		errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) || errors.As(err, &network) {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	if meaning := s.dialect.meaning(err); meaning != nil {
		return fmt.Errorf("%w: %w", meaning, err)
	}
	return err
}

func isOurs(err error) bool {
	for _, own := range []error{ErrNotFound, ErrExists, ErrConflict, ErrInvalid, ErrUnavailable, ErrNewerSchema} {
		if errors.Is(err, own) {
			return true
		}
	}
	return false
}

// storable refuses texts that PostgreSQL refuses (SQLSTATE 22021) and SQLite would take, so that both answer alike.
func storable(args []any) error {
	for _, a := range args {
		if text, ok := a.(string); ok && (!utf8.ValidString(text) || strings.IndexByte(text, 0) >= 0) {
			return ErrInvalid
		}
	}
	return nil
}
