package floor

import (
	"context"
	"database/sql"
	"errors"
	"math/rand/v2"
	"net/http"

	_ "github.com/lib/pq" // the driver
)

// transactions are three prepared statements each, of which one only reads: the least that an exchange or a refresh needs.
type transactions struct {
	db                   *sql.DB
	read, change, append *sql.Stmt
}

const rows = 400

// openTransactions makes tables of its own, beside those of the program that is measured.
func openTransactions(address string) (*transactions, error) {
	db, err := sql.Open("postgres", address)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(8)
	db.SetMaxIdleConns(8)
	for _, q := range []string{
		`DROP TABLE IF EXISTS floor_grants`, `DROP TABLE IF EXISTS floor_tokens`,
		`CREATE TABLE floor_grants (id INTEGER PRIMARY KEY, form TEXT NOT NULL, used BIGINT NOT NULL)`,
		`INSERT INTO floor_grants SELECT n, repeat('x', 300), 0 FROM generate_series(1, 400) AS n`,
		`CREATE TABLE floor_tokens (id TEXT PRIMARY KEY, grant_id INTEGER NOT NULL, expires BIGINT NOT NULL)`, `VACUUM ANALYZE floor_grants`,
	} {
		if _, err := db.Exec(q); err != nil {
			return nil, err
		}
	}
	t := &transactions{db: db}
	var errs [3]error
	t.read, errs[0] = db.Prepare(`SELECT form, used FROM floor_grants WHERE id = $1`)
	t.change, errs[1] = db.Prepare(`UPDATE floor_grants SET used = used + 1 WHERE id = $1`)
	t.append, errs[2] = db.Prepare(`INSERT INTO floor_tokens (id, grant_id, expires) VALUES ($1, $2, $3)`)
	return t, errors.Join(errs[:]...)
}

func (t *transactions) run(ctx context.Context, id int) error {
	tx, err := t.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	var form string
	var used int64
	//nolint:sqlclosecheck // the transaction's end closes what it uses
	if err := tx.StmtContext(ctx, t.read).QueryRowContext(ctx, id).Scan(&form, &used); err != nil {
		return err
	}
	//nolint:sqlclosecheck // likewise
	if _, err := tx.StmtContext(ctx, t.change).ExecContext(ctx, id); err != nil {
		return err
	}
	//nolint:sqlclosecheck // likewise
	if _, err := tx.StmtContext(ctx, t.append).ExecContext(ctx, random(), id, used); err != nil {
		return err
	}
	return tx.Commit()
}

// What an operation does with the database, at least.
const (
	read  = false
	write = true
)

// stored is a handler that has a row to read, or a transaction to commit, as one that keeps what it knows in a database does:
// a sign-in of a browser, and what needs none, are left as they are.
func (s *Server) stored(writes bool, h http.HandlerFunc) http.HandlerFunc {
	if !s.o.Durable {
		return h
	}
	return func(w http.ResponseWriter, r *http.Request) {
		if err := s.visit(r, writes); err != nil {
			fail(w, http.StatusInternalServerError, err.Error())
			return
		}
		h(w, r)
	}
}

func (s *Server) visit(r *http.Request, writes bool) error {
	id := 1 + rand.IntN(rows) //nolint:gosec // which row is no secret
	_, err := r.Cookie("session")
	switch {
	case r.URL.Path == "/authorize" && err != nil, writes && r.PostFormValue("grant_type") == "client_credentials":
		return nil
	case writes:
		return s.transactions.run(r.Context(), id)
	}
	var form string
	var used int64
	return s.transactions.read.QueryRowContext(r.Context(), id).Scan(&form, &used)
}

func (s *Server) transaction(w http.ResponseWriter, r *http.Request) {
	if err := s.transactions.run(r.Context(), 1+rand.IntN(rows)); err != nil { //nolint:gosec // which row is no secret
		fail(w, http.StatusInternalServerError, err.Error())
		return
	}
	answer(w, map[string]bool{"done": true})
}
