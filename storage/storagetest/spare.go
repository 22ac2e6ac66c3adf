package storagetest

import (
	"context"
	"database/sql"
	"strings"
	"sync"
)

// spares are migrated databases whose test is over. Making a database and dropping it takes PostgreSQL longer than most
// tests take; emptying one takes milliseconds.
type spares struct {
	mu    sync.Mutex
	names []string
}

func (s *spares) take() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.names) == 0 {
		return ""
	}
	name := s.names[len(s.names)-1]
	s.names = s.names[:len(s.names)-1]
	return name
}

func (s *spares) give(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.names = append(s.names, name)
}

// emptied makes a database as good as a new one, and tells whether it could: a test may have changed its schema.
func (p *postgres) emptied(name string) bool {
	ctx := context.Background()
	db, err := sql.Open("postgres", p.database(name))
	if err != nil {
		return false
	}
	defer db.Close()
	conn, err := db.Conn(ctx)
	if err != nil {
		return false
	}
	defer conn.Close()
	// Whatever a test left behind must not write into the next one's data.
	_, err = conn.ExecContext(ctx, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`)
	if err != nil {
		return false
	}
	var tables, schema string
	err = conn.QueryRowContext(ctx, `SELECT string_agg(DISTINCT c.relname, ' ' ORDER BY c.relname) FILTER (WHERE c.relkind = 'r'),
		string_agg(c.relname || '.' || a.attname, ' ' ORDER BY c.relname, a.attname)
		FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
		WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'i') AND a.attnum > 0 AND NOT a.attisdropped`).Scan(&tables, &schema)
	if err != nil || schema != p.columns(schema) {
		return false
	}
	batch := strings.Builder{}
	batch.WriteString("BEGIN; SET LOCAL session_replication_role = replica;") // foreign keys ask for no order
	for table := range strings.FieldsSeq(tables) {
		if !strings.HasPrefix(table, "goose") {
			batch.WriteString(`DELETE FROM "` + table + `";`)
		}
	}
	batch.WriteString("COMMIT")
	_, err = conn.ExecContext(ctx, batch.String())
	return err == nil
}

// columns are those of the template, as they were read from the first database that was given back unchanged.
func (p *postgres) columns(of string) string {
	p.making.Lock()
	defer p.making.Unlock()
	if p.schema == "" {
		p.schema = of
	}
	return p.schema
}
