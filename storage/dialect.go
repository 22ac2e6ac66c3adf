package storage

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// dialect is everything that differs between the engines.
type dialect interface {
	name() string
	open(o Options, c *counter) (read, write *sqlx.DB, err error)
	clock() string
	probe() string                     // makes a transaction look rows up by index, or ""
	backup() string                    // copies the database to the file of its argument, or ""
	hold() string                      // ends a SELECT whose rows have to stay as they are until the transaction is over
	together([]Write) string           // one statement that makes the changes of several and answers with their counts, or ""
	beside(write, query string) string // one statement that makes a change and answers with a row of the query, or ""
	retryable(err error) bool
	meaning(err error) error // one of our errors, or nil
}

func dialectOf(raw string) (dialect, error) {
	switch scheme, _, _ := strings.Cut(raw, ":"); scheme {
	case "sqlite":
		return embedded{}, nil
	case "postgres", "postgresql":
		return postgres{}, nil
	}
	return nil, errors.New("storage: a database is sqlite:PATH or postgres://…") // the URL may hold a password
}

// PostgreSQL -----------------------------------------------------------------------------------------------------

type postgres struct{}

func (postgres) name() string { return "postgres" }

// defaults bound what one statement, lock or forgotten transaction can hold; the URL may say otherwise.
var defaults = map[string]string{
	"statement_timeout": "10000", "lock_timeout": "5000", "idle_in_transaction_session_timeout": "10000",
	"connect_timeout": "5", "application_name": "pratu",
}

func (postgres) open(o Options, c *counter) (read, write *sqlx.DB, err error) {
	dsn, err := postgresDSN(o.URL)
	if err != nil {
		return nil, nil, err
	}
	connector, err := pq.NewConnector(dsn)
	if err != nil {
		return nil, nil, errors.New("storage: the postgres:// URL can't be read") // theirs may quote the password
	}
	db := sqlx.NewDb(sql.OpenDB(&preparing{Connector: connector, counter: c, plain: true}), "postgres")
	n := o.MaxConns
	if n <= 0 {
		n = max(8, 4*runtime.GOMAXPROCS(0))
	}
	db.SetMaxOpenConns(n)
	db.SetMaxIdleConns(n)
	db.SetConnMaxIdleTime(5 * time.Minute)
	return db, db, nil
}

func postgresDSN(raw string) (string, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return "", errors.New("storage: the postgres:// URL can't be read")
	}
	q := u.Query()
	for name, value := range defaults {
		if !q.Has(name) {
			q.Set(name, value)
		}
	}
	if !q.Has("sslmode") { // said explicitly: the driver's own default is about to change
		q.Set("sslmode", "require")
		if h := u.Hostname(); h == "" || h == "localhost" || h == "127.0.0.1" || h == "::1" {
			q.Set("sslmode", "disable")
		}
	}
	u.RawQuery = q.Encode()
	return u.String(), nil
}

func (postgres) backup() string { return "" } // pg_dump does

func (postgres) clock() string {
	return `SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)`
}

// hold keeps an UPDATE of the rows waiting. Without it a statement that began before another transaction's commit looks at
// rows that are gone when it writes.
func (postgres) hold() string { return " FOR SHARE" }

// together uses that WITH runs statements that change rows, all on the same snapshot (PostgreSQL, section 7.8.4).
func (postgres) together(writes []Write) string {
	if len(writes) < 2 {
		return ""
	}
	var with, counts []string
	for i, w := range writes {
		with = append(with, fmt.Sprintf("w%d AS (%s RETURNING 1)", i, w.query))
		counts = append(counts, fmt.Sprintf("(SELECT COUNT(*) FROM w%d)", i))
	}
	return "WITH " + strings.Join(with, ", ") + " SELECT " + strings.Join(counts, ", ")
}

func (postgres) beside(write, query string) string {
	return "WITH w AS (" + write + " RETURNING 1) SELECT * FROM (" + query + ") AS q WHERE EXISTS (SELECT 1 FROM w)"
}

// probe: a prepared statement keeps the plan of its first uses. One with hundreds of keys, planned while a table is small,
// would read all of it ever after.
func (postgres) probe() string {
	return `SELECT set_config('enable_seqscan', 'off', true)`
}

func (postgres) retryable(err error) bool {
	var e *pq.Error
	return errors.As(err, &e) && (e.Code == "40001" || e.Code == "40P01")
}

func (postgres) meaning(err error) error {
	var e *pq.Error
	if !errors.As(err, &e) {
		return nil
	}
	switch e.Code {
	case "23505":
		return ErrExists
	case "23503", "23514", "23502":
		return ErrConflict
	case "22021", "22P02", "22003":
		return ErrInvalid
	case "40001", "40P01", "55P03", "57014", "25P03":
		return ErrUnavailable
	}
	switch e.Code.Class() {
	case "08", "53", "57", "58":
		return ErrUnavailable
	}
	if e.Code == "25006" { // read only: a standby answers where a primary should
		return ErrUnavailable
	}
	return nil
}

// SQLite ---------------------------------------------------------------------------------------------------------

type embedded struct{}

func (embedded) name() string { return "sqlite" }

const busyTimeout = 5 * time.Second

// open makes one writer whose transactions are immediate (a deferred one that reads first fails with SQLITE_BUSY in
// three of four cases under load) and a pool of readers. FULL: a commit that was answered survives a power cut.
func (embedded) open(o Options, c *counter) (read, write *sqlx.DB, err error) {
	path := strings.TrimPrefix(o.URL, "sqlite:")
	if path == "" || strings.ContainsAny(path, "?#") {
		return nil, nil, errors.New("storage: sqlite:PATH needs a path without ? and #")
	}
	if path, err = filepath.Abs(path); err != nil {
		return nil, nil, fmt.Errorf("storage: %w", err)
	}
	pragmas := url.Values{"_pragma": {
		fmt.Sprintf("busy_timeout(%d)", busyTimeout.Milliseconds()), "journal_mode(WAL)", "synchronous(FULL)",
		"foreign_keys(1)", "temp_store(MEMORY)", "cache_size(-16000)", "journal_size_limit(67108864)",
	}}
	// The file holds people's data: it is born readable by its owner only.
	if f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600); err != nil {
		return nil, nil, fmt.Errorf("storage: %w", err)
	} else if err := f.Close(); err != nil {
		return nil, nil, fmt.Errorf("storage: %w", err)
	}
	connect := func(extra string, conns int) *sqlx.DB {
		dsn := "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + pragmas.Encode() + extra
		db := sqlx.NewDb(sql.OpenDB(&preparing{Connector: named{dsn, &sqlite.Driver{}}, counter: c, finalize: true}), "sqlite3")
		db.SetMaxOpenConns(conns)
		db.SetMaxIdleConns(conns)
		return db
	}
	return connect("&_pragma=query_only(1)", max(4, 2*runtime.GOMAXPROCS(0))), connect("&_txlock=immediate", 1), nil
}

func (embedded) backup() string { return `VACUUM INTO ?` }

func (embedded) clock() string {
	return `SELECT CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)`
}

func (embedded) probe() string { return "" }

func (embedded) hold() string { return "" } // one writer at a time

func (embedded) together([]Write) string { return "" } // in the same process a statement costs no way

func (embedded) beside(string, string) string { return "" }

func (embedded) retryable(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && e.Code()&0xff == sqlite3.SQLITE_BUSY
}

func (embedded) meaning(err error) error {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return nil
	}
	switch e.Code() {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
		return ErrExists
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_CONSTRAINT:
		return ErrConflict
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY,
		sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_NOMEM:
		return ErrUnavailable
	}
	return nil
}

// named is a driver and a name as a connector.
type named struct {
	dsn    string
	driver driver.Driver
}

func (n named) Connect(context.Context) (driver.Conn, error) { return n.driver.Open(n.dsn) }
func (n named) Driver() driver.Driver                        { return n.driver }
