package storagetest

import (
	"database/sql"
	"strings"
	"testing"
	"time"
)

// Stall has every UPDATE of a table's rows take long, so that a program can be killed before what it says there. stalls tells
// whether somebody stands before one; release ends what they began and lets everybody go on.
func Stall(t *testing.T, url, table string) (stalls func() bool, release func()) {
	t.Helper()
	db := raw(t, url)
	run := func(queries ...string) {
		t.Helper()
		for _, query := range queries {
			_, err := db.ExecContext(t.Context(), query)
			ok(t, err)
		}
	}
	if path, embedded := strings.CutPrefix(url, "sqlite:"); embedded {
		ten := "(SELECT 1" + strings.Repeat(" UNION ALL SELECT 1", 9) + ")"
		run(`CREATE TRIGGER stall BEFORE UPDATE ON ` + table + ` BEGIN SELECT COUNT(*) FROM ` + ten + strings.Repeat(", "+ten, 9) + `; END`)
		return func() bool { return busy(t, path) }, func() { run(`DROP TRIGGER stall`) }
	}
	run(`CREATE FUNCTION stall() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(8); RETURN NEW; END'`,
		`CREATE TRIGGER stall BEFORE UPDATE ON `+table+` FOR EACH ROW EXECUTE FUNCTION stall()`)
	const asleep = ` FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'`
	return func() bool { return number(t, db, `SELECT COUNT(*)`+asleep) > 0 },
		func() {
			run(`SELECT pg_terminate_backend(pid, 5000)`+asleep, `DROP TRIGGER stall ON `+table, `DROP FUNCTION stall`)
		}
}

// busy tells whether somebody writes into a SQLite database for longer than any write takes.
func busy(t *testing.T, path string) bool {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?_txlock=immediate&_pragma=busy_timeout(500)")
	ok(t, err)
	defer db.Close()
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		return true
	}
	_ = tx.Rollback()
	time.Sleep(10 * time.Millisecond)
	return false
}
